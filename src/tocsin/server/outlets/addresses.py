"""Addresses to which something may leave: spelled out in full, and of known schemes alone."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.field.screen.access import is_loopback
from tocsin.server.outlets.models import Way

SCHEMES = {Way.COT: ("udp", "tcp", "tls"), Way.WEBHOOK: ("https", "http")}


@dataclass(frozen=True, slots=True)
class Target:
    """Where something leaves to.

    Parameters
    ----------
    scheme, host, path : str
    port : int
    """

    scheme: str
    host: str
    port: int
    path: str = "/"


def target_of(way: str, address: str) -> Target:
    """Take an address apart.

    Raises
    ------
    InvalidInput
        Another scheme, no host or port, a name and password in it, or plain HTTP to elsewhere.
    """
    schemes = SCHEMES[Way(way)]
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        port, parts = None, urlsplit("")
    if parts.scheme not in schemes or not parts.hostname or not port:
        shown = ", ".join(f"{scheme}://" for scheme in schemes)
        raise InvalidInput(
            _("The address begins with {ways} and names host and port.").format(ways=shown)
        )
    if parts.username or parts.password or parts.fragment:
        raise InvalidInput(_("The address holds no name, no password and no #."))
    if way == Way.COT and (parts.path not in ("", "/") or parts.query):
        raise InvalidInput(_("The address holds host and port and nothing more."))
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InvalidInput(_("Plain HTTP is for this machine alone: use https://."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, path)


def places_of(target: Target) -> frozenset[tuple[str, int]]:
    """Where an address leads: its name and each IP address that the name has now, with the port.

    Two addresses that share a place reach one receiver. All addresses of the own machine count as
    one; a name that nothing is known of has itself alone.
    """
    name = target.host.lower().rstrip(".")
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return frozenset({(name, target.port)})
    hosts = {name} | {_one_form(str(place[4][0])) for place in found}
    return frozenset((host, target.port) for host in hosts)


def _one_form(host: str) -> str:
    """An IP address in the form that all its spellings share."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return "this machine" if address.is_loopback or address.is_unspecified else str(address)
