"""Alarms in the database: raised, moved on, expired, called for, and never changed afterwards."""

from __future__ import annotations

import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.db import Error, connection, transaction

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Facts, Kind, Role, State
from tocsin.server.alarms.history import events_of
from tocsin.server.alarms.machine import Machine, Refused, fold
from tocsin.server.alarms.models import Alarm, AlarmEvent, ResponseEntry
from tocsin.server.alarms.services import (
    CONFIRMED,
    DANGER,
    OUT_OF_TIME,
    RAISED,
    Command,
    act,
    add_response_entry,
    current_configuration,
    permitted_steps,
    raise_from_encounter,
    raise_from_information,
    roles_of,
)
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.duties.models import Delivery, Notice
from tocsin.server.duties.services import acknowledge, run_due
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import store
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.policy import Reader, reader_of

MakePerson = Callable[..., Person]
pytestmark = pytest.mark.django_db


def encounter(source_class: str = "medical", **fields: Any) -> dict[str, Any]:
    return {
        "first_record": 125,
        "last_record": 130,
        "start": "2026-03-03T11:58:54Z",
        "statistic": 41.2,
        "threshold": 6.1,
        "false_alarm_rate_per_h": 1.0,
        "neutron": False,
        "dose_rate_uSv_h": 0.4,
        "class": source_class,
        "nuclear_material": False,
        "nuclides": [{"name": "Tc-99m", "class": "medical", "confidence": 0.97}],
        "position": {"latitude": 46.28, "longitude": -119.27, "radius_m_95": 14.0},
        **fields,
    }


@pytest.fixture
def source(person: MakePerson, clock: Any) -> StoredFile:
    """Any marked row may stand for the measurement that an alarm comes from."""
    officer = person("officer", name="Uploader")
    return store(
        b"spectrum",
        name="walk.n42",
        actor=officer,
        realm="EXERCISE",
        level=1,
        originator=officer.organisation,
    )


@pytest.fixture
def officer(person: MakePerson, source: StoredFile) -> Reader:
    return reader_of(person("officer", name="Amina"))


@pytest.fixture
def expert(person: MakePerson, source: StoredFile) -> Reader:
    return reader_of(person("expert", name="Dieter"))


@pytest.fixture
def contact(person: MakePerson, source: StoredFile) -> Reader:
    return reader_of(person("point_of_contact", name="Fatou"))


def raised(source: StoredFile, source_class: str = "medical", **fields: Any) -> Alarm:
    alarm = raise_from_encounter(source, encounter(source_class, **fields), instrument="backpack 3")
    assert alarm is not None
    return alarm


def check_projection(alarm: Alarm) -> None:
    """The columns say what the events say."""
    alarm = Alarm.objects.get(pk=alarm.pk)
    folded = fold(events_of(alarm.events.order_by("number")))
    due = Machine(current_configuration()).next_due(folded)
    assert (alarm.state, alarm.since, alarm.raised_at) == (
        folded.state,
        folded.since,
        folded.raised_at,
    )
    assert (alarm.grave, alarm.safety, alarm.two_persons) == (
        folded.facts.grave,
        folded.safety,
        folded.two_persons,
    )
    assert alarm.gravity == sorted(folded.facts.gravity)
    assert alarm.called == folded.called
    assert alarm.timer_due_at == (due[0] if due else None)
    assert (alarm.closed_at is not None) is (folded.state is State.CLOSED)


def test_an_officer_closes_a_medical_alarm_in_four_actions(
    source: StoredFile, officer: Reader
) -> None:
    alarm = raised(source)
    assert (alarm.state, alarm.title) == ("raised", "Tc-99m")
    leaves = Leaf.objects.count()
    for command in (
        Command(Kind.ACKNOWLEDGED),
        Command(Kind.REPEAT_PASS),
        Command(Kind.REPRODUCED),
        Command(Kind.INNOCENT, reason="medical", evidence=("examination card",), close=True),
    ):
        assert command.kind in {s.kind for s in permitted_steps(officer, alarm)}
        alarm = act(officer, alarm, command)
        check_projection(alarm)
    assert (alarm.state, alarm.verdict, alarm.reason) == ("closed", "innocent", "medical")
    assert alarm.acknowledged_at is not None
    written = Leaf.objects.order_by("id")[leaves:]
    assert [leaf.action for leaf in written if leaf.action.startswith("alarms.")] == [
        "alarms.acknowledged",
        "alarms.repeat_pass",
        "alarms.reproduced",
        "alarms.innocent",
    ]


