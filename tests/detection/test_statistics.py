"""Probabilities behind thresholds, against laws written out by scipy."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from tocsin.detection.statistics import (
    SearchSize,
    correct_skewness,
    gross_score,
    neutron_deviate,
    normal_deviate,
)


@pytest.mark.parametrize("record_s", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("rate_per_h", [0.1, 1.0, 30.0])
def test_a_threshold_lets_its_rate_through(rate_per_h: float, record_s: float) -> None:
    tests = 7.0
    threshold = SearchSize(tests).threshold(rate_per_h=rate_per_h, record_s=record_s)
    records_per_h = 3600.0 / record_s
    assert records_per_h * tests * stats.norm.sf(threshold) == pytest.approx(rate_per_h)


def test_a_deviate_is_the_upper_quantile_far_out_too() -> None:
    for probability in (0.4, 1e-3, 1e-12, 1e-200):
        assert normal_deviate(math.log(probability)) == pytest.approx(stats.norm.isf(probability))
    assert normal_deviate(math.log(0.9)) == 0.0


def test_neutrons_over_a_well_known_background_follow_a_poisson_law() -> None:
    for counts, rate_cps, live_s in ((5, 0.6, 1.0), (12, 0.6, 4.0), (3, 0.05, 1.0)):
        deviate = neutron_deviate(counts, live_s, mean=rate_cps, memory_s=1e7)
        tail = stats.poisson.sf(counts - 1, rate_cps * live_s)
        assert stats.norm.sf(deviate) == pytest.approx(tail, rel=1e-4)


def test_neutrons_over_a_short_background_allow_for_its_error() -> None:
    deviate = neutron_deviate(6, 2.0, mean=0.5, memory_s=20.0)
    # a rate known from ten counts only, half a count added (Jeffreys): negative binomial
    assert stats.norm.sf(deviate) == pytest.approx(stats.nbinom.sf(5, 10.5, 20.0 / 22.0), rel=1e-9)
    assert deviate < neutron_deviate(6, 2.0, mean=0.5, memory_s=1e7)
    assert neutron_deviate(0, 1.0, mean=0.5, memory_s=100.0) == 0.0


def test_the_total_rate_is_judged_by_counting_and_by_nature() -> None:
    assert gross_score(1300, 1000, noise_variance=1000.0, natural_sigma=0.0) == pytest.approx(
        300 / math.sqrt(1000.0)
    )
    by_nature = gross_score(1300, 1000, noise_variance=1000.0, natural_sigma=0.1)
    assert by_nature == pytest.approx(300 / math.sqrt(1000.0 + 100.0**2))


@pytest.mark.parametrize("mean", [0.5, 2.0, 20.0])
def test_a_score_of_few_counts_is_brought_to_a_normal_deviate(mean: float) -> None:
    """At the deviate 4.5 a Poisson count lies within one count of where the correction says."""
    at = 4.5
    exact = float(stats.poisson.isf(stats.norm.sf(at), mean))
    score = (exact - mean) / math.sqrt(mean)
    per_count = 1.0 / math.sqrt(mean)
    assert float(correct_skewness(score, 1.0 / math.sqrt(mean), at=at)) == pytest.approx(
        at, abs=per_count
    )
    assert score - at > 0  # without the correction the score is too high
