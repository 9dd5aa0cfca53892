"""The decay of a source against the boundaries of its categories, as a picture without a script."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from tocsin.nuclear import SourceActivity, source_boundaries, source_category

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 28
POINTS = 60
DECADES = 6
"""Height of the picture at most: below it a source is long harmless beside its boundaries."""
YEARS = (5, 40)
"""Span of the picture: at least and at most, from the first reference date."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What the template draws, in its own units.

    Parameters
    ----------
    line : str
        Points of the line.
    now_x, now_y : float
        The day asked about.
    bounds : list of tuple
        Height and category of each boundary.
    years : list of tuple
        Place and year of each mark below.
    decades : list of tuple
        Height and A/D of each mark at the left.
    """

    line: str
    now_x: float
    now_y: float
    bounds: list[tuple[float, int]]
    years: list[tuple[float, int]]
    decades: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def decay_curve(contents: list[SourceActivity], today: dt.date) -> Curve | None:
    """Decay of the sum of A/D; None where no D is known."""
    starts = [c.reference_date for c in contents if c.reference_date is not None]
    if not starts or max(starts) > today:
        return None
    first = max(starts)
    span = min(max(2 * (today - first).days, YEARS[0] * 365), YEARS[1] * 365)
    span = max(span, (today - first).days + 365)
    days = [first + dt.timedelta(days=round(span * i / POINTS)) for i in range(POINTS + 1)]
    ratios = [source_category(contents, on=day).ratio_A_over_D for day in days]
    now = source_category(contents, on=today).ratio_A_over_D
    if not now or not all(ratios):
        return None
    values = [math.log10(r) for r in ratios if r]
    high = math.ceil(max(values) + 0.1)
    low = min(max(math.floor(min(values) - 0.3), high - DECADES), high - 1)
    shown = [(day, v) for day, v in zip(days, values, strict=True) if v >= low]

    def x_of(day: dt.date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / span, 1)

    def y_of(exponent: float) -> float:
        part = (high - exponent) / (high - low)
        return round(TOP + (HEIGHT - TOP - BOTTOM) * min(max(part, 0.0), 1.0), 1)

    line = " ".join(f"{x_of(d)},{y_of(v)}" for d, v in shown)
    bounds = [
        (y_of(math.log10(b.least_A_over_D)), b.category)
        for b in source_boundaries()
        if b.least_A_over_D and low <= math.log10(b.least_A_over_D) <= high
    ]
    last = days[-1].year
    step = max(1, (last - first.year) // 6)
    years = [(x_of(dt.date(year, 1, 1)), year) for year in range(first.year + 1, last + 1, step)]
    stride = max(1, (high - low) // 5)
    decades = [
        (y_of(e), f"1e{e}" if abs(e) > 2 else f"{10.0**e:g}") for e in range(low, high + 1, stride)
    ]
    return Curve(line, x_of(today), y_of(math.log10(now)), bounds, years, decades)
