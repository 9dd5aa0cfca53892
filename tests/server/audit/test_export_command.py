"""``tocsin log-export`` and ``tocsin verify-log`` in one go, on a server's folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MAKE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tocsin.server.serving.first_start import migrate, prepare_folder, start_django
data = Path(sys.argv[1]); prepare_folder(data); start_django(data); migrate()
from django.db import transaction
from tocsin.server.accounts.models import Organisation
from tocsin.server.audit.sequencer import seal_now
from tocsin.server.audit.services import record
from tocsin.server.audit.models import Leaf
if sys.argv[2:]:
    for leaf in Leaf.objects.filter(action="audit.export"):
        print(leaf.actor, leaf.content["after"]["contents"], leaf.content["after"]["leaves"])
    raise SystemExit
where = Organisation.objects.create(
    name="A", short_name="a", kind="police", country="XX", created_at=datetime.now(UTC)
)
for n in range(5):
    where.level, where.realm = (3 if n == 4 else 1), "EXERCISE"  # as a marked row has them
    with transaction.atomic():
        record(actor="system:test", action="a.b", subject=where, after={"n": n}, reason="CANARY")
seal_now(datetime.now(UTC))
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "TOCSIN_DATA")}
    return subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, cwd=cwd, env=env
    )


def test_a_server_is_exported_and_checked_with_what_it_kept_elsewhere(tmp_path: Path) -> None:
    made = run("-c", MAKE, tmp_path / "data", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    kept = next((tmp_path / "data" / "log").glob("*"))
    outside = ("--key", kept / "log.vkey", "--checkpoint", kept / "latest.txt")
    for name, more in (("plain.jsonl", ()), ("open.jsonl", ("--contents",))):
        done = run("-m", "tocsin", "log-export", name, "--data", "data", *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        text = (tmp_path / name).read_text()
        assert ("CANARY" in text) == bool(more)
        marking = json.loads(text.splitlines()[0])["marking"]
        if more:
            assert marking.startswith("SECRET TLP:RED - contents of the log of changes, realms: EX")
            assert "personal data" in marking
        else:
            assert marking.startswith("OPEN TLP:CLEAR - commitments")
        checked = run("-m", "tocsin", "verify-log", name, *outside, cwd=tmp_path)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "NOT ALTERED" in checked.stdout
    assert (tmp_path / "open.jsonl").stat().st_mode & 0o777 == 0o600
    told = run("-c", MAKE, tmp_path / "data", "tell", cwd=tmp_path).stdout.splitlines()
    assert told == ["system:log-export False 5", "system:log-export True 5"]
    again = run("-m", "tocsin", "log-export", "plain.jsonl", "--data", "data", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    nowhere = run("-m", "tocsin", "log-export", "x.jsonl", "--data", "nowhere", cwd=tmp_path)
    assert nowhere.returncode == 2
