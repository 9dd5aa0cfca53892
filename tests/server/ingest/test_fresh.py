"""What has just come is read once for all surveys, and nothing is heard beyond a gap."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.server.ingest.passing import passing
from tests.server.ingest.test_server_detector import kept, on_the_device, told

from tocsin.server.clock import now
from tocsin.server.ingest import fresh as module
from tocsin.server.ingest.detecting import Detecting
from tocsin.server.ingest.fresh import Fresh
from tocsin.server.ingest.models import Batch, LiveSurvey

pytestmark = pytest.mark.django_db

WALK = passing(110, 60.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One item for every look at all surveys."""
    looks: list[None] = []
    news = Detecting._news

    def counted(self: Detecting, at: object) -> object:
        looks.append(None)
        return news(self, at)  # type: ignore[arg-type]

    monkeypatch.setattr(Detecting, "_news", counted)
    return looks


def test_between_two_looks_the_same_is_heard(send: Callable[..., None], asked: list[None]) -> None:
    detecting = Detecting()
    detecting.step(now())
    send(WALK[:1], each=1)
    assert detecting.step(now(), everywhere=False) == 0  # not in memory yet
    assert detecting.step(now()) == 1
    for k, record in enumerate(WALK[1:], start=1):
        send([record], k, ends=k == len(WALK) - 1)
        assert detecting.step(now(), everywhere=False) == 1
    assert len(asked) == 2
    detecting.step(now())  # that it is over is seen by a look
    assert kept() == told(on_the_device(WALK))


def test_between_two_looks_nothing_is_heard_beyond_a_gap(send: Callable[..., None]) -> None:
    detecting = Detecting()
    detecting.step(now())
    send(WALK[:20])
    detecting.step(now())
    survey = LiveSurvey.objects.get().pk
    send(WALK[30:], 30)
    for _ in range(3):
        assert detecting.step(now(), everywhere=False) == 0
    assert detecting.held[survey].hearing.through == 19
    send(WALK[20:30], 20)
    while detecting.step(now()):
        pass
    assert [stage for stage, _n, _said in kept()] == ["opened", "standing", "closed"]


def test_a_message_that_was_not_seen_is_found_by_the_next_look(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    detecting = Detecting()
    detecting.step(now())
    send(WALK[:10])
    detecting.step(now())
    monkeypatch.setattr(module, "MOST_KEPT_BYTES", 0)
    send(WALK[10:], 10)
    assert detecting.step(now(), everywhere=False) == 0
    while detecting.step(now()):
        pass
    assert [stage for stage, _n, _said in kept()] == ["opened", "standing", "closed"]


def test_memory_of_what_nobody_takes_is_bounded(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Fresh()
    fresh.read()
    send(WALK[:50])
    two = sum(len(b.envelope) for b in Batch.objects.order_by("first")[:2])
    monkeypatch.setattr(module, "MOST_KEPT_BYTES", two + 1)  # a third begins below it
    (survey,) = fresh.read()
    assert fresh.read() == {survey: 29}
    fresh.keep({survey: 29})
    assert fresh.read() == {}
    send(WALK[50:60], 50)
    assert fresh.read() == {survey: 59}
    fresh.keep({})
    assert fresh.read() == {}


def test_what_follows_on_the_last_that_may_be_taken_stays(send: Callable[..., None]) -> None:
    fresh = Fresh()
    fresh.read()
    send(WALK[:50])
    (survey,) = fresh.read()
    assert len(fresh.take(survey, -1, 3)) == 3
    assert fresh.read() == {survey: 49}
    assert len(fresh.take(survey, 29, 3)) == 2
    assert fresh.read() == {}
