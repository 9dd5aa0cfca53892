"""Fits of single regions: areas and energies without bias, uncertainties that are true.

Each setting is drawn some hundred times from a fixed seed. A mean may be off by 3.5 of its own
standard errors, a standard deviation likewise; beside that stands only what theory says is left:
with few counts the stated uncertainty follows the area, so that a pull is low by half the inverse
root of the counts on average.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from analytic_spectra import (
    FWHM,
    TruePeak,
    gaussian_counts,
    linear_continuum,
    region_edges,
    tailed_counts,
)

from tocsin.spectrometry.region import RegionProblem, fit_region, greville, smooth_basis
from tocsin.spectrometry.shape import Tail, profiles

TRIALS = 200
SIGMAS = 3.5


def problem_of(counts, edges, peaks, random, *, width_sigma=0.02, **more) -> RegionProblem:
    """Start values off by a fifth of a width, a third of the area and the prior's width."""
    k = len(peaks)
    fwhm = np.array([p.fwhm_keV for p in peaks])
    prior = fwhm / FWHM * np.exp(width_sigma * random.standard_normal(k))
    return RegionProblem(
        counts=counts,
        edges_keV=edges,
        centres_keV=np.array([p.energy_keV for p in peaks])
        + 0.2 * fwhm * random.uniform(-1.0, 1.0, k),
        areas=np.array([p.area for p in peaks]) * random.uniform(0.7, 1.3, k),
        sigma_keV=prior,
        width_sigma=np.full(k, width_sigma),
        **more,
    )


def pulls(expected, edges, peaks, random, *, trials=TRIALS, **more):
    """Unbiased areas, their pulls and those of the energies, ``(trials, k)`` each."""
    areas, of_area, of_energy = [], [], []
    truth = np.array([p.area for p in peaks])
    places = np.array([p.energy_keV for p in peaks])
    for _ in range(trials):
        counts = random.poisson(expected).astype(float)
        fit = fit_region(problem_of(counts, edges, peaks, random, **more))
        area = fit.unbiased_areas
        areas.append(area)
        of_area.append((area - truth) / np.sqrt(np.diag(fit.area_covariance)))
        of_energy.append((fit.centres_keV - places) / fit.centre_uncertainty_keV)
    return np.array(areas), np.array(of_area), np.array(of_energy)


def check(values, truth: float, of_area, of_energy) -> None:
    """Mean area, pulls and coverage within statistics."""
    n = values.size
    spread = values.std(ddof=1)
    # What a first-order correction leaves is of second order in the relative uncertainty.
    left = spread * (0.25 * (spread / truth) ** 2 + 1e-3)
    assert abs(values.mean() - truth) < SIGMAS * spread / np.sqrt(n) + left
    skew = 0.5 / np.sqrt(truth)
    for pull, extra in ((of_area, skew), (of_energy, 0.05)):
        assert abs(pull.mean()) < SIGMAS / np.sqrt(n) + extra
        assert abs(pull.std(ddof=1) - 1.0) < SIGMAS / np.sqrt(2 * n) + 0.05 + extra
    outside = np.mean(np.abs(of_area) > 1.96)
    assert outside < 0.05 + SIGMAS * np.sqrt(0.05 * 0.95 / n) + 0.3 * skew


SETTINGS = [
    # relative width, area, continuum counts per full width, channels per full width
    (0.001, 20, 0.5, 4.0),
    (0.001, 1_000, 300, 3.0),
    (0.001, 1_000_000, 100_000, 6.0),
    (0.003, 100, 10, 5.0),
    (0.01, 20, 2, 6.0),
    (0.01, 100_000, 1_000, 6.0),
    (0.03, 50, 1, 6.0),
    (0.07, 300, 100, 8.0),
    (0.07, 1_000_000, 300_000, 8.0),
    (0.2, 20, 1, 8.0),
    (0.2, 10_000, 10_000, 10.0),
    (0.2, 1_000_000, 100_000, 10.0),
]


@pytest.mark.parametrize(("relative", "area", "continuum", "channels"), SETTINGS)
def test_area_and_energy_from_20_counts_to_a_million(
    relative: float, area: float, continuum: float, channels: float
) -> None:
    random = np.random.default_rng([11, int(1e4 * relative), int(area)])
    peak = TruePeak(661.7, float(area), 661.7 * relative)
    edges = region_edges(peak, channels_per_fwhm=channels)
    expected = gaussian_counts(edges, peak)
    expected += linear_continuum(edges, per_fwhm=continuum, fwhm_keV=peak.fwhm_keV, slope=-0.3)
    values, of_area, of_energy = pulls(expected, edges, [peak], random)
    check(values[:, 0], peak.area, of_area[:, 0], of_energy[:, 0])


@pytest.mark.parametrize("gap", [0.8, 1.0, 1.5])
@pytest.mark.parametrize("ratio", [1.0, 0.2])
def test_doublets_are_taken_apart_with_their_correlation(gap: float, ratio: float) -> None:
    random = np.random.default_rng([12, int(10 * gap), int(10 * ratio)])
    width = 1.8
    first = TruePeak(1173.0, 20_000.0, width)
    second = TruePeak(1173.0 + gap * width, 20_000.0 * ratio, width)
    middle = TruePeak(1173.0 + 0.5 * gap * width, 1.0, width)
    edges = region_edges(middle, channels_per_fwhm=6.0, side_fwhm=3.2)
    expected = gaussian_counts(edges, first) + gaussian_counts(edges, second)
    expected += linear_continuum(edges, per_fwhm=500.0, fwhm_keV=width, slope=-0.1)
    values, of_area, of_energy = pulls(
        expected, edges, [first, second], random, trials=160, width_sigma=0.01
    )
    for k, peak in enumerate((first, second)):
        check(values[:, k], peak.area, of_area[:, k], of_energy[:, k])
    # The sum is known better than the parts: the stated covariance says by how much.
    counts = random.poisson(expected).astype(float)
    fit = fit_region(problem_of(counts, edges, [first, second], random, width_sigma=0.01))
    stated = np.sqrt(fit.area_covariance.sum())
    seen = values.sum(axis=1).std(ddof=1)
    assert seen == pytest.approx(stated, rel=SIGMAS / np.sqrt(2 * 160) + 0.05)
    assert stated < np.sqrt(np.trace(fit.area_covariance))


