"""Count how often each field agrees between two notices about one thing.

``python benchmarks/linkage_weights.py NOTICES.jsonl`` (from ``tocsin notice --json``) reads the
labelled pairs of ``tests/linkage/labels`` and writes
``src/tocsin/linkage/data/link_weights.json``. A share is (pairs at the level + 4 x guess) /
(pairs that give the field + 4): few pairs, so a guess counts as four. The labelled pairs were
found by their serials, which therefore cannot be counted on them: the shares of serials are
assumptions.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from tocsin.linkage.evidence import weigh
from tocsin.linkage.population import Population
from tocsin.linkage.things import Thing, read_thing

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src/tocsin/linkage/data/link_weights.json"
PAIRS = ROOT / "tests/linkage/labels/pairs_1999_2014.csv"
GUESS = 4.0
GUESSES: dict[str, dict[str, float]] = {
    "nuclides": {"same": 0.88, "overlap": 0.1, "different": 0.02},
    "maker": {"same": 0.93, "family": 0.04, "different": 0.03},
    "model": {"same": 0.8, "near": 0.15, "different": 0.05},
    "device type": {"same": 0.9, "different": 0.1},
    "activity": {
        **{"same": 0.6, "close": 0.2, "near": 0.1, "far": 0.05, "slip": 0.02, "different": 0.03}
    },
    "ratio": {"same": 0.75, "near": 0.2, "different": 0.05},
    "holder": {"same": 0.6, "different": 0.4},
    "place": {"town": 0.45, "state": 0.35, "different": 0.2},
    "time": {"days": 0.3, "month": 0.1, "year": 0.2, "decade": 0.3, "longer": 0.1},
}
# Finds among the labelled pairs are two: assumed.
FINDS: dict[str, dict[str, float]] = {
    "place of find": {"town": 0.15, "state": 0.5, "different": 0.35},
    "nuclides of find": {"same": 0.8, "overlap": 0.18, "different": 0.02},
    "activity of find": {
        **{"same": 0.3, "close": 0.3, "near": 0.25, "far": 0.1, "slip": 0.02, "different": 0.03}
    },
}
SERIAL = {
    **{"same": 0.80, "look-alike": 0.04, "one slip": 0.06, "part": 0.03},
    **{"different": 0.01, "of different parts": 0.5},
}


def main(notices: Path) -> None:
    """Write the data file."""
    things: dict[str, Thing] = {}
    with notices.open() as stream:
        for line in stream:
            thing = read_thing(json.loads(line))
            things[thing.number] = thing
    population = Population(())
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    pairs = 0
    with PAIRS.open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["label"] == "same":
                pairs += 1
                for weight in weigh(things[row["event_a"]], things[row["event_b"]], population):
                    counts[weight.field][weight.level] += 1
    shares: dict[str, dict[str, float]] = {"serial": SERIAL, **FINDS}
    for field, guesses in GUESSES.items():
        given = sum(counts[field].values())
        shares[field] = {
            level: round((counts[field][level] + GUESS * guess) / (given + GUESS), 4)
            for level, guess in guesses.items()
        }
    document = {
        "schema": "tocsin.linkage.weights/1",
        "how": (
            f"counted by benchmarks/linkage_weights.py on {pairs} pairs of US NRC event "
            "notifications 1999-2014 that are of one thing (labels by reading, "
            "tests/linkage/labels), with a guess that counts as 4 pairs; serial: assumed, not "
            "counted, because the pairs were found by it; of finds: assumed, two pairs only"
        ),
        "counted": {field: dict(c) for field, c in sorted(counts.items()) if field != "serial"},
        "shares": shares,
    }
    TARGET.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
