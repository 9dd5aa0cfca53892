"""Category of what lies together: sums, boundaries by decay and by one more, unverified values."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.nuclear import source_category
from tocsin.server.holdings.together import together
from tocsin.server.register.models import Source

DAY = dt.date(2026, 3, 3)


def held(*contents: tuple[str, float], on: dt.date = DAY) -> Source:
    """A source that is nowhere but here."""
    return Source(
        pk=uuid.uuid4(),
        contents=[
            {"nuclide": n, "activity_Bq": a, "reference_date": on.isoformat()} for n, a in contents
        ],
        nuclides=" ".join(n for n, _a in contents),
    )


def test_one_more_puts_it_over_the_boundary() -> None:
    # D of Cs-137 is 0.1 TBq: 9 x 0.1 TBq is A/D = 9, category 3; one more 0.1 TBq makes ten
    nine = [held(("Cs-137", 1e11)) for _ in range(9)]
    whole = together(nine, DAY)
    assert whole.found.category == 3
    assert whole.next_boundary == 10.0
    assert whole.room == pytest.approx(1.0)
    assert whole.one_more is not None
    assert whole.one_more.category == 2
    assert whole.close
    assert together([*nine, held(("Cs-137", 1e11))], DAY).found.category == 2


def test_the_least_that_is_enough_is_named() -> None:
    small, enough, large = held(("Cs-137", 1e9)), held(("Cs-137", 3e11)), held(("Cs-137", 5e11))
    whole = together([large, small, enough], DAY)
    assert whole.found.category == 3  # 8.01
    assert whole.one_more is not None
    assert whole.one_more.source is enough
    assert not whole.close


def test_nothing_is_graver_than_the_first_category() -> None:
    whole = together([held(("Cs-137", 2e14))], DAY)
    assert whole.found.category == 1
    assert (whole.next_boundary, whole.room, whole.one_more) == (None, None, None)


def test_decay_is_told_with_its_day() -> None:
    # 10.5 x D of Co-60 (0.03 TBq): below ten after ln(1.05) / ln(2) half-lives of 5.27 years
    whole = together([held(("Co-60", 10.5 * 3e10))], DAY)
    assert whole.found.category == 2
    assert whole.then == 3
    assert whole.changes_on is not None
    years = (whole.changes_on - DAY).days / 365.25
    assert years == pytest.approx(5.27 * 0.0704, abs=0.01)
    assert not whole.worse_by_decay
    assert together([held(("Co-60", 10.5 * 3e10))], whole.changes_on).found.category == 3
    before = whole.changes_on - dt.timedelta(days=1)
    assert together([held(("Co-60", 10.5 * 3e10))], before).found.category == 2


def test_values_that_are_not_verified_are_marked_and_not_counted() -> None:
    whole = together([held(("Cs-134", 1e13)), held(("Cs-137", 1e11))], DAY)
    assert [value.nuclide for value in whole.unverified] == ["Cs-134"]
    assert whole.found.ratio_A_over_D == pytest.approx(1.0, rel=1e-6)
    assert [part.ratio_A_over_D for part in whole.parts] == [pytest.approx(1.0), None]


def test_of_nothing_nothing_is_said() -> None:
    whole = together([], DAY)
    assert whole.found.category is None
    assert whole.parts == ()


@given(
    st.lists(
        st.tuples(st.sampled_from(["Cs-137", "Co-60", "Ir-192", "Am-241"]), st.floats(1e6, 1e15)),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 20_000),
)
def test_together_is_the_sum_of_its_parts_on_any_day(
    contents: list[tuple[str, float]], later_days: int
) -> None:
    on = DAY + dt.timedelta(days=later_days)
    whole = together([held(content) for content in contents], on)
    alone = [source_category(held(c).activities(), on=on).ratio_A_over_D or 0.0 for c in contents]
    # what grows in is counted from a thousandth of the parent on: one and all may part there
    assert whole.found.ratio_A_over_D == pytest.approx(sum(alone), rel=2e-3, abs=1e-12)
    if whole.room is not None and whole.one_more is not None:
        assert whole.found.category is None or whole.one_more.category < whole.found.category
