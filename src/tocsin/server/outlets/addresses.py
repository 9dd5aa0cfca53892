"""Addresses to which something may leave: spelled out in full, and of known schemes alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.field.screen.access import is_loopback
from tocsin.server.outlets.lookups import LOOKUPS, Address, Lookup
from tocsin.server.outlets.models import Way

SCHEMES = {Way.COT: ("udp", "tcp", "tls"), Way.WEBHOOK: ("https", "http")}
MOST_REMEMBERED = 1000
"""Names of which it is remembered where they led last."""

Places = frozenset[tuple[str, int]]

_LOCK = threading.Lock()
_LAST: dict[tuple[str, int], Places] = {}


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


@dataclass(frozen=True, slots=True)
class Found:
    """What a name has led to once: who checks these addresses and uses them uses no others.

    Parameters
    ----------
    target : Target
    addresses : tuple of (family, address)
        As a socket takes them, in the order in which they are to be tried.
    """

    target: Target
    addresses: tuple[Address, ...]

    @property
    def places(self) -> Places:
        """The name and each IP address, in the form that all its spellings share."""
        hosts = {_name(self.target)} | {
            _one_form(str(place[0])) for _family, place in self.addresses
        }
        return frozenset((host, self.target.port) for host in hosts)


def begin(target: Target) -> Lookup:
    """Ask where an address leads, and do not wait for the answer."""
    return LOOKUPS.begin(target.host, target.port)


def look_up(target: Target) -> Found:
    """Ask once where an address leads.

    Raises
    ------
    OSError, ValueError
        Where no answer comes, or none within :data:`tocsin.server.outlets.lookups.LONGEST_S`.
    InvalidInput
        When what is for this machine alone leads elsewhere.
    """
    found = Found(target, begin(target).answer())
    if target.scheme == "http" and not all(is_loopback(str(a[0])) for _f, a in found.addresses):
        raise InvalidInput(_("Plain HTTP is for this machine alone: use https://."))
    _remember(found)
    return found


def places_of(target: Target, asked: Lookup | None = None) -> Places:
    """Where an address leads: its name and each IP address that the name has now, with the port.

    Two addresses that share a place reach one receiver. All addresses of the own machine count as
    one. Of a name that cannot be looked up now counts what it led to last, if that is known.

    Parameters
    ----------
    target : Target
    asked : Lookup, optional
        Of :func:`begin`, where it was asked before.
    """
    try:
        found = Found(target, (asked or begin(target)).answer())
    except (OSError, ValueError):
        own = _name(target), target.port
        with _LOCK:
            return _LAST.get(own, frozenset({own}))
    _remember(found)
    return found.places


def _remember(found: Found) -> None:
    own = _name(found.target), found.target.port
    with _LOCK:
        _LAST.pop(own, None)
        _LAST[own] = found.places
        while len(_LAST) > MOST_REMEMBERED:
            del _LAST[next(iter(_LAST))]


def _name(target: Target) -> str:
    return target.host.lower().rstrip(".")


def _one_form(host: str) -> str:
    """An IP address in the form that all its spellings share."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return "this machine" if address.is_loopback or address.is_unspecified else str(address)
