"""What is hidden cannot be reckoned from what is shown."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tocsin.server.statistics.cells import LEAST, published, published_together

TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 14), min_size=width, max_size=width), min_size=1, max_size=5
    )
)


def span(rows: list[list[int]], r: int, c: int) -> tuple[float, float]:
    """Smallest and largest value of a number that fits all that is published."""
    told = published(rows)
    height, width = len(rows), len(rows[0])
    shape = (height + 1, width + 1)
    full = [[*cells, total] for cells, total in zip(told.cells, told.row_totals, strict=True)]
    full.append([*told.column_totals, told.total])
    size = shape[0] * shape[1]
    equations, values = [], []
    for i in range(shape[0]):
        line = np.zeros(shape)
        line[i, :-1], line[i, -1] = 1.0, -1.0
        equations.append(line.ravel())
        values.append(0.0)
    for j in range(shape[1]):
        line = np.zeros(shape)
        line[:-1, j], line[-1, j] = 1.0, -1.0
        equations.append(line.ravel())
        values.append(0.0)
    bounds = [(0, None) if v is None else (v, v) for row in full for v in row]
    cost = np.zeros(size)
    cost[r * shape[1] + c] = 1.0
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * cost, A_eq=equations, b_eq=values, bounds=bounds, method="highs")
        ends.append(float("inf") if found.status == 3 else sign * found.fun)
    return ends[0], ends[1]


@settings(max_examples=60, deadline=None)
@example([[1, 0], [0, 20]])
@example([[1, 6, 0], [6, 0, 0], [0, 0, 30]])
@given(TABLES)
def test_no_small_number_can_be_reckoned(rows: list[list[int]]) -> None:
    told = published(rows)
    full = [[*row, sum(row)] for row in rows]
    full.append([sum(column) for column in zip(*full, strict=True)])
    shown = [[*cells, total] for cells, total in zip(told.cells, told.row_totals, strict=True)]
    shown.append([*told.column_totals, told.total])
    for r, row in enumerate(full):
        for c, value in enumerate(row):
            if 0 < value < LEAST:
                assert shown[r][c] is None
                low, high = span(rows, r, c)
                assert high - low >= 1.0 - 1e-6
            else:
                assert shown[r][c] in {None, value}


def test_no_more_is_hidden_than_a_rectangle_needs() -> None:
    rows = [[30, 28, 31, 27], [33, 2, 29, 35], [26, 36, 30, 34]]
    told = published(rows)
    hidden = [(r, c) for r in range(3) for c in range(4) if told.cells[r][c] is None]
    assert len(hidden) == 4
    assert (1, 1) in hidden
    assert None not in (*told.row_totals, *told.column_totals, told.total)


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_totals_are_never_small(rows: list[list[int]]) -> None:
    told = published(rows)
    for shown, row in zip(told.row_totals, rows, strict=True):
        assert shown in {None, sum(row)}
        assert shown is None or shown == 0 or shown >= LEAST
    assert told.total is None or told.total == 0 or told.total >= LEAST


def test_a_table_without_small_numbers_is_published_as_it_is() -> None:
    rows = [[5, 0, 12], [30, 8, 0]]
    assert published(rows).cells == rows
    assert published(rows).row_totals == [17, 38]


def test_one_small_number_takes_others_with_it() -> None:
    told = published([[3, 20, 30], [10, 40, 50]])
    assert told.cells[0][0] is None
    assert sum(cell is None for row in told.cells for cell in row) == 4
    assert told.total == 153


@settings(max_examples=30, deadline=None)
@example(20, 3, 10, 12)
@given(st.integers(0, 14), st.integers(0, 14), st.integers(0, 14), st.integers(0, 28))
def test_what_one_table_hides_no_other_one_tells(loss: int, theft: int, find: int, by: int) -> None:
    moved = min(by, loss + theft)
    told = published_together(
        {"kinds": [[loss, theft, find]], "transport": [[moved, loss + theft - moved]]},
        totals={"transport": "gone"},
        sums={"gone": ("kinds", (0, 1))},
    )
    kinds, transport = told["kinds"], told["transport"]
    shown = [(loss, 0), (theft, 1), (find, 2)]
    every = range(45)
    fits: list[set[int]] = [set(), set(), set()]
    gones: set[int] = set()
    for drawn in itertools.product(every, repeat=3):
        if any(kinds.cells[0][c] not in {None, n} for c, n in enumerate(drawn)):
            continue
        if kinds.row_totals[0] not in {None, sum(drawn)}:
            continue
        gone = drawn[0] + drawn[1]
        parts = [n for n in transport.cells[0] if n is not None]
        if transport.row_totals[0] not in {None, gone} or sum(parts) > gone:
            continue
        if len(parts) == 2 and sum(parts) != gone:
            continue
        gones.add(gone)
        for c, n in enumerate(drawn):
            fits[c].add(n)
    ways = {
        (yes, gone - yes)
        for gone in gones
        for yes in range(gone + 1)
        if transport.cells[0][0] in {None, yes} and transport.cells[0][1] in {None, gone - yes}
    }
    for c, value in enumerate((moved, loss + theft - moved)):
        might_be = {way[c] for way in ways}
        assert value in might_be
        if 0 < value < LEAST:
            assert len(might_be) > 1
    for value, c in shown:
        assert value in fits[c]
        if 0 < value < LEAST:
            assert len(fits[c]) > 1


def test_tables_of_the_same_incidents_have_one_total() -> None:
    tables = {"groups": [[3, 10]], "kinds": [[13, 0]]}
    told = published_together(tables, totals={"groups": "all", "kinds": "all"})
    assert told["groups"].cells == [[None, None]]
    assert told["groups"].row_totals == told["kinds"].row_totals == [13]
