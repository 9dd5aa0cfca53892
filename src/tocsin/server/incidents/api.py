"""Incidents for programs."""

from __future__ import annotations

from datetime import datetime
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
from tocsin.server.incidents.reading import attached, incidents_for
from tocsin.server.incidents.services import add_note, start_legal_clocks

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
    realm: str
    level: int
    tlp: str


class IncidentEventOut(Schema):
    """What was done with an incident."""

    at: datetime
    state: str
    note: str
    person: str


class IncidentOut(IncidentRow):
    """An incident with everything attached."""

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


class NoteIn(Schema):
    """A note, and whether the incident is closed with it."""

    note: str = Field(min_length=1, max_length=4000)
    close: bool = False


def _full(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    fields = {f.name: getattr(incident, f.name) for f in Incident._meta.fields}
    return {
        **fields,
        "name": incident.name,
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
) -> dict[str, Any]:
    """Incidents that I may see, the latest first."""
    rows = incidents_for(reader_of_request(request))
    return {
        "total": rows.count(),
        "offset": offset,
        "limit": limit,
        "incidents": list(rows[offset : offset + limit]),
    }


@router.get("/{uuid:pk}", response={200: IncidentOut, 404: Detail}, url_name="incidents_incident")
def incident(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One incident with everything attached."""
    return _full(request, get_object_or_404(incidents_for(reader_of_request(request)), pk=pk))


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
