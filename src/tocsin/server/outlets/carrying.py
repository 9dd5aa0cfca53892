"""Carrying to a receiver what is about to leave; nothing here touches the database."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.outlets.addresses import Found, Places, Target, begin, look_up, places_of
from tocsin.server.outlets.signing import HEADER, signature_of
from tocsin.server.own_keys import keys_folder

TIMEOUT_S = 3.0
"""A receiver that says nothing for so long does not answer."""
LONGEST_S = 5.0
"""One sending altogether: a receiver that answers a byte at a time would hold it for hours. With
the tick in which it began it is shorter than the time that a process has to end in: what becomes of
it is still written."""
MOST_REPLY = 1 << 12


@dataclass(frozen=True, slots=True)
class Parcel:
    """What leaves, and where to.

    Parameters
    ----------
    target : Target
    parts : tuple of bytes
        Events of Cursor on Target, or the one body of a webhook.
    elsewhere : tuple of (str, Target)
        Realm and address of operations of another realm that were agreed to earlier.
    """

    target: Target
    parts: tuple[bytes, ...]
    elsewhere: Sequence[tuple[str, Target]] = ()


def carry(parcel: Parcel) -> str:
    """Send it; why it failed, or nothing."""
    until = time.monotonic() + LONGEST_S
    # all names at once: of those that hang the longest is waited for, not each
    others = [(realm, other, begin(other)) for realm, other in parcel.elsewhere]
    try:
        # asked once: what was checked is what is connected to, whatever a name leads to by then
        found = look_up(parcel.target)
        for realm, other, asked in others:
            _refuse(realm, found.places & places_of(other, asked))
        _out(found, parcel.parts, until)
    except (OSError, ValueError, http.client.HTTPException, InvalidInput) as error:
        # ValueError: an address that cannot be put on the wire
        return str(error) or type(error).__name__
    return ""


def _refuse(realm: str, shared: Places) -> None:
    """What a name leads to may have changed since two persons agreed."""
    if shared:
        raise InvalidInput(
            _("This address receives an operation of the realm {realm} now.").format(realm=realm)
        )


def _out(found: Found, parts: Sequence[bytes], until: float) -> None:
    scheme = found.target.scheme
    if scheme == "udp":
        _datagrams(found, parts)
        return
    with _connected(found, until) as plain:
        # TLS first: with a connection of http.client the handshake could not be cut off
        used: socket.socket = plain
        if scheme in ("tls", "https"):
            used = _context().wrap_socket(plain, server_hostname=found.target.host)
        with closing(used):
            if scheme in ("http", "https"):
                (body,) = parts
                _post(found.target, used, body)
            else:
                used.sendall(b"".join(parts))


def _datagrams(found: Found, events: Sequence[bytes]) -> None:
    family, place = found.addresses[0]
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as out:
        out.settimeout(TIMEOUT_S)
        for event in events:
            out.sendto(event, place)


def _post(target: Target, used: socket.socket, body: bytes) -> None:
    """One POST; an answer that points elsewhere is a failure, for only this address was agreed."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=TIMEOUT_S)
    connection.default_port = {"https": 443, "http": 80}[target.scheme]  # for Host
    connection.sock, connection.auto_open = used, 0
    headers = {"Content-Type": "application/json", HEADER: signature_of(body)}
    connection.request("POST", target.path, body=body, headers=headers)
    answer = connection.getresponse()
    answer.read(MOST_REPLY)
    if not 200 <= answer.status < 300:
        raise OSError(f"the receiver answers {answer.status}")


@contextmanager
def _connected(found: Found, until: float) -> Iterator[socket.socket]:
    """A connection to one of the addresses, the first that answers; cut off at a moment."""
    trouble: OSError | None = None
    for family, place in found.addresses:
        left_s = until - time.monotonic()
        if left_s <= 0.0:
            break
        try:
            # also where this kind of address is not known here
            plain = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            trouble = error
            continue
        plain.settimeout(min(TIMEOUT_S, left_s))
        try:
            plain.connect(place)
        except OSError as error:
            plain.close()
            trouble = error
            continue
        with plain, _cut_off(plain, until):
            plain.settimeout(TIMEOUT_S)
            yield plain
        return
    raise trouble or OSError("no address of the receiver was reached in time")


@contextmanager
def _cut_off(connection: socket.socket, until: float) -> Iterator[None]:
    """Cut the connection off when all of it has taken too long."""
    # a copy of the handle: TLS takes the socket itself over
    handle = connection.dup()

    def cut() -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(max(0.0, until - time.monotonic()), cut)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        handle.close()


def _context() -> ssl.SSLContext:
    """Authorities of the system, or those that the operator names; our certificate if there is one.

    ``keys/outlets-authorities.pem`` and ``keys/outlets-client.pem`` (certificate and key) in the
    data folder.
    """
    keys = keys_folder()
    authorities, own = keys / "outlets-authorities.pem", keys / "outlets-client.pem"
    context = ssl.create_default_context(cafile=authorities if authorities.is_file() else None)
    if own.is_file():
        context.load_cert_chain(own)
    return context
