"""The server of the screen: one page, its files and one stream, for this device alone by default.

Plain HTTP of the standard library: nothing to install beside the instrument. On the loopback
address nothing of it leaves the device; opened to a network it is as open as that network.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tocsin.field.screen.access import COOKIE, Access
from tocsin.field.screen.picture import Seen, picture
from tocsin.field.watch import Watch

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cache-Control": "no-store",
}
FILES = {
    "/field.js": "text/javascript; charset=utf-8",
    "/field.css": "text/css; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}
LANGUAGES = ("en", "fr")
EVERY_S = 1.0


class Screen:
    """The running screen; a context manager.

    Parameters
    ----------
    watch : Watch
        What is shown.
    port : int
        0 takes a free one.
    host : str
        Address to listen on; with another one than loopback a token is needed.
    title : str
        What is shown above all, so that a replay is never taken for a measurement.
    realm : str
        ``LIVE`` or what the data say of themselves.
    say : callable, optional
        Told the address for the next device whenever a token was used up.
    """

    def __init__(
        self,
        watch: Watch,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        title: str = "",
        realm: str = "LIVE",
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.watch = watch
        self.title = title
        self.realm = realm
        self.access = Access(host)
        self.stopping = threading.Event()
        self.say = say
        handler = type("Handler", (_Handler,), {"screen": self})
        self._httpd = ThreadingHTTPServer((host, port), handler)
        self._httpd.daemon_threads = True
        self._host = host
        self._thread = threading.Thread(target=self._httpd.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where a browser finds the screen, with the token where one is needed."""
        port = self._httpd.server_address[1]
        token = self.access.token
        return f"http://{self._host}:{port}/" + (f"?token={token}" if token else "")

    def __enter__(self) -> Screen:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the streams and the server."""
        self.stopping.set()
        if self._thread.is_alive():  # a server that never ran would be waited for without end
            self._httpd.shutdown()
        self._httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    screen: Screen
    protocol_version = "HTTP/1.1"
    timeout = 30
    server_version = "Tocsin"
    sys_version = ""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: an address line may hold a token."""

    def end_headers(self) -> None:
        """The strict headers stand on every answer, errors of the library included."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def do_GET(self) -> None:
        """The page, its files, the stream; all else is not there."""
        access, url = self.screen.access, urlsplit(self.path)
        query = parse_qs(url.query)
        if not access.knows(self.headers.get("Host")):
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, b"unknown name\n", "text/plain")
        elif "token" in query and url.path == "/":
            self._redeem(query["token"][0])
        elif not access.allows(self.headers.get("Cookie")):
            self._answer(
                HTTPStatus.FORBIDDEN,
                b"This screen needs the address with the token that tocsin printed; each token "
                b"holds for one device.\n",
                "text/plain; charset=utf-8",
            )
        elif url.path == "/":
            self._page(query.get("lang", [""])[0])
        elif url.path == "/stream":
            self._stream()
        elif url.path in FILES:
            self._answer(HTTPStatus.OK, _file(url.path[1:]), FILES[url.path])
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain")

    def _redeem(self, token: str) -> None:
        session = self.screen.access.redeem(token)
        if session is None:
            self._answer(HTTPStatus.FORBIDDEN, b"This token is wrong or was used.\n", "text/plain")
            return
        if self.screen.say is not None:
            self.screen.say(self.screen.address)
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", "/")
        self.send_header("Set-Cookie", f"{COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, asked: str) -> None:
        language = asked if asked in LANGUAGES else self._preferred()
        page = _file("page.html").decode()
        texts = {
            "LANGUAGE": language,
            "SUBJECT": _escaped(self.screen.title),
            "REALM": _escaped(self.screen.realm),
        }
        for name, text in texts.items():
            page = page.replace(f"@{name}@", text)
        self._answer(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8")

    def _preferred(self) -> str:
        first = (self.headers.get("Accept-Language") or "").split(",")[0]
        code = first.split(";")[0].split("-")[0].strip().lower()
        return code if code in LANGUAGES else LANGUAGES[0]

    def _stream(self) -> None:
        """One event a second until the browser or the program goes."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("X-Accel-Buffering", "no")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        seen = Seen()
        try:
            while True:
                value, seen = picture(self.screen.watch, seen)
                event = json.dumps(value, allow_nan=False, separators=(",", ":"))
                self.wfile.write(f"retry: 1000\ndata: {event}\n\n".encode())
                self.wfile.flush()
                if self.screen.stopping.wait(EVERY_S):
                    return
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            return

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _file(name: str) -> bytes:
    folder = resources.files("tocsin.field.screen")
    part: Any = folder / name if name == "page.html" else folder / "static" / name
    return bytes(part.read_bytes())


def _escaped(text: str) -> str:
    """Text for an attribute: the page reads it from there, never as markup."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text
