"""The lines of every candidate, and which of them pass which absorber."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import Resolution
from tocsin.detection.candidates import Candidate, candidate_list
from tocsin.detection.photons import METAL, SHIELDS, Lines, passing
from tocsin.detectors import DetectorModel
from tocsin.detectors.folding import LINE_LOW_KEV
from tocsin.detectors.slab import self_absorption
from tocsin.nuclear import NuclideLibrary

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


def named_sources(
    library: NuclideLibrary,
) -> Iterator[tuple[Candidate, Lines, tuple[str, ...]]]:
    """Candidates that have lines, with these (by energy) and their emitters."""
    for candidate in candidate_list():
        if candidate.name in library:
            found = _lines(candidate, library)
            if found is not None:
                yield candidate, *found


@cache
def weak_lines() -> dict[str, tuple[tuple[float, float, str], ...]]:
    """Lines below the cut of the nuclide library that thick shields leave over.

    By nuclide: energy in keV, photons per decay, emitter. From ``data/weak_lines.csv``, which
    ``scripts/build_weak_lines.py`` makes of the library's own sources.
    """
    path = resources.files("tocsin.detection") / "data" / "weak_lines.csv"
    found: dict[str, tuple[tuple[float, float, str], ...]] = {}
    with path.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            name = row["nuclide"]
            line = (float(row["energy_keV"]), float(row["intensity"]), name)
            found[name] = (*found.get(name, ()), line)
    return found


def _lines(candidate: Candidate, library: NuclideLibrary) -> tuple[Lines, tuple[str, ...]] | None:
    name = _BEFORE_TH_228.get(candidate.name, candidate.name)
    progeny = candidate.progeny and candidate.name not in _BEFORE_TH_228
    age_s = None if candidate.age_d is None else candidate.age_d * _DAY_S
    table = [
        (line.energy_keV, line.intensity, line.emitter)
        for line in library.lines(name, progeny=progeny, age_s=age_s)
        if LINE_LOW_KEV < line.energy_keV < HIGHEST_KEV and line.intensity > 0
    ]
    if not table:
        return None
    table += weak_lines().get(name, ())
    table.sort()
    energies = np.array([energy for energy, _, _ in table])
    intensities = np.array([intensity for _, intensity, _ in table])
    seen = np.zeros(energies.size, dtype=bool)
    for layers in ((), *SHIELDS):
        passed = intensities * passing(energies, layers)
        seen |= passed >= WEAKEST * passed.max()
    kept = np.flatnonzero(seen)
    return Lines(energies[kept], intensities[kept]), tuple(table[i][2] for i in kept)


def line_bank(model: DetectorModel, library: NuclideLibrary) -> LineBank:
    """Bank of a detector; kept for the next call with the same model and library."""
    return _bank(model, library)


@lru_cache(maxsize=16)
def _bank(model: DetectorModel, library: NuclideLibrary) -> LineBank:
    efficiency = efficiency_curve(model)
    candidates, lines = [], []
    own = [_own_lines(name, library) for name in OWN_LINES if name in library]
    for candidate, of, emitters in (*named_sources(library), *own):
        rows = [of.intensities * passing(of.energies_keV, layers) for layers in ((), *SHIELDS)]
        if candidate.name in METALS:
            rows += [of.intensities * self_absorption(of.energies_keV, m) for m in METAL]
        softer = (of.energies_keV / _SOFT_AT_KEV) ** -_SOFT_POWER
        rows += [rows[k] * softer for k in _SOFT_ROWS]
        counted = _distinct(np.array(rows) * efficiency(of.energies_keV))
        candidates.append(candidate)
        lines.append(SourceLines(of.energies_keV, of.intensities, emitters, counted))
    return LineBank(tuple(candidates), tuple(lines))


def _own_lines(name: str, library: NuclideLibrary) -> tuple[Candidate, Lines, tuple[str, ...]]:
    """A member of a natural series by its own lines alone."""
    table = [x for x in library.lines(name, progeny=False) if x.energy_keV > LINE_LOW_KEV]
    return (
        Candidate(name, "natural", False),
        Lines(np.array([x.energy_keV for x in table]), np.array([x.intensity for x in table])),
        tuple(x.emitter for x in table),
    )


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
