"""The server hears every survey itself: the agent's detector, once more, and one alarm for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from tests.server.ingest.conftest import BOOT
from tests.server.ingest.passing import BACKPACK, passing

from tocsin.field import listening
from tocsin.field.envelope import seal
from tocsin.field.listening import Heard, Listener
from tocsin.field.wire import pack_json
from tocsin.sealing import SigningKey
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.ingest import detecting as process
from tocsin.server.ingest.detecting import Detecting
from tocsin.server.ingest.finer import Finer
from tocsin.server.ingest.hearing import Hearing, Saying
from tocsin.server.ingest.models import Device, EdgeMessage, HeardState, LiveSurvey, ServerMessage
from tocsin.server.ingest.receiving import receive
from tocsin.server.ingest.said import read_said
from tocsin.server.ingest.saying import say
from tocsin.server.links.models import Link, LinkKind
from tocsin.spectra import Record, Recording, SourceType

pytestmark = pytest.mark.django_db

WALK = passing(110, 60.0)


@pytest.fixture
def tell(device: Device, key: SigningKey) -> Callable[[Heard, int], None]:
    """Sender of what the detector on the device says."""

    def post(heard: Heard, number: int) -> None:
        said = {
            "stage": heard.stage,
            "number": heard.number,
            "encounter": heard.said,
            "instrument": "Tocsin pack 7",
            "realm": "EXERCISE",
            "versions": {"algorithm": "1"},
        }
        receive(
            seal(
                key,
                pack_json(said),
                boot=BOOT,
                lane="alarms",
                first=number,
                last=number,
                ends=False,
                device_time="2026-03-03T12:00:00+00:00",
                monotonic_s=1.0,
            )
        )

    return post


def on_the_device(records: Sequence[Record]) -> list[Heard]:
    listener = Listener(BACKPACK)
    return [h for r in records for h in listener.hear(r)] + listener.end()


def hear(detecting: Detecting) -> None:
    while detecting.step(now()):
        pass


def kept() -> list[tuple[str, int, dict[str, Any]]]:
    rows = ServerMessage.objects.order_by("record", "created_at")
    return [(r.stage, r.encounter, r.said) for r in rows]


def told(heard: Sequence[Heard]) -> list[tuple[str, int, dict[str, Any]]]:
    """What is to be kept of it."""
    texts = {"instrument": "", "realm": "EXERCISE", "versions": {}}
    given = [{"stage": h.stage, "number": h.number, "encounter": h.said} | texts for h in heard]
    return [(s.stage, s.encounter, s.values) for s in map(read_said, given)]


def test_the_server_says_what_the_device_would_say(send: Callable[..., None]) -> None:
    send(WALK, each=1, ends=True)
    hear(Detecting())
    heard = on_the_device(WALK)
    assert [h.stage for h in heard] == ["opened", "standing", "closed"]
    assert kept() == told(heard)
    alarm = Alarm.objects.get()
    assert alarm.title.startswith("Cs-137")
    assert (alarm.encounter_kind, alarm.realm, alarm.level) == (
        "ingest.servermessage",
        "EXERCISE",
        2,
    )
    assert alarm.encounter_id == ServerMessage.objects.get(stage="standing").pk
    assert Leaf.objects.filter(action="ingest.server_message").count() == 3
    assert not HeardState.objects.exists()


def test_the_alarm_comes_while_the_survey_goes_on(send: Callable[..., None]) -> None:
    detecting = Detecting()
    for k, record in enumerate(WALK):
        send([record], k)
        detecting.step(now())
        if Alarm.objects.exists():
            break
    message = ServerMessage.objects.get(stage="standing")
    assert message.record == k
    assert k < 70


@pytest.mark.parametrize("device_first", [True, False])
def test_one_passing_is_one_alarm(
    send: Callable[..., None], tell: Callable[[Heard, int], None], *, device_first: bool
) -> None:
    heard = on_the_device(WALK)
    if device_first:
        for number, one in enumerate(heard):
            tell(one, number)
    send(WALK)
    hear(Detecting())
    if not device_first:
        for number, one in enumerate(heard):
            tell(one, number)
    assert EdgeMessage.objects.filter(stage="standing").count() == 1
    alarm = Alarm.objects.get()
    assert alarm.encounter_kind == (
        "ingest.edgemessage" if device_first else "ingest.servermessage"
    )
    other = Link.objects.get(kind=LinkKind.EVIDENCE, to_id=alarm.pk)
    assert other.from_kind == ("ingest.servermessage" if device_first else "ingest.edgemessage")


def test_two_passings_are_two_alarms(
    send: Callable[..., None], tell: Callable[[Heard, int], None]
) -> None:
    """The device told of the first one alone."""
    twice = WALK + passing(110, 60.0, seed=6)
    heard = on_the_device(WALK)
    for number, one in enumerate(heard):
        tell(one, number)
    send(twice)
    hear(Detecting())
    assert ServerMessage.objects.filter(stage="standing").count() == 2
    assert Alarm.objects.count() == 2


@pytest.mark.parametrize("orderly", [True, False])
@pytest.mark.parametrize("at", [20, 63, 100])
def test_after_an_end_of_the_process_nothing_is_missing_and_nothing_is_said_twice(
    send: Callable[..., None], at: int, *, orderly: bool
) -> None:
    send(WALK[:at], each=7)
    first = Detecting()
    hear(first)
    if orderly:
        first.note_all(now())
        assert HeardState.objects.get().through == at - 1
    send(WALK[at:], at, each=7, ends=True)
    hear(Detecting())
    assert kept() == told(on_the_device(WALK))
    assert Alarm.objects.count() == 1


def test_a_note_is_read_and_not_only_written(send: Callable[..., None]) -> None:
    send(WALK[:63])
    first = Detecting()
    hear(first)
    first.note_all(now())
    send(WALK[63:], 63)
    second = Detecting()
    assert second.step(now()) == len(WALK) - 63


def test_a_note_of_another_version_is_not_believed(send: Callable[..., None]) -> None:
    send(WALK[:63])
    first = Detecting()
    hear(first)
    first.note_all(now())
    HeardState.objects.update(state=b"of another version")
    send(WALK[63:], 63, ends=True)
    hear(Detecting())
    assert kept() == told(on_the_device(WALK))


def test_records_beyond_a_gap_wait(send: Callable[..., None]) -> None:
    detecting = Detecting()
    send(WALK[:20])
    send(WALK[30:], 30)
    hear(detecting)
    assert not kept()
    send(WALK[20:30], 20)
    hear(detecting)
    assert [stage for stage, _n, _said in kept()] == ["opened", "standing", "closed"]


def test_a_background_before_the_walk_is_learnt_and_not_counted(
    send: Callable[..., None],
) -> None:
    long = replace(
        WALK[0],
        source_type=SourceType.BACKGROUND,
        real_time_s=60.0,
        spectra=(replace(WALK[0].spectra[0], live_time_s=59.0, real_time_s=60.0),),
    )
    send([long, *WALK], ends=True)
    hear(Detecting())
    listener = Listener(BACKPACK, [long])
    assert kept() == told([h for r in WALK for h in listener.hear(r)] + listener.end())


def test_a_fast_stream_is_heard_by_the_second_and_told_in_its_own_records(
    send: Callable[..., None],
) -> None:
    fast = passing(110, 60.0, per_s=10)
    send(fast, each=50, ends=True)
    hear(Detecting())
    closed = ServerMessage.objects.get(stage="closed").said
    assert closed["nuclides"][0]["name"] == "Cs-137"
    # the full rate around the alarm: the nearest record is found to a tenth of a second
    assert abs(closed["peak_record"] - 600) <= 25
    assert closed["first_record"] < 600 < closed["last_record"]
    assert (closed["last_record"] - closed["first_record"] + 1) % 10
    assert Alarm.objects.count() == 1


def test_a_short_alarm_of_a_fast_stream_is_told_before_its_records_are_heard_again(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is past a source in two seconds is an alarm only at the end of the encounter."""
    monkeypatch.setattr(listening, "STANDING_S", 1e9)
    monkeypatch.setattr(process, "FINER_S", 0.0)  # one record in each look
    fast = passing(110, 60.0, per_s=10)
    send(fast, each=50, ends=True)
    detecting = Detecting()
    while not Alarm.objects.exists():
        assert detecting.step(now())
    first = ServerMessage.objects.get(stage="standing")
    assert Alarm.objects.get().encounter_id == first.pk
    assert not ServerMessage.objects.filter(stage="closed").exists()
    # others are heard between the pieces
    send(WALK[:20], boot="b" * 32)
    detecting.step(now())
    assert detecting.held[LiveSurvey.objects.get(boot="b" * 32).pk].hearing.through == 19
    assert not ServerMessage.objects.filter(stage="closed").exists()
    # and an end of the process in between loses nothing
    detecting.note_all(now())
    hear(Detecting())
    closed = ServerMessage.objects.get(stage="closed").said
    assert (closed["last_record"] - closed["first_record"] + 1) % 10
    assert ServerMessage.objects.filter(stage="standing").count() == 1
    assert Alarm.objects.count() == 1


