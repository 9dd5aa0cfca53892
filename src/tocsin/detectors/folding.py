"""From photons to counts per channel: crystal response, window, resolution, channel edges."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import ndtr

from tocsin.detectors.model import FWHM_PER_SIGMA, DetectorModel
from tocsin.detectors.response import (
    PHOTON_CENTRES_KEV,
    PHOTON_EDGES_KEV,
    PHOTON_HIGH_KEV,
    Incidence,
)
from tocsin.detectors.slab import Shield, through_shield
from tocsin.detectors.surroundings import ground_scatter
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

LINE_LOW_KEV = 15.0  # photons below do not get through the housing of a field instrument
PEAK_REACH = 5.0  # standard deviations to which a peak is drawn
BLUR_REACH = 4.0  # the same for the continuum
MIN_PEAK = 1e-9  # share of the strongest peak below which a peak is not drawn


class Folder:
    """Response of one detector model on one set of channels.

    Parameters
    ----------
    model : DetectorModel
        The detector.
    edges_keV : (n_channel + 1,) float
        Rising channel edges.

    Raises
    ------
    InvalidInput
        When the edges are not rising finite numbers.
    """

    def __init__(self, model: DetectorModel, edges_keV: FloatArray) -> None:
        edges = np.asarray(edges_keV, dtype=np.float64)
        if edges.ndim != 1 or edges.size < 3 or not np.all(np.isfinite(edges)):
            raise InvalidInput("edges_keV must be one-dimensional, finite, for 2 channels or more")
        if not np.all(np.diff(edges) > 0):
            raise InvalidInput("edges_keV must rise from channel to channel")
        self.model = model
        self.edges_keV = edges
        self.centres_keV = (edges[1:] + edges[:-1]) / 2
        self._nodes: dict[Incidence, FloatArray] = {}
        self._blur: sparse.csr_array | None = None

    @property
    def blur(self) -> sparse.csr_array:
        """Resolution as a sparse matrix from true to observed channel."""
        if self._blur is None:
            self._blur = _blur_matrix(self.edges_keV, self.model)
        return self._blur

    def lines(
        self,
        energies_keV: FloatArray,
        intensities: FloatArray,
        *,
        incidence: Incidence = "face",
        peaks_only: bool = False,
    ) -> FloatArray:
        """Counts of sharp photon lines, shape ``(n_channel,)``."""
        keep = (energies_keV >= LINE_LOW_KEV) & (energies_keV <= PHOTON_HIGH_KEV)
        keep &= intensities > 0
        e, i = energies_keV[keep], intensities[keep]
        if not e.size:
            return np.zeros(self.centres_keV.size)
        i = i * self.model.window_transmission(e)
        deposit = self.model.response.deposit(e, incidence=incidence)
        if peaks_only:
            return self.peaks(e, i * deposit.peaks[:, 0])
        at = e[:, None] - deposit.escaped_lines_keV[None, :]
        counts = self.peaks(at.ravel(), (i[:, None] * deposit.peaks).ravel())
        return counts + self.smooth(e, i[:, None] * deposit.continuum)

    def smooth(self, energies_keV: FloatArray, shares: FloatArray) -> FloatArray:
        """Counts ``(n_channel,)`` of energies less what escapes in each bin ``(k, n)``."""
        return np.asarray(self.blur @ self._continuum(energies_keV, shares))

    def flux(self, bins: FloatArray, *, incidence: Incidence = "face") -> FloatArray:
        """Counts of photons spread over the bins of ``PHOTON_EDGES_KEV``.

        ``bins`` may be ``(n,)`` for one source, or ``(k, n)`` for many at once.
        """
        if incidence not in self._nodes:
            self._nodes[incidence] = self._node_matrix(incidence)
        passed = bins * self.model.window_transmission(PHOTON_CENTRES_KEV)
        passed[..., PHOTON_CENTRES_KEV < LINE_LOW_KEV] = 0.0
        return np.asarray((self.blur @ (passed @ self._nodes[incidence]).T).T)

    def _node_matrix(self, incidence: Incidence) -> FloatArray:
        """Counts per channel before resolution for one photon in each bin."""
        deposit = self.model.response.grid_deposit(incidence=incidence)
        low, high = PHOTON_EDGES_KEV[:-1, None], PHOTON_EDGES_KEV[1:, None]
        edges = self.edges_keV
        # as in `_continuum`, for every bin by itself
        cumulative = np.zeros((PHOTON_CENTRES_KEV.size, PHOTON_EDGES_KEV.size))
        np.cumsum(deposit.continuum, axis=1, out=cumulative[:, 1:])
        escape_at = PHOTON_CENTRES_KEV[:, None] - np.maximum(edges, 0.0)[None, :]
        out = -np.diff(_interpolated(escape_at, PHOTON_EDGES_KEV, cumulative), axis=1)
        for escaped, share in zip(deposit.escaped_lines_keV, deposit.peaks.T, strict=True):
            # a bin of photons makes a box, not a peak
            box = np.clip((edges[None, :] - low + escaped) / (high - low), 0.0, 1.0)
            out += share[:, None] * np.diff(box, axis=1)
        return np.asarray(out)

    def _continuum(self, energies_keV: FloatArray, shares: FloatArray) -> FloatArray:
        """Counts per channel, before resolution, where escaping energies fall in bins."""
        total = np.zeros(self.edges_keV.size)
        cumulative = np.zeros(PHOTON_EDGES_KEV.size)
        for energy, share in zip(energies_keV, shares, strict=True):
            np.cumsum(share, out=cumulative[1:])
            # a deposit above t means an escape below E - t; no deposit is below zero
            escape_at = energy - np.maximum(self.edges_keV, 0.0)
            total -= np.interp(escape_at, PHOTON_EDGES_KEV, cumulative)
        return np.diff(total)

    def peaks(self, centres_keV: FloatArray, areas: FloatArray) -> FloatArray:
        """Gaussian peaks of given areas, integrated over the channels, ``(n_channel,)``."""
        out = np.zeros(self.centres_keV.size)
        if not areas.size:
            return out
        keep = (areas > MIN_PEAK * areas.max()) & (centres_keV > 0)
        c, a = centres_keV[keep], areas[keep]
        sigma = self.model.fwhm_keV(c) / FWHM_PER_SIGMA
        first = np.searchsorted(self.edges_keV, c - PEAK_REACH * sigma) - 1
        last = np.searchsorted(self.edges_keV, c + PEAK_REACH * sigma) + 1
        first = np.maximum(first, 0)
        for centre, area, width, i, j in zip(c, a, sigma, first, last, strict=True):
            part = self.edges_keV[i:j]
            if part.size > 1:
                out[i : i + part.size - 1] += area * np.diff(ndtr((part - centre) / width))
        return out


def _interpolated(at: FloatArray, grid: FloatArray, values: FloatArray) -> FloatArray:
    """Row by row ``np.interp(at[k], grid, values[k])``."""
    inside = np.clip(at, grid[0], grid[-1])
    low = np.clip(np.searchsorted(grid, inside, side="right") - 1, 0, grid.size - 2)
    part = (inside - grid[low]) / (grid[low + 1] - grid[low])
    below = np.take_along_axis(values, low, axis=1)
    return np.asarray(below + part * (np.take_along_axis(values, low + 1, axis=1) - below))


def _blur_matrix(edges_keV: FloatArray, model: DetectorModel) -> sparse.csr_array:
    """Share of the counts of each true channel that is seen in each channel near it."""
    centres = (edges_keV[1:] + edges_keV[:-1]) / 2
    sigma = model.fwhm_keV(np.maximum(centres, 1.0)) / FWHM_PER_SIGMA
    first = np.maximum(np.searchsorted(edges_keV, centres - BLUR_REACH * sigma) - 1, 0)
    last = np.minimum(np.searchsorted(edges_keV, centres + BLUR_REACH * sigma), centres.size)
    count = np.maximum(last - first, 1)
    column = np.repeat(np.arange(centres.size), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[column]
    row = np.minimum(row, centres.size - 1)
    value = ndtr((edges_keV[row + 1] - centres[column]) / sigma[column])
    value -= ndtr((edges_keV[row] - centres[column]) / sigma[column])
    return sparse.csr_array((value, (row, column)), shape=(centres.size, centres.size))


@lru_cache(maxsize=32)
def _folder(model: DetectorModel, edges: bytes) -> Folder:
    return Folder(model, np.frombuffer(edges, dtype=np.float64))


def folder_for(model: DetectorModel, edges_keV: ArrayLike) -> Folder:
    """Folder of a model on channel edges; the same one for the same model and edges."""
    return _folder(model, np.ascontiguousarray(edges_keV, dtype=np.float64).tobytes())


def _as_lines(energies_keV: ArrayLike, intensities: ArrayLike) -> tuple[FloatArray, FloatArray]:
    e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
    i = np.atleast_1d(np.asarray(intensities, dtype=np.float64))
    if e.shape != i.shape or e.ndim != 1:
        raise InvalidInput(f"{e.shape} energies do not match {i.shape} intensities")
    if not (np.all(np.isfinite(e)) and np.all(np.isfinite(i)) and np.all(i >= 0)):
        raise InvalidInput("line energies must be finite and intensities finite and >= 0")
    inside = (e >= LINE_LOW_KEV) & (e <= PHOTON_HIGH_KEV)
    return e[inside], i[inside]


def fold_lines(
    energies_keV: ArrayLike,
    intensities: ArrayLike,
    model: DetectorModel,
    edges_keV: ArrayLike,
    *,
    shield: Shield | None = None,
    peaks_only: bool = False,
) -> FloatArray:
    """Expected counts of photon lines that meet the front face of a detector.

    Parameters
    ----------
    energies_keV, intensities : (k,) float
        Lines and photons per decay. Lines below 15 and above 4000 keV are left out: the one do not
        get through a housing, the other are outside the response.
    model : DetectorModel
        The detector.
    edges_keV : (n_channel + 1,) float
        Rising channel edges.
    shield : Shield, optional
        A layer around the source: weakened lines, photons scattered out of it, its X-rays.
    peaks_only : bool
        Only full-energy peaks (after the shield), no continuum and no escape peaks.

    Returns
    -------
    (n_channel,) float
        Counts per decay, if every emitted photon met the front face unscattered.

    Raises
    ------
    InvalidInput
        When shapes do not match, values are negative or not finite, or edges do not rise.

    Notes
    -----
    Range of validity 20 to 3000 keV; not a validated response (docs/science/detectors.md).
    """
    e, i = _as_lines(energies_keV, intensities)
    folder = folder_for(model, edges_keV)
    if shield is None or not e.size:
        return folder.lines(e, i, peaks_only=peaks_only)
    out = through_shield(e, i, shield)
    counts = folder.lines(out.energies_keV, out.intensities, peaks_only=peaks_only)
    return counts if peaks_only else counts + folder.flux(out.continuum)


def scatter_continuum(
    energies_keV: ArrayLike,
    intensities: ArrayLike,
    model: DetectorModel,
    edges_keV: ArrayLike,
) -> FloatArray:
    """Counts of photons that reach the detector by way of the ground.

    The scale is that of the standard scene (see ``surroundings.Scene``) on the scale of
    :func:`fold_lines`; take it as a shape with a free amplitude.

    Parameters
    ----------
    energies_keV, intensities : (k,) float
        Lines and photons per decay that leave the source (after its shield).
    model : DetectorModel
        The detector; scattered photons meet it from all sides.
    edges_keV : (n_channel + 1,) float
        Rising channel edges.

    Returns
    -------
    (n_channel,) float
        Counts per decay.
    """
    e, i = _as_lines(energies_keV, intensities)
    folder = folder_for(model, edges_keV)
    if not e.size:
        return np.zeros(folder.centres_keV.size)
    crystal = model.crystal
    sides = crystal.surface_cm2 / 4 / crystal.face_area_cm2
    return folder.flux(ground_scatter(e, i) * sides, incidence="isotropic")
