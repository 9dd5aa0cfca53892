"""The lines of every candidate, and which of them pass which absorber."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import Resolution
from tocsin.detection.candidates import Candidate, candidate_list
from tocsin.detection.photons import METAL, SHIELDS, Lines, passing
from tocsin.detectors import DetectorModel
from tocsin.detectors.folding import LINE_LOW_KEV
from tocsin.detectors.slab import self_absorption
from tocsin.detectors.templates import U_ATOM_RATIO
from tocsin.nuclear import NuclideLibrary, weak_lines

FloatArray = NDArray[np.float64]

HIGHEST_KEV = 3500.0
WEAKEST = 1e-3  # of the strongest line, bare or behind some absorber; weaker ones change nothing
NATURAL = ("K-40", "Ra-226", "Ra-228", "Ra-224")
"""Natural patterns that every spectrum is offered: potassium, the radium series, and the thorium
series in its two parts above and below Ra-224."""
METALS = frozenset({"U-233", "U-235", "U-238", "Np-237", "Pu-238", "Pu-239"})
"""Sources that may be their own shield."""
OWN_LINES = ("Th-228", "Pb-210")
"""Members of natural series whose own lines germanium resolves from those of their series."""
# A crystal smaller than the model's loses efficiency faster with energy: rows (bare, behind iron,
# behind lead) that fall by a further power of the energy. Absorbers tilt the other way.
_SOFT_ROWS, _SOFT_AT_KEV, _SOFT_POWER = (0, 4, 6), 200.0, 0.5
_SAME_SHAPE = 0.02  # sum of differences of two rows below which they are one
_DAY_S = 86_400.0
_IMPURITY_SHARE = 0.1
"""Decays of an impurity over those of its nuclide, at most: a choice, well above what is sold. Old
sources hold more of an impurity that lives longer, and show it as a nuclide of its own."""
_BEFORE_TH_228 = {"Ra-228": "Ac-228"}  # named after the parent, without what follows Th-228


@dataclass(frozen=True, slots=True)
class SourceLines:
    """Lines of one candidate with their full-energy counts per decay, a row per absorber."""

    energies_keV: FloatArray
    intensities: FloatArray
    emitters: tuple[str, ...]
    peaks: FloatArray


@dataclass(frozen=True)
class LineBank:
    """Lines of all candidates as one detector counts them."""

    candidates: tuple[Candidate, ...]
    lines: tuple[SourceLines, ...]

    def index(self, name: str) -> int:
        """Index of a candidate."""
        return next(i for i, c in enumerate(self.candidates) if c.name == name)


@dataclass(frozen=True, slots=True)
class Source:
    """A candidate with its lines in one or several compositions, on the same energies."""

    candidate: Candidate
    compositions: tuple[Lines, ...]
    emitters: tuple[str, ...]

    @property
    def usual(self) -> Lines:
        """The first composition."""
        return self.compositions[0]


def named_sources(library: NuclideLibrary) -> Iterator[Source]:
    """Candidates that have lines."""
    for candidate in candidate_list(static=True):
        if candidate.name in library:
            found = _source(candidate, library)
            if found is not None:
                yield found


def _source(candidate: Candidate, library: NuclideLibrary) -> Source | None:
    name = _BEFORE_TH_228.get(candidate.name, candidate.name)
    progeny = candidate.progeny and candidate.name not in _BEFORE_TH_228
    ages_s: list[float | None] = [age * _DAY_S for age in candidate.ages_d]
    tables = [_table(name, library, progeny=progeny, age_s=age_s) for age_s in ages_s or [None]]
    if name == "U-238":
        # with its share of U-235 as in nature, and without
        share = library["U-238"].half_life_s / library["U-235"].half_life_s / U_ATOM_RATIO
        light = _table("U-235", library, progeny=True, age_s=None)
        both = dict(tables[0])
        for line, intensity in light.items():
            both[line] = both.get(line, 0.0) + share * intensity
        tables.insert(0, both)
    if candidate.impurity:
        # with as much of its impurity as is looked for, and without; what is fitted lies between
        other = _table(candidate.impurity, library, progeny=False, age_s=None)
        both = dict(tables[0])
        for line, intensity in other.items():
            both[line] = both.get(line, 0.0) + _IMPURITY_SHARE * intensity
        tables.append(both)
    lines = sorted(set().union(*tables))
    if not lines:
        return None
    energies = np.array([energy for energy, _ in lines])
    intensities = np.array([[table.get(line, 0.0) for line in lines] for table in tables])
    seen = np.zeros(energies.size, dtype=bool)
    for layers in ((), *SHIELDS):
        passed = intensities * passing(energies, layers)
        seen |= np.any(passed >= WEAKEST * passed.max(axis=1, keepdims=True), axis=0)
    kept = np.flatnonzero(seen)
    return Source(
        candidate,
        tuple(Lines(energies[kept], row[kept]) for row in intensities),
        tuple(lines[i][1] for i in kept),
    )


def _table(
    name: str, library: NuclideLibrary, *, progeny: bool, age_s: float | None
) -> dict[tuple[float, str], float]:
    """Photons per decay by energy and emitter, weak lines included."""
    table: dict[tuple[float, str], float] = {}
    lines = [
        (line.energy_keV, line.intensity, line.emitter)
        for line in library.lines(name, progeny=progeny, age_s=age_s)
    ]
    lines += [(x.energy_keV, x.intensity, x.emitter) for x in weak_lines().get(name, ())]
    for energy, intensity, emitter in lines:
        if LINE_LOW_KEV < energy < HIGHEST_KEV and intensity > 0:
            key = (energy, emitter)
            table[key] = table.get(key, 0.0) + intensity
    return table


def line_bank(model: DetectorModel, library: NuclideLibrary) -> LineBank:
    """Bank of a detector; kept for the next call with the same model and library."""
    return _bank(model, library)


@lru_cache(maxsize=16)
def _bank(model: DetectorModel, library: NuclideLibrary) -> LineBank:
    efficiency = efficiency_curve(model)
    candidates, lines = [], []
    own = [_own_lines(name, library) for name in OWN_LINES if name in library]
    for source in (*named_sources(library), *own):
        energies = source.usual.energies_keV
        softer = (energies / _SOFT_AT_KEV) ** -_SOFT_POWER
        rows = []
        for lines_of in source.compositions:
            photons = lines_of.intensities
            through = [photons * passing(energies, layers) for layers in ((), *SHIELDS)]
            rows += through + [through[k] * softer for k in _SOFT_ROWS]
            if source.candidate.name in METALS:
                rows += [photons * self_absorption(energies, m) for m in METAL]
        counted = _distinct(np.array(rows) * efficiency(energies))
        candidates.append(source.candidate)
        lines.append(SourceLines(energies, source.usual.intensities, source.emitters, counted))
    return LineBank(tuple(candidates), tuple(lines))


def _own_lines(name: str, library: NuclideLibrary) -> Source:
    """A member of a natural series by its own lines alone."""
    table = _table(name, library, progeny=False, age_s=None)
    lines = sorted(table)
    of = Lines(np.array([e for e, _ in lines]), np.array([table[line] for line in lines]))
    return Source(Candidate(name, "natural", False), (of,), tuple(e for _, e in lines))


def _distinct(rows: FloatArray) -> FloatArray:
    """Rows of different shape: a single line looks the same behind every absorber."""
    kept: list[FloatArray] = []
    shapes: list[FloatArray] = []
    for row in rows:
        total = float(row.sum())
        if total <= 0:
            continue
        shape = row / total
        if all(float(np.abs(shape - other).sum()) > _SAME_SHAPE for other in shapes):
            kept.append(row)
            shapes.append(shape)
    return np.array(kept)


def efficiency_curve(model: DetectorModel) -> Resolution:
    """Full-energy efficiency of a model, tabulated once and interpolated in the logarithms."""
    grid = np.geomspace(15.0, HIGHEST_KEV, 220)
    inside = np.clip(grid, 20.0, 3000.0)
    values = np.log(np.maximum(model.full_energy_efficiency(inside), 1e-12))

    def curve(energy_keV: FloatArray) -> FloatArray:
        return np.asarray(np.exp(np.interp(np.log(energy_keV), np.log(grid), values)))

    return curve
