"""How an answer on a real survey is held against its row of ``truth.csv``; nothing else counts."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from tocsin.detection import Analysis
from tocsin.detection.analysis import Encounter

METRES_PER_DEGREE = 111_195.0
KINDS = ("survey", "track", "format_only")


def rows(recordings: Path) -> list[dict[str, str]]:
    """Rows of the surveys and tracks."""
    table = recordings / "truth.csv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["kind"] in KINDS]


def _names(text: str) -> set[str]:
    return {part for part in text.split(";") if part}


def _ranges(text: str) -> list[tuple[int, int, str]]:
    """``125-130:Tc-99m;140-150`` as first, last and nuclide (empty where none is stated)."""
    out = []
    for part in _names(text):
        span, _, nuclide = part.partition(":")
        first, _, last = span.partition("-")
        out.append((int(first), int(last), nuclide))
    return out


def faults(analysis: Analysis, row: Mapping[str, str]) -> list[str]:
    """Everything in which the answer goes against the truth, in words.

    - A required encounter overlaps its records, names its nuclide, and lies within the tolerance
      of the place where one is stated.
    - No other encounter, unless it peaks in records that are not scored, is of a class that must
      not be, or names what is neither required nor allowed.
    - A track of rates names nothing at all.
    """
    out = []
    required = _ranges(row["encounters_must"])
    unscored = _ranges(row["encounters_unscored"])
    allowed = _names(row["must"]) | _names(row["may"])
    meant: list[Encounter] = []
    for first, last, nuclide in required:
        found = [
            e for e in analysis.encounters if e.first_record <= last and e.last_record >= first
        ]
        meant += found
        if not found:
            out.append(f"nothing found in records {first}-{last}")
        elif nuclide and nuclide not in {n.name for e in found for n in e.nuclides}:
            out.append(f"{nuclide} not named in records {first}-{last}")
        if found and row["latitude"]:
            out += _misplaced(found, row)
    for e in analysis.encounters:
        names = {n.name for n in e.nuclides}
        where = f"records {e.first_record}-{e.last_record}"
        if row["kind"] == "track" and names:
            out.append(f"{where}: {sorted(names)} named without any spectrum")
        if any(a <= e.peak_record <= b for a, b, _ in unscored):
            continue
        if names - allowed:
            out.append(f"{where}: {sorted(names - allowed)} must not be named")
        if e not in meant and e.source_class in _names(row["must_not_classes"]):
            out.append(f"{where}: class {e.source_class} must not be")
    return out


def _misplaced(found: list[Encounter], row: Mapping[str, str]) -> list[str]:
    north0, east0 = float(row["latitude"]), float(row["longitude"])
    off = math.inf
    for e in found:
        if e.location is not None:
            north = (e.location.latitude_deg - north0) * METRES_PER_DEGREE
            east = (e.location.longitude_deg - east0) * METRES_PER_DEGREE
            off = min(off, math.hypot(north, east * math.cos(math.radians(north0))))
    limit = float(row["tolerance_m"])
    return [] if off <= limit else [f"placed {off:.0f} m off, {limit:.0f} m are allowed"]
