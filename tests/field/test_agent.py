"""The agent as it runs: a walk is heard, kept, and sent to a server that answers or does not."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from certificates import certificate
from typer.testing import CliRunner
from walks import walk

from tocsin import formats
from tocsin.cli.main import app
from tocsin.detection import analyze
from tocsin.detection.analysis import encounter_json
from tocsin.errors import InvalidInput
from tocsin.field.agent import Agent
from tocsin.field.envelope import open_envelope
from tocsin.field.listening import Heard
from tocsin.field.records import Feed, from_recording
from tocsin.field.sending import Https
from tocsin.field.spool import Spool
from tocsin.field.watch import Watch
from tocsin.field.wire import unpack_json, unpack_records
from tocsin.sealing import SigningKey
from tocsin.spectra import Instrument, Record

KEY = SigningKey("pack-7", bytes(range(32)))


class Taker(HTTPServer):
    """Takes every envelope, unless it is told to fail."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.failing = 0
        self.refusing = False

        taker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                said: dict[str, object] = {"detail": "busy"}
                if taker.refusing:
                    said = {"refused": "conflict", "detail": "sent before"}
                elif taker.failing:
                    taker.failing -= 1
                else:
                    taker.taken.append(raw)
                    said = {"receipt": sha256(raw).hexdigest(), "through": -1}
                body = json.dumps(said).encode()
                self.send_response(200 if "receipt" in said else 503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_given: object) -> None:
                """Nothing on the terminal."""

        super().__init__(("127.0.0.1", 0), Handler)

    def records(self) -> int:
        """How many records came."""
        held = [open_envelope(raw) for raw in self.taken]
        return sum(len(unpack_records(e.body).records) for e in held if e.header.lane == "records")


