"""What the processes of a server write to their log: one JSON object on each line."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from own_server import python, surroundings

from tocsin.server.configuration import read_configuration
from tocsin.server.serving.processes import processes_of

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "serve.md"
MADE = """
import sys
from pathlib import Path
from tocsin.server.serving.first_start import migrate, prepare_folder, start_django
data = Path(sys.argv[1]); prepare_folder(data); start_django(data); migrate()
"""


@pytest.mark.parametrize("name", ["web", "tasks", "timers"])
def test_every_line_of_a_process_is_json(name: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    python(MADE, data)
    with socket.socket() as taken:
        # a port that is taken makes the web server say something of its own
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        found = processes_of(host="127.0.0.1", port=port, key=None, certificate=None)
        command = next(p.command for p in found if p.name == name)
        running = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=surroundings(
                TOCSIN_DATA=str(data),
                TOCSIN_HTTPS="0",
                DJANGO_SETTINGS_MODULE="tocsin.server.settings",
            ),
        )
        if name == "timers":
            ends = time.monotonic() + 120.0
            while not (data / "log" / "timers-beat").exists() and time.monotonic() < ends:
                time.sleep(0.1)
        if name != "web":
            time.sleep(2.0)
            running.send_signal(signal.SIGTERM)
        text, _none = running.communicate(timeout=120)
    lines = [json.loads(line) for line in text.splitlines()]
    assert all({"at", "level", "logger", "event"} <= set(line) for line in lines)
    if name == "web":
        assert any("address already in use" in line["event"] for line in lines), text


def test_the_guide_names_every_setting() -> None:
    code = Path(str(read_configuration.__code__.co_filename)).read_text(encoding="utf-8")
    known = set(re.findall(r'"((?:TOCSIN|DATABASE)_[A-Z_]+)"', code))
    assert len(known) >= 12
    table = set(re.findall(r"^\| `((?:TOCSIN|DATABASE)_[A-Z_]+)` \|", GUIDE.read_text(), re.M))
    assert table == known
