"""Probabilities behind thresholds, against laws written out by scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import survey_worlds as worlds
from scipy import stats

from tocsin.detection.background import NaturalModes
from tocsin.detection.bank import build_bank
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Grid
from tocsin.detection.statistics import (
    SearchSize,
    SpectralTest,
    Windows,
    correct_skewness,
    gross_scores,
    highest_score,
    neutron_deviates,
    normal_deviate,
)

SETTINGS = DetectorSettings()
GRID = Grid(worlds.EDGES_KEV, SETTINGS)


def neutron_deviate(counts: float, live_s: float, *, mean: float, memory_s: float) -> float:
    one = neutron_deviates(np.array([counts]), np.array([live_s]), mean=mean, memory_s=memory_s)
    return float(one[0])


def gross_score(counts: float, expected: float, noise: float, natural_sigma: float) -> float:
    return float(
        gross_scores(
            np.array([counts]),
            np.array([expected]),
            noise_variance=np.array([noise]),
            natural_sigma=natural_sigma,
            dispersion=1.0,
            at=4.5,
        )[0]
    )


def prepared(seed: int = 1) -> tuple[SpectralTest, Windows, np.ndarray]:
    """A test on a background of 1000 counts per second, and three windows of noisy records."""
    rng = np.random.default_rng(seed)
    bank = build_bank(worlds.INSTRUMENT, GRID)
    test = SpectralTest(bank.shapes, bank.series, GRID.centres_keV, SETTINGS)
    fine = worlds.natural(1000.0).sum(axis=0)
    rate = np.add.reduceat(fine[: GRID.stop], GRID.starts)
    test.prepare(rate, dispersion=1.3, effective_time_s=40.0)
    live = np.array([0.98, 2.0, 7.9])
    counts = rng.poisson(rate * live[:, None] * np.array([1.0, 1.4, 0.9])[:, None]).astype(float)
    return test, Windows(counts, live, counts.sum(axis=1) / (rate.sum() * live)), rate


def test_scores_are_generalised_least_squares_with_the_covariance_written_out() -> None:
    test, windows, rate = prepared()
    scores, counting = test.scores(windows)
    natural = NaturalModes(GRID.centres_keV, test.series, SETTINGS)
    modes = natural.rates(rate)
    for w, live in enumerate(windows.live_time_s):
        noise = 1.3 * rate * live * (1 + live / 40.0) * windows.level[w]
        covariance = np.diag(noise) + live**2 * (modes.T * natural.sigma**2) @ modes
        inverse = np.linalg.inv(covariance)
        top = test.shapes @ inverse @ (windows.counts[w] - live * rate)
        expected = top / np.sqrt(np.einsum("kj,ji,ki->k", test.shapes, inverse, test.shapes))
        assert scores[w] == pytest.approx(expected, rel=1e-6, abs=1e-8)
        filters = test.shapes @ inverse
        information = np.einsum("kj,kj->k", filters, test.shapes)
        assert counting[w] == pytest.approx((filters**2) @ noise / information, rel=1e-6)
        assert 0.3 < counting[w].min() < counting[w].max() < 1.0


def test_filters_give_the_scores_and_their_third_cumulant() -> None:
    test, windows, rate = prepared()
    scores, _ = test.scores(windows)
    window, template = np.array([0, 2, 1]), np.array([3, 40, 7])
    filters = test.filters(windows, window, template)
    residual = windows.counts - windows.live_time_s[:, None] * rate
    assert (filters * residual[window]).sum(axis=1) == pytest.approx(scores[window, template])
    rng = np.random.default_rng(2)
    k, w = template[0], window[0]
    mean = rate * windows.live_time_s[w] * windows.level[w]
    draws = (rng.poisson(mean, (200_000, mean.size)) - mean) @ filters[0]
    # a Poisson law of variance phi times the mean counts in lumps of phi: third cumulant phi^2
    # times as large; the error of a third moment of 200,000 normal numbers is 0.55 %
    cumulant = float(np.mean(draws**3)) * 1.3**2
    assert test.skewness(windows, np.array([w]), np.array([k]))[0] == pytest.approx(
        cumulant, abs=0.05
    )


def test_the_highest_score_is_that_of_correcting_every_one() -> None:
    for seed in range(12):
        test, windows, _ = prepared(seed)
        scores, _ = test.scores(windows)
        spread = np.random.default_rng(seed).uniform(1.0, 3.0, scores.shape)
        n_window, n = scores.shape
        window, template = (
            g.ravel() for g in np.meshgrid(range(n_window), range(n), indexing="ij")
        )
        skewness = test.skewness(windows, window, template).reshape(scores.shape)
        every = correct_skewness(scores / np.sqrt(spread), skewness, at=4.7)
        best, w, k = highest_score(test, windows, scores, spread, at=4.7)
        assert best == pytest.approx(float(every.max()))
        assert every[w, k] == pytest.approx(best)


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
    # a million counts are as good as normal; skewness 1e-3 moves the deviate by 0.07 %
    assert gross_score(1_004_500, 1e6, 1e6, 0.0) == pytest.approx(4.5, rel=1e-3)
    by_nature = gross_score(1300, 1000, 1000.0, 0.1)
    assert by_nature == pytest.approx(300 / math.sqrt(1000.0 + 100.0**2), rel=1e-3)


@pytest.mark.parametrize("mean", [1.5, 6.0, 40.0])
def test_a_total_of_few_counts_is_judged_by_its_poisson_law(mean: float) -> None:
    """The count whose probability is that of 4.5 deviates lies within one count of 4.5."""
    exact = float(stats.poisson.isf(stats.norm.sf(4.5), mean))
    below = gross_score(exact - 1, mean, mean, 0.0)
    assert below < 4.5 < gross_score(exact + 1, mean, mean, 0.0)


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
