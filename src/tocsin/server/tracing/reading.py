"""What a reader sees of candidates: never more than both sides' owners have opened."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet

from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, for_figures, visible
from tocsin.server.tracing.models import Candidate, CandidateState, Look

FOUND_KINDS = ("alarms.alarm", "register.source", "incidents.object")
"""Kinds of rows that stand on the found side."""
PROPOSED = ("link", "review")


def candidates_for(reader: Reader) -> QuerySet[Candidate]:
    """Candidates that a reader may see.

    A candidate tells of both sides: its own mark is that of both together, its originator is that
    of what is missing, and who may not see what was found does not see it either.
    """
    return visible(reader, Candidate.objects.all()).filter(_found_seen(reader))


def candidate_figures_for(reader: Reader) -> QuerySet[Candidate]:
    """The same for counts."""
    return for_figures(reader, Candidate.objects.all()).filter(_found_seen(reader))


def _found_seen(reader: Reader) -> Q:
    seen = Q()
    for kind in FOUND_KINDS:
        model = apps.get_model(kind)
        rows = for_figures(reader, model._default_manager.all())
        seen |= Q(found_kind=kind, found_id__in=rows.order_by().values("pk"))
    return seen


def about(rows: QuerySet[Candidate], row: Marked) -> QuerySet[Candidate]:
    """Candidates in which a row is one of the sides."""
    kind = row._meta.label_lower
    return rows.filter(Q(found_kind=kind, found_id=row.pk) | Q(lost_kind=kind, lost_id=row.pk))


def waits_for(keys: Collection[UUID]) -> bool:
    """Whether a candidate stands on one of these rows that nobody has refused."""
    here = Q(found_id__in=keys) | Q(lost_id__in=keys)
    held = (CandidateState.OPEN, CandidateState.ACCEPTED)
    return Candidate.objects.filter(here, state__in=held).exists()


def queue(rows: QuerySet[Candidate], zone: str = "", state: str = "") -> QuerySet[Candidate]:
    """What is to be looked at, links first, then by probability."""
    rows = rows.filter(state=state or CandidateState.OPEN)
    rows = rows.filter(zone=zone) if zone else rows.filter(zone__in=PROPOSED)
    return rows.order_by("zone", "-probability", "id")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a candidate as a page links it."""

    name: str
    address: str


def side_for(reader: Reader, kind: str, pk: UUID) -> Side | None:
    """The row of a side, if the reader may see it."""
    model = apps.get_model(kind)
    if not issubclass(model, Marked):
        return None
    row = visible(reader, model._default_manager.filter(pk=pk)).first()
    if row is None:
        return None
    address = getattr(row, "get_absolute_url", None)
    return Side(str(row), address() if address else "")


def look_at(row: Marked) -> Look | None:
    """When a row was last compared, and with how many."""
    return Look.objects.filter(row_kind=row._meta.label_lower, row_id=row.pk).first()
