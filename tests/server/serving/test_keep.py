"""Backup under load, restore on an empty host, verify, upgrade: with the real commands."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pyrage
import pytest

WRITER = """
import sys, threading, time
from pathlib import Path
from tocsin.server.serving.first_start import prepare_folder, start_django, migrate
data = Path(sys.argv[1]); prepare_folder(data); start_django(data); migrate()
from tocsin.server.accounts.services import add_organisation, add_person
from tocsin.server.files.services import store
from tocsin.server.accounts.models import Organisation, Person
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
DIGEST = """
import json, sys
from pathlib import Path
from tocsin.server.serving.first_start import start_django
start_django(Path(sys.argv[1]))
from tocsin.server.serving.tables import digest_of_tables
print(json.dumps(digest_of_tables()))
"""


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        check=False,
    )


def python(code: str, *words: str | Path) -> subprocess.Popen[str]:
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True, env=env
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
    before, _e = python(DIGEST, filled).communicate()
    after, _e = python(DIGEST, tmp_path / "new").communicate()
    one, two = json.loads(before), json.loads(after)
    # verifying a restored copy seals the log, which adds to these alone
    for table in ("audit_checkpoint", "audit_leaf"):
        one.pop(table), two.pop(table)
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
