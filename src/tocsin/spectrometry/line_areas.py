"""Net areas of known lines, singly or as sums of what a detector cannot tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.spectrometry.analysis import PeakAnalysis
from tocsin.spectrometry.forced import AreaAt, areas_at
from tocsin.spectrometry.subtraction import time_ratio

FloatArray = NDArray[np.float64]

SAME_PLACE_FWHM = 1.0 / 3.0
"""Distance in peak widths within which two lines count as one place, at their mean."""
SCALE_KEV = 0.1
"""Scatter of peaks about the file's energy scale that is not counting: a quarter of a channel."""

Areas = dict[str, tuple[float, float]]


def net_line_areas(
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    groups: Mapping[str, Sequence[float]],
    *,
    beside_keV: Sequence[float],
    scale_keV: Sequence[float],
) -> Areas:
    """Net area of each group of lines, with its standard uncertainty.

    Parameters
    ----------
    analysis, background : PeakAnalysis
        Foreground, and background if there is one; its areas at the same energies are taken off
        in proportion to the measuring times.
    groups : mapping of str to sequence of float
        True energies whose areas are summed, by name.
    beside_keV : sequence of float
        True energies of lines that are fitted along because they stand near one that counts.
    scale_keV : sequence of float
        Lines whose peaks, where they are found, correct offset and gain of the energy scale.

    Returns
    -------
    dict
        Of those groups that lie within the spectrum.
    """
    ahead = _areas(analysis, groups, beside_keV, scale_keV)
    if background is None:
        return ahead
    ratio = time_ratio(analysis, background)
    behind = _areas(background, groups, beside_keV, scale_keV)
    out = {}
    for name, (area, spread) in ahead.items():
        less, more = behind.get(name, (0.0, 0.0))
        out[name] = (area - ratio * less, float(np.hypot(spread, ratio * more)))
    return out


def _areas(
    analysis: PeakAnalysis,
    groups: Mapping[str, Sequence[float]],
    beside_keV: Sequence[float],
    scale_keV: Sequence[float],
) -> Areas:
    off, gain = _scale_error(analysis, scale_keV)
    edges = analysis.measured.edges_keV
    low, high = float(edges[analysis.low]), float(edges[analysis.high])
    wanted: dict[str, list[float]] = {}
    for name, energies in groups.items():
        at: list[list[float]] = []
        for e in sorted(x + off + gain * x for x in energies):
            if at and e - at[-1][0] < SAME_PLACE_FWHM * analysis.fwhm_keV(e):
                at[-1].append(e)
            else:
                at.append([e])
        centres = [float(np.mean(x)) for x in at]
        if all(low < e - analysis.fwhm_keV(e) and e + analysis.fwhm_keV(e) < high for e in centres):
            wanted[name] = centres
    asked = sorted({e for x in wanted.values() for e in x})
    beside = [
        e
        for e in (x + off + gain * x for x in beside_keV)
        if low < e < high
        and all(abs(e - x) > SAME_PLACE_FWHM * analysis.fwhm_keV(e) for x in asked)
    ]
    every = sorted(asked + beside)
    found = dict(zip(every, areas_at(analysis, every), strict=True))
    return {name: _sum([found[e] for e in at]) for name, at in wanted.items()}


def _sum(parts: Sequence[AreaAt]) -> tuple[float, float]:
    """Sum of areas; covariance within a region counts."""
    area = sum(p.area for p in parts)
    variance = sum(p.area_uncertainty**2 for p in parts)
    for i, a in enumerate(parts):
        for b in parts[:i]:
            if a.fit is b.fit:
                c = a.fit.area_covariance
                own = c[a.number, a.number] * c[b.number, b.number]
                if own > 0.0:
                    correlation = float(c[a.number, b.number] / np.sqrt(own))
                    variance += 2.0 * correlation * a.area_uncertainty * b.area_uncertainty
    return float(area), float(np.sqrt(max(variance, 0.0)))


def _scale_error(analysis: PeakAnalysis, lines_keV: Sequence[float]) -> tuple[float, float]:
    """Offset in keV and relative gain error of the energy scale, from the peaks that are there."""
    rows = []
    for true in lines_keV:
        near = [
            p for p in analysis.peaks if abs(p.energy_keV - true) < 0.7 * analysis.fwhm_keV(true)
        ]
        if near:
            peak = max(near, key=lambda p: p.significance)
            spread = float(np.hypot(peak.energy_uncertainty_keV, SCALE_KEV))
            rows.append((true, peak.energy_keV - true, 1.0 / spread))
    if not rows:
        return 0.0, 0.0
    e, shift, root = np.array(rows).T
    if e.size < 3 or np.ptp(e) < 500.0:
        return float(np.average(shift, weights=root**2)), 0.0
    gain, off = np.polyfit(e, shift, 1, w=root)
    return float(off), float(gain)
