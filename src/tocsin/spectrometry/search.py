"""Where peaks may be: a matched filter over the whole spectrum, peak widths varying with energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.spectrometry.measured import MeasuredSpectrum
from tocsin.spectrometry.shape import FWHM_PER_SIGMA
from tocsin.spectrometry.significance import excess_sigma

FloatArray = NDArray[np.float64]
WidthModel = Callable[[FloatArray], FloatArray]

BLOCK_RATIO = 1.12
"""Largest ratio of peak widths within one stretch that is filtered with one kernel."""
GROUP = 8.0
"""Channels per full width at half maximum up to which neighbouring channels are added."""
HALF_WINDOW_FWHM = 1.9
"""Half width of the kernel: far enough out for a parabola, near enough for a curved continuum."""
JOINT_FWHM = 0.2
"""Overlap of two such stretches: candidates that both have are one (nearer than 0.4 widths)."""
FLAT_COUNTS = 30.0
"""Counts beside a candidate below which a flat continuum is tried as well as a parabola."""
CORE_FWHM = 0.6
"""Half width of the counting window, 1.4 standard deviations: the best for a peak on a high
continuum; it holds 84 per cent of a Gaussian."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Local maxima of the matched filter, in rising order of energy.

    Attributes
    ----------
    energies_keV, areas, significances : (k,) float
        Place, rough area, exact significance of the counts over the continuum beside.
    """

    energies_keV: FloatArray
    areas: FloatArray
    significances: FloatArray


def search(
    measured: MeasuredSpectrum,
    width: WidthModel,
    *,
    least_sigma: float,
    low: int,
    high: int,
    continuum_error: float = 0.0,
) -> Candidates:
    """Local maxima of the matched filter that exceed the continuum beside them.

    In a window around each channel the counts are taken as a Gaussian over a parabola; the
    least-squares area is a linear combination of the counts, with the kernel of a smoothed second
    difference. Each maximum is then tested with counts: those in the core of the peak against the
    continuum that the same fit expects there, by :func:`excess_sigma`.

    Parameters
    ----------
    measured : MeasuredSpectrum
        Counts.
    width : callable
        Full width at half maximum in keV at energies in keV.
    least_sigma : float
        Significance asked for.
    low, high : int
        First channel used and first not used.
    continuum_error : float
        Relative error of a parabola as continuum.

    References
    ----------
    M. A. Mariscotti, Nucl. Instr. Meth. 50 (1967) 309, doi 10.1016/0029-554X(67)90058-4.
    """
    centres = 0.5 * (measured.edges_keV[1:] + measured.edges_keV[:-1])
    fwhm = width(np.maximum(centres, 1e-3)) / np.diff(measured.edges_keV)
    fwhm = np.maximum(fwhm, 1.5)
    found: list[tuple[float, float, float]] = []
    start = low
    while start < high:
        f = float(fwhm[start])
        beyond = np.flatnonzero(
            (fwhm[start:high] > f * BLOCK_RATIO) | (fwhm[start:high] < f / BLOCK_RATIO)
        )
        stop = start + int(beyond[0]) if beyond.size else high
        stop = max(stop, min(high, start + max(1, round(f))))
        middle = float(np.median(fwhm[start:stop]))
        # Two kernels put the same peak at two places: at a joint each of the stretches may see it
        # in the other one, and neither in its own.
        over = JOINT_FWHM * middle
        block = (max(low, start - over), min(high, stop + over))
        found += _block(measured, middle, block, least_sigma, continuum_error)
        start = stop
    found.sort()
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    keep = _no_double(table, width)
    return Candidates(table[keep, 0], table[keep, 1], table[keep, 2])


def _block(
    measured: MeasuredSpectrum,
    fwhm: float,
    block: tuple[float, float],
    least_sigma: float,
    continuum_error: float,
) -> list[tuple[float, float, float]]:
    """Candidates of one stretch: energy, area, significance.

    The kernel may look beyond the channels in use, so that peaks at their ends are seen.
    """
    group = max(1, int(fwhm / GROUP))
    f = fwhm / group
    half = max(3, round(HALF_WINDOW_FWHM * f))
    margin = (half + 1) * group
    first = max(0, int(block[0]) - margin)
    n = (min(measured.n_channel, int(np.ceil(block[1])) + margin) - first) // group
    if n < 2 * half + 1:
        return []
    counts = measured.counts[first : first + n * group].reshape(n, group).sum(axis=1)
    kernel = _kernel(f, half)
    area = np.convolve(counts, kernel.area[::-1], mode="valid")
    level = np.convolve(counts, kernel.level[::-1], mode="valid")
    # The mean beside the peak stands for the variance: the peak is no part of the continuum. One
    # count there is the least that is known.
    inner = min(round(f), half - 1)
    sums = np.concatenate(([0.0], np.cumsum(counts)))
    middle = np.arange(half, n - half)
    side = sums[middle + half + 1] - sums[middle - half]
    side -= sums[middle + inner + 1] - sums[middle - inner]
    mean = np.maximum(side, 1.0) / (2 * (half - inner))
    expected = np.maximum(level, 0.5 * mean)
    score = area / np.sqrt(expected * kernel.noise)
    peak = np.zeros(score.size, dtype=bool)
    peak[1:-1] = (score[1:-1] >= score[:-2]) & (score[1:-1] > score[2:])
    at = np.flatnonzero(peak & (score > 0.6 * least_sigma))
    if at.size == 0:
        return []
    reach = max(1, round(0.4 * f))
    at = at[_highest(at, score, reach)]
    core = int(max(0, np.floor(CORE_FWHM * f)))
    window = 2 * core + 1
    gross = sums[at + half + core + 1] - sums[at + half - core]
    continuum = window * np.maximum(level[at], 0.0)
    spread = window * np.sqrt(np.maximum(mean[at], expected[at]) * kernel.level_noise)
    spread = np.hypot(spread, continuum_error * continuum)
    # Where the local parabola is too low the mean beside still bounds the continuum.
    sigma = excess_sigma(gross, np.maximum(continuum, 0.5 * window * mean[at]), spread)
    # Few counts make a poor parabola; the channels beside, taken as flat, are then worth more.
    flat = window * mean[at]
    flat_sigma = excess_sigma(gross, flat, flat / np.sqrt(np.maximum(side[at], 1.0)))
    sigma = np.where(side[at] < FLAT_COUNTS, np.maximum(sigma, flat_sigma), sigma)
    # Vertex of the parabola through the maximum and its neighbours.
    left, mid, right = score[at - 1], score[at], score[at + 1]
    bend = left - 2 * mid + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1.0), 0.0)
    channel = first + (at + half + 0.5 + np.clip(shift, -0.5, 0.5)) * group
    inside = (channel >= block[0]) & (channel < block[1]) & (sigma >= least_sigma)
    energy = np.interp(channel, np.arange(measured.n_channel + 1), measured.edges_keV)
    return [
        (float(e), max(float(a), 1.0), float(s))
        for e, a, s in zip(energy[inside], area[at][inside], sigma[inside], strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Kernel:
    """Linear combinations of counts: area and continuum under the centre; their variances."""

    area: FloatArray
    level: FloatArray
    noise: float
    level_noise: float


def _kernel(fwhm: float, half: int) -> _Kernel:
    """Least-squares kernels of a Gaussian over a parabola on ``2 half + 1`` channels."""
    x = np.arange(-half, half + 1, dtype=np.float64)
    sigma = fwhm / FWHM_PER_SIGMA
    gauss = ndtr((x + 0.5) / sigma) - ndtr((x - 0.5) / sigma)
    design = np.stack([gauss, np.ones_like(x), x, x * x], axis=1)
    inverse = np.linalg.pinv(design)
    area, level = inverse[0], inverse[1]
    return _Kernel(area, level, float(area @ area), float(level @ level))


def kernel_response(fwhm: float, half_window_fwhm: float) -> tuple[FloatArray, FloatArray]:
    """Answer of the area kernel to a peak of unit area, by distance.

    Returns
    -------
    offsets, answers : (m,) float
        Distance from 0 upwards in full widths at half maximum; the answer is 1 at 0.
    """
    half = max(3, round(half_window_fwhm * fwhm))
    kernel = _kernel(fwhm, half)
    x = np.arange(-3 * half, 3 * half + 1, dtype=np.float64)
    sigma = fwhm / FWHM_PER_SIGMA
    gauss = ndtr((x + 0.5) / sigma) - ndtr((x - 0.5) / sigma)
    answer = np.convolve(gauss, kernel.area[::-1], mode="same")[3 * half :]
    return np.arange(answer.size) / fwhm, answer


def _highest(at: NDArray[np.intp], score: FloatArray, reach: int) -> NDArray[np.bool_]:
    """Which maxima are the highest of those within reach.

    Only maxima are compared: a weak peak on the flank of the answer to a strong one is no maximum
    of the stretch around it, but one of its own.
    """
    heights = score[at]
    first = np.searchsorted(at, at - reach)
    last = np.searchsorted(at, at + reach, side="right")
    return np.array(
        [h >= heights[a:b].max() for h, a, b in zip(heights, first, last, strict=True)], dtype=bool
    )


def _no_double(table: FloatArray, width: WidthModel) -> NDArray[np.bool_]:
    """Keep the more significant of two candidates nearer than 0.4 widths (at joints of blocks)."""
    keep = np.ones(table.shape[0], dtype=bool)
    for i in range(1, table.shape[0]):
        j = i - 1
        while j >= 0 and not keep[j]:
            j -= 1
        if j < 0:
            continue
        if table[i, 0] - table[j, 0] < 0.4 * float(width(table[i : i + 1, 0])[0]):
            keep[j if table[i, 2] > table[j, 2] else i] = False
    return keep
