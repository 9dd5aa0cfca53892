"""Where the name of a receiver leads: asked once for a send, checked, and connected to."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.server.outlets.test_sending import Hook, certificate

from tocsin.server.clock import now
from tocsin.server.outlets import lookups
from tocsin.server.outlets.addresses import Target
from tocsin.server.outlets.carrying import Parcel, carry
from tocsin.server.outlets.models import Operation
from tocsin.server.outlets.sending import send_due

pytestmark = pytest.mark.django_db
Make = Callable[..., Operation]
PATIENCE_S = 30.0


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Where names lead at each question; the last answer stays."""
    told: dict[str, list[str]] = {}
    asked_before = socket.getaddrinfo

    def ask(host: str, *rest: Any, **more: Any) -> Any:
        if host not in told:
            return asked_before(host, *rest, **more)
        answers = told[host]
        return asked_before(answers.pop(0) if len(answers) > 1 else answers[0], *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return told


def test_a_name_that_leads_elsewhere_after_the_check_is_not_followed(
    running: Make, book: dict[str, list[str]], clock: Any
) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as here:
        here.bind(("127.0.0.1", 0))
        port = here.getsockname()[1]
        live = running(f"udp://127.0.0.1:{port}")
        Operation.objects.filter(pk=live.pk).update(realm="LIVE")
        clock.move(seconds=1)
        book["turning.example"] = ["192.0.2.9"]
        running(f"udp://turning.example:{port}")
        book["turning.example"] = ["192.0.2.9", "127.0.0.1"]
        send_due(now())
        # the one answer was checked and used; the receiver of the realm LIVE got nothing
        assert book["turning.example"] == ["127.0.0.1"]
        here.setblocking(False)
        with pytest.raises(BlockingIOError):
            here.recv(1)


def test_every_address_of_a_name_is_checked(running: Make, clock: Any) -> None:
    asked_before = socket.getaddrinfo
    with pytest.MonkeyPatch.context() as patch:
        live = running("udp://192.0.2.7:6969")
        Operation.objects.filter(pk=live.pk).update(realm="LIVE")
        clock.move(seconds=1)
        row = running("udp://both.example:6969")

        def ask(host: str, *rest: Any, **more: Any) -> Any:
            if host != "both.example":
                return asked_before(host, *rest, **more)
            first, second = (asked_before(a, *rest, **more) for a in ("127.0.0.1", "192.0.2.7"))
            return first + second

        patch.setattr(socket, "getaddrinfo", ask)
        send_due(now())
    row.refresh_from_db()
    assert "realm LIVE" in row.trouble


def test_the_checked_address_is_asked_by_the_name_of_the_receiver(
    running: Make, book: dict[str, list[str]], tmp_path: Path, data_folder: Path
) -> None:
    pem = certificate(tmp_path, name="receiver.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    shown: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: shown.append(name)
    (data_folder / "keys").mkdir(parents=True, exist_ok=True)
    (data_folder / "keys" / "outlets-authorities.pem").write_bytes(pem.read_bytes())
    hosts: list[str] = []

    class Named(Hook):
        def do_POST(self) -> None:
            hosts.append(self.headers["Host"])
            super().do_POST()

    Named.answers, Named.got = [], []
    book["receiver.example"] = ["127.0.0.1"]
    with HTTPServer(("127.0.0.1", 0), Named) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        row = running(f"https://receiver.example:{server.server_port}/in", way="webhook")
        done = send_due(now())
        server.shutdown()
        thread.join(PATIENCE_S)
        row.refresh_from_db()
        assert (done, row.trouble) == (1, "")
        assert hosts == [f"receiver.example:{server.server_port}"]
    assert shown == ["receiver.example"]


def test_plain_http_does_not_follow_a_name_that_leads_elsewhere(
    running: Make, book: dict[str, list[str]]
) -> None:
    book["localhost"] = ["192.0.2.9"]
    row = running("http://localhost:9/in", way="webhook")
    assert send_due(now()) == 0
    row.refresh_from_db()
    assert row.trouble.startswith("Plain HTTP is for this machine alone")


def test_a_name_server_that_hangs_is_waited_for_once_and_not_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()
    asked: list[str] = []
    asked_before = socket.getaddrinfo

    def ask(host: str, *rest: Any, **more: Any) -> Any:
        if host.endswith(".example"):
            asked.append(host)
            go_on.wait(PATIENCE_S)
            raise OSError("no name server")
        return asked_before(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    monkeypatch.setattr(lookups, "LONGEST_S", 2.0)
    others = [(f"LIVE {k}", Target("tcp", f"slow{k}.example", 9)) for k in range(10)]
    began_s = time.monotonic()
    try:
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            target = Target("tcp", "127.0.0.1", server.getsockname()[1])
            assert carry(Parcel(target, (b"<event/>",), others)) == ""
        for _ in range(3):
            said = carry(Parcel(Target("tcp", "slow0.example", 9), (b"<event/>",)))
            assert said == "slow0.example could not be looked up within 2 s"
        # ten names that hang are waited for together, and no name is asked for a second time
        assert time.monotonic() - began_s < 10.0
        assert len(asked) == 10
    finally:
        go_on.set()
