"""A bench of the server on SQLite and on PostgreSQL, each in a process of its own."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def add_arguments(asked: argparse.ArgumentParser) -> None:
    """Which databases; and that this is the process which measures."""
    asked.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    asked.add_argument("--here", action="store_true", help=argparse.SUPPRESS)


def on_each_database(
    bench: str, options: Sequence[str], *, database: str, folder: Path | None = None
) -> int:
    """Run a bench with ``--here`` on each database that is asked for; the worst exit status.

    Parameters
    ----------
    bench : str
        File of the bench.
    options : sequence of str
        What it is given beside ``--here``.
    database : str
        ``sqlite``, ``postgres`` or ``both``.
    folder : Path, optional
        Where the data is kept, in a folder for each database; thrown away without it.
    """
    status = 0
    if database in {"sqlite", "both"}:
        status |= _in_a_process(bench, options, "sqlite", "", folder)
    if database in {"postgres", "both"}:
        runner = _runner()
        programs = runner.binaries()
        if programs is None:
            print("PostgreSQL is not installed here: not measured")
        else:
            with runner.running(programs) as url:
                status |= _in_a_process(bench, options, "postgres", url, folder)
    return status


def _runner() -> ModuleType:
    path = HERE.parent / "scripts" / "run_on_postgres.py"
    spec = importlib.util.spec_from_file_location("run_on_postgres", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _in_a_process(
    bench: str, options: Sequence[str], name: str, url: str, kept: Path | None
) -> int:
    """Measure in a process of its own: settings are read once."""
    print(f"\n{name}: load of the machine before {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as made:
        folder = (kept or Path(made)) / name
        folder.mkdir(parents=True, exist_ok=True)
        env = os.environ | {
            "TOCSIN_DATA": str(folder),
            "DATABASE_URL": url,
            "TOCSIN_HTTPS": "0",
            "TOCSIN_HOSTS": "testserver",
            "TOCSIN_DEMONSTRATION": "1",
            "TOCSIN_SECRET_KEY": "of a bench alone " * 4,
            "DJANGO_SETTINGS_MODULE": "tocsin.server.settings",
        }
        command = [sys.executable, bench, "--here", *options]
        return subprocess.run(command, env=env, check=False).returncode
