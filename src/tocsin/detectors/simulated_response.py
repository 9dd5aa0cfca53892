"""From photons of a source to counts per channel, by simulated matrices of detector and shell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from tocsin.detectors.construction import Construction
from tocsin.detectors.folding import PEAK_REACH, Folder, folder_for
from tocsin.detectors.model import FWHM_PER_SIGMA
from tocsin.detectors.photon_matrix import PEAKS_KEV, PhotonMatrix, Rows
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.shield_matrix import Leaving, ShieldMatrix
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """Expected counts per channel, and what they are uncertain by for the simulation alone.

    Attributes
    ----------
    counts, sigma : (m,) float
        One standard deviation per channel. Lines that were mixed of the same simulated rows are
        taken as fully correlated, so that it is rather too large than too small; channels of one
        peak move together, and neighbouring ones of a continuum within the resolution.
    """

    counts: FloatArray
    sigma: FloatArray


@dataclass(frozen=True)
class LineCounts:
    """Counts per channel of single lines, ``(k, m)``, their variances, and the row of each."""

    energies_keV: FloatArray
    counts: FloatArray
    variance: FloatArray
    row: NDArray[np.int64]


class SimulatedResponse:
    """Response of a detector with its resolution, on one set of channels.

    Parameters
    ----------
    detector : Construction
        Whose peak widths are used.
    matrix : PhotonMatrix
        Simulated for this detector.
    edges_keV : (m + 1,) float
        Rising channel edges.

    Raises
    ------
    InvalidInput
        When the edges do not rise, or the matrix is that of another detector.

    Notes
    -----
    Left out: light that is not proportional, threshold, dead time and pile-up, coincident photons
    that add up. Photons outside the energies of the matrix give no counts.
    """

    def __init__(self, detector: Construction, matrix: PhotonMatrix, edges_keV: ArrayLike) -> None:
        if matrix.manifest.get("detector") != detector.name:
            raise InvalidInput(
                f"the matrix is that of {matrix.manifest.get('detector')!r}, not of "
                f"{detector.name!r}"
            )
        self.matrix = matrix
        self._folder: Folder = folder_for(detector.model, edges_keV)
        self.edges_keV = self._folder.edges_keV
        self._blur_squared = self._folder.blur.power(2)

    def inside(self, energies_keV: FloatArray) -> NDArray[np.bool_]:
        """Which photons the matrix holds."""
        e = self.matrix.energies_keV
        return np.asarray((energies_keV >= e[0]) & (energies_keV <= e[-1]))

    def lines(self, energies_keV: ArrayLike) -> LineCounts:
        """Counts per emitted photon of each of some lines.

        Raises
        ------
        OutOfDomain
            When a line lies outside the matrix.
        """
        e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
        rows = self._rows(e)
        counts = np.asarray((self._folder.blur @ rows.continuum.T).T)
        variance = np.asarray((self._blur_squared @ rows.continuum_variance.T).T)
        for peak, missing in enumerate(PEAKS_KEV):
            self._add_peaks(
                e - missing, rows.peaks[:, peak], rows.peaks_sigma[:, peak], counts, variance
            )
        return LineCounts(e, counts, variance, self.matrix.between(e)[0])

    def _rows(self, energies_keV: FloatArray) -> Rows:
        # counts below zero keV do not exist: bins start at zero
        return self.matrix.rows(energies_keV, np.maximum(self.edges_keV, 0.0))

    def _add_peaks(
        self,
        centres_keV: FloatArray,
        areas: FloatArray,
        sigmas: FloatArray,
        counts: FloatArray,
        variance: FloatArray,
    ) -> None:
        edges = self.edges_keV
        lit = np.flatnonzero((areas > 0) & (centres_keV > 0))
        width = self._folder.model.fwhm_keV(centres_keV) / FWHM_PER_SIGMA
        first = np.maximum(np.searchsorted(edges, centres_keV - PEAK_REACH * width) - 1, 0)
        last = np.searchsorted(edges, centres_keV + PEAK_REACH * width) + 1
        for k in lit:
            part = edges[first[k] : last[k]]
            if part.size > 1:
                shape = np.diff(ndtr((part - centres_keV[k]) / width[k]))
                here = slice(first[k], first[k] + shape.size)
                counts[k, here] += areas[k] * shape
                variance[k, here] += (sigmas[k] * shape) ** 2

    @cached_property
    def _of_bins(self) -> tuple[FloatArray, FloatArray]:
        """Counts and variances per channel of one photon in each bin of ``PHOTON_EDGES_KEV``."""
        n = PHOTON_CENTRES_KEV.size
        counts = np.zeros((n, self.edges_keV.size - 1))
        inside = self.inside(PHOTON_CENTRES_KEV)
        rows = self._rows(PHOTON_CENTRES_KEV[inside])
        variance = np.zeros_like(counts)
        counts[inside], variance[inside] = rows.continuum, rows.continuum_variance
        low = PHOTON_EDGES_KEV[:-1][inside, None]
        width = np.diff(PHOTON_EDGES_KEV)[inside, None]
        for peak, missing in enumerate(PEAKS_KEV):
            # a bin of photons makes a box, not a peak
            box = np.diff(np.clip((self.edges_keV - low + missing) / width, 0.0, 1.0), axis=1)
            counts[inside] += rows.peaks[:, peak : peak + 1] * box
            variance[inside] += (rows.peaks_sigma[:, peak : peak + 1] * box) ** 2
        blurred = np.asarray((self._folder.blur @ counts.T).T)
        return blurred, np.asarray((self._blur_squared @ variance.T).T)

    def expected(
        self,
        lines: LineCounts,
        intensities: FloatArray,
        *,
        continuum: FloatArray | None = None,
        shield: ShieldMatrix | None = None,
        behind: Leaving | None = None,
    ) -> Expected:
        """Expected counts of a source, bare or in a shell.

        Parameters
        ----------
        lines : LineCounts
            Of the lines of the source: ``lines(energies)``, worked out once for all shells.
        intensities : (k,) float
            Photons of each line.
        continuum : (n,) float, optional
            Photons in the bins of ``PHOTON_EDGES_KEV`` that the source sends out beside its lines.
        shield : ShieldMatrix, optional
            The shell; none for a bare source.
        behind : Leaving, optional
            ``shield.leaving`` of the lines, where it is known already.

        Returns
        -------
        Expected
            Counts for the photons given.
        """
        direct = np.asarray(intensities, dtype=np.float64)
        spread = continuum.copy() if continuum is not None else np.zeros(PHOTON_CENTRES_KEV.size)
        spread_variance = np.zeros_like(spread)
        extra: tuple[LineCounts, FloatArray] | None = None
        if shield is not None:
            found = behind if behind is not None else shield.leaving(lines.energies_keV)
            born = direct @ found.lines
            scattered = direct @ found.scattered
            spread_variance += direct**2 @ found.scattered_variance
            if spread.any():
                bins = shield.of_bins
                born = born + spread @ bins.lines
                scattered = scattered + spread @ bins.scattered
                spread_variance += spread**2 @ bins.scattered_variance
                scattered = scattered + spread * bins.passed
            spread = scattered
            direct = direct * found.passed
            seen = self.inside(shield.line_energies_keV) & (born > 0)
            if seen.any():
                extra = self.lines(shield.line_energies_keV[seen]), born[seen]
        counts = direct @ lines.counts
        variance = _together(lines, direct)
        if extra is not None:
            counts = counts + extra[1] @ extra[0].counts
            variance = variance + _together(*extra)
        if spread.any():
            of_bins, of_bins_variance = self._of_bins
            counts = counts + spread @ of_bins
            variance = variance + spread_variance @ of_bins**2
            # bins of photons share simulated rows: those of a channel move together at most
            variance = variance + (spread @ np.sqrt(of_bins_variance)) ** 2
        return Expected(counts, np.sqrt(variance))


def _together(lines: LineCounts, intensities: FloatArray) -> FloatArray:
    """Variance per channel: lines of the same rows add up in sigma, those of others in square."""
    sigma = np.sqrt(lines.variance) * intensities[:, None]
    rows, place = np.unique(lines.row, return_inverse=True)
    sums = np.zeros((rows.size, sigma.shape[1]))
    np.add.at(sums, place, sigma)
    return np.asarray((sums**2).sum(axis=0))