def test_a_neutron_alarm_is_an_event_at_once_and_no_officer_closes_it(
    source: StoredFile, officer: Reader, expert: Reader, contact: Reader
) -> None:
    alarm = raised(source, neutron=True)
    assert (alarm.state, alarm.safety) == ("event", True)
    for kind in Kind:
        reasons = current_configuration().reasons_for(kind)
        command = Command(
            kind,
            reason=reasons[0] if reasons else "",
            note="n",
            evidence=("e",),
            facts=Facts(),
            confidence=0.9,
            cannot_exclude=(),
        )
        if kind in (Kind.MEASURED, Kind.INFORMATION):
            continue
        with pytest.raises(Refused):
            act(officer, alarm, command)
    verdict = {"evidence": ("spectrum",), "confidence": 0.99, "cannot_exclude": ()}
    act(expert, alarm, Command(Kind.INNOCENT, reason="legal_shipment", **verdict))
    act(contact, alarm, Command(Kind.NOTIFICATION_DECIDED, reason="no_notification"))
    act(expert, alarm, Command(Kind.AREA_RELEASED, reason="below_level", evidence=("survey",)))
    act(expert, alarm, Command(Kind.CLOSE_PROPOSED, reason="legal_shipment"))
    with pytest.raises(Refused, match="same_person"):
        act(expert, alarm, Command(Kind.CLOSED, reason="no_case"))
    alarm = act(contact, alarm, Command(Kind.CLOSED, reason="no_case"))
    assert alarm.state == "closed"
    check_projection(alarm)


def test_natural_material_is_no_alarm_unless_there_are_neutrons(source: StoredFile) -> None:
    assert raise_from_encounter(source, encounter("norm")) is None
    alarm = raise_from_encounter(source, encounter("norm", neutron=True))
    assert alarm is not None
    assert alarm.state == "event"


def test_one_encounter_raises_one_alarm_with_its_mark_and_a_link(source: StoredFile) -> None:
    first, second = raised(source), raised(source)
    assert first.pk == second.pk
    assert (first.realm, first.level, first.originator_id) == (
        source.realm,
        source.level,
        source.originator_id,
    )


def test_nobody_without_the_action_acts_and_nobody_outside_the_organisation(
    source: StoredFile, person: MakePerson
) -> None:
    alarm = raised(source)
    for stranger in (
        person("administrator"),
        person("officer", of="police"),
        person("officer", realms=("LIVE",)),
        person(),
    ):
        with pytest.raises(Refused, match="action_not_allowed"):
            act(reader_of(stranger), alarm, Command(Kind.ACKNOWLEDGED))
    low = person("officer", clearance=0)
    with pytest.raises(Refused, match="action_not_allowed"):
        act(reader_of(low), alarm, Command(Kind.ACKNOWLEDGED))


def test_information_raises_an_alarm_with_its_kind_and_words(officer: Reader) -> None:
    alarm = raise_from_information(
        officer, title="A van at the harbour", reason="tip", note="Caller, 10:15"
    )
    assert (alarm.trigger, alarm.state, alarm.source_class) == ("information", "raised", "")
    with pytest.raises(Refused, match="reason_unknown"):
        raise_from_information(officer, title="x", reason="medical", note="x")
    with pytest.raises(InvalidInput):
        raise_from_information(officer, title=" ", reason="tip", note="x")
    with pytest.raises(InvalidInput):
        raise_from_information(officer, title="x", reason="tip", note="x", level=3)


def test_the_timer_process_escalates_at_the_second_and_calls_the_next_role(
    source: StoredFile, officer: Reader, person: MakePerson, clock: Any
) -> None:
    supervisor = person("supervisor", name="Carol")
    alarm = raised(source)
    start = now()
    assert {d.person_id for d in Delivery.objects.all()} >= {officer.person.pk}
    clock.move(seconds=59)
    run_due(now())
    assert not AlarmEvent.objects.filter(kind=Kind.TIMER_EXPIRED).exists()
    clock.move(seconds=1)
    run_due(now())
    expiry = AlarmEvent.objects.get(kind=Kind.TIMER_EXPIRED)
    assert (expiry.role, (expiry.at - start).total_seconds()) == (Role.SUPERVISOR, 60)
    assert Delivery.objects.filter(person=supervisor).exists()
    alarm = Alarm.objects.get(pk=alarm.pk)
    assert alarm.called == Role.SUPERVISOR
    check_projection(alarm)
    run_due(now())
    assert AlarmEvent.objects.filter(kind=Kind.TIMER_EXPIRED).count() == 1
    clock.move(days=1)
    run_due(now())
    roles = AlarmEvent.objects.filter(kind=Kind.TIMER_EXPIRED).values_list("role", flat=True)
    assert list(roles) == ["supervisor", "expert", "authority"]


