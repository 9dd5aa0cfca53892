"""Small cells: counts that could tell of single cases are not published. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

LEAST = 5
"""Smallest published count but zero: a default of Tocsin, no law. A State may want more."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Published:
    """A table as it may be published; None where a number is hidden.

    Parameters
    ----------
    cells : list of list of int or None
    row_totals, column_totals : list of int or None
    total : int or None
    """

    cells: list[list[int | None]]
    row_totals: list[int | None]
    column_totals: list[int | None]
    total: int | None


def published(rows: Sequence[Sequence[int]], *, least: int = LEAST) -> Published:
    """A table without its small numbers, and without those from which they could be reckoned.

    Every number of 1 to ``least`` - 1 is hidden, totals as well. Each row and column is an equation
    of its cells and its total. For each small number the smallest and the largest value that fit
    all that is still shown are found by linear programming; as long as they are the same, further
    numbers are hidden, those that are zero and totals last. The bounds are whole numbers, because
    the equations are those of a transport problem.

    Parameters
    ----------
    rows : sequence of sequence of int
        Counts, all rows of one length.
    """
    full = [[*row, sum(row)] for row in rows]
    full.append([sum(column) for column in zip(*full, strict=True)] if full else [0])
    height, width = len(full), len(full[0])
    open_to_reckoning = [
        (r, c) for r in range(height) for c in range(width) if 0 < full[r][c] < least
    ]
    gone = set(open_to_reckoning)
    while open_to_reckoning:
        # what was hidden once stays hidden: a number that cannot be reckoned never can be again
        open_to_reckoning = [at for at in open_to_reckoning if _is_told(full, gone, at)]
        for at in open_to_reckoning[:1]:
            gone.add(_beside(full, gone, at))
    shown = [
        [None if (r, c) in gone else value for c, value in enumerate(row)]
        for r, row in enumerate(full)
    ]
    return Published(
        [row[:-1] for row in shown[:-1]],
        [row[-1] for row in shown[:-1]],
        shown[-1][:-1],
        shown[-1][-1],
    )


def _is_told(full: list[list[int]], gone: set[Place], at: Place) -> bool:
    """Whether what is shown leaves only one value for a hidden number."""
    places = sorted(gone)
    number = {place: i for i, place in enumerate(places)}
    equations, values = _equations(full, number)
    cost = np.zeros(len(places))
    cost[number[at]] = 1.0
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * cost, A_eq=equations, b_eq=values, bounds=(0, None))
        if found.status == _UNBOUNDED:
            return False
        if found.status != 0 or found.x is None:
            raise ArithmeticError(f"bounds of a hidden number: {found.message}")
        ends.append(float(found.x[number[at]]))
    return ends[1] - ends[0] < 0.5


_UNBOUNDED = 3
"""Status of the solver where a value has no end."""


def _equations(
    full: list[list[int]], number: dict[Place, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns as equations of the hidden numbers; lines that hide nothing are left out."""
    height, width = len(full), len(full[0])
    lines = [[(r, c) for c in range(width)] for r in range(height)]
    lines += [[(r, c) for r in range(height)] for c in range(width)]
    coefficients, values = [], []
    for line in lines:
        if not any(place in number for place in line):
            continue
        row, known = np.zeros(len(number)), 0.0
        for place in line:
            sign = -1.0 if place == line[-1] else 1.0
            if place in number:
                row[number[place]] = sign
            else:
                known += sign * full[place[0]][place[1]]
        coefficients.append(row)
        values.append(-known)
    return np.array(coefficients), np.array(values)


def _beside(full: list[list[int]], gone: set[Place], at: Place) -> Place:
    """The number to hide next, so that a hidden one stands in a rectangle of hidden ones.

    First one in its row, then one in its column, then the fourth corner; if the solver still tells
    the number, any other. The smallest is taken, those that are zero and totals last.
    """
    height, width = len(full), len(full[0])
    in_row = [c for c in range(width) if (at[0], c) in gone and c != at[1]]
    in_column = [r for r in range(height) if (r, at[1]) in gone and r != at[0]]

    def rank(r: int, c: int) -> int:
        if not in_row:
            return 0 if r == at[0] else 1
        if not in_column:
            return 0 if c == at[1] else 1
        return 0 if r in in_column and c in in_row else 1

    def order(place: Place) -> tuple[int, bool, bool, int, Place]:
        r, c = place
        is_total = r == height - 1 or c == width - 1
        return rank(r, c), is_total, full[r][c] == 0, full[r][c], place

    left = [(r, c) for r in range(height) for c in range(width) if (r, c) not in gone]
    return min(left, key=order)
