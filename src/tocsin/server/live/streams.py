"""The stream of alarms: numbers at once when they change, a sign of life every two seconds.

At every beat the stream asks again who listens: a session that ended, a person shut out or a role
taken away ends it, well within five seconds.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.db import close_old_connections
from django.http import HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import State
from tocsin.server.alarms.models import Alarm
from tocsin.server.clock import now
from tocsin.server.marking.policy import may, reader_of, visible
from tocsin.server.marking.reading import TooMuchReading

BEAT_S = 2.0
NEEDS = "alarms.read"


@dataclass(frozen=True)
class Listener:
    """Who listens, as far as it must be asked again.

    Parameters
    ----------
    person : UUID
        Who signed in.
    realm : str
        Realm of the page; the stream never tells of another.
    session : str
        Key of the session.
    language : str
        Language of the page.
    """

    person: uuid.UUID
    realm: str
    session: str
    language: str


async def alarms(request: ReaderRequest) -> HttpResponseBase:
    """Numbers of the alarms that the reader may see, as they change."""
    reader = request.reader
    listener = Listener(
        reader.person.pk,
        reader.realm,
        request.session.session_key or "",
        translation.get_language() or "en",
    )
    answer = StreamingHttpResponse(events(listener), content_type="text/event-stream")
    answer["X-Accel-Buffering"] = "no"
    return answer


async def events(listener: Listener, beat_s: float = BEAT_S) -> AsyncIterator[str]:
    """Events until the listener may listen no more."""
    shown = ""
    while True:
        told = await sync_to_async(fragment)(listener)
        if told is None:
            yield "event: ended\ndata: ended\n\n"
            return
        if told != shown:
            shown = told
            lines = "".join(f"data: {line}\n" for line in told.splitlines())
            yield f"{lines}\n"
        else:
            yield "event: alive\ndata: alive\n\n"
        await asyncio.sleep(beat_s)


def fragment(listener: Listener) -> str | None:
    """What the page shows now; None for who may not see it any more."""
    close_old_connections()
    try:
        if not Session.objects.filter(pk=listener.session, expire_date__gt=now()).exists():
            return None
        person = (
            Person.objects.select_related("organisation")
            .filter(pk=listener.person, is_active=True)
            .first()
        )
        if person is None:
            return None
        reader = reader_of(person, realm=listener.realm)
        if reader.realm != listener.realm or not may(reader, NEEDS):
            return None
        rows = visible(reader, Alarm.objects.exclude(state=State.CLOSED))
        values = {
            "open": rows.count(),
            "unacknowledged": rows.filter(state=State.RAISED).count(),
            "overdue": rows.filter(timer_due_at__lte=now()).count(),
            "newest": rows.order_by("-raised_at").first(),
        }
        with translation.override(listener.language):
            return render_to_string("live/alarms.html", values).strip()
    except TooMuchReading:
        return None
    finally:
        close_old_connections()
