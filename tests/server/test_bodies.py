"""Bodies are counted as they come: too large a one is refused, and none goes to the disk."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from tocsin.server.asgi import application
from tocsin.server.bodies import most_bytes

MIB = 1 << 20
PIECE = b"x" * (64 << 10)
API_UPLOAD = "/api/1/measurements/uploads"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: Any) -> None:
        raise AssertionError("a body went to the disk in the clear")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", refuse)


class Caller:
    """Sends a body piece by piece and says how much of it was taken."""

    def __init__(self, size: int, *, announced: bool) -> None:
        self.left, self.taken, self.announced = size, 0, announced
        self.status, self.body, self.ended = 0, b"", False

    def post(self, path: str, **headers: str) -> Caller:
        given = {"host": "localhost", "content-type": "multipart/form-data; boundary=b"} | headers
        if self.announced:
            given["content-length"] = str(self.left)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(n.encode(), v.encode()) for n, v in given.items()],
            "client": ("127.0.0.1", 5000),
            "server": ("localhost", 443),
        }
        async_to_sync(application)(scope, self._receive, self._send)
        return self

    async def _receive(self) -> dict[str, Any]:
        if self.ended:  # what comes next would be the caller's going away: it waits
            await asyncio.Event().wait()
        piece = PIECE[: self.left]
        self.left -= len(piece)
        self.taken += len(piece)
        self.ended = self.left <= 0
        return {"type": "http.request", "body": piece, "more_body": self.left > 0}

    async def _send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


def cases() -> Iterator[tuple[str, str]]:
    yield "/measurements/upload/", "upload"
    yield API_UPLOAD, "upload"
    yield "/account/login/", "page"
    yield "/api/1/alarms", "page"
    yield "/nowhere", "page"


@pytest.mark.parametrize(("path", "kind"), list(cases()))
@pytest.mark.parametrize("announced", [True, False])
def test_more_than_the_address_takes_is_refused(path: str, kind: str, announced: bool) -> None:
    most = most_bytes(path)
    assert (most > 60 * MIB) == (kind == "upload")
    said = Caller(most + 4 * MIB, announced=announced).post(path)
    assert said.status == 413
    assert said.taken <= (0 if announced else most + len(PIECE))


def test_a_program_is_told_in_its_own_form() -> None:
    for path, more in ((API_UPLOAD, {}), ("/account/login/", {"accept": "application/json"})):
        said = Caller(100 * MIB, announced=True).post(path, **more)
        assert json.loads(said.body)["error"]["code"] == "too_large"


def test_a_false_announcement_helps_nobody() -> None:
    said = Caller(100 * MIB, announced=False).post("/account/login/", **{"content-length": "10"})
    assert said.status == 413
    assert said.taken <= most_bytes("/account/login/") + len(PIECE)


@pytest.mark.parametrize("path", ["/measurements/upload/", API_UPLOAD])
def test_the_largest_body_that_is_taken_stays_in_memory(path: str) -> None:
    said = Caller(most_bytes(path), announced=False).post(path)
    assert said.taken == most_bytes(path)
    assert said.status not in (0, 413, 500)
