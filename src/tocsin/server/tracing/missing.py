"""What is missing now: how dangerous it is today, since when, and what is done about it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from tocsin.nuclear import source_category
from tocsin.server.duties.reading import clocks_about
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.reading import incidents_for
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.life import MISSING
from tocsin.server.register.models import Source
from tocsin.server.register.reading import source_figures_for, sources_for
from tocsin.server.tracing.models import AlertSheet, CandidateState
from tocsin.server.tracing.reading import candidates_for
from tocsin.server.tracing.services.sheets import SOURCE
from tocsin.server.tracing.sheets import sheets_for

MOST_ROWS = 500
"""Missing sources on one page; who has more narrows by nuclide."""
WITHOUT_CATEGORY = 6
"""Rank of what has no category: below all that have one."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One source that is missing.

    Parameters
    ----------
    category : int or None
        Of today, by decay.
    ratio_A_over_D : float or None
        Of today.
    days : int
        Since it is missing.
    sheet : AlertSheet or None
        The valid one.
    incidents : tuple of Incident
        About it.
    running, late : int
        Legal clocks of these that run, and that ran out.
    candidates : int
        Open candidates for it.
    """

    source: Source
    category: int | None
    ratio_A_over_D: float | None
    days: int
    sheet: AlertSheet | None
    incidents: tuple[Incident, ...]
    running: int
    late: int
    candidates: int

    @property
    def clocks(self) -> str:
        """State of the legal clocks in words."""
        if not self.running:
            return _("no clock runs")
        words = _("{n} running").format(n=self.running)
        return words + (", " + _("{n} of them ran out").format(n=self.late) if self.late else "")

    def danger(self) -> tuple[int, float, int]:
        """The gravest first, then the longest missing."""
        return (self.category or WITHOUT_CATEGORY, -(self.ratio_A_over_D or 0.0), -self.days)


def missing_sources(reader: Reader, nuclide: str = "") -> QuerySet[Source]:
    """Lost and stolen sources that a reader may see."""
    rows = sources_for(reader).filter(status__in=MISSING)
    return rows.filter(nuclides__icontains=nuclide) if nuclide else rows


def missing_now(reader: Reader, nuclide: str = "") -> list[Missing]:
    """What is missing, the most dangerous first.

    The category that the register keeps sorts what is read; that of today is computed anew.
    """
    rows = missing_sources(reader, nuclide).order_by("category", "-ratio_A_over_D", "since", "id")
    return described(reader, list(rows[:MOST_ROWS]))


def described(reader: Reader, sources: list[Source]) -> list[Missing]:
    """Sources with category of today, sheets, incidents, clocks and candidates."""
    today = reader.at.date()
    pks = [source.pk for source in sources]
    sheets = {
        sheet.row_id: sheet
        for sheet in sheets_for(reader).filter(row_kind=SOURCE, row_id__in=pks, end=None)
    }
    incidents = _incidents(reader, pks)
    candidates = dict(
        candidates_for(reader)
        .filter(lost_kind=SOURCE, lost_id__in=pks, state=CandidateState.OPEN)
        .exclude(zone="none")
        .order_by()
        .values_list("lost_id")
        .annotate(n=Count("id"))
        if may(reader, "tracing.read")
        else ()
    )
    found = [
        _one(reader, source, today, sheets, incidents[source.pk], candidates.get(source.pk, 0))
        for source in sources
    ]
    return sorted(found, key=Missing.danger)


def _one(
    reader: Reader,
    source: Source,
    today: dt.date,
    sheets: dict[UUID, AlertSheet],
    incidents: list[Incident],
    candidates: int,
) -> Missing:
    judged = source_category(source.activities(), on=today)
    running = late = 0
    for incident in incidents:
        for clock in clocks_about(reader, incident).filter(end=None):
            running += 1
            late += clock.due_at <= reader.at
    return Missing(
        source=source,
        category=judged.category,
        ratio_A_over_D=judged.ratio_A_over_D,
        days=max(0, (today - source.since).days),
        sheet=sheets.get(source.pk),
        incidents=tuple(incidents),
        running=running,
        late=late,
        candidates=candidates,
    )


def _incidents(reader: Reader, pks: Iterable[UUID]) -> dict[UUID, list[Incident]]:
    found: dict[UUID, list[Incident]] = defaultdict(list)
    if may(reader, "incidents.read"):
        for incident in incidents_for(reader).filter(source_id__in=list(pks)):
            if incident.source_id is not None:
                found[incident.source_id].append(incident)
    return found


def missing_figures(reader: Reader) -> dict[str, Any]:
    """How much is missing and how much of it is dangerous, for the home page."""
    rows = source_figures_for(reader).filter(status__in=MISSING)
    oldest = rows.order_by("since").values_list("since", flat=True).first()
    return {
        "missing": rows.count(),
        "grave": rows.filter(category__lte=3).count(),
        "days": None if oldest is None else max(0, (reader.at.date() - oldest).days),
    }
