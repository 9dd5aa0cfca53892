"""Pages of incidents."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.alarms.names import CLASSES
from tocsin.server.duties.reading import clock_rows, clocks_about, profiles_for
from tocsin.server.exports import csv_of_rows
from tocsin.server.incidents.models import IncidentState
from tocsin.server.incidents.reading import attached, incidents_for
from tocsin.server.incidents.services import add_note, start_legal_clocks
from tocsin.server.marking.policy import may
from tocsin.server.typed import moment

PAGE_ROWS = 50


@require_GET
def incident_list(request: ReaderRequest) -> HttpResponse:
    """Incidents, the latest first."""
    rows = incidents_for(request.reader)
    state = request.GET.get("state", "")
    if state in IncidentState.values:
        rows = rows.filter(state=state)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "incidents/list.html",
        {"page": page, "state": state, "states": IncidentState.choices},
    )


@require_GET
def incident_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "incidents",
        ("incident", "title", "state", "class", "opened", "happened"),
        incidents_for(request.reader),
        lambda i: (i.name, i.title, i.state, i.source_class, i.opened_at, i.happened_at),
        action="incidents.export",
    )


@require_GET
def incident(request: ReaderRequest, pk: str) -> HttpResponse:
    """One incident with everything attached."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    may_write = may(request.reader, "incidents.write")
    return render(
        request,
        "incidents/incident.html",
        {
            "incident": row,
            "class_name": CLASSES.get(row.source_class, row.source_class),
            "level_name": Level(row.level).label,
            "attached": attached(request.reader, row),
            "events": row.events.select_related("by"),
            "rows": clock_rows(request.reader, clocks_about(request.reader, row)),
            "may_write": may_write,
            "may_end": may_write,
            "laws": profiles_for(row) if may_write else [],
            "at": request.reader.at,
        },
    )


@require_POST
def note(request: ReaderRequest, pk: str) -> HttpResponse:
    """Add a note, or close."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    try:
        add_note(
            request.reader,
            row,
            note=request.POST.get("note", "")[:4_000],
            close=request.POST.get("close") == "1",
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("incidents:incident", pk=pk)


@require_POST
def clock_start(request: ReaderRequest, pk: str) -> HttpResponse:
    """Start the clocks of legal duties that apply."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    given = request.POST
    try:
        start_legal_clocks(
            request.reader,
            row,
            profile_code=given.get("profile", ""),
            duties=given.getlist("duty"),
            at=moment(given.get("at", "")),
            reason=given.get("reason", "")[:400],
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("incidents:incident", pk=pk)