@pytest.fixture(scope="module")
def first_walk(short_walk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The walk past the first source alone."""
    recording = formats.read(short_walk)
    path = tmp_path_factory.mktemp("first") / "walk.n42"
    path.write_bytes(formats.write_n42(replace(recording, records=recording.records[:200])))
    return path


@pytest.fixture
def taker() -> Iterator[Taker]:
    server = Taker()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: object, text: str | None = None) -> tuple[int, str]:
    """The command, its status and all that it said."""
    done = CliRunner().invoke(app, ["field", *map(str, arguments)], input=text)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_agent_hears_what_analyze_finds(first_walk: Path) -> None:
    recording = formats.read(first_walk)
    feed = from_recording(recording)
    heard: list[Heard] = []
    Agent(feed, live=False, spool=None, tell=print).run(feed.records, heard.append)
    closed = [h.said for h in heard if h.stage == "closed"]
    assert closed == analyze(recording).to_json()["encounters"]
    opened = [h.number for h in heard if h.stage == "opened"]
    assert opened == list(range(1, len(closed) + 1))
    # who walks past a strong source hears of it before its end
    standing = [h for h in heard if h.stage == "standing"]
    assert standing
    assert all(h.is_alarm and h.record < closed[h.number - 1]["last_record"] + 20 for h in standing)
    assert len({h.number for h in standing}) == len(standing)


def test_what_was_heard_goes_into_the_spool_and_overtakes(first_walk: Path, tmp_path: Path) -> None:
    feed = from_recording(formats.read(first_walk))
    spool = Spool(tmp_path / "spool.sqlite3", KEY, monotonic=lambda: 0.0)
    heard: list[Heard] = []
    Agent(feed, live=False, spool=spool, tell=print).run(feed.records, heard.append)
    message = spool.next_message()
    spool.close()
    assert message is not None
    said = unpack_json(open_envelope(message.envelope).body)
    assert (said["stage"], said["number"], said["realm"]) == ("opened", 1, "SYNTHETIC")
    assert heard[0].record == said["record"]


def test_a_full_disk_stops_no_hearing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite3", KEY, monotonic=lambda: 0.0)
    told: list[str] = []
    agent = Agent(Feed(Instrument(), iter(())), live=False, spool=spool, tell=told.append)
    records = walk(8)
    agent.take(records[0])
    # the file may not grow any more
    (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    filled = [records[0], *walk(8, channels=4096)[1:]]
    for record in filled[1:7]:
        agent.take(record)
    assert len(told) == 1
    assert "make room" in told[0]
    spool._db.execute("PRAGMA max_page_count = 1000000")
    agent.take(filled[7])
    # what was held in memory is kept now, in its order
    assert agent.not_kept == 0
    assert told[1] == "what is heard is kept again; lost meanwhile: 0"
    agent.end()
    # numbers have no gap
    numbers: dict[str, list[int]] = {"records": [], "alarms": []}
    kept: list[Record] = []
    while (message := spool.next_message()) is not None:
        held = open_envelope(message.envelope)
        header = held.header
        if header.lane == "records":
            kept += unpack_records(held.body).records
        numbers[header.lane] += range(header.first, header.last + 1)
        spool.received(message)
    spool.close()
    assert all(found == list(range(len(found))) for found in numbers.values())
    assert kept == filled


def test_more_than_memory_holds_is_lost_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (1 << 10) + walk(1, channels=8192)[0].spectra[0].counts.nbytes
    monkeypatch.setattr("tocsin.field.keeping.MOST_BYTES_IN_MEMORY", 5 * size)
    spool = Spool(tmp_path / "spool.sqlite3", KEY, monotonic=lambda: 0.0)
    told: list[str] = []
    agent = Agent(Feed(Instrument(), iter(())), live=False, spool=spool, tell=told.append)
    (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    for record in walk(9, channels=8192):
        agent.take(record)
    assert agent.not_kept == 4
    agent.end()
    spool.close()
    assert agent.not_kept == 9
    assert told[1].startswith("5 records and messages were never kept: there is no room")


def test_live_records_are_compared_with_the_clock_of_the_device(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite3", KEY, monotonic=lambda: 0.0)
    agent = Agent(Feed(Instrument(), iter(())), live=True, spool=spool, tell=print)
    agent.take(walk(1)[0])  # of another day than today
    agent.end()
    message = spool.next_message()
    spool.close()
    assert message is not None
    assert open_envelope(message.envelope).header.faults == ((0, "time-off"),)


def test_enrol_replay_and_status(first_walk: Path, tmp_path: Path) -> None:
    device = tmp_path / "device"
    with pytest.raises(InvalidInput, match="enroll"):
        run("status", "--device", device)
    status, said = run("enroll", "pack-7", "--device", device)
    assert status == 0
    assert "Public key  pack-7+" in said
    assert "█" in said
    assert (device / "device.key").stat().st_mode & 0o077 == 0
    again = run("enroll", "pack-8", "--device", device)[1]
    assert "a key is made once" in again
    assert said.splitlines()[0] in again
    status, said = run("replay", first_walk, "--speed", "0", "--device", device)
    assert status == 0
    assert "ALARM" in said
    status, said = run("status", "--device", device)
    assert "21 batches of records" in said
    assert "never" in said


def test_replay_sends_and_ends(first_walk: Path, tmp_path: Path, taker: Taker) -> None:
    device = tmp_path / "device"
    run("enroll", "pack-7", "--device", device)
    taker.failing = 1
    address = f"http://127.0.0.1:{taker.server_port}"
    status, said = run("replay", first_walk, "--speed", 0, "--to", address, "--device", device)
    assert status == 0
    assert "Everything is with the server." in said
    assert "busy" in said
    assert taker.records() == len(formats.read(first_walk).records)
    assert "0 batches" in run("status", "--device", device)[1]


def test_pipe_keeps_without_a_network_and_send_brings_it_later(
    tmp_path: Path, taker: Taker
) -> None:
    device = tmp_path / "device"
    run("enroll", "pack-7", "--device", device)
    lines = "".join(json.dumps({"counts": [1, 2], "real_time_s": 1.0}) + "\n" for _ in range(25))
    status, said = run("pipe", "--device", device, text=lines + "nonsense\n")
    assert status == 0
    assert "record 26" in said
    assert "3 batches" in run("status", "--device", device)[1]
    nowhere = "http://127.0.0.1:9"
    status, said = run("send", nowhere, "--wait", 0, "--device", device)
    assert status == 1
    assert "it stays in" in said
    address = f"http://127.0.0.1:{taker.server_port}"
    assert run("send", address, "--device", device)[0] == 0
    assert taker.records() == 25


def test_without_a_key_nothing_is_kept(first_walk: Path, tmp_path: Path) -> None:
    status, said = run("replay", first_walk, "--speed", 0, "--device", tmp_path / "none")
    assert (status, "nothing is kept" in said) == (0, True)
    assert not (tmp_path / "none").exists()


@pytest.fixture
def secure(tmp_path: Path, taker: Taker) -> Callable[[], str]:
    """Give the server a certificate of its own; its fingerprint."""

    def make() -> str:
        pem = tmp_path / "server.pem"
        fingerprint = certificate(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        taker.socket = context.wrap_socket(taker.socket, server_side=True)
        return fingerprint

    return make


def test_only_the_named_certificate_gets_anything(taker: Taker, secure: Callable[[], str]) -> None:
    fingerprint = secure()
    address = f"https://127.0.0.1:{taker.server_port}"
    assert Https(address, fingerprint)(b"envelope").receipt == sha256(b"envelope").hexdigest()
    with pytest.raises(OSError, match="another certificate"):
        Https(address, "0" * 64)(b"secret")
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        Https(address)(b"secret")
    assert taker.taken == [b"envelope"]


def test_the_screen_and_the_agent_share_one_detector(first_walk: Path) -> None:
    recording = formats.read(first_walk)
    feed = from_recording(recording)
    watch = Watch(feed.instrument, feed.background)
    heard: list[Heard] = []
    agent = Agent(feed, live=False, spool=None, tell=print, watch=watch)
    agent.run(feed.records, heard.append)
    # nothing is judged twice, and both say the same
    assert watch.detector.index == len(recording.records) - 1
    said = [h.said for h in heard if h.stage == "closed"]
    assert said == [encounter_json(e) for e in watch.encounters]
    assert said == analyze(recording).to_json()["encounters"]
    assert watch.finished


def test_simulate_walks_past_the_lost_gauge_without_an_instrument(tmp_path: Path) -> None:
    device = tmp_path / "device"
    run("enroll", "pack-7", "--device", device)
    status, said = run("simulate", "--minutes", 3, "--speed", 0, "--device", device)
    assert status == 0
    assert "ALARM, class industrial, Cs-137" in said
    assert "19 batches of records" in run("status", "--device", device)[1]


def test_what_is_refused_is_not_told_as_sent(tmp_path: Path, taker: Taker) -> None:
    device = tmp_path / "device"
    run("enroll", "pack-7", "--device", device)
    run("pipe", "--device", device, text=json.dumps({"counts": [1], "real_time_s": 1.0}) + "\n")
    taker.refusing = True
    status, said = run("send", f"http://127.0.0.1:{taker.server_port}", "--device", device)
    assert status == 1
    assert "Not everything was sent" in said
    assert "1 messages that the server will not take" in run("status", "--device", device)[1]


def test_a_bad_byte_spoils_its_line_and_no_more(tmp_path: Path) -> None:
    lines = [b'{"counts": [1, 2], "real_time_s": 1.0}', b"\xff\xfe", b'{"counts": [3, 4]}']
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-m", "tocsin", "field", "pipe"],
        input=b"\n".join(lines),
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"record 2: " in done.stderr
