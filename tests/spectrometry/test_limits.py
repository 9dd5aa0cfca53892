"""Characteristic limits: worked examples of ISO 11929:2010, Currie's formula, frequencies.

The inputs of the examples are those of ISO 11929:2010, Annex D (D.2.1 alpha activity of a liquid,
D.5.1 peak of a germanium detector, D.5.2 peak of a sodium iodide detector). The results are those
of the reference list of the program UncertRadio (https://github.com/OpenBfS/UncertRadio, file
BatListRef_v05.txt), whose authors compared them with the standard; six digits each.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from tocsin.errors import InvalidInput
from tocsin.spectrometry import characteristic_limits, counting_uncertainty

ALPHA = float(stats.norm.sf(1.645))  # the examples round the quantile to three places


def parabola_background(sides, *, width: float, side: float) -> tuple[float, float]:
    """Background of a peak region from four equal regions beside it, and its variance (D.5)."""
    c0 = width / (4.0 * side)
    c1 = c0 * (4.0 / 3.0 + 4.0 * c0 + 8.0 * c0**2 / 3.0) / (1.0 + 2.0 * c0)
    weights = np.array([c0 - c1, c0 + c1, c0 + c1, c0 - c1])
    counts = np.array(sides, dtype=float)
    return float(weights @ counts), float(weights**2 @ counts)


def alpha_in_liquid():
    per_count = 1.0 / (0.5 * 0.3 * 0.6 * 360.0)
    relative = sqrt((0.005 / 0.5) ** 2 + (0.015 / 0.3) ** 2 + (0.2 / sqrt(3) / 0.6) ** 2)
    background = 41_782 / 7200.0 * 360.0
    variance = 41_782 * (360.0 / 7200.0) ** 2
    return 2_591, background, variance, per_count, relative


def germanium_peak():
    background, variance = parabola_background((3470, 3373, 3343, 3208), width=5, side=13)
    per_count = 1.0 / (21_600.0 * 0.8585 * 1.0 * 0.06 * 0.98)
    relative = sqrt(0.001**2 + (0.004 / 0.06) ** 2 + (0.02 / 0.98) ** 2)
    return 1_440, background, variance, per_count, relative


def sodium_iodide_peak():
    background, variance = parabola_background((17326, 17291, 12069, 11434), width=79, side=21)
    return 84_221, background, variance, 1.0, 0.0


# value, u, best estimate, its u, lower, upper, decision threshold, detection limit
EXAMPLES = [
    (
        alpha_in_liquid,
        (15.4907, 3.47550, 15.4908, 3.47535, 8.67912, 22.3026, 2.37791, 5.42076),
    ),
    (
        germanium_peak,
        (0.134611, 0.0403340, 0.134673, 0.0402314, 0.0558406, 0.213672, 0.0618851, 0.127935),
    ),
    (
        sodium_iodide_peak,
        (28100.5, 694.621, 28100.5, 694.621, 26739.1, 29462.0, 1108.88, 2220.46),
    ),
]


@pytest.mark.parametrize(("example", "wanted"), EXAMPLES, ids=["D.2.1", "D.5.1", "D.5.2"])
def test_the_worked_examples_of_the_standard(example, wanted) -> None:
    gross, background, variance, per_count, relative = example()
    got = characteristic_limits(
        (gross - background) * per_count,
        counting_uncertainty(
            per_count=per_count,
            background_counts=background,
            background_variance=variance,
            factor_relative_uncertainty=relative,
        ),
        alpha=ALPHA,
        beta=ALPHA,
    )
    numbers = (
        got.value,
        got.uncertainty,
        got.best_estimate,
        got.best_uncertainty,
        got.lower,
        got.upper,
        got.decision_threshold,
        got.detection_limit,
    )
    assert numbers == pytest.approx(wanted, rel=6e-6)
    assert got.recognised


@pytest.mark.parametrize("background", [4.0, 50.0, 3000.0])
def test_currie_is_the_case_without_calibration(background: float) -> None:
    """Paired blank: L_C = k sqrt(2 B), L_D = k^2 + 2 L_C (Currie 1968, doi 10.1021/ac60259a007)."""
    k = float(stats.norm.isf(0.05))
    u = counting_uncertainty(
        per_count=1.0, background_counts=background, background_variance=background
    )
    got = characteristic_limits(0.0, u)
    assert got.decision_threshold == pytest.approx(k * sqrt(2.0 * background))
    assert got.detection_limit == pytest.approx(k * k + 2.0 * got.decision_threshold)


def test_errors_of_both_kinds_are_as_frequent_as_asked_for() -> None:
    """Nothing there: 5 % recognised. The detection limit there: 5 % missed. 4 standard errors."""
    random = np.random.default_rng(8)
    b, n = 400.0, 40_000
    u = counting_uncertainty(per_count=1.0, background_counts=b, background_variance=b)
    limits = characteristic_limits(0.0, u)
    room = 4.0 * sqrt(0.05 * 0.95 / n)
    nothing = random.poisson(b, n) - random.poisson(b, n)
    assert abs(np.mean(nothing > limits.decision_threshold) - 0.05) < room + 0.002
    there = random.poisson(b + limits.detection_limit, n) - random.poisson(b, n)
    assert abs(np.mean(there <= limits.decision_threshold) - 0.05) < room + 0.002


def exact_posterior(gross: int, background: int, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Net counts, not negative, and their probability: Poisson counts, flat priors, by summation.

    The background is measured ``ratio`` times as long.
    """
    net = np.linspace(0.0, 6.0 * gross**0.5 + gross, 3001)
    mean = background / ratio
    behind = np.linspace(
        max(mean - 8.0 * mean**0.5 / ratio**0.5, 1e-3), mean + 8.0 * mean**0.5 / ratio**0.5, 601
    )
    weight = stats.poisson.pmf(background, ratio * behind)
    density = stats.poisson.pmf(gross, net[:, None] + behind[None, :]) @ weight
    return net, density / density.sum()


