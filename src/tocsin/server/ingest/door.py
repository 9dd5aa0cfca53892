"""The way in for devices: from the web server to the database, past what only people need.

Hundreds of small messages a second would spend most of their time in sessions, languages and
cookies. What lets a device in is its signature, which is checked behind this door as everywhere.
Messages of one moment are written together (:mod:`gathering`), by one thread, alarms first. What
a message says of itself counts only after its signature: nobody without a key of a device comes
before who has one, uses up its share or has it told that it must wait.
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
from tocsin.field.envelope import Envelope, Header, open_envelope
from tocsin.server.ingest.gathering import Brought, Outcome, receive_many
from tocsin.server.ingest.keys import Keys
from tocsin.server.ingest.pressure import ALARM_BURST_BYTES, ALARM_BYTES_S, Pressure, Quotas
from tocsin.server.ingest.receiving import MOST_BYTES, Receipt, Refused
from tocsin.server.ingest.shedding import say_shed, say_turned_away
from tocsin.server.kept_connection import keep_connection
from tocsin.server.problems import problem

PATH = "/api/1/ingest"
GROUP = 64
"""Messages in one transaction: an alarm never waits for more."""
MOST_WAITING_BYTES = 64 << 20
"""Of alarms, and of records: a thousand times what a group of true ones weighs."""
MOST_ALARMS_OF_ONE_BYTES = 1 << 20
"""Of alarms of one device that wait, some hundreds: one that was stolen does not fill the lane."""
DOUBTFUL_GROUP = 4
"""Refused one by one: an alarm that comes meanwhile waits for no more of them."""
MOST_DOUBTFUL = 64
MOST_DOUBTFUL_BYTES = 16 << 20
"""Of messages that no known key signed: what comes beyond is turned away unread."""
DOUBT_S = 1.0
"""So long they wait behind records at most; and so often it is asked for new keys."""
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
    """A message that waits to be written; its envelope, where it is one."""

    raw: bytes
    envelope: Envelope | None
    since_s: float
    device: str = ""
    signed_by: str = ""
    done: Future[Outcome] = field(default_factory=Future)


class Queue:
    """Messages that wait, and how much they weigh."""

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, one: Waiting) -> None:
        """One more at the end."""
        self.waiting.append(one)
        self.bytes += len(one.raw)

    def take(self, most: int) -> list[Waiting]:
        """The first ones."""
        taken = [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]
        self.bytes -= sum(len(one.raw) for one in taken)
        return taken


class Turns:
    """Alarms that wait, of each device in its turn: many of one do not delay those of another."""

    def __init__(self) -> None:
        self._of: dict[str, Queue] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._of.values())

    def has_room(self, one: Waiting) -> bool:
        """Whether it stays within the share of its device."""
        own = self._of.get(one.device)
        waiting_bytes = own.bytes if own is not None else 0
        return waiting_bytes + len(one.raw) <= MOST_ALARMS_OF_ONE_BYTES

    def is_full_for(self, one: Waiting) -> bool:
        """Whether it must wait for others; who has none waiting is always let in."""
        return one.device in self._of and self.bytes + len(one.raw) > MOST_WAITING_BYTES

    def add(self, one: Waiting) -> None:
        """One more at the end of those of its device."""
        self._of.setdefault(one.device, Queue()).add(one)
        self.bytes += len(one.raw)

    def take(self, most: int) -> list[Waiting]:
        """The first one of each device, then the next; who had a turn comes last."""
        taken: list[Waiting] = []
        while self._of and len(taken) < most:
            device = next(iter(self._of))
            queue = self._of.pop(device)
            taken += queue.take(1)
            if queue:
                self._of[device] = queue
        self.bytes -= sum(len(one.raw) for one in taken)
        return taken


class Gatherer:
    """Writes what waits, one group after the other, in a thread of its own.

    Parameters
    ----------
    write : callable
        Takes the envelopes of a group and gives what became of each.
    clock : callable
        Seconds of a clock that cannot be set.
    keys : Keys, optional
        Of the devices that may send.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Brought]], list[Outcome]] = receive_many,
        clock: Callable[[], float] = time.monotonic,
        keys: Keys | None = None,
    ) -> None:
        self._write = write
        self._clock = clock
        self._keys = keys or Keys()
        self._keys_s: float | None = None
        self._stale = False
        self._alarms = Turns()
        self._records = Queue()
        self._doubtful = Queue()
        self._same: dict[bytes, Waiting] = {}
        self._come = threading.Condition()
        self._thread: threading.Thread | None = None
        self._quotas = Quotas()
        self._alarm_quotas = Quotas(ALARM_BURST_BYTES, ALARM_BYTES_S)
        self._pressure = Pressure()
        self._said: tuple[str, ...] = ()
        self._said_s = -LOOK_S
        self._turned_away: set[str] = set()
        self._first_look = True

    def start(self) -> None:
        """Begin to look: the first message finds the keys here, and what is over is said so."""
        with self._come:
            self._begin()

    def submit(self, raw: bytes) -> Future[Outcome]:
        """Let a message wait for its turn; the answer comes when it is durable, or is refused."""
        try:
            envelope = open_envelope(raw)
        except ParseError:
            envelope = None
        signed_by = "" if envelope is None else self._keys.signer(envelope)
        one = Waiting(raw, envelope, self._clock(), signed_by=signed_by)
        # who hung up meanwhile takes nothing back: the thread must not stumble over it
        one.done.set_running_or_notify_cancel()
        with self._come:
            if (same := self._same.get(raw)) is not None:
                # an alarm that was overheard takes no second place in the row
                return same.done
            if envelope is not None and signed_by:
                self._let_in(one, envelope.header)
            elif self._doubtful_is_full(one):
                one.done.set_result(_busy())
            else:
                self._doubtful.add(one)
            self._begin()
            self._come.notify()
        return one.done

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
            self._thread.start()

    def _doubtful_is_full(self, one: Waiting) -> bool:
        queue = self._doubtful
        return len(queue) >= MOST_DOUBTFUL or queue.bytes + len(one.raw) > MOST_DOUBTFUL_BYTES

    def _let_in(self, one: Waiting, header: Header) -> None:
        """A message whose signature was verified takes its place, or is left with its device."""
        one.device = header.device
        is_alarm = header.lane == "alarms"
        refused = self._turn_alarm_away(one) if is_alarm else self._turn_away(one)
        if refused is not None:
            self._turned_away.add(one.device)
            one.done.set_result(refused)
        elif is_alarm:
            self._alarms.add(one)
            self._same[one.raw] = one
        else:
            self._records.add(one)

    def _turn_alarm_away(self, one: Waiting) -> Refused | None:
        """Only what is beyond the share of its own device: no other one's alarm is shed."""
        if self._alarms.is_full_for(one):
            return _busy()
        allowed = self._alarm_quotas.allows(one.device, one.since_s)
        if allowed and self._alarms.has_room(one):
            return None
        self._pressure.turn_alarm_away(one.since_s)
        return Refused(
            "quota", "this device sends more alarms than its share", status=429, final=False
        )

    def _turn_away(self, one: Waiting) -> Refused | None:
        if self._records.bytes + len(one.raw) > MOST_WAITING_BYTES:
            return _busy()
        if not self._quotas.allows(one.device, one.since_s):
            return Refused(
                "quota", "this device sends more than its share", status=429, final=False
            )
        return None if self._pressure.takes(len(self._records), one.since_s) else _busy()

    def _run(self) -> None:
        keep_connection()
        while True:
            try:
                self._turn()
            except Exception:
                # nobody else writes what comes: whatever it was, the next group has its turn
                log.exception("a turn of writing messages failed")
                time.sleep(LOOK_S)

    def _turn(self) -> None:
        self._renew_keys()
        with self._come:
            if not self._alarms and not self._records and not self._doubtful:
                self._come.wait(LOOK_S)
            group = self._next()
        if group:
            self._work(group)
        self._say()

    def _renew_keys(self) -> None:
        """Ask for new keys where somebody waits who may have one; who does goes to the others."""
        at_s = self._clock()
        wanted = self._stale or bool(self._doubtful)
        if self._keys_s is not None and (at_s - self._keys_s < DOUBT_S or not wanted):
            return
        self._keys_s, self._stale = at_s, False
        try:
            close_old_connections()
            self._keys.renew()
        except Exception:
            log.exception("the keys of the devices could not be read")
            return
        with self._come:
            for one in self._doubtful.take(len(self._doubtful)):
                if one.envelope is not None:
                    one.signed_by = self._keys.signer(one.envelope)
                if one.envelope is not None and one.signed_by:
                    self._let_in(one, one.envelope.header)
                else:
                    self._doubtful.add(one)

    def _next(self) -> list[Waiting]:
        """Alarms alone, where there are any; else what waits longest, and what is doubted last."""
        if self._alarms:
            return self._alarms.take(GROUP)
        doubtful = self._doubtful.waiting
        if doubtful and (not self._records or self._clock() - doubtful[0].since_s > DOUBT_S):
            return self._doubtful.take(DOUBTFUL_GROUP)
        return self._records.take(GROUP)

    def _work(self, group: Sequence[Waiting]) -> None:
        began_s = self._clock()
        try:
            close_old_connections()
            outcomes = self._write([Brought(o.raw, o.envelope, o.signed_by) for o in group])
        except Exception:
            # the database is away: nothing is acknowledged, the devices try again
            log.exception("messages could not be written")
            trouble = Refused("trouble", "this cannot be kept now", status=503, final=False)
            outcomes = [trouble for _ in group]
        ended_s = self._clock()
        with self._come:
            if group[0].device:
                waited_s = began_s - group[0].since_s
                self._pressure.wrote(len(group), ended_s - began_s, waited_s, ended_s)
            for one, outcome in zip(group, outcomes, strict=True):
                self._same.pop(one.raw, None)
                if one.envelope is not None:
                    self._charge(one, one.envelope.header, outcome, ended_s)
        for one, outcome in zip(group, outcomes, strict=True):
            one.done.set_result(outcome)

    def _charge(self, one: Waiting, header: Header, outcome: Outcome, at_s: float) -> None:
        """What a device signed uses up its share, also where it is refused for good."""
        if isinstance(outcome, Receipt):
            # who sends again what was overheard uses up nothing of the device
            counts = not outcome.again
        else:
            counts = bool(one.device) and outcome.final
        if counts:
            quotas = self._alarm_quotas if header.lane == "alarms" else self._quotas
            quotas.charge(header.device, len(one.raw), at_s)
        elif one.device and isinstance(outcome, Refused) and outcome.code == "revoked":
            self._stale = True

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
        if scope["type"] == "lifespan":
            await _live(receive, send, self._gatherer.start)
            return
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


def _busy() -> Refused:
    return Refused("busy", "too much comes at once: try again", status=503, final=False)


async def _live(receive: Receive, send: Send, start: Callable[[], None]) -> None:
    """The life of the web process, for which Django has nothing to do."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


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
