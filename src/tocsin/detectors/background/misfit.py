"""How well expected counts hold against measured ones: chi-square, misfit, worst band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BAND_KEV = 10.0
GROUP_COUNTS = 20.0  # expected counts at least in a group of channels of the chi-square
BAND_COUNTS = 400.0  # expected counts at least in a band: five per cent of noise
FEW_COUNTS = 1e5
MOST_CHI_SQUARE, MOST_MISFIT = 1.5, 0.03


@dataclass(frozen=True, slots=True)
class Band:
    """Measured over expected minus one in a band of energy, and its counting noise."""

    low_keV: float
    high_keV: float
    misfit: float
    noise: float


@dataclass(frozen=True)
class Misfit:
    """How well expected counts hold.

    Parameters
    ----------
    counts : float
        Measured within the range of the fit.
    reduced_chi_square : float
        Pearson's, over groups of channels with 20 expected counts or more.
    groups, parameters : int
        Groups, and numbers that were free.
    rms : float
        Root mean square misfit of the bands of 10 keV beyond their counting noise.
    rms_with_noise : float
        The same with the noise.
    worst : Band
        The band whose misfit is the largest beyond its noise.
    bands : tuple of Band
        All; neighbours are joined until 400 counts are expected.
    """

    counts: float
    reduced_chi_square: float
    groups: int
    parameters: int
    rms: float
    rms_with_noise: float
    worst: Band
    bands: tuple[Band, ...]

    @property
    def few(self) -> bool:
        """Whether the chi-square decides: fewer than 1e5 counts."""
        return self.counts < FEW_COUNTS

    @property
    def holds(self) -> bool:
        """Reduced chi-square below 1.5 with fewer than 1e5 counts, else a misfit of 3 per cent."""
        if self.few:
            return self.reduced_chi_square < MOST_CHI_SQUARE
        return self.rms <= MOST_MISFIT


def misfit_of(
    edges_keV: FloatArray,
    observed: FloatArray,
    expected: FloatArray,
    used: NDArray[np.bool_],
    parameters: int,
) -> Misfit:
    """Misfit of expected counts in the channels used.

    Parameters
    ----------
    edges_keV : (n + 1,) float
        Channel edges.
    observed, expected : (n,) float
        Counts.
    used : (n,) bool
        Channels that count.
    parameters : int
        Numbers that were fitted.

    Returns
    -------
    Misfit
    """
    at = np.flatnonzero(used)
    n, mu = observed[at], np.maximum(expected[at], 1e-9)
    groups = _groups(mu, GROUP_COUNTS)
    seen, meant = np.add.reduceat(n, groups), np.add.reduceat(mu, groups)
    chi = float(((seen - meant) ** 2 / meant).sum())
    freedom = max(groups.size - parameters, 1)
    centres = (edges_keV[at] + edges_keV[at + 1]) / 2
    of = np.floor(centres / BAND_KEV)
    first = np.flatnonzero(np.concatenate(([True], np.diff(of) > 0)))
    joined = first[_groups(np.add.reduceat(mu, first), BAND_COUNTS)]
    seen, meant = np.add.reduceat(n, joined), np.add.reduceat(mu, joined)
    ratio, noise = seen / meant - 1, 1 / np.sqrt(meant)
    last = np.concatenate((joined[1:], [at.size])) - 1
    bands = tuple(
        Band(float(edges_keV[at[i]]), float(edges_keV[at[j] + 1]), float(r), float(s))
        for i, j, r, s in zip(joined, last, ratio, noise, strict=True)
    )
    worst = int(np.argmax(np.abs(ratio) - noise))
    return Misfit(
        counts=float(n.sum()),
        reduced_chi_square=chi / freedom,
        groups=int(groups.size),
        parameters=parameters,
        rms=float(np.sqrt(max(0.0, float((ratio**2 - noise**2).mean())))),
        rms_with_noise=float(np.sqrt((ratio**2).mean())),
        worst=bands[worst],
        bands=bands,
    )


def _groups(expected: FloatArray, least: float) -> NDArray[np.int64]:
    """First places of groups of neighbours that each expect enough; the rest joins the last."""
    starts, total = [0], 0.0
    for k, value in enumerate(expected):
        if total >= least:
            starts.append(k)
            total = 0.0
        total += float(value)
    if total < least and len(starts) > 1:
        starts.pop()
    return np.array(starts, dtype=np.int64)
