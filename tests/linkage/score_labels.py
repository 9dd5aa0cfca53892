"""How many labels the rules meet: the definitions of the measures, in one place."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.linkage import Notice
from tocsin.linkage.serial_mentions import normal_serial

LABELS = Path(__file__).parent / "labels" / "notices_1999_2014.csv"
UNITS_Bq = {
    **{"Ci": 3.7e10, "mCi": 3.7e7, "uCi": 3.7e4, "nCi": 37.0, "pCi": 0.037},
    **{"Bq": 1.0, "mBq": 1e-3, "MBq": 1e6, "GBq": 1e9, "TBq": 1e12},
}


@dataclass
class Score:
    """Counts over notices, activities and serials."""

    notices: int = 0
    kinds: int = 0
    nuclides: int = 0
    activities_wanted: int = 0
    activities_met: int = 0
    activities_extra: int = 0
    serials_wanted: int = 0
    serials_met: int = 0
    serials_extra: int = 0
    owners_met: int = 0


def labels(half: str, path: Path = LABELS) -> list[dict[str, str]]:
    """Rows of one half, ``written`` or ``held``."""
    with path.open(newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["half"] == half]


def records(path: Path) -> Iterator[dict[str, Any]]:
    """All records of the gzipped feed."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def score(rows: list[dict[str, str]], read: Callable[[str], Notice]) -> Score:
    """Compare what ``read`` makes of each event number with the labels."""
    total = Score()
    for row in rows:
        notice = read(row["event_number"])
        total.notices += 1
        total.kinds += notice.kind == row["kind"]
        total.nuclides += _nuclides_right(row["nuclides"], set(notice.nuclides))
        _activities(row["activities"], notice, total)
        _serials(row["serials"], notice, total)
    return total


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(";") if item.strip()]


def _nuclides_right(label: str, given: set[str]) -> bool:
    wanted = [set(i.split("/")) for i in _items(label) if not i.startswith("?")]
    allowed = {n for i in _items(label) for n in i.removeprefix("?").split("/")}
    return all(w & given for w in wanted) and given <= allowed


def _activities(label: str, notice: Notice, total: Score) -> None:
    used: set[int] = set()
    for item in _items(label):
        names, values, unit = item.removeprefix("?").split()
        wanted = [float(v) * UNITS_Bq[unit] for v in values.split("/")]
        hit = next(
            (
                i
                for i, a in enumerate(notice.activities)
                if i not in used
                and a.nuclide in names.split("/")
                and any(
                    abs(end / w - 1.0) < 0.03
                    for w in wanted
                    for end in (a.activity_Bq, a.low_Bq or a.activity_Bq)
                )
            ),
            None,
        )
        if hit is not None:
            used.add(hit)
        if not item.startswith("?"):
            total.activities_wanted += 1
            total.activities_met += hit is not None
    total.activities_extra += len(notice.activities) - len(used)


def _serials(label: str, notice: Notice, total: Score) -> None:
    given = {normal_serial(s.value): s.of for s in notice.serials}
    for item in _items(label):
        value, _, of = item.removeprefix("?").rpartition(" ")
        found = given.pop(normal_serial(value), None)
        if not item.startswith("?"):
            total.serials_wanted += 1
            total.serials_met += found is not None
            total.owners_met += found is not None and found[0] == of
    total.serials_extra += len(given)
