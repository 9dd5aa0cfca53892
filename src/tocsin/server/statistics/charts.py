"""Stacked bars as plain numbers, which a template draws without a script or a colour of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 26
PATTERNS = ("solid", "stripes", "dots", "pale", "rises", "rings")
"""Fillings in the order of the columns; each tells itself without colour."""
LABEL_PX = 44
"""Room that the label of a year needs."""
MOST_SERIES = len(PATTERNS)
LEGEND_LINE = 18


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar."""

    x: float
    y: float
    width: float
    height: float
    pattern: str
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    """What the template draws, in its own units."""

    parts: list[Part]
    marks: list[tuple[float, str]]
    years: list[tuple[float, str]]
    legend: list[tuple[str, str]]
    name: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def paper_legend(self) -> list[tuple[int, str, str]]:
        """Height, filling and words of each line of a legend below the picture."""
        return [
            (HEIGHT + LEGEND_LINE * at, filling, label)
            for at, (filling, label) in enumerate(self.legend)
        ]

    @property
    def paper_height(self) -> int:
        """Height with that legend."""
        return HEIGHT + LEGEND_LINE * len(self.legend)


def stacked_bars(
    name: str, years: Sequence[int], labels: Sequence[str], rows: Sequence[Sequence[int]]
) -> Bars | None:
    """Bars of counts by year; None where there is nothing to draw or too much to tell apart.

    Parameters
    ----------
    name : str
        Of the table: makes the names of fillings unique on a page.
    labels : sequence of str
        Of the columns of ``rows``.
    """
    most = max((sum(row) for row in rows), default=0)
    if most == 0 or len(labels) > MOST_SERIES:
        return None
    step = _step(most)
    top = math.ceil(most / step) * step
    slot = (WIDTH - LEFT - RIGHT) / len(years)
    scale = (HEIGHT - TOP - BOTTOM) / top
    parts = []
    for at, row in enumerate(rows):
        base = float(HEIGHT - BOTTOM)
        for number, count in enumerate(row):
            if count:
                tall = count * scale
                base -= tall
                words = f"{years[at]}, {labels[number]}: {count}"
                x = LEFT + slot * (at + 0.14)
                parts.append(
                    Part(
                        round(x, 1),
                        round(base, 1),
                        round(slot * 0.72, 1),
                        round(tall, 1),
                        PATTERNS[number],
                        words,
                    )
                )
    every = max(1, math.ceil(LABEL_PX / slot))
    return Bars(
        parts,
        [(round(HEIGHT - BOTTOM - v * scale, 1), str(v)) for v in range(0, top + 1, step)],
        [
            (round(LEFT + slot * (at + 0.5), 1), str(year))
            for at, year in enumerate(years)
            if (len(years) - 1 - at) % every == 0
        ],
        [(PATTERNS[number], label) for number, label in enumerate(labels)],
        name,
    )


def _step(most: int) -> int:
    """A round distance of the marks, for five of them at most."""
    rough = most / 4
    if rough <= 1:
        return 1
    power = 10 ** math.floor(math.log10(rough))
    return int(next(f * power for f in (1, 2, 5, 10) if f * power >= rough))
