"""Intervals against published values, a slow count, and by trial."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.server.statistics.intervals import (
    Share,
    Times,
    count_interval,
    median_interval,
    rounded,
)


def test_clopper_and_pearson() -> None:
    # 10 of 20: 0.272 to 0.728, as in every table of the exact interval
    share = Share(10, 20)
    assert (share.value, share.low, share.high) == (
        0.5,
        pytest.approx(0.27196, abs=2e-5),
        pytest.approx(0.72804, abs=2e-5),
    )
    assert (Share(0, 10).low, Share(10, 10).high) == (0.0, 1.0)
    assert Share(0, 10).high == pytest.approx(1.0 - 0.025**0.1)
    assert Share(0, 0).value is None


def test_a_count_by_poissons_law() -> None:
    # Garwood's table: 10 counts lie between 4.795 and 18.39
    interval = count_interval(10)
    assert interval.low == pytest.approx(4.795, abs=1e-3)
    assert interval.high == pytest.approx(18.391, abs=1e-3)
    assert count_interval(0).low == 0.0
    assert count_interval(0).high == pytest.approx(3.689, abs=1e-3)


def test_the_median_lies_in_its_interval_as_often_as_said() -> None:
    random = np.random.default_rng(8)
    n, inside = 600, 0
    for _ in range(n):
        found = median_interval(list(random.exponential(1.0, 25)))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= np.log(2.0) <= found.high
    # at least 95 %; four standard errors below it is a fault
    assert inside / n > 0.95 - 4.0 * np.sqrt(0.05 * 0.95 / n)
    few = median_interval([1.0, 2.0, 9.0])
    assert few is not None
    assert (few.value, few.low, few.high) == (2.0, None, None)
    assert median_interval([]) is None


def test_kaplan_and_meier() -> None:
    # by hand: at 6 three of 7 fail, one is seen no longer; at 7 one of 3; at 10 one of 1
    times = Times((6.0, 6.0, 6.0, 7.0, 10.0), (6.0, 8.0))
    assert times.still_open(5.0) == 1.0
    assert times.still_open(6.0) == pytest.approx(4.0 / 7.0)
    assert times.still_open(7.0) == pytest.approx(4.0 / 7.0 * 2.0 / 3.0)
    assert times.median == 7.0
    assert times.still_open(10.0) == 0.0
    # most are still missing: half is never reached, and nothing is made up for it
    assert Times((3.0,), (100.0, 100.0, 100.0)).median is None
    assert Times((), ()).median is None


def test_numbers_that_are_none_are_dashes() -> None:
    assert (rounded(None), rounded(float("inf")), rounded(2.345, 1)) == ("–", "–", "2.3")
