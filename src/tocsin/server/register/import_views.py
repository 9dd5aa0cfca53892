"""Pages of tables that are brought into the register."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput, ParseError
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.clock import now
from tocsin.server.duties.templatetags.spans import span
from tocsin.server.exports import csv_answer
from tocsin.server.marking.highwater import mark_of
from tocsin.server.register import imports
from tocsin.server.register.forms import TableForm
from tocsin.server.register.import_turns import carry_on
from tocsin.server.register.models import WORKING, Import
from tocsin.server.register.reading import imports_for

MOST_SHOWN = 100


@require_GET
def import_list(request: ReaderRequest) -> HttpResponse:
    """Tables that were brought."""
    return render(
        request, "register/imports.html", {"rows": imports_for(request.reader)[:MOST_SHOWN]}
    )


@require_http_methods(["GET", "POST"])
def import_new(request: ReaderRequest) -> HttpResponse:
    """Bring a table."""
    form = TableForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        content = given.read()
        bring = imports.bring if len(content) <= imports.SMALL_BYTES else imports.bring_later
        try:
            row = bring(request.reader, content, name=given.name)
        except (InvalidInput, ParseError) as error:
            form.add_error("file", str(error))
        else:
            return redirect(row)
    return render(
        request,
        "register/import_new.html",
        {
            "form": form,
            "most_MiB": settings.TOCSIN.upload_most_MiB,
            "columns": [(field, names[0]) for field, names in imports.COLUMNS.items()],
            "needed": imports.NEEDED,
        },
    )


@require_GET
def import_page(request: ReaderRequest, pk: str) -> HttpResponse:
    """What would be taken over, what not and why; or what was."""
    row = get_object_or_404(imports_for(request.reader), pk=pk)
    return render(
        request,
        "register/import.html",
        {
            "row": row,
            "level_name": Level(row.level).label,
            "columns": [(column, row.mapping.get(column, "")) for column in row.header],
            "fields": list(imports.COLUMNS),
            "faults": row.faults[:MOST_SHOWN],
            "bad": row.rows - row.good,
            "most": MOST_SHOWN,
            "left": time_left(row, now()),
            "stuck": (stuck := row.state in WORKING and bool(row.stopped)),
            "may_undo": row.state == Import.State.APPLIED
            or (stuck and row.state == Import.State.APPLYING and row.done > 0),
        },
    )


@require_GET
def import_faults(request: ReaderRequest, pk: str) -> HttpResponse:
    """Rows with faults as a table."""
    row: Import = get_object_or_404(imports_for(request.reader), pk=pk)
    kept, bad = len(row.faults), row.rows - row.good
    notes = [] if kept >= bad else [f"cut: the first {kept} of {bad} rows with faults"]
    return csv_answer(
        request.reader,
        "faults",
        ("line", "fault"),
        ((fault["line"], fault["fault"]) for fault in row.faults),
        mark=mark_of(row),
        action="register.export",
        subject=row,
        notes=notes,
    )


@require_POST
def import_map(request: ReaderRequest, pk: str) -> HttpResponse:
    """Say which column is which."""
    row = get_object_or_404(imports_for(request.reader), pk=pk)
    mapping = {c: request.POST.get(f"column{n}", "") for n, c in enumerate(row.header)}
    later = row.rows > imports.SMALL_ROWS
    work = partial(imports.map_columns, request.reader, row, mapping, later=later)
    return _done(request, row, work, "")


@require_POST
def import_sheet(request: ReaderRequest, pk: str) -> HttpResponse:
    """Take another sheet of the spreadsheet."""
    row = get_object_or_404(imports_for(request.reader), pk=pk)
    later = row.file.blob.size_bytes > imports.SMALL_BYTES
    sheet = request.POST.get("sheet", "")
    work = partial(imports.choose_sheet, request.reader, row, sheet, later=later)
    return _done(request, row, work, "")


@require_POST
def import_apply(request: ReaderRequest, pk: str) -> HttpResponse:
    """Take over the rows without a fault."""
    row = get_object_or_404(imports_for(request.reader), pk=pk)
    later = row.good > imports.SMALL_ROWS
    said = "" if later else _("The rows are in the register.")
    return _done(request, row, partial(imports.apply, request.reader, row, later=later), said)


@require_POST
def import_undo(request: ReaderRequest, pk: str) -> HttpResponse:
    """Withdraw what was taken over."""
    row = get_object_or_404(imports_for(request.reader), pk=pk)
    reason = request.POST.get("reason", "")
    later = row.good > imports.SMALL_ROWS
    said = "" if later else _("The entries are withdrawn.")
    work = partial(imports.undo, request.reader, row, reason=reason, later=later)
    return _done(request, row, work, said)


@require_POST
def import_carry_on(request: ReaderRequest, pk: str) -> HttpResponse:
    """Carry on a step that has stopped."""
    row = get_object_or_404(imports_for(request.reader), pk=pk)
    return _done(request, row, partial(carry_on, request.reader, row), "")


def time_left(row: Import, at: datetime) -> str:
    """How long a step will go on as it went so far; empty where that cannot be told."""
    if not row.is_working or row.begun_at is None or not row.done:
        return ""
    left_s = (at - row.begun_at).total_seconds() / row.done * (row.total - row.done)
    return span(left_s)


def _done(
    request: ReaderRequest, row: Import, work: Callable[[], object], said: str
) -> HttpResponse:
    try:
        work()
    except (InvalidInput, ParseError) as error:
        messages.error(request, str(error))
    else:
        if said:
            messages.success(request, said)
    return redirect(row)
