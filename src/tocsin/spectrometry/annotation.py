"""What a peak may be: lines of the library, effects of the detector; reasons and no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import fluorescence, material
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.spectrometry.analysis import ANNIHILATION_KEV, Peak, PeakAnalysis
from tocsin.spectrometry.linebook import LineBook, line_book
from tocsin.spectrometry.xrays import xray_lines

FloatArray = NDArray[np.float64]
Kind = Literal[
    "gamma",
    "x-ray",
    "annihilation",
    "single escape",
    "double escape",
    "sum",
    "x-ray escape",
    "back-scatter",
    "compton edge",
]

TOLERANCE_FWHM = 0.5
"""Distance from a line in peak widths within which a peak may be that line."""
PLACE_FWHM = 0.2
"""Scatter of a peak about its line, in peak widths, for the order of the candidates: scales of
field instruments are a fraction of a peak width off."""
MOST_CANDIDATES = 12
FAR_BEHIND = 12.0
"""Score behind the best candidate from which one is not listed."""
SUPPORTED = 8.0
"""Score from which a nuclide's lines beyond the end of the spectrum count as parents of escapes."""
CLEAR_SIGMA = 4.0
"""Expected height of a line over its continuum from which it ought to have a peak."""
CUSTOMARY = 4.0
"""Score of a nuclide that is in customary use or in nature, by the class table of the library: the
logarithm of some 50, how much more often it is met than one of the many that are not."""
NATURAL = 3.0
"""Score that one has beside it which is in nearly every spectrum."""
ELEMENT = 5.0
"""Score of an X-ray of a heavy element that is struck: shields and collimators are everywhere."""
MISSED = 3.0
"""Score that a line without a peak takes off."""
MOST_WORTH = 2.0
"""Score that a line with a peak adds at most."""
MOST_OTHERS = 6
"""Other lines of a nuclide that are looked for, the clearest first."""
ESCAPE_FROM_KEV = 1200.0
"""Energy from which pair production makes escape peaks that can be seen."""
ESCAPE = 5.0
"""Score of an escape peak whose parent is there: above the energy of pair production every strong
line has them."""
ESCAPE_RATIO = 3.0
"""Escape peak over its parent at most: in small crystals a double escape exceeds the parent."""
SUM_RATIO = 0.2
"""Sum peak over the weaker of its parents at most."""
MOST_PARENTS = 16
XRAY_ESCAPE_RATIO = 0.5
XRAY_ESCAPE_TO_KEV = 250.0
"""Parents above it lose no K X-ray that could be seen."""
SCATTER_FROM_KEV = 150.0
SCATTER_FWHM = 0.8
"""Reach of the broad scatter structures, in peak widths."""


@dataclass(frozen=True, slots=True)
class Possible:
    """Something that a peak may be.

    Attributes
    ----------
    kind : str
        What it would be.
    label : str
        Nuclide, element and line, or parent energies.
    energy_keV : float
        Where it would stand.
    offset_keV : float
        Energy of the peak less that.
    intensity : float or None
        Photons per decay of the emitter, for lines of the library.
    expected, seen : int
        For lines of the library: other lines that ought to be as clear as this peak, and how many
        of them have a peak.
    reason : str
        One clause.
    score : float
        Order among the candidates; no probability.
    """

    kind: Kind
    label: str
    energy_keV: float
    offset_keV: float
    intensity: float | None
    expected: int
    seen: int
    reason: str
    score: float


