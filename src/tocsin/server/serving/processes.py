"""The processes of a server, started together, restarted when they end, stopped together."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import FrameType

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
WEB_LOGGING = Path(str(files("tocsin.server") / "data" / "web_logging.json"))
GRACE_S = 10.0
LONGEST_PAUSE_S = 30.0


@dataclass
class Process:
    """One process that must run.

    Parameters
    ----------
    name : str
        As the log calls it.
    command : sequence of str
        What is started.
    """

    name: str
    command: Sequence[str]
    running: subprocess.Popen[bytes] | None = field(default=None, init=False)
    pause_s: float = field(default=1.0, init=False)
    start_after: float = field(default=0.0, init=False)
    started: float = field(default=0.0, init=False)


def processes_of(
    *, host: str, port: int, key: Path | None, certificate: Path | None
) -> list[Process]:
    """Web server, detector, background work and timers."""
    python = sys.executable
    tls = (
        ("--ssl-keyfile", str(key), "--ssl-certfile", str(certificate))
        if key is not None and certificate is not None
        else ()
    )
    return [
        Process(
            "web",
            (
                *(python, "-m", "uvicorn", "tocsin.server.asgi:application"),
                *("--host", host, "--port", str(port), "--no-access-log", "--no-server-header"),
                # open streams must not hold up a stop
                *("--timeout-graceful-shutdown", "5", "--log-level", "warning"),
                # its own lines come before Django is set up, and are JSON as all others
                *("--log-config", str(WEB_LOGGING), *tls),
            ),
        ),
        Process("detector", (python, "-m", "tocsin.server.ingest.detecting")),
        Process("tasks", (python, "-m", "tocsin.server.serving.tasks")),
        Process("timers", (python, "-m", "tocsin.server.serving.timers")),
    ]


def supervise(
    processes: Sequence[Process],
    env: Mapping[str, str],
    *,
    say: Callable[[str], None],
    until: Callable[[], bool] | None = None,
) -> None:
    """Run the processes until a signal comes; one that ends is started again, later each time.

    Parameters
    ----------
    processes : sequence of Process
        To be run.
    env : mapping
        Their environment.
    say : callable
        Takes a line for the operator.
    until : callable, optional
        Asked five times a second; True ends all.
    """
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    former = {s: signal.signal(s, stop) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        while not stopping and not (until is not None and until()):
            for process in processes:
                _keep(process, env, say)
            time.sleep(0.2)
    finally:
        stop_all(processes)
        for number, handler in former.items():
            signal.signal(number, handler)


def _keep(process: Process, env: Mapping[str, str], say: Callable[[str], None]) -> None:
    at = time.monotonic()
    if process.running is not None:
        if process.running.poll() is None:
            if at - process.started > LONGEST_PAUSE_S:
                process.pause_s = 1.0
            return
        say(
            f"{process.name} ended with status {process.running.returncode}; "
            f"it is started again in {process.pause_s:.0f} s"
        )
        process.running = None
        process.start_after = at + process.pause_s
        process.pause_s = min(2.0 * process.pause_s, LONGEST_PAUSE_S)
    if at >= process.start_after:
        # a session of its own: Ctrl-C reaches the supervisor alone, which stops the others in order
        process.running = subprocess.Popen(  # noqa: S603 - our own commands
            process.command, env=dict(env), start_new_session=True, preexec_fn=_end_with_parent
        )
        process.started = at


def _end_with_parent() -> None:
    """Ask the kernel to end this process when the supervisor is gone, however it went."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def stop_all(processes: Sequence[Process]) -> None:
    """Ask every process to end, the first one first; kill what does not."""
    for process in processes:
        if process.running is not None and process.running.poll() is None:
            process.running.terminate()
    ends = time.monotonic() + GRACE_S
    for process in processes:
        if process.running is None:
            continue
        try:
            process.running.wait(max(0.1, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.running.kill()
            process.running.wait()
