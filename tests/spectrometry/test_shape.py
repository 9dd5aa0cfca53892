"""Peak shapes against numerical integration: values, derivatives, widths."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_spectra import TruePeak, gaussian_counts, tailed_counts
from scipy import stats

from tocsin.spectrometry.shape import (
    FWHM_PER_SIGMA,
    Tail,
    bends,
    fwhm_with_tail,
    profiles,
    sigma_of,
    voigt_fwhm_keV,
)

EDGES = np.linspace(640.0, 680.0, 81)
CENTRE, SIGMA = np.array([661.3]), np.array([1.4])


@pytest.mark.parametrize("fraction", [0.0, 0.15, 0.6])
@pytest.mark.parametrize("length", [0.8, 2.0, 6.0])
def test_a_tailed_peak_is_the_numerical_convolution(fraction: float, length: float) -> None:
    true = TruePeak(661.3, 1.0, FWHM_PER_SIGMA * 1.4)
    got = profiles(EDGES, CENTRE, SIGMA, Tail(fraction, length)).value[0]
    wanted = tailed_counts(EDGES, true, fraction=fraction, length=length)
    assert np.abs(got - wanted).max() < 2e-6


def test_the_area_is_one_tail_included() -> None:
    wide = np.linspace(400.0, 800.0, 4001)
    for tail in (Tail(), Tail(0.3, 5.0), Tail(0.9, 11.0)):
        assert profiles(wide, CENTRE, SIGMA, tail).value.sum() == pytest.approx(1.0, abs=1e-6)
    voigt = profiles(wide, CENTRE, SIGMA, Tail(), np.array([0.1])).value.sum()
    # A Lorentzian of width 0.1 keV has 2 x 0.05 / (pi x 200) of its area beyond 200 keV.
    assert voigt == pytest.approx(1.0 - 2 * 0.05 / (np.pi * 200.0), abs=5e-5)


def test_far_tails_do_not_overflow() -> None:
    shape = profiles(
        np.array([0.0, 1.0, 1e4, 1e5]), np.array([5e3]), np.array([0.5]), Tail(0.5, 0.7)
    )
    assert np.all(np.isfinite(shape.value))
    assert np.all(np.isfinite(shape.by_log_length))


def at(centre: float, log_sigma: float, fraction: float, log_length: float, natural: float):
    tail = Tail(fraction, float(np.exp(log_length)))
    width = None if natural == 0.0 else np.array([natural])
    return profiles(EDGES, np.array([centre]), np.array([np.exp(log_sigma)]), tail, width)


@pytest.mark.parametrize("natural", [0.0, 0.4])
def test_derivatives_are_those_of_the_values(natural: float) -> None:
    fraction = 0.2 if natural == 0.0 else 0.0
    theta = np.array([661.3, np.log(1.4), fraction, np.log(1.7)])
    names = ("by_centre", "by_log_sigma", "by_fraction", "by_log_length")
    for k, name in enumerate(names[: 4 if natural == 0.0 else 2]):
        step = np.zeros(4)
        step[k] = 1e-5
        rise = at(*(theta + step), natural).value - at(*(theta - step), natural).value
        got = getattr(at(*theta, natural), name)
        assert np.abs(got - rise / 2e-5).max() < 1e-6, name


def test_second_derivatives_are_those_of_the_gaussian() -> None:
    theta = np.array([661.3, np.log(1.4)])

    def value(d: np.ndarray) -> np.ndarray:
        return at(theta[0] + d[0], theta[1] + d[1], 0.0, 0.0, 0.0).value

    h = 1e-3
    e, s = np.array([h, 0.0]), np.array([0.0, h])
    got = bends(EDGES, theta[:1], np.exp(theta[1:]))
    zero = value(np.zeros(2))
    assert np.allclose(got.centre, (value(e) - 2 * zero + value(-e)) / h**2, atol=1e-5)
    assert np.allclose(got.log_sigma, (value(s) - 2 * zero + value(-s)) / h**2, atol=1e-5)
    mixed = value(e + s) - value(e - s) - value(s - e) + value(-e - s)
    assert np.allclose(got.both, mixed / (4 * h**2), atol=1e-5)


def test_the_step_is_the_gaussian_integral_above() -> None:
    shape = profiles(EDGES, CENTRE, SIGMA)
    fine = np.linspace(EDGES[0], EDGES[-1], 80 * 400 + 1)
    middle = 0.5 * (fine[1:] + fine[:-1])
    density = stats.norm.sf(middle, 661.3, 1.4) / (FWHM_PER_SIGMA * 1.4)
    wanted = (density * np.diff(fine)).reshape(80, 400).sum(axis=1)
    assert np.abs(shape.below[0] - wanted).max() < 1e-6


@pytest.mark.parametrize("natural", [0.02, 0.1, 0.6])
def test_a_voigt_profile_is_the_numerical_convolution(natural: float) -> None:
    """Gaussian of 0.5 keV with the natural width of an X-ray, on channels of 0.1 keV."""
    edges = np.arange(70.0, 80.0, 0.1)
    sigma = 0.5 / FWHM_PER_SIGMA
    got = profiles(edges, np.array([75.03]), np.array([sigma]), Tail(), np.array([natural])).value[
        0
    ]
    nodes, weights = np.polynomial.hermite_e.hermegauss(181)
    wanted = np.zeros(edges.size - 1)
    for x, w in zip(nodes, weights / weights.sum(), strict=True):
        wanted += w * np.diff(stats.cauchy.cdf(edges, 75.03 + sigma * x, natural / 2))
    assert np.abs(got - wanted).max() < (2e-3 if natural < 0.05 else 1e-5)


def test_widths_are_those_of_the_curve() -> None:
    grid = np.linspace(-15.0, 10.0, 50_001)
    edges = np.append(grid, grid[-1] + (grid[1] - grid[0]))
    for tail in (Tail(), Tail(0.1, 1.0), Tail(0.5, 2.5)):
        density = profiles(edges, np.zeros(1), np.ones(1), tail).value[0]
        above = grid[density >= density.max() / 2]
        assert fwhm_with_tail(1.0, tail) == pytest.approx(above[-1] - above[0], abs=2e-3)
        assert sigma_of(np.array([fwhm_with_tail(3.0, tail)]), tail)[0] == pytest.approx(3.0)
    density = profiles(edges, np.zeros(1), np.ones(1), Tail(), np.array([0.8])).value[0]
    above = grid[density >= density.max() / 2]
    assert voigt_fwhm_keV(1.0, 0.8) == pytest.approx(above[-1] - above[0], rel=1e-3)


def test_profiles_of_the_helper_agree_with_the_gaussian() -> None:
    """The independent formula of these tests and the room's agree: neither is off by a factor."""
    true = TruePeak(661.3, 250.0, FWHM_PER_SIGMA * 1.4)
    got = 250.0 * profiles(EDGES, CENTRE, SIGMA).value[0]
    assert np.allclose(got, gaussian_counts(EDGES, true), atol=1e-9)
