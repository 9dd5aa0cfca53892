"""Alarms for programs: everything that the pages do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.nuclear import classes
from tocsin.server.access import reader_of_request
from tocsin.server.alarms.facts import Facts, Kind
from tocsin.server.alarms.machine import Refused
from tocsin.server.alarms.models import Alarm, ResponseEntry
from tocsin.server.alarms.names import STEPS, said
from tocsin.server.alarms.reading import (
    WITH_PLACE,
    Filter,
    alarm_figures_for,
    alarms_for,
    queue_of,
    reasons_of,
    sheet_of,
)
from tocsin.server.alarms.services import (
    Command,
    act,
    add_response_entry,
    current_configuration,
    permitted_steps,
    raise_from_information,
)
from tocsin.server.answers import MOST_ROWS, Detail, Page, Refusal
from tocsin.server.links.reading import linked_rows
from tocsin.server.marking.aggregation import PlacesWithheld, together
from tocsin.server.marking.highwater import mark_of_rows

router = Router(tags=["alarms"])

SourceClass = Literal[classes.SourceClass, ""]
StepKind = Literal[
    "acknowledged",
    "repeat_pass",
    "reproduced",
    "not_reproduced",
    "expert_called",
    "expert_took",
    "innocent",
    "false",
    "equipment_fault",
    "confirmed",
    "opinion",
    "measured",
    "information",
    "scene_controlled",
    "area_released",
    "notification_decided",
    "close_proposed",
    "closed",
    "reopened",
]
Line = Annotated[str, Field(max_length=400)]


class FactsIn(Schema):
    """What was measured or told."""

    source_class: SourceClass = ""
    neutron: bool = False
    snm_compatible: bool = False
    masked: bool = False
    nuclear_material: bool = False
    dose_rate_uSv_h: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None

    def facts(self) -> Facts:
        """As the machine wants it."""
        return Facts(**self.model_dump())


class StepIn(Schema):
    """One step of a person."""

    kind: StepKind
    reason: str = Field("", max_length=40)
    note: str = Field("", max_length=4000)
    evidence: list[Line] = Field([], max_length=20)
    facts: FactsIn | None = None
    confidence: Annotated[float | None, Field(ge=0, le=1)] = None
    cannot_exclude: Annotated[list[Line] | None, Field(max_length=20)] = None
    recipients: list[Line] = Field([], max_length=20)
    close: bool = False


class InformationIn(Schema):
    """Information that raises an alarm."""

    title: str = Field(min_length=1, max_length=200)
    reason: str = Field(max_length=40)
    note: str = Field(min_length=1, max_length=4000)
    facts: FactsIn = FactsIn()
    level: int = Field(1, ge=0, le=3)


class StepOut(Schema):
    """A step that the caller may take now."""

    kind: str
    needs: list[str]
    reasons: list[str]
    closes: bool


class EventOut(Schema):
    """One event of an alarm."""

    number: int
    kind: str
    at: datetime
    person: str
    role: str
    reason: str
    note: str
    evidence: list[str]
    facts: dict[str, Any] | None
    confidence: float | None
    cannot_exclude: list[str] | None
    timer: str
    levels: list[str]
    recipients: list[str]


class AlarmRow(Schema):
    """An alarm in a list."""

    id: UUID
    name: str
    title: str
    state: str
    since: datetime
    raised_at: datetime
    trigger: str
    source_class: str
    gravity: list[str]
    neutron: bool
    dose_rate_uSv_h: float | None
    two_persons: bool
    safety: bool
    timer_due_at: datetime | None
    called: str
    instrument: str
    verdict: str
    reason: str
    closed_at: datetime | None
    latitude: float | None
    longitude: float | None
    radius_m_95: float | None
    realm: str
    level: int
    tlp: str


class LinkOut(Schema):
    """A row that hangs on an alarm."""

    kind: str
    outgoing: bool
    noun: str
    name: str
    address: str


class AlarmOut(AlarmRow):
    """An alarm with its story and the steps that the caller may take."""

    measured_at: datetime | None
    statistic: float | None
    threshold: float | None
    false_alarm_rate_per_h: float | None
    nuclides: list[dict[str, Any]]
    versions: dict[str, Any]
    events: list[EventOut]
    steps: list[StepOut]
    links: list[LinkOut]


class AlarmList(Page):
    """A part of the alarms.

    ``level`` is that of the answer as a whole: many places together are one level higher than each.
    Who is not cleared for it gets the alarms without places, and ``places_withheld`` says so.
    """

    level: int
    tlp: str
    places_withheld: bool
    alarms: list[AlarmRow]


class EntryIn(Schema):
    """A line of the response sheet."""

    kind: Literal["entered", "left", "dose", "area", "reading"]
    at: datetime
    who: str = Field("", max_length=120)
    place: str = Field("", max_length=200)
    value: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    unit: Literal["", "mSv", "uSv", "uSv/h"] = ""
    source: str = Field("", max_length=200)
    note: str = Field("", max_length=400)
    corrects: Annotated[int | None, Field(ge=1, le=2**62)] = None


class EntryOut(Schema):
    """A line of the response sheet."""

    id: int
    kind: str
    at: datetime
    who: str
    place: str
    value: float | None
    unit: str
    source: str
    note: str
    recorded_by: str
    corrects: int | None


class SheetOut(Schema):
    """The response sheet of an alarm."""

    inside: list[str]
    doses_uSv: dict[str, float]
    released_by: list[str]
    entries: list[EntryOut]


class ReasonRow(Schema):
    """How often a verdict was given for a reason."""

    verdict: str
    reason: str
    alarms: int
    share_of_judged: float


class StatisticsOut(Schema):
    """Statistics of the verdicts and the waiting times."""

    total: int
    judged: int
    verdicts: list[ReasonRow]
    open: int
    unacknowledged: int
    overdue: int
    to_acknowledge_s: list[float] | None
    to_close_s: list[float] | None


def _full(request: HttpRequest, alarm: Alarm) -> dict[str, Any]:
    reader = reader_of_request(request)
    configuration = current_configuration()
    fields = {f.name: getattr(alarm, f.name) for f in Alarm._meta.fields}
    return {
        **fields,
        "name": alarm.name,
        "events": [
            {
                "number": row.number,
                "kind": row.kind,
                "at": row.at,
                "person": row.person.name if row.person else "",
                "role": row.role,
                "reason": row.reason,
                "note": row.note,
                "evidence": row.evidence,
                "facts": row.facts,
                "confidence": row.confidence,
                "cannot_exclude": row.cannot_exclude,
                "timer": row.timer,
                "levels": row.levels,
                "recipients": row.recipients,
            }
            for row in alarm.events.select_related("person").order_by("number")
        ],
        "steps": [
            {
                "kind": step.kind.value,
                "needs": list(step.needs),
                "reasons": list(configuration.reasons_for(step.kind)),
                "closes": step.closes,
            }
            for step in permitted_steps(reader, alarm)
            if step.kind in STEPS
        ],
        "links": [
            {
                "kind": link.kind,
                "outgoing": link.outgoing,
                "noun": link.noun,
                "name": link.name,
                "address": link.address,
            }
            for link in linked_rows(reader, "alarms.alarm", alarm.pk)
        ],
    }


def _refused(refused: Refused) -> Status[dict[str, Any]]:
    words = " ".join(said(refused.problems))
    return Status(422, {"detail": words, "problems": list(refused.problems)})


@router.get("", response=AlarmList, url_name="alarms_list")
def alarm_list(
    request: HttpRequest,
    state: Annotated[str, Query(max_length=16)] = "open",
    source_class: SourceClass = "",
    grave: bool = False,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> dict[str, Any]:
    """Alarms that I may see, the latest first."""
    chosen = Filter(state=state, source_class=source_class, grave=grave)
    reader = reader_of_request(request)
    rows = chosen.apply(alarms_for(reader))
    shown = list(rows[offset : offset + limit])
    mark = mark_of_rows(reader.realm, Alarm.objects.filter(pk__in=[row.pk for row in shown]))
    withheld = False
    try:
        # the whole list counts: a page after the other is the list
        mark = together(reader, mark, places=rows.filter(WITH_PLACE).count())
    except PlacesWithheld:
        withheld = True
        for row in shown:
            row.latitude = row.longitude = row.radius_m_95 = None
    return {
        "total": rows.count(),
        "offset": offset,
        "limit": limit,
        "level": mark.level,
        "tlp": mark.tlp,
        "places_withheld": withheld,
        "alarms": shown,
    }


@router.post("", response={201: AlarmOut, 422: Refusal | Detail}, url_name="alarms_list")
def inform(request: HttpRequest, given: InformationIn) -> Any:
    """Raise an alarm from information."""
    try:
        alarm = raise_from_information(
            reader_of_request(request),
            title=given.title,
            reason=given.reason,
            note=given.note,
            facts=given.facts.facts(),
            level=given.level,
        )
    except Refused as refused:
        return _refused(refused)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, _full(request, alarm))


@router.get("/statistics", response=StatisticsOut, url_name="alarms_statistics")
def statistics(request: HttpRequest) -> dict[str, Any]:
    """How the alarms that I may see were judged, and how long they took."""
    reader = reader_of_request(request)
    rows = alarm_figures_for(reader)
    found = reasons_of(rows, current_configuration())
    queue = queue_of(rows, reader.at)
    return {
        "total": found.total,
        "judged": found.judged,
        "verdicts": [
            {"verdict": v, "reason": r, "alarms": n, "share_of_judged": share}
            for v, r, n, share in found.rows
        ],
        "open": queue.open,
        "unacknowledged": queue.unacknowledged,
        "overdue": queue.overdue,
        "to_acknowledge_s": queue.to_acknowledge_s,
        "to_close_s": queue.to_close_s,
    }


@router.get("/{uuid:pk}", response={200: AlarmOut, 404: Detail}, url_name="alarms_alarm")
def alarm(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One alarm with its story and the steps that I may take."""
    return _full(request, get_object_or_404(alarms_for(reader_of_request(request)), pk=pk))


