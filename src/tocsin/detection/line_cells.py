"""A germanium or CZT spectrum as peak areas: found peaks, and what there is between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.detection.templates import FWHM_TO_SIGMA
from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.spectrometry import PeakAnalysis, subtract_background

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Width = Callable[[FloatArray], FloatArray]

_WINDOW_FWHM = 0.6  # half width of the window that is counted where no peak was found
_SIDE_FWHM = (1.2, 2.7)  # from here to there on both sides, the continuum under it
_APART_FWHM = 0.75  # distance of such a place from every found peak
_SHAPE_ERROR = 0.03  # part of a found peak that its fitted shape may leave near by
_INSIDE = float(ndtr(_WINDOW_FWHM / FWHM_TO_SIGMA) - ndtr(-_WINDOW_FWHM / FWHM_TO_SIGMA))
_SUM_OF = 12  # strongest peaks that may add up
_SUM_PART = 0.2  # of the weaker of two peaks that their sum may have
_ESCAPE_FROM_KEV = 1300.0
_ESCAPE_PART = 1.0  # of the peak that its escape may have
# of Tl-208, the only strong line that may lie beyond the end of a spectrum
_BEYOND_KEV = 2614.511
_TL_208_KEV = 583.187  # its next line, 85 of 99 photons: without it there is no Tl-208
_XRAY_ESCAPE = (("Ge", 10.0, 0.2, 120.0), ("Cd", 23.2, 0.5, 150.0), ("Te", 27.5, 0.5, 150.0))
_NEAR_FWHM = 0.4  # distance within which a peak is at such a position


@dataclass(frozen=True)
class LineCells:
    """Net areas at places of a spectrum, on the file's own energy scale.

    Attributes
    ----------
    energies_keV, fwhm_keV : (n,) float
        Places, and peak widths there.
    place_keV : (n,) float
        Standard deviations of the places of found peaks.
    areas, sigmas : (n,) float
        Net counts above background, and their standard deviations from counting.
    continuum : (n,) float
        Counts under the peak within one width.
    found : (n,) bool
        Places where a peak was found; the others lie a width apart between them.
    artefact : (n,) bool
        Found peaks at sums or escapes of stronger ones, not larger than these can be.
    """

    energies_keV: FloatArray
    fwhm_keV: FloatArray
    place_keV: FloatArray
    areas: FloatArray
    sigmas: FloatArray
    continuum: FloatArray
    found: BoolArray
    artefact: BoolArray

    @property
    def n_found(self) -> int:
        """Number of found peaks; they come first."""
        return int(self.found.sum())


def line_cells(
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    *,
    background_scale: float,
    background_error: float,
    crystal: str,
    lowest_keV: float,
    highest_keV: float,
) -> LineCells:
    """Cells of a spectrum.

    Parameters
    ----------
    analysis : PeakAnalysis
        Peaks of the foreground.
    background : PeakAnalysis, optional
        Peaks of the background, on the same scale.
    background_scale, background_error : float
        Measuring time over that of the background, and its relative uncertainty.
    crystal : str
        Material, for the escape of its X-rays.
    lowest_keV, highest_keV : float
        Energies used.
    """
    scale = analysis.measured.count_scale
    if background is None:
        nets = [(p, p.area, p.area_uncertainty) for p in analysis.peaks]
    else:
        nets = [
            (n.peak, n.area, n.area_uncertainty)
            for n in subtract_background(
                analysis,
                background,
                scale=background_scale,
                scale_relative_uncertainty=background_error,
            )
        ]
    nets = [x for x in nets if lowest_keV <= x[0].energy_keV <= highest_keV]

    def width(energies_keV: FloatArray) -> FloatArray:
        return np.asarray(analysis.widths.resolution.fwhm_keV(np.maximum(energies_keV, 1.0)))

    at = np.array([p.energy_keV for p, _, _ in nets])
    gross = np.array([p.area for p, _, _ in nets]) / scale
    highest = min(highest_keV, float(analysis.measured.edges_keV[-2]))
    empty = _between(at, width, lowest_keV, highest)
    area, variance, under = _windows(analysis, empty, width, at, gross)
    if background is not None:
        own = np.array([p.energy_keV for p in background.peaks])
        none = np.zeros(own.size)
        less, spread, _ = _windows(background, empty, width, own, none)
        area = area - background_scale * less
        variance = variance + background_scale**2 * spread
        variance = variance + (background_error * background_scale * less) ** 2
    areas = np.array([a for _, a, _ in nets])
    artefact = _artefacts(at, areas, width(at), crystal, highest)
    zeros = np.zeros(empty.size)
    return LineCells(
        energies_keV=np.concatenate((at, empty)),
        fwhm_keV=width(np.concatenate((at, empty))),
        place_keV=np.concatenate(([p.energy_uncertainty_keV for p, _, _ in nets], zeros)),
        areas=np.concatenate((areas, area * scale)),
        sigmas=np.concatenate(([u for _, _, u in nets], np.sqrt(variance) * scale)),
        continuum=np.concatenate(([p.continuum for p, _, _ in nets], under * scale)),
        found=np.concatenate((np.ones(at.size, dtype=bool), zeros > 1)),
        artefact=np.concatenate((artefact, zeros > 1)),
    )


def window_share(offset_fwhm: FloatArray) -> FloatArray:
    """Share of a peak that a window some peak widths away counts, in parts of its full one."""
    low = (-_WINDOW_FWHM - offset_fwhm) / FWHM_TO_SIGMA
    high = (_WINDOW_FWHM - offset_fwhm) / FWHM_TO_SIGMA
    return np.asarray((ndtr(high) - ndtr(low)) / _INSIDE)


def _between(at: FloatArray, width: Width, low_keV: float, high_keV: float) -> FloatArray:
    """Places a peak width apart that keep clear of the found peaks."""
    grid = np.geomspace(max(low_keV, 1.0), high_keV, 4000)
    position = np.concatenate(([0.0], np.cumsum(np.diff(grid) / width(grid[1:]))))
    places = np.interp(np.arange(1.0, position[-1] - 1.0), position, grid)
    if not at.size:
        return places
    nearest = np.abs(places[:, None] - at[None, :]).min(axis=1)
    return np.asarray(places[nearest > _APART_FWHM * width(places)])


def _windows(
    analysis: PeakAnalysis, places: FloatArray, width: Width, at: FloatArray, gross: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Net area over side bands, its variance, and the continuum within one width.

    Found peaks are taken off first; part of what is taken off counts as an error.
    """
    m = analysis.measured
    edges = m.edges_keV
    peaks = np.zeros_like(m.counts)
    for energy, area in zip(at, gross, strict=True):
        sigma = float(width(np.array([energy]))[0]) * FWHM_TO_SIGMA
        first, last = np.searchsorted(edges, (energy - 5 * sigma, energy + 5 * sigma))
        part = edges[max(first - 1, 0) : last + 1]
        share = np.diff(ndtr((part - energy) / sigma))
        peaks[max(first - 1, 0) : max(first - 1, 0) + share.size] += area * share
    fwhm = width(places)

    def total(values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        cumulative = np.concatenate(([0.0], np.cumsum(values)))
        return np.asarray(np.interp(high, edges, cumulative) - np.interp(low, edges, cumulative))

    near, far = _SIDE_FWHM
    window = (places - _WINDOW_FWHM * fwhm, places + _WINDOW_FWHM * fwhm)
    left = (places - far * fwhm, places - near * fwhm)
    right = (places + near * fwhm, places + far * fwhm)
    ratio = _WINDOW_FWHM / (far - near)
    rest = m.counts - peaks
    sides = total(rest, *left) + total(rest, *right)
    area = (total(rest, *window) - ratio * sides) / _INSIDE
    gross_sides = total(m.counts, *left) + total(m.counts, *right)
    removed = total(peaks, *window) + ratio * (total(peaks, *left) + total(peaks, *right))
    variance = total(m.counts, *window) + ratio**2 * gross_sides + 1.0
    variance = variance / _INSIDE**2 + (_SHAPE_ERROR * removed) ** 2
    return area, variance, np.maximum(ratio * sides / (2.0 * _WINDOW_FWHM), 0.0)


def _artefacts(
    at: FloatArray, areas: FloatArray, fwhm: FloatArray, crystal: str, highest_keV: float
) -> BoolArray:
    """Peaks at sums and escapes of stronger ones, no larger than these can be."""
    out = np.zeros(at.size, dtype=bool)
    thorium = areas[np.abs(at - _TL_208_KEV) < _NEAR_FWHM * fwhm]
    if highest_keV < _BEYOND_KEV and thorium.size:
        for lost in (ELECTRON_MASS_KEV, 2.0 * ELECTRON_MASS_KEV):
            near = np.abs(at - _BEYOND_KEV + lost) < _NEAR_FWHM * fwhm
            out |= near & (areas < _ESCAPE_PART * thorium.max())
    strongest = np.argsort(-areas, kind="stable")[:_SUM_OF]
    for n, i in enumerate(strongest):
        for j in strongest[n:]:
            near = np.abs(at - at[i] - at[j]) < _NEAR_FWHM * fwhm
            out |= near & (areas < _SUM_PART * min(areas[i], areas[j]))
        if at[i] > _ESCAPE_FROM_KEV:
            for lost in (ELECTRON_MASS_KEV, 2.0 * ELECTRON_MASS_KEV):
                near = np.abs(at - at[i] + lost) < _NEAR_FWHM * fwhm
                out |= near & (areas < _ESCAPE_PART * areas[i])
        for element, lost, part, up_to in _XRAY_ESCAPE:
            if (element == "Ge") == (crystal == "Ge") and at[i] < up_to:
                near = np.abs(at - at[i] + lost) < 2.0 * _NEAR_FWHM * fwhm
                out |= near & (areas < part * areas[i])
    return out
