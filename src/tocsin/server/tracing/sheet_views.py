"""Pages of what is missing, and of alert sheets."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.exports import csv_of_rows
from tocsin.server.files.services import content_of
from tocsin.server.marking.policy import may
from tocsin.server.register.beyond import tabs_for
from tocsin.server.register.models import Source
from tocsin.server.register.reading import sources_for
from tocsin.server.tracing.content import Told, sheet_content
from tocsin.server.tracing.forms import SheetForm
from tocsin.server.tracing.missing import MOST_ROWS, described, missing_now, missing_sources
from tocsin.server.tracing.models import AlertSheet, EndKind
from tocsin.server.tracing.services.sheets import end_sheet, issue_sheet, may_issue
from tocsin.server.tracing.sheets import (
    last_call,
    marking_of,
    pdf_of,
    picture_of,
    pictures_of,
    released_to,
    sheets_for,
    sheets_of,
    sides_of,
    source_of,
)

PAGE_ROWS = 50


@require_GET
def missing(request: ReaderRequest) -> HttpResponse:
    """What is missing now, the most dangerous first."""
    nuclide = request.GET.get("nuclide", "").replace("\0", "").strip()[:20]
    rows = missing_now(request.reader, nuclide)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    issuing = may(request.reader, "tracing.alert")
    return render(
        request,
        "tracing/missing.html",
        {
            "page": page,
            "nuclide": nuclide,
            "query": f"nuclide={nuclide}" if nuclide else "",
            "cut": len(rows) == MOST_ROWS,
            "today": request.reader.at.date(),
            "may_issue": issuing,
            "own": request.reader.person.organisation_id,
            "tabs": tabs_for(request.reader),
        },
    )


@require_GET
def missing_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    nuclide = request.GET.get("nuclide", "").replace("\0", "").strip()[:20]
    reader = request.reader
    rows = missing_sources(reader, nuclide).order_by("category", "-ratio_A_over_D", "since", "id")

    def cells(source: Source) -> tuple[object, ...]:
        (row,) = described(reader, [source])
        coarse = source.coarse_place
        return (
            source.name,
            source.nuclides,
            row.category,
            row.ratio_A_over_D,
            source.status,
            str(source.since),
            row.days,
            source.manufacturer,
            source.model,
            source.serial,
            source.device_serial,
            source.place,
            "" if coarse is None else f"{coarse[0]:.1f} {coarse[1]:.1f}",
            "" if row.sheet is None else str(row.sheet),
            "; ".join(str(incident) for incident in row.incidents),
            row.running,
            row.late,
        )

    return csv_of_rows(
        reader,
        "missing",
        (
            *("source", "nuclides", "category_today", "A_over_D_today", "status", "since"),
            *("days_missing", "manufacturer", "model", "serial", "device_serial", "last_place"),
            *("near_tenth_of_degree", "alert_sheet", "incidents", "clocks_running", "clocks_late"),
        ),
        rows,
        cells,
        action="tracing.export",
    )


@require_GET
def sheet_list(request: ReaderRequest) -> HttpResponse:
    """Alert sheets, the latest first."""
    valid = request.GET.get("valid") == "1"
    rows = sheets_for(request.reader)
    page = Paginator(rows.filter(end=None) if valid else rows, PAGE_ROWS).get_page(
        request.GET.get("page")
    )
    return render(request, "tracing/sheets.html", {"page": page, "valid": valid})


@require_http_methods(["GET", "POST"])
def sheet_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """The sheet as it would be; issuing it is one press more."""
    source = get_object_or_404(sources_for(request.reader), pk=pk)
    if not may_issue(request.reader, source):
        raise Http404
    pictures = pictures_of(request.reader, source)
    last = sheets_of(request.reader, source).first()
    initial = {
        "call": last_call(request.reader),
        "where": source.place,
        "picture": str(pictures[0].pk) if pictures else "",
    }
    form = SheetForm(pictures, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        chosen = given.pop("picture", "")
        try:
            made = issue_sheet(
                request.reader, source, picture=uuid.UUID(chosen) if chosen else None, **given
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The alert sheet is issued."))
            return redirect(made)
    told = Told(*(str(form[name].value() or "") for name in ("call", "where", "looks")))
    content, _category = sheet_content(source, told, request.reader.at.date())
    return render(
        request,
        "tracing/sheet_new.html",
        {
            "source": source,
            "form": form,
            "sides": [{"language": lang, **content[lang]} for lang in ("en", "fr")],
            "last": last,
            "level_name": Level(source.level).label,
        },
    )


@require_GET
def sheet(request: ReaderRequest, pk: str) -> HttpResponse:
    """One sheet."""
    row: AlertSheet = get_object_or_404(sheets_for(request.reader), pk=pk)
    own = row.originator_id == request.reader.person.organisation_id
    ended = getattr(row, "end", None)
    source = source_of(request.reader, row)
    return render(
        request,
        "tracing/sheet.html",
        {
            "sheet": row,
            "ended": ended,
            "sides": sides_of(row),
            "picture": picture_of(request.reader, row),
            "source": source,
            "marking": marking_of(row),
            "released": released_to(row) if own else [],
            "own": own,
            "level_name": Level(row.level).label,
            "may_end": own and ended is None and may(request.reader, "tracing.alert"),
            "recovered": source is not None and not may_issue(request.reader, source),
            "kinds": [(k.value, k.label) for k in (EndKind.RECOVERED, EndKind.MISTAKEN)],
        },
    )


@require_GET
def sheet_pdf(request: ReaderRequest, pk: str) -> HttpResponse:
    """A sheet to print and to send."""
    row: AlertSheet = get_object_or_404(sheets_for(request.reader), pk=pk)
    answer = HttpResponse(pdf_of(request.reader, row), content_type="application/pdf")
    name = f"alert-{row.row_name}-{row.number}.pdf"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    with transaction.atomic():
        record(
            actor=request.reader.person,
            action="tracing.export_sheet",
            subject=row,
            after={"marking": marking_of(row)},
        )
    return answer


@require_GET
def sheet_picture(request: ReaderRequest, pk: str) -> HttpResponse:
    """The photograph of a sheet."""
    row: AlertSheet = get_object_or_404(sheets_for(request.reader), pk=pk)
    picture = picture_of(request.reader, row)
    if picture is None or picture.shown is None:
        raise Http404
    return HttpResponse(content_of(picture.shown), content_type=picture.media_type)


@require_POST
def sheet_end(request: ReaderRequest, pk: str) -> HttpResponse:
    """Withdraw a sheet."""
    row: AlertSheet = get_object_or_404(sheets_for(request.reader), pk=pk)
    given = request.POST
    try:
        end_sheet(request.reader, row, kind=given.get("kind", ""), reason=given.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The alert sheet is withdrawn. Tell those who have it."))
    return redirect(row)
