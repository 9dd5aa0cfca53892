"""The way in for devices: from the web server to the database, past what only people need.

Hundreds of small messages a second would spend most of their time in sessions, languages and
cookies. What lets a device in is its signature, which is checked behind this door as everywhere.
Messages of one moment are written together (:mod:`gathering`), by one thread, alarms first.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from django.db import close_old_connections

from tocsin.errors import ParseError
from tocsin.field.envelope import open_envelope
from tocsin.server.ingest.gathering import Outcome, receive_many
from tocsin.server.ingest.pressure import Pressure, Quotas
from tocsin.server.ingest.receiving import MOST_BYTES, Receipt, Refused
from tocsin.server.ingest.shedding import say_shed, say_turned_away
from tocsin.server.problems import problem

PATH = "/api/1/ingest"
GROUP = 64
"""Messages in one transaction: an alarm never waits for more."""
MOST_WAITING_BYTES = 64 << 20
"""Of alarms: a thousand times what a group of true ones weighs. What claims to be an alarm and is
none must not fill the memory before its signature is looked at."""
LOOK_S = 1.0
HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(slots=True)
class Waiting:
    """A message that waits to be written."""

    raw: bytes
    device: str
    since_s: float
    done: Future[Outcome] = field(default_factory=Future)


class Gatherer:
    """Writes what waits, one group after the other, in a thread of its own.

    Parameters
    ----------
    write : callable
        Takes the envelopes of a group and gives what became of each.
    clock : callable
        Seconds of a clock that cannot be set.
    """

    def __init__(
        self,
        write: Callable[[Sequence[bytes]], list[Outcome]] = receive_many,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._clock = clock
        self._alarms: deque[Waiting] = deque()
        self._records: deque[Waiting] = deque()
        self._alarm_bytes = 0
        self._come = threading.Condition()
        self._thread: threading.Thread | None = None
        self._quotas = Quotas()
        self._pressure = Pressure()
        self._said: tuple[str, ...] = ()
        self._said_s = -LOOK_S
        self._turned_away: set[str] = set()
        self._first_look = True

    def submit(self, raw: bytes) -> Future[Outcome]:
        """Let a message wait for its turn; the answer comes when it is durable, or is refused."""
        try:
            header = open_envelope(raw).header
            lane, device = header.lane, header.device
        except ParseError:
            lane, device = "records", ""
        one = Waiting(raw, device, self._clock())
        # who hung up meanwhile takes nothing back: the thread must not stumble over it
        one.done.set_running_or_notify_cancel()
        with self._come:
            if lane == "alarms":
                refused = self._turn_away_alarm(one)
            else:
                refused = self._turn_away(one)
            if refused is not None:
                one.done.set_result(refused)
                return one.done
            if lane == "alarms":
                self._alarms.append(one)
                self._alarm_bytes += len(raw)
            else:
                self._records.append(one)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
                self._thread.start()
            self._come.notify()
        return one.done

    def _turn_away_alarm(self, one: Waiting) -> Refused | None:
        if self._alarm_bytes + len(one.raw) <= MOST_WAITING_BYTES:
            return None
        return Refused("busy", "too much comes at once: try again", status=503, final=False)

    def _turn_away(self, one: Waiting) -> Refused | None:
        if not self._quotas.allows(one.device, one.since_s):
            self._turned_away.add(one.device)
            return Refused(
                "quota", "this device sends more than its share", status=429, final=False
            )
        if not self._pressure.takes(len(self._records), one.since_s):
            self._turned_away.add(one.device)
            return Refused("busy", "too much comes at once: try again", status=503, final=False)
        return None

    def _run(self) -> None:
        while True:
            with self._come:
                if not self._alarms and not self._records:
                    self._come.wait(LOOK_S)
                group = self._next()
            if group:
                self._work(group)
            self._say()

    def _next(self) -> list[Waiting]:
        """Alarms alone, where there are any; else what waits longest."""
        waiting = self._alarms or self._records
        group = [waiting.popleft() for _ in range(min(GROUP, len(waiting)))]
        if waiting is self._alarms:
            self._alarm_bytes -= sum(len(one.raw) for one in group)
        return group

    def _work(self, group: Sequence[Waiting]) -> None:
        began_s = self._clock()
        try:
            close_old_connections()
            outcomes = self._write([one.raw for one in group])
        except Exception:
            # the database is away: nothing is acknowledged, the devices try again
            log.exception("messages could not be written")
            trouble = Refused("trouble", "this cannot be kept now", status=503, final=False)
            outcomes = [trouble for _ in group]
        ended_s = self._clock()
        with self._come:
            self._pressure.wrote(len(group), ended_s - began_s, began_s - group[0].since_s, ended_s)
            for one, outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, Receipt):
                    self._quotas.charge(one.device, len(one.raw), ended_s)
        for one, outcome in zip(group, outcomes, strict=True):
            one.done.set_result(outcome)

    def _say(self) -> None:
        """Say what is left undone when that changes, and of whom; at most once a second."""
        at_s = self._clock()
        if at_s - self._said_s < LOOK_S:
            return
        self._said_s = at_s
        with self._come:
            sheds = self._pressure.sheds(at_s)
            devices, self._turned_away = self._turned_away, set()
            turned_away = self._pressure.turned_away
            if "background" not in sheds:
                self._pressure.turned_away = 0
        try:
            # an earlier process may have gone without saying that all is well again
            if sheds != self._said or self._first_look:
                say_shed(sheds, turned_away)
                self._said, self._first_look = sheds, False
            if devices:
                say_turned_away(devices)
        except Exception:
            log.exception("what is left undone could not be said")


class Door:
    """Answers devices; everything else goes on to the application behind it.

    Parameters
    ----------
    application : callable
        ASGI application behind it.
    gatherer : Gatherer, optional
        Writes the messages.
    """

    def __init__(self, application: Application, gatherer: Gatherer | None = None) -> None:
        self._application = application
        self._gatherer = gatherer or Gatherer()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._application(scope, receive, send)
            return
        try:
            body = await _body(receive)
        except ConnectionError:
            return
        if body is None:
            await _answer(send, Refused("too_large", TOO_LARGE, status=413, final=True))
            return
        outcome = await asyncio.wrap_future(self._gatherer.submit(body))
        await _answer(send, outcome)


TOO_LARGE = "too large for a message"


def said_of(outcome: Outcome) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer."""
    if isinstance(outcome, Receipt):
        return 200, {"receipt": outcome.sha256, "through": outcome.through}
    said = problem(outcome.status, str(outcome))
    return outcome.status, said | {"refused": outcome.code if outcome.final else ""}


async def _body(receive: Receive) -> bytes | None:
    """The body; None where it is larger than a message may be.

    Raises
    ------
    ConnectionError
        Nobody waits for an answer any more.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the device hung up before its message was here")
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Send, outcome: Outcome) -> None:
    status, said = said_of(outcome)
    body = json.dumps(said).encode()
    length = (b"content-length", str(len(body)).encode())
    headers = [*HEADERS, length]
    if status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body is not waited for
    if status in (429, 503):
        headers.append((b"retry-after", b"2"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
