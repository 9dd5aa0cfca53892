"""Writing alarms: raising them, each step of a person, timers, and the response sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput
from tocsin.nuclear.classes import is_alarm
from tocsin.server.accounts.models import Level, Person
from tocsin.server.alarms import facts as pure
from tocsin.server.alarms.configuration import Configuration, load
from tocsin.server.alarms.facts import SYSTEM, Event, Facts, Kind, Role, State, Trigger
from tocsin.server.alarms.history import columns_of, events_of, facts_to_json
from tocsin.server.alarms.machine import CHAIN, Machine, Refused, Step, fold
from tocsin.server.alarms.models import Alarm, AlarmEvent, EntryKind, Outgoing, ResponseEntry
from tocsin.server.alarms.outbox import TOLD, deliver_pending
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties import timers
from tocsin.server.duties.escalation import Link
from tocsin.server.duties.services import TIMERS, notify, open_about, settle
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.typed import plain

ROLE_OF = {
    "officer": Role.OFFICER,
    "supervisor": Role.SUPERVISOR,
    "expert": Role.EXPERT,
    "point_of_contact": Role.AUTHORITY,
}
"""Roles of the accounts and what they are in the chain of an alarm."""
ACCOUNT_ROLE = {role: name for name, role in ROLE_OF.items()}

JUDGEMENTS = frozenset({Kind.FALSE, Kind.EQUIPMENT_FAULT, Kind.CONFIRMED, Kind.OPINION})
VERDICTS = {
    Kind.INNOCENT: "innocent",
    Kind.FALSE: "false",
    Kind.NOT_REPRODUCED: "false",
    Kind.EQUIPMENT_FAULT: "equipment_fault",
    Kind.CONFIRMED: "confirmed",
}
DETECTOR = "system:detector"
RULES = "system:alarms"
"""The law of the alarm: an exceeded action level makes an event, whoever measured it."""
ACTORS = {Kind.RAISED: DETECTOR, Kind.TIMER_EXPIRED: TIMERS}
"""What made an event that no person did."""
EXPIRE_BATCH = 500

RAISED = gettext_noop("Alarm {name} waits to be acknowledged")
EXPERT_WANTED = gettext_noop("Alarm {name} waits for an expert")
OUT_OF_TIME = gettext_noop("Alarm {name} was not moved on in time")
DANGER = gettext_noop("Alarm {name}: an action level is exceeded")
CONFIRMED = gettext_noop("Alarm {name} is confirmed: not innocent")
LEFT_TO_THEIR_ROLE = (DANGER, CONFIRMED)
"""Notices that no step of another ends: each role that is called answers for itself, until the
alarm is closed."""


@dataclass(frozen=True, slots=True)
class Command:
    """One step of a person, as a form or the API brings it."""

    kind: Kind
    reason: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()
    facts: Facts | None = None
    confidence: float | None = None
    cannot_exclude: tuple[str, ...] | None = None
    recipients: tuple[str, ...] = ()
    close: bool = False


def current_configuration() -> Configuration:
    """The State's own configuration in the data folder, else the shipped one."""
    path = Path(settings.TOCSIN.data) / "alarms.json"
    return load(path if path.is_file() else None)


def action_for(kind: Kind, alarm: Alarm) -> str:
    """Action of the table of roles that a step needs."""
    if kind in JUDGEMENTS or (kind is Kind.INNOCENT and alarm.state != State.SECONDARY):
        return "alarms.judge"
    if kind is Kind.CLOSED and alarm.two_persons:
        return "alarms.confirm_close"
    return "alarms.act"


def roles_of(reader: Reader) -> frozenset[Role]:
    """Roles of the chain that a reader holds now."""
    return frozenset(ROLE_OF[name] for name in reader.roles if name in ROLE_OF)


def standing(alarm: Alarm) -> pure.Alarm:
    """What the events of an alarm make of it."""
    return fold(events_of(alarm.events.order_by("number")))


def permitted_steps(reader: Reader, alarm: Alarm) -> list[Step]:
    """Steps that this reader may take now, and nothing else."""
    steps = Machine(current_configuration()).permitted(
        standing(alarm), str(reader.person.pk), roles_of(reader)
    )
    return [step for step in steps if may(reader, action_for(step.kind, alarm))]