def annotate(
    analysis: PeakAnalysis,
    *,
    crystal: str | None = None,
    library: NuclideLibrary | None = None,
) -> tuple[tuple[Possible, ...], ...]:
    """Candidates for each peak, the more plausible first.

    Lines are ordered by their distance from the peak, by how strong they are among their nuclide's
    lines, and by whether the nuclide's other lines that ought to be as clear have peaks. Which
    nuclide is there is not decided here.

    Parameters
    ----------
    analysis : PeakAnalysis
        Of a calibrated spectrum.
    crystal : str, optional
        Material of the crystal, for the escape of its X-rays.
    library : NuclideLibrary, optional
        The library that ships with Tocsin if not given.

    Returns
    -------
    tuple of tuple of Possible
        As many as there are peaks, in their order; empty for a spectrum in channels.
    """
    if analysis.measured.unit != "keV":
        return tuple(() for _ in analysis.peaks)
    book = line_book(library or load_library())
    scene = _Scene(analysis, book)
    lines = [_lines(peak, book, scene) for peak in analysis.peaks]
    supported = {c.label.split(" ")[0] for found in lines for c in found if c.score >= SUPPORTED}
    out = []
    for peak, found in zip(analysis.peaks, lines, strict=True):
        effects = _Effects(peak, scene)
        effects.annihilation()
        effects.of_other_peaks()
        effects.sums()
        effects.from_beyond(book, supported)
        if crystal is not None:
            effects.xray_escapes(crystal)
        everything = found + _element_xrays(peak) + effects.found
        everything.sort(key=lambda c: (-c.score, c.energy_keV, c.label))
        near = [c for c in everything if c.score > everything[0].score - FAR_BEHIND]
        out.append(tuple(near[:MOST_CANDIDATES]))
    return tuple(out)


class _Scene:
    """What the spectrum shows, and what at the energy of each line of the book."""

    def __init__(self, analysis: PeakAnalysis, book: LineBook) -> None:
        m = analysis.measured
        self.analysis = analysis
        self.peaks: Sequence[Peak] = analysis.peaks
        self.energies = np.array([p.energy_keV for p in analysis.peaks])
        self.low = float(m.edges_keV[analysis.low])
        self.high = float(m.edges_keV[analysis.high])
        self.cumulative = np.concatenate(([0.0], np.cumsum(m.counts))) * m.count_scale
        self.scale = m.count_scale
        width = sum(p.fwhm_keV for p in analysis.peaks) * 2.0 * TOLERANCE_FWHM
        chance = width / max(self.high - self.low, 1e-9)
        self.worth = min(MOST_WORTH, -float(np.log(min(max(chance, 1e-9), 1.0))) + 0.5)
        self.strongest = sorted(analysis.peaks, key=lambda p: -p.area)[:MOST_PARENTS]

        e = np.maximum(book.energies_keV, 1e-3)
        self.fwhm_keV = analysis.widths.resolution.fwhm_keV(e)
        self.inside = (self.low < book.energies_keV) & (book.energies_keV < self.high)
        self.away_fwhm = self._distance_keV(book.energies_keV) / self.fwhm_keV
        self.least_areas = self._least_areas(book.energies_keV)

    def _distance_keV(self, energies_keV: FloatArray) -> FloatArray:
        """Distance of each energy to the nearest peak."""
        if self.energies.size == 0:
            return np.full(energies_keV.size, np.inf)
        right = np.searchsorted(self.energies, energies_keV)
        above = self.energies[np.minimum(right, self.energies.size - 1)]
        below = self.energies[np.maximum(right - 1, 0)]
        return np.asarray(np.minimum(np.abs(above - energies_keV), np.abs(energies_keV - below)))

    def _least_areas(self, energies_keV: FloatArray) -> FloatArray:
        """Net area that would be clear at each energy, from the counts within two widths of it."""
        edges = self.analysis.measured.edges_keV
        high = np.interp(energies_keV + self.fwhm_keV, edges, self.cumulative)
        low = np.interp(energies_keV - self.fwhm_keV, edges, self.cumulative)
        counts = 0.5 * np.maximum(high - low, 0.0)
        return CLEAR_SIGMA * np.sqrt(self.scale * counts) + CLEAR_SIGMA * self.scale


