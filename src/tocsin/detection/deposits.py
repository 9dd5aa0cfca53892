"""Energy that every candidate leaves in a crystal, before resolution: drawn once per detector.

A template is a row of deposits on a fine energy grid. Energy scale and peak width come afterwards,
as one matrix from deposits to the bins of a spectrum, so that a whole library is drawn anew for
every trial of the scale in one product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.detection.binning import Resolution
from tocsin.detection.candidates import Candidate, candidate_list
from tocsin.detection.peaks import FWHM_TO_SIGMA
from tocsin.detection.photons import (
    METAL,
    SHIELDS,
    Lines,
    behind,
    by_ground,
    inside,
    on_grid,
    passing,
    scattered,
    shared,
)
from tocsin.detection.templates import EnergyScale
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

DEPOSIT_EDGES_KEV = np.geomspace(8.0, 3600.0, 1230)
"""Half a per cent apart: a fifth of the narrowest peak of a scintillator (LaBr3 at 2.6 MeV)."""
DEPOSIT_CENTRES_KEV = np.sqrt(DEPOSIT_EDGES_KEV[1:] * DEPOSIT_EDGES_KEV[:-1])
HIGHEST_KEV = 3500.0
WEAKEST = 1e-3  # of the strongest line, bare or behind some absorber; weaker ones change nothing
LOW_LINES_KEV = 45.0  # K X-rays up to barium and cerium: what windows weaken most

DIRECT, MORE = 0, 1
# Counts of scattered photons, of what is only partly absorbed, and of lines of low energy, over
# those of the direct photons that come with them: what is fitted lies between none and these.
_SCATTERED, _PARTIAL, _LOW, _ANNIHILATION = 2.0, 1.0, 4.0, 0.5
_PAIR_FROM_KEV = 1500.0  # photons above make annihilation radiation in what they pass
NATURAL = ("K-40", "Ra-226", "Ra-228", "Ra-224")
"""Natural patterns that every spectrum is offered: potassium, the radium series, and the thorium
series in its two parts above and below Ra-224."""
X_RAY_ELEMENTS = ("Pb", "W")
_METALS = frozenset({"U-233", "U-235", "U-238", "Np-237", "Pu-238", "Pu-239"})
_BEFORE_TH_228 = {"Ra-228": "Ac-228"}  # named after the parent, without what follows Th-228
# Direct rows (bare, behind water, iron, lead of two thicknesses) that come with scattered photons,
# and by what angles (cosines): what comes from where no file tells.
_WIDE = ((-1.0, 0.3), (0.3, 0.9))
_NARROW = ((-1.0, -0.8), (-0.8, -0.3), (-0.3, 0.3), (0.3, 0.9))
_BESIDE = ((0, _NARROW), (2, ()), (5, ()), (7, _WIDE), (10, _WIDE))
_STRONG_PART = 0.05
_X_RAYS_KEV = 120.0  # above the K X-rays of all elements


@dataclass(frozen=True, slots=True)
class SourceLines:
    """Lines of one candidate with their full-energy counts per decay, a row per absorber."""

    energies_keV: FloatArray
    intensities: FloatArray
    emitters: tuple[str, ...]
    peaks: FloatArray


@dataclass(frozen=True)
class DepositBank:
    """Deposits of all candidates and nuisances for one crystal.

    Attributes
    ----------
    candidates : tuple of Candidate
        What can be named, then the X-rays of lead and tungsten (tier ``nuisance``).
    owner, role : (k,) int
        Candidate of each row, and whether it is ``DIRECT`` radiation alone (bare or behind an
        absorber) or ``MORE``: direct radiation with a multiple of what surroundings scatter or
        models miss most, so that no scattered photons come without the direct ones.
    rows : (k, n) float
        Counts per decay on the deposit grid.
    lines : tuple of SourceLines
        By candidate; rows of ``peaks`` in the order of the candidate's rows.
    others : (m, n) float
        Cosmic radiation and the crystal's own activity; ``other_names`` in their order.
    """

    candidates: tuple[Candidate, ...]
    owner: IntArray
    role: IntArray
    rows: FloatArray
    lines: tuple[SourceLines, ...]
    others: FloatArray
    other_names: tuple[str, ...]

    def index(self, name: str) -> int:
        """Index of a candidate."""
        return next(i for i, c in enumerate(self.candidates) if c.name == name)


def spread_matrix(scale: EnergyScale, resolution: Resolution, edges_keV: FloatArray) -> FloatArray:
    """Share of each deposit that is counted in each bin, ``(n_deposit, n_bin)``."""
    seen = scale.seen_keV(DEPOSIT_CENTRES_KEV)
    sigma = scale.fwhm_keV(DEPOSIT_CENTRES_KEV, resolution) * FWHM_TO_SIGMA
    return np.asarray(np.diff(ndtr((edges_keV[None, :] - seen[:, None]) / sigma[:, None]), axis=1))


class _Crystal:
    """Deposits of photons of one energy or one bin in a crystal behind its window."""

    def __init__(self, model: DetectorModel) -> None:
        self.model = model
        self._tables = {side: self._table(side) for side in ("face", "isotropic")}

    def _table(self, incidence: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        side: Incidence = "face" if incidence == "face" else "isotropic"
        deposit = self.model.response.deposit(PHOTON_CENTRES_KEV, incidence=side)
        window = self.model.window_transmission(PHOTON_CENTRES_KEV)
        window = window * (PHOTON_CENTRES_KEV >= LINE_LOW_KEV)
        partial = np.empty((PHOTON_CENTRES_KEV.size, DEPOSIT_CENTRES_KEV.size))
        whole = np.empty_like(partial)
        for k, energy in enumerate(PHOTON_CENTRES_KEV):
            below = np.concatenate(([0.0], np.cumsum(deposit.continuum[k])))
            # a deposit above t means an escape below E - t
            partial[k] = np.diff(-np.interp(energy - DEPOSIT_EDGES_KEV, PHOTON_EDGES_KEV, below))
            whole[k] = shared(
                energy - deposit.escaped_lines_keV, deposit.peaks[k], DEPOSIT_CENTRES_KEV
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

    def lines(self, lines: Lines, *, side: Incidence = "face") -> FloatArray:
        """Deposits of sharp lines: exact peaks and escapes, and the part that is scattered out."""
        e, i = lines.energies_keV, lines.intensities
        at = e[:, None] - self._escapes_keV[None, :]
        sharp = i[:, None] * self.peak(e, side=side)
        out = shared(at.ravel(), sharp.ravel(), DEPOSIT_CENTRES_KEV)
        return out + self.partial(lines, side=side)

    def partial(self, lines: Lines, *, side: Incidence = "face") -> FloatArray:
        """Deposits of sharp lines without their peaks."""
        photons = on_grid(lines.energies_keV, lines.intensities)
        return np.asarray(photons @ self._tables[side][0])

    def spread(self, bins: FloatArray, *, side: Incidence = "face") -> FloatArray:
        """Deposits of photons in the bins of the photon grid."""
        return np.asarray(bins @ self._tables[side][1])


@lru_cache(maxsize=16)
def _bank(crystal_of: DetectorModel, library: NuclideLibrary) -> DepositBank:
    crystal = _Crystal(crystal_of)
    candidates: list[Candidate] = []
    owner: list[int] = []
    role: list[int] = []
    rows: list[FloatArray] = []
    lines: list[SourceLines] = []
    for candidate, of, emitters in (*_named(library), *_x_rays()):
        direct, peaks = _direct(crystal, candidate, of)
        more, more_peaks = _more(crystal, of, direct, peaks)
        owner += [len(candidates)] * (len(direct) + len(more))
        role += [DIRECT] * len(direct) + [MORE] * len(more)
        rows += direct + more
        peaks += more_peaks
        candidates.append(candidate)
        lines.append(SourceLines(of.energies_keV, of.intensities, emitters, np.array(peaks)))
    names, others = _others(crystal)
    return DepositBank(
        tuple(candidates),
        np.array(owner, dtype=np.int64),
        np.array(role, dtype=np.int64),
        np.array(rows),
        tuple(lines),
        others,
        names,
    )


def deposit_bank(model: DetectorModel, library: NuclideLibrary) -> DepositBank:
    """Bank of a detector; kept for the next call with the same crystal and library."""
    return _bank(model, library)


def _lines(candidate: Candidate, library: NuclideLibrary) -> tuple[Lines, tuple[str, ...]] | None:
    name = _BEFORE_TH_228.get(candidate.name, candidate.name)
    progeny = candidate.progeny and candidate.name not in _BEFORE_TH_228
    table = [
        line
        for line in library.lines(name, progeny=progeny)
        if LINE_LOW_KEV < line.energy_keV < HIGHEST_KEV and line.intensity > 0
    ]
    if not table:
        return None
    table.sort(key=lambda x: x.energy_keV)
    energies = np.array([x.energy_keV for x in table])
    intensities = np.array([x.intensity for x in table])
    seen = np.zeros(energies.size, dtype=bool)
    for layers in ((), *SHIELDS):
        passed = intensities * passing(energies, layers)
        seen |= passed >= WEAKEST * passed.max()
    kept = np.flatnonzero(seen)
    return Lines(energies[kept], intensities[kept]), tuple(table[i].emitter for i in kept)


def _named(
    library: NuclideLibrary,
) -> Iterator[tuple[Candidate, Lines, tuple[str, ...]]]:
    for candidate in candidate_list():
        found = _lines(candidate, library) if candidate.name in library else None
        if found is not None:
            yield candidate, *found


def _x_rays() -> Iterator[tuple[Candidate, Lines, tuple[str, ...]]]:
    """K X-rays that a source excites in lead or tungsten near by."""
    for element in X_RAY_ELEMENTS:
        x = fluorescence()[element]
        lines = Lines(
            np.array([x.alpha_keV, x.beta_keV]), np.array([1.0 - x.beta_share, x.beta_share])
        )
        name = f"{element} X-rays"
        yield Candidate(name, "nuisance", False), lines, (name, name)


def _direct(
    crystal: _Crystal, candidate: Candidate, lines: Lines
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Deposits bare and behind every absorber, and full-energy counts of the lines with them."""
    efficiency = crystal.peak(lines.energies_keV)[:, 0]
    rows, peaks = [crystal.lines(lines)], [lines.intensities * efficiency]
    outside = [(behind(lines, layers), False) for layers in SHIELDS]
    if candidate.name in _METALS:
        outside += [(inside(lines, metal), True) for metal in METAL]
    for out, own in outside:
        row = crystal.lines(Lines(lines.energies_keV, out.passed))
        row += crystal.lines(_new_lines(out.new, own=own)) + crystal.spread(out.continuum)
        rows.append(row)
        peaks.append(out.passed * efficiency)
    if candidate.name in NATURAL:
        field = inside_medium(lines.energies_keV, lines.intensities)
        n = lines.energies_keV.size
        row = crystal.lines(Lines(field.energies_keV, field.intensities), side="isotropic")
        rows.append(row + crystal.spread(field.continuum, side="isotropic"))
        around = crystal.peak(lines.energies_keV, side="isotropic")[:, 0]
        peaks.append(field.intensities[:n] * around)
    return rows, peaks


