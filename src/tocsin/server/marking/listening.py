"""Who listens to a stream: asked again at every beat.

A session that ended, a person shut out, a role taken away or too much reading ends a stream at its
next beat, well within five seconds.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import translation

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, may, reader_of
from tocsin.server.marking.reading import TooMuchReading


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


def listener_of(request: HttpRequest, reader: Reader) -> Listener:
    """Who asked for a stream."""
    return Listener(
        reader.person.pk,
        reader.realm,
        request.session.session_key or "",
        translation.get_language() or "en",
    )


def told_to(listener: Listener, needs: str, say: Callable[[Reader], str]) -> str | None:
    """What is said to a listener now, in the language of the page.

    Returns
    -------
    str or None
        None for who may not hear it any more.
    """
    close_old_connections()
    try:
        reader = _reader(listener)
        if reader is None or not may(reader, needs):
            return None
        with translation.override(listener.language):
            return say(reader)
    except TooMuchReading:
        return None
    finally:
        close_old_connections()


def _reader(listener: Listener) -> Reader | None:
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
    return reader if reader.realm == listener.realm else None


LOOK_S = 0.1
"""So often a stream that is woken looks whether it should be."""


async def beats(
    tell: Callable[[], str | None],
    beat_s: float,
    latest: Callable[[], object] | None = None,
) -> AsyncIterator[str]:
    """Events of a stream: what is told where it differs from before, else a sign of life.

    The stream ends with its own event once nothing may be told.

    Parameters
    ----------
    tell : callable
        What is told now; None where nothing may be.
    beat_s : float
        Time from one event to the next.
    latest : callable, optional
        Cheap to ask; when what it gives changes, the next event comes at once.
    """
    shown = ""
    asked = sync_to_async(latest) if latest is not None else None
    while True:
        # asked before telling: what comes in between wakes the stream again
        known = await asked() if asked is not None else None
        told = await sync_to_async(tell)()
        if told is None:
            yield "event: ended\ndata: ended\n\n"
            return
        if told != shown:
            shown = told
            lines = "".join(f"data: {line}\n" for line in told.splitlines())
            yield f"{lines}\n"
        else:
            yield "event: alive\ndata: alive\n\n"
        if asked is None:
            await asyncio.sleep(beat_s)
            continue
        ends_s = time.monotonic() + beat_s
        while (left_s := ends_s - time.monotonic()) > 0:
            await asyncio.sleep(min(LOOK_S, left_s))
            if await asked() != known:
                break


def stream_of(events: AsyncIterator[str]) -> StreamingHttpResponse:
    """The answer that carries events; nothing between server and browser may hold them back."""
    answer = StreamingHttpResponse(events, content_type="text/event-stream")
    answer["X-Accel-Buffering"] = "no"
    return answer
