"""The stream of alarms: numbers at once when they change, a sign of life every two seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from django.db.models import Count, Q
from django.http import HttpResponseBase
from django.template.loader import render_to_string

from tocsin.server.access import ReaderRequest
from tocsin.server.alarms.facts import State
from tocsin.server.alarms.models import Alarm, AlarmEvent
from tocsin.server.clock import now
from tocsin.server.marking.listening import (
    Latest,
    Listener,
    beats,
    listener_of,
    stream_of,
    told_to,
)
from tocsin.server.marking.policy import Reader, visible

BEAT_S = 2.0
NEEDS = "alarms.read"
AT_ONCE = 64
"""Steps that may be written at one moment by several connections, and come in any order."""


async def alarms(request: ReaderRequest) -> HttpResponseBase:
    """Numbers of the alarms that the reader may see, as they change."""
    return stream_of(events(listener_of(request, request.reader)))


def events(listener: Listener, beat_s: float = BEAT_S) -> AsyncIterator[str]:
    """Events until the listener may listen no more; what happens to an alarm is told at once."""
    return beats(partial(told_to, listener, NEEDS, fragment), beat_s, LATEST)


def _last_step() -> object:
    # on PostgreSQL a number is given before the end of its transaction: a lower one may come later
    return tuple(AlarmEvent.objects.order_by("-pk").values_list("pk", flat=True)[:AT_ONCE])


LATEST = Latest(_last_step)


def fragment(reader: Reader) -> str:
    """What the page shows now."""
    rows = visible(reader, Alarm.objects.exclude(state=State.CLOSED))
    values = rows.aggregate(
        open=Count("pk"),
        unacknowledged=Count("pk", filter=Q(state=State.RAISED)),
        overdue=Count("pk", filter=Q(timer_due_at__lte=now())),
    )
    values["newest"] = rows.order_by("-raised_at").first()
    return render_to_string("live/alarms.html", values).strip()
