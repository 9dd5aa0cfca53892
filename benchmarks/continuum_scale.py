"""Energy scale and peak widths of a recording, read from its own peaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from continuum_sources import Net
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from scipy.special import ndtr
from score_efficiencies import LEAST_KEV, groups_of
from simulated_figures import DISTURBING, LOW_KEV, Lines

from tocsin.detectors import Resolution
from tocsin.detectors.model import FWHM_PER_SIGMA
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

STRONG = 0.1
"""Share of the strongest peak from which a peak is used."""
REACHES_FWHM = (2.0, 1.5, 1.5)
"""Half width of the channels that are fitted, from the outermost lines: first search, then fit."""
LEAST_ODD_CHANNELS = 1
"""Channels more than free numbers that a fit must have."""
MOST_WIDTH_DOUBT = 0.1
"""Relative doubt of a width beyond which a peak is not used."""
LEAST_SURE = 5.0
"""Standard deviations of the area from which a peak is used."""
MOST_SHIFT_FWHM = 1.0
"""A peak that stands farther from its energy is another one."""
WIDTHS = (0.5, 2.0)
"""Width over that of the detector's file beyond which a fit has gone astray."""
PLACE_DOUBT_FWHM = 0.01
"""What a place is uncertain by beside its counting: peaks of scintillators are no Gaussians."""
SPAN = 2.0
"""An offset is read only from peaks whose energies lie so many times apart."""
WIDTH_DOUBT = 0.02
"""What a width is uncertain by beside its counting, relative."""


@dataclass(frozen=True)
class Seen:
    """A peak, or some that overlap: mean energy of its lines, its place in the file, its width.

    ``width`` is the FWHM over that of the detector's file.
    """

    energy_keV: float
    place_keV: float
    place_sigma_keV: float
    width: float
    width_sigma: float


@dataclass(frozen=True)
class Scale:
    """What stands at ``gain`` times its energy plus ``offset_keV`` in the file."""

    gain: float
    offset_keV: float
    resolution: Resolution
    peaks: tuple[Seen, ...]

    def true_keV(self, in_file_keV: FloatArray) -> FloatArray:
        """Energies of places on the scale of the file."""
        return (in_file_keV - self.offset_keV) / self.gain


def read_scale(net: Net, lines: Lines, model: Resolution) -> Scale:
    """Scale and widths of a recording.

    Every strong group of lines that overlap is fitted as Gaussians whose areas stand as the
    template has them, on a straight line; free are one area, place, width and the line, and one
    area for what else the source sends into these channels.

    Raises
    ------
    InvalidInput
        When no peak can be fitted.
    """
    chosen = np.flatnonzero(lines.energies_keV >= LEAST_KEV)
    chosen = chosen[np.argsort(lines.energies_keV[chosen])]
    listed = [(float(lines.energies_keV[k]), float(lines.areas[k])) for k in chosen]
    strongest = float(lines.areas.max(initial=0.0))
    listed = [one for one in listed if one[1] > STRONG / 20 * strongest]
    groups = [[listed[k] for k in part] for part in groups_of(listed, model)]
    whole = [sum(a for _, a in group) for group in groups]
    found = []
    for group, area in zip(groups, whole, strict=True):
        if area > STRONG * max(whole):
            seen = _seen(net, np.array(group), lines, model)
            if seen is not None:
                found.append(seen)
    if not found:
        raise InvalidInput("no peak is strong and clear enough to tell the energy scale")
    gain, offset_keV = _line_through(found, model)
    return Scale(gain, offset_keV, _widths(found, gain, model), tuple(found))


