"""Incidents for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.alarms.api import LinkOut
from tocsin.server.answers import MOST_ROWS, Detail, Page
from tocsin.server.duties.api import ClockOut, clock_out
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft, open_incident
from tocsin.server.incidents.reading import as_known_on, attached, incidents_for, objects_of
from tocsin.server.incidents.searching import Filter
from tocsin.server.incidents.services import add_note, start_legal_clocks
from tocsin.server.incidents.statements import state
from tocsin.server.marking.highwater import Mark

router = Router(tags=["incidents"])


class IncidentRow(Schema):
    """An incident in a list."""

    id: UUID
    name: str
    title: str
    state: str
    opened_at: datetime
    happened_at: datetime | None
    source_class: str
    kind: str
    group: str
    group_edition: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    place: str
    country: str
    transport: bool | None
    recovered: str
    recovered_on: date | None
    nuclides: str
    category: int | None
    external_id: str
    alarm_id: UUID | None
    realm: str
    level: int
    tlp: str


class IncidentEventOut(Schema):
    """What was done with an incident."""

    at: datetime
    state: str
    note: str
    person: str


class FactOut(Schema):
    """One statement of an incident or an object."""

    field: str
    value: Any
    known_at: datetime
    recorded_at: datetime
    person: str
    reason: str


class ObjectOut(Schema):
    """An object of an incident: what is known of it now."""

    id: UUID
    name: str
    kind: str
    manufacturer: str
    model: str
    serials: list[dict[str, Any]]
    contents: list[dict[str, Any]]
    category: int | None
    recovered: str
    source_id: UUID | None
    batch_id: UUID | None


class IncidentOut(IncidentRow):
    """An incident with everything attached."""

    statements: list[FactOut]
    objects: list[ObjectOut]
    events: list[IncidentEventOut]
    attached: list[LinkOut]


class IncidentList(Page):
    """A part of the incidents."""

    incidents: list[IncidentRow]


class ClocksIn(Schema):
    """Legal clocks to start: duties of a country profile, and when what starts them was known."""

    profile: str = Field(max_length=16)
    duties: list[Annotated[str, Field(max_length=64)]] = Field(min_length=1, max_length=50)
    at: datetime
    reason: str = Field(min_length=1, max_length=400)


class KnownOut(Schema):
    """An incident as it was known at the end of a day; no values where nothing was known."""

    day: date
    known: bool
    values: dict[str, Any]
    objects: list[dict[str, Any]]


class FactsIn(Schema):
    """Facts to be stated: value by field, null to take a value away, and why."""

    values: dict[str, Any] = Field(min_length=1, max_length=20)
    reason: str = Field(min_length=1, max_length=400)


class ReportedIn(Schema):
    """Who said it, and what exactly."""

    channel: str = Field(default="hand", max_length=12)
    said_by: str = Field(default="", max_length=200)
    original: str = Field(default="", max_length=20000)


class IncidentIn(Schema):
    """An incident to be opened: value by field, its objects, and the report behind it."""

    values: dict[str, Any] = Field(min_length=1, max_length=20)
    objects: list[dict[str, Any]] = Field(default_factory=list, max_length=50)
    report: ReportedIn | None = None
    reason: str = Field(min_length=1, max_length=400)


class NoteIn(Schema):
    """A note, and whether the incident is closed with it."""

    note: str = Field(min_length=1, max_length=4000)
    close: bool = False


def _full(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    fields = {f.name: getattr(incident, f.name) for f in Incident._meta.fields}
    return {
        **fields,
        "name": incident.name,
        "statements": [
            {
                "field": fact.field,
                "value": fact.value,
                "known_at": fact.known_at,
                "recorded_at": fact.recorded_at,
                "person": fact.by.name if fact.by else fact.origin,
                "reason": fact.reason,
            }
            for fact in incident.statements.select_related("by")
        ],
        "objects": list(objects_of(reader_of_request(request), incident)),
        "events": [
            {
                "at": event.at,
                "state": event.state,
                "note": event.note,
                "person": event.by.name if event.by else "",
            }
            for event in incident.events.select_related("by")
        ],
        "attached": [
            {
                "kind": row.kind,
                "outgoing": row.outgoing,
                "noun": row.noun,
                "name": row.name,
                "address": row.address,
            }
            for row in attached(reader_of_request(request), incident)
        ],
    }


@router.get("", response=IncidentList, url_name="incidents_list")
def incident_list(
    request: HttpRequest,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    text: Annotated[str, Query(max_length=100)] = "",
    kind: Annotated[str, Query(max_length=12)] = "",
    nuclide: Annotated[str, Query(max_length=20)] = "",
    year: Annotated[str, Query(max_length=4)] = "",
    country: Annotated[str, Query(max_length=2)] = "",
) -> dict[str, Any]:
    """Incidents that I may see, the latest first, narrowed as on the page."""
    chosen = Filter.of(
        {"text": text, "kind": kind, "nuclide": nuclide, "year": year, "country": country}
    )
    rows = chosen.apply(incidents_for(reader_of_request(request)))
    return {
        "total": rows.count(),
        "offset": offset,
        "limit": limit,
        "incidents": list(rows[offset : offset + limit]),
    }


@router.post("", response={201: IncidentOut, 422: Detail}, url_name="incidents_list")
def incident_open(request: HttpRequest, given: IncidentIn) -> Any:
    """Open an incident."""
    reader = reader_of_request(request)
    said = given.report
    try:
        row = open_incident(
            reader.person,
            Draft(
                values=given.values,
                objects=tuple(ObjectDraft(values) for values in given.objects),
                report=ReportDraft(
                    channel=said.channel,
                    title="",
                    said_by=said.said_by,
                    original=said.original,
                )
                if said
                else None,
                reason=given.reason,
            ),
            mark=Mark(reader.realm, 1, frozenset(), "AMBER"),
            originator=reader.person.organisation,
        )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, _full(request, row))


@router.get("/{uuid:pk}", response={200: IncidentOut, 404: Detail}, url_name="incidents_incident")
def incident(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One incident with everything attached."""
    return _full(request, get_object_or_404(incidents_for(reader_of_request(request)), pk=pk))


