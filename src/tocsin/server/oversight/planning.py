"""Which holder is to be inspected next, and why: an order that says its reasons, without weights.

First stand holders of which something tells that all is not well, then those whose interval is
over, then the graver category, then who waits longest. The intervals are defaults of Tocsin
(``data/intervals.csv``), to be set by the State; they follow no law.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.server.duties.calendars import WorkCalendar
from tocsin.server.duties.deadlines import Period, Unit
from tocsin.server.marking.policy import Reader, for_figures
from tocsin.server.oversight.goals import intervals
from tocsin.server.oversight.models import InspectionStep
from tocsin.server.oversight.reading import (
    discrepancies_for,
    findings_for,
    inspections_for,
    last_done,
    late_findings,
)
from tocsin.server.register.life import HELD, MISSING
from tocsin.server.register.models import Holder
from tocsin.server.register.reading import holders_for, source_figures_for

UTC = WorkCalendar(country="", zone="UTC")
LEAST_GRAVE = 9
"""Stands behind every category."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A holder in the order of inspection.

    Parameters
    ----------
    holder : Holder
    category : int or None
        Gravest of its sources, each for itself.
    sources : int
        Held.
    last : date or None
        Last inspection.
    due : date or None
        By the interval of its category; None where it has no category.
    planned_on : date or None
        Next inspection that is planned.
    late : bool
        Whether the interval is over.
    reasons : tuple of str
        Why it stands where it stands.
    """

    holder: Holder
    category: int | None
    sources: int
    last: dt.date | None
    due: dt.date | None
    planned_on: dt.date | None
    late: bool
    reasons: tuple[str, ...]


def candidates(reader: Reader) -> list[Candidate]:
    """Holders of the own register that have sources, what is to be inspected first at the top.

    The order looks at all holders, which is no reading; who shows them reads them (``read``).
    """
    today = reader.at.date()
    own = reader.person.organisation_id
    figures = source_figures_for(reader).filter(originator=own).order_by()
    held = figures.filter(status__in=HELD)
    grave = dict(held.values_list("holder").annotate(least=Min("category")))
    number = _counted(held)
    missing = _counted(figures.filter(status__in=MISSING))
    overdue = _counted(late_findings(findings_for(reader), today))
    unsettled = _counted(discrepancies_for(reader).filter(settlement=None))
    inspections = inspections_for(reader)
    last = last_done(inspections)
    planned = dict(
        inspections.filter(state=InspectionStep.PLANNED)
        .order_by()
        .values_list("holder")
        .annotate(first=Min("planned_on"))
    )
    holders = for_figures(reader, Holder.objects.filter(originator=own))
    found = []
    for holder in holders:
        pk = holder.pk
        if pk not in number and pk not in missing:
            continue
        category = grave.get(pk)
        due = _due(category, last.get(pk), holder.created_at.date())
        signs = _signs(missing.get(pk, 0), overdue.get(pk, 0), unsettled.get(pk, 0))
        late = due is not None and due <= today
        candidate = Candidate(
            holder,
            category,
            number.get(pk, 0),
            last.get(pk),
            due,
            planned.get(pk),
            late,
            (*signs, *_interval(category, last.get(pk), due, late=late)),
        )
        found.append((not signs, not late, category or LEAST_GRAVE, due or dt.date.max, candidate))
    found.sort(key=lambda row: row[:4])
    return [row[4] for row in found]


def read(reader: Reader, rows: Iterable[Candidate]) -> list[Candidate]:
    """The candidates that a page shows, counted as read."""
    shown = list(rows)
    list(holders_for(reader).filter(pk__in=[row.holder.pk for row in shown]))
    return shown


def _counted(rows: QuerySet[Any]) -> dict[Any, int]:
    return dict(rows.order_by().values_list("holder").annotate(n=Count("pk")))


def _due(category: int | None, last: dt.date | None, known: dt.date) -> dt.date | None:
    if category is None:
        return None
    if last is None:
        return known
    start = dt.datetime.combine(last, dt.time(), tzinfo=dt.UTC)
    return Period(intervals()[category], Unit.MONTHS).due(start, UTC).date()


def _signs(missing: int, overdue: int, unsettled: int) -> list[str]:
    found = []
    if missing:
        text = ngettext("{n} source is missing", "{n} sources are missing", missing)
        found.append(text.format(n=missing))
    if overdue:
        text = ngettext(
            "{n} corrective action is overdue", "{n} corrective actions are overdue", overdue
        )
        found.append(text.format(n=overdue))
    if unsettled:
        text = ngettext(
            "{n} discrepancy is not settled", "{n} discrepancies are not settled", unsettled
        )
        found.append(text.format(n=unsettled))
    return found


def _interval(
    category: int | None, last: dt.date | None, due: dt.date | None, *, late: bool
) -> Iterable[str]:
    if category is None:
        yield _("no source with a category")
        return
    months = intervals()[category]
    if last is None:
        yield _("never inspected; category {c}").format(c=category)
    elif late:
        yield _("category {c}: every {n} months; the last was on {day}").format(
            c=category, n=months, day=last
        )
    else:
        yield _("category {c}: every {n} months; next by {day}").format(
            c=category, n=months, day=due
        )
