"""What a reader sees of oversight: inspections, findings, discrepancies, reconciliations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Count, F, Max, Q, QuerySet

from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, visible
from tocsin.server.oversight.models import (
    Campaign,
    Confirmation,
    Discrepancy,
    Finding,
    FindingStep,
    Inspection,
    InspectionStep,
    Item,
    Part,
    Reconciliation,
    Seen,
)
from tocsin.server.register.models import Source

Row = TypeVar("Row", bound=Marked)


def _concerning(reader: Reader, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Visible rows of the own register, or of a holder that the reader works for now."""
    own = reader.person.organisation_id
    return visible(reader, rows).filter(Q(originator=own) | Q(holder__organisation=own))


def inspections_for(reader: Reader) -> QuerySet[Inspection]:
    """Inspections that a reader may see."""
    return _concerning(reader, Inspection.objects.select_related("holder", "inspector"))


def findings_for(reader: Reader) -> QuerySet[Finding]:
    """Findings that a reader may see, what is due first."""
    return _concerning(reader, Finding.objects.select_related("holder", "inspection"))


def late_findings(rows: QuerySet[Finding], today: dt.date) -> QuerySet[Finding]:
    """Those whose corrective action is overdue: not yet verified, after the day."""
    return rows.exclude(state=FindingStep.CLOSED).filter(due_on__lt=today)


def discrepancies_for(reader: Reader) -> QuerySet[Discrepancy]:
    """Discrepancies that a reader may see."""
    rows = Discrepancy.objects.select_related("holder", "source", "settlement__by", "part")
    return _concerning(reader, rows)


def reconciliations_for(reader: Reader) -> QuerySet[Reconciliation]:
    """Reconciliations of the own register."""
    own = reader.person.organisation_id
    return visible(reader, Reconciliation.objects.select_related("closed_by")).filter(
        originator=own
    )


def parts_for(reader: Reader) -> QuerySet[Any]:
    """What holders are asked, as far as the reader may see it; with the counts of answers."""
    rows: QuerySet[Any] = Part.objects.select_related(
        "holder", "reconciliation", "completed_by", "originator", "asked"
    )
    unsettled = Count("discrepancies", filter=Q(discrepancies__settlement=None), distinct=True)
    counted: QuerySet[Any] = _concerning(reader, rows).annotate(
        asked_of=Count("items", distinct=True),
        said_here=Count("items", filter=Q(items__here=True), distinct=True),
        said_not=Count("items", filter=Q(items__here=False), distinct=True),
        unsettled=unsettled,
    )
    return counted


def campaigns_for(reader: Reader) -> QuerySet[Campaign]:
    """Search campaigns of the own register."""
    rows = visible(reader, Campaign.objects.select_related("closed_by"))
    return rows.filter(originator=reader.person.organisation_id)


@dataclass(frozen=True, slots=True)
class ListedItem:
    """A source of a holder's list.

    Parameters
    ----------
    item : Item
    source : Source or None
        None where the reader does not see the source any more: it has another holder now.
    moved : bool
        Whether it has another holder now.
    last : Confirmation or None
        The latest answer.
    trouble : Discrepancy or None
        What is open about it.
    """

    item: Item
    source: Source | None
    moved: bool
    last: Confirmation | None
    trouble: Discrepancy | None


def items_seen(reader: Reader, part: Part) -> QuerySet[Item]:
    """Questions of a list about sources that a reader sees: of no other a name is told."""
    seen = visible(reader, Source.objects.all()).values("pk")
    return part.items.filter(source__in=seen).select_related("part__holder", "source")


def items_of(part: Part) -> QuerySet[Item]:
    """The questions of a list: first those without an answer, then what is not there."""
    return part.items.order_by(F("here").asc(nulls_first=True), "id")


def listed(reader: Reader, part: Part, rows: Iterable[Item]) -> list[ListedItem]:
    """Rows of a holder's list with their sources, as far as the reader may see them."""
    rows = list(rows)
    wanted = [item.source_id for item in rows]
    asked = Source.objects.filter(pk__in=wanted)
    seen = {s.pk: s for s in visible(reader, asked)}
    holders = dict(asked.values_list("pk", "holder_id"))
    confirmed = {
        c.item_id: c
        for c in Confirmation.objects.filter(item__in=rows).order_by("id").select_related("by")
    }
    open_ones = {
        d.source_id: d
        for d in discrepancies_for(reader).filter(part=part, source__in=wanted, settlement=None)
    }
    return [
        ListedItem(
            item,
            seen.get(item.source_id),
            holders.get(item.source_id) != part.holder_id,
            confirmed.get(item.pk),
            open_ones.get(item.source_id),
        )
        for item in rows
    ]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Figures of oversight for the home page.

    Parameters
    ----------
    late : int
        Corrective actions that are overdue.
    silent : int
        Holders that have not answered a reconciliation that is open.
    unsettled : int
        Discrepancies that are not settled.
    planned_late : int
        Inspections that were planned for a day that is over.
    unanswered : int
        Sources without an answer of the holders that the reader works for.
    """

    late: int
    silent: int
    unsettled: int
    planned_late: int
    unanswered: int


def numbers_for(reader: Reader) -> Numbers:
    """Figures of what a reader may see."""
    today = reader.at.date()
    parts = parts_of_open(reader)
    return Numbers(
        late=late_findings(findings_for(reader), today).count(),
        silent=parts.filter(completed_at=None).count(),
        unsettled=discrepancies_for(reader).filter(settlement=None).count(),
        planned_late=inspections_for(reader)
        .filter(state=InspectionStep.PLANNED, planned_on__lt=today)
        .count(),
        unanswered=Item.objects.filter(part__in=parts.values("pk"), here=None).count(),
    )


def parts_of_open(reader: Reader) -> QuerySet[Part]:
    """What holders are asked in reconciliations that are open."""
    return _concerning(reader, Part.objects.filter(reconciliation__closed_at=None))


@dataclass(frozen=True, slots=True)
class LastLooks:
    """When somebody last looked at a source.

    Parameters
    ----------
    seen : Seen or None
        At an inspection.
    confirmed : Confirmation or None
        By its holder.
    """

    seen: Seen | None
    confirmed: Confirmation | None


def last_looks(reader: Reader, source: Source) -> LastLooks:
    """When a source was last inspected and confirmed, as far as the reader may see it."""
    seen = Seen.objects.filter(source=source, inspection__in=inspections_for(reader).values("pk"))
    said = Confirmation.objects.filter(
        item__source=source,
        item__part__in=_concerning(reader, Part.objects.all()).values("pk"),
    )
    return LastLooks(seen.order_by("id").last(), said.order_by("id").last())


def last_done(rows: QuerySet[Inspection]) -> dict[Any, dt.date]:
    """Day of the last inspection by holder."""
    done = rows.filter(state=InspectionStep.DONE).order_by()
    return dict(done.values_list("holder").annotate(last=Max("done_on")))
