"""Spectra with known peaks: expected counts from formulas, no code of the room under test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import integrate, stats

from tocsin.spectrometry import MeasuredSpectrum

FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


@dataclass(frozen=True)
class TruePeak:
    """A Gaussian peak, by energy, area and full width at half maximum."""

    energy_keV: float
    area: float
    fwhm_keV: float


def gaussian_counts(edges: np.ndarray, peak: TruePeak) -> np.ndarray:
    """Counts per channel of a Gaussian peak."""
    return peak.area * np.diff(stats.norm.cdf(edges, peak.energy_keV, peak.fwhm_keV / FWHM))


def tailed_counts(edges: np.ndarray, peak: TruePeak, *, fraction: float, length: float):
    """The same with part of the counts losing an exponentially distributed energy.

    The convolution is a trapezoidal sum over the energy lost, apart from the closed form of the
    room under test.
    """
    sigma = peak.fwhm_keV / FWHM
    lost = np.linspace(0.0, 30.0, 12_001)  # in mean losses
    weight = np.exp(-lost)
    u = (edges[:, None] - peak.energy_keV) / sigma + length * lost[None, :]
    cumulative = integrate.trapezoid(stats.norm.cdf(u) * weight, lost, axis=1)
    return (1.0 - fraction) * gaussian_counts(edges, peak) + fraction * peak.area * np.diff(
        cumulative
    )


def region_edges(peak: TruePeak, *, channels_per_fwhm: float, side_fwhm: float = 2.5, shift=0.3):
    """Channel edges about a peak, which stands somewhere within its channel."""
    width = peak.fwhm_keV / channels_per_fwhm
    reach = side_fwhm * peak.fwhm_keV
    first = peak.energy_keV - reach + shift * width
    return first + width * np.arange(int(2.0 * reach / width) + 1)


def linear_continuum(edges: np.ndarray, *, per_fwhm: float, fwhm_keV: float, slope: float):
    """Continuum of so many counts per full width, falling by ``slope`` of it per full width."""
    middle = 0.5 * (edges[1:] + edges[:-1])
    level = 1.0 + slope * (middle - middle.mean()) / fwhm_keV
    return per_fwhm * np.diff(edges) / fwhm_keV * np.maximum(level, 0.02)


def drawn(expected: np.ndarray, edges: np.ndarray, random: np.random.Generator, **more):
    """A Poisson spectrum."""
    return MeasuredSpectrum(random.poisson(expected).astype(float), edges, **more)