def test_an_alarm_that_cannot_be_heard_again_is_told_by_the_second_and_holds_up_nothing(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Finer, "go_on", broken)
    fast = passing(110, 60.0, per_s=10)
    send(fast, each=50)
    detecting = Detecting()
    hear(detecting)
    closed = ServerMessage.objects.get(stage="closed").said
    assert (closed["last_record"] - closed["first_record"] + 1) % 10 == 0
    assert detecting.held[LiveSurvey.objects.get().pk].hearing.through == len(fast) - 1
    assert Alarm.objects.count() == 1


@pytest.mark.parametrize("neutron", [False, True])
def test_shorter_records_that_name_nothing_take_back_no_name(*, neutron: bool) -> None:
    """Else who was told of caesium would be called once more for something unknown."""
    coarse = next(h for h in on_the_device(WALK) if h.stage == "closed")
    finer = Finer(coarse, BACKPACK, 0, (0, -1), 0)
    said = coarse.said | {"class": "unknown", "nuclides": [], "neutron": neutron}
    finer._found = [replace(coarse, said=said | {"first_record": coarse.said["first_record"] + 1})]
    heard = finer.go_on(lambda _first, _last: [], 0.0)
    assert heard is not None
    assert heard.said["class"] == ("unknown" if neutron else coarse.said["class"])
    assert heard.said["first_record"] == coarse.said["first_record"] + 1


