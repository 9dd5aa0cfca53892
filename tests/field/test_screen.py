"""The server of the screen: for this device alone, or with a token that holds for one use."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
import survey_worlds as worlds
from walks import INSTRUMENT, walk

from tocsin.errors import InvalidInput
from tocsin.field.screen.access import Access, is_loopback
from tocsin.field.screen.server import HEADERS, Screen
from tocsin.field.watch import Watch


@contextmanager
def running(**settings: object) -> Iterator[Screen]:
    watch = Watch(INSTRUMENT)
    for record in walk(5):
        watch.hear(record)
    with Screen(watch, **settings) as screen:  # type: ignore[arg-type]
        yield screen


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: str


@contextmanager
def asking(
    screen: Screen, path: str, host: str, cookie: str, method: str = "GET"
) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", port_of(screen), timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host)
    if cookie:
        connection.putheader("Cookie", cookie)
    connection.endheaders()
    with closing(connection), connection.getresponse() as answer:
        yield answer


def ask(screen: Screen, path: str, *, host: str | None = None, cookie: str = "") -> Answer:
    name = f"127.0.0.1:{port_of(screen)}" if host is None else host
    with asking(screen, path, name, cookie) as answer:
        return Answer(answer.status, answer.headers, answer.read().decode())


def port_of(screen: Screen) -> int:
    return urlsplit(screen.address).port or 0


@contextmanager
def stream(screen: Screen) -> Iterator[HTTPResponse]:
    with asking(screen, "/stream", f"127.0.0.1:{port_of(screen)}", "") as answer:
        yield answer


def test_every_answer_carries_the_strict_headers() -> None:
    with running() as screen:
        for path in ("/", "/field.js", "/field.css", "/icon.svg", "/absent", "/../watch.py"):
            answer = ask(screen, path)
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, (path, name)
        assert ask(screen, "/absent").status == 404
        assert ask(screen, "/%2e%2e/server.py").status == 404
        with asking(screen, "/", f"127.0.0.1:{port_of(screen)}", "", "POST") as answer:
            assert answer.status == 501
            for name, value in HEADERS.items():
                assert answer.headers[name] == value
        with stream(screen) as answer:
            for name, value in HEADERS.items():
                assert answer.headers[name] == value
        policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_another_name_for_this_device_is_refused() -> None:
    """A page of another site whose name was made to point here must not read the picture."""
    with running() as screen:
        port = port_of(screen)
        for name in ("evil.example", f"evil.example:{port}", "", "127.0.0.1.evil.example"):
            assert ask(screen, "/stream", host=name).status == 421, name
        for name in (f"localhost:{port}", f"[::1]:{port}", "127.0.0.1"):
            assert ask(screen, "/", host=name).status == 200, name


def test_the_page_is_of_the_language_asked_for_and_shows_names_as_text() -> None:
    with running(title='a"><script>1</script>', realm="EXERCISE") as screen:
        page = ask(screen, "/?lang=fr").body
        assert '<html lang="fr">' in page
        assert "<script>1" not in page
        assert "a&quot;&gt;&lt;script&gt;" in page
        assert 'data-realm="EXERCISE"' in page
        assert '<html lang="en">' in ask(screen, "/?lang=xx").body


def test_the_stream_tells_the_whole_picture_and_then_news_every_second() -> None:
    with running() as screen:
        with stream(screen) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            began = time.monotonic()
            first = next_event(answer)
            assert [row["n"] for row in first["rows"]] == [0, 1, 2, 3, 4]
            screen.watch.hear(walk(6)[-1])
            second = next_event(answer)
            assert [row["n"] for row in second["rows"]] == [5]
            assert 0.5 < time.monotonic() - began < 10.0


def next_event(answer: HTTPResponse) -> dict[str, Any]:
    while True:
        line = answer.readline().decode()
        assert line, "the stream ended"
        if line.startswith("data: "):
            return dict(json.loads(line.removeprefix("data: ")))


def test_a_token_opens_the_screen_once_and_a_cookie_keeps_it_open() -> None:
    access = Access("192.168.7.2")
    assert access.open_to_network
    assert access.knows("192.168.7.2:8750")
    assert not access.knows("127.0.0.1:8750")
    assert not access.allows(None)
    token = access.token
    assert token is not None
    assert len(token) >= 32
    assert access.redeem("wrong") is None
    session = access.redeem(token)
    assert session is not None
    assert access.redeem(token) is None
    assert access.token != token
    assert access.allows(f"other=1; tocsin-screen={session}")
    assert not access.allows("tocsin-screen=guess")
    assert not access.allows(f"tocsin-screen={token}")


def test_opened_to_a_network_every_path_asks_for_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    # as if the address were one of a network
    monkeypatch.setattr("tocsin.field.screen.access.is_loopback", lambda _: False)
    host = "127.0.0.1"
    with running(host=host, say=told.append) as screen:
        for path in ("/", "/stream", "/field.js", "/?lang=fr"):
            assert ask(screen, path, host=host).status == 403
        assert ask(screen, "/?token=wrong", host=host).status == 403
        answer = ask(screen, f"/?token={screen.access.token}", host=host)
        assert answer.status == 303
        assert answer.headers["Location"] == "/"
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert ask(screen, "/", host=host, cookie=cookie.split(";")[0]).status == 200
        assert told == [screen.address]


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("10.1.2.3", False),
        ("x.org", False),
    ],
)
def test_loopback_is_told_from_the_network(host: str, *, own: bool) -> None:
    assert is_loopback(host) is own


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])  # noqa: S104
def test_an_address_that_stands_for_all_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="name the address of this device"):
        Access(host)


def test_a_screen_that_never_ran_is_closed_at_once() -> None:
    Screen(Watch(worlds.INSTRUMENT)).close()
