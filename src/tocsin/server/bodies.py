"""How large the body of a request may be: counted as it comes, before anything keeps it.

Django takes a whole body before its first middleware runs, and writes what is larger than
``FILE_UPLOAD_MAX_MEMORY_SIZE`` to the disk in the clear. No body may grow beyond that here.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.urls import Resolver404, resolve

from tocsin.server.problems import problem

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOADS = frozenset(
    {
        "measurements:upload",
        "api:measurements_uploads",
        "register:import_new",
        "licensing:check",
        "notices:import_new",
        "documents:add",
        "oversight:photo",
        "register:report",
        "api:documents_on",
    }
)
"""Names of the addresses that take files."""


class BoundedBodies:
    """Answers 413 to a body that is larger than its address takes, and keeps none of it.

    Parameters
    ----------
    application : callable
        ASGI application behind it.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        most = most_bytes(scope["path"])
        if _announced_bytes(scope) > most:
            await _refuse(scope, send, most)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            if seen > most:
                return {"type": "http.disconnect"}
            message = await receive()
            seen += len(message.get("body", b""))
            # the application drops what it has when told that nobody is there any more
            return {"type": "http.disconnect"} if seen > most else message

        await self.application(scope, counted, send)
        if seen > most:
            await _refuse(scope, send, most)


def most_bytes(path: str) -> int:
    """The largest body that an address takes; an upload has room for a file and its form."""
    try:
        takes_files = resolve(path).view_name in UPLOADS
    except Resolver404:
        takes_files = False
    if takes_files:
        return int(settings.FILE_UPLOAD_MAX_MEMORY_SIZE)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def _header(scope: Scope, wanted: bytes) -> str:
    return next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == wanted), "")


def _announced_bytes(scope: Scope) -> int:
    said = _header(scope, b"content-length")
    return int(said) if said.isascii() and said.isdigit() else 0


async def _refuse(scope: Scope, send: Send, most: int) -> None:
    text = f"The request is larger than the {most >> 20} MiB that this address takes."
    kind, body = "text/plain; charset=utf-8", text
    if scope["path"].startswith("/api/") or "application/json" in _header(scope, b"accept"):
        kind, body = "application/json", json.dumps(problem(413, text))
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Connection": "close",  # the rest of the body is not waited for
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 413, "headers": pairs})
    await send({"type": "http.response.body", "body": body.encode()})
