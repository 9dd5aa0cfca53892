"""Run the server's tests on a PostgreSQL that is started for them and thrown away after."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def binaries() -> Path | None:
    """Folder of PostgreSQL's programs, the newest one; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """A server on the loopback address with an empty database; gives its URL."""
    # PostgreSQL refuses to run as root: its own user is used then
    as_user: Sequence[str] = ()
    with tempfile.TemporaryDirectory(prefix="tocsin-postgres-") as name:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(name, owner.pw_uid, owner.pw_gid)
            as_user = ("runuser", "-u", "postgres", "--")
        data = f"{name}/data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]

        def call(program: str, *words: str) -> None:
            subprocess.run(
                [*as_user, programs / program, *words],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=name,
            )

        call("initdb", "-D", data, "-A", "trust", "-U", "tocsin", "--locale=C.UTF-8")
        options = f"-p {port} -k {name} -c listen_addresses=127.0.0.1"
        call("pg_ctl", "-D", data, "-o", options, "-l", f"{name}/log", "-w", "start")
        try:
            call("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "tocsin", "tocsin")
            yield f"postgres://tocsin@127.0.0.1:{port}/tocsin"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def main(words: Sequence[str]) -> int:
    """Run pytest with the words given, or say that nothing was run."""
    programs = binaries()
    if programs is None:
        print("SKIPPED by name: the server's tests on PostgreSQL (not installed here)")
        return 0
    with running(programs) as url:
        env = os.environ | {"TOCSIN_TEST_DATABASE_URL": url}
        command = [sys.executable, "-m", "pytest", *(words or ("tests/server",))]
        return subprocess.run(command, env=env, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
