"""Who may open the screen: this device, or another one with a token that holds for one use."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
from http.cookies import CookieError, SimpleCookie

from tocsin.errors import InvalidInput

COOKIE = "tocsin-screen"


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this device alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Decides over requests to the screen.

    On the loopback address only the name in the request is checked: a page of another site whose
    name was made to point here must not read where the person is. Opened to a network, the first
    request of each device brings a token that is then used up, and gets a cookie for it.

    Parameters
    ----------
    host : str
        Address that is listened on, under which the other device calls it.

    Raises
    ------
    InvalidInput
        For an address that stands for all: no browser calls the screen by it.
    """

    def __init__(self, host: str) -> None:
        if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - refused
            raise InvalidInput(
                f"the screen cannot listen on {host!r}: name the address of this device in the "
                "network of the other one"
            )
        self.open_to_network = not is_loopback(host)
        own = (host,) if self.open_to_network else (host, "localhost", "127.0.0.1", "::1")
        self._names = {name.strip("[]").lower() for name in own}
        self._lock = threading.Lock()
        self._token = secrets.token_urlsafe(24)
        self._sessions: set[str] = set()

    @property
    def token(self) -> str | None:
        """The token for the next device; None where none is needed."""
        return self._token if self.open_to_network else None

    def knows(self, host_header: str | None) -> bool:
        """Whether a request calls the screen by one of its own names."""
        if host_header is None:
            return False
        name, _, _ = (
            host_header.rpartition(":") if _has_port(host_header) else (host_header, "", "")
        )
        return name.strip("[]").lower() in self._names

    def redeem(self, token: str) -> str | None:
        """Session for a right token, which is then used up; None for a wrong one."""
        with self._lock:
            if not hmac.compare_digest(token.encode(), self._token.encode()):
                return None
            self._token = secrets.token_urlsafe(24)
            session = secrets.token_urlsafe(24)
            self._sessions.add(session)
            return session

    def allows(self, cookie_header: str | None) -> bool:
        """Whether a request may see the screen."""
        if not self.open_to_network:
            return True
        try:
            sent = SimpleCookie(cookie_header or "").get(COOKIE)
        except CookieError:
            return False
        with self._lock:
            return sent is not None and sent.value in self._sessions


def _has_port(host_header: str) -> bool:
    _, colon, port = host_header.rpartition(":")
    return bool(colon) and port.isdigit() and not host_header.endswith("]")
