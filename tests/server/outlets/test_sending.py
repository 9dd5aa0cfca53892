"""What arrives at real listeners on this machine, and what happens when nobody listens."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader
from tocsin.server.outlets import carrying, sending
from tocsin.server.outlets.addresses import Target
from tocsin.server.outlets.carrying import Parcel, carry
from tocsin.server.outlets.models import Operation
from tocsin.server.outlets.sending import Sender, send_due, wait_of
from tocsin.server.outlets.services import stop
from tocsin.server.outlets.signing import CONTEXT, HEADER, outlet_key

pytestmark = pytest.mark.django_db
Make = Callable[..., Operation]
PATIENCE_S = 30.0


def leaves(action: str) -> int:
    return Leaf.objects.filter(action=action).count()


def checked(event: bytes) -> Any:
    """What the public schema of the event asks for: attributes, their forms, one point, order."""
    root: Any = etree.fromstring(event)
    assert root.tag == "event"
    assert set(root.attrib) >= {"version", "uid", "type", "how", "time", "start", "stale"}
    assert root.get("version") == "2.0"
    times = [dt.datetime.fromisoformat(root.get(k, "")) for k in ("start", "time", "stale")]
    assert all(root.get(k, "").endswith("Z") for k in ("start", "time", "stale"))
    assert times == sorted(times)
    assert root.get("opex", "") in {"o", "e", "s"}
    assert [child.tag for child in root] == ["point", "detail"]
    point = root.find("point")
    assert set(point.attrib) == {"lat", "lon", "hae", "ce", "le"}
    assert -90 <= float(point.get("lat")) <= 90
    assert -180 <= float(point.get("lon")) <= 180
    return root


def test_datagrams_of_cursor_on_target(
    running: Make, alarm: Alarm, agreeing: Reader, clock: Any
) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(PATIENCE_S)
        row = running(f"udp://127.0.0.1:{here.getsockname()[1]}")
        assert send_due(now()) == 1
        device, spot = (checked(here.recv(65536)) for _ in range(2))
        assert device.get("uid").startswith("tocsin.device.")
        assert device.get("opex") == "e"
        assert device.find("detail/contact").get("callsign") == "EXERCISE Pack 7"
        assert spot.get("uid") == f"tocsin.alarm.{alarm.pk}"
        assert float(spot.find("point").get("lat")) == pytest.approx(-75.001)
        assert spot.find("detail/remarks").text == "EXERCISE Cs-137 at the gate"
        leaf = Leaf.objects.get(action="outlets.send")
        assert leaf.subject_id == str(row.pk)
        # the same is sent again before it goes stale, and not at every tick
        assert send_due(now()) == 0
        clock.move(seconds=61)
        assert send_due(now()) == 1
        assert leaves("outlets.send") == 2
        stop(agreeing, row, reason="enough")
        clock.move(seconds=61)
        assert send_due(now()) == 0
        assert leaves("outlets.send") == 2


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A port that takes one connection to its end."""
    got: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(PATIENCE_S)

        def take() -> None:
            connection, _peer = server.accept()
            connection.settimeout(PATIENCE_S)
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with closing(connection):
                while part := connection.recv(65536):
                    got.append(part)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield server.getsockname()[1], got
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_a_stream_of_cursor_on_target(running: Make) -> None:
    with listening() as (port, got):
        running(f"tcp://127.0.0.1:{port}")
        assert send_due(now()) == 1
    events = b"".join(got).split(b"<?xml")[1:]
    assert len([checked(b"<?xml" + event) for event in events]) == 2


