"""Over a link that is up each second goes by itself; over one that is not, messages grow."""

from __future__ import annotations

import sqlite3
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from certificates import certificate
from walks import INSTRUMENT, walk

from tocsin.errors import ParseError
from tocsin.field import agent as agent_module
from tocsin.field.agent import SendingThread, open_spool
from tocsin.field.envelope import open_envelope
from tocsin.field.sending import Https, Reply, Sender
from tocsin.field.spool import Spool
from tocsin.sealing import SigningKey, write_key_file

KEY = SigningKey("pack-7", bytes(range(32)))
LONG_S = 60.0
"""A limit for what comes at once."""


class Link:
    """Takes what comes, one envelope after the other, or has no way."""

    def __init__(self) -> None:
        self.up = True
        self.taken: list[tuple[str, int, int]] = []
        self.tried = threading.Event()
        self._more = threading.Condition()

    def __call__(self, envelope: bytes) -> Reply:
        header = open_envelope(envelope).header
        if not self.up:
            self.tried.set()
            raise OSError("no network")
        with self._more:
            self.taken.append((header.lane, header.first, header.last))
            self._more.notify_all()
        return Reply(200, sha256(envelope).hexdigest(), header.last)

    def wait_for(self, number: int) -> bool:
        """Until a record of this number has come."""
        with self._more:
            return self._more.wait_for(
                lambda: any(lane == "records" and last >= number for lane, _f, last in self.taken),
                LONG_S,
            )


@pytest.fixture
def device(tmp_path: Path) -> Path:
    write_key_file(tmp_path / "device.key", KEY)
    return tmp_path


@pytest.fixture
def spool(device: Path) -> Iterator[Spool]:
    opened = open_spool(device, KEY)
    yield opened
    opened.close()


