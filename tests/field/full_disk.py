"""Run by test_full_disk.py in a small file system of its own: what a full disk still takes."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

from walks import INSTRUMENT, walk

from tocsin.field.reserve import Reserve
from tocsin.field.spool import DiskFull, Spool
from tocsin.sealing import SigningKey

ALARMS = 60


def fill(path: Path) -> None:
    """Another program takes all that is left."""
    with path.open("ab", buffering=0) as stream:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    stream.write(b"x" * size)
            except OSError:
                continue


def main(folder: Path) -> dict[str, object]:
    """Fill the disk with background and by a stranger, then raise alarms."""
    key = SigningKey("pack-7", bytes(range(32)))
    reserve = Reserve(folder / "spool.reserve", 3 << 20)
    spool = Spool(folder / "spool.sqlite3", key, monotonic=lambda: 1.0, reserve=reserve)
    boot = spool.begin()
    (folder / "stranger").write_bytes(bytes(4 << 20))
    records, kept, full_by_records = walk(20, channels=4096), 0, False
    try:
        while kept < 10_000:
            spool.add(boot, records[kept % 20], INSTRUMENT, "LIVE")
            kept += 1
    except sqlite3.OperationalError:
        full_by_records = True
    fill(folder / "stranger")  # to the last byte
    refused = 0
    for record in records[:5]:
        try:
            spool.add(boot, record, INSTRUMENT, "LIVE")
        except sqlite3.OperationalError:
            refused += 1
    alarms = [spool.alarm(boot, {"number": k, "text": "x" * 2000}) for k in range(ALARMS)]
    after = "kept"
    try:
        spool.add(boot, records[0], INSTRUMENT, "LIVE")
    except DiskFull:
        after = "refused"
    out = 0
    while (message := spool.next_message()) is not None and message.lane == "alarms":
        spool.received(message)
        out += 1
    # what is sent leaves room within the file, though the disk stays full
    while (message := spool.next_message()) is not None:
        spool.received(message)
    spool.add(boot, records[0], INSTRUMENT, "LIVE")
    spool.end(boot)
    (folder / "stranger").unlink()
    later = Spool(folder / "spool.sqlite3", key, monotonic=lambda: 1.0, reserve=reserve)
    spool.close()
    begun = later.begin()
    later.add(begun, records[0], INSTRUMENT, "LIVE")
    return {
        "full": full_by_records,
        "kept": kept,
        "refused": refused,
        "alarms": alarms == list(range(ALARMS)),
        "after": after,
        "out": out,
        "held": reserve.hold(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
