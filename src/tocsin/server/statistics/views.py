"""Pages of the statistics: counts, vintages beside each other, the series of the ITDB, sheets."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.errors import InvalidInput
from tocsin.report.typeset import typeset
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.exports import csv_answer
from tocsin.server.incidents.groups import groups
from tocsin.server.marking.highwater import mark_of_rows
from tocsin.server.marking.policy import may
from tocsin.server.statistics import itdb
from tocsin.server.statistics.charts import stacked_bars
from tocsin.server.statistics.content import TABLES, Section, section_of, table_of
from tocsin.server.statistics.counting import UNKNOWN, Figures
from tocsin.server.statistics.intervals import median_interval, rounded
from tocsin.server.statistics.reading import Asked, count, counted_rows, sheets_for
from tocsin.server.statistics.services import approve, is_approved, make_sheet
from tocsin.server.statistics.sheet_document import LANGUAGES, sheet_document

SHEETS_SHOWN = 100


def _asked(request: ReaderRequest) -> Asked:
    today = request.reader.at.date()
    try:
        return Asked.of(request.GET, today)
    except InvalidInput as error:
        messages.error(request, str(error))
        return Asked(today, today.year)


@require_GET
def overview(request: ReaderRequest) -> HttpResponse:
    """Counts as known on a day."""
    asked = _asked(request)
    rows = count(request.reader, asked)
    sections = [section_of(n, table_of(n, rows, asked.edition), asked.edition) for n in TABLES]
    return render(
        request,
        "statistics/overview.html",
        {
            "asked": asked,
            "rows": rows,
            "sections": [_shown(section) for section in sections],
            "editions": sorted({of for of, _code in groups()}, reverse=True),
            "shares": _shares(rows),
            "may_write": may(request.reader, "statistics.write"),
        },
    )


@require_GET
def table_csv(request: ReaderRequest) -> HttpResponse:
    """One of the tables, with the day and the definitions in its head."""
    name = request.GET.get("table", TABLES[0])
    if name not in TABLES:
        raise Http404
    try:
        asked = Asked.of(request.GET, request.reader.at.date())
    except InvalidInput as error:
        # a table of something else than was asked for would be taken for it
        messages.error(request, str(error))
        return redirect("statistics:overview")
    rows = count(request.reader, asked)
    table = table_of(name, rows, asked.edition)
    return csv_answer(
        request.reader,
        f"statistics-{name}",
        ("year", *(key or "not known" for key in table.keys)),
        ((year, *counts) for year, counts in zip(table.years, table.rows, strict=True)),
        mark=mark_of_rows(request.reader.realm, counted_rows(request.reader)),
        action="statistics.export",
        notes=(
            f"as known on {asked.known_on}, counted {request.reader.at:%Y-%m-%d %H:%M} UTC",
            f"definitions of groups: {asked.edition}; country: {asked.country or 'all'}",
        ),
    )


@require_GET
def vintages(request: ReaderRequest) -> HttpResponse:
    """The same years as known on two days."""
    asked = _asked(request)
    today = request.reader.at.date()
    try:
        earlier = dt.date.fromisoformat(request.GET.get("earlier", ""))
    except ValueError:
        earlier = asked.known_on - dt.timedelta(days=365)
    if earlier > asked.known_on:
        messages.error(request, _("The earlier day lies after the later one."))
        earlier = min(asked.known_on, today)
    after = count(request.reader, asked)
    # the same years on both days, also where fewer were known of then
    was = Asked(earlier, asked.last_year, len(after.years), asked.edition, asked.country)
    before = count(request.reader, was)
    codes = [code for of, code in groups() if of == asked.edition]
    return render(
        request,
        "statistics/vintages.html",
        {
            "asked": asked,
            "earlier": earlier,
            "labels": [groups()[asked.edition, code].name for code in codes] + [_("not known")],
            "lines": _compared(before, after, codes, asked.edition),
        },
    )


def _compared(
    before: Figures, after: Figures, codes: list[str], edition: str
) -> list[dict[str, Any]]:
    """Numbers of each year on both days."""
    tables = [table_of("groups", rows, edition) for rows in (before, after)]
    found: list[dict[str, Any]] = []
    for at, year in enumerate(after.years):
        pairs = []
        for code in (*codes, UNKNOWN):
            was, now = (
                table.rows[at][table.keys.index(code)] if code in table.keys else 0
                for table in tables
            )
            pairs.append({"was": was, "now": now, "changed": was != now})
        found.append({"year": year, "pairs": pairs})
    return found


@require_GET
def series(request: ReaderRequest) -> HttpResponse:
    """The yearly series of the ITDB, for comparison."""
    table = itdb.series()
    section = section_of("groups", table, itdb.EDITION)
    return render(
        request,
        "statistics/series.html",
        {"shown": _shown(section), "vintage": itdb.VINTAGE, "total": sum(section.table.totals)},
    )


@require_GET
def sheet_list(request: ReaderRequest) -> HttpResponse:
    """Fact sheets."""
    rows = list(sheets_for(request.reader)[:SHEETS_SHOWN])
    return render(
        request,
        "statistics/sheets.html",
        {
            "sheets": [(row, is_approved(row)) for row in rows],
            "today": request.reader.at.date(),
            "last_year": request.reader.at.year - 1,
            "editions": sorted({of for of, _code in groups()}, reverse=True),
            "may_write": may(request.reader, "statistics.write"),
        },
    )


@require_POST
def sheet_make(request: ReaderRequest) -> HttpResponse:
    """Count, and keep the numbers as a sheet."""
    try:
        asked = Asked.of(request.POST, request.reader.at.date())
        row = make_sheet(request.reader, asked)
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect("statistics:sheets")
    messages.success(request, _("The numbers are kept as they are now."))
    return redirect(row)


@require_GET
def sheet(request: ReaderRequest, pk: str) -> HttpResponse:
    """One sheet: its numbers, its files, who approved it."""
    row = get_object_or_404(sheets_for(request.reader), pk=pk)
    approved = is_approved(row)
    mine = row.originator_id == request.reader.person.organisation_id
    return render(
        request,
        "statistics/sheet.html",
        {
            "sheet": row,
            "level_name": Level(row.level).label,
            "approved": approved,
            "approvals": row.approvals.select_related("by"),
            "languages": LANGUAGES,
            "own": row.created_by_id == request.reader.person.pk,
            "may_publish": mine and may(request.reader, "statistics.publish"),
        },
    )


@require_POST
def sheet_approve(request: ReaderRequest, pk: str) -> HttpResponse:
    """Approve the published form, or take that back."""
    row = get_object_or_404(sheets_for(request.reader), pk=pk)
    wanted = request.POST.get("approved") == "yes"
    try:
        approve(request.reader, row, approved=wanted, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        done = _("Approved for publication.") if wanted else _("The approval is taken back.")
        messages.success(request, done)
    return redirect(row)


@require_GET
def sheet_pdf(request: ReaderRequest, pk: str, form: str, language: str) -> HttpResponse:
    """A sheet to print, in full or as it may be published."""
    row = get_object_or_404(sheets_for(request.reader), pk=pk)
    if language not in LANGUAGES or form not in {"full", "public"}:
        raise Http404
    document = sheet_document(
        row, language, public=form == "public", approved_by_two=is_approved(row)
    )
    content = typeset(document)
    with transaction.atomic():
        record(
            actor=request.reader.person,
            action="statistics.export",
            subject=row,
            after={"form": form, "language": language},
        )
    answer = HttpResponse(content, content_type="application/pdf")
    name = f"fact-sheet-{row.year}-{row.known_on}-{form}-{language}.pdf"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _shown(section: Section) -> dict[str, Any]:
    table = section.table
    lines = [
        {"year": year, "counts": counts, "total": sum(counts)}
        for year, counts in zip(table.years, table.rows, strict=True)
    ]
    bars = stacked_bars(section.name, table.years, section.labels, table.rows)
    # bars of what may be counted twice would add up to more than there are
    return {"section": section, "lines": lines, "bars": None if table.several else bars}


def _shares(rows: Figures) -> list[dict[str, Any]]:
    transport, recovered, times = rows.transport(), rows.recovered(), rows.recovery_days()
    delay = median_interval(rows.delays())
    unknown = _("nothing is known")
    share = _("{p} % ({part} of {whole} of which it is known; 95 %: {low} to {high} %)")
    found = []
    for label, one in (
        (_("Thefts and losses in transport"), transport),
        (_("Thefts and losses after which all came back"), recovered),
    ):
        text = unknown
        if one.value is not None:
            text = share.format(
                p=rounded(100 * one.value),
                part=one.part,
                whole=one.whole,
                low=rounded(100 * (one.low or 0.0)),
                high=rounded(100 * (one.high or 0.0)),
            )
        found.append({"label": label, "text": text})
    median = times.median
    text = _("not reached: fewer than half have come back") if times.ended or times.open else ""
    if median is not None:
        text = _("{n} days").format(n=rounded(median))
    if text:
        about = _("by Kaplan and Meier: {over} over, {open} still missing").format(
            over=len(times.ended), open=len(times.open)
        )
        text = f"{text} ({about})"
    found.append({"label": _("Median time to recovery"), "text": text or unknown})
    text = unknown
    if delay is not None:
        text = _("{n} days (95 %: {low} to {high}; {k} incidents)").format(
            n=rounded(delay.value),
            low=rounded(delay.low),
            high=rounded(delay.high),
            k=len(rows.delays()),
        )
    found.append({"label": _("Median delay of reports"), "text": text})
    return found
