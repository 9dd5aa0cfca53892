"""Densities of partly measured vectors against scipy, direct integration and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tocsin.forensics.likelihood_density import distances, log_density

RNG = np.random.default_rng(20260301)


def random_scale(p: int) -> np.ndarray:
    a = RNG.normal(size=(p, p + 2))
    return a @ a.T / (p + 2)


def case(p: int, kinds: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Residual, scale, observed, upper of one row; kinds: o observed, c censored, m missing."""
    letters = np.array(list(kinds))
    residual = RNG.normal(size=(1, p))
    observed = (letters == "o")[None]
    upper = np.where(letters == "c", RNG.normal(size=p), np.inf)[None]
    return residual, random_scale(p)[None], observed, upper


@pytest.mark.parametrize("kinds", ["ooo", "omo", "mmo", "ommom"])
@pytest.mark.parametrize("dof", [None, 4.0])
def test_missing_parts_are_marginalised_exactly(kinds: str, dof: float | None) -> None:
    residual, scale, observed, upper = case(len(kinds), kinds)
    seen = np.flatnonzero(observed[0])
    sub = scale[0][np.ix_(seen, seen)]
    oracle = (
        stats.multivariate_normal(cov=sub)
        if dof is None
        else stats.multivariate_t(shape=sub, df=dof)
    )
    found = log_density(residual, scale, observed, upper, dof)[0]
    assert found == pytest.approx(float(oracle.logpdf(residual[0, seen])), abs=1e-10)


def test_what_a_missing_part_holds_does_not_matter() -> None:
    residual, scale, observed, upper = case(4, "omoc")
    other = residual.copy()
    other[0, 1] = 1e6
    assert log_density(residual, scale, observed, upper) == log_density(
        other, scale, observed, upper
    )


@pytest.mark.parametrize("kinds", ["oc", "occ", "cocc", "cccoo", "ccc"])
def test_censored_parts_agree_with_the_normal_distribution_function(kinds: str) -> None:
    residual, scale, observed, upper = case(len(kinds), kinds)
    o, c = np.flatnonzero(observed[0]), np.flatnonzero(np.isfinite(upper[0]))
    s = scale[0]
    expected, log_o = np.zeros(len(c)), 0.0
    conditional = s[np.ix_(c, c)]
    if len(o):
        gain = s[np.ix_(c, o)] @ np.linalg.inv(s[np.ix_(o, o)])
        expected = gain @ residual[0, o]
        conditional = conditional - gain @ s[np.ix_(o, c)]
        log_o = float(stats.multivariate_normal(cov=s[np.ix_(o, o)]).logpdf(residual[0, o]))
    probability = stats.multivariate_normal(
        mean=expected, cov=conditional, maxpts=10**6, abseps=1e-9, releps=1e-7
    ).cdf(upper[0, c])
    found = log_density(residual, scale, observed, upper)[0]
    # The lattice of 256 points is good to about a percent of the probability.
    tolerance = 1e-6 if len(c) == 1 else 0.01
    assert found == pytest.approx(log_o + float(np.log(probability)), abs=tolerance)


def test_censored_parts_of_students_t_agree_with_simulation() -> None:
    scale = random_scale(3)
    dof, value, limits = 5.0, 0.4, np.array([0.3, -0.2])
    draws = stats.multivariate_t(shape=scale, df=dof).rvs(4_000_000, random_state=RNG)
    width = 0.05
    near = np.abs(draws[:, 0] - value) < width
    below = near & np.all(draws[:, 1:] < limits, axis=1)
    estimate = below.sum() / len(draws) / (2 * width)
    found = log_density(
        np.array([[value, 0.0, 0.0]]),
        scale[None],
        np.array([[True, False, False]]),
        np.array([[np.inf, *limits]]),
        dof,
    )[0]
    # Four standard deviations of the simulated count, and the error of the lattice.
    assert found == pytest.approx(np.log(estimate), abs=4 / np.sqrt(below.sum()) + 0.01)


def test_a_limit_far_above_says_nothing_and_far_below_is_nearly_impossible() -> None:
    residual, scale, observed, upper = case(3, "ocm")
    bare = log_density(residual, scale, observed, np.full((1, 3), np.inf))[0]
    upper[0, 1] = 40.0
    assert log_density(residual, scale, observed, upper)[0] == pytest.approx(bare, abs=1e-9)
    upper[0, 1] = -40.0
    assert log_density(residual, scale, observed, upper)[0] < bare - 100.0


def test_distance_is_over_observed_parts_only() -> None:
    residual, scale, observed, _ = case(3, "omo")
    sub = scale[0][np.ix_([0, 2], [0, 2])]
    r = residual[0, [0, 2]]
    assert distances(residual, scale, observed)[0] == pytest.approx(r @ np.linalg.inv(sub) @ r)
