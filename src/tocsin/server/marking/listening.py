"""Who listens to a stream: asked again at every beat.

A session that ended, a person shut out, a role taken away or too much reading ends a stream at its
next beat, well within five seconds.
"""

from __future__ import annotations

import asyncio
import threading
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


LOOK_S = 0.05
"""So often a stream that is woken looks whether it should be."""


class Latest:
    """What wakes streams: asked of the database once for all who listen.

    Parameters
    ----------
    ask : callable
        Asks the database.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._known: object = None
        self._until_s = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> object:
        """What is known, asked again where it is older than :data:`LOOK_S`."""
        with self._lock:
            at_s = time.monotonic()
            if at_s >= self._until_s:
                self._known = self._ask()
                self._until_s = at_s + 0.9 * LOOK_S
            return self._known

    async def known(self) -> object:
        """The same without holding up the loop: only who finds it old waits for a thread."""
        if time.monotonic() < self._until_s:
            return self._known
        return await sync_to_async(self)()


async def beats(
    tell: Callable[[], str | None],
    beat_s: float,
    latest: Latest | None = None,
) -> AsyncIterator[str]:
    """Events of a stream: what is told where it differs from before, else a sign of life.

    The stream ends with its own event once nothing may be told.

    Parameters
    ----------
    tell : callable
        What is told now; None where nothing may be.
    beat_s : float
        Time from one event to the next.
    latest : Latest, optional
        When what it gives changes, the next event comes at once.
    """
    shown = ""
    while True:
        # asked before telling: what comes in between wakes the stream again
        known = await latest.known() if latest is not None else None
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
        if latest is None:
            await asyncio.sleep(beat_s)
            continue
        ends_s = time.monotonic() + beat_s
        while (left_s := ends_s - time.monotonic()) > 0:
            await asyncio.sleep(min(LOOK_S, left_s))
            if await latest.known() != known:
                break


def stream_of(events: AsyncIterator[str]) -> StreamingHttpResponse:
    """The answer that carries events; nothing between server and browser may hold them back."""
    answer = StreamingHttpResponse(events, content_type="text/event-stream")
    answer["X-Accel-Buffering"] = "no"
    return answer
