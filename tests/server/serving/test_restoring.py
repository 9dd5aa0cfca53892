"""A backup leaves nothing open behind it; a restore that fails leaves everything as it was."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pyrage
import pytest
from own_server import WRITER, empty_postgres, python, surroundings, tocsin
from tables_of import digest_of_tables

from tocsin.server.serving import backup
from tocsin.server.serving.backup import BackupRefused, Lock, make_backup

SLOW = """
import sys, time
from tocsin.server.serving import backup
def picture(work):
    (work / "database.sqlite3").write_text("open to all")
    print(work, flush=True)
    time.sleep(120)
backup.take_picture = picture
from tocsin.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("server") / "data"
    python(WRITER, data, "3")
    return data


def changed(archive: Path, target: Path, name: str, change: object) -> None:
    """The same backup with another content of one member, and a manifest that agrees with it."""
    with tarfile.open(archive) as old:
        parts = {m.name: old.extractfile(m).read() for m in old if m.isfile()}  # type: ignore[union-attr]
    parts[name] = change(parts[name])  # type: ignore[operator]
    manifest = json.loads(parts.pop("manifest.json"))
    if name != "manifest.json":
        for member in manifest["members"]:
            member["sha256"] = sha256(parts[member["name"]]).hexdigest()
    else:
        manifest = json.loads(change(json.dumps(manifest).encode()))  # type: ignore[operator]
    parts["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(target, "w") as new:
        for each, content in parts.items():
            info = tarfile.TarInfo(each)
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))


def with_migration(content: bytes) -> bytes:
    """A database that a later version has changed."""
    with sqlite3.connect(":memory:") as held:
        # WAL cannot be opened in memory: the header says so in two bytes
        held.deserialize(content[:18] + b"\x01\x01" + content[20:])
        held.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('files', '9999_of_the_future', '2030-01-01')"
        )
        held.commit()
        return held.serialize()


# ------------------------------------------------------------------------------------------- backup


def test_what_is_not_encrypted_yet_stays_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    seen: list[tuple[Path, int, list[Path]]] = []

    def picture(work: Path) -> list[Path]:
        seen.append((work.parent, work.stat().st_mode & 0o777, list(elsewhere.iterdir())))
        (work / "database.sqlite3").write_bytes(b"open to all")
        return [work / "database.sqlite3"]

    monkeypatch.setattr(backup, "take_picture", picture)
    key = pyrage.x25519.Identity.generate()
    lock = Lock(recipient=str(key.to_public()))
    make_backup(data, elsewhere / "b.age", lock, say=lambda _text: None)
    assert seen == [(data, 0o700, [])]
    assert [p.name for p in elsewhere.iterdir()] == ["b.age"]
    assert (elsewhere / "b.age").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupRefused, match="no age public key"):
        make_backup(data, elsewhere / "c.age", Lock(recipient="age1wrong"), say=lambda _text: None)
    assert [p.name for p in elsewhere.iterdir()] == ["b.age"]
    assert list(data.iterdir()) == []


def test_a_backup_that_is_ended_leaves_nothing(server: Path, tmp_path: Path) -> None:
    words = ("backup", tmp_path / "b.tar", "--data", server, "--plain")
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings(),
    )
    assert running.stdout is not None
    work = Path(running.stdout.readline().strip())
    assert work.is_dir()
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 128 + signal.SIGTERM
    running.stdout.close()
    assert not work.exists()
    assert not (tmp_path / "b.tar").exists()


# ------------------------------------------------------------------------------------------ restore


@pytest.fixture(scope="module")
def kept(server: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    done = tocsin("backup", "b.tar", "--data", server, "--plain", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "b.tar"


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("database/database.sqlite3", with_migration, "9999_of_the_future"),
        ("database/database.sqlite3", lambda _c: b"no database", "of which version"),
        ("manifest.json", lambda c: c.replace(b"backup/2", b"backup/9"), "tocsin.backup/9"),
        ("manifest.json", lambda c: c.replace(b'"sqlite"', b'"postgresql"'), "the settings name"),
        ("manifest.json", lambda _c: b"[]", "is no backup"),
    ],
)
def test_a_restore_that_fails_leaves_the_target_as_it_was(
    name: str, change: object, words: str, there: bool, kept: Path, tmp_path: Path
) -> None:
    changed(kept, tmp_path / "c.tar", name, change)
    target = tmp_path / "new"
    if there:
        target.mkdir(mode=0o750)
        target.chmod(0o750)
    done = tocsin("restore", "c.tar", "--data", "new", cwd=tmp_path)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert target.exists() == there
    if there:
        assert list(target.iterdir()) == []
        assert target.stat().st_mode & 0o777 == 0o750


def test_a_whole_backup_comes_into_a_folder_that_was_open(kept: Path, tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    target.chmod(0o755)
    done = tocsin("restore", kept, "--data", "new", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in target.iterdir()} == {"files", "keys", "log", "tocsin.sqlite3"}
    for path in (target, *target.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


# --------------------------------------------------------------------------------------- PostgreSQL


@pytest.fixture
def two_databases() -> Iterator[tuple[str, str]]:
    with empty_postgres() as one, empty_postgres() as two:
        yield one, two


def tables_in(url: str) -> int:
    with psycopg.connect(url) as there:
        row = there.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row is not None
    return int(row[0])


def test_postgresql_comes_back_row_by_row(two_databases: tuple[str, str], tmp_path: Path) -> None:
    one, two = two_databases
    data = tmp_path / "data"
    python(WRITER, data, "3", env=surroundings(one))
    env = surroundings(one)
    done = tocsin("backup", "b.tar", "--data", "data", "--plain", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    env = surroundings(two)
    done = tocsin("restore", "b.tar", "--data", "new", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert digest_of_tables(data, one) == digest_of_tables(tmp_path / "new", two)
    assert not (tmp_path / "new" / "database").exists()
    python(WRITER, tmp_path / "new", "5", env=env)  # the counters of rows go on, too
    full = tocsin("restore", "b.tar", "--data", "other", cwd=tmp_path, env=env)
    assert (full.returncode, "not empty" in full.stderr) == (2, True)
    assert not (tmp_path / "other").exists()


def test_a_backup_of_an_earlier_version_is_brought_to_this_one(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    """Rows of earlier tables go into earlier tables, which are changed then."""
    one, two = two_databases
    data = tmp_path / "data"
    env = surroundings(one)
    python(WRITER, data, "3", env=env)
    manage = [sys.executable, "-m", "tocsin.server.manage", "migrate", "-v0", "files", "0001"]
    subprocess.run(manage, check=True, env=env | {"TOCSIN_DATA": str(data)})
    done = tocsin("backup", "b.tar", "--data", "data", "--plain", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    env = surroundings(two)
    done = tocsin("restore", "b.tar", "--data", "new", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(two) as there:
        columns = there.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'files_blob'"
        ).fetchall()
    assert ("erased_at",) not in columns


def test_rows_that_do_not_fit_leave_postgresql_empty(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    one, two = two_databases
    data = tmp_path / "data"
    env = surroundings(one)
    python(WRITER, data, "3", env=env)
    with psycopg.connect(one) as there:
        there.execute("ALTER TABLE files_blob DISABLE TRIGGER ALL")
        there.execute("DELETE FROM files_blob")
    done = tocsin("backup", "b.tar", "--data", "data", "--plain", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    env = surroundings(two)
    done = tocsin("restore", "b.tar", "--data", "new", cwd=tmp_path, env=env)
    assert (done.returncode, "do not fit" in done.stderr) == (2, True), done.stderr
    assert tables_in(two) == 0
    assert not (tmp_path / "new").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar", "data"]
