"""Figures of merit with known values, calibration on known truth, and folds that keep groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from tocsin.errors import InvalidInput
from tocsin.forensics.calibration import (
    Trials,
    calibrate,
    cllr,
    cllr_min,
    misleading_rates,
    tippett,
)
from tocsin.forensics.calibration_folds import lot_folds, refuse_random_split, source_folds
from tocsin.forensics.calibration_scale import SCALE_NAME, verbal


def normal_trials(n: int, d: float, seed: int, scale: float = 1.0, shift: float = 0.0) -> Trials:
    """Perfectly calibrated ratios of two unit normals d apart, then distorted."""
    rng = np.random.default_rng(seed)
    same, different = rng.normal(d / 2, 1.0, n), rng.normal(-d / 2, 1.0, n)
    return Trials.of(scale * d * same + shift, scale * d * different + shift)


def test_cost_of_saying_nothing_and_of_being_right_and_wrong() -> None:
    assert cllr(Trials.of(np.zeros(3), np.zeros(5))) == pytest.approx(1.0)
    assert cllr(Trials.of(np.full(3, 40.0), np.full(5, -40.0))) == pytest.approx(0.0, abs=1e-12)
    # LR 1/3 for the same source costs log2(4), LR 3 for another one likewise: a mean of 2 bits.
    wrong = Trials.of(np.array([-np.log(3.0)]), np.array([np.log(3.0)]))
    assert cllr(wrong) == pytest.approx(2.0)


def test_weights_count_sources_not_samples() -> None:
    one = Trials.of(np.array([1.0, -1.0]), np.array([0.0]))
    many = Trials.of(
        np.array([1.0, -1.0, -1.0, -1.0]), np.array([0.0]), np.array([3.0, 1.0, 1.0, 1.0])
    )
    assert cllr(many) == pytest.approx(cllr(one))
    assert misleading_rates(many)[0] == pytest.approx(0.5)


def test_discrimination_cost_is_that_of_isotonic_regression() -> None:
    trials = normal_trials(150, 1.5, seed=1)
    score = np.r_[trials.same, trials.different]
    truth = np.r_[np.ones(150), np.zeros(150)]
    order = np.argsort(score)
    p = optimize.isotonic_regression(truth[order]).x
    t = truth[order]
    inside = (p > 0) & (p < 1)
    oracle = -(
        np.sum(t[inside] * np.log2(p[inside])) + np.sum((1 - t[inside]) * np.log2(1 - p[inside]))
    ) / len(t)
    assert cllr_min(trials) == pytest.approx(oracle, rel=1e-9)
    assert cllr_min(trials) < cllr(trials)
    assert cllr_min(Trials.of(np.array([1.0]), np.array([-1.0]))) == 0.0
    assert cllr_min(Trials.of(np.zeros(4), np.zeros(9))) == pytest.approx(1.0)


def test_calibration_undoes_overconfidence() -> None:
    trials = normal_trials(2000, 2.0, seed=2, scale=4.0, shift=3.0)
    found = calibrate(trials, same_units=2000, different_units=2000)
    # True line: raw = 4 x calibrated + 3. Tolerances are four standard errors of the regression.
    assert found.slope == pytest.approx(0.25, abs=0.03)
    assert found.offset == pytest.approx(-0.75, abs=0.25)
    fresh = normal_trials(2000, 2.0, seed=3, scale=4.0, shift=3.0)
    fixed = Trials.of(found.apply(fresh.same), found.apply(fresh.different))
    assert cllr(fixed) < 0.6 * cllr(fresh)
    assert cllr(fixed) - cllr_min(fixed) < 0.02


def test_no_more_is_claimed_than_the_trials_support() -> None:
    apart = Trials.of(np.linspace(20.0, 60.0, 30), np.linspace(-60.0, -20.0, 30))
    found = calibrate(apart, same_units=30, different_units=99)
    top, bottom = found.apply(np.array([1e3, -1e3]))
    assert top == pytest.approx(np.log(100.0))
    assert bottom == pytest.approx(-np.log(31.0))


def test_tippett_curves_are_shares_above() -> None:
    trials = Trials.of(np.array([1.0, 3.0]), np.array([-2.0, 0.0, 2.0, -4.0]))
    same, different = tippett(trials, np.array([-3.0, 0.5, 2.5]))
    np.testing.assert_allclose(same, [1.0, 1.0, 0.5])
    np.testing.assert_allclose(different, [0.75, 0.25, 0.0])


def test_folds_keep_sources_and_lots_whole() -> None:
    sources = ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"] * 2 + ["e"]
    groups = ["x"] * 9 + ["y"] * 6
    folds = source_folds(sources, groups, 3)
    for source in set(sources):
        assert len({folds[i] for i, s in enumerate(sources) if s == source}) == 1
    assert set(folds) == {0, 1, 2}
    # The two large sources of class x come into different folds.
    assert folds[0] != folds[5]
    lots = ["1", "1", "2", "2", "3"] + ["1"] * 4 + ["1", "2", "2"] + ["1", "2"] + ["1"]
    within = lot_folds(sources, lots, 3)
    assert len({within[0], within[2], within[4]}) == 3
    assert within[0] == within[1]
    assert set(within[5:9]) == {-1}


def test_random_splits_are_refused() -> None:
    with pytest.raises(InvalidInput, match="random split"):
        source_folds(["a", "b", "c", "d"], [""] * 4, 2)
    with pytest.raises(InvalidInput, match="random splits are refused"):
        refuse_random_split(["a", "a", ""])
    with pytest.raises(InvalidInput, match="random splits are refused"):
        refuse_random_split([])
    with pytest.raises(InvalidInput, match="random splits are refused"):
        lot_folds(["a", "a"], ["1", ""], 2)
    with pytest.raises(InvalidInput, match="folds"):
        source_folds(["a", "a", "b"], [""] * 3, 3)


def test_words_follow_the_scale_in_both_directions() -> None:
    assert verbal(0.5) == "weak support for this source"
    assert verbal(-1.5) == "moderate support for another source"
    assert verbal(2.5).startswith("moderately strong")
    assert verbal(3.5).startswith("strong")
    assert verbal(-5.0).startswith("very strong")
    assert verbal(7.0).startswith("extremely strong")
    assert verbal(0.0) == "no support for either"
    assert "unverified" in SCALE_NAME
