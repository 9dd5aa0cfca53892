"""Hearing of what is new: the tables that only grow are read on from where they were left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from tocsin.server.alarms.facts import Kind as AlarmKind
from tocsin.server.alarms.models import AlarmEvent
from tocsin.server.incidents.models import IncidentStatement, ObjectIncident, ObjectStatement
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Transaction
from tocsin.server.tracing.describing import ALARM, OBJECT, SOURCE
from tocsin.server.tracing.models import Tail
from tocsin.server.tracing.services.comparing import ask

MOST_ROWS = 2_000
AGAIN = 200
"""Rows before the last one that are read again: one with a lower number may be committed later."""
TELLING = frozenset(
    {
        AlarmKind.RAISED,
        AlarmKind.MEASURED,
        AlarmKind.INNOCENT,
        AlarmKind.FALSE,
        AlarmKind.EQUIPMENT_FAULT,
        AlarmKind.REOPENED,
        AlarmKind.CONFIRMED,
    }
)
STEPS = frozenset(
    {Kind.LOSS, Kind.THEFT, Kind.RECOVERY, Kind.FIND, Kind.CORRECTION, Kind.WITHDRAWAL}
)
SIDES = frozenset({"kind", "status", "interval", "place", "position"})
"""What of an incident makes its objects found or missing, where and when."""
BULK = "notices:"
"""Origin of what an import of public notices wrote: it compares all of it itself."""


@dataclass(frozen=True, slots=True)
class _Followed:
    name: str
    rows: Callable[[], models.QuerySet[Any]]
    kind: str
    column: str
    at: str


FOLLOWED = (
    _Followed(
        "alarms",
        lambda: AlarmEvent.objects.filter(kind__in=TELLING),
        ALARM,
        "alarm_id",
        "recorded_at",
    ),
    _Followed(
        "register", lambda: Transaction.objects.filter(kind__in=STEPS), SOURCE, "source_id", "at"
    ),
    _Followed(
        "objects",
        lambda: ObjectStatement.objects.exclude(origin__startswith=BULK),
        OBJECT,
        "object_id",
        "recorded_at",
    ),
    _Followed(
        "ties",
        lambda: ObjectIncident.objects.exclude(object__statements__origin__startswith=BULK),
        OBJECT,
        "object_id",
        "recorded_at",
    ),
    _Followed(
        "incidents",
        lambda: IncidentStatement.objects.filter(
            field__in=SIDES, incident__with_objects__isnull=False
        ).exclude(origin__startswith=BULK),
        OBJECT,
        "incident__with_objects__object_id",
        "recorded_at",
    ),
)


def follow(_at: dt.datetime) -> int:
    """Ask for every row about which something new was written; a step of the timer process."""
    return sum(_follow(followed) for followed in FOLLOWED)


def _follow(followed: _Followed) -> int:
    tail, _made = Tail.objects.get_or_create(name=followed.name)
    rows = followed.rows().order_by("id")
    last = rows.model._default_manager.order_by("-id").values_list("id", flat=True).first()
    if last is None or last == tail.upto:
        return 0
    fresh = list(
        rows.filter(id__gt=max(0, tail.upto - AGAIN), id__lte=last).values_list(
            "id", followed.column, followed.at
        )[: MOST_ROWS + AGAIN]
    )
    for _pk, row, at in fresh:
        ask(followed.kind, row, at)
    full = len(fresh) == MOST_ROWS + AGAIN
    Tail.objects.filter(pk=tail.pk).update(upto=fresh[-1][0] if full else last)
    return 1
