"""Addresses to which something may leave: spelled out in full, and of known schemes alone."""

from __future__ import annotations

from dataclasses import dataclass
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