def test_an_alarm_whose_history_is_damaged_holds_up_no_other(
    source: StoredFile, officer: Reader, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = raised(source)
    AlarmEvent.objects.create(
        alarm=damaged, number=2, kind="closed", at=now(), recorded_at=now(), person=officer.person
    )
    clock.move(seconds=1)
    whole = raise_from_information(officer, title="t", reason="tip", note="n")
    clock.move(seconds=60)
    run_due(now())
    assert whole.events.filter(kind=Kind.TIMER_EXPIRED).count() == 1
    assert not damaged.events.filter(kind=Kind.TIMER_EXPIRED).exists()
    assert "timer step failed" in caplog.text


def test_a_step_ends_the_calls_for_it(source: StoredFile, officer: Reader) -> None:
    alarm = raised(source)
    assert Notice.objects.filter(acknowledgement=None).count() == 1
    act(officer, alarm, Command(Kind.ACKNOWLEDGED))
    assert not Notice.objects.filter(acknowledgement=None).exists()


def test_danger_calls_everybody_at_once(
    source: StoredFile, officer: Reader, expert: Reader, contact: Reader
) -> None:
    raised(source, dose_rate_uSv_h=250.0)
    called = set(Delivery.objects.values_list("person_id", flat=True))
    assert {officer.person.pk, expert.person.pk, contact.person.pk} <= called


def waiting_texts() -> list[str]:
    return sorted(Notice.objects.filter(acknowledgement=None).values_list("text", flat=True))


def test_a_reading_or_an_opinion_ends_no_call(
    source: StoredFile, officer: Reader, expert: Reader
) -> None:
    alarm = raised(source)
    act(officer, alarm, Command(Kind.MEASURED, note="0.3", facts=Facts(dose_rate_uSv_h=0.3)))
    act(expert, alarm, Command(Kind.OPINION, confidence=0.5, cannot_exclude=("Pu-239",)))
    assert waiting_texts() == [RAISED]
    assert Notice.objects.count() == 1


def test_calls_for_danger_end_by_their_own_role_or_with_the_alarm(
    source: StoredFile, officer: Reader, expert: Reader, contact: Reader
) -> None:
    alarm = raised(source, dose_rate_uSv_h=250.0)
    act(officer, alarm, Command(Kind.MEASURED, note="3", facts=Facts(dose_rate_uSv_h=3.0)))
    act(officer, alarm, Command(Kind.MEASURED, note="300", facts=Facts(dose_rate_uSv_h=300.0)))
    act(contact, alarm, Command(Kind.NOTIFICATION_DECIDED, reason="no_notification"))
    assert waiting_texts() == [DANGER] * 4
    mine = Notice.objects.get(deliveries__person=officer.person)
    acknowledge(officer, mine)
    assert waiting_texts() == [DANGER] * 3
    act(expert, alarm, Command(Kind.AREA_RELEASED, reason="below_level", evidence=("survey",)))
    act(expert, alarm, Command(Kind.CLOSE_PROPOSED, reason="no_case"))
    act(contact, alarm, Command(Kind.CLOSED, reason="no_case"))
    assert waiting_texts() == []


def test_a_confirmation_stays_called_through_opinions(
    source: StoredFile, officer: Reader, expert: Reader, contact: Reader
) -> None:
    alarm = raised(source)
    act(officer, alarm, Command(Kind.ACKNOWLEDGED))
    act(officer, alarm, Command(Kind.EXPERT_CALLED, reason="grave_class"))
    act(expert, alarm, Command(Kind.EXPERT_TOOK))
    verdict: dict[str, Any] = {"confidence": 0.9, "cannot_exclude": ()}
    reason = current_configuration().reasons_for(Kind.CONFIRMED)[0]
    act(expert, alarm, Command(Kind.CONFIRMED, reason=reason, evidence=("s",), **verdict))
    act(expert, alarm, Command(Kind.OPINION, **verdict))
    act(contact, alarm, Command(Kind.SCENE_CONTROLLED, reason="scene_secured", note="closed off"))
    assert waiting_texts() == [CONFIRMED] * 2


def test_the_log_says_who_called_and_that_nothing_is_left(
    source: StoredFile, officer: Reader, expert: Reader
) -> None:
    alarm = raised(source)
    act(officer, alarm, Command(Kind.ACKNOWLEDGED))
    act(officer, alarm, Command(Kind.EXPERT_CALLED, reason="grave_class"))
    leaf = Leaf.objects.filter(action="duties.notify").order_by("id").last()
    assert leaf is not None
    assert str(officer.person.pk) in str(leaf.actor)
    act(expert, alarm, Command(Kind.OPINION, confidence=0.5, cannot_exclude=()))
    leaf = Leaf.objects.filter(action="alarms.opinion").get()
    assert leaf.content["after"]["events"][-1]["cannot_exclude"] == []


def test_the_log_names_who_did_each_part_of_a_step(
    source: StoredFile, officer: Reader, clock: Any
) -> None:
    alarm = raised(source)
    by_detector = Leaf.objects.get(action="alarms.raise")
    assert by_detector.actor == "system:detector"
    assert [e["by"] for e in by_detector.content["after"]["events"]] == ["system:detector"]
    assert {leaf.actor for leaf in Leaf.objects.filter(action="links.link")} == {"system:detector"}
    clock.move(minutes=30)
    act(officer, alarm, Command(Kind.MEASURED, note="3", facts=Facts(dose_rate_uSv_h=300.0)))
    leaf = Leaf.objects.get(action="alarms.measured")
    me = f"person:{officer.person.pk}"
    assert leaf.actor == me
    made = [(e["kind"], e["by"]) for e in leaf.content["after"]["events"]]
    assert set(made[:-2]) == {("timer_expired", "system:timers")}
    assert made[-2:] == [("measured", me), ("safety_override", "system:alarms")]
    written = Leaf.objects.filter(action__startswith="alarms.")
    assert "[]" not in str([leaf.content for leaf in written])


def test_whom_the_timers_call_is_called_by_them(
    source: StoredFile, officer: Reader, clock: Any
) -> None:
    alarm = raised(source)
    clock.move(minutes=2)
    act(officer, alarm, Command(Kind.MEASURED, note="3", facts=Facts(dose_rate_uSv_h=3.0)))
    late = Notice.objects.filter(text=OUT_OF_TIME)
    assert late.exists()
    assert {
        leaf.actor
        for leaf in Leaf.objects.filter(
            action="duties.notify", subject_id__in=[str(n.pk) for n in late]
        )
    } == {"system:timers"}


def test_who_may_not_see_an_alarm_is_not_called(source: StoredFile, person: MakePerson) -> None:
    stranger = person("officer", of="police")
    raised(source)
    assert not Delivery.objects.filter(person=stranger).exists()


def test_an_event_is_written_once(source: StoredFile, officer: Reader) -> None:
    alarm = act(officer, raised(source), Command(Kind.ACKNOWLEDGED))
    event = alarm.events.order_by("number").first()
    assert event is not None
    event.reason = "medical"
    for attempt in (
        event.save,
        event.delete,
        lambda: AlarmEvent.objects.update(reason="x"),
        lambda: AlarmEvent.objects.all().delete(),
        lambda: AlarmEvent.objects.bulk_update([event], ["reason"]),
    ):
        with pytest.raises(WrittenOnce):
            attempt()
    for statement in (
        "UPDATE alarms_alarmevent SET reason = 'medical'",
        "DELETE FROM alarms_alarmevent",
    ):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)
    assert alarm.events.count() == 2


