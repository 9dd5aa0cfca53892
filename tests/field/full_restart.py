"""Run by test_keeping.py in a small file system of its own: an agent starts on a full disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from full_disk import fill
from walks import INSTRUMENT, walk

import tocsin.field.keeping as keeping_module
from tocsin.field.keeping import Keeping
from tocsin.field.records import Feed
from tocsin.field.reserve import Reserve
from tocsin.field.spool import Spool
from tocsin.sealing import SigningKey

KEY = SigningKey("pack-7", bytes(range(32)))


def main(folder: Path) -> dict[str, object]:
    """Begin, let a stranger fill the disk, begin again: with room held back, then without."""
    told: list[str] = []
    reserve = Reserve(folder / "spool.reserve", 3 << 20)
    keeping_module.OPEN_AGAIN_S = 0.0

    def opened() -> Spool:
        path = folder / "spool.sqlite3"
        return Spool(path, KEY, monotonic=lambda: 1.0, reserve=reserve)

    def started() -> Keeping:
        return Keeping(Feed(INSTRUMENT, iter(())), None, told.append, opened)

    first = started()
    for record in walk(3):
        first.add(record, ())
    first.close()  # the battery is dead
    fill(folder / "stranger")
    second = started()  # with what is held back
    second.say({"record": 0, "encounter": {}})
    sent_later = second.held()
    trouble = second.trouble
    second.close()
    reserve.let_go()
    fill(folder / "stranger")
    third = started()
    for record in walk(4):
        third.add(record, ())  # nothing is raised: the detector goes on
    deaf_to = third.waiting
    (folder / "stranger").unlink()
    third.end()
    left = third.waiting
    third.close()
    later = opened()
    status = later.status()
    return {
        "second": [sent_later, trouble],
        "third": [deaf_to, left, third.not_kept],
        "told": len(told),
        "batches": status.batches,
        "open": status.records_open,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
