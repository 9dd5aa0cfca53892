"""Small cells: counts that could tell of single cases are not published. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

LEAST = 5
"""Smallest published count but zero: a default of Tocsin, no law. A State may want more."""

Rows = Sequence[Sequence[int]]
Name = tuple[str, int, int]
"""A number: table, row and column. The row after the last holds the totals of the columns; totals
of rows that several tables share stand under one name."""
TOTAL = -1
"""Column of the totals of rows."""
NOTHING: Mapping[str, str] = MappingProxyType({})
NO_SUMS: Mapping[str, tuple[str, Sequence[int]]] = MappingProxyType({})


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


@dataclass(frozen=True, slots=True)
class _Line:
    """Numbers that add up to another one."""

    parts: tuple[Name, ...]
    total: Name

    @property
    def names(self) -> tuple[Name, ...]:
        return (*self.parts, self.total)


def published(rows: Rows, *, least: int = LEAST) -> Published:
    """One table without its small numbers; see :func:`published_together`."""
    return published_together({"": rows}, least=least)[""]


def published_together(
    tables: Mapping[str, Rows],
    *,
    totals: Mapping[str, str] = NOTHING,
    sums: Mapping[str, tuple[str, Sequence[int]]] = NO_SUMS,
    least: int = LEAST,
) -> dict[str, Published]:
    """Tables without their small numbers, and without those from which they could be reckoned.

    Every number of 1 to ``least`` - 1 is hidden, totals as well. Each row and column is an equation
    of its cells and its total, and tables of the same incidents have their totals in common. For
    each small number the smallest and the largest value that fit all that is still shown anywhere
    are found by linear programming; as long as only one whole number lies between them, further
    numbers are hidden, those that are zero and totals last.

    Parameters
    ----------
    tables : mapping
        Counts by name, all rows of a table of one length.
    totals : mapping
        What the totals of the rows of a table count: tables for which it is the same have the same
        totals. By default each table counts something of its own.
    sums : mapping
        Where such a total is the sum of some columns of another table: that table and the columns.
    """
    values, lines = _numbers(tables, totals, sums)
    lines_of: dict[Name, list[_Line]] = {name: [] for name in values}
    for line in lines:
        for name in line.names:
            lines_of[name].append(line)
    small = [name for name, value in values.items() if 0 < value < least]
    gone = set(small)
    for name in small:
        # what was hidden once stays hidden: a number that cannot be reckoned never can be again
        while _is_told(values, lines, gone, name):
            gone.add(_beside(values, lines_of, gone, name))

    def shown(name: Name) -> int | None:
        return None if name in gone else values[name]

    return {
        table: Published(
            [
                [shown((table, r, c)) for c in range(len(row))]
                for r, row in enumerate(tables[table])
            ],
            [shown((totals.get(table, table), r, TOTAL)) for r in range(len(rows))],
            [shown((table, len(rows), c)) for c in range(len(rows[0]) if rows else 0)],
            shown((totals.get(table, table), len(rows), TOTAL)),
        )
        for table, rows in tables.items()
    }


def _numbers(
    tables: Mapping[str, Rows],
    totals: Mapping[str, str],
    sums: Mapping[str, tuple[str, Sequence[int]]],
) -> tuple[dict[Name, int], list[_Line]]:
    """Every number of the tables, and what adds up to what."""
    values: dict[Name, int] = {}
    lines: list[_Line] = []
    for table, rows in tables.items():
        of, width = totals.get(table, table), len(rows[0]) if rows else 0
        full = [*rows, [sum(column) for column in zip(*rows, strict=True)]]
        for r, row in enumerate(full):
            values.update({(table, r, c): value for c, value in enumerate(row)})
            values[of, r, TOTAL] = sum(row)
            lines.append(_Line(tuple((table, r, c) for c in range(width)), (of, r, TOTAL)))
        for name, c in [(table, c) for c in range(width)] + [(of, TOTAL)]:
            parts = tuple((name, r, c) for r in range(len(rows)))
            lines.append(_Line(parts, (name, len(rows), c)))
    for of, (table, columns) in sums.items():
        for r in range(len(tables[table]) + 1):
            lines.append(_Line(tuple((table, r, c) for c in columns), (of, r, TOTAL)))
    return values, lines


def _is_told(
    values: Mapping[Name, int], lines: Sequence[_Line], gone: set[Name], name: Name
) -> bool:
    """Whether what is shown leaves only one value for a hidden number."""
    place = {hidden: i for i, hidden in enumerate(sorted(gone))}
    equations, known = _equations(values, lines, place)
    cost = np.zeros(len(place))
    cost[place[name]] = 1.0
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * cost, A_eq=equations, b_eq=known, bounds=(0, None))
        if found.status == _UNBOUNDED:
            return False
        if found.status != 0 or found.x is None:
            raise ArithmeticError(f"bounds of a hidden number: {found.message}")
        ends.append(float(found.x[place[name]]))
    return math.floor(ends[1] + _SOLVED) <= math.ceil(ends[0] - _SOLVED)


_UNBOUNDED = 3
"""Status of the solver where a value has no end."""
_SOLVED = 1e-6
"""How exactly the solver finds the ends."""


def _equations(
    values: Mapping[Name, int], lines: Sequence[_Line], place: Mapping[Name, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lines as equations of the hidden numbers; lines that hide nothing are left out."""
    coefficients, constants = [], []
    for line in lines:
        if place.keys().isdisjoint(line.names):
            continue
        row, known = np.zeros(len(place)), 0.0
        for name in line.names:
            sign = -1.0 if name == line.total else 1.0
            if name in place:
                row[place[name]] += sign
            else:
                known += sign * values[name]
        coefficients.append(row)
        constants.append(-known)
    return np.array(coefficients), np.array(constants)


def _beside(
    values: Mapping[Name, int],
    lines_of: Mapping[Name, Sequence[_Line]],
    gone: set[Name],
    name: Name,
) -> Name:
    """The number to hide next, so that a hidden one stands in a rectangle of hidden ones.

    First one of a line in which it alone is hidden; then one of lines in which others are alone,
    best of two at once; if the solver still tells the number, any other. The smallest is taken,
    those that are zero and totals last.
    """

    def is_alone(line: _Line) -> bool:
        return len(gone.intersection(line.names)) == 1

    bare = next((line for line in lines_of[name] if is_alone(line)), None)

    def order(other: Name) -> tuple[int, bool, bool, int, Name]:
        if bare is not None:
            helped = int(other in bare.names)
        else:
            helped = sum(is_alone(line) for line in lines_of[other])
        is_total = any(other == line.total for line in lines_of[other])
        return -helped, is_total, values[other] == 0, values[other], other

    return min((other for other in values if other not in gone), key=order)
