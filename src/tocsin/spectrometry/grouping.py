"""Candidates into regions that are fitted together; false maxima beside strong peaks left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tocsin.spectrometry.search import HALF_WINDOW_FWHM, Candidates, WidthModel, kernel_response

FloatArray = NDArray[np.float64]

SIDE_FWHM = 2.2
"""Continuum on either side of the outermost peaks of a region, in full widths at half maximum."""
STRONG_SIDE_FWHM = 3.2
"""The same beside a strong and narrow peak: its foot hides weaker ones from the filter out to 2.5
peak widths, and they must lie well inside of the region to be found there."""
STRONG_SIGMA = 30.0
NARROW = 0.02
"""Width over energy up to which a peak counts as narrow."""
MOST_PEAKS = 12
"""Peaks fitted together at most; a longer chain is cut at its widest gaps."""
FOOT_ERROR = 0.1
"""Relative error of the filter's answer beside a strong peak (its width and tail differ from the
kernel's): a maximum within it is no peak of its own."""


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """Peaks of one region and the channels that it spans.

    Attributes
    ----------
    energies_keV, areas : (k,) float
        Start values in rising order of energy.
    first, last : int
        First channel and first channel not used.
    cut : bool
        Whether the region was cut out of a longer chain and so has neighbours' peaks in it.
    """

    energies_keV: FloatArray
    areas: FloatArray
    first: int
    last: int
    cut: bool


@cache
def _foot() -> tuple[FloatArray, FloatArray]:
    """Answer of the matched filter to a peak of unit area at a distance in full widths."""
    return kernel_response(8.0, HALF_WINDOW_FWHM)


def without_feet(found: Candidates, width: WidthModel, *, least_sigma: float) -> Candidates:
    """Candidates less those that are only the foot of a stronger peak.

    Where a strong peak enters the outer part of the filter's window it passes for continuum with a
    curvature, and the filter answers with a false maximum of known height.
    """
    e, area, sigma = found.energies_keV, found.areas, found.significances
    if e.size == 0:
        return found
    fwhm = width(np.maximum(e, 1e-3))
    distance = (e[:, None] - e[None, :]) / fwhm[None, :]
    offset, answer = _foot()
    foot = np.interp(np.abs(distance), offset, answer, right=0.0) * area[None, :]
    foot[area[None, :] <= area[:, None]] = 0.0
    foot[np.arange(e.size), np.arange(e.size)] = 0.0
    excess = area - foot.sum(axis=1)
    noise = np.hypot(area / np.maximum(sigma, 1e-3), FOOT_ERROR * np.abs(foot).sum(axis=1))
    alone = np.abs(foot).sum(axis=1) < 1e-3 * area
    keep = alone | (excess > least_sigma * noise)
    return Candidates(e[keep], area[keep], sigma[keep])


def plan_regions(
    energies_keV: FloatArray,
    areas: FloatArray,
    edges_keV: FloatArray,
    width: WidthModel,
    *,
    low: int,
    high: int,
    significances: FloatArray | None = None,
) -> list[RegionPlan]:
    """Regions in rising order of energy; where two would overlap their peaks are fitted together.

    Parameters
    ----------
    energies_keV, areas : (k,) float
        Candidates in rising order of energy.
    edges_keV : (n + 1,) float
        Channel edges.
    width : callable
        Full width at half maximum at an energy.
    low, high : int
        Channels that may be used.
    significances : (k,) float, optional
        Of the candidates.
    """
    if energies_keV.size == 0:
        return []
    fwhm = width(np.maximum(energies_keV, 1e-3))
    side = np.full(energies_keV.size, SIDE_FWHM)
    if significances is not None:
        strong = (significances > STRONG_SIGMA) & (fwhm < NARROW * energies_keV)
        side[strong] = STRONG_SIDE_FWHM
    gap = np.diff(energies_keV) / np.maximum(fwhm[1:], fwhm[:-1])
    apart = energies_keV[1:] - side[1:] * fwhm[1:] >= energies_keV[:-1] + side[:-1] * fwhm[:-1]
    chains = np.split(np.arange(energies_keV.size), np.flatnonzero(apart) + 1)
    plans: list[RegionPlan] = []
    for chain in chains:
        parts = _cut(chain, gap)
        for part in parts:
            left = energies_keV[part[0]] - side[part[0]] * fwhm[part[0]]
            right = energies_keV[part[-1]] + side[part[-1]] * fwhm[part[-1]]
            # Where a chain was cut, its parts meet half way between their outermost peaks.
            if part[0] > chain[0]:
                left = 0.5 * (energies_keV[part[0] - 1] + energies_keV[part[0]])
            if part[-1] < chain[-1]:
                right = 0.5 * (energies_keV[part[-1]] + energies_keV[part[-1] + 1])
            first = max(low, int(np.searchsorted(edges_keV, left)) - 1)
            last = min(high, int(np.searchsorted(edges_keV, right)) + 1)
            if last - first < 5:
                middle = int(np.searchsorted(edges_keV, energies_keV[part[0]])) - 1
                first, last = max(low, middle - 3), min(high, middle + 4)
            if last - first >= 4:
                plans.append(
                    RegionPlan(energies_keV[part], areas[part], first, last, len(parts) > 1)
                )
    return plans


def _cut(chain: NDArray[np.int64], gap: FloatArray) -> list[NDArray[np.int64]]:
    """Chain in parts of at most ``MOST_PEAKS``, cut at the widest gaps."""
    if chain.size <= MOST_PEAKS:
        return [chain]
    inner = gap[chain[0] : chain[-1]].copy()
    # A cut near the middle leaves parts of use; one at an end would cut again and again.
    place = np.arange(1, chain.size) / chain.size
    at = int(np.argmax(inner * np.where((place > 0.2) & (place < 0.8), 1.0, 0.3))) + 1
    return _cut(chain[:at], gap) + _cut(chain[at:], gap)
