"""The bank of line patterns for one detector model, built once and kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tocsin.detection.binning import FloatArray, Resolution
from tocsin.detection.candidates import Candidate, candidate_list, line_pattern, pattern_of
from tocsin.detection.templates import LinePattern, TemplateBank
from tocsin.detectors import DetectorModel
from tocsin.detectors.attenuation import fluorescence
from tocsin.nuclear import NuclideLibrary

ANNIHILATION = "annihilation"
ANNIHILATION_KEV = 510.99895  # CODATA 2022, electron rest energy
X_RAY_ELEMENTS = ("Pb", "W")
_EFFICIENCY_GRID_KEV = np.geomspace(15.0, 3500.0, 220)
NATURAL_START = ("K-40", "Ra-226", "Ra-228", "Ra-224")
"""Natural patterns that every spectrum is offered from the start: potassium, the radium series, and
the thorium series in its two parts above and below Ra-224."""


@dataclass(frozen=True)
class NuclideBank:
    """Candidates and nuisances of one detector model.

    Attributes
    ----------
    bank : TemplateBank
        Candidates first, then the nuisances (annihilation, X-rays of shields).
    candidates : tuple of Candidate
        In the order of the bank's first patterns.
    """

    bank: TemplateBank
    candidates: tuple[Candidate, ...]

    @property
    def n_candidate(self) -> int:
        """Number of candidates; patterns from there on are nuisances."""
        return len(self.candidates)

    def subset(self, names: Iterable[str]) -> NuclideBank:
        """Bank of some candidates with all nuisances."""
        wanted = set(names)
        kept = [i for i, c in enumerate(self.candidates) if c.name in wanted]
        patterns = [self.bank.patterns[i] for i in kept]
        patterns.extend(self.bank.patterns[self.n_candidate :])
        return NuclideBank(TemplateBank.build(patterns), tuple(self.candidates[i] for i in kept))

    def candidate(self, name: str) -> Candidate:
        """Candidate of that name."""
        return next(c for c in self.candidates if c.name == name)


def efficiency_curve(model: DetectorModel) -> Resolution:
    """Full-energy efficiency of a model, tabulated once and interpolated in the logarithms."""
    log_grid = np.log(_EFFICIENCY_GRID_KEV)
    inside = np.clip(_EFFICIENCY_GRID_KEV, 20.0, 3000.0)
    values = np.log(np.maximum(model.full_energy_efficiency(inside), 1e-12))

    def curve(energy_keV: FloatArray) -> FloatArray:
        return np.asarray(np.exp(np.interp(np.log(energy_keV), log_grid, values)))

    return curve


def nuclide_bank(model: DetectorModel, library: NuclideLibrary) -> NuclideBank:
    """Bank of a model; kept for the next call with the same model and library."""
    return _built(model, library)


@lru_cache(maxsize=16)
def _built(model: DetectorModel, library: NuclideLibrary) -> NuclideBank:
    efficiency = efficiency_curve(model)
    patterns: list[LinePattern] = []
    kept: list[Candidate] = []
    for candidate in candidate_list():
        if candidate.name not in library:
            continue
        lines = library.lines(candidate.name, progeny=candidate.progeny)
        if candidate.name == "Ra-228":
            # the part of the thorium series above Th-228
            lines = library.lines("Ac-228", progeny=False)
        pattern = pattern_of(candidate.name, lines, efficiency_of=efficiency)
        if pattern is not None:
            patterns.append(pattern)
            kept.append(candidate)
    patterns.extend(_nuisances(efficiency))
    return NuclideBank(TemplateBank.build(patterns), tuple(kept))


def _nuisances(efficiency: Resolution) -> list[LinePattern]:
    """Annihilation radiation and the K X-rays of lead and tungsten."""
    found = [(ANNIHILATION, np.array([ANNIHILATION_KEV]), np.array([1.0]))]
    table = fluorescence()
    for element in X_RAY_ELEMENTS:
        x = table[element]
        found.append(
            (
                f"{element} X-rays",
                np.array([x.alpha_keV, x.beta_keV]),
                np.array([1.0 - x.beta_share, x.beta_share]),
            )
        )
    patterns = [
        line_pattern(
            name,
            energies,
            shares,
            ("",) * energies.size,
            efficiency=efficiency(energies),
            absorbers=False,
        )
        for name, energies, shares in found
    ]
    return [p for p in patterns if p is not None]
