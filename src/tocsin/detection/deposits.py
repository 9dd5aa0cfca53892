"""Energy that every candidate leaves in a crystal, before resolution: drawn once per detector.

A template is a row of deposits on a fine energy grid. Energy scale and peak width come afterwards,
as one matrix from deposits to the bins of a spectrum, so that a whole library is drawn anew for
every trial of the scale in one product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.detection.binning import Resolution
from tocsin.detection.candidates import Candidate
from tocsin.detection.continuum_photons import continuum_photons
from tocsin.detection.photons import (
    METAL,
    SHIELDS,
    Lines,
    behind,
    by_ground,
    inside,
    on_grid,
    scattered,
    shared,
)
from tocsin.detection.source_lines import METALS, NATURAL, Source, SourceLines, named_sources
from tocsin.detection.templates import FWHM_TO_SIGMA, EnergyScale
from tocsin.detectors import DetectorModel
from tocsin.detectors import Resolution as PeakWidth
from tocsin.detectors.attenuation import fluorescence
from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.detectors.folding import LINE_LOW_KEV, folder_for
from tocsin.detectors.intrinsic import intrinsic_components
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV, Incidence
from tocsin.detectors.surroundings import inside_medium
from tocsin.detectors.templates import BACKGROUND_FLOOR_KEV, COSMIC_511, COSMIC_INDEX
from tocsin.nuclear import NuclideLibrary

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LOWEST_KEV, _HIGHEST_KEV = 8.0, 3600.0
_PARTS_PER_WIDTH = 4.0  # points of the deposit grid per peak width where it is narrowest
_FINEST = 0.004  # relative step of the grid
LOW_LINES_KEV = 45.0  # K X-rays up to barium and cerium: what windows weaken most

# Counts of scattered photons, of what is only partly absorbed, of lines of low energy, of X-rays
# of metal and of annihilation radiation, over those of the direct photons that come with them: what
# is fitted lies between none and these.
_SCATTERED, _PARTIAL, _LOW, _X_RAYS, _ANNIHILATION = 2.0, 1.0, 0.3, 2.0, 0.5
_PAIR_FROM_KEV = 1500.0  # photons above make annihilation radiation in what they pass
X_RAY_ELEMENTS = ("Pb", "W")
CONTINUUM = "continuum of "
"""Before the name of a source without lines, among the candidates of tier ``nuisance``."""
_CONTINUUM_SHIELDS = 8  # thicker ones leave of a continuum what thinner ones do
# Direct rows (bare, behind water, iron, lead) that come with scattered photons, and by what angles
# (cosines): what comes from where no file tells.
_WIDE = ((-1.0, -0.3), (-0.3, 0.9))
_NARROW = ((-1.0, -0.8), (-0.8, -0.3), (-0.3, 0.3), (0.3, 0.9))
_BESIDE = ((0, _NARROW), *((k, _WIDE) for k in (2, 4, 5, 6, 7, 9, 10)))
_STRONG_PART = 0.05


@dataclass(frozen=True)
class DepositBank:
    """Deposits of all candidates and nuisances for one crystal.

    Attributes
    ----------
    candidates : tuple of Candidate
        What can be named, then the X-rays of lead and tungsten (tier ``nuisance``).
    centres_keV : (n,) float
        Deposit grid.
    owner : (k,) int
        Candidate of each direct row.
    direct : (k, n) float
        Counts per decay: bare and behind every absorber.
    lines : tuple of SourceLines
        By candidate; rows of ``peaks`` in the order of the candidate's direct rows.
    others : (m, n) float
        Cosmic radiation and the crystal's own activity; ``other_names`` in their order.
    """

    candidates: tuple[Candidate, ...]
    centres_keV: FloatArray
    owner: IntArray
    direct: FloatArray
    lines: tuple[SourceLines, ...]
    others: FloatArray
    other_names: tuple[str, ...]
    _crystal: _Crystal
    _more: dict[int, tuple[FloatArray, IntArray]] = field(default_factory=dict)

    def index(self, name: str) -> int:
        """Index of a candidate."""
        return next(i for i, c in enumerate(self.candidates) if c.name == name)

    def rows_of(self, candidate: int) -> IntArray:
        """Direct rows of a candidate."""
        return np.flatnonzero(self.owner == candidate)

    def more(self, candidate: int) -> tuple[FloatArray, IntArray]:
        """Direct radiation of a candidate with a multiple of what comes beside it.

        So no scattered photons come without direct ones. Drawn when first asked for.

        Returns
        -------
        rows : (m, n) float
            Counts per decay.
        with_direct : (m,) int
            The candidate's direct row (counted from its first) in each.
        """
        if candidate not in self._more:
            rows = self.direct[self.rows_of(candidate)]
            of = self.lines[candidate]
            metal = self.candidates[candidate].name in METALS
            self._more[candidate] = _beside(self._crystal, of, rows, metal=metal)
        return self._more[candidate]


def spread_matrix(
    centres_keV: FloatArray, scale: EnergyScale, resolution: Resolution, edges_keV: FloatArray
) -> FloatArray:
    """Share of each deposit that is counted in each bin, ``(n_deposit, n_bin)``."""
    seen = scale.seen_keV(centres_keV)
    sigma = scale.fwhm_keV(centres_keV, resolution) * FWHM_TO_SIGMA
    return np.asarray(np.diff(ndtr((edges_keV[None, :] - seen[:, None]) / sigma[:, None]), axis=1))


class _Crystal:
    """Deposits of photons of one energy or one bin in a crystal behind its window."""

    def __init__(self, model: DetectorModel) -> None:
        self.model = model
        widest = float(model.fwhm_keV(np.array([_HIGHEST_KEV]))[0]) / _HIGHEST_KEV
        step = max(_FINEST, widest / _PARTS_PER_WIDTH)
        n = int(np.ceil(np.log(_HIGHEST_KEV / _LOWEST_KEV) / step)) + 1
        self.edges_keV = np.geomspace(_LOWEST_KEV, _HIGHEST_KEV, n)
        self.centres_keV = np.sqrt(self.edges_keV[1:] * self.edges_keV[:-1])
        sides: tuple[Incidence, ...] = ("face", "isotropic")
        self._tables = {side: self._table(side) for side in sides}

    def _table(self, side: Incidence) -> tuple[FloatArray, FloatArray, FloatArray]:
        deposit = self.model.response.deposit(PHOTON_CENTRES_KEV, incidence=side)
        window = self.model.window_transmission(PHOTON_CENTRES_KEV)
        window = window * (PHOTON_CENTRES_KEV >= LINE_LOW_KEV)
        partial = np.empty((PHOTON_CENTRES_KEV.size, self.centres_keV.size))
        whole = np.empty_like(partial)
        for k, energy in enumerate(PHOTON_CENTRES_KEV):
            below = np.concatenate(([0.0], np.cumsum(deposit.continuum[k])))
            # a deposit above t means an escape below E - t
            partial[k] = np.diff(-np.interp(energy - self.edges_keV, PHOTON_EDGES_KEV, below))
            whole[k] = shared(
                energy - deposit.escaped_lines_keV, deposit.peaks[k], self.centres_keV
            )
        self._escapes_keV = deposit.escaped_lines_keV
        return (
            partial * window[:, None],
            (partial + whole) * window[:, None],
            deposit.peaks * window[:, None],
        )

    def peak(self, energies_keV: FloatArray, *, side: Incidence = "face") -> FloatArray:
        """Chance of full absorption and of each escape, ``(k, d)``."""
        at = np.interp(
            energies_keV, PHOTON_CENTRES_KEV, np.arange(PHOTON_CENTRES_KEV.size, dtype=np.float64)
        )
        low = np.minimum(at.astype(np.int64), PHOTON_CENTRES_KEV.size - 2)
        part = (at - low)[:, None]
        table = self._tables[side][2]
        return np.asarray((1 - part) * table[low] + part * table[low + 1])

    def sharp(self, lines: Lines, *, side: Incidence = "face") -> FloatArray:
        """Deposits of sharp lines that are exact: full peaks and escapes of X-rays and pairs."""
        at = lines.energies_keV[:, None] - self._escapes_keV[None, :]
        amounts = lines.intensities[:, None] * self.peak(lines.energies_keV, side=side)
        return shared(at.ravel(), amounts.ravel(), self.centres_keV)

    def lines(self, lines: Lines, *, side: Incidence = "face") -> FloatArray:
        """All deposits of sharp lines."""
        return self.sharp(lines, side=side) + self.partial(lines, side=side)

    def partial(self, lines: Lines, *, side: Incidence = "face") -> FloatArray:
        """Deposits of sharp lines of which part is scattered out again."""
        photons = on_grid(lines.energies_keV, lines.intensities)
        return np.asarray(photons @ self._tables[side][0])

    def spread(self, bins: FloatArray, *, side: Incidence = "face") -> FloatArray:
        """Deposits of photons in the bins of the photon grid, one source or many ``(k, n)``."""
        return np.asarray(bins @ self._tables[side][1])

    def many(self, sources: Sequence[tuple[Lines, FloatArray]]) -> FloatArray:
        """Deposits of sources of lines and a continuum each, in three products for all."""
        sharp = np.array([self.sharp(lines) for lines, _ in sources])
        photons = np.array([on_grid(x.energies_keV, x.intensities) for x, _ in sources])
        continua = np.array([continuum for _, continuum in sources])
        partial, whole, _ = self._tables["face"]
        return np.asarray(sharp + photons @ partial + continua @ whole)


@lru_cache(maxsize=16)
def _bank(model: DetectorModel, library: NuclideLibrary, natural_only: bool) -> DepositBank:
    crystal = _Crystal(model)
    candidates: list[Candidate] = []
    owner: list[int] = []
    sources: list[tuple[Lines, FloatArray]] = []
    fields: dict[int, FloatArray] = {}
    lines: list[SourceLines] = []
    for source in (*named_sources(library), *_x_rays()):
        candidate, of = source.candidate, source.usual
        if natural_only and candidate.name not in NATURAL:
            continue
        efficiency = crystal.peak(of.energies_keV)[:, 0]
        found: list[tuple[Lines, FloatArray]] = []
        peaks: list[FloatArray] = []
        for composition in source.compositions:
            photons, counted = _sources(candidate, composition, efficiency)
            found += photons
            peaks += counted
        if candidate.name in NATURAL:
            fields[len(sources) + len(found)], around = _field(crystal, of)
            found.append((Lines(np.zeros(0), np.zeros(0)), np.zeros(PHOTON_CENTRES_KEV.size)))
            peaks.append(around)
        owner += [len(candidates)] * len(found)
        sources += found
        candidates.append(candidate)
        lines.append(SourceLines(of.energies_keV, of.intensities, source.emitters, np.array(peaks)))
    for name, spread in continuum_photons(library):
        smooth = _without_lines(spread)
        owner += [len(candidates)] * len(smooth)
        sources += smooth
        candidates.append(Candidate(CONTINUUM + name, "nuisance", False))
        none = np.zeros(0)
        lines.append(SourceLines(none, none, (), np.zeros((len(smooth), 0))))
    direct = crystal.many(sources)
    for row, deposits in fields.items():
        direct[row] = deposits
    names, others = _others(crystal)
    return DepositBank(
        tuple(candidates),
        crystal.centres_keV,
        np.array(owner, dtype=np.int64),
        direct,
        tuple(lines),
        others,
        names,
        crystal,
    )


def deposit_bank(
    model: DetectorModel, library: NuclideLibrary, *, natural_only: bool = False
) -> DepositBank:
    """Bank of a detector; kept for the next call with the same crystal and library.

    ``natural_only``: natural nuclides and sources without lines, where lines are sought otherwise.
    """
    return _bank(model, library, natural_only)


def _without_lines(photons: FloatArray) -> list[tuple[Lines, FloatArray]]:
    """Photons of a continuum bare and behind the thinner absorbers, alone and scattered as well."""
    none = Lines(np.zeros(0), np.zeros(0))
    grid = Lines(PHOTON_CENTRES_KEV, photons)
    found = []
    for layers in ((), *SHIELDS[:_CONTINUUM_SHIELDS]):
        direct = photons
        if layers:
            out = behind(grid, layers)
            direct = out.passed + out.continuum
        found.append((none, direct))
        through = Lines(PHOTON_CENTRES_KEV, direct)
        for beside in (by_ground(through), *(scattered(through, c) for c in _WIDE)):
            amount = _SCATTERED * float(direct.sum()) / max(float(beside.sum()), 1e-300)
            found.append((none, direct + amount * beside))
    return found


def _x_rays() -> Iterator[Source]:
    """K X-rays that a source excites in lead or tungsten near by."""
    for element in X_RAY_ELEMENTS:
        name = f"{element} X-rays"
        yield Source(Candidate(name, "nuisance", False), (_k_lines(element),), (name, name))


def _k_lines(element: str) -> Lines:
    x = fluorescence()[element]
    return Lines(np.array([x.alpha_keV, x.beta_keV]), np.array([1.0 - x.beta_share, x.beta_share]))


def _sources(
    candidate: Candidate, lines: Lines, efficiency: FloatArray
) -> tuple[list[tuple[Lines, FloatArray]], list[FloatArray]]:
    """Photons bare and behind every absorber, and full-energy counts of the lines with them."""
    nothing = np.zeros(PHOTON_CENTRES_KEV.size)
    sources, peaks = [(lines, nothing)], [lines.intensities * efficiency]
    outside = [behind(lines, layers) for layers in SHIELDS]
    if candidate.name in METALS:
        outside += [inside(lines, metal) for metal in METAL]
    for out in outside:
        together = Lines(
            np.concatenate((lines.energies_keV, out.new.energies_keV)),
            np.concatenate((out.passed, out.new.intensities)),
        )
        sources.append((together, out.continuum))
        peaks.append(out.passed * efficiency)
    return sources, peaks


def _field(crystal: _Crystal, lines: Lines) -> tuple[FloatArray, FloatArray]:
    """Deposits and full-energy counts of lines from matter that holds the source everywhere."""
    field = inside_medium(lines.energies_keV, lines.intensities)
    n = lines.energies_keV.size
    row = crystal.lines(Lines(field.energies_keV, field.intensities), side="isotropic")
    row += crystal.spread(field.continuum, side="isotropic")
    around = crystal.peak(lines.energies_keV, side="isotropic")[:, 0]
    return row, field.intensities[:n] * around


def _beside(
    crystal: _Crystal, of: SourceLines, direct: FloatArray, *, metal: bool
) -> tuple[FloatArray, IntArray]:
    """Direct radiation with a multiple of what comes beside it, and the direct row in each.

    By way of the ground; scattered once by some angle; partly absorbed; lines of low energy, which
    windows weaken; X-rays of heavy metal; annihilation radiation of photons of high energy.
    """
    lines = Lines(of.energies_keV, of.intensities)
    found: list[tuple[int, FloatArray, float]] = [
        (0, crystal.spread(by_ground(lines), side="isotropic"), _SCATTERED),
    ]
    for k, angles in _BESIDE:
        photons = lines
        if k:
            photons = Lines(lines.energies_keV, behind(lines, SHIELDS[k - 1]).passed)
        found.append((k, crystal.partial(photons), _PARTIAL))
        for cosines in angles:
            row = crystal.spread(scattered(photons, cosines), side="isotropic")
            found.append((k, row, _SCATTERED))
    low = lines.energies_keV < LOW_LINES_KEV
    if low.any() and not low.all():
        weak = Lines(lines.energies_keV[low], lines.intensities[low])
        found.append((0, crystal.lines(weak), _LOW))
    if metal:
        first = 1 + len(SHIELDS)
        found += [(first + m, crystal.lines(_k_lines("U")), _X_RAYS) for m in range(len(METAL))]
    high = lines.energies_keV > _PAIR_FROM_KEV
    if lines.intensities[high].sum() > _STRONG_PART * lines.intensities.sum():
        one = Lines(np.array([ELECTRON_MASS_KEV]), np.ones(1))
        found.append((0, crystal.lines(one), _ANNIHILATION))
    rows, with_direct = [], []
    for k, row, ratio in found:
        total = float(row.sum())
        if total > 0 and direct[k].sum() > 0:
            rows.append(direct[k] + row * (ratio * float(direct[k].sum()) / total))
            with_direct.append(k)
    return (
        np.array(rows).reshape(len(rows), direct.shape[1]),
        np.array(with_direct, dtype=np.int64),
    )


def _others(crystal: _Crystal) -> tuple[tuple[str, ...], FloatArray]:
    names: list[str] = []
    rows: list[FloatArray] = []
    flux = np.diff(PHOTON_EDGES_KEV) * PHOTON_CENTRES_KEV**-COSMIC_INDEX
    flux[PHOTON_CENTRES_KEV < BACKGROUND_FLOOR_KEV] = 0.0
    names.append("cosmic")
    annihilation = Lines(np.array([ELECTRON_MASS_KEV]), np.array([COSMIC_511 * flux.sum()]))
    rows.append(
        crystal.spread(flux, side="isotropic") + crystal.lines(annihilation, side="isotropic")
    )
    if crystal.model.intrinsic:
        # sharp enough for the grid; the spectrum's own width comes with the scale
        sharp = replace(crystal.model, resolution=PeakWidth(0.01, 0.0, 1e-6))
        fine = folder_for(sharp, crystal.edges_keV)
        for name, row in intrinsic_components(crystal.model.intrinsic, fine).items():
            names.append(f"{name} of the crystal")
            rows.append(row)
    return tuple(names), np.array(rows)