def _seen(net: Net, group: FloatArray, lines: Lines, model: Resolution) -> Seen | None:
    """One group of lines, ``(k, 2)``: energy and area."""
    e, areas = group[:, 0], group[:, 1]
    mean = float(np.average(e, weights=areas))
    gain, factor = 1.0, 1.0
    for reach in REACHES_FWHM:
        fwhm = factor * model.fwhm_keV(e)
        low, high = gain * e[0] - reach * fwhm[0], gain * e[-1] + reach * fwhm[-1]
        here = (net.edges_keV[:-1] >= max(low, LOW_KEV)) & (net.edges_keV[1:] <= high)
        first, size = int(np.argmax(here)), int(here.sum())
        edges = net.edges_keV[first : first + size + 1]
        y = net.counts[here]
        sigma = np.sqrt(np.maximum(net.variance[here], 1.0))
        near = (lines.energies_keV > low / gain - fwhm[0]) & (
            lines.energies_keV < high / gain + fwhm[-1]
        )
        near &= ~np.isin(lines.energies_keV, e)
        beside = lines.energies_keV[near], lines.areas[near]
        has_others = bool(beside[1].sum() > DISTURBING * areas.sum())
        free = 5 + has_others
        if y.size < free + LEAST_ODD_CHANNELS:
            return None
        x = (edges[1:] + edges[:-1]) / 2 - gain * mean

        def columns(
            g: float,
            s: float,
            edges: FloatArray = edges,
            x: FloatArray = x,
            beside: tuple[FloatArray, FloatArray] = beside,
            has_others: bool = has_others,
        ) -> FloatArray:
            parts = [_gaussians(edges, e, areas, g, s, model)]
            if has_others:
                parts.append(_gaussians(edges, *beside, g, s, model))
            steps = np.diff(edges)
            return np.stack([*parts, steps, steps * x], axis=1)

        def counts(_: FloatArray, g: float, s: float, *amounts: float) -> FloatArray:
            return np.asarray(columns(g, s) @ np.array(amounts))

        start, *_ = np.linalg.lstsq(columns(gain, factor) / sigma[:, None], y / sigma)
        try:
            best, spread = curve_fit(
                counts, x, y, (gain, factor, *start), sigma=sigma, absolute_sigma=True
            )
        except RuntimeError:
            return None
        gain, factor = float(best[0]), float(abs(best[1]))
        shift_keV = abs(gain - 1) * mean
        near_enough = shift_keV < MOST_SHIFT_FWHM * float(model.fwhm_keV(mean))
        if not (near_enough and WIDTHS[0] < factor < WIDTHS[1]):
            return None
    doubt = np.sqrt(np.diag(spread))
    if not (doubt[1] < MOST_WIDTH_DOUBT * factor and best[2] > LEAST_SURE * doubt[2]):
        return None
    return Seen(mean, gain * mean, float(doubt[0]) * mean, factor, float(doubt[1]))


def _gaussians(
    edges: FloatArray, e: FloatArray, areas: FloatArray, gain: float, factor: float, to: Resolution
) -> FloatArray:
    """Peaks of some lines in channels."""
    sigma = abs(factor) * to.fwhm_keV(e) / FWHM_PER_SIGMA
    below = ndtr((edges[None, :] - gain * e[:, None]) / sigma[:, None])
    return np.asarray(areas @ np.diff(below, axis=1))


def _line_through(found: list[Seen], model: Resolution) -> tuple[float, float]:
    """Gain and offset; no offset where the peaks lie close together."""
    e = np.array([s.energy_keV for s in found])
    place = np.array([s.place_keV for s in found])
    doubt = np.hypot([s.place_sigma_keV for s in found], PLACE_DOUBT_FWHM * model.fwhm_keV(e))
    if e.max() < SPAN * e.min():
        columns = (e / doubt)[:, None]
        (gain,) = np.linalg.lstsq(columns, place / doubt)[0]
        return float(gain), 0.0
    columns = np.stack((e, np.ones_like(e)), axis=1) / doubt[:, None]
    gain, offset_keV = np.linalg.lstsq(columns, place / doubt)[0]
    return float(gain), float(offset_keV)


def _widths(found: list[Seen], gain: float, model: Resolution) -> Resolution:
    """Widths of the detector's file times one factor, on the true scale."""
    factor = np.array([s.width for s in found]) / gain
    doubt = np.hypot([s.width_sigma for s in found], WIDTH_DOUBT)
    squared = float(np.average(factor, weights=1 / doubt**2)) ** 2
    return Resolution(model.a_keV2 * squared, model.b_keV * squared, model.c * squared)