@router.post(
    "/{uuid:pk}/steps",
    response={200: AlarmOut, 404: Detail, 422: Refusal},
    url_name="alarms_steps",
)
def step(request: HttpRequest, pk: UUID, given: StepIn) -> Any:
    """Take one step."""
    reader = reader_of_request(request)
    row = get_object_or_404(alarms_for(reader), pk=pk)
    command = Command(
        kind=Kind(given.kind),
        reason=given.reason,
        note=given.note,
        evidence=tuple(given.evidence),
        facts=given.facts.facts() if given.facts is not None else None,
        confidence=given.confidence,
        cannot_exclude=None if given.cannot_exclude is None else tuple(given.cannot_exclude),
        recipients=tuple(given.recipients),
        close=given.close,
    )
    try:
        return _full(request, act(reader, row, command))
    except Refused as refused:
        return _refused(refused)


def _entry(entry: ResponseEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "at": entry.at,
        "who": entry.who,
        "place": entry.place,
        "value": entry.value,
        "unit": entry.unit,
        "source": entry.source,
        "note": entry.note,
        "recorded_by": entry.recorded_by.name,
        "corrects": entry.corrects_id,
    }


@router.get(
    "/{uuid:pk}/response", response={200: SheetOut, 404: Detail}, url_name="alarms_response"
)
def response(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """The response sheet of an alarm that exceeded an action level."""
    rows = alarms_for(reader_of_request(request)).filter(safety=True)
    sheet = sheet_of(get_object_or_404(rows, pk=pk))
    return {
        "inside": sheet.inside,
        "doses_uSv": dict(sheet.doses_uSv),
        "released_by": [e.person.name for e in sheet.released if e.person],
        "entries": [_entry(e) for e in sheet.entries],
    }


@router.post(
    "/{uuid:pk}/response",
    response={201: EntryOut, 404: Detail, 422: Refusal | Detail},
    url_name="alarms_response",
)
def response_add(request: HttpRequest, pk: UUID, given: EntryIn) -> Any:
    """Write one line of the response sheet."""
    reader = reader_of_request(request)
    row = get_object_or_404(alarms_for(reader).filter(safety=True), pk=pk)
    corrects = None
    if given.corrects is not None:
        corrects = get_object_or_404(row.response, pk=given.corrects)
    fields = given.model_dump(exclude={"corrects"})
    try:
        entry = add_response_entry(reader, row, **fields, corrects=corrects)
    except Refused as refused:
        return _refused(refused)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, _entry(entry))