@pytest.mark.parametrize(
    ("gross", "background"), [(900, 6000), (400, 3000), (310, 3000), (60, 300)]
)
def test_interval_and_best_estimate_are_those_of_the_exact_posterior(
    gross: int, background: int
) -> None:
    """The standard puts a normal distribution, cut off at zero, in place of the exact one. With
    flat priors the exact one lies higher by about a count and is skewed by about another."""
    ratio = 10.0
    net, density = exact_posterior(gross, background, ratio)
    sums = np.cumsum(density)
    lower, upper = np.interp([0.025, 0.975], sums, net)
    mean = float(density @ net)
    u = sqrt(gross + background / ratio**2)
    got = characteristic_limits(
        gross - background / ratio,
        counting_uncertainty(
            per_count=1.0,
            background_counts=background / ratio,
            background_variance=background / ratio**2,
        ),
        uncertainty=u,
    )
    assert got.lower == pytest.approx(lower, abs=2.5)
    assert got.upper == pytest.approx(upper, abs=3.5)
    assert got.best_estimate == pytest.approx(mean, abs=1.5)
    assert got.best_uncertainty == pytest.approx(
        float(np.sqrt(density @ (net - mean) ** 2)), rel=0.05
    )
    assert upper - lower > 20.0  # the tolerances are small beside what is compared


def test_a_calibration_that_is_too_poor_has_no_detection_limit() -> None:
    poor = counting_uncertainty(
        per_count=1.0,
        background_counts=100.0,
        background_variance=100.0,
        factor_relative_uncertainty=0.65,
    )
    assert characteristic_limits(5.0, poor).detection_limit is None


def test_a_negative_result_still_has_an_interval_of_what_can_be() -> None:
    u = counting_uncertainty(per_count=1.0, background_counts=100.0, background_variance=20.0)
    got = characteristic_limits(-15.0, u, uncertainty=u(0.0))
    assert not got.recognised
    assert 0.0 <= got.lower < got.best_estimate < got.upper


def test_what_makes_no_sense_is_refused() -> None:
    u = counting_uncertainty(per_count=1.0, background_counts=1.0, background_variance=1.0)
    with pytest.raises(InvalidInput, match="between 0 and"):
        characteristic_limits(1.0, u, alpha=0.7)
    with pytest.raises(InvalidInput, match="finite"):
        characteristic_limits(float("nan"), u)
    with pytest.raises(InvalidInput, match="positive"):
        counting_uncertainty(per_count=0.0, background_counts=1.0, background_variance=1.0)
    with pytest.raises(InvalidInput, match="negative"):
        counting_uncertainty(per_count=1.0, background_counts=-1.0, background_variance=1.0)
