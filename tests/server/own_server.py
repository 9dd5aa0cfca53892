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
WRITER = """
import sys
from pathlib import Path
from tocsin.server.serving.first_start import prepare_folder, start_django, migrate
data = Path(sys.argv[1]); prepare_folder(data); start_django(data); migrate()
from tocsin.server.accounts.services import add_organisation, add_person
from tocsin.server.files.services import store
from tocsin.server.accounts.models import Person
who = Person.objects.first()
if who is None:
    where = add_organisation(
        actor="system:test", name="A", short_name="a", kind="police", country="XX"
    )
    who = add_person(actor="system:test", email="a@a.example", name="A", organisation=where,
                     clearance=1, realms=["EXERCISE"])
count, until = 0, int(sys.argv[2])
while count < until:
    kept = store(b"%d" % count * 500, name=f"{count}", actor=who, realm="EXERCISE", level=1,
                 originator=who.organisation)
    count += 1
    print(kept.blob_id, flush=True)
"""
"""Keeps so many files in a folder, and prints the hash of each one once it is kept."""


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
