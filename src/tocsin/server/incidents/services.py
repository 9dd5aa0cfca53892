"""What alarms tell of incidents; notes and legal clocks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput
from tocsin.nuclear import parse_nuclide
from tocsin.server.alarms.facts import Kind, State, Trigger
from tocsin.server.alarms.history import events_of
from tocsin.server.alarms.machine import fold
from tocsin.server.alarms.models import Alarm, AlarmEvent
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.escalation import Link as ChainLink
from tocsin.server.duties.models import Clock
from tocsin.server.duties.services import notify, start_clocks
from tocsin.server.incidents.facts import (
    MOST_VALUES,
    Channel,
    IncidentKind,
    ObjectKind,
    Reliability,
    Standing,
)
from tocsin.server.incidents.models import Incident, IncidentEvent, IncidentState
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft, open_incident
from tocsin.server.incidents.statements import state
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import Reader
from tocsin.server.problems import StoredUnreadable
from tocsin.server.typed import plain

FROM_ALARMS = "system:alarms"
NOT_AFTER_ALL = frozenset({Kind.INNOCENT, Kind.FALSE, Kind.EQUIPMENT_FAULT})
"""Verdicts that take an earlier confirmation back."""
OPENED = gettext_noop("Incident {name} was opened from alarm {alarm}")
OPENED_CHAIN = (ChainLink("point_of_contact", 30),)
"""The wait until the next call is a default of Tocsin, to be set by the State."""


def hear_of_alarm(alarm: Alarm, event: AlarmEvent) -> None:
    """Open an incident when an alarm is confirmed; heard twice, it is opened once."""
    if event.kind == Kind.CONFIRMED:
        open_from_alarm(alarm)
    elif event.kind in NOT_AFTER_ALL or _back_with_the_expert(alarm, event):
        withdraw_for(alarm, event)


def _back_with_the_expert(alarm: Alarm, event: AlarmEvent) -> bool:
    """Whether an event takes a confirmation back, whatever has happened since."""
    if event.kind != Kind.REOPENED:
        return False
    return fold(events_of(alarm.events.filter(number__lte=event.number))).state is State.EXPERT


@transaction.atomic
def open_from_alarm(alarm: Alarm) -> Incident:
    """The incident of a confirmed alarm, with links to the alarm and to all that hangs on it."""
    known = Incident.objects.select_for_update().filter(alarm_id=alarm.pk).first()
    if known is not None:
        if known.state == IncidentState.WITHDRAWN:
            again = "the alarm was confirmed again"
            note_of(known, IncidentState.OPEN, again, by=None)
            state(FROM_ALARMS, known, {"status": Standing.NOTIFIED.value}, reason=again)
        return known
    incident = open_incident(
        FROM_ALARMS, draft_of_alarm(alarm), mark=mark_of(alarm), originator=alarm.originator
    )
    link(incident, LinkKind.RAISED, alarm, actor=FROM_ALARMS)
    notify(
        incident,
        text=OPENED,
        values={"name": incident.name, "alarm": alarm.name},
        address=incident.get_absolute_url(),
        chain=OPENED_CHAIN,
        actor=FROM_ALARMS,
    )
    return incident


def draft_of_alarm(alarm: Alarm) -> Draft:
    """What an alarm tells: that something was detected, when, roughly where, and which nuclides."""
    at = (alarm.measured_at or alarm.raised_at).isoformat()
    values: dict[str, Any] = {
        "title": alarm.title,
        "kind": IncidentKind.DETECTION.value,
        "status": Standing.NOTIFIED.value,
        "interval": {"from": at, "to": at},
    }
    if alarm.instrument:
        values["detected_by"] = alarm.instrument
    if alarm.latitude is not None and alarm.longitude is not None:
        values["position"] = [alarm.latitude, alarm.longitude]
    told = alarm.trigger == Trigger.INFORMATION
    return Draft(
        values=values,
        objects=_objects_of(alarm),
        report=ReportDraft(
            channel=(Channel.INFORMATION if told else Channel.ALARM).value,
            title=f"{alarm.name} {alarm.title}",
            said_by=alarm.originator.short_name,
            said_at=alarm.measured_at or alarm.raised_at,
            reliability=(Reliability.UNJUDGED if told else Reliability.MEASURED).value,
        ),
        reason=f"opened from {alarm.name}",
        alarm_id=alarm.pk,
        source_class=alarm.source_class,
    )


def _objects_of(alarm: Alarm) -> tuple[ObjectDraft, ...]:
    contents = []
    for row in alarm.nuclides[:MOST_VALUES]:
        try:
            contents.append({"nuclide": parse_nuclide(str(row.get("name", "")))})
        except InvalidInput:
            continue  # "unknown" names no nuclide
    if not contents:
        return ()
    return (ObjectDraft({"kind": ObjectKind.UNKNOWN.value, "contents": contents}),)


@transaction.atomic
def withdraw_for(alarm: Alarm, event: AlarmEvent) -> None:
    """The verdict behind an incident was taken back: say so, and keep the incident to be seen."""
    incident = Incident.objects.select_for_update().filter(alarm_id=alarm.pk).first()
    if incident is None or incident.state != IncidentState.OPEN:
        return
    why = f"{alarm.name} {event.kind}: {event.reason}"
    note_of(incident, IncidentState.WITHDRAWN, why, by=None)
    state(FROM_ALARMS, incident, {"status": Standing.WITHDRAWN.value}, reason=why)


def note_of(
    incident: Incident,
    state: IncidentState,
    note: str,
    *,
    by: Reader | None,
    actor: str = FROM_ALARMS,
) -> None:
    """Write what was done with an incident."""
    before = incident.state
    incident.state = state
    incident.save(update_fields=["state"])
    person = by.person if by else None
    IncidentEvent.objects.create(incident=incident, at=now(), state=state, note=note, by=person)
    record(
        actor=person or actor,
        action="incidents.note",
        subject=incident,
        before={"state": before},
        after={"state": str(state)},
        reason=note,
    )


@transaction.atomic
def add_note(reader: Reader, incident: Incident, *, note: str, close: bool = False) -> Incident:
    """Add a note to an incident, and close it where that is said.

    Raises
    ------
    InvalidInput
        The note is empty, or the incident is closed already.
    """
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    note = plain(note)
    if not note:
        raise InvalidInput("a note is needed")
    if incident.state == IncidentState.CLOSED:
        raise InvalidInput("this incident is closed")
    if incident.state not in IncidentState.values:
        raise StoredUnreadable(f"{incident.state!r} is no state of an incident")
    after = IncidentState.CLOSED if close else IncidentState(incident.state)
    note_of(incident, after, note, by=reader)
    return incident


@transaction.atomic
def start_legal_clocks(
    reader: Reader,
    incident: Incident,
    *,
    profile_code: str,
    duties: Collection[str],
    at: datetime,
    reason: str,
) -> list[Clock]:
    """Start the clocks of legal duties that apply to an incident; its history says so.

    Raises
    ------
    InvalidInput
        The incident is closed, or the clocks cannot be started.
    """
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if incident.state == IncidentState.CLOSED:
        raise InvalidInput("this incident is closed")
    clocks = start_clocks(
        reader, incident, profile_code=profile_code, duties=duties, at=at, reason=reason
    )
    started = ", ".join(f"{clock.profile}/{clock.duty}" for clock in clocks)
    IncidentEvent.objects.create(
        incident=incident,
        at=now(),
        state=incident.state,
        note=f"legal clocks started: {started}; {plain(reason)}",
        by=reader.person,
    )
    return clocks
