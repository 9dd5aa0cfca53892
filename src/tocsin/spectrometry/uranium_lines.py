"""Net areas of the lines that uranium enrichment rests on, with what each nuclide gives to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import NotFound
from tocsin.nuclear import EmissionLine, NuclideLibrary
from tocsin.spectrometry.analysis import PeakAnalysis
from tocsin.spectrometry.forced import AreaAt, areas_at
from tocsin.spectrometry.subtraction import time_ratio

FloatArray = NDArray[np.float64]

SEPARATED_S = 3.15576e7
"""Time since separation at which progeny are taken: a year, Th-234 long in equilibrium."""
SAME_LINE_KEV = 0.6
"""Distance within which an energy of this module means a line of the library."""
BLEND_FWHM = 0.5
"""Distance within which another line of the library counts into the same peak, in peak widths."""
SCALE_KEV = 0.1
"""Scatter of peaks about the file's energy scale that is not counting: a quarter of a channel."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One peak, or several too close to tell apart, whose sum is used.

    Attributes
    ----------
    name : str
        Words for a reader.
    lines : tuple of (str, float)
        Emitter and energy in keV that name the lines of the library to fit.
    part : str
        ``"U-235"``, ``"U-238"`` or ``"Ra-226"``: what it is taken for; ``"both"`` for a blend.
    """

    name: str
    lines: tuple[tuple[str, float], ...]
    part: str


ENRICHMENT = (
    Feature("84.2 keV", (("Th-231", 84.21),), "U-235"),
    Feature("89.9 keV", (("U-235", 89.95),), "U-235"),
    Feature("92-93 keV", (("Th-234", 92.38), ("Th-234", 92.8), ("U-235", 93.35)), "both"),
    Feature("143.8 keV", (("U-235", 143.77),), "U-235"),
    Feature("163.4 keV", (("U-235", 163.36),), "U-235"),
    Feature("185.7 keV", (("U-235", 185.71),), "U-235"),
    Feature("205.3 keV", (("U-235", 205.31),), "U-235"),
    Feature("258.2 keV", (("Pa-234m", 258.23),), "U-238"),
    Feature("742.8 keV", (("Pa-234m", 742.81),), "U-238"),
    Feature("766.4 keV", (("Pa-234m", 766.42),), "U-238"),
    Feature("1001.0 keV", (("Pa-234m", 1001.03),), "U-238"),
    Feature("295.2 keV", (("Pb-214", 295.22),), "Ra-226"),
    Feature("351.9 keV", (("Pb-214", 351.93),), "Ra-226"),
    Feature("609.3 keV", (("Bi-214", 609.32),), "Ra-226"),
)
U234 = Feature("120.9 keV", (("U-234", 120.9),), "U-234")
THORIUM = (
    Feature("583.2 keV", (("Tl-208", 583.19),), "Th-228"),
    Feature("2614.5 keV", (("Tl-208", 2614.51),), "Th-228"),
)
ACTINIUM = Feature("911.2 keV", (("Ac-228", 911.2),), "Ac-228")
BESIDE = (
    ("Pb-212", 74.81), ("Pb-212", 77.11), ("Th-231", 81.23), ("Pb-212", 87.3),
    ("Pa-234m", 94.665), ("Pa-234m", 98.439), ("Th-231", 102.27), ("U-235", 105.61),
    ("U-235", 109.18), ("Pa-234m", 111.3), ("Pa-234m", 114.5), ("U-235", 140.76),
    ("U-235", 182.50), ("U-235", 194.94), ("U-235", 202.11), ("Bi-214", 768.36),
)  # fmt: skip
"""Lines fitted along because they stand near one that counts; between 74 and 115 keV every X-ray of
uranium, its progeny and the lead of any surroundings, or the continuum there comes out too high."""
SCALE_LINES = (
    ("U-235", 143.77), ("U-235", 163.36), ("U-235", 185.71), ("U-235", 205.31),
    ("Pb-212", 238.63), ("Pb-214", 351.93), ("Bi-214", 609.32), ("Pa-234m", 766.42),
    ("Pa-234m", 1001.03), ("K-40", 1460.82), ("Tl-208", 2614.51),
)  # fmt: skip
"""Lines of uranium and of any background, for the error of the energy scale."""


@dataclass(frozen=True, slots=True)
class NetArea:
    """Net counts of a feature above continuum and background, with their standard uncertainty."""

    feature: Feature
    area: float
    uncertainty: float

    @property
    def seen(self) -> bool:
        """Whether it exceeds three standard uncertainties."""
        return self.area > 3.0 * self.uncertainty


def line_of(library: NuclideLibrary, emitter: str, energy_keV: float) -> EmissionLine:
    """The strongest line of a nuclide at an energy.

    Raises
    ------
    NotFound
        When the library has none there.
    """
    near = [x for x in library[emitter].lines if abs(x.energy_keV - energy_keV) <= SAME_LINE_KEV]
    if not near:
        raise NotFound(f"the nuclide library has no line of {emitter} at {energy_keV:g} keV")
    return max(near, key=lambda x: x.intensity)


def net_areas(
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    features: Sequence[Feature],
    library: NuclideLibrary,
) -> tuple[NetArea, ...]:
    """Net areas of those features that lie within the spectrum."""
    ahead = _areas(analysis, features, library)
    if background is None:
        return tuple(NetArea(f, *ahead[f.name]) for f in features if f.name in ahead)
    ratio = time_ratio(analysis, background)
    behind = _areas(background, features, library)
    out = []
    for f in features:
        if f.name in ahead:
            area, spread = ahead[f.name]
            less, more = behind.get(f.name, (0.0, 0.0))
            out.append(NetArea(f, area - ratio * less, float(np.hypot(spread, ratio * more))))
    return tuple(out)


def _areas(
    analysis: PeakAnalysis, features: Sequence[Feature], library: NuclideLibrary
) -> dict[str, tuple[float, float]]:
    """Area and standard uncertainty by name of the feature."""
    off, gain = _scale_error(analysis, library)
    edges = analysis.measured.edges_keV
    low, high = float(edges[analysis.low]), float(edges[analysis.high])

    def places(lines: Sequence[tuple[str, float]]) -> list[float]:
        true = [line_of(library, n, e).energy_keV for n, e in lines]
        return [e + off + gain * e for e in true]

    # Two lines of a blend nearer than a third of a width count as one place at their mean.
    wanted: dict[str, list[float]] = {}
    for f in features:
        at: list[list[float]] = []
        for e in sorted(places(f.lines)):
            if at and e - at[-1][0] < analysis.fwhm_keV(e) / 3.0:
                at[-1].append(e)
            else:
                at.append([e])
        centres = [float(np.mean(x)) for x in at]
        if all(low < e - analysis.fwhm_keV(e) and e + analysis.fwhm_keV(e) < high for e in centres):
            wanted[f.name] = centres
    asked = sorted({e for x in wanted.values() for e in x})
    beside = [
        e
        for e in places(BESIDE)
        if low < e < high and all(abs(e - x) > analysis.fwhm_keV(e) / 3.0 for x in asked)
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


def _scale_error(analysis: PeakAnalysis, library: NuclideLibrary) -> tuple[float, float]:
    """Offset in keV and relative gain error of the energy scale, from the peaks that are there."""
    rows = []
    for emitter, nominal in SCALE_LINES:
        true = line_of(library, emitter, nominal).energy_keV
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