def test_the_response_sheet_holds_people_doses_and_readings_with_their_source(
    source: StoredFile, officer: Reader, expert: Reader
) -> None:
    alarm = raised(source, dose_rate_uSv_h=250.0)
    at = now()
    add_response_entry(officer, alarm, kind="entered", at=at, who="Amina", place="hall 2")
    add_response_entry(
        officer, alarm, kind="dose", at=at, who="Amina", value=0.2, unit="mSv", source="EPD 17"
    )
    wrong = add_response_entry(
        officer, alarm, kind="reading", at=at, place="door", value=30.0, unit="uSv/h", source="RID"
    )
    fixed = add_response_entry(
        officer,
        alarm,
        kind="reading",
        at=at,
        place="door",
        value=20.0,
        unit="uSv/h",
        source="RID",
        note="digit misread",
        corrects=wrong,
    )
    assert list(wrong.corrections.all()) == [fixed]
    assert alarm.events.filter(kind=Kind.MEASURED).count() == 2
    act(expert, alarm, Command(Kind.AREA_RELEASED, reason="below_level", evidence=("survey",)))
    again = add_response_entry(
        officer, alarm, kind="reading", at=at, place="van", value=120.0, unit="uSv/h", source="RID"
    )
    assert again.pk
    folded = fold(events_of(alarm.events.order_by("number")))
    assert not folded.released
    check_projection(alarm)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "entered", "place": "hall"},
        {"kind": "entered", "who": "Amina"},
        {"kind": "dose", "who": "Amina", "value": 0.2, "unit": "mSv"},
        {"kind": "dose", "who": "Amina", "value": 0.2, "unit": "rem", "source": "EPD"},
        {"kind": "dose", "who": "Amina", "value": -1.0, "unit": "mSv", "source": "EPD"},
        {"kind": "dose", "who": "Amina", "unit": "mSv", "source": "EPD"},
        {"kind": "reading", "place": "door", "value": float("nan"), "unit": "uSv/h", "source": "R"},
        {"kind": "area", "value": 3.0, "place": "hall"},
        {"kind": "area"},
    ],
)
def test_a_line_of_the_sheet_without_what_it_needs_is_refused(
    source: StoredFile, officer: Reader, fields: dict[str, Any]
) -> None:
    alarm = raised(source, dose_rate_uSv_h=250.0)
    with pytest.raises(InvalidInput):
        add_response_entry(officer, alarm, at=now(), **fields)
    assert not ResponseEntry.objects.exists()


