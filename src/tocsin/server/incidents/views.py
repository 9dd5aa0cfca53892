"""Pages of incidents: the list, one incident, notes and legal clocks."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.alarms.names import CLASSES
from tocsin.server.documents.reading import PANEL, panel_values
from tocsin.server.duties.reading import clock_rows, clocks_about, profiles_for
from tocsin.server.exports import csv_of_rows
from tocsin.server.incidents.beyond import panels_of_incident, tabs_for
from tocsin.server.incidents.facts import INCIDENT_FIELDS, IncidentKind, Share, Standing
from tocsin.server.incidents.forms import TaskForm
from tocsin.server.incidents.groups import present_groups
from tocsin.server.incidents.life import time_line
from tocsin.server.incidents.models import Incident, IncidentState
from tocsin.server.incidents.notification import notifications_for
from tocsin.server.incidents.reading import (
    attached,
    incident_figures_for,
    incidents_for,
    objects_of,
    reports_of,
)
from tocsin.server.incidents.related import related
from tocsin.server.incidents.releasing import facts_of, may_for
from tocsin.server.incidents.searching import CATEGORIES, MOST_COUNTED, UNKNOWN, Filter
from tocsin.server.incidents.services import add_note, start_legal_clocks
from tocsin.server.incidents.states import folded
from tocsin.server.incidents.tasks import people_of, tasks_of
from tocsin.server.incidents.values_text import in_words, label_of
from tocsin.server.incidents.watching import watches_of
from tocsin.server.marking.policy import may
from tocsin.server.register.beyond import Panel
from tocsin.server.typed import moment

PAGE_ROWS = 50


@require_GET
def incident_list(request: ReaderRequest) -> HttpResponse:
    """Incidents with words and filters, the latest first."""
    chosen = Filter.of(request.GET)
    rows = chosen.apply(incidents_for(request.reader))
    # counted up to a number only: nobody turns a thousand pages
    counted = chosen.apply(incident_figures_for(request.reader)).order_by()
    count = counted[: MOST_COUNTED + 1].count()
    pages = Paginator(rows, PAGE_ROWS)
    pages.count = min(count, MOST_COUNTED)
    page = pages.get_page(request.GET.get("page"))
    return render(
        request,
        "incidents/list.html",
        {
            "page": page,
            "more": count > MOST_COUNTED,
            "most": MOST_COUNTED,
            "chosen": chosen,
            "narrowed": bool(chosen.asked),
            "query": urlencode(chosen.asked),
            "states": IncidentState.choices,
            "kinds": IncidentKind.choices,
            "groups": present_groups(),
            "standings": Standing.choices,
            "categories": [(c, _("none") if c == "none" else c) for c in CATEGORIES],
            "transports": [("yes", _("yes")), ("no", _("no")), (UNKNOWN, _("not known"))],
            "shares": [*Share.choices, (UNKNOWN, _("not known"))],
            "may_write": may(request.reader, "incidents.write"),
            "may_report": may(request.reader, "incidents.report"),
            "tabs": tabs_for(request.reader),
        },
    )


@require_GET
def incident_csv(request: ReaderRequest) -> HttpResponse:
    """The filtered list as a table."""
    return csv_of_rows(
        request.reader,
        "incidents",
        (
            *("incident", "title", "state", "class", "opened", "happened"),
            *("kind", "group", "group_edition", "standing", "until", "place", "country"),
            *("in_transport", "recovered", "recovered_on", "nuclides", "category", "number"),
        ),
        Filter.of(request.GET).apply(incidents_for(request.reader)),
        lambda i: (
            *(i.name, i.title, i.state, i.source_class, i.opened_at, i.happened_at),
            *(i.kind, i.group, i.group_edition, i.status, i.ended_at, i.place, i.country),
            *(i.transport, i.recovered, str(i.recovered_on or ""), i.nuclides, i.category),
            i.external_id,
        ),
        action="incidents.export",
    )


@require_GET
def incident(request: ReaderRequest, pk: str) -> HttpResponse:
    """One incident with everything attached."""
    reader = request.reader
    row = get_object_or_404(incidents_for(reader), pk=pk)
    may_write = may(reader, "incidents.write")
    stated = row.statements.order_by("known_at", "id").values_list("field", "value")
    values = folded(stated)
    papers = panel_values(reader, row)
    panels = panels_of_incident(reader, row)
    if papers is not None:
        panels.append(Panel(PANEL, papers))
    return render(
        request,
        "incidents/incident.html",
        {
            "incident": row,
            "class_name": CLASSES.get(row.source_class, row.source_class),
            "level_name": Level(row.level).label,
            "facts": [
                (label_of(name), in_words(name, values[name]))
                for name in INCIDENT_FIELDS
                if name in values and name != "title"
            ],
            "attached": attached(reader, row),
            "objects": objects_of(reader, row),
            "reports": reports_of(reader, row),
            "related": related(reader, row),
            "moments": time_line(reader, row),
            "tasks": tasks_of(reader, row),
            "task_form": TaskForm(people_of(reader)) if may_write else None,
            "notifications": notifications_for(reader).filter(incident=row),
            "may_notify": may_for(reader, row, "incidents.notify"),
            "may_persons": may(reader, "incidents.persons"),
            "released": _release_numbers(row),
            "watched": watches_of(reader).filter(of="incident", value=str(row.pk)).first(),
            "rows": clock_rows(reader, clocks_about(reader, row)),
            "may_write": may_write,
            "may_end": may_write,
            "laws": profiles_for(row) if may_write else [],
            "at": reader.at,
            "today": reader.at.date(),
            "panels": panels,
        },
    )


def _release_numbers(row: Incident) -> dict[str, int]:
    found = facts_of(row)
    return {
        "all": len(found),
        "partners": sum(fact.audience != "private" for fact in found),
        "public": sum(fact.audience == "public" for fact in found),
    }


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
