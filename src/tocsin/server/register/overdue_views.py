"""The page of what is overdue, and its table."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tocsin.server.access import ReaderRequest
from tocsin.server.duties.names import VERIFICATIONS, amount_of
from tocsin.server.exports import csv_of_rows
from tocsin.server.register.beyond import tabs_for
from tocsin.server.register.clocks import APPLIED, law_of
from tocsin.server.register.life_line import title_of
from tocsin.server.register.overdue import KINDS, counts, late_reports, overdue
from tocsin.server.register.reading import source_figures_for, sources_for

MOST_SHOWN = 50
LATE_DAYS = 365
"""How far back late reports are shown: a year, as the register is reconciled once a year."""


@require_GET
def overdue_page(request: ReaderRequest) -> HttpResponse:
    """Sources with something overdue by kind, and reports that came late."""
    reader, today = request.reader, request.reader.at.date()
    numbers = counts(source_figures_for(reader), today)
    kinds = []
    for name, kind in KINDS.items():
        rows = sources_for(reader).filter(kind.condition(today)).order_by(kind.since, "pk")
        shown = list(rows[:MOST_SHOWN]) if numbers[name] else []
        kinds.append(
            {
                "name": name,
                "label": kind.label,
                "count": numbers[name],
                "rows": [(row, getattr(row, kind.since)) for row in shown],
            }
        )
    late = late_reports(reader, source_figures_for(reader), LATE_DAYS)
    return render(
        request,
        "register/overdue.html",
        {
            "kinds": kinds,
            "late": late[:MOST_SHOWN],
            "late_count": late.count(),
            "most": MOST_SHOWN,
            "laws": _laws(request),
            "tabs": tabs_for(reader),
        },
    )


@require_GET
def overdue_csv(request: ReaderRequest) -> HttpResponse:
    """The same as a table: a row for each kind of each source."""
    reader, today = request.reader, request.reader.at.date()
    rows = sources_for(reader).filter(overdue(today)).order_by("pk")
    # which kinds a row is of is no second reading of it
    figures = source_figures_for(reader)
    found = {
        name: set(figures.filter(kind.condition(today)).values_list("pk", flat=True))
        for name, kind in KINDS.items()
    }
    return csv_of_rows(
        reader,
        "overdue",
        ("source", "title", "holder", *(f"{name}_since" for name in KINDS)),
        rows,
        lambda s: (
            s.name,
            s.title,
            s.holder.name,
            *(
                str(getattr(s, kind.since) or "") if s.pk in found[name] else ""
                for name, kind in KINDS.items()
            ),
        ),
        action="register.export",
    )


def _laws(request: ReaderRequest) -> list[dict[str, Any]]:
    """Periods that the register applies here, with their source and how far they were checked."""
    law = law_of(request.reader.person.organisation, request.reader.realm)
    if law is None:
        return []
    return [
        {
            "title": title_of(duty),
            "period": amount_of(duty.period),
            "source": duty.source,
            "verification": VERIFICATIONS[duty.verification],
            "checked": duty.verification == "read",
        }
        for duty in law.duties.values()
        if duty.starts in APPLIED
    ]
