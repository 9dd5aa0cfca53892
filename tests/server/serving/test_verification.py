"""``tocsin verify`` finds what is missing or altered, and changes nothing while it looks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
from own_server import WRITER, empty_postgres, python, surroundings, tocsin
from tables_of import digest_of_tables

SEAL = """
import sys
from pathlib import Path
from tocsin.server.serving.first_start import start_django
start_django(Path(sys.argv[1]))
from tocsin.server.audit.sequencer import seal_now
from tocsin.server.clock import now
seal_now(now())
"""


def state_of(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time of change and content of everything in a folder."""
    return {
        str(p.relative_to(folder)): (
            p.stat().st_mode,
            0 if p.is_dir() else p.stat().st_mtime_ns,
            "" if p.is_dir() else hashlib.sha256(p.read_bytes()).hexdigest(),
        )
        for p in folder.rglob("*")
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder with files, signed leaves and newer ones, and the address of its database."""
    data = tmp_path / "data"
    with empty_postgres() if request.param == "postgresql" else nullcontext("") as url:
        env = surroundings(url)
        python(WRITER, data, "2", env=env)
        python(SEAL, data, env=env)
        python(WRITER, data, "3", env=env)
        yield data, url


def test_verify_writes_nothing(server: tuple[Path, str], tmp_path: Path) -> None:
    data, url = server
    files, rows = state_of(data), digest_of_tables(data, url)
    done = tocsin("verify", "--data", data, cwd=tmp_path, env=surroundings(url))
    assert done.returncode == 0, done.stderr
    (data / "keys" / "session-key").rename(tmp_path / "session-key")
    (data / "log").rename(tmp_path / "log")
    data.chmod(0o750)
    done = tocsin("verify", "--data", data, cwd=tmp_path, env=surroundings(url))
    assert not (data / "log").exists()
    assert not (data / "keys" / "session-key").exists()
    assert data.stat().st_mode & 0o777 == 0o750
    (tmp_path / "session-key").rename(data / "keys" / "session-key")
    (tmp_path / "log").rename(data / "log")
    assert state_of(data) == files
    assert digest_of_tables(data, url) == rows


def test_a_checkpoint_that_cannot_be_read_proves_nothing(
    server: tuple[Path, str], tmp_path: Path
) -> None:
    data, url = server
    kept = next((data / "log").glob("*/checkpoints/*.txt"))
    kept.write_bytes(kept.read_bytes()[:-9])
    done = tocsin("verify", "--data", data, cwd=tmp_path, env=surroundings(url))
    assert done.returncode == 3
    assert kept.name in done.stderr
    assert "cannot be shown" in done.stderr


def test_a_missing_database_is_told_and_not_made(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = tocsin("verify", "--data", "data", cwd=tmp_path)
    assert (done.returncode, "tocsin.sqlite3 is not there" in done.stderr) == (3, True)
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_rows_that_point_nowhere_are_found_on_postgresql(
    server: tuple[Path, str], tmp_path: Path
) -> None:
    data, url = server
    with psycopg.connect(url) as there:
        there.execute("ALTER TABLE files_storedfile DISABLE TRIGGER ALL")
        there.execute("ALTER TABLE files_blob DISABLE TRIGGER ALL")
        gone = there.execute(
            "DELETE FROM files_blob WHERE sha256 = (SELECT min(sha256) FROM "
            "files_blob) RETURNING sha256"
        ).fetchall()
        number = there.execute(
            "SELECT count(*) FROM files_storedfile WHERE blob_id = %s", gone[0]
        ).fetchone()
    assert number
    done = tocsin("verify", "--data", data, cwd=tmp_path, env=surroundings(url))
    assert done.returncode == 3
    assert f"files_storedfile: {number[0]} rows point nowhere by blob_id" in done.stderr