def _lines(peak: Peak, book: LineBook, scene: _Scene) -> list[Possible]:
    """Lines of the library within reach of a peak, one for each emitter and kind."""
    reach = max(TOLERANCE_FWHM * peak.fwhm_keV, 3.0 * peak.energy_uncertainty_keV)
    first: dict[str, tuple[float, int]] = {}
    for i in book.near(peak.energy_keV - reach, peak.energy_keV + reach):
        name = book.emitters[i]
        strongest = float(book.intensities[book.by_emitter[name][0]])
        offset = peak.energy_keV - float(book.energies_keV[i])
        spread = np.hypot(peak.energy_uncertainty_keV, PLACE_FWHM * peak.fwhm_keV)
        spread = np.hypot(spread, float(book.uncertainties_keV[i]))
        rough = float(np.log(book.intensities[i] / strongest)) - 0.5 * float(offset / spread) ** 2
        rough += 0.3 * float(np.log(book.intensities[i]))
        rough += CUSTOMARY * (name in book.customary) + NATURAL * (name in book.natural)
        if name not in first or rough > first[name][0]:
            first[name] = (rough, i)
    rough_order = sorted(first.items(), key=lambda item: (-item[1][0], item[0]))
    out = []
    for name, (rough, i) in rough_order[: 2 * MOST_CANDIDATES]:
        expected, seen, support = _others(peak, i, book, scene)
        energy = float(book.energies_keV[i])
        score = rough + support
        kind: Kind = "gamma"
        if book.kinds[i] in ("x-ray", "annihilation"):
            kind = "x-ray" if book.kinds[i] == "x-ray" else "annihilation"
        out.append(
            Possible(
                kind=kind,
                label=book.labels.get(name, name),
                energy_keV=energy,
                offset_keV=peak.energy_keV - energy,
                intensity=float(book.intensities[i]),
                expected=expected,
                seen=seen,
                reason=_reason(peak.energy_keV - energy, expected, seen),
                score=score,
            )
        )
    return out


def _reason(offset_keV: float, expected: int, seen: int) -> str:
    place = f"{abs(offset_keV):.2f} keV {'above' if offset_keV >= 0 else 'below'} the line"
    if expected == 0:
        return f"{place}; no other line of it would be as clear"
    return f"{place}; {seen} of {expected} other lines that would be as clear have a peak"


def _others(peak: Peak, line: int, book: LineBook, scene: _Scene) -> tuple[int, int, float]:
    """Other lines of the emitter that ought to have a peak, how many do, and what that is worth.

    A line that is seen counts by how improbable it is that any peak stands so near by chance, which
    at poor resolution is little.

    The area of another line is taken from this peak's by intensity and by an efficiency that falls
    as one over the energy. Lines at lower energies may be shielded away: they count when they are
    seen, and are not missed below 80 per cent of this energy.
    """
    energy = float(book.energies_keV[line])
    others = book.by_emitter[book.emitters[line]]
    at = book.energies_keV[others]
    areas = peak.area * book.intensities[others] / book.intensities[line] * energy / at
    away = scene.away_fwhm[others]
    there = away <= TOLERANCE_FWHM
    due = (np.abs(at - energy) >= scene.fwhm_keV[line]) & scene.inside[others]
    due &= (areas >= scene.least_areas[others]) & (there | (at >= 0.8 * energy))
    due &= np.cumsum(due) <= MOST_OTHERS
    there &= due
    expected, seen = int(due.sum()), int(there.sum())
    worth = np.maximum(scene.worth - 0.5 * (away[there] / PLACE_FWHM) ** 2, 0.0)
    return expected, seen, float(worth.sum()) - MISSED * (expected - seen)


def _element_xrays(peak: Peak) -> list[Possible]:
    """X-rays that a heavy element sends out when it is struck: shield, collimator, source."""
    reach = max(TOLERANCE_FWHM * peak.fwhm_keV, 3.0 * peak.energy_uncertainty_keV)
    out = []
    seen: set[str] = set()
    lines = sorted(xray_lines(), key=lambda x: abs(x.energy_keV - peak.energy_keV))
    for x in lines:
        offset = peak.energy_keV - x.energy_keV
        if abs(offset) > reach or x.element in seen:
            continue
        seen.add(x.element)
        spread = float(np.hypot(peak.energy_uncertainty_keV, PLACE_FWHM * peak.fwhm_keV))
        score = float(np.log(x.relative_intensity)) - 0.5 * (offset / spread) ** 2
        score += ELEMENT
        out.append(
            Possible(
                kind="x-ray",
                label=f"{x.element} {x.line}",
                energy_keV=x.energy_keV,
                offset_keV=offset,
                intensity=None,
                expected=0,
                seen=0,
                reason="fluorescence of that element near source or detector",
                score=score,
            )
        )
    return out


