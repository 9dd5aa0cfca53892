"""Limits against a slow oracle that counts every single source."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.server.licensing.limits import (
    Bound,
    Holding,
    Item,
    Limit,
    category_at_limits,
    excesses,
)

NUCLIDES = ("Ir-192", "Cs-137", "Am-241")
LEAST_BEYOND = {1: None, 2: 1000, 3: 10, 4: 1, 5: Fraction(1, 100)}

figures = st.integers(1, 12).map(float)
limits = st.builds(
    lambda nuclides, category, form, source, total, number: Limit(
        nuclides if category is None else (), category, form, source, total, number
    ),
    st.lists(st.sampled_from(NUCLIDES), min_size=1, max_size=3, unique=True).map(tuple),
    st.one_of(st.none(), st.integers(1, 5)),
    st.sampled_from(("sealed", "unsealed", "any")),
    st.one_of(st.none(), figures),
    st.one_of(st.none(), figures),
    st.one_of(st.none(), st.integers(1, 6)),
)
items = st.builds(
    Item,
    st.dictionaries(st.sampled_from(NUCLIDES), figures, min_size=1, max_size=2),
    st.integers(0, 12).map(float),
    st.booleans(),
    st.sampled_from(("sealed", "unsealed")),
    st.integers(1, 3),
)


def counted(limit: Limit, source: Item) -> bool:
    if limit.form != "any" and limit.form != source.form:
        return False
    return limit.category is not None or bool(set(limit.nuclides) & set(source.activity_Bq))


def activity(limit: Limit, source: Item) -> Fraction:
    names = source.activity_Bq if limit.category is not None else limit.nuclides
    return sum((Fraction(source.activity_Bq.get(n, 0.0)) for n in names), Fraction(0))


def oracle(
    rows: list[Limit], has: list[Item], comes: list[Item], asked: list[Item]
) -> set[tuple[str, int]]:
    """Bounds that are broken, with the number of their row."""
    found = set()
    every = [one for item in (*has, *comes, *asked) for one in [item] * item.number]
    new = [one for item in asked for one in [item] * item.number]
    for source in new:
        fitting = [row for row in rows if row.form in ("any", source.form)]
        free = bool(fitting) and all(row.nuclides == () for row in rows)
        for name in source.activity_Bq:
            if not free and not any(name in row.nuclides for row in fitting):
                found.add(("not_permitted", -1))
    for at, row in enumerate(rows):
        if not any(counted(row, source) for source in new):
            continue
        mine = [source for source in every if counted(row, source)]
        if row.source_Bq is not None and any(
            activity(row, source) > row.source_Bq for source in new if counted(row, source)
        ):
            found.add(("source", at))
        if row.total_Bq is not None and sum(activity(row, s) for s in mine) > row.total_Bq:
            found.add(("total", at))
        if row.sources is not None and len(mine) > row.sources:
            found.add(("sources", at))
        if row.category is not None:
            if any(not s.wholly_known for s in new if counted(row, s)):
                found.add(("unknown_d", at))
            most = LEAST_BEYOND[row.category]
            if most is not None and sum(Fraction(s.ratio_A_over_D) for s in mine) >= most:
                found.add(("category", at))
    return found


@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    st.lists(limits, min_size=1, max_size=4, unique=True),
    st.lists(items, max_size=4),
    st.lists(items, max_size=3),
    st.lists(items, min_size=1, max_size=3),
)
def test_the_rules_agree_with_counting_every_source(
    rows: list[Limit], has: list[Item], comes: list[Item], asked: list[Item]
) -> None:
    said = {
        (e.bound.value, rows.index(e.limit) if e.limit is not None else -1)
        for e in excesses(rows, Holding(has, comes), asked)
    }
    assert said == oracle(rows, has, comes, asked)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(limits, min_size=1, max_size=3, unique=True),
    st.lists(items, max_size=3),
    st.lists(items, max_size=3),
    st.lists(items, min_size=1, max_size=2),
)
def test_split_means_that_without_the_other_orders_it_would_pass(
    rows: list[Limit], has: list[Item], comes: list[Item], asked: list[Item]
) -> None:
    found = excesses(rows, Holding(has, comes), asked)
    if found and all(e.by_orders_alone for e in found):
        assert not oracle(rows, has, [], asked)


def test_what_passes_without_the_other_orders_is_split() -> None:
    rows = [Limit(("Cs-137",), total_Bq=10.0)]
    three, five, four = (Item({"Cs-137": a}, a) for a in (3.0, 5.0, 4.0))
    (excess,) = excesses(rows, Holding([three], [five]), [four])
    assert excess.by_orders_alone
    assert not oracle(rows, [three], [], [four])
    (excess,) = excesses(rows, Holding([three, five], []), [four])
    assert not excess.by_orders_alone


def test_a_limit_that_is_just_reached_is_kept_and_a_category_is_not() -> None:
    third = Item({"Cs-137": 0.1}, 10.0 / 3.0)
    total = Limit(("Cs-137",), total_Bq=0.3)
    assert not excesses([total], Holding([third, third]), [third])
    boundary = excesses([Limit(category=3)], Holding([third, third]), [third])
    assert [e.bound for e in boundary] == [Bound.CATEGORY]


@pytest.mark.parametrize(
    ("rows", "category"),
    [
        ([Limit(("Cs-137",), total_Bq=1e12)], 2),
        ([Limit(("Cs-137",), total_Bq=0.99e12)], 3),
        ([Limit(("Cs-137",), source_Bq=1e11, sources=3)], 3),
        ([Limit(("Cs-137", "Am-241"), total_Bq=0.6e12)], 2),
        ([Limit(("Cs-137",), total_Bq=1e15), Limit(category=3)], 3),
        ([Limit(("Cs-137",), source_Bq=1e9), Limit(category=4)], 4),
        ([Limit(("Xe-133",), total_Bq=1e9)], None),
        ([Limit(category=2)], 2),
    ],
)
def test_the_category_that_a_licence_can_reach(rows: list[Limit], category: int | None) -> None:
    assert category_at_limits(rows) == category
