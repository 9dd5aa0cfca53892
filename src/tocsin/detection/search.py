"""Which candidates are in a spectrum: one at a time, the one that explains most, all refitted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.artefacts import artefact_columns
from tocsin.detection.binning import BinnedSpectrum, Resolution
from tocsin.detection.nuclide_bank import ANNIHILATION, NATURAL_START, NuclideBank
from tocsin.detection.solve import JointFit, Solution
from tocsin.detection.templates import EnergyScale, LinePattern

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


COMPOSED = frozenset({"Th-232"})
"""Named from its parts (Ra-228 and Ra-224), not searched as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """Choices of the search; the same for all files.

    Attributes
    ----------
    spacing_fwhm : float
        Knot spacing of the free continuum in peak widths: three widths let a spline follow a
        Compton continuum and hardly a peak.
    model_error : float
        Relative error of the modelled counts in every bin (line shape, response), so that a
        spectrum of many counts does not prove what the model cannot know.
    entry_gain : float
        Fall of chi-squared that lets a candidate into the fit for trial.
    prior : tuple of (str, float)
        By tier, chi-squared that a candidate must bring beyond the others (twice the logarithm of
        prior odds: rare nuclides are not named where a common one does as well).
    most : int
        Candidates tried in one spectrum at most.
    """

    spacing_fwhm: float = 3.0
    model_error: float = 0.02
    entry_gain: float = 25.0
    prior: tuple[tuple[str, float], ...] = (
        ("natural", 0.0),
        ("common", 0.0),
        ("uncommon", 15.0),
        ("strategic", 30.0),
    )
    most: int = 8

    def prior_of(self, tier: str) -> float:
        """Chi-squared that a candidate of this tier must bring beyond the others."""
        return dict(self.prior)[tier]


@dataclass
class Search:
    """State of a search on one spectrum at one energy scale."""

    fit: JointFit
    scale: EnergyScale
    solution: Solution
    columns: dict[str, IntArray] = field(default_factory=dict)
    artefacts: dict[str, IntArray] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    runners_up: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    def amounts_of(self, name: str) -> FloatArray:
        """Amounts of the patterns (absorbers) of one nuclide."""
        return self.solution.amounts[self.columns[name]]


def start_search(
    binned: BinnedSpectrum,
    resolution: Resolution,
    scale: EnergyScale,
    bank: NuclideBank,
    *,
    background_error: float,
    settings: SearchSettings,
    own: tuple[str, ...] = (),
) -> Search:
    """A fit with background, natural patterns and nuisances only; ``own`` names the crystal's."""
    templates = bank.bank.draw(binned.edges_keV, resolution, scale)
    fit = JointFit(
        binned,
        templates,
        spacing_fwhm=settings.spacing_fwhm,
        model_error=settings.model_error,
        background_error=background_error,
    )
    search = Search(fit, scale, Solution(np.zeros(0), 0.0))
    for name in (*NATURAL_START, *own, ANNIHILATION, "Pb X-rays"):
        _include(search, bank, name, variants=2 if name in NATURAL_START else 1)
    search.solution = fit.solve()
    return search


def _include(search: Search, bank: NuclideBank, name: str, *, variants: int | None = None) -> None:
    rows = np.flatnonzero(bank.bank.owner == bank.bank.index_of(name))[:variants]
    if name not in search.columns:
        search.columns[name] = search.fit.add(search.fit.templates[rows].toarray().T)


def add_artefacts(
    search: Search, pattern: LinePattern, edges_keV: FloatArray, resolution: Resolution
) -> None:
    """Offer the Compton edge, back-scatter, sum and escape peaks of an accepted nuclide."""
    if pattern.name in search.artefacts:
        return
    counts = expected_lines(search, pattern)
    if counts.sum() <= 0:
        return
    columns = artefact_columns(pattern, counts, edges_keV, resolution, search.scale)
    search.artefacts[pattern.name] = search.fit.add(columns)
    search.solution = search.fit.solve()


def expected_lines(search: Search, pattern: LinePattern) -> FloatArray:
    """Counts of each line of an accepted nuclide as fitted, shape ``(n_line,)``."""
    amounts = search.amounts_of(pattern.name)
    return amounts @ pattern.weights[: amounts.size]


def grow(
    search: Search,
    bank: NuclideBank,
    resolution: Resolution,
    *,
    settings: SearchSettings,
    banned: frozenset[str] = frozenset(),
    most: int | None = None,
    share: float = 0.01,
) -> Search:
    """Take in candidates while one explains enough beside the others."""
    owner = bank.bank.owner
    penalty = np.array([settings.prior_of(c.tier) for c in bank.candidates])
    limit = settings.most if most is None else most
    edges = search.fit.binned.edges_keV
    while len(search.accepted) < limit:
        gains = search.fit.gains(search.solution)
        best = np.zeros(len(bank.bank.patterns))
        np.maximum.at(best, owner, gains)
        best = best[: bank.n_candidate] - penalty
        for i, candidate in enumerate(bank.candidates):
            if candidate.name in search.columns or candidate.name in banned | COMPOSED:
                best[i] = -np.inf
        order = np.argsort(-best, kind="stable")
        if best[order[0]] < max(settings.entry_gain, share * search.solution.gain):
            break
        name = bank.candidates[order[0]].name
        search.runners_up[name] = [
            (bank.candidates[i].name, float(best[i])) for i in order[1:4] if best[i] > 0
        ]
        _include(search, bank, name)
        search.accepted.append(name)
        search.solution = search.fit.solve()
        add_artefacts(search, bank.bank.patterns[order[0]], edges, resolution)
    return search
