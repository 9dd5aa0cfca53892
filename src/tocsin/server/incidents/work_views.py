"""Pages of the daily work: inbox, tasks, watch list, map, notes on persons, tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput, ParseError
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.duties.reading import clock_rows, clocks_for
from tocsin.server.exports import csv_answer
from tocsin.server.incidents import imports
from tocsin.server.incidents.beyond import tabs_for
from tocsin.server.incidents.forms import PersonForm, TaskForm
from tocsin.server.incidents.models import Incident, IncidentImport, Watch
from tocsin.server.incidents.notification import notifications_for
from tocsin.server.incidents.persons import circles_of, note_person, notes_on_persons
from tocsin.server.incidents.reading import incident_figures_for, incidents_for
from tocsin.server.incidents.releasing import waiting
from tocsin.server.incidents.searching import Filter
from tocsin.server.incidents.tasks import end_task, give_task, people_of, tasks_for
from tocsin.server.incidents.undoing import undo
from tocsin.server.incidents.watching import unwatch, watch, watches_of
from tocsin.server.incidents.world import drawn, outline
from tocsin.server.marking.aggregation import PlacesWithheld, together
from tocsin.server.marking.highwater import mark_of, mark_of_rows
from tocsin.server.marking.policy import may
from tocsin.server.register.forms import TableForm

NEW_DAYS = 7
"""Incidents of so many days are shown as new: a choice."""
MOST_SHOWN = 20
MOST_ON_MAP = 400
"""Points of one map: each counts as read."""


@require_GET
def inbox(request: ReaderRequest) -> HttpResponse:
    """What is new, what is due, what waits for release."""
    reader = request.reader
    since = reader.at - dt.timedelta(days=NEW_DAYS)
    open_tasks = tasks_for(reader).filter(
        done_at=None, incident__in=incident_figures_for(reader).values("pk")
    )
    forms = notifications_for(reader).filter(sent_at=None)
    running = clocks_for(reader).filter(subject_kind="incidents.incident", end=None)
    return render(
        request,
        "incidents/inbox.html",
        {
            "fresh": incidents_for(reader).filter(opened_at__gt=since)[:MOST_SHOWN],
            "changed": incidents_for(reader)
            .filter(changed_at__gt=since, opened_at__lte=since)
            .order_by("-changed_at")[:MOST_SHOWN],
            "days": NEW_DAYS,
            "clocks": clock_rows(reader, running[:MOST_SHOWN]),
            "mine": open_tasks.filter(who=reader.person)[:MOST_SHOWN],
            "others": open_tasks.exclude(who=reader.person)[:MOST_SHOWN],
            "waiting": waiting(incident_figures_for(reader), reader.at),
            "forms": forms[:MOST_SHOWN],
            "today": reader.at.date(),
            "may_end": may(reader, "incidents.write"),
            "may_write": may(reader, "incidents.write"),
            "tabs": tabs_for(reader),
        },
    )


@require_POST
def task_new(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Give a task."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    people = people_of(request.reader)
    form = TaskForm(people, request.POST)
    if form.is_valid():
        given = form.cleaned_data
        who = people.get(pk=given["who"])
        try:
            give_task(request.reader, row, what=given["what"], who=who, until=given["until"])
        except InvalidInput as error:
            messages.error(request, str(error))
    else:
        messages.error(request, _("Say what is to be done, by whom and until when."))
    return redirect("incidents:incident", pk=pk)


@require_POST
def task_end(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Say that a task is done."""
    row = get_object_or_404(tasks_for(request.reader), pk=pk)
    try:
        end_task(request.reader, row, result=request.POST.get("result", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("incidents:incident", pk=row.incident_id)


@require_http_methods(["GET", "POST"])
def watches(request: ReaderRequest) -> HttpResponse:
    """The own watch list."""
    if request.method == "POST":
        of, value = request.POST.get("of", ""), request.POST.get("value", "")
        try:
            row = watch(request.reader, of, value)
        except InvalidInput as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("You will be told when something of it changes."))
            if row.of == Watch.Of.INCIDENT:
                return redirect("incidents:incident", pk=row.value)
        return redirect("incidents:watches")
    rows = list(watches_of(request.reader))
    wanted = [row.value for row in rows if row.of == Watch.Of.INCIDENT]
    named = {str(i.pk): i for i in incidents_for(request.reader).filter(pk__in=wanted)}
    return render(
        request,
        "incidents/watches.html",
        {
            "rows": [(row, named.get(row.value)) for row in rows],
            "kinds": [c for c in Watch.Of.choices if c[0] != Watch.Of.INCIDENT],
            "tabs": tabs_for(request.reader),
        },
    )


@require_POST
def watch_end(request: ReaderRequest, number: int) -> HttpResponse:
    """Take something off the own watch list."""
    row = get_object_or_404(watches_of(request.reader), pk=number)
    unwatch(request.reader, row)
    if row.of == Watch.Of.INCIDENT and request.POST.get("back") == "incident":
        return redirect("incidents:incident", pk=row.value)
    return redirect("incidents:watches")


@require_GET
def world_map(request: ReaderRequest) -> HttpResponse:
    """Incidents of a filter on a map of the world, to a tenth of a degree."""
    reader = request.reader
    chosen = Filter.of(request.GET)
    placed = chosen.apply(incidents_for(reader)).exclude(latitude=None)
    own = chosen.apply(incident_figures_for(reader)).exclude(latitude=None)
    withheld = level = ""
    rows: list[Incident] = []
    try:
        mark = together(reader, mark_of_rows(reader.realm, own), places=own.count())
        rows = list(placed[:MOST_ON_MAP])
        level = str(Level(mark.level).label)
    except PlacesWithheld as error:
        withheld = str(Level(error.level).label)
    view, dots = drawn(rows)
    return render(
        request,
        "incidents/map.html",
        {
            "outline": outline(),
            "view": view,
            "dots": dots,
            "rows": rows,
            "more": own.count() > MOST_ON_MAP,
            "most": MOST_ON_MAP,
            "withheld": withheld,
            "level_name": level,
            "chosen": chosen,
            "tabs": tabs_for(reader),
        },
    )


@require_http_methods(["GET", "POST"])
def persons(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Notes on persons of an incident, for the circle alone."""
    reader = request.reader
    row = get_object_or_404(incidents_for(reader), pk=pk)
    circles = circles_of(reader)
    form = PersonForm(circles, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        circle = circles.get(pk=given.pop("compartment"))
        try:
            note_person(reader, row, compartment=circle, **given)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The note is kept."))
            return redirect("incidents:persons", pk=pk)
    notes = notes_on_persons(reader, row)
    return render(
        request,
        "incidents/persons.html",
        {
            "incident": row,
            "notes": notes,
            "form": form if circles else None,
            "level_name": Level(max((n.level for n in notes), default=row.level)).label,
        },
    )


@require_GET
def import_list(request: ReaderRequest) -> HttpResponse:
    """Tables that were brought."""
    rows = imports.imports_for(request.reader)[:100]
    return render(
        request, "incidents/imports.html", {"rows": rows, "tabs": tabs_for(request.reader)}
    )


@require_http_methods(["GET", "POST"])
def import_new(request: ReaderRequest) -> HttpResponse:
    """Bring a table."""
    form = TableForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            row = imports.bring(request.reader, given.read(), name=given.name)
        except (InvalidInput, ParseError) as error:
            form.add_error("file", str(error))
        else:
            return redirect(row)
    return render(
        request,
        "incidents/import_new.html",
        {
            "form": form,
            "most_MiB": settings.TOCSIN.upload_most_MiB,
            "most_rows": imports.MOST_ROWS,
            "columns": [(field, names[0]) for field, names in imports.COLUMNS.items()],
            "needed": imports.NEEDED,
        },
    )


@require_GET
def import_page(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """What would be taken over, what not and why."""
    row = get_object_or_404(imports.imports_for(request.reader), pk=pk)
    return render(
        request,
        "incidents/import.html",
        {
            "row": row,
            "level_name": Level(row.level).label,
            "columns": [(column, row.mapping.get(column, "")) for column in row.header],
            "fields": list(imports.COLUMNS),
            "faults": row.faults[:100],
            "bad": row.rows - row.good,
        },
    )


@require_GET
def import_faults(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Rows with faults as a table."""
    row: IncidentImport = get_object_or_404(imports.imports_for(request.reader), pk=pk)
    return csv_answer(
        request.reader,
        "faults",
        ("line", "fault"),
        ((fault["line"], fault["fault"]) for fault in row.faults),
        mark=mark_of(row),
        action="incidents.export",
        subject=row,
    )


@require_POST
def import_map(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Say which column is which."""
    row = get_object_or_404(imports.imports_for(request.reader), pk=pk)
    mapping = {c: request.POST.get(f"column{n}", "") for n, c in enumerate(row.header)}
    return _done(request, row, lambda: imports.map_columns(request.reader, row, mapping))


@require_POST
def import_apply(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Take over the rows without a fault."""
    row = get_object_or_404(imports.imports_for(request.reader), pk=pk)
    return _done(request, row, lambda: imports.apply(request.reader, row))


@require_POST
def import_undo(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Withdraw what a table has opened."""
    row = get_object_or_404(imports.imports_for(request.reader), pk=pk)
    reason = request.POST.get("reason", "")
    return _done(request, row, lambda: undo(request.reader, row, reason=reason))


def _done(request: ReaderRequest, row: IncidentImport, work: Callable[[], object]) -> HttpResponse:
    try:
        work()
    except (InvalidInput, ParseError) as error:
        messages.error(request, str(error))
    return redirect(row)