# Raising


def _finite(facts: Facts) -> Facts:
    rate = facts.dose_rate_uSv_h
    if rate is not None and math.isnan(rate):
        return replace(facts, dose_rate_uSv_h=math.inf)
    return facts


def facts_of_encounter(
    encounter: Mapping[str, Any], *, snm_compatible: bool = False, masked: bool = False
) -> Facts:
    """Facts of one encounter of ``tocsin.analysis/1``."""
    classes = {nuclide["class"] for nuclide in encounter.get("nuclides", ())}
    return Facts(
        source_class=encounter["class"],
        neutron=bool(encounter["neutron"]),
        snm_compatible=snm_compatible or "snm" in classes,
        masked=masked,
        nuclear_material=bool(encounter.get("nuclear_material", False)),
        dose_rate_uSv_h=encounter.get("dose_rate_uSv_h"),
    )


@transaction.atomic
def raise_from_encounter(
    source: Marked,
    encounter: Mapping[str, Any],
    *,
    instrument: str = "",
    versions: Mapping[str, Any] | None = None,
    actor: Person | None = None,
    snm_compatible: bool = False,
    masked: bool = False,
    evidence: Sequence[Marked] = (),
) -> Alarm | None:
    """Present an encounter to people.

    Parameters
    ----------
    source : Marked
        Row of the encounter (or of the measurement): the alarm takes its mark and is linked to it.
        Called twice for one row it raises one alarm.
    encounter : mapping
        One entry of ``encounters`` of ``tocsin.analysis/1``.
    instrument : str
        What measured, for people.
    versions : mapping, optional
        Versions of algorithm and data.
    actor : Person, optional
        Who brought the measurement; the detector raises the alarm all the same.
    snm_compatible, masked : bool
        Findings of the identification that the contract does not hold.
    evidence : sequence of Marked
        Rows behind it that the alarm is linked to as well: measurement, file.

    Returns
    -------
    Alarm or None
        None for natural material without neutrons, which is reported and no alarm.
    """
    if not is_alarm(encounter["class"], neutron=bool(encounter["neutron"])):
        return None
    known = Alarm.objects.filter(encounter_id=source.pk).first()
    if known is not None:
        return known
    facts = _finite(facts_of_encounter(encounter, snm_compatible=snm_compatible, masked=masked))
    place = encounter.get("position") or {}
    names = ", ".join(n["name"] for n in encounter.get("nuclides", ())[:4])
    alarm = _raise(
        facts,
        mark=source,
        trigger=Trigger.INSTRUMENT,
        actor=None,
        title=names or encounter["class"],
        columns={
            "instrument": instrument[:200],
            "encounter_kind": source._meta.label_lower,
            "encounter_id": source.pk,
            "measured_at": _moment(encounter.get("start")),
            "statistic": encounter.get("statistic"),
            "threshold": encounter.get("threshold"),
            "false_alarm_rate_per_h": encounter.get("false_alarm_rate_per_h"),
            "nuclides": list(encounter.get("nuclides", ())),
            "latitude": place.get("latitude"),
            "longitude": place.get("longitude"),
            "radius_m_95": place.get("radius_m_95"),
            "versions": dict(versions or {}),
        },
    )
    link(alarm, LinkKind.RAISED, source, actor=actor or DETECTOR)
    for row in evidence:
        link(row, LinkKind.EVIDENCE, alarm, actor=actor or DETECTOR)
    return alarm


def _moment(text: str | datetime | None) -> datetime | None:
    if text is None or isinstance(text, datetime):
        return text
    return datetime.fromisoformat(text)


@transaction.atomic
def raise_from_information(
    reader: Reader,
    *,
    title: str,
    reason: str,
    note: str,
    facts: Facts | None = None,
    level: int = 1,
) -> Alarm:
    """Raise an alarm because somebody said something: the second trigger.

    Raises
    ------
    Refused
        No role of the person allows it, or kind and words of the information are missing.
    """
    if not may(reader, "alarms.act"):
        raise Refused(("action_not_allowed",))
    title, note = plain(title), plain(note)
    if not title:
        raise InvalidInput("a title is needed")
    if level not in Level.values or level > reader.person.clearance:
        raise InvalidInput("the level must be one of those up to your own clearance")
    return _raise(
        _finite(facts or Facts()),
        mark=reader,
        trigger=Trigger.INFORMATION,
        actor=reader.person,
        title=title,
        reason=reason,
        note=note,
        columns={"level": level},
    )


