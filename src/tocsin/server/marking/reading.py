"""The limit on reading in bulk: a stolen account must not carry the database away.

Every row that the policy opens to a person and that a query brings is counted, the same row once
in ten minutes. Beyond the limit nothing more is shown for a while, and the log tells of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Sum

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.models import Reading

WINDOW = timedelta(minutes=10)
MOST_ROWS = 500
"""Rows in ten minutes: the proposal beside ASVS 5.0 2.4.1; people read far fewer."""
KEPT = timedelta(days=30)


class TooMuchReading(Exception):
    """More rows were asked for in a short time than a person reads."""


def tally_of(person: Person) -> Callable[[type[models.Model], list[Any]], None]:
    """What a query calls with the rows it has brought for a person."""

    def tally(model: type[models.Model], rows: list[Any]) -> None:
        count_reading(person, model._meta.label_lower, rows)

    return tally


def count_reading(person: Person, noun: str, rows: list[Any]) -> None:
    """Count rows that a person is about to be shown.

    Raises
    ------
    TooMuchReading
        Beyond the limit; before anything is shown.
    """
    at = now()
    since = at - WINDOW
    ids = {row_id for row in rows if (row_id := _id_of(row)) is not None}
    nameless = sum(_id_of(row) is None for row in rows)
    recent = Reading.objects.filter(person=person, at__gt=since)
    known = set(recent.filter(noun=noun, row_id__in=ids).values_list("row_id", flat=True))
    fresh = ids - known
    if not fresh and not nameless:
        return
    before = recent.aggregate(n=Sum("rows"))["n"] or 0
    if before + len(fresh) + nameless > MOST_ROWS:
        _report(person, before, at)
        raise TooMuchReading
    entries = [Reading(person=person, noun=noun, row_id=row_id, at=at) for row_id in fresh]
    if nameless:
        entries.append(Reading(person=person, noun=noun, row_id=None, rows=nameless, at=at))
    Reading.objects.bulk_create(entries)


def _report(person: Person, rows: int, at: datetime) -> None:
    told = Leaf.objects.filter(
        action="marking.bulk_reading", subject_id=str(person.pk), at__gt=at - WINDOW
    ).exists()
    if not told:
        # its own transaction if the page has none: the report outlives the refused page
        with transaction.atomic():
            record(
                actor="system:marking",
                action="marking.bulk_reading",
                subject=person,
                after={"rows": rows, "minutes": WINDOW.total_seconds() / 60.0},
                reason="more rows than a person reads; reading is stopped for a while",
            )


def forget_old(at: datetime) -> int:
    """Take away what is older than is kept; a step of the timers."""
    return Reading.objects.filter(at__lt=at - KEPT).delete()[0]


def _id_of(row: Any) -> uuid.UUID | None:
    found = row.get("id", row.get("pk")) if isinstance(row, dict) else getattr(row, "pk", None)
    return found if isinstance(found, uuid.UUID) else None
