"""Peaks of a foreground less those of a background, with the uncertainty of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.spectrometry.analysis import Peak, PeakAnalysis
from tocsin.spectrometry.forced import SAME_FWHM, Subtracted, areas_at


@dataclass(frozen=True, slots=True)
class NetPeak:
    """A peak with the background's counts at the same energy taken off.

    Attributes
    ----------
    peak : Peak
        Of the foreground.
    background : Subtracted
        The background's net area there, scaled to the foreground's measuring time.
    background_energy_keV : float or None
        Where the background has a peak of its own; None where it was only looked up.
    area, area_uncertainty : float
        Net counts above the background and their standard uncertainty.
    """

    peak: Peak
    background: Subtracted
    background_energy_keV: float | None
    area: float
    area_uncertainty: float

    @property
    def significance(self) -> float:
        """Net area over its standard uncertainty."""
        return self.area / self.area_uncertainty if self.area_uncertainty > 0 else 0.0


def time_ratio(foreground: PeakAnalysis, background: PeakAnalysis) -> float:
    """Measuring time of the foreground over that of the background.

    Raises
    ------
    InvalidInput
        When one of the two has no measuring time.
    """
    ahead, behind = foreground.measured.live_time_s, background.measured.live_time_s
    if not ahead or not behind:
        which = "foreground" if not ahead else "background"
        raise InvalidInput(f"the {which} states no measuring time: its peaks cannot be scaled")
    return ahead / behind


def subtract_background(
    foreground: PeakAnalysis,
    background: PeakAnalysis,
    *,
    scale: float | None = None,
    scale_relative_uncertainty: float = 0.0,
) -> tuple[NetPeak, ...]:
    """Every peak of the foreground less the background's counts at its energy.

    Peaks are taken off, not channels: a difference of channels has twice the noise of the continuum
    and, with the smallest change of gain, false peaks. Where the background has a peak of its own
    within half a peak width, that peak counts; elsewhere its area at the same energy, found or not,
    with its uncertainty.

    Parameters
    ----------
    foreground, background : PeakAnalysis
        On the same energy scale within half a peak width.
    scale : float, optional
        Factor on the background's counts; the ratio of measuring times if not given.
    scale_relative_uncertainty : float
        Relative standard uncertainty of the scale (another place, shadow of the object).

    Returns
    -------
    tuple of NetPeak
        One for each peak of the foreground. ``u^2 = u_F^2 + k^2 u_B^2 + B^2 u^2(k)``.

    Raises
    ------
    InvalidInput
        Without a scale and without measuring times, or for a scale that is not positive.
    """
    factor = time_ratio(foreground, background) if scale is None else scale
    if not factor > 0.0 or scale_relative_uncertainty < 0.0:
        raise InvalidInput(f"the scale of the background must be positive, not {factor!r}")
    m = background.measured
    low, high = float(m.edges_keV[background.low]), float(m.edges_keV[background.high])
    own = {p.energy_keV: p for p in background.peaks}
    at = np.array(sorted(own))
    matched: dict[float, Peak] = {}
    asked: list[float] = []
    for peak in foreground.peaks:
        e = peak.energy_keV
        near = float(at[int(np.argmin(np.abs(at - e)))]) if at.size else np.inf
        if abs(near - e) <= SAME_FWHM * background.fwhm_keV(e):
            matched[e] = own[near]
        elif low < e < high:
            asked.append(e)
    looked_up = dict(zip(asked, areas_at(background, asked), strict=True))
    out = []
    for peak in foreground.peaks:
        e = peak.energy_keV
        found = matched.get(e)
        there = found if found is not None else looked_up.get(e)
        taken = Subtracted()
        if there is not None:
            counts = factor * there.area
            spread = np.hypot(factor * there.area_uncertainty, counts * scale_relative_uncertainty)
            taken = Subtracted(counts, float(spread))
        out.append(
            NetPeak(
                peak=peak,
                background=taken,
                background_energy_keV=None if found is None else found.energy_keV,
                area=peak.area - taken.counts,
                area_uncertainty=float(np.hypot(peak.area_uncertainty, taken.uncertainty)),
            )
        )
    return tuple(out)
