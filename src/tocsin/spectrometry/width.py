"""Peak width as a function of energy, from the peaks of the spectrum and from the instrument."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from tocsin.detectors import Resolution

FloatArray = NDArray[np.float64]

SCATTER = 0.02
"""Least scatter of single peak widths about the model (logarithm): gammas of one detector agree to
1 or 2 per cent where no multiplet is hidden."""
SHAPE_SIGMA = 0.25
"""Trust in the form of the instrument's curve away from the peaks seen (logarithm)."""

NOMINAL_SPAN_KEV = 3000.0
FEW_VOTES = 0.08
"""Least scatter times the root of the number of peaks: three terms fit few peaks too well."""
CLUSTER = 0.08
"""Scatter at first (logarithm): widths that agree with the form of the curve lie within it."""
INSIDE = 0.25
"""Weight from which a peak belongs to the curve: within 1.7 of its expected scatter."""
TRUNCATED = 1.5
"""Variance of a Gaussian over that of its part within 1.7 standard deviations."""
ROUNDS = 12


@dataclass(frozen=True, slots=True)
class WidthFit:
    """Peak widths of one spectrum.

    Attributes
    ----------
    resolution : Resolution
        ``FWHM(E) = sqrt(a + b E + c E^2)``.
    log_sigma : float
        How far the width of a single peak may lie from it (logarithm).
    votes : int
        Peaks that it was taken from.
    """

    resolution: Resolution
    log_sigma: float
    votes: int


def in_channels(resolution: Resolution, n_channel: int) -> Resolution:
    """Width curve on the axis of channel numbers, for a spectrum without a calibration.

    The spectrum is taken to span 3 MeV, as most instruments' do; the search then tries widths from
    a fifth to five times as large.
    """
    keV = NOMINAL_SPAN_KEV / n_channel
    return Resolution(resolution.a_keV2 / keV**2, resolution.b_keV / keV, resolution.c)


def fit_widths(
    energies_keV: FloatArray,
    fwhm_keV: FloatArray,
    log_uncertainty: FloatArray,
    start: Resolution,
    *,
    prior_log_sigma: float,
    range_keV: tuple[float, float],
) -> WidthFit:
    """Width curve through measured peak widths, robust against multiplets taken for single peaks.

    Non-negative least squares of the squared widths, the weights renewed from the residuals as for
    a Cauchy loss. Three values of the start curve, scaled to the median of the peaks, hold the form
    where no peak is.

    Parameters
    ----------
    energies_keV, fwhm_keV, log_uncertainty : (k,) float
        Measured peaks; uncertainty of the logarithm of the width.
    start : Resolution
        Curve of the instrument.
    prior_log_sigma : float
        Trust in the absolute widths of ``start``.
    range_keV : (float, float)
        Energies between which the curve is used.
    """
    k = int(energies_keV.size)
    if k == 0:
        return WidthFit(start, prior_log_sigma, 0)
    e = np.maximum(energies_keV, 1e-3)
    ratio = np.log(fwhm_keV / start.fwhm_keV(e))
    weight = 1.0 / (log_uncertainty**2 + SCATTER**2)
    level = _level(ratio, weight, prior_log_sigma)
    low, high = max(range_keV[0], 1.0), max(range_keV[1], 2.0)
    anchors = np.array([low + 0.02 * (high - low), (low * high) ** 0.5, low + 0.9 * (high - low)])
    at = np.concatenate([e, anchors])
    squared = np.concatenate([fwhm_keV, start.fwhm_keV(anchors) * np.exp(level)]) ** 2
    middle = float(np.median(e))
    design = np.stack([np.ones_like(at), at / middle, (at / middle) ** 2], axis=1)
    curve = start.fwhm_keV(at) ** 2 * np.exp(2 * level)
    terms, trust, spread = np.zeros(3), np.ones(at.size), np.ones(at.size)
    scatter = CLUSTER
    for _ in range(ROUNDS):
        ratio = 0.5 * np.log(squared / curve)
        # Wide at first, so that no good peak is thrown out because the start curve is wrong; peaks
        # that are far off do not widen it.
        near = np.abs(ratio[:k][np.abs(ratio[:k]) < 3.0 * scatter])
        if near.size >= 3:
            scatter = 1.4826 * float(np.median(near))
        scatter = float(np.clip(scatter, SCATTER if k >= 4 else 2 * SCATTER, CLUSTER))
        spread = np.append(np.hypot(log_uncertainty, scatter), np.full(3, SHAPE_SIGMA))
        off = ratio / spread
        trust = 1.0 / (1.0 + off * off)
        # Multiplets and structures of the continuum are too wide; too narrow is only noise.
        trust /= np.maximum(0.5 * off, 1.0)
        trust[-3:] = 1.0
        root = np.sqrt(trust) / (2.0 * curve * spread)
        terms, _rest = nnls(design * root[:, None], squared * root)
        curve = np.maximum(design @ terms, 1e-12)
    resolution = Resolution(float(terms[0]), float(terms[1] / middle), float(terms[2] / middle**2))
    # Peaks far off the curve are multiplets or no lines at all: they say nothing of its scatter.
    inside = trust[:k] > INSIDE
    n = int(inside.sum())
    if n < 4:
        return WidthFit(resolution, max(2 * SCATTER, prior_log_sigma / (1 + n)), k)
    good = 1.0 / spread[:k][inside] ** 2
    off = np.log(fwhm_keV / resolution.fwhm_keV(e))[inside]
    excess = float(np.sum(good * (off**2 - log_uncertainty[inside] ** 2)) / np.sum(good))
    excess *= TRUNCATED * n / (n - 2)
    least = max(SCATTER, FEW_VOTES / n**0.5)
    log_sigma = float(np.clip(np.sqrt(max(excess, 0.0)), least, prior_log_sigma))
    return WidthFit(resolution, log_sigma, k)


def _level(ratio: FloatArray, weight: FloatArray, prior_log_sigma: float) -> float:
    """Logarithm of the factor on the start curve that most of the peaks agree on.

    The densest place of the ratios, each a bump of the width ``CLUSTER``; the instrument's own
    curve counts as one peak as sure as the trust in it.
    """
    grid = np.linspace(-2.0, 2.0, 401)
    most = np.minimum(weight, 1.0 / SCATTER**2) ** 0.5
    bumps = np.exp(-0.5 * ((grid[:, None] - ratio[None, :]) / CLUSTER) ** 2) @ most
    prior = np.exp(-0.5 * (grid / prior_log_sigma) ** 2) / prior_log_sigma
    return float(grid[int(np.argmax(bumps + prior))])


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """Value that half of the weight lies below."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])
