"""The link that makes an administrator stands on a terminal, or in a closed file; in no journal."""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

from own_server import surroundings

from tocsin.server.serving.first_link import NAME, hand_over

LINK = "https://localhost:8443/account/invitation/tocsin_secret/"


def test_on_a_terminal_it_is_printed_and_nothing_is_written(tmp_path: Path) -> None:
    assert LINK in hand_over(LINK, tmp_path, terminal=True)
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_it_goes_to_a_file_of_the_owner_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("older")
    (tmp_path / NAME).chmod(0o644)
    said = hand_over(LINK, tmp_path, terminal=False)
    assert "tocsin_secret" not in said
    path = tmp_path / NAME
    assert str(path) in said
    assert path.read_text() == f"{LINK}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert hand_over(None, tmp_path, terminal=False) == ""
    assert not path.exists()


def _started(data: Path, out: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tocsin", "serve", "--no-https", "--data", str(data)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return subprocess.Popen(
        [*command, "--port", str(port)], stdout=out, stderr=out, env=surroundings()
    )


def test_a_service_prints_no_link(tmp_path: Path) -> None:
    data, journal = tmp_path / "data", tmp_path / "journal"
    with journal.open("wb") as out:
        server = _started(data, out.fileno())
        try:
            ends = time.monotonic() + 60
            while "First administrator" not in journal.read_text() and time.monotonic() < ends:
                time.sleep(0.2)
        finally:
            server.terminate()
            server.wait(30)
    link = (data / NAME).read_text().strip()
    token = link.rstrip("/").rpartition("/")[2]
    assert len(token) > 40
    assert token not in journal.read_text()
    assert "/account/invitation/" not in journal.read_text()
    assert str(data / NAME) in journal.read_text()


def test_a_person_at_a_terminal_reads_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    screen, out = pty.openpty()
    server = _started(data, out)
    os.close(out)
    said = b""
    try:
        ends = time.monotonic() + 60
        while b"/account/invitation/" not in said and time.monotonic() < ends:
            if select.select([screen], [], [], 1.0)[0]:
                said += os.read(screen, 4096)
    finally:
        server.terminate()
        server.wait(30)
        os.close(screen)
    assert b"First administrator, once and for 24 hours: http://" in said
    assert not (data / NAME).exists()
