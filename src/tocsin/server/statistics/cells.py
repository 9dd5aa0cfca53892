"""Small cells: counts that could tell of single cases are not published. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 5
"""Smallest published count but zero: a default of Tocsin, no law. A State may want more."""

Line = list[tuple[int, int]]


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
    """A table without its small cells, and without those from which they could be reckoned.

    Every number of 1 to ``least`` - 1 is hidden, totals as well. Each row and column is an equation
    of its cells and its total: where only one of them is hidden it could be reckoned, and where the
    hidden cells together are fewer than ``least``, they are as good as told; there the smallest
    other cell is hidden too, those that are zero last, totals after all cells.

    Parameters
    ----------
    rows : sequence of sequence of int
        Counts, all rows of one length.
    """
    full = [[*row, sum(row)] for row in rows]
    full.append([sum(column) for column in zip(*full, strict=True)] if full else [0])
    height, width = len(full), len(full[0])
    gone = {
        (r, c) for r, row in enumerate(full) for c, value in enumerate(row) if 0 < value < least
    }
    lines: list[Line] = [[(r, c) for c in range(width)] for r in range(height)]
    lines += [[(r, c) for r in range(height)] for c in range(width)]
    changed = True
    while changed:
        changed = False
        for line in lines:
            more = _one_more(line, full, gone, least)
            if more is not None:
                gone.add(more)
                changed = True
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


def _one_more(
    line: Line, full: list[list[int]], gone: set[tuple[int, int]], least: int
) -> tuple[int, int] | None:
    """The next number of a line that must go, if one must."""
    hidden = [at for at in line if at in gone]
    if not hidden:
        return None
    cells = [at for at in hidden if at != line[-1]]
    told = line[-1] not in gone and 0 < sum(full[r][c] for r, c in cells) < least
    left = [at for at in line if at not in gone]
    if not left or (len(hidden) > 1 and not told):
        return None
    last = line[-1]
    return min(left, key=lambda at: (at == last, full[at[0]][at[1]] == 0, full[at[0]][at[1]], at))
