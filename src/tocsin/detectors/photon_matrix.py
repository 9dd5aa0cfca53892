"""What photons of every energy leave in a detector: a matrix of simulated rows, and between them.

A row holds one incident energy: the full-energy peak and the two escape peaks as areas, everything
else as bins of deposited energy. Between two rows the bins are moved before they are mixed, so that
the Compton edge, the back-scatter hump and what X-rays carry away stay at the place that the energy
in question gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.detectors.line_areas import take_out
from tocsin.detectors.simulated_rows import between, cumulative
from tocsin.errors import OutOfDomain

FloatArray = NDArray[np.float64]

PEAKS_KEV = (0.0, ELECTRON_MASS_KEV, 2 * ELECTRON_MASS_KEV)
"""Energy that is missing in the three peaks: full energy, single and double escape."""
XRAY_SPAN_KEV = 40.0
"""Below the full energy so much of a spectrum is bound to it: K X-rays of crystals carry up to
38.7 keV away (La)."""
NEIGHBOURS = (2, 3, 4)
"""Bins on either side of an escape peak from which what lies below it is taken."""
APART = 0.02
"""Two marks of a spectrum must lie so far apart, relative to the energy, to be told from each
other."""


@dataclass(frozen=True)
class Rows:
    """Response to some energies, per photon emitted.

    Attributes
    ----------
    low : (k,) int
        Lower of the two rows of the matrix that the response is mixed of.
    peaks : (k, 3) float
        Areas of the peaks at ``energies - PEAKS_KEV``.
    peaks_sigma : (k, 2, 3) float
        Of the parts from the lower and from the upper row, which are independent.
    continuum : (k, n) float
        Counts in bins of deposited energy between the edges asked for.
    continuum_variance : (k, 2, n) float
        Of the parts from the lower and from the upper row; bins that are split between two wanted
        ones are taken as independent.
    """

    low: NDArray[np.int64]
    peaks: FloatArray
    peaks_sigma: FloatArray
    continuum: FloatArray
    continuum_variance: FloatArray


@dataclass(frozen=True, eq=False)
class PhotonMatrix:
    """Simulated response of a detector to a point source or an even field, per photon emitted.

    Parameters
    ----------
    energies_keV : (k,) float
        Incident energies, rising.
    edges_keV : (n + 1,) float
        Edges of the bins of deposited energy, from zero, of equal width.
    continuum, continuum_sigma : (k, n) float
        Chance to deposit an energy in the bin, the three peaks left out, with one standard
        deviation.
    peaks, peaks_sigma : (k, 3) float
        Chance of the full energy, and of the energy without one and without two annihilation
        photons.
    total, total_sigma : (k,) float
        Chance to deposit any energy.
    first_collision, first_collision_sigma : (k,) float
        Chance that the first interaction lies in the crystal: what a ray integral gives.
    manifest : dict
        ``detector``, ``distance_cm`` of a point or ``field`` and ``layers``, ``histories``,
        ``seed``, ``content`` (hash of model, physics and settings) and the ``physics`` that was
        followed.

    Notes
    -----
    Valid for incident energies within the first and the last of ``energies_keV``.
    """

    energies_keV: FloatArray
    edges_keV: FloatArray
    continuum: FloatArray
    continuum_sigma: FloatArray
    peaks: FloatArray
    peaks_sigma: FloatArray
    total: FloatArray
    total_sigma: FloatArray
    first_collision: FloatArray
    first_collision_sigma: FloatArray
    manifest: dict[str, Any]

    @cached_property
    def _cumulative(self) -> tuple[FloatArray, FloatArray]:
        """Counts, and their variance, below every edge, ``(k, n + 1)`` each."""
        return cumulative(self.continuum), cumulative(self.continuum_sigma**2)

    def check_range(self, energies_keV: ArrayLike) -> FloatArray:
        """Energies as a row.

        Raises
        ------
        OutOfDomain
            When one lies outside the rows of the matrix.
        """
        e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
        low, high = self.energies_keV[0], self.energies_keV[-1]
        if not (np.all(e >= low) and np.all(e <= high)):
            raise OutOfDomain(
                f"the matrix holds photons of {low:g} to {high:g} keV, asked were {e.min():g} to "
                f"{e.max():g}"
            )
        return e

    def rows(self, energies_keV: ArrayLike, edges_keV: FloatArray) -> Rows:
        """Response to any energies within those of the matrix.

        Parameters
        ----------
        energies_keV : (k,) float
            Incident energies.
        edges_keV : (m + 1,) float
            Rising edges of the bins of deposited energy that are wanted.

        Returns
        -------
        Rows
            Per photon emitted.

        Raises
        ------
        OutOfDomain
            When an energy lies outside the matrix.
        """
        e = self.check_range(energies_keV)
        low, part = between(self.energies_keV, e)
        low_share, high_share = (1 - part)[:, None], part[:, None]
        peaks = low_share * self.peaks[low] + high_share * self.peaks[low + 1]
        both = low_share * self.peaks_sigma[low], high_share * self.peaks_sigma[low + 1]
        peaks[:, 0] = _log_mean(self.peaks[:, 0], low, part)
        counts, spread = self._cumulative
        continuum = np.zeros((e.size, edges_keV.size - 1))
        variance = np.zeros((e.size, 2, edges_keV.size - 1))
        for i, (energy, row, share) in enumerate(zip(e, low, part, strict=True)):
            pair = (float(self.energies_keV[row]), float(self.energies_keV[row + 1]))
            marks = _marks((pair[0], float(energy), pair[1]))
            for which, weight in ((0, 1 - share), (1, share)):
                if weight > 0:
                    at = np.interp(edges_keV, marks[1], marks[2 * which])
                    below = np.interp(at, self.edges_keV, counts[row + which])
                    continuum[i] += weight * np.diff(below)
                    below = np.interp(at, self.edges_keV, spread[row + which])
                    variance[i, which] = weight**2 * np.diff(below)
        return Rows(low, peaks, np.stack(both, axis=1), continuum, variance)


def _log_mean(values: FloatArray, low: NDArray[np.int64], part: FloatArray) -> FloatArray:
    """Between two rows straight in the logarithm, or straight where one of them is zero."""
    a, b = values[low], values[low + 1]
    straight = (1 - part) * a + part * b
    both = (a > 0) & (b > 0)
    safe = np.where(both, a, 1.0), np.where(both, b, 1.0)
    return np.where(both, np.exp((1 - part) * np.log(safe[0]) + part * np.log(safe[1])), straight)


def _marks(energies_keV: tuple[float, float, float]) -> FloatArray:
    """Deposits that belong together in the spectra of three energies, ``(3, m)``, rising.

    Zero, Compton edge, the start of the span of X-rays and the full energy; the back-scatter hump
    at ``E / (1 + 2E / mc2)`` where it lies apart from them in the same place of the order.
    """
    e = np.array(energies_keV)[:, None]
    back = e / (1 + 2 * e / ELECTRON_MASS_KEV)
    edge = e - back
    top = e - np.minimum(XRAY_SPAN_KEV, 0.9 * back)
    marks = np.hstack((np.zeros_like(e), edge, top, e))
    gap = APART * e
    for place in range(1, 4):
        if np.all(back > marks[:, place - 1 : place] + gap) and np.all(
            back < marks[:, place : place + 1] - gap
        ):
            return np.insert(marks, place, back[:, 0], axis=1)
    return marks


def split_peaks(
    energy_keV: float, counts: FloatArray, sigma: FloatArray, edges_keV: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Take the escape peaks of one row out of its bins.

    Parameters
    ----------
    energy_keV : float
        Of the photons.
    counts, sigma : (n,) float
        Bins of deposited energy and their standard deviations; the bins of the escape peaks are
        set to what their neighbours say.
    edges_keV : (n + 1,) float
        Edges of the bins.

    Returns
    -------
    areas, sigmas : (2,) float
        Of the single and of the double escape peak; zero below the threshold of pairs.
    """
    if energy_keV <= PEAKS_KEV[2]:
        return np.zeros(2), np.zeros(2)
    escapes_keV = energy_keV - np.array(PEAKS_KEV[1:])
    places = np.searchsorted(edges_keV, escapes_keV, side="right") - 1
    variance = sigma**2
    areas, variances = take_out(counts, variance, places.tolist(), NEIGHBOURS)
    sigma[places] = np.sqrt(variance[places])
    return areas, np.sqrt(variances)
