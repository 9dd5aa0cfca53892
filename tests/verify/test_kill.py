"""Kill the server two hundred times while people upload: nothing acknowledged is lost."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

KILLS = 200
PEOPLE = 3
PREPARE = """
import sys
from pathlib import Path
from tocsin.server.serving.first_start import prepare_folder, start_django, migrate
data = Path(sys.argv[1]); prepare_folder(data)
start_django(data, TOCSIN_HTTPS="0", TOCSIN_DEMONSTRATION="1", TOCSIN_UPLOAD_QUOTA_MIB="100000")
migrate()
from tocsin.server.fiction.population import populate
from tocsin.server.fiction.playing import caller
populate("a password for this run", sources=100)
print(caller("", "officer@customs.example").token)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The web process alone, on one data folder, killed and started again."""

    def __init__(self, data: Path) -> None:
        self.env = os.environ | {
            "TOCSIN_DATA": str(data),
            "TOCSIN_HTTPS": "0",
            "TOCSIN_DEMONSTRATION": "1",
            "TOCSIN_UPLOAD_QUOTA_MIB": "100000",
            "DJANGO_SETTINGS_MODULE": "tocsin.server.settings",
        }
        self.env.pop("DATABASE_URL", None)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *before: str) -> None:
        self.process = subprocess.Popen(
            [
                *before,
                *(sys.executable, "-m", "uvicorn", "tocsin.server.asgi:application"),
                *("--port", str(self.port), "--no-access-log", "--log-level", "error"),
            ],
            env=self.env,
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + 240.0
        while time.monotonic() < ends:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("the server did not start")

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def upload(port: int, token: str, content: bytes) -> str | None:
    """Identifier of an acknowledged upload; None if no acknowledgement came."""
    mark = secrets.token_hex(8)
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(
            "POST",
            "/api/1/measurements/uploads",
            body,
            {
                "Authorization": f"Bearer {token}",
                "Content-Type": f"multipart/form-data; boundary={mark}",
            },
        )
        answer = connection.getresponse()
        said = json.loads(answer.read())
        return str(said["id"]) if answer.status == 201 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


@pytest.fixture
def prepared(tmp_path: Path) -> tuple[Path, str]:
    data = tmp_path / "data"
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, str(data)],
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        check=True,
    )
    return data, done.stdout.split()[-1]


@pytest.mark.verify
def test_two_hundred_kills_lose_nothing_acknowledged(prepared: tuple[Path, str]) -> None:
    data, token = prepared
    server = Server(data)
    server.start()
    acknowledged: dict[str, str] = {}
    lock, stop = threading.Lock(), threading.Event()

    def work(seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - contents of test files
        while not stop.is_set():
            content = rng.randbytes(rng.randint(10, 20_000))
            name = upload(server.port, token, content)
            if name is not None:
                with lock:
                    acknowledged[name] = hashlib.sha256(content).hexdigest()

    people = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in range(PEOPLE)]
    for thread in people:
        thread.start()
    rng = random.Random(7)  # noqa: S311 - moments of the kills
    try:
        for _kill in range(KILLS):
            held, ends = len(acknowledged), time.monotonic() + 30.0
            while len(acknowledged) == held and time.monotonic() < ends:
                time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 0.3))
            server.kill()
            server.start()
    finally:
        stop.set()
        for thread in people:
            thread.join(60.0)
        server.kill()
    missing = 0
    with sqlite3.connect(data / "tocsin.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = dict(database.execute("SELECT id, sha256 FROM measurements_upload"))
        leaves = {
            row[0]
            for row in database.execute(
                "SELECT subject_id FROM audit_leaf WHERE action = 'measurements.upload'"
            )
        }
    database.close()
    for name, sha256 in acknowledged.items():
        kept = rows.get(name.replace("-", ""))
        missing += not (kept == sha256 and name in leaves)
        missing += not (data / "files" / sha256[:2] / sha256).exists()
    print(f"{KILLS} kills, {len(acknowledged)} acknowledged uploads, {missing} missing")  # noqa: T201
    assert len(acknowledged) >= KILLS
    assert missing == 0
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    checked = subprocess.run(
        [sys.executable, "-m", "tocsin", "verify", "--data", str(data)],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.verify
def test_every_acknowledgement_follows_a_flush(prepared: tuple[Path, str], tmp_path: Path) -> None:
    """A killed process keeps the system's cache, so the order of flush and answer is traced too."""
    if shutil.which("strace") is None:
        pytest.skip("strace is absent (Debian: strace): flushes cannot be seen")
    data, token = prepared
    trace = tmp_path / "trace"
    server = Server(data)
    server.start(
        *("strace", "-f", "-y", "-o", str(trace), "-s", "40"),
        *("-e", "trace=fsync,fdatasync,read,recvfrom,recvmsg,write,sendto,sendmsg"),
    )
    names = [upload(server.port, token, secrets.token_bytes(500)) for _ in range(20)]
    server.kill()
    assert all(names)
    answers, faults = judged(trace.read_text(errors="replace"), data)
    assert faults == []
    assert answers == 20