def test_what_is_measured_beside_a_fast_walk_moves_no_record_of_it() -> None:
    """What is heard again around an alarm is the same walk, also after the process began anew."""
    fast = passing(110, 60.0, per_s=10)
    # 10 s after the walk began someone measured a background
    beside = [replace(r, source_type=SourceType.BACKGROUND) for r in fast[:500]]
    lane = [*fast[:100], *beside, *fast[100:]]

    def records(first: int, last: int) -> Sequence[Record]:
        return lane[first : last + 1]

    hearing, said = Hearing(), []
    for k in range(0, len(lane), 100):
        said += hearing.hear(Recording(tuple(lane[k : k + 100]), BACKPACK))
        if k == 500:
            saved = hearing.save()
            assert saved is not None
            hearing = Hearing.resumed(hearing.through, *saved)
    said += hearing.end()
    while hearing.has_finer():
        said += hearing.go_on(records, 0.0)[0]
    (closed,) = [s.said.values for s in said if s.said.stage == "closed"]
    assert abs(closed["peak_record"] - 600) <= 25
    assert closed["first_record"] < 600 < closed["last_record"]
    assert (closed["last_record"] - closed["first_record"] + 1) % 10


def test_no_note_is_kept_of_what_is_over(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tocsin.server.ingest.ending import bring_together

    send(WALK[:40])
    detecting = Detecting()
    hear(detecting)
    detecting.note_all(now())
    # its measurement is made before the detector comes to its end
    send(WALK[40:], 40, ends=True)
    survey = LiveSurvey.objects.get()
    bring_together(survey)
    detecting.step(now())
    assert HeardState.objects.exists()
    monkeypatch.setattr(process, "NOTE_EVERY_S", -1.0)
    detecting.step(now())
    assert not HeardState.objects.exists()
    assert not detecting.held
    # one that goes on keeps its note
    send(WALK[:40], boot="d" * 32)
    hear(detecting)
    detecting.note_all(now())
    detecting.step(now() + timedelta(days=2))
    assert HeardState.objects.exists()


def test_memory_is_bounded_and_who_was_let_go_comes_back(
    send: Callable[..., None],
) -> None:
    boots = [c * 32 for c in "abc"]
    detecting = Detecting(most=2)
    for boot in boots:
        send(WALK[:63], boot=boot)
        hear(detecting)
    assert len(detecting.held) == 2
    for boot in boots:
        send(WALK[63:], 63, boot=boot, ends=True)
        hear(detecting)
    for survey in LiveSurvey.objects.all():
        rows = survey.server_messages.order_by("record", "created_at")
        assert [r.stage for r in rows] == ["opened", "standing", "closed"]


def test_one_survey_that_cannot_be_heard_does_not_hold_up_another(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(WALK, boot="a" * 32)
    send(WALK[:90], boot="b" * 32)
    bad = LiveSurvey.objects.get(boot="a" * 32).pk
    hear_one = process.Detecting._hear

    def broken(self: Detecting, news: process.News, at: Any) -> int:
        if news.pk == bad:
            raise RuntimeError("broken")
        return hear_one(self, news, at)

    monkeypatch.setattr(process.Detecting, "_hear", broken)
    detecting = Detecting()
    for _ in range(5):
        detecting.step(now())
    assert detecting.failures == 1
    assert ServerMessage.objects.filter(survey__boot="b" * 32, stage="standing").exists()


def test_who_walks_now_comes_before_a_backlog_which_is_heard_all_the_same(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_s = [0.0]
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: at_s[0]))
    monkeypatch.setattr(process, "LONGEST_STEP_S", -1.0)  # one survey in each look
    monkeypatch.setattr(process, "MOST_OF_NOW", 20)
    detecting = Detecting()
    at = now()
    send(WALK[:30], boot="a" * 32)
    heard = []
    for k in range(8):
        at_s[0] = float(k)
        send([WALK[k]], k, boot="b" * 32)
        heard.append(detecting.step(at + timedelta(seconds=k)))
    assert heard[:2] == [1, 1]
    assert 30 in heard[2:5]
    assert detecting.behind_s(at + timedelta(seconds=8)) <= 2.0


def test_what_is_a_measurement_already_is_left_to_its_analysis(
    send: Callable[..., None], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    from tocsin.server.ingest.ending import bring_together

    send(WALK, ends=True)
    bring_together(LiveSurvey.objects.get())
    hear(Detecting())
    assert not kept()


def test_summed_records_lose_no_count() -> None:
    from tocsin.server.ingest.hearing import summed

    fast = passing(1, None, per_s=10)
    one = summed(fast)
    assert one.total_counts == sum(r.total_counts for r in fast)
    assert one.live_time_s == pytest.approx(0.98)
    assert one.real_time_s == pytest.approx(1.0)
    assert one.position == fast[-1].position
    assert Recording((one,)).measured == (one,)


class Unnotable:
    """A hearing that holds something which no note covers."""

    through = 1

    def save(self) -> None:
        return None


def test_surveys_that_cannot_be_noted_hold_up_no_note(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "NOTE_EVERY_S", -1.0)
    detecting = Detecting()
    for k in range(process.NOTES_A_TURN):
        held = process.Held(Unnotable(), -1e9, 0)  # type: ignore[arg-type]
        detecting.held[UUID(int=k)] = held
    send(WALK[:40])
    monkeypatch.setattr(process, "NOTE_EVERY_S", 60.0)
    hear(detecting)
    (survey,) = LiveSurvey.objects.all()
    detecting.held[survey.pk].noted_s = -1e9
    detecting.step(now())
    detecting.step(now())
    assert HeardState.objects.filter(pk=survey.pk).exists()


def test_a_database_that_is_away_is_no_fault_of_a_survey(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(WALK[:20])
    detecting = Detecting()

    def away(*_given: Any) -> int:
        raise OperationalError("gone")

    monkeypatch.setattr(detecting, "_hear", away)
    for _ in range(process.MOST_TRIES + 1):
        with pytest.raises(OperationalError):
            detecting.step(now())
    assert detecting.failures == 0


def test_what_the_server_calls_natural_is_no_evidence_for_the_alarm_of_the_device(
    send: Callable[..., None], tell: Callable[[Heard, int], None]
) -> None:
    heard = next(h for h in on_the_device(WALK) if h.stage == "standing")
    send(WALK[: heard.said["last_record"] + 1])
    tell(heard, 0)
    alarm = Alarm.objects.get()
    survey = LiveSurvey.objects.get()
    natural = read_said(
        {
            "stage": "closed",
            "number": 1,
            "encounter": heard.said | {"class": "norm", "nuclides": []},
            "instrument": "",
            "realm": "EXERCISE",
            "versions": {},
        }
    )
    say(survey.pk, survey.device_id, [Saying(natural, 50)])
    assert Alarm.objects.get() == alarm
    assert not Link.objects.filter(kind=LinkKind.EVIDENCE, to_id=alarm.pk).exists()
