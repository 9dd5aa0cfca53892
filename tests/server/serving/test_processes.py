"""The supervisor keeps its processes running, stops them, and leaves none behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tocsin.server.serving.processes import Process, supervise

SUPERVISOR = """
import os, sys
from tocsin.server.serving.processes import Process, supervise
supervise([Process("sleeper", (sys.executable, "-c", sys.argv[1]))], os.environ, say=print)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(path: Path) -> int:
    ends = time.monotonic() + 60.0
    while time.monotonic() < ends:
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.05)
    raise TimeoutError(f"{path} was not written")


def sleeper(path: Path) -> str:
    return f"import os, time; open({str(path)!r}, 'w').write(str(os.getpid())); time.sleep(600)"


def test_a_killed_supervisor_leaves_no_process_behind(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    boss = subprocess.Popen([sys.executable, "-c", SUPERVISOR, sleeper(path)])
    pid = wait_for(path)
    assert alive(pid)
    boss.kill()
    boss.wait()
    ends = time.monotonic() + 20.0
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not alive(pid)


def test_what_ends_is_started_again_and_all_stop_together(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    said: list[str] = []
    process = Process("sleeper", (sys.executable, "-c", sleeper(path)))
    seen: list[int] = []

    def until() -> bool:
        if process.running is not None and path.exists() and path.read_text():
            pid = int(path.read_text())
            if pid not in seen:
                seen.append(pid)
                if len(seen) == 1:
                    os.kill(pid, signal.SIGKILL)
        return len(seen) == 2

    supervise([process], os.environ, say=said.append, until=until)
    assert any("started again" in line for line in said)
    assert not any(alive(pid) for pid in seen)