PARTS = ("file", "its folder", "the folder above", "database")
_CALL = re.compile(r"(?P<process>\d+) +f(?:data)?sync\(\d+<(?P<path>[^>]*)>(?P<end>.*)")
_RESUMED = re.compile(r"(?P<process>\d+) +<\.\.\. f(?:data)?sync resumed>(?P<end>.*)")


def judged(trace: str, data: Path) -> tuple[int, list[str]]:
    """Acknowledgements in a trace, and what each one left without a flush of its own.

    All is forgotten when a request comes in: the database also flushes after an answer, when it
    closes, and that shall not stand for the flush of the next request. What a flush of the database
    holds is a row, so only one after those of the file counts.
    """
    answers, faults = 0, []
    flushed: set[str] = set()
    waiting: dict[str, str] = {}

    def done(path: str) -> None:
        part = part_of(Path(path), data)
        if part == "database" and not set(PARTS[:3]) <= flushed:
            return
        flushed.add(part)

    for line in trace.splitlines():
        if '"POST /api/1/measurements/uploads' in line:
            flushed, waiting = set(), {}
        elif call := _CALL.match(line):
            if "unfinished" in call["end"]:
                waiting[call["process"]] = call["path"]
            elif call["end"].endswith("= 0"):
                done(call["path"])
        elif resumed := _RESUMED.match(line):
            path = waiting.pop(resumed["process"], "")
            if path and resumed["end"].endswith("= 0"):
                done(path)
        elif '"HTTP/1.1 201' in line:
            answers += 1
            missing = [part for part in PARTS if part not in flushed]
            if missing:
                faults.append(f"answer {answers} left before {', '.join(missing)}")
            flushed = set()
    return answers, faults


def part_of(path: Path, data: Path) -> str:
    """Which of the parts a path is."""
    if path.suffix == ".part" and path.parent.parent == data / "files":
        return "file"
    if path == data / "files":
        return "the folder above"
    if path.parent == data / "files":
        return "its folder"
    return "database" if path.name == "tocsin.sqlite3-wal" else str(path)


def test_a_flush_counts_for_its_own_request_alone(tmp_path: Path) -> None:
    wal = f"7 fdatasync(9<{tmp_path}/tocsin.sqlite3-wal>) = 0"
    file = f"7 fsync(8<{tmp_path}/files/ab/abc.part>) = 0"
    folders = [f"7 fsync(8<{tmp_path}/files/ab>) = 0", f"7 fsync(8<{tmp_path}/files>) = 0"]
    come = '1 recvfrom(5<s>, "POST /api/1/measurements/uploads HT"..., 9, 0, NULL, NULL) = 861'
    gone = '1 sendto(5<s>, "HTTP/1.1 201 Created"..., 836, 0, NULL, 0) = 836'

    def verdict(*lines: str) -> tuple[int, list[str]]:
        return judged("\n".join(lines), tmp_path)

    assert verdict(come, file, *folders, wal, gone) == (1, [])
    cut = (wal.replace(") = 0", " <unfinished ...>"), "7 <... fdatasync resumed>) = 0")
    assert verdict(come, file, *folders, *cut, gone) == (1, [])
    # flushes before the request, after the answer before it, and in the wrong order
    assert verdict(file, *folders, wal, come, gone)[1]
    assert verdict(come, file, *folders, wal, gone, wal, come, file, *folders, gone) == (
        2,
        ["answer 2 left before database"],
    )
    assert verdict(come, wal, file, *folders, gone)[1] == ["answer 1 left before database"]
    assert verdict(come, file, *folders, cut[0], gone, cut[1])[1]
    assert verdict(come, file, folders[0], wal, gone)[1]
    # begun before the request came, ended after it
    assert verdict(cut[0], come, file, *folders, cut[1], gone)[1]
    assert verdict(come, file.replace("= 0", "= -1 EIO"), *folders, wal, gone)[1]