@router.get("/{uuid:pk}/known", response={200: KnownOut, 404: Detail}, url_name="incidents_known")
def known(request: HttpRequest, pk: UUID, on: date) -> dict[str, Any]:
    """One incident as it was known at the end of a day."""
    row = get_object_or_404(incidents_for(reader_of_request(request)), pk=pk)
    found = as_known_on(Incident.objects.filter(pk=row.pk), on)
    return {
        "day": on,
        "known": bool(found),
        "values": dict(found[0].values) if found else {},
        "objects": [dict(thing.values) for thing in found[0].objects] if found else [],
    }


@router.post(
    "/{uuid:pk}/facts",
    response={200: IncidentOut, 404: Detail, 422: Detail},
    url_name="incidents_facts",
)
def facts(request: HttpRequest, pk: UUID, given: FactsIn) -> Any:
    """State facts of an incident; what was stated before stays."""
    reader = reader_of_request(request)
    row = get_object_or_404(incidents_for(reader), pk=pk)
    try:
        state(reader.person, row, given.values, reason=given.reason)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return _full(request, incidents_for(reader).get(pk=pk))


@router.post(
    "/{uuid:pk}/notes",
    response={200: IncidentOut, 404: Detail, 422: Detail},
    url_name="incidents_notes",
)
def note(request: HttpRequest, pk: UUID, given: NoteIn) -> Any:
    """Add a note to an incident, and close it where that is said."""
    reader = reader_of_request(request)
    row = get_object_or_404(incidents_for(reader), pk=pk)
    try:
        return _full(request, add_note(reader, row, note=given.note, close=given.close))
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})


@router.post(
    "/{uuid:pk}/clocks",
    response={201: list[ClockOut], 404: Detail, 422: Detail},
    url_name="incidents_clocks",
)
def clocks(request: HttpRequest, pk: UUID, given: ClocksIn) -> Any:
    """Start the clocks of legal duties that apply to an incident."""
    reader = reader_of_request(request)
    row = get_object_or_404(incidents_for(reader), pk=pk)
    try:
        started = start_legal_clocks(
            reader,
            row,
            profile_code=given.profile,
            duties=given.duties,
            at=given.at,
            reason=given.reason,
        )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, [clock_out(reader, clock) for clock in started])