def _raise(
    facts: Facts,
    *,
    mark: Marked | Reader,
    trigger: Trigger,
    actor: Person | None,
    title: str,
    columns: Mapping[str, Any],
    reason: str = "",
    note: str = "",
) -> Alarm:
    at = now()
    machine = Machine(current_configuration())
    folded, events = machine.raise_alarm(
        at,
        facts,
        trigger=trigger,
        actor=str(actor.pk) if actor else SYSTEM,
        reason=reason,
        note=note,
    )
    fields: dict[str, Any] = dict(columns)
    if isinstance(mark, Reader):
        fields |= {"realm": mark.realm, "originator": mark.person.organisation}
    else:
        fields = mark_of(mark).fields() | {"originator": mark.originator} | fields
    alarm = Alarm(**fields, title=title[:200], created_at=at, created_by=actor)
    _project(alarm, folded, machine, events)
    alarm.save(force_insert=True)
    if not isinstance(mark, Reader):
        mark_of(mark).stamp(alarm)
    _append(alarm, events, after=0)
    record(
        actor=actor or DETECTOR,
        action="alarms.raise",
        subject=alarm,
        after={
            "title": alarm.title,
            "state": alarm.state,
            "facts": facts_to_json(facts),
            "events": [_leaf(e) for e in events],
        },
        reason=note,
    )
    _call(alarm, folded, events, moved=True, actor=actor or DETECTOR)
    return alarm


# Steps of people


@transaction.atomic
def act(reader: Reader, alarm: Alarm, command: Command) -> Alarm:
    """Take one step.

    Raises
    ------
    Refused
        ``problems`` says why: state, role, missing reason or evidence, second person.
    """
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if not decide(reader, action_for(command.kind, alarm), alarm).allowed:
        raise Refused(("action_not_allowed",))
    machine = Machine(current_configuration())
    rows = list(alarm.events.order_by("number"))
    folded = fold(events_of(rows))
    cannot_exclude = command.cannot_exclude
    if cannot_exclude is not None:
        cannot_exclude = tuple(kept for part in cannot_exclude if (kept := plain(part)))
    event = Event(
        kind=command.kind,
        at=now(),
        actor=str(reader.person.pk),
        reason=command.reason,
        note=plain(command.note),
        evidence=tuple(kept for part in command.evidence if (kept := plain(part))),
        facts=_finite(command.facts) if command.facts is not None else None,
        confidence=command.confidence,
        cannot_exclude=cannot_exclude,
        recipients=tuple(kept for part in command.recipients if (kept := plain(part))),
    )
    before = alarm.state
    folded, events = machine.act(folded, event, roles_of(reader), close=command.close)
    _project(alarm, folded, machine, events)
    alarm.save()
    _append(alarm, events, after=len(rows))
    record(
        actor=reader.person,
        action=f"alarms.{command.kind.value}",
        subject=alarm,
        before={"state": before},
        after={"state": alarm.state, "events": [_leaf(e) for e in events]},
        reason=command.reason,
    )
    moved = alarm.state != before
    if moved or any(e.kind is Kind.TIMER_EXPIRED for e in events):
        keep = () if folded.state is State.CLOSED else LEFT_TO_THEIR_ROLE
        settle(alarm, by=reader.person, reason=command.kind.value, keep=keep)
    _call(alarm, folded, events, moved=moved, actor=reader.person)
    return alarm


def _leaf(event: Event) -> dict[str, Any]:
    """What the audit log keeps of an event: who made it, and everything that is filled in.

    A step of a person can bring events of the system with it, so each names its own. The one empty
    list that is kept says that nothing else is possible: an expert has said so.
    """
    columns = columns_of(event)
    person = columns.pop("person_id")
    by = f"person:{person}" if person else ACTORS.get(event.kind, RULES)
    kept = {name: value for name, value in columns.items() if value not in (None, "", [])}
    if event.cannot_exclude is not None:
        kept["cannot_exclude"] = list(event.cannot_exclude)
    return {"by": by, **kept}