def certificate(folder: Path, name: str = "") -> Path:
    """A certificate for this machine or a name that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "listener")])
    shown = x509.DNSName(name) if name else x509.IPAddress(ip_address("127.0.0.1"))
    at = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - dt.timedelta(days=1))
        .not_valid_after(at + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([shown]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "listener.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_tls_wants_an_authority_that_the_operator_names(
    running: Make, tmp_path: Path, data_folder: Path, clock: Any
) -> None:
    pem = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    (data_folder / "keys").mkdir(parents=True, exist_ok=True)
    (data_folder / "keys" / "outlets-authorities.pem").write_bytes(pem.read_bytes())
    with listening(context) as (port, got):
        row = running(f"tls://127.0.0.1:{port}")
        assert send_due(now()) == 1
    assert b"".join(got).count(b"<event") == 2

    (data_folder / "keys" / "outlets-authorities.pem").unlink()
    with closing(socket.create_server(("127.0.0.1", port))) as server:
        server.settimeout(PATIENCE_S)

        def shake() -> None:
            connection, _peer = server.accept()
            with closing(connection), pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=shake, daemon=True)
        thread.start()
        clock.move(seconds=61)
        assert send_due(now()) == 0
        thread.join(PATIENCE_S)
    row.refresh_from_db()
    assert "certificate" in row.trouble.lower()
    assert leaves("outlets.failed") == 1


class Hook(BaseHTTPRequestHandler):
    """Keeps what comes and answers as it is told."""

    answers: list[int]
    got: list[tuple[str, str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, self.headers[HEADER], body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, type[Hook]]]:
    kind = type("OneHook", (Hook,), {"answers": [], "got": []})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/in?from=tocsin", kind
        server.shutdown()
        thread.join(PATIENCE_S)


def test_a_webhook_is_signed(running: Make, alarm: Alarm, hook: tuple[str, type[Hook]]) -> None:
    address, kind = hook
    row = running(address, way="webhook")
    assert send_due(now()) == 1
    ((path, signature, body),) = kind.got
    assert path == "/in?from=tocsin"
    key = outlet_key().verifier
    assert key.verifies(base64.b64decode(signature), CONTEXT + body)
    assert not key.verifies(base64.b64decode(signature), CONTEXT + body + b" ")
    told = json.loads(body)
    assert told["schema"] == "tocsin.outlet/1"
    assert (told["operation"], told["realm"], told["level"]) == (str(row.pk), "EXERCISE", 1)
    assert [t["name"] for t in told["things"]] == ["Pack 7", alarm.name]


def test_a_webhook_is_told_once_that_nothing_is_left(
    running: Make, alarm: Alarm, hook: tuple[str, type[Hook]], clock: Any
) -> None:
    address, kind = hook
    running(address, way="webhook", positions=False)
    assert send_due(now()) == 1
    Alarm.objects.filter(pk=alarm.pk).update(state="closed")
    clock.move(seconds=5)
    assert send_due(now()) == 1
    assert json.loads(kind.got[-1][2])["things"] == []
    for _ in range(3):
        clock.move(seconds=70)
        assert send_due(now()) == 0


def test_what_fails_is_tried_again_later_and_no_redirect_is_followed(
    running: Make, hook: tuple[str, type[Hook]], clock: Any
) -> None:
    address, kind = hook
    kind.answers[:] = [302, 500]
    row = running(address, way="webhook")
    assert send_due(now()) == 0
    assert [path for path, *_ in kind.got] == ["/in?from=tocsin"]
    row.refresh_from_db()
    assert (row.failures, row.trouble) == (1, "the receiver answers 302")
    assert send_due(now()) == 0
    assert len(kind.got) == 1, "it waits first"
    clock.move(seconds=11)
    assert send_due(now()) == 0
    clock.move(seconds=11)
    assert send_due(now()) == 0
    assert len(kind.got) == 2, "it waits longer each time"
    clock.move(seconds=10)
    assert send_due(now()) == 1
    row.refresh_from_db()
    assert (row.failures, row.trouble) == (0, "")
    assert (leaves("outlets.send"), leaves("outlets.failed")) == (3, 2)


def test_the_longest_wait_is_five_minutes() -> None:
    assert [wait_of(n).total_seconds() for n in (0, 1, 2, 6, 60)] == [0, 10, 20, 300, 300]


def test_nobody_listens(running: Make) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    row = running(f"tcp://127.0.0.1:{port}")
    assert send_due(now()) == 0
    row.refresh_from_db()
    assert row.failures == 1
    assert row.trouble


def test_an_address_that_cannot_be_put_on_the_wire_is_a_failure_and_no_storm(running: Make) -> None:
    row = running("https://127.0.0.1:1/empf\u00e4nger", way="webhook")
    label = running(f"tcp://{'a' * 64}.example:9")
    for _ in range(3):
        assert send_due(now()) == 0
    for one in (row, label):
        one.refresh_from_db()
        assert one.failures == 1
        assert one.trouble
    assert Leaf.objects.filter(action="outlets.send").count() == 2


def test_a_name_that_leads_to_the_receiver_of_another_realm_later_gets_nothing(
    running: Make, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    book = {"exercise.example": "192.0.2.9"}
    asked_before = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: asked_before(book.get(host, host), *rest, **more),
    )
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as here:
        here.bind(("127.0.0.1", 0))
        port = here.getsockname()[1]
        live = running(f"udp://127.0.0.1:{port}")
        Operation.objects.filter(pk=live.pk).update(realm="LIVE")
        clock.move(seconds=1)
        row = running(f"udp://exercise.example:{port}")
        book["exercise.example"] = "127.0.0.1"
        assert send_due(now()) == 0
        here.setblocking(False)
        with pytest.raises(BlockingIOError):
            here.recv(1)
    row.refresh_from_db()
    assert "realm LIVE" in row.trouble


def test_a_receiver_that_hangs_holds_up_neither_the_timers_nor_the_others(
    running: Make, alarm: Alarm, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    carried: list[int] = []

    def carries(parcel: Parcel) -> str:
        if parcel.target.port == 7001:
            assert go_on.wait(PATIENCE_S)
        carried.append(parcel.target.port)
        return ""

    sender = Sender(carries, budget_s=0.5)
    monkeypatch.setattr(sending, "_SENDER", [sender])
    stuck = running("tcp://127.0.0.1:7001")
    running("tcp://127.0.0.1:7002")
    try:
        for _ in range(4):
            send_due(now())
        # the ticks went on while it hangs; it is not begun a second time
        assert not go_on.is_set()
        assert carried == [7002]
        assert leaves("outlets.send") == 2
        Alarm.objects.filter(pk=alarm.pk).update(title="another word")
        clock.move(seconds=1)
        send_due(now())
        assert carried == [7002, 7002]
    finally:
        go_on.set()
    until = time.monotonic() + PATIENCE_S
    while stuck.sent_at is None:
        assert time.monotonic() < until
        send_due(now())
        stuck.refresh_from_db()


def test_a_receiver_that_answers_a_byte_at_a_time_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, data_folder: Path
) -> None:
    monkeypatch.setattr(carrying, "LONGEST_S", 0.5)
    ended = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(PATIENCE_S)

        def drip() -> None:
            connection, _peer = server.accept()
            with closing(connection), suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        target = Target("http", "127.0.0.1", server.getsockname()[1])
        # in a thread: without the end it would drip for an hour
        sends = threading.Thread(target=carry, args=[Parcel(target, (b"{}",))], daemon=True)
        sends.start()
        sends.join(PATIENCE_S)
        cut_off = not sends.is_alive()
        ended.set()
        thread.join(PATIENCE_S)
    assert cut_off
