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
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.reading import attached, incidents_for
from tocsin.server.incidents.services import add_note

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
