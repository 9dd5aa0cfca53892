"""Whose records the server's detector hears first when more comes than it can hear at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from tocsin.server.clock import now
from tocsin.server.ingest import detecting as module
from tocsin.server.ingest.detecting import LEARNING_LATE_S, MOST_OF_NOW, Detecting, Held, News
from tocsin.server.ingest.hearing import Hearing

WALKERS = [UUID(int=k) for k in range(6)]
BACK = [UUID(int=100 + k) for k in range(3)]


class Slow(Detecting):
    """Hears one survey in each step; of the others something always comes."""

    def __init__(self) -> None:
        super().__init__()
        self.behind = dict.fromkeys(BACK, 10 * MOST_OF_NOW) | {
            pk: 1 + k for k, pk in enumerate(WALKERS)
        }
        self.order: list[UUID] = []

    def _news(self, _at: datetime) -> list[News]:
        return [News(pk, pk, behind - 1, complete=False) for pk, behind in self.behind.items()]

    def _just_come(self, _come: Mapping[UUID, int]) -> list[News]:
        return [one for one in self._news(now()) if one.pk in WALKERS]

    def _hear(self, news: News, _at: datetime) -> int:
        self.order.append(news.pk)
        return 1

    def _note(self, at: datetime) -> None:
        """Nothing is written."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at_s = [100.0]

    def monotonic() -> float:
        at_s[0] += 1e-3
        return at_s[0]

    monkeypatch.setattr(module.time, "monotonic", monotonic)
    monkeypatch.setattr(module, "LONGEST_STEP_S", 0.0)
    monkeypatch.setattr(module.Fresh, "read", lambda _self: {})
    return at_s


def test_who_walks_now_has_turns_before_a_backlog_however_many_records_wait(
    clock: list[float],
) -> None:
    detecting = Slow()
    for _ in range(3 * len(WALKERS)):
        detecting.step(now())
    assert Counter(detecting.order) == dict.fromkeys(WALKERS, 3)


def test_a_backlog_has_its_turn_in_time_and_then_waits_for_the_next(clock: list[float]) -> None:
    detecting = Slow()
    for _ in range(100):
        clock[0] += 0.5
        detecting.step(now())
    turns = Counter(detecting.order)
    # nine surveys, all of them late: each in its turn, and none twice before another
    assert set(turns) == {*WALKERS, *BACK}
    assert max(turns.values()) - min(turns.values()) <= 2
    last = detecting.order[-9:]
    assert len(set(last)) == 9


def test_a_backlog_waits_on_while_only_what_has_just_come_is_looked_at(
    clock: list[float],
) -> None:
    detecting = Slow()
    for look in range(60):
        clock[0] += 0.25
        detecting.step(now(), everywhere=look % 4 == 0)
    turns = Counter(detecting.order)
    # a look at everything each second: in fifteen of them each backlog comes to its turn
    assert all(turns[pk] >= 2 for pk in BACK)


def learns(through: int) -> Held:
    """A survey in memory whose detector has no background yet."""
    hearing = cast(Hearing, SimpleNamespace(is_learning=True, through=through))
    return Held(hearing, noted_s=0.0, noted_through=-1)


def test_who_learns_comes_after_those_who_walk_and_has_a_turn_in_time(clock: list[float]) -> None:
    detecting = Slow()
    detecting.behind = dict.fromkeys(WALKERS, 1)
    learner = WALKERS[0]
    detecting.held[learner] = learns(-1)
    for _ in range(3 * (len(WALKERS) - 1)):
        detecting.step(now())
    assert Counter(detecting.order) == dict.fromkeys(WALKERS[1:], 3)
    clock[0] += LEARNING_LATE_S
    for _ in WALKERS:
        detecting.step(now())
    assert learner in detecting.order[-len(WALKERS) :]


def test_those_who_learn_too_long_together_do_not_come_before_who_waits_since_then(
    clock: list[float],
) -> None:
    detecting = Slow()
    learners, walker = WALKERS[1:], WALKERS[0]
    detecting.behind = dict.fromkeys(learners, 1)
    for pk in learners:
        detecting.held[pk] = learns(-1)
    detecting.step(now())  # all wait, one of them has its turn
    detecting.behind[walker] = 1
    detecting._turn_since_s[walker] = clock[0] + 0.7 * LEARNING_LATE_S
    clock[0] += 1.2 * LEARNING_LATE_S
    detecting.step(now())
    assert detecting.order[-1] == walker
