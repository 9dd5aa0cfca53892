"""Messages of a survey by the numbers of their records, found by the index.

The messages of a lane do not overlap, so that in the order of their first numbers they are in the
order of their last ones too. A survey may hold many thousands: a question about its end must not
read its beginning.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from tocsin.server.ingest.models import Batch, LiveSurvey


def after(survey: UUID, number: int) -> QuerySet[Batch]:
    """Messages that begin after a record, in their order.

    Parameters
    ----------
    survey : UUID
        Survey.
    number : int
        Number of a record that is not inside a message, or with which one ends; -1 for all.
    """
    return Batch.objects.filter(survey=survey, first__gt=number).order_by("first")


def holding(survey: UUID, first: int, last: int) -> QuerySet[Batch]:
    """Messages that hold any of these records, in their order.

    Parameters
    ----------
    survey : UUID
        Survey.
    first, last : int
        Numbers of records, both included.
    """
    own = Batch.objects.filter(survey=survey)
    # the one that holds the first of them, if any does, begins at it or before
    begins = own.filter(first__lte=first).order_by("-first").values("first")[:1]
    return own.filter(
        first__gte=Coalesce(Subquery(begins), Value(first)), first__lte=last, last__gte=first
    ).order_by("first")


def with_a_gap(surveys: Collection[UUID]) -> QuerySet[LiveSurvey]:
    """Those of these surveys that hold messages although others before them are missing."""
    behind = Batch.objects.filter(survey=OuterRef("pk"), first__gt=OuterRef("records_through"))
    return LiveSurvey.objects.filter(Exists(behind), pk__in=surveys).order_by()
