"""A disk that is full of background, and filled up by a stranger, still takes every alarm."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.field.reserve import Reserve

HERE = Path(__file__).parent
SMALL = 'mount -t tmpfs -o size=14m none "$1" && shift && exec "$@"'


def in_small_disk(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a file system of 14 MiB at a folder, which nobody else sees."""
    apart = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL, "sh")
    return subprocess.run(
        [*apart, str(folder), *command], capture_output=True, text=True, check=False
    )


def test_alarms_are_written_where_nothing_else_fits(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or in_small_disk(tmp_path, "true").returncode:
        pytest.skip("no small file system can be mounted here (user namespaces)")
    done = in_small_disk(tmp_path, sys.executable, str(HERE / "full_disk.py"), str(tmp_path))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["kept"] > 100
    assert said == {
        "full": True,
        "kept": said["kept"],
        "refused": 5,
        "alarms": True,
        "after": "refused",
        "out": 60,
        "held": True,
    }


def test_the_reserve_takes_its_room_and_gives_it_back(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "spool.reserve", 1 << 20)
    assert reserve.hold()
    assert (tmp_path / "spool.reserve").stat().st_blocks * 512 >= 1 << 20
    assert reserve.hold()
    assert reserve.let_go()
    assert not reserve.let_go()
    assert not (tmp_path / "spool.reserve").exists()
    nowhere = Reserve(tmp_path / "none" / "spool.reserve", 1 << 20)
    assert not nowhere.hold()
