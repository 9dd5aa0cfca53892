"""From photons of a source to counts per channel, by simulated matrices of detector and shell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from tocsin.detectors.construction import Construction
from tocsin.detectors.counting import Counting, highest_photon_keV, refuse_above
from tocsin.detectors.folding import PEAK_REACH, Folder, folder_for
from tocsin.detectors.light import light_of
from tocsin.detectors.model import FWHM_PER_SIGMA
from tocsin.detectors.photon_matrix import PEAKS_KEV, PhotonMatrix, Rows
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.shield_matrix import Leaving, ShieldMatrix
from tocsin.detectors.simulated_rows import Shares, together
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

NARROW_KEV = 1e-3
"""A box of photons that light puts at one place is drawn no narrower; channels are far wider."""


@dataclass(frozen=True)
class Expected:
    """Expected counts per channel, and what they are uncertain by for the simulation alone.

    Attributes
    ----------
    counts, sigma : (m,) float
        One standard deviation per channel: the counting of the rows of the detector and of the
        shell. All that was mixed of one simulated row is taken as fully correlated, so that it is
        rather too large than too small; channels of one peak move together, and neighbouring ones
        of a continuum within the resolution.
    live_share : float
        Live time over real time where a count rate was asked, else 1; the counts are for the live
        time.
    """

    counts: FloatArray
    sigma: FloatArray
    live_share: float = 1.0


@dataclass(frozen=True)
class LineCounts:
    """Counts per channel of single lines, ``(k, m)``, and what they are uncertain by.

    ``sigma``, ``(k, 2, m)``, is that of the parts from the lower simulated row, ``low``, ``(k,)``,
    and from the one above it.
    """

    energies_keV: FloatArray
    counts: FloatArray
    sigma: FloatArray
    low: NDArray[np.int64]

    def only(self, which: NDArray[np.bool_]) -> LineCounts:
        """Some of the lines, ``(k,)``."""
        return LineCounts(
            self.energies_keV[which], self.counts[which], self.sigma[which], self.low[which]
        )


class SimulatedResponse:
    """Response of a detector with its resolution, on one set of channels.

    Parameters
    ----------
    detector : Construction
        Whose peak widths are used, and whose light where its file states a table.
    matrix : PhotonMatrix
        Simulated for this detector.
    edges_keV : (m + 1,) float
        Rising channel edges.

    Raises
    ------
    InvalidInput
        When the edges do not rise, the matrix is that of another detector, or the table of light is
        none.

    Notes
    -----
    Where a table of light is stated, peaks stand where ``Light.photon_keV`` puts their energy, and
    the continuum as if one electron had left it.

    Left out: coincident photons that add up. Threshold, dead time and pile-up come in where a count
    rate is asked. Photons outside the energies of the matrix give no counts.
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
        self._light = light_of(detector)

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
        counts, variance = self._blurred(rows.continuum, rows.continuum_variance)
        for peak, missing in enumerate(PEAKS_KEV):
            at = self._peak_keV(e - missing)
            self._add_peaks(at, rows.peaks[:, peak], rows.peaks_sigma[:, :, peak], counts, variance)
        return LineCounts(e, counts, _root(variance), rows.low)

    def _rows(self, energies_keV: FloatArray) -> Rows:
        edges = self.edges_keV
        if self._light is not None:
            edges = self._light.electron_energy_keV(edges)
        # counts below zero keV do not exist: bins start at zero
        return self.matrix.rows(energies_keV, np.maximum(edges, 0.0))

    def _peak_keV(self, energies_keV: FloatArray) -> FloatArray:
        """Where a peak of some deposited energy stands."""
        return energies_keV if self._light is None else self._light.photon_keV(energies_keV)

    def _blurred(self, counts: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Counts ``(k, m)`` and variances ``(k, 2, m)`` after the resolution."""
        flat = variance.reshape(-1, variance.shape[-1])
        blurred = np.asarray((self._folder.blur @ counts.T).T)
        return blurred, np.asarray((self._blur_squared @ flat.T).T).reshape(variance.shape)

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
                variance[k, :, here] += (sigmas[k][:, None] * shape) ** 2

    @cached_property
    def _of_bins(self) -> LineCounts:
        """As ``lines``, of one photon in each bin of ``PHOTON_EDGES_KEV``."""
        n, m = PHOTON_CENTRES_KEV.size, self.edges_keV.size - 1
        counts, variance = np.zeros((n, m)), np.zeros((n, 2, m))
        rows_low = np.zeros(n, dtype=np.int64)
        inside = self.inside(PHOTON_CENTRES_KEV)
        rows = self._rows(PHOTON_CENTRES_KEV[inside])
        counts[inside], variance[inside] = self._blurred(rows.continuum, rows.continuum_variance)
        rows_low[inside] = rows.low
        for peak, missing in enumerate(PEAKS_KEV):
            # a bin of photons makes a box, not a peak; all of it rises and falls with one area
            low = self._peak_keV(PHOTON_EDGES_KEV[:-1][inside, None] - missing)
            high = self._peak_keV(PHOTON_EDGES_KEV[1:][inside, None] - missing)
            # light may fall over an absorption edge
            width = np.maximum(high - low, NARROW_KEV)
            box = np.diff(np.clip((self.edges_keV - low) / width, 0.0, 1.0), axis=1)
            shape = np.asarray((self._folder.blur @ box.T).T)
            counts[inside] += rows.peaks[:, peak : peak + 1] * shape
            variance[inside] += (rows.peaks_sigma[:, :, peak, None] * shape[:, None]) ** 2
        return LineCounts(PHOTON_CENTRES_KEV, counts, _root(variance), rows_low)

    def expected(
        self,
        lines: LineCounts,
        intensities: FloatArray,
        *,
        continuum: FloatArray | None = None,
        shield: ShieldMatrix | None = None,
        counting: Counting | None = None,
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
        counting : Counting, optional
            Electronics and the true rate of the pulses; without it every pulse is one count. A
            source without counts stays as it is.

        Returns
        -------
        Expected
            Counts for the photons given, in the live time.

        Raises
        ------
        InvalidInput
            When a rate is asked and the channels end below photons of the source, as
            ``highest_photon_keV`` has them.
        """
        direct = np.asarray(intensities, dtype=np.float64)
        spread = continuum if continuum is not None else np.zeros(PHOTON_CENTRES_KEV.size)
        if counting is not None:
            highest_keV = highest_photon_keV(
                lines.energies_keV, direct, bins_keV=PHOTON_EDGES_KEV[:-1], continuum=spread
            )
            refuse_above({"source": highest_keV}, self.edges_keV)
        # what was counted by simulated rows of the detector, each times the photons that meet it
        seen: list[tuple[LineCounts, FloatArray]] = []
        shell_variance = np.zeros(lines.counts.shape[1])
        if shield is not None:
            found = shield.leaving(lines.energies_keV)
            sent = [(found, direct)]
            if spread.any():
                sent.append((shield.of_bins, spread))
            born, scattered, unsure = _behind(sent, shield.energies_keV.size)
            if spread.any():
                scattered = scattered + spread * shield.of_bins.passed
            spread = scattered
            direct = direct * found.passed
            lit = self.inside(shield.line_energies_keV) & (born > 0)
            if lit.any():
                extra = self.lines(shield.line_energies_keV[lit])
                seen.append((extra, born[lit]))
                shell_variance += unsure[0][lit] @ extra.counts**2
            shell_variance += unsure[1] @ self._of_bins.counts**2
        seen.append((lines, direct))
        if spread.any():
            seen.append((self._of_bins, spread))
        counts = sum((w @ part.counts for part, w in seen), np.zeros_like(shell_variance))
        shares: list[Shares] = [(part.low, part.sigma, w) for part, w in seen]
        variance = together(self.matrix.energies_keV.size, shares)
        sigma = np.sqrt(variance + shell_variance)
        if counting is None or not np.any(counts > 0):
            return Expected(counts, sigma)
        # rounding may have left a channel just below zero
        recorded = counting.record(np.maximum(counts, 0.0), self.edges_keV, sigma=sigma)
        return Expected(recorded.counts, recorded.sigma, recorded.live_share)


def _behind(
    sent: list[tuple[Leaving, FloatArray]], rows: int
) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
    """X-rays and scattered photons outside a shell, and the variance of both."""
    born = sum((w @ part.lines for part, w in sent), np.zeros(1))
    scattered = sum((w @ part.scattered for part, w in sent), np.zeros(1))
    of_lines: list[Shares] = [(part.low, part.lines_sigma, w) for part, w in sent]
    of_bins: list[Shares] = [(part.low, part.scattered_sigma, w) for part, w in sent]
    return born, scattered, (together(rows, of_lines), together(rows, of_bins))


def _root(variance: FloatArray) -> FloatArray:
    """Standard deviations; rounding may have left a variance just below zero."""
    return np.sqrt(np.maximum(variance, 0.0))
