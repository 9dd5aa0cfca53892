"""Installations of their own for tests: a data folder, a database, commands that run on them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

POSTGRES = "TOCSIN_TEST_DATABASE_URL"


def surroundings(url: str = "", **more: str) -> dict[str, str]:
    """An environment in which no other installation is named."""
    env = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("TOCSIN_", "DATABASE_URL")) or k == "TOCSIN_CACHE"
    }
    return env | ({"DATABASE_URL": url} if url else {}) | more


@contextmanager
def empty_postgres() -> Iterator[str]:
    """Address of an empty database on the PostgreSQL of this run; skips by name without one."""
    url = os.environ.get(POSTGRES, "")
    if not url:
        pytest.skip(f"{POSTGRES} is not set: not tried on PostgreSQL (make test-postgres)")
    name = f"own_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as there:
        there.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            there.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def tocsin(
    *words: str | Path, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=env or surroundings(),
        check=False,
    )


def python(code: str, *words: str | Path, env: dict[str, str] | None = None) -> str:
    """What a program prints; its failure fails the test."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        env=env or surroundings(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