def test_each_second_goes_by_itself_where_nothing_waits(
    device: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "LEAST_LIVE_S", 0.0)
    link, boot = Link(), spool.begin()
    sending = SendingThread(device, link, lambda _line: None)
    sending.start()
    for number, record in enumerate(walk(4)):
        spool.add(boot, record, INSTRUMENT, "LIVE")
        assert link.wait_for(number), "a record waits for others"
    spool.end(boot)
    assert sending.drain(LONG_S)
    assert [(first, last) for _lane, first, last in link.taken[:4]] == [(k, k) for k in range(4)]
    assert spool.status().batches == 0


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("disk I/O error"),
        ParseError("as a later version writes it"),
        RuntimeError("what nobody thought of"),
    ],
)
def test_the_thread_goes_on_after_trouble_that_it_tells_once(
    device: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(agent_module, "LONGEST_PAUSE_S", 0.01)
    link, boot, told = Link(), spool.begin(), list[str]()
    failing = [error] * 5
    opened_before, said_before = open_spool, Sender.step

    def opens(folder: Path, key: SigningKey) -> Spool:
        if len(failing) > 2:
            raise failing.pop()
        return opened_before(folder, key)

    def steps(sender: Sender) -> str:
        if failing:
            raise failing.pop()
        return said_before(sender)

    if isinstance(error, RuntimeError):
        del failing[2:]
    monkeypatch.setattr(agent_module, "open_spool", opens)
    monkeypatch.setattr(Sender, "step", steps)
    sending = SendingThread(device, link, told.append)
    sending.start()
    for record in walk(3):
        spool.add(boot, record, INSTRUMENT, "LIVE")
    spool.end(boot)
    assert link.wait_for(2)
    assert sending.drain(LONG_S)
    assert not failing
    of_it = [line for line in told if str(error) in line]
    assert len(of_it) == len(told) == (1 if isinstance(error, RuntimeError) else 2)


def test_records_that_cannot_be_read_in_the_spool_hold_up_no_message(
    device: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "LEAST_LIVE_S", 0.0)
    monkeypatch.setattr(agent_module, "MOST_LIVE_S", 0.0)
    link, boot, told = Link(), spool.begin(), list[str]()
    spool.add(boot, walk(1)[0], INSTRUMENT, "LIVE")
    spool._db.execute("UPDATE record SET body = x'00'")
    sending = SendingThread(device, link, told.append)
    sending.start()
    for _ in range(200):
        if told:
            break
        time.sleep(0.05)
    spool.alarm(boot, {"stage": "opened"})
    assert not sending.drain(LONG_S), "something is left on the device"
    assert [lane for lane, _first, _last in link.taken] == ["alarms"]
    assert len(told) == 1
    assert "cannot be read" in told[0]
    assert spool.status().records_open == 1


def test_a_backlog_waits_in_larger_messages_and_alarms_overtake_it(
    device: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "LEAST_LIVE_S", 0.0)
    link, boot = Link(), spool.begin()
    link.up = False
    records = walk(32)
    spool.add(boot, records[0], INSTRUMENT, "LIVE")
    sending = SendingThread(device, link, lambda _line: None)
    sending.start()
    assert link.tried.wait(LONG_S)
    for record in records[1:31]:
        spool.add(boot, record, INSTRUMENT, "LIVE")
    spool.alarm(boot, {"stage": "opened"})
    # the first second was on its way when the link went down; the rest gathers
    assert (spool.status().batches, spool.status().records_open) == (4, 0)
    link.up = True
    assert link.wait_for(30)
    spool.add(boot, records[31], INSTRUMENT, "LIVE")
    assert link.wait_for(31)
    spool.end(boot)
    assert sending.drain(LONG_S)
    assert link.taken[0][0] == "alarms"
    assert [(f, e) for lane, f, e in link.taken if lane == "records"][:5] == [
        *((0, 0), (1, 10), (11, 20), (21, 30)),
        (31, 31),
    ]


def test_fast_records_are_gathered_to_a_second(device: Path, spool: Spool) -> None:
    link, boot = Link(), spool.begin()
    sending = SendingThread(device, link, lambda _line: None)
    sending.start()
    for record in (replace(r, real_time_s=0.1) for r in walk(9)):
        spool.add(boot, record, INSTRUMENT, "LIVE")
    # less than a second of data goes only when it has waited
    assert link.wait_for(8)
    spool.end(boot)
    assert sending.drain(LONG_S)
    assert len([1 for lane, first, last in link.taken if lane == "records" and last >= first]) <= 3


def test_a_message_that_was_refused_earlier_is_no_failure_for_ever(
    device: Path, spool: Spool
) -> None:
    boot = spool.begin()
    for record in walk(10):
        spool.add(boot, record, INSTRUMENT, "LIVE")

    def refuses(envelope: bytes) -> Reply:
        return Reply(409, refused="conflict", detail=f"{len(envelope)} bytes sent before")

    first = SendingThread(device, refuses, lambda _line: None)
    first.start()
    assert not first.drain(LONG_S)
    spool.add(boot, walk(1)[0], INSTRUMENT, "LIVE")
    spool.end(boot)
    told: list[str] = []
    second = SendingThread(device, Link(), told.append)
    second.start()
    assert second.drain(LONG_S)
    assert spool.status().refused == 1
    assert told == ["refused by the server earlier, and kept: 1 messages"]


class Keeper(HTTPServer):
    """A server that keeps connections, and counts them, and what came over them."""

    def __init__(self) -> None:
        self.connections = 0
        self.bodies: list[bytes] = []
        keeper = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                keeper.connections += 1
                super().setup()

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                keeper.bodies.append(raw)
                body = b'{"receipt": "%s"}' % sha256(raw).hexdigest().encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                if raw == b"last":
                    self.close_connection = True  # without saying so

            def log_message(self, *_given: object) -> None:
                """Nothing on the terminal."""

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    server = Keeper()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_connection_is_kept_and_made_anew_where_the_server_let_it_go(keeper: Keeper) -> None:
    post = Https(f"http://127.0.0.1:{keeper.server_port}")
    for body in (b"one", b"two", b"last"):
        assert post(body).receipt == sha256(body).hexdigest()
    assert keeper.connections == 1
    assert post(b"four").receipt == sha256(b"four").hexdigest()
    assert keeper.connections == 2
    post.close()


def test_a_kept_connection_is_never_opened_again_without_the_fingerprint(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem = tmp_path / "server.pem"
    fingerprint = certificate(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    keeper.socket = context.wrap_socket(keeper.socket, server_side=True)
    post = Https(f"https://127.0.0.1:{keeper.server_port}", fingerprint)
    assert post(b"last").receipt == sha256(b"last").hexdigest()
    # somebody else answers at the same address when the connection is made anew
    with monkeypatch.context() as patch:
        patch.setattr(post, "_pin", "0" * 64)
        with pytest.raises(OSError, match="another certificate"):
            post(b"secret")
    # one connection after the other: what comes now comes after all that came before
    assert post(b"after").receipt == sha256(b"after").hexdigest()
    assert keeper.bodies == [b"last", b"after"]
    post.close()


def test_an_address_that_no_resolver_takes_is_trouble_and_no_end_of_sending() -> None:
    with pytest.raises(OSError, match=r"host\.\.example cannot be asked"):
        Https("https://host..example:8443")(b"x")