def _append(alarm: Alarm, events: Sequence[Event], *, after: int) -> None:
    for number, event in enumerate(events, start=after + 1):
        row = AlarmEvent.objects.create(
            alarm=alarm, number=number, recorded_at=now(), **columns_of(event)
        )
        if event.kind in TOLD:
            Outgoing.objects.create(alarm=alarm, event=row, made_at=now())
            transaction.on_commit(lambda: deliver_pending(now()), robust=True)


def _project(alarm: Alarm, folded: pure.Alarm, machine: Machine, events: Sequence[Event]) -> None:
    """Repeat in columns what the events say."""
    alarm.state = folded.state.value
    alarm.since = folded.since
    alarm.raised_at = folded.raised_at
    alarm.trigger = folded.trigger.value
    alarm.source_class = folded.facts.source_class
    alarm.gravity = sorted(folded.facts.gravity)
    alarm.grave = folded.facts.grave
    alarm.neutron = folded.facts.neutron
    rate = folded.facts.dose_rate_uSv_h
    alarm.dose_rate_uSv_h = rate if rate is None or math.isfinite(rate) else None
    alarm.safety = folded.safety
    alarm.two_persons = folded.two_persons
    alarm.called = folded.called.value
    upcoming = machine.next_due(folded)
    alarm.timer_due_at = upcoming[0] if upcoming else None
    for event in events:
        if event.kind is Kind.ACKNOWLEDGED and alarm.acknowledged_at is None:
            alarm.acknowledged_at = event.at
        if event.kind in VERDICTS:
            alarm.verdict, alarm.reason = VERDICTS[event.kind], event.reason
    alarm.closed_at = folded.since if folded.state is State.CLOSED else None


# Calling people


def _chain_from(role: Role) -> tuple[Link, ...]:
    """The role and all above it; each has the time of the repeat pass to answer a call."""
    wait = current_configuration().timers["PRIMARY"].limit_min
    return tuple(Link(ACCOUNT_ROLE[r], wait) for r in CHAIN[CHAIN.index(role) :])


def _call(
    alarm: Alarm,
    folded: pure.Alarm,
    events: Sequence[Event],
    *,
    moved: bool,
    actor: Person | str,
) -> None:
    """Call whom the new events concern; of several events the last that calls counts."""
    kinds = [event.kind for event in events]
    expired = [event for event in events if event.kind is Kind.TIMER_EXPIRED]
    calls: list[tuple[str, tuple[Link, ...]]] = []
    if Kind.SAFETY_OVERRIDE in kinds:
        # Danger does not climb a chain: everybody at once, and each role until one answers.
        calls = [(DANGER, _chain_from(role)[:1]) for role in CHAIN]
    elif Kind.CONFIRMED in kinds:
        calls = [(CONFIRMED, _chain_from(r)[:1]) for r in (Role.SUPERVISOR, Role.AUTHORITY)]
    elif expired and not moved:
        # The next role is called, and who was late is reminded: there may be nobody above.
        late = current_configuration().timers[expired[-1].timer].responsible
        calls = [(OUT_OF_TIME, _chain_from(folded.called)), (OUT_OF_TIME, _chain_from(late)[:1])]
        actor = TIMERS
    elif moved and folded.state is State.UNRESOLVED:
        calls = [(EXPERT_WANTED, _chain_from(Role.EXPERT))]
    elif moved and folded.state is State.RAISED:
        calls = [(RAISED, _chain_from(Role.OFFICER))]
    # Who is being called for the same already is not called twice: a second high reading.
    waiting = [(notice.text, notice.chain) for notice in open_about(alarm)] if calls else []
    for text, chain in calls:
        if (text, [asdict(link) for link in chain]) in waiting:
            continue
        notify(
            alarm,
            text=text,
            values={"name": alarm.name},
            address=alarm.get_absolute_url(),
            chain=chain,
            at=now(),
            actor=actor,
        )


def expire_due(at: datetime) -> int:
    """Expire the timers of all alarms that are due; each calls the next role."""
    due = Alarm.objects.filter(timer_due_at__lte=at).order_by("timer_due_at")
    pks = list(due.values_list("pk", flat=True)[:EXPIRE_BATCH])
    return timers.each(pks, lambda pk: _expire(pk, at))


