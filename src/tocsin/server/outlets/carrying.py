"""Carrying to a receiver what is about to leave; nothing here touches the database."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.outlets.addresses import Target, places_of
from tocsin.server.outlets.signing import HEADER, signature_of
from tocsin.server.own_keys import keys_folder

TIMEOUT_S = 3.0
"""A receiver that says nothing for so long does not answer."""
LONGEST_S = 15.0
"""One sending altogether: a receiver that answers a byte at a time would hold it for hours."""
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
    try:
        _refuse_other_realm(parcel)
        _out(parcel)
    except (OSError, ValueError, http.client.HTTPException, InvalidInput) as error:
        # ValueError: an address that cannot be put on the wire
        return str(error) or type(error).__name__
    return ""


def _refuse_other_realm(parcel: Parcel) -> None:
    """What a name leads to may have changed since two persons agreed."""
    if not parcel.elsewhere:
        return
    here = places_of(parcel.target)
    for realm, other in parcel.elsewhere:
        if here & places_of(other):
            raise InvalidInput(
                _("This address receives an operation of the realm {realm} now.").format(
                    realm=realm
                )
            )


def _out(parcel: Parcel) -> None:
    target = parcel.target
    if target.scheme in ("http", "https"):
        for body in parcel.parts:
            _post(target, body)
    elif target.scheme == "udp":
        _datagrams(target, parcel.parts)
    else:
        _stream(target, parcel.parts)


def _datagrams(target: Target, events: Sequence[bytes]) -> None:
    family, kind, protocol, _name, place = socket.getaddrinfo(
        target.host, target.port, type=socket.SOCK_DGRAM
    )[0]
    with closing(socket.socket(family, kind, protocol)) as out:
        for event in events:
            out.sendto(event, place)


def _stream(target: Target, events: Sequence[bytes]) -> None:
    with (
        socket.create_connection((target.host, target.port), timeout=TIMEOUT_S) as plain,
        _cut_off(plain),
    ):
        if target.scheme == "tcp":
            plain.sendall(b"".join(events))
            return
        with _context().wrap_socket(plain, server_hostname=target.host) as secure:
            secure.sendall(b"".join(events))


def _post(target: Target, body: bytes) -> None:
    """One POST; an answer that points elsewhere is a failure, for only this address was agreed."""
    # not the connection of http.client over TLS: it would shake hands before it can be cut off
    with (
        socket.create_connection((target.host, target.port), timeout=TIMEOUT_S) as plain,
        _cut_off(plain),
    ):
        used: socket.socket = plain
        if target.scheme == "https":
            used = _context().wrap_socket(plain, server_hostname=target.host)
        with closing(used):
            connection = http.client.HTTPConnection(target.host, target.port, timeout=TIMEOUT_S)
            connection.default_port = {"https": 443, "http": 80}[target.scheme]  # for Host
            connection.sock = used
            headers = {"Content-Type": "application/json", HEADER: signature_of(body)}
            connection.request("POST", target.path, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read(MOST_REPLY)
            if not 200 <= answer.status < 300:
                raise OSError(f"the receiver answers {answer.status}")


@contextmanager
def _cut_off(connection: socket.socket) -> Iterator[None]:
    """Cut the connection off when all of it has taken too long."""
    # a copy of the handle: TLS takes the socket itself over
    handle = connection.dup()

    def cut() -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(LONGEST_S, cut)
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
