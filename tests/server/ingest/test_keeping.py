"""Live records are kept, or go after days that two persons agreed on; never what is needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from tests.field.walks import walk
from tests.server.conftest import SetClock
from tests.server.detector_words import said

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import State
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.files.services import content_of
from tocsin.server.ingest import keeping
from tocsin.server.ingest.ending import bring_together
from tocsin.server.ingest.keeping import (
    Turns,
    answer,
    ask,
    hold,
    let_go_due,
    outlook,
    over_for,
    rule_of,
)
from tocsin.server.ingest.models import Batch, Device, EdgeMessage, LiveSurvey, Refusal
from tocsin.server.ingest.receiving import Refused, receive
from tocsin.server.ingest.retention_models import Gone, Hold, RecordClass, Retention
from tocsin.server.links import services as links
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements.tasks import analyse_upload
from tocsin.server.tracing.models import Candidate, CandidateState

pytestmark = pytest.mark.django_db

Maker = Callable[..., bytes]
SignedIn = Callable[[Person], Client]
QUIET, WITH_ALARM = "1" * 32, "2" * 32


@pytest.fixture
def boss(person: Callable[..., Person]) -> Reader:
    return reader_of(person("supervisor", clearance=2, name="Boss"))


@pytest.fixture
def second(person: Callable[..., Person]) -> Reader:
    return reader_of(person("administrator", name="Second"))


@pytest.fixture
def surveys(
    clock: SetClock,
    device: Device,
    batch: Maker,
    message: Maker,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> dict[str, LiveSurvey]:
    """A walk past nothing, and one with an alarm that was found innocent; both analysed."""
    for boot in (QUIET, WITH_ALARM):
        if boot == WITH_ALARM:
            receive(message(said(), boot=boot))
        receive(batch(walk(30)[:20], boot=boot))
        receive(batch(walk(30)[20:], 20, ends=True, boot=boot))
        with django_capture_on_commit_callbacks(execute=True):
            upload = bring_together(LiveSurvey.objects.get(boot=boot))
            assert upload is not None
            analyse_upload.func(str(upload.pk))
    Alarm.objects.update(state=State.CLOSED, verdict=State.INNOCENT)
    return {s.boot: s for s in LiveSurvey.objects.all()}


def agreed(boss: Reader, second: Reader, quiet: int | None, alarm: int | None) -> Retention:
    row = ask(boss, quiet_days=quiet, alarm_days=alarm, reason="space")
    answer(second, row, agreed=True)
    return row


def here() -> set[str]:
    return set(Batch.objects.values_list("survey__boot", flat=True))


def test_without_an_agreement_everything_is_kept(
    clock: SetClock, surveys: dict[str, LiveSurvey], boss: Reader
) -> None:
    clock.move(days=4000)
    assert let_go_due(clock.at) == 0
    ask(boss, quiet_days=1, alarm_days=1, reason="space")  # nobody has agreed
    assert let_go_due(clock.at) == 0
    assert here() == {QUIET, WITH_ALARM}


def test_each_class_goes_after_its_days_and_the_measurement_stays(
    clock: SetClock, surveys: dict[str, LiveSurvey], boss: Reader, second: Reader, batch: Maker
) -> None:
    agreed(boss, second, 30, 365)
    clock.move(days=29)
    assert let_go_due(clock.at) == 0
    clock.move(days=2)
    assert let_go_due(clock.at) == 1
    assert here() == {WITH_ALARM}
    gone = Gone.objects.get()
    assert (gone.record_class, gone.records, gone.batches) == (RecordClass.QUIET, 30, 2)
    leaf = Leaf.objects.get(action="ingest.let_go").content
    assert leaf["before"] == {"records": 30, "batches": 2, "sha256": gone.sha256}
    assert leaf["after"]["days"] == 30
    upload = LiveSurvey.objects.get(boot=QUIET).upload
    assert upload is not None
    assert content_of(upload.file)
    assert let_go_due(clock.at) == 0  # nor does a second turn find it
    clock.move(days=366)
    assert let_go_due(clock.at) == 1
    assert not here()
    assert EdgeMessage.objects.exists()


def test_a_device_that_lost_its_receipt_gets_it_after_the_records_have_gone(
    clock: SetClock, surveys: dict[str, LiveSurvey], boss: Reader, second: Reader, batch: Maker
) -> None:
    agreed(boss, second, 1, None)
    clock.move(days=2)
    sent = [batch(walk(30)[:20], boot=QUIET), batch(walk(30)[20:], 20, ends=True, boot=QUIET)]
    receipts = [receive(raw) for raw in sent]
    # what came before and comes again makes it no younger
    assert let_go_due(clock.at) == 1
    assert [receive(raw) for raw in sent] == receipts
    assert here() == {WITH_ALARM}  # what went does not come back
    assert not Refusal.objects.exists()
    for raw in (
        batch(walk(30)[1:21], boot=QUIET),  # the same numbers with other content
        batch(walk(5), 30, boot=QUIET),  # numbers that were never here
    ):
        with pytest.raises(Refused, match="measurement was made") as refused:
            receive(raw)
        assert (refused.value.status, refused.value.final) == (409, True)


def test_nothing_that_is_needed_goes(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    officer: Reader,
    device: Device,
    batch: Maker,
) -> None:
    receive(batch(walk(10), boot="3" * 32, ends=True))  # no measurement yet
    agreed(boss, second, 1, 1)
    clock.move(days=900)
    alarm = Alarm.objects.get()
    for state, verdict in ((State.RAISED, ""), (State.CLOSED, State.CONFIRMED)):
        Alarm.objects.update(state=state, verdict=verdict)
        hold(officer, surveys[QUIET], reason="a court asks")
        assert let_go_due(clock.at) == 0
        hold(officer, surveys[QUIET], reason="no longer")
        # the days begin anew: one person alone lets nothing go at once
        assert let_go_due(clock.at) == 0
    Alarm.objects.update(state=State.CLOSED, verdict=State.INNOCENT)
    # evidence, an incident, a case: whatever else hangs on one of its rows
    link(device, LinkKind.CONCERNS, alarm, actor=officer.person)
    clock.move(days=2)
    assert let_go_due(clock.at) == 1
    assert here() == {WITH_ALARM, "3" * 32}
    with pytest.raises(InvalidInput, match="gone"):
        hold(officer, surveys[QUIET], reason="too late")


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        (CandidateState.OPEN, True),
        (CandidateState.ACCEPTED, True),
        (CandidateState.REFUSED, False),
        (CandidateState.GONE, False),
    ],
)
def test_what_may_be_a_thing_that_is_missing_keeps_its_records(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    state: CandidateState,
    stays: bool,
) -> None:
    agreed(boss, second, None, 1)
    alarm = Alarm.objects.get()
    Candidate.objects.create(
        originator=alarm.originator,
        realm=alarm.realm,
        relation="found_lost",
        found_kind="alarms.alarm",
        found_id=alarm.pk,
        lost_kind="register.source",
        lost_id=uuid4(),
        state=state,
        zone="review",
        probability=0.5,
        found_title="found",
        lost_title="lost",
        compared_at=clock.at,
        created_at=clock.at,
    )
    clock.move(days=900)
    assert let_go_due(clock.at) == (0 if stays else 1)


def test_two_persons_let_records_go_and_one_keeps_them(
    clock: SetClock, surveys: dict[str, LiveSurvey], boss: Reader, second: Reader, officer: Reader
) -> None:
    with pytest.raises(InvalidInput):
        ask(officer, quiet_days=1, alarm_days=None, reason="x")
    row = ask(boss, quiet_days=1, alarm_days=None, reason="space")
    with pytest.raises(InvalidInput, match="Another person"):
        answer(boss, row, agreed=True)
    with pytest.raises(DatabaseError), transaction.atomic():
        Retention.objects.filter(pk=row.pk).update(agreed=True, decided_by=boss.person)
    answer(second, row, agreed=True)
    with pytest.raises(InvalidInput, match="before"):
        answer(second, row, agreed=False)
    clock.move(seconds=1)
    ask(boss, quiet_days=None, alarm_days=None, reason="an inquiry")
    rule = rule_of(boss.person.organisation)
    assert rule is not None
    assert rule.quiet_days is None
    clock.move(days=900)
    assert let_go_due(clock.at) == 0
    for days in (0, 36_501):
        with pytest.raises(InvalidInput):
            ask(boss, quiet_days=days, alarm_days=None, reason="x")


def test_the_rule_of_another_organisation_lets_nothing_go(
    clock: SetClock, surveys: dict[str, LiveSurvey], person: Callable[..., Person]
) -> None:
    one, two = (reader_of(person("supervisor", of="police")) for _ in range(2))
    agreed(one, two, 1, 1)
    clock.move(days=900)
    assert let_go_due(clock.at) == 0


def test_the_row_and_the_log_are_written_or_nothing_goes(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreed(boss, second, 1, 1)
    clock.move(days=900)

    def fails(**_given: object) -> None:
        raise OSError("no log")

    monkeypatch.setattr(keeping, "record", fails)
    assert let_go_due(clock.at) == 0
    assert here() == {QUIET, WITH_ALARM}
    assert not Gone.objects.exists()


def test_the_database_lets_only_go_what_is_said_to_be_gone(
    clock: SetClock, surveys: dict[str, LiveSurvey], boss: Reader, second: Reader
) -> None:
    agreed(boss, second, 1, None)
    clock.move(days=2)
    let_go_due(clock.at)
    for table in ("ingest_batch", "ingest_gone"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
    assert here() == {WITH_ALARM}


def test_the_view_lets_nothing_go_and_says_what_would(
    clock: SetClock, surveys: dict[str, LiveSurvey], boss: Reader, officer: Reader
) -> None:
    hold(officer, surveys[WITH_ALARM], reason="a court asks")
    rule = ask(boss, quiet_days=30, alarm_days=30, reason="space")
    rows = {r.kind: r for r in outlook(over_for(boss), rule, now())}
    day = surveys[QUIET].last_at.date().toordinal() + 30
    assert {d.toordinal(): n for d, n in rows[RecordClass.QUIET].going.items()} == {day: 1}
    assert rows[RecordClass.QUIET].records == 30
    assert rows[RecordClass.NEEDED].surveys == 1
    assert not rows[RecordClass.NEEDED].going
    assert here() == {QUIET, WITH_ALARM}


def test_the_page_counts_what_its_reader_may_see_and_all_of_it(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    signed_in: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tocsin.server.ingest.keeping_views.MOST_JUDGED", 1)
    desk = signed_in(boss.person)
    pages = [words(desk.get(f"/devices/retention/?page={n}").content) for n in (1, 2)]
    assert "surveys 1 to 1 of the 2" in pages[0]
    assert "surveys 2 to 2 of the 2" in pages[1]
    kinds = [k.label for k in (RecordClass.QUIET, RecordClass.ALARM)]
    counts = [re.findall(rf"{kind} for ever (\d)", page) for page in pages for kind in kinds]
    assert sorted(counts) == [["0"], ["0"], ["1"], ["1"]]
    # who is cleared for less learns nothing of the others, not even their number
    assert (second.person.clearance, surveys[QUIET].level) == (1, 2)
    page = words(signed_in(second.person).get("/devices/retention/").content)
    assert "surveys 0 to 0 of the 0" in page


def test_a_link_that_is_made_while_records_are_to_go_keeps_them(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    officer: Reader,
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreed(boss, second, None, 1)
    clock.move(days=2)
    alarm = Alarm.objects.get()

    def just_before() -> bool:
        # judged as free to go; then somebody else's transaction makes the link
        link(device, LinkKind.CONCERNS, alarm, actor=officer.person)
        return True

    monkeypatch.setattr(keeping, "no_links_meanwhile", just_before)
    assert let_go_due(clock.at) == 0
    assert here() == {QUIET, WITH_ALARM}


def test_nothing_goes_while_links_are_being_made(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreed(boss, second, None, 1)
    clock.move(days=2)
    before = here()
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "no_links_meanwhile", lambda: False)
        assert let_go_due(clock.at) == 0
        assert here() == before
    # the next time they go
    assert let_go_due(clock.at) > 0
    assert here() < before


def test_links_wait_for_letting_go_and_it_waits_for_nobody_on_postgresql(
    device: Device, officer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[int]]] = []

    class Cursor:
        def __enter__(self) -> Cursor:
            return self

        def __exit__(self, *_error: object) -> None:
            """Nothing."""

        def execute(self, statement: str, given: list[int]) -> None:
            asked.append((statement, given))

        def fetchone(self) -> tuple[bool]:
            return (False,)

    monkeypatch.setattr(links, "connection", SimpleNamespace(vendor="postgresql", cursor=Cursor))
    link(device, LinkKind.CONCERNS, device, actor=officer.person)
    assert not links.no_links_meanwhile()
    (shared, one), (alone, other) = asked
    assert "pg_advisory_xact_lock_shared(" in shared
    assert "pg_try_advisory_xact_lock(" in alone
    assert one == other


def test_the_timers_look_once_an_hour(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Any] = []
    monkeypatch.setattr(keeping, "let_go_due", lambda at, _going: looks.append(at) or 0)
    turns = Turns()
    for _ in range(3):
        turns.step(clock.at)
    clock.move(minutes=61)
    turns.step(clock.at)
    assert len(looks) == 2


def test_what_is_needed_holds_up_neither_the_timers_nor_what_goes(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    officer: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "A_TURN", 1)
    first, other = LiveSurvey.objects.order_by("last_at", "pk")
    hold(officer, first, reason="a court asks")
    agreed(boss, second, 1, 1)
    clock.move(days=900)
    turns = Turns()
    assert [turns.step(clock.at) for _ in range(4)] == [0, 1, 0, 0]
    assert here() == {first.boot}
    assert other.boot not in here()


def test_an_alarm_that_nobody_has_judged_keeps_its_records(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreed(boss, second, 1, 1)
    clock.move(days=900)
    # what was found is grave, and its alarm was not raised
    monkeypatch.setattr(keeping.Alarm.objects, "filter", lambda **_given: Alarm.objects.none())
    let_go_due(clock.at)
    assert here() == {WITH_ALARM}


def words(html: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.decode()))


def test_the_pages_ask_agree_hold_and_say_what_is_gone(
    clock: SetClock,
    surveys: dict[str, LiveSurvey],
    boss: Reader,
    second: Reader,
    device: Device,
    signed_in: SignedIn,
) -> None:
    desk, other = signed_in(boss.person), signed_in(second.person)
    address = "/devices/retention/"
    assert address in desk.get("/devices/").content.decode()
    assert address in other.get("/server/").content.decode()
    assert "no days were agreed" in words(desk.get(address).content)
    given = {"quiet_days": "30", "alarm_days": "", "reason": "space"}
    assert desk.post(address, given | {"quiet_days": "0"}).status_code == 400
    page = words(desk.post(address, given, follow=True).content)
    assert "before another person has agreed" in page
    assert "Agree" not in page
    row = Retention.objects.get()
    desk.post(f"{address}{row.pk}/", {"answer": "agree"})
    row.refresh_from_db()
    assert row.agreed is None
    assert "Agree" in words(other.get(address).content)
    page = words(other.post(f"{address}{row.pk}/", {"answer": "agree"}, follow=True).content)
    assert "agreed by Second" in page
    held = f"/devices/surveys/{surveys[QUIET].pk}/hold/"
    assert held in desk.get(f"/devices/{device.pk}/").content.decode()
    desk.post(held, {"reason": "a court asks"})
    assert Hold.objects.get().lifted_at is None
    clock.move(days=31)
    assert let_go_due(clock.at) == 0
    desk = signed_in(boss.person)
    desk.post(held, {"reason": "no longer"})
    clock.move(days=31)
    assert let_go_due(clock.at) == 1
    desk = signed_in(boss.person)
    page = words(desk.get(f"/devices/{device.pk}/").content)
    assert "live records are gone" in page
    measurement = surveys[QUIET].upload.measurement  # type: ignore[union-attr]
    assert desk.get(measurement.get_absolute_url()).status_code == 200
    assert desk.get(f"/picture/replay/{measurement.pk}/").status_code == 200
