"""Places: none is known, or a position that has a slip in it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from django.utils.translation import gettext as _

from tocsin.linkage.population import distance_km
from tocsin.server.register.checks.finding import Finding
from tocsin.server.register.checks.groups import bare
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Source

NO_PLACE = frozenset(
    {"", "unknown", "notknown", "na", "none", "nil", "various", "tbd", "tobeconfirmed", "x", "xx"}
    | {"inconnu", "nc", "sansobjet", "unbekannt", "desconocido"}
)
"""Words that people write where they know no place, without marks and blanks."""
LEAST_POSITIONS = 3
"""Positions of a holder of which the middle one is right even if one is wrong."""
FAR_km = 100.0
"""Distance from the middle of the holder's positions from which one is looked at: a slip of a sign
or a digit leads farther, a second site seldom so far."""
ALONE = 0.005
"""Share of all positions of the register that may be around a position that is taken for a slip:
where others are too, there is a site."""
CELL_deg = 1.0


def missing(sources: Sequence[Source]) -> Iterator[Finding]:
    """Held sources of which no place is known; those on the way have none."""
    for row in sources:
        if row.status in HELD and not row.awaits_receipt:
            if bare(row.place) in NO_PLACE and _position(row) is None:
                written = f" “{row.place}”" if row.place else ""
                yield Finding("place_missing", row, f"{row.holder.name}{written}")


def far(sources: Sequence[Source]) -> Iterator[Finding]:
    """Positions far from those of the holder, where nobody else has sources."""
    placed = [(row, at) for row in sources if row.status in HELD and (at := _position(row))]
    of_holder: dict[object, list[tuple[Source, tuple[float, float]]]] = defaultdict(list)
    around: Counter[tuple[int, int]] = Counter()
    for row, at in placed:
        of_holder[row.holder_id].append((row, at))
        around[_cell(at)] += 1
    for rows in of_holder.values():
        if len(rows) < LEAST_POSITIONS:
            continue
        middle = (median(at[0] for _row, at in rows), median(at[1] for _row, at in rows))
        for row, at in rows:
            distance = distance_km(at, middle)
            if distance > FAR_km and _near(around, at) <= max(1.0, ALONE * len(placed)):
                text = _("{n} km from the other sources of the holder").format(n=round(distance))
                yield Finding("place_far", row, text)


def _position(row: Source) -> tuple[float, float] | None:
    """Latitude and longitude; 0, 0 is what programs write for nothing, and lies in the sea."""
    if row.latitude is None or row.longitude is None or (row.latitude, row.longitude) == (0.0, 0.0):
        return None
    return row.latitude, row.longitude


def _cell(at: tuple[float, float]) -> tuple[int, int]:
    return math.floor(at[0] / CELL_deg), math.floor(at[1] / CELL_deg)


def _near(around: Counter[tuple[int, int]], at: tuple[float, float]) -> int:
    y, x = _cell(at)
    return sum(around[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1))
