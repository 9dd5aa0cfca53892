"""Proof a candidate must bring: its lines one by one, and rules for what is easily mistaken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import Resolution
from tocsin.detection.candidates import Candidate
from tocsin.detection.nuclide_bank import ANNIHILATION, NATURAL_START, NuclideBank
from tocsin.detection.search import Search, expected_lines
from tocsin.detection.templates import LinePattern, line_profiles
from tocsin.detectors.compton import ELECTRON_MASS_KEV

FloatArray = NDArray[np.float64]

_GROUP_FWHM = 0.7  # lines closer than this are one peak
_HUMP_TESTED = 4  # peaks of a nuclide whose width is tested
_ZONE_LINES = 4  # strongest peaks of a nuclide whose artefacts are looked at
_ZONE_FROM_KEV = 150.0  # above, Compton scattering matters; below, the escape of K X-rays does
_ESCAPE_KEV = 29.5  # mean K X-ray energy of iodine and caesium
_ROI_FWHM = 0.6  # half width in which a peak is compared with what lies under it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSettings:
    """Choices of the proof; the same for all files.

    Attributes
    ----------
    gain : float
        Fall of chi-squared on top of the tier's prior that a named nuclide must bring, all others
        refitted: 5 standard deviations, for some hundred candidates are tried.
    leading : float
        Significance of the strongest group of lines.
    leading_strategic : float
        The same for special nuclear material.
    confirmed : float
        Significance from which a group of lines counts as seen.
    expected : float
        Expected significance from which a group that is not seen speaks against.
    missing_part : float
        Part of the expected counts that may be missing.
    ratio : float
        A group is seen when its counts agree with the pattern within this factor.
    contrast, contrast_semiconductor : float
        Counts of the strongest group over all that lies under it, background left out: what the
        response model may get wrong.
    contrast_single : float
        The same for a nuclide of one line beside another, stronger nuclide.
    share, share_rare, share_semiconductor : float
        Fall of chi-squared compared with that of the strongest nuclide of the spectrum, for common
        and other candidates of scintillators, and for germanium and CZT.
    contrast_zone : float
        Contrast from which a peak counts although it lies where a stronger nuclide has an artefact
        (back-scatter, Compton edge, escape, its own flank).
    broad : float
        A peak is none when a hump this many times as wide explains more.
    x_ray_keV : float
        Lines up to here alone are no proof beside another nuclide (X-rays, escapes).
    """

    gain: float = 25.0
    leading: float = 5.0
    leading_strategic: float = 8.0
    confirmed: float = 4.0
    expected: float = 5.0
    missing_part: float = 0.35
    ratio: float = 2.5
    contrast: float = 0.06
    contrast_semiconductor: float = 0.03
    contrast_single: float = 0.25
    share: float = 0.02
    share_rare: float = 0.05
    share_semiconductor: float = 0.002
    contrast_zone: float = 1.0
    broad: float = 1.8
    x_ray_keV: float = 45.0


@dataclass(frozen=True, slots=True)
class LineGroup:
    """Lines of one nuclide that make one peak.

    ``expected`` counts follow from the pattern as fitted, ``counts`` and ``uncertainty`` from a fit
    in which this peak is free. ``contrast`` compares it with what lies under it; ``hump`` is set
    where something much broader than a peak explains more.
    """

    energy_keV: float
    intensity: float
    emitter: str
    expected: float
    counts: float
    uncertainty: float
    contrast: float
    hump: bool = False

    @property
    def significance(self) -> float:
        """Counts over uncertainty."""
        return self.counts / self.uncertainty if self.uncertainty > 0 else 0.0

    @property
    def expected_significance(self) -> float:
        """Expected counts over uncertainty."""
        return self.expected / self.uncertainty if self.uncertainty > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What speaks for one nuclide."""

    candidate: Candidate
    gain: float
    groups: tuple[LineGroup, ...]
    confirmed: tuple[LineGroup, ...]
    missing: tuple[LineGroup, ...]
    activity: float

    @property
    def name(self) -> str:
        """Name of the nuclide."""
        return self.candidate.name

    @property
    def leading(self) -> LineGroup | None:
        """Group with the largest expected significance."""
        return self.groups[0] if self.groups else None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate that the fit took and the proof refuses, with the reason in words."""

    name: str
    gain: float
    reason: str


@dataclass(frozen=True)
class Judgement:
    """Proofs of what stands, and what falls, the weakest first."""

    proved: tuple[Proof, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    notes: tuple[str, ...] = field(default=())


def judge(
    search: Search,
    bank: NuclideBank,
    resolution: Resolution,
    *,
    settings: ProofSettings,
    prior_of: Callable[[str], float],
    semiconductor: bool,
    own: tuple[str, ...],
) -> Judgement:
    """Try every nuclide of the fit. Natural ones that fail are not reported and stay in the fit."""
    proofs: dict[str, Proof] = {}
    names = [n for n in search.columns if n in {c.name for c in bank.candidates} and n not in own]
    for name in names:
        proofs[name] = _prove(search, bank, resolution, name, settings)
    if not semiconductor:
        proofs = {n: _outside(p, proofs, search, resolution, settings) for n, p in proofs.items()}
    strongest = max((p.gain for p in proofs.values()), default=0.0)
    proved, rejected = [], []
    for name, proof in proofs.items():
        free = name in NATURAL_START
        others = [p for p in proofs.values() if p.name != name and p.gain > proof.gain]
        reason = _objection(
            proof, strongest, others, settings, prior_of(proof.candidate.tier), semiconductor
        )
        if reason is None:
            reason = _special(proof, proofs, settings)
        if reason is None:
            proved.append(proof)
        elif not free:
            rejected.append(Rejection(name, proof.gain, f"{name} not named: {reason}"))
    rejected.sort(key=lambda r: r.gain)
    proved.sort(key=lambda p: -p.gain)
    return Judgement(tuple(proved), tuple(rejected))


def _prove(
    search: Search,
    bank: NuclideBank,
    resolution: Resolution,
    name: str,
    settings: ProofSettings,
) -> Proof:
    columns = search.columns[name]
    if name in search.artefacts:
        columns = np.concatenate((columns, search.artefacts[name]))
    gain = search.solution.gain - search.fit.solve(without=columns).gain
    pattern = bank.bank.patterns[bank.bank.index_of(name)]
    groups = line_groups(search, pattern, resolution, settings=settings)
    seen = [
        g
        for g in groups
        if g.significance >= settings.confirmed
        and not g.hump
        and g.expected / settings.ratio <= g.counts <= g.expected * settings.ratio
    ]
    missing = [
        g
        for g in groups
        if g.expected_significance >= settings.expected
        and g.counts < g.expected / settings.ratio
        and g.expected - g.counts > 3.0 * g.uncertainty
    ]
    amounts = search.amounts_of(name)
    activity = float(np.sum(amounts / pattern.yields[: amounts.size]))
    return Proof(bank.candidate(name), gain, groups, tuple(seen), tuple(missing), activity)


def _outside(
    proof: Proof,
    proofs: dict[str, Proof],
    search: Search,
    resolution: Resolution,
    settings: ProofSettings,
) -> Proof:
    """The proof without peaks that an artefact of a stronger nuclide may be."""
    zones: list[tuple[float, float]] = []
    for other in proofs.values():
        if other.name != proof.name and other.gain > proof.gain:
            strong = sorted(other.confirmed, key=lambda g: -g.counts)[:_ZONE_LINES]
            for group in strong:
                zones += artefact_zones(group.energy_keV, resolution, search.scale.width)
    kept = tuple(
        g
        for g in proof.confirmed
        if g.contrast >= settings.contrast_zone
        or not any(low <= g.energy_keV <= high for low, high in zones)
    )
    return replace(proof, confirmed=kept)


def artefact_zones(
    energy_keV: float, resolution: Resolution, width: float
) -> list[tuple[float, float]]:
    """Stretches (keV) where a line has artefacts in a scintillator.

    Its own flanks, the back-scatter peak (from straight back to about 100 degrees), the Compton
    edge, and the iodine or caesium X-ray escape.
    """

    def fwhm(at: float) -> float:
        return width * float(resolution(np.array([max(at, 10.0)]))[0])

    zones = [(energy_keV - 1.3 * fwhm(energy_keV), energy_keV + 1.3 * fwhm(energy_keV))]
    if energy_keV > _ZONE_FROM_KEV:
        back = energy_keV / (1.0 + 2.0 * energy_keV / ELECTRON_MASS_KEV)
        side = energy_keV / (1.0 + 1.17 * energy_keV / ELECTRON_MASS_KEV)
        edge = energy_keV - back
        zones.append((back - fwhm(back), side + 0.5 * fwhm(side)))
        zones.append((edge - 1.2 * fwhm(edge), edge + 1.2 * fwhm(edge)))
    else:
        escape = energy_keV - _ESCAPE_KEV
        zones.append((escape - 0.7 * fwhm(escape), escape + 0.7 * fwhm(escape)))
    return zones


def line_groups(
    search: Search,
    pattern: LinePattern,
    resolution: Resolution,
    *,
    settings: ProofSettings,
    most: int = 8,
) -> tuple[LineGroup, ...]:
    """Peaks of one nuclide, each left free beside all others; the best expected first."""
    expected = expected_lines(search, pattern)
    if expected.sum() <= 0:
        return ()
    fit, scale = search.fit, search.scale
    members = _grouped(pattern, expected, resolution, scale.width)
    profiles = line_profiles(pattern.energies_keV, fit.binned.edges_keV, resolution, scale)
    shapes, counts = [], []
    for group in members:
        total = float(expected[group].sum())
        shape = np.asarray(profiles[group].T @ expected[group]).ravel()
        inside = float(shape.sum())
        if total > 0 and inside > 0.5 * total:  # peaks outside the range prove nothing
            shapes.append(shape / total)
            counts.append((total, group))
    if not shapes:
        return ()
    matrix = np.stack(shapes, axis=1)
    power = np.array([c for c, _ in counts]) * np.sqrt(
        np.maximum(np.einsum("ij,ij->j", matrix, fit.continuum.reduce(matrix)), 0.0)
    )
    order = np.argsort(-power, kind="stable")[:most]
    amounts, sigmas = fit.free_amounts(
        matrix[:, order], search.solution, without=search.columns[pattern.name]
    )
    modelled = fit.expected(search.solution)
    broad = line_profiles(
        pattern.energies_keV,
        fit.binned.edges_keV,
        resolution,
        replace(scale, width=settings.broad * scale.width),
    )
    found = []
    for k, i in enumerate(order):
        total, group = counts[i]
        energy = float(np.average(pattern.energies_keV[group], weights=expected[group]))
        main = int(group[np.argmax(expected[group])])
        found.append(
            LineGroup(
                energy_keV=energy,
                intensity=float(pattern.intensities[group].sum()),
                emitter=pattern.emitters[main],
                expected=total,
                counts=float(amounts[k]),
                uncertainty=float(sigmas[k]),
                hump=k < _HUMP_TESTED
                and _is_hump(
                    search,
                    pattern.name,
                    np.delete(matrix[:, order], k, axis=1),
                    matrix[:, i],
                    np.asarray(broad[group].T @ expected[group]).ravel() / total,
                ),
                contrast=_contrast(search, energy, resolution, matrix[:, i] * total, modelled),
            )
        )
    return tuple(found)


def _is_hump(
    search: Search, name: str, others: FloatArray, peak: FloatArray, broad: FloatArray
) -> bool:
    """Whether a broad hump explains more than the peak, all other peaks left free."""
    both = []
    for shape in (peak, broad):
        amounts, sigmas = search.fit.free_amounts(
            np.column_stack((shape, others)), search.solution, without=search.columns[name]
        )
        both.append(float(amounts[0] / sigmas[0]) if sigmas[0] > 0 else 0.0)
    return both[1] > both[0]


def _grouped(
    pattern: LinePattern, expected: FloatArray, resolution: Resolution, width: float
) -> list[NDArray[np.int64]]:
    groups: list[list[int]] = []
    for i in np.argsort(pattern.energies_keV, kind="stable"):
        if expected[i] <= 0:
            continue
        energy = float(pattern.energies_keV[i])
        if groups:
            last = groups[-1]
            centre = float(np.average(pattern.energies_keV[last], weights=expected[last]))
            near = _GROUP_FWHM * width * float(resolution(np.array([centre]))[0])
            if energy - centre <= near:
                last.append(int(i))
                continue
        groups.append([int(i)])
    return [np.asarray(g, dtype=np.int64) for g in groups]


def _contrast(
    search: Search, energy_keV: float, resolution: Resolution, own: FloatArray, modelled: FloatArray
) -> float:
    binned, scale = search.fit.binned, search.scale
    at = float(scale.seen_keV(np.array([energy_keV]))[0])
    reach = _ROI_FWHM * scale.width * float(resolution(np.array([energy_keV]))[0])
    inside = np.abs(binned.centres_keV - at) <= max(
        reach, 0.6 * float(np.median(np.diff(binned.edges_keV)))
    )
    peak = float(own[inside].sum())
    under = float((modelled - binned.background - own)[inside].sum())
    return peak / max(under, 1.0)


def _objection(
    proof: Proof,
    strongest: float,
    stronger: list[Proof],
    settings: ProofSettings,
    prior: float,
    semiconductor: bool,
) -> str | None:
    """Why a candidate is not proved; None when nothing speaks against it."""
    lead = proof.leading
    strategic = proof.candidate.tier == "strategic"
    if lead is None or proof.gain < settings.gain + prior:
        return f"explains too little (chi-squared {proof.gain:.0f})"
    need = settings.leading_strategic if strategic else settings.leading
    if lead.significance < need:
        return f"its strongest peak at {lead.energy_keV:.0f} keV has {lead.significance:.1f} sigma"
    if lead.hump:
        return f"what is seen at {lead.energy_keV:.0f} keV is broader than a peak"
    if lead not in proof.confirmed:
        return (
            f"its strongest peak at {lead.energy_keV:.0f} keV does not fit its other lines, or "
            "lies where a stronger nuclide has an artefact"
        )
    lost = sum(g.expected for g in proof.missing)
    if lost > settings.missing_part * sum(g.expected for g in proof.groups):
        lines = ", ".join(f"{g.energy_keV:.0f}" for g in proof.missing[:3])
        return f"expected at {lines} keV and not seen"
    share = settings.share if proof.candidate.tier == "common" else settings.share_rare
    share = settings.share_semiconductor if semiconductor else share
    if proof.candidate.tier != "natural" and proof.gain < share * strongest:
        return "a small remainder beside a much stronger nuclide"
    contrast = max(g.contrast for g in proof.confirmed)
    least = settings.contrast_semiconductor if semiconductor else settings.contrast
    if proof.candidate.tier != "natural" and contrast < least:
        return f"its peaks rise only {100 * contrast:.0f} per cent over what lies under them"
    if stronger and proof.candidate.tier != "natural":
        if len(proof.confirmed) == 1 and contrast < settings.contrast_single:
            return "one faint line beside a stronger nuclide"
        if all(g.energy_keV <= settings.x_ray_keV for g in proof.confirmed):
            return "only X-ray energies beside another nuclide"
    if strategic and len(proof.confirmed) < 2:
        return "special nuclear material is not named from one peak"
    return None


def _special(proof: Proof, proofs: dict[str, Proof], settings: ProofSettings) -> str | None:
    """Rules for pairs that are easily mistaken."""
    name, seen = proof.name, [g.energy_keV for g in proof.confirmed]
    if name == "U-238":
        radium = proofs.get("Ra-226")
        ore = radium is not None and radium.gain >= settings.gain
        if not ore and not any(abs(e - 1001.0) < 25.0 for e in seen):
            return "the 1001 keV line of Pa-234m is not seen"
    if name == "Pu-239" and not any(360.0 < e < 430.0 for e in seen):
        return "its lines around 375 and 414 keV are not seen"
    if name == "Am-241":
        thorium = [proofs.get("Ra-224"), proofs.get("Ra-228")]
        if any(t is not None and t.gain > settings.gain for t in thorium):
            return "tungsten K X-rays (59 keV) beside thorium explain its line"
    return None


def annihilation_alone(search: Search, judgement: Judgement) -> float:
    """Fall of chi-squared by annihilation radiation that no proved nuclide accounts for."""
    if ANNIHILATION not in search.columns or judgement.proved:
        return 0.0
    without = search.fit.solve(without=search.columns[ANNIHILATION])
    return search.solution.gain - without.gain
