"""Count the base population of the linker from the public notices, into its data file.

``python benchmarks/linkage_population.py FEED.jsonl.gz`` reads notices of 1999-2014 and writes
``src/tocsin/linkage/data/population.json``: counts only, no notice can be told from them. Days are
counted by month, activities to one percent, serials by length and first two characters.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from pathlib import Path

from tocsin.errors import ParseError
from tocsin.linkage import read_notice
from tocsin.linkage.feed import read_lines
from tocsin.linkage.population import EMPTY, Population
from tocsin.linkage.things import read_thing

TARGET = Path(__file__).resolve().parents[1] / "src/tocsin/linkage/data/population.json"


def main(feed: Path) -> None:
    """Write the data file."""
    things = []
    for _, record in read_lines(feed):
        if isinstance(record, ParseError):
            raise record
        notice = read_notice(record)
        if notice.kind != "other":
            things.append(read_thing(notice.as_json()))
    counts = Population(things, EMPTY).counts()
    months: Counter[str] = Counter()
    for day, number in counts["days"].items():
        date = dt.date.fromordinal(int(day))
        months[str(date.replace(day=15).toordinal())] += number
    counts["days"] = dict(months)
    for nuclide, levels in counts["activities"].items():
        rough: Counter[str] = Counter()
        for level, number in levels.items():
            rough[f"{round(float(level), 2):.2f}"] += number
        counts["activities"][nuclide] = dict(rough)
    for table in ("makers", "models", "types", "serial_patterns"):
        counts[table] = {k: v for k, v in counts[table].items() if sum(v.values()) > 1}
    counts["source"] = (
        "counted by benchmarks/linkage_population.py on the US NRC event notifications 1999-2014 "
        "(US Government work) that are about things lost, stolen, found or abandoned"
    )
    TARGET.write_text(json.dumps(counts, sort_keys=True, separators=(",", ":")) + "\n")
    print(f"{counts['things']} things, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
