"""The agent is killed at any moment: what it had kept is there, and goes out."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from walks import walk

from tocsin.field.envelope import open_envelope
from tocsin.field.spool import Spool
from tocsin.field.wire import unpack_records
from tocsin.sealing import SigningKey

KEY = SigningKey("pack-7", bytes(range(32)))
RECORDS = 4000
KEEPER = """
import pathlib, sys, time
sys.path.insert(0, sys.argv[2])
from walks import INSTRUMENT, walk
from tocsin.field.spool import Spool
from tocsin.sealing import SigningKey
key = SigningKey("pack-7", bytes(range(32)))
spool = Spool(pathlib.Path(sys.argv[1]), key, monotonic=time.monotonic)
boot = spool.begin()
for record in walk(int(sys.argv[3]), channels=16):
    number = spool.add(boot, record, INSTRUMENT, "LIVE")
    if number % 7 == 0:
        spool.alarm(boot, {"record": number})
    print(number, flush=True)
"""


def killed(path: Path, after: int) -> int:
    """Start an agent, kill it when it has told of so many records; how many it told of."""
    child = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(path), str(Path(__file__).parent), str(RECORDS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    told = 0
    for line in child.stdout:
        told = int(line) + 1
        if told >= after:
            break
    child.send_signal(signal.SIGKILL)
    for line in child.stdout:  # what was still in the pipe was told as well
        told = int(line) + 1 if line.endswith("\n") else told
    child.wait()
    child.stdout.close()
    return told


def check(path: Path, told: int) -> None:
    """All that was told of is in the spool, whole, in order and once."""
    spool = Spool(path, KEY, monotonic=lambda: 0.0)
    spool.close_earlier(spool.begin())
    records, alarms = [], 0
    while (message := spool.next_message()) is not None:
        held = open_envelope(message.envelope)
        assert held.is_by(KEY.verifier)
        assert held.is_whole
        if held.header.lane == "alarms":
            assert held.header.first == alarms
            alarms += 1
        else:
            assert held.header.first == len(records)
            records += unpack_records(held.body).records
        spool.received(message)
    spool.close()
    assert len(records) >= told > 0
    assert records == walk(RECORDS, channels=16)[: len(records)]
    assert alarms >= -(-(told - 1) // 7)


@pytest.mark.parametrize("after", [1, 10, 61])
def test_a_killed_agent_has_lost_nothing_that_it_kept(tmp_path: Path, after: int) -> None:
    path = tmp_path / "spool.sqlite3"
    check(path, killed(path, after))


@pytest.mark.verify
def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - a seed for tests
    for turn in range(200):
        path = tmp_path / f"{turn}.sqlite3"
        check(path, killed(path, chance.randrange(1, 300)))
