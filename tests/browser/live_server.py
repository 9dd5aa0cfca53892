"""The real server in processes of its own, on an empty folder, with the fictional State in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who exist in tests alone
PATIENCE_S = 120.0
FILL = (
    "import django; django.setup(); "
    "from tocsin.server.fiction.population import populate; "
    f"populate({PASSWORD!r}, sources=200)"
)
PLAY = (
    "import django, sys, pathlib; django.setup(); "
    "from tocsin.server.fiction.playing import play; "
    "play(sys.argv[1], pathlib.Path(sys.argv[2]), say=lambda line: None)"
)


class LiveServer:
    """Web, background and timer processes on a free port of the loopback address, until closed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._log = (folder / "server.log").open("wb")
        self._env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tocsin.server.settings",
            "TOCSIN_DATA": str(folder / "data"),
            "TOCSIN_HTTPS": "0",
            "TOCSIN_DEMONSTRATION": "1",
            "DATABASE_URL": "",
        }
        self._copy_the_state(folder)
        self._processes = [
            self._start(
                *("-m", "uvicorn", "tocsin.server.asgi:application", "--host", "127.0.0.1"),
                *("--port", str(port), "--log-level", "warning"),
            ),
            self._start("-m", "tocsin.server.serving.tasks"),
            self._start("-m", "tocsin.server.serving.timers"),
        ]
        self._wait_until_up()

    def play(self, walk: Path) -> None:
        """Let the State's people bring a recording and work it off to its incident."""
        self._run("-c", PLAY, self.address, str(walk))

    def told(self, code: str, *arguments: str) -> str:
        """What a program with the server's settings prints, given the address and more."""
        command = [sys.executable, "-c", code, self.address, *arguments]
        done = subprocess.run(command, env=self._env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()

    def _copy_the_state(self, folder: Path) -> None:
        """A data folder with the fictional State in it, made once for all tests of a run."""
        run = folder.parent.parent if folder.parent.name.startswith("popen") else folder.parent
        made = run / "fictional-state"
        with (run / "fictional-state.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                (folder / "data").mkdir()
                self._run("-m", "tocsin.server.manage", "migrate", "--verbosity", "0")
                self._run("-c", FILL)
                shutil.copytree(folder / "data", made)
        if not (folder / "data").exists():
            shutil.copytree(made, folder / "data")

    def _run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self._env, check=True)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *arguments], env=self._env, stdout=self._log, stderr=self._log
        )

    def _wait_until_up(self) -> None:
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        self.close()
        raise TimeoutError(f"the server at {self.address} did not answer")