def test_without_danger_there_is_no_response_sheet(source: StoredFile, officer: Reader) -> None:
    with pytest.raises(InvalidInput):
        add_response_entry(officer, raised(source), kind="area", at=now(), place="hall")


def test_a_rate_out_of_range_is_danger_and_survives_the_database(source: StoredFile) -> None:
    alarm = raised(source, dose_rate_uSv_h=float("nan"))
    assert alarm.state == "event"
    check_projection(alarm)


def test_the_state_s_own_configuration_is_in_force(
    source: StoredFile, data_folder: Path, officer: Reader
) -> None:
    from importlib.resources import files

    text = files("tocsin.server.alarms").joinpath("data/configuration.json").read_text("utf-8")
    data_folder.mkdir(exist_ok=True)
    (data_folder / "alarms.json").write_text(text.replace('"limit_min": 1', '"limit_min": 2'))
    alarm = raised(source)
    assert alarm.timer_due_at is not None
    assert (alarm.timer_due_at - alarm.raised_at).total_seconds() == 120
    assert roles_of(officer) == {Role.OFFICER}


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as takes one message."""

    messages: ClassVar[list[str]] = []

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                self.messages.append(body.decode())
            if verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[str]]]:
    Mailbox.messages = []
    with socketserver.TCPServer(("127.0.0.1", 0), Mailbox) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}", Mailbox.messages
        server.shutdown()


def test_live_notices_leave_by_mail_and_command_and_say_nothing_of_the_matter(
    person: MakePerson, clock: Any, settings: Any, mailbox: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, messages = mailbox
    said = tmp_path / "said.jsonl"
    program = tmp_path / "hook.py"
    program.write_text(f"import sys; open({str(said)!r}, 'a').write(sys.stdin.read() + '\\n')")
    settings.TOCSIN = replace(
        settings.TOCSIN, email_url=address, notice_command=f"{sys.executable} {program}"
    )
    live = reader_of(person("officer", realms=("LIVE",)))
    alarm = raise_from_information(live, title="SECRET-TITLE", reason="tip", note="SECRET-NOTE")
    run_due(now())
    outcomes = dict(Delivery.objects.values_list("channel", "outcome"))
    assert outcomes == {"page": "shown", "email": "sent", "command": "sent"}
    assert len(messages) == 1
    for text in (messages[0], said.read_text()):
        assert "SECRET" not in text
    assert str(alarm.pk) in said.read_text()


def test_an_exercise_rings_no_telephone(
    source: StoredFile, officer: Reader, settings: Any, mailbox: tuple[str, list[str]]
) -> None:
    address, messages = mailbox
    settings.TOCSIN = replace(settings.TOCSIN, email_url=address, notice_command="/bin/false")
    raised(source)
    run_due(now())
    assert set(Delivery.objects.values_list("channel", flat=True)) == {"page"}
    assert messages == []


def test_a_command_that_fails_is_said_and_stops_nothing(
    person: MakePerson, clock: Any, settings: Any
) -> None:
    settings.TOCSIN = replace(settings.TOCSIN, notice_command="/bin/false")
    live = reader_of(person("officer", realms=("LIVE",)))
    raise_from_information(live, title="t", reason="tip", note="n")
    run_due(now())
    assert set(Delivery.objects.values_list("person", flat=True)) == {live.person.pk}
    assert Delivery.objects.get(channel="command").outcome == "failed: exit status 1"
    settings.TOCSIN = replace(settings.TOCSIN, notice_command="/nowhere/at/all")
    clock.move(seconds=60)
    run_due(now())
    assert "failed: FileNotFoundError" in Delivery.objects.values_list("outcome", flat=True)