@transaction.atomic
def _expire(pk: UUID, at: datetime) -> int:
    alarm = Alarm.objects.select_for_update().get(pk=pk)
    machine = Machine(current_configuration())
    rows = list(alarm.events.order_by("number"))
    folded, events = machine.expire(fold(events_of(rows)), at)
    _project(alarm, folded, machine, events)
    alarm.save()
    if not events:
        return 0
    _append(alarm, events, after=len(rows))
    record(
        actor=TIMERS,
        action="alarms.timer_expired",
        subject=alarm,
        after={"events": [_leaf(e) for e in events], "called": folded.called.value},
    )
    settle(alarm, by=None, reason="escalated", keep=LEFT_TO_THEIR_ROLE)
    _call(alarm, folded, events, moved=False, actor=TIMERS)
    return len(events)


# Response sheet

BEFORE_ALARM = timedelta(days=1)
"""A sheet may begin before the alarm, on paper; a line of another year is a slip."""
UNITS = {EntryKind.DOSE: ("mSv", "uSv"), EntryKind.READING: ("uSv/h",)}


@transaction.atomic
def add_response_entry(
    reader: Reader,
    alarm: Alarm,
    *,
    kind: str,
    at: datetime,
    who: str = "",
    place: str = "",
    value: float | None = None,
    unit: str = "",
    source: str = "",
    note: str = "",
    corrects: ResponseEntry | None = None,
) -> ResponseEntry:
    """Write one line of the response sheet; a reading is told to the alarm as well.

    Raises
    ------
    InvalidInput
        No action level was exceeded, a line lacks what its kind needs (a person, an area, a value
        with unit and instrument), or a value is negative or lies in the future.
    Refused
        No role of the person allows it.
    """
    if not decide(reader, "alarms.act", alarm).allowed:
        raise Refused(("action_not_allowed",))
    if not alarm.safety:
        raise InvalidInput("no action level was exceeded: there is no response sheet")
    what = EntryKind(kind)
    who, place, source, note = (plain(text) for text in (who, place, source, note))
    if at.tzinfo is None:
        raise InvalidInput("the time of a line carries a time zone")
    if not alarm.raised_at - BEFORE_ALARM <= at <= now():
        raise InvalidInput("a line of the sheet lies between the day before the alarm and now")
    if what in (EntryKind.ENTERED, EntryKind.LEFT, EntryKind.DOSE) and not who:
        raise InvalidInput("say who it was")
    if what in (EntryKind.AREA, EntryKind.ENTERED, EntryKind.READING) and not place:
        raise InvalidInput("say which area")
    if what in UNITS:
        if value is None or not math.isfinite(value) or value < 0:
            raise InvalidInput("a value of zero or more is needed")
        if unit not in UNITS[what]:
            raise InvalidInput(f"the unit must be {' or '.join(UNITS[what])}")
        if not source:
            raise InvalidInput("say which instrument or dosimeter showed the value")
    elif value is not None:
        raise InvalidInput("this line carries no value")
    if corrects is not None and (corrects.alarm_id != alarm.pk or not note):
        raise InvalidInput("a correction names a line of this sheet and says why")
    entry = ResponseEntry.objects.create(
        alarm=alarm,
        kind=what.value,
        at=at,
        who=who,
        place=place,
        value=value,
        unit=unit if what in UNITS else "",
        source=source,
        note=note,
        corrects=corrects,
        recorded_at=now(),
        recorded_by=reader.person,
    )
    record(
        actor=reader.person,
        action="alarms.response_entry",
        subject=alarm,
        after={
            "entry": entry.pk,
            "kind": entry.kind,
            "at": at,
            "who": who,
            "place": place,
            "value": value,
            "unit": entry.unit,
            "source": source,
            "corrects": corrects.pk if corrects else None,
        },
        reason=note,
    )
    if what is EntryKind.READING and value is not None:
        measured = Facts(dose_rate_uSv_h=value)
        act(
            reader,
            alarm,
            Command(Kind.MEASURED, note=f"{place}: {value:g} uSv/h, {source}", facts=measured),
        )
    return entry