class _Effects:
    """Positions that other peaks make in this detector: escape, sum, scatter; annihilation."""

    def __init__(self, peak: Peak, scene: _Scene) -> None:
        self.peak, self.scene = peak, scene
        self.found: list[Possible] = []

    def add(
        self, kind: Kind, at_keV: float, label: str, reason: str, reach_fwhm: float, score: float
    ) -> None:
        """Note a position if the peak is near it."""
        peak = self.peak
        offset = peak.energy_keV - at_keV
        if abs(offset) <= max(reach_fwhm * peak.fwhm_keV, 3.0 * peak.energy_uncertainty_keV):
            away = offset / (reach_fwhm * peak.fwhm_keV)
            score -= 2.0 * away * away
            self.found.append(Possible(kind, label, at_keV, offset, None, 0, 0, reason, score))

    def annihilation(self) -> None:
        """Positrons stopped anywhere."""
        peak = self.peak
        wide = "; wider than the detector's lines, as annihilation is" * (peak.width_ratio > 1.2)
        reach = max(TOLERANCE_FWHM, 1.5 / peak.fwhm_keV)
        reason = f"positrons of any source, or pair production outside of the detector{wide}"
        self.add("annihilation", ANNIHILATION_KEV, "e+ e-", reason, reach, 2.0 + CUSTOMARY)

    def of_other_peaks(self) -> None:
        """Escape and scatter positions of each other peak."""
        for parent in self.scene.peaks:
            e = parent.energy_keV
            label = f"{e:.1f} keV"
            reason = f"of the peak at {label}"
            share = float(np.log(min(1.0, parent.area / self.peak.area)))
            if e >= ESCAPE_FROM_KEV and self.peak.area <= ESCAPE_RATIO * parent.area:
                single, double = e - ANNIHILATION_KEV, e - 2.0 * ANNIHILATION_KEV
                self.add("single escape", single, label, reason, TOLERANCE_FWHM, ESCAPE + share)
                self.add("double escape", double, label, reason, TOLERANCE_FWHM, ESCAPE + share)
            if e >= SCATTER_FROM_KEV:
                back = e / (1.0 + 2.0 * e / ANNIHILATION_KEV)
                self.add("back-scatter", back, label, reason, SCATTER_FWHM, share - 1.0)
                self.add("compton edge", e - back, label, reason, SCATTER_FWHM, share - 1.5)

    def from_beyond(self, book: LineBook, supported: set[str]) -> None:
        """Escape of lines above the end of the spectrum, of nuclides that have lines in it."""
        for n, kind in _ESCAPES:
            at = self.peak.energy_keV + n * ANNIHILATION_KEV
            if at <= self.scene.high:
                continue
            reach = TOLERANCE_FWHM * self.peak.fwhm_keV
            for i in book.near(at - reach, at + reach):
                name = book.emitters[i]
                if name in supported:
                    line = float(book.energies_keV[i])
                    reason = f"of {name} {line:.1f} keV, beyond the end of the spectrum"
                    place = line - n * ANNIHILATION_KEV
                    strength = 0.3 * float(np.log(book.intensities[i]))
                    self.add(
                        kind, place, f"{line:.1f} keV", reason, TOLERANCE_FWHM, ESCAPE + strength
                    )

    def sums(self) -> None:
        """Two photons at once: both of one decay, or of two decays at high rate."""
        for i, a in enumerate(self.scene.strongest):
            for b in self.scene.strongest[i:]:
                if self.peak.area > SUM_RATIO * min(a.area, b.area):
                    continue
                low, high = sorted((a.energy_keV, b.energy_keV))
                label = f"{low:.1f} + {high:.1f} keV"
                reason = "both photons of one decay, or of two at high rate"
                self.add("sum", low + high, label, reason, TOLERANCE_FWHM, -1.0)

    def xray_escapes(self, crystal: str) -> None:
        """The crystal's own K X-ray leaves it with its share of the energy."""
        table = fluorescence()
        for element in material(crystal).mass_fractions:
            if element not in table:
                continue
            lost, edge = table[element].alpha_keV, table[element].edge_keV
            for parent in self.scene.peaks:
                e = parent.energy_keV
                if not edge < e <= XRAY_ESCAPE_TO_KEV:
                    continue
                if self.peak.area > XRAY_ESCAPE_RATIO * parent.area:
                    continue
                label = f"{e:.1f} keV - {element} K"
                reason = f"a K X-ray of the crystal's {element} left it"
                self.add("x-ray escape", e - lost, label, reason, TOLERANCE_FWHM, 1.0)


_ESCAPES: tuple[tuple[int, Kind], ...] = ((1, "single escape"), (2, "double escape"))
