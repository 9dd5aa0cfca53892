"""Backup under load, restore on an empty host, verify, upgrade: with the real commands."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pyrage
import pytest
from own_server import WRITER, surroundings
from own_server import tocsin as run
from tables_of import digest_of_tables


def python(code: str, *words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings(),
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("server") / "data"
    out, _err = python(WRITER, data, 5).communicate()
    assert len(out.split()) == 5
    return data


def test_a_backup_under_load_comes_back_whole(filled: Path, tmp_path: Path) -> None:
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"# a comment\n{key}\n")
    writer = python(WRITER, filled, 100_000)
    assert writer.stdout is not None
    acknowledged: list[str] = []
    enough = threading.Event()

    def listen() -> None:
        for line in writer.stdout or []:
            acknowledged.append(line.strip())
            if len(acknowledged) >= 20:
                enough.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert enough.wait(60)
    before = len(acknowledged)
    done = run(
        "backup", "b.age", "--data", filled, "--recipient", str(key.to_public()), cwd=tmp_path
    )
    still_writing = writer.poll() is None and len(acknowledged) > before
    writer.kill()
    writer.wait()
    thread.join()
    writer.stdout.close()
    assert done.returncode == 0, done.stderr
    assert still_writing, "the backup stopped the writer"
    assert b"tocsin.backup" not in (tmp_path / "b.age").read_bytes()
    refused = run("restore", "b.age", "--data", "new", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--identity" in refused.stderr
    done = run(
        "restore", "b.age", "--data", "new", "--identity-file", tmp_path / "key", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Everything is there" in done.stdout
    with sqlite3.connect(tmp_path / "new" / "tocsin.sqlite3") as copy:
        there = {row[0] for row in copy.execute("SELECT sha256 FROM files_blob")}
    copy.close()
    assert set(acknowledged[:before]) <= there
    for sha256 in there:
        assert (tmp_path / "new" / "files" / sha256[:2] / sha256).read_bytes() == (
            filled / "files" / sha256[:2] / sha256
        ).read_bytes()


def test_every_table_is_identical(filled: Path, tmp_path: Path) -> None:
    assert run("backup", "b.tar", "--data", filled, "--plain", cwd=tmp_path).returncode == 0
    done = run("restore", "b.tar", "--data", "new", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    one, two = (digest_of_tables(folder) for folder in (filled, tmp_path / "new"))
    assert one == two
    assert one["files_storedfile"][0] >= 5


def test_damage_is_told(filled: Path, tmp_path: Path) -> None:
    assert run("backup", "b.tar", "--data", filled, "--plain", cwd=tmp_path).returncode == 0
    again = run("backup", "b.tar", "--data", filled, "--plain", cwd=tmp_path)
    assert (again.returncode, "exists" in again.stderr) == (2, True)
    content = bytearray((tmp_path / "b.tar").read_bytes())
    place = content.index(b"SQLite format 3") + 5000
    content[place] ^= 0xFF
    (tmp_path / "c.tar").write_bytes(content)
    done = run("restore", "c.tar", "--data", "new", cwd=tmp_path)
    assert (done.returncode, "damaged" in done.stderr) == (2, True)
    assert not (tmp_path / "new").exists()
    assert run("restore", "b.tar", "--data", "new", cwd=tmp_path).returncode == 0
    blob = next(p for p in (tmp_path / "new" / "files").rglob("*") if p.is_file())
    blob.write_bytes(blob.read_bytes()[:-1])
    done = run("verify", "--data", "new", cwd=tmp_path)
    assert done.returncode == 3
    assert "damaged" in done.stderr
    full = run("restore", "b.tar", "--data", "new", cwd=tmp_path)
    assert (full.returncode, "not empty" in full.stderr) == (2, True)


def test_upgrade_keeps_a_copy(filled: Path, tmp_path: Path) -> None:
    done = run("upgrade", "--data", filled, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list((filled / "before-upgrade").glob("*.tar"))


def test_a_backup_that_nobody_closes_is_refused(filled: Path, tmp_path: Path) -> None:
    done = run("backup", "b.tar", "--data", filled, cwd=tmp_path)
    assert (done.returncode, "--plain" in done.stderr) == (2, True)
    assert run("verify", "--data", "nowhere", cwd=tmp_path).returncode == 2
