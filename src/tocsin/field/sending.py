"""Sending: alarms first, then what waits longest; nothing is let go before the server has it."""

from __future__ import annotations

import http.client
import json
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, Protocol
from urllib.parse import urlsplit

from tocsin.errors import InvalidInput
from tocsin.field.spool import Message, Spool

PATH = "/api/1/ingest"
TIMEOUT_S = 20.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
BUSY, BUSY_WAIT_S = frozenset({429, 503}), 8.0
"""A server that answers so is there: it is asked again soon, so that little waits when it can."""
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST_REPLY = 1 << 16

Outcome = Literal["sent", "refused", "waiting", "idle"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered.

    Attributes
    ----------
    status : int
        Of HTTP.
    receipt : str
        SHA-256 of the envelope that the server has; a page of a hotel's network has none.
    through : int
        Highest number of the lane up to which the server has everything; -1 for none.
    refused : str
        Why this message will never be taken; empty where another try may do.
    detail : str
        For a person.
    """

    status: int
    receipt: str = ""
    through: int = -1
    refused: str = ""
    detail: str = ""


class Post(Protocol):
    """Brings one envelope to the server. Raises OSError where there is no way."""

    def __call__(self, envelope: bytes) -> Reply:
        """Post it."""
        ...


class Https:
    """The way to a server, for one thread.

    Parameters
    ----------
    address : str
        ``https://host:port``; plain HTTP on the loopback address alone.
    certificate_sha256 : str
        Fingerprint of the server's own certificate, as ``tocsin serve`` prints it; without it the
        certificate must come from an authority that the device knows.
    """

    def __init__(self, address: str, certificate_sha256: str = "") -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise InvalidInput(f"the address of a server begins with https://, not {address!r}")
        if parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise InvalidInput("plain http is for the loopback address alone: use https")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/") + PATH
        self._pin = certificate_sha256.replace(":", "").strip().lower()
        if self._pin and (len(self._pin) != 64 or not set(self._pin) <= set("0123456789abcdef")):
            raise InvalidInput("a fingerprint has 64 hexadecimal digits")
        self._context = ssl.create_default_context()
        if self._pin:
            # the fingerprint is checked instead, before a byte is sent
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

        self._kept: http.client.HTTPConnection | None = None

    def __call__(self, envelope: bytes) -> Reply:
        """Post one envelope; the connection is kept for the next one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                return self._posted(kept, envelope)
            except (OSError, http.client.HTTPException):
                pass  # the server has let it go meanwhile: a second delivery changes nothing
        try:
            return self._posted(self._connected(), envelope)
        except http.client.HTTPException as error:
            raise OSError(f"the answer is not understood ({type(error).__name__})") from error
        except ValueError as error:
            # as of a name with two dots in a row, which no resolver is asked for
            raise OSError(f"the address {self._host} cannot be asked: {error}") from error

    def close(self) -> None:
        """Let the connection go."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _posted(self, connection: http.client.HTTPConnection, envelope: bytes) -> Reply:
        try:
            connection.request(
                "POST",
                self._path,
                body=envelope,
                headers={"Content-Type": "application/octet-stream", "Accept": "application/json"},
            )
            answer = connection.getresponse()
            reply = _reply(answer.status, answer.read(_MOST_REPLY))
        except BaseException:
            connection.close()
            raise
        if answer.isclosed() and not answer.will_close:
            self._kept = connection
        else:
            connection.close()
        return reply

    def _connected(self) -> http.client.HTTPConnection:
        if not self._secure:
            plain = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
            plain.connect()
            plain.auto_open = 0
            return plain
        secure = http.client.HTTPSConnection(
            self._host, self._port, timeout=TIMEOUT_S, context=self._context
        )
        secure.connect()
        # no connection is made but here, where the fingerprint is compared
        secure.auto_open = 0
        if self._pin:
            shown = secure.sock.getpeercert(binary_form=True) or b""
            if sha256(shown).hexdigest() != self._pin:
                secure.close()
                raise OSError("the server shows another certificate than the one you named")
        return secure


def _reply(status: int, body: bytes) -> Reply:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):  # a page of somebody else may hold anything
        said = {}
    if not isinstance(said, dict):
        said = {}
    through = said.get("through", -1)
    return Reply(
        status,
        str(said.get("receipt", "")),
        through if type(through) is int else -1,
        str(said.get("refused", ""))[:40],
        str(said.get("detail", ""))[:200],
    )


class Sender:
    """Delivers what the spool holds, one message at a time.

    Parameters
    ----------
    spool : Spool
        Of this thread.
    post : callable
        The way to the server.
    chance : random.Random, optional
        Spreads the waiting of many devices.
    clock : callable, optional
        For :attr:`last_sent`.
    """

    def __init__(
        self,
        spool: Spool,
        post: Post,
        *,
        chance: random.Random | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._spool = spool
        self._post = post
        self._chance = chance or random.Random()  # noqa: S311 - only spreads the waiting
        self._clock = clock
        self._failures = 0
        self._longest_wait_s = LONGEST_WAIT_S
        self.trouble = ""
        """Why the last message did not get through; empty when it did."""
        self.last_sent: datetime | None = None

    @property
    def wait_s(self) -> float:
        """How long to wait before the next try: doubling, up to a limit, spread by half."""
        if not self._failures:
            return 0.0
        longest = min(FIRST_WAIT_S * 2.0 ** (self._failures - 1), self._longest_wait_s)
        return longest * (0.5 + 0.5 * self._chance.random())

    def step(self) -> Outcome:
        """Try to deliver one message."""
        message = self._spool.next_message()
        if message is None:
            return "idle"
        try:
            reply = self._post(message.envelope)
        except OSError as error:
            return self._failed(str(error) or type(error).__name__)
        if reply.status == 200 and reply.receipt == sha256(message.envelope).hexdigest():
            self._settle(message, reply)
            return "sent"
        if reply.refused:
            self._spool.refuse(message, f"{reply.refused}: {reply.detail}")
            self._failures, self.trouble = 0, f"a message was refused: {reply.detail}"
            return "refused"
        # the device is not known, or the server has trouble: both may pass
        busy = reply.status in BUSY
        return self._failed(f"the server answers {reply.status} {reply.detail}".strip(), busy=busy)

    def _settle(self, message: Message, reply: Reply) -> None:
        self._failures, self.trouble, self.last_sent = 0, "", self._clock()
        self._spool.received(message)
        self._spool.acknowledge(message.boot, message.lane, reply.through)

    def _failed(self, why: str, *, busy: bool = False) -> Outcome:
        self._failures += 1
        self._longest_wait_s = BUSY_WAIT_S if busy else LONGEST_WAIT_S
        self.trouble = why
        return "waiting"