def _new_lines(new: Lines, *, own: bool) -> Lines:
    """Lines that a layer adds: X-rays only of metal that is the source itself.

    Whether X-rays of a shield come out depends on a can around it; they are free beside.
    """
    kept = np.ones(new.energies_keV.size, dtype=bool) if own else new.energies_keV > _X_RAYS_KEV
    return Lines(new.energies_keV[kept], new.intensities[kept])


def _more(
    crystal: _Crystal, lines: Lines, direct: list[FloatArray], peaks: list[FloatArray]
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Direct radiation with a multiple of what comes beside it.

    By way of the ground; scattered once by some angle; partly absorbed; lines of low energy, which
    windows weaken; annihilation radiation of photons of high energy.
    """
    beside: list[tuple[int, FloatArray, float]] = [
        (0, crystal.spread(by_ground(lines), side="isotropic"), _SCATTERED),
    ]
    for k, angles in _BESIDE:
        photons = lines
        if k:
            photons = Lines(lines.energies_keV, behind(lines, SHIELDS[k - 1]).passed)
        beside.append((k, crystal.partial(photons), _PARTIAL))
        for cosines in angles:
            row = crystal.spread(scattered(photons, cosines), side="isotropic")
            beside.append((k, row, _SCATTERED))
    low = lines.energies_keV < LOW_LINES_KEV
    if low.any() and not low.all():
        photons = Lines(lines.energies_keV[low], lines.intensities[low])
        beside.append((0, crystal.lines(photons), _LOW))
    high = lines.energies_keV > _PAIR_FROM_KEV
    if lines.intensities[high].sum() > _STRONG_PART * lines.intensities.sum():
        one = Lines(np.array([ELECTRON_MASS_KEV]), np.ones(1))
        beside.append((0, crystal.lines(one), _ANNIHILATION))
    rows, counts = [], []
    for k, row, ratio in beside:
        total = float(row.sum())
        if total > 0 and direct[k].sum() > 0:
            rows.append(direct[k] + row * (ratio * float(direct[k].sum()) / total))
            counts.append(peaks[k])
    return rows, counts


def _others(crystal: _Crystal) -> tuple[tuple[str, ...], FloatArray]:
    names: list[str] = []
    rows: list[FloatArray] = []
    flux = np.diff(PHOTON_EDGES_KEV) * PHOTON_CENTRES_KEV**-COSMIC_INDEX
    flux[PHOTON_CENTRES_KEV < BACKGROUND_FLOOR_KEV] = 0.0
    names.append("cosmic")
    rows.append(
        crystal.spread(flux, side="isotropic")
        + crystal.lines(
            Lines(np.array([ELECTRON_MASS_KEV]), np.array([COSMIC_511 * flux.sum()])),
            side="isotropic",
        )
    )
    if crystal.model.intrinsic:
        # sharp enough for the grid; the spectrum's own width comes with the scale
        fine = folder_for(_sharp(crystal.model), DEPOSIT_EDGES_KEV)
        for name, row in intrinsic_components(crystal.model.intrinsic, fine).items():
            names.append(f"{name} of the crystal")
            rows.append(row)
    return tuple(names), np.array(rows)


def _sharp(model: DetectorModel) -> DetectorModel:
    return replace(model, resolution=PeakWidth(0.01, 0.0, 1e-6))