@pytest.mark.parametrize(("fraction", "length"), [(0.1, 1.5), (0.4, 3.0)])
def test_tailed_peaks_keep_their_whole_area(fraction: float, length: float) -> None:
    random = np.random.default_rng([13, int(10 * fraction)])
    peak = TruePeak(661.7, 200_000.0, 1.9)
    edges = region_edges(peak, channels_per_fwhm=6.0, side_fwhm=6.0 if length > 2 else 3.0)
    expected = tailed_counts(edges, peak, fraction=fraction, length=length)
    outside = 1.0 - expected.sum() / peak.area  # part of the tail below the region
    expected += linear_continuum(edges, per_fwhm=2_000.0, fwhm_keV=1.9, slope=-0.1)
    tail = Tail(0.8 * fraction, 1.2 * length)
    values, of_area, of_energy = pulls(
        expected, edges, [peak], random, trials=120, tail=tail, tail_sigma=(0.3, 0.5)
    )
    assert outside < 0.005
    check(values[:, 0], peak.area, of_area[:, 0], of_energy[:, 0])


def test_a_fit_without_the_tail_is_visibly_wrong() -> None:
    random = np.random.default_rng(14)
    peak = TruePeak(661.7, 200_000.0, 1.9)
    edges = region_edges(peak, channels_per_fwhm=6.0, side_fwhm=3.0)
    expected = tailed_counts(edges, peak, fraction=0.2, length=2.0) + 300.0
    problem = problem_of(random.poisson(expected).astype(float), edges, [peak], random)
    without = fit_region(problem)
    with_tail = fit_region(replace(problem, tail=Tail(0.1, 1.5), tail_sigma=(0.3, 0.5)))
    assert without.chi_squared / without.freedom > 5.0
    assert with_tail.chi_squared / with_tail.freedom < 1.6
    assert with_tail.tail.fraction == pytest.approx(0.2, abs=0.03)


def test_a_step_under_the_peak_does_not_shift_it() -> None:
    random = np.random.default_rng(15)
    peak = TruePeak(1332.5, 100_000.0, 1.9)
    edges = region_edges(peak, channels_per_fwhm=6.0)
    shape = profiles(edges, np.array([1332.5]), np.array([1.9 / FWHM]))
    expected = gaussian_counts(edges, peak) + 0.01 * peak.area * shape.below[0]
    expected += linear_continuum(edges, per_fwhm=500.0, fwhm_keV=1.9, slope=0.0)
    values, of_area, of_energy = pulls(expected, edges, [peak], random, trials=120, step=True)
    check(values[:, 0], peak.area, of_area[:, 0], of_energy[:, 0])


def test_the_width_is_the_prior_s_for_weak_peaks_and_its_own_for_strong_ones() -> None:
    random = np.random.default_rng(16)
    for area, wanted in ((30.0, 1.10), (300_000.0, 1.0)):
        peak = TruePeak(661.7, area, 1.5)
        edges = region_edges(peak, channels_per_fwhm=6.0)
        expected = gaussian_counts(edges, peak) + 0.05 * area / edges.size
        problem = problem_of(random.poisson(expected).astype(float), edges, [peak], random)
        start = replace(problem, sigma_keV=np.array([1.1 * 1.5 / FWHM]))
        fit = fit_region(start)
        assert fit.sigma_keV[0] * FWHM / 1.5 == pytest.approx(wanted, abs=0.02)


def test_signed_areas_are_unbiased_at_zero() -> None:
    """No peak at all: the area asked for at a place is zero on average, as often below as above."""
    random = np.random.default_rng(17)
    peak = TruePeak(661.7, 0.0, 1.5)
    edges = region_edges(peak, channels_per_fwhm=6.0)
    expected = linear_continuum(edges, per_fwhm=60.0, fwhm_keV=1.5, slope=-0.1)
    got, pull = [], []
    for _ in range(300):
        problem = RegionProblem(
            random.poisson(expected).astype(float),
            edges,
            np.array([661.7]),
            np.array([0.0]),
            np.array([1.5 / FWHM]),
            np.array([0.02]),
            fixed_centres=True,
            signed_areas=True,
        )
        fit = fit_region(problem)
        got.append(fit.areas[0])
        pull.append(fit.areas[0] / np.sqrt(fit.area_covariance[0, 0]))
    assert abs(np.mean(got)) < SIGMAS * np.std(got) / np.sqrt(300)
    assert abs(np.std(pull) - 1.0) < SIGMAS / np.sqrt(600) + 0.03
    assert 0.4 < np.mean(np.array(got) > 0) < 0.6


@pytest.mark.parametrize("m", [1, 2, 3, 4, 7, 12])
def test_the_continuum_s_splines_add_up_to_one_and_follow_a_line(m: int) -> None:
    x = np.linspace(0.0, 1.0, 101)
    basis = smooth_basis(x, m)
    assert basis.shape == (m, 101)
    assert np.all(basis >= 0)
    assert np.allclose(basis.sum(axis=0), 1.0)
    if m > 1:
        assert np.allclose(greville(m) @ basis, x, atol=1e-9)
