"""Build ``src/tocsin/nuclear/data/nuclides.json`` from ENSDF and UKDD-12 (development time only).

Run it in an environment of its own, outside the repository, that holds ``paceENSDF==0.6.3``
(2.4 GB, ENSDF of September 2023) and ``actigamma==0.1.5`` (UKDD-12); neither is needed at run time:

    python scripts/build_nuclide_library.py            # writes the data file and the manifest
    python scripts/build_nuclide_library.py --review   # also prints where the two sources disagree

What it does, with the reasons, is told in docs/science/nuclide-library.md.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src" / "tocsin" / "nuclear" / "data"
SELECTION = ROOT / "scripts" / "nuclide_selection.json"
EDITION = "2026.1"

YEAR_S = 365.2422 * 86400.0  # the tropical year that ENSDF evaluators use
UNIT_S = {
    **{"as": 1e-18, "fs": 1e-15, "ps": 1e-12, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0},
    **{"m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    **{"y": YEAR_S, "ky": 1e3 * YEAR_S, "My": 1e6 * YEAR_S, "Gy": 1e9 * YEAR_S},
}
ELECTRON_REST_keV = 510.99895  # CODATA 2022
ISOMER_LIMIT_s = 10.0  # isomers at least this long-lived are nuclides of their own
TERMINAL_s = 1e19  # chains end at nuclides that live longer
ABSOLUTE_CUT = 1e-5  # lines kept: at least this many photons per decay ...
RELATIVE_CUT = 1e-3  # ... or this part of the emitter's strongest line of that kind
FLOOR = 1e-9
LOWEST_keV = 5.0
MATCH_keV = 1.0  # same line in two evaluations
MINOR_BRANCH = 0.01  # below it a branch without photon normalisation does not spoil the rest
ISOMER_LEVEL_keV = 0.1  # the same level in two data sets
GAP_PART = 0.01  # a UKDD-12 gamma that ENSDF lacks is added above this part of the strongest
SYMBOLS = (
    "n H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm"
).split()
PARTICLE = {
    "betaMinusDecay": ("betaMinusDecay", "betaMinusIntensity", "beta-", 1, 0),
    "electronCaptureBetaPlusDecay": (
        "betaPlusDecay",
        "totalElectronCaptureBetaPlusIntensity",
        "ec/beta+",
        -1,
        0,
    ),
    "alphaDecay": ("alphaDecay", "alphaIntensity", "alpha", -2, -4),
}


def split_name(name: str) -> tuple[int, int, str]:
    """Return (z, a, isomer) of a canonical name such as ``Pa-234m``."""
    found = re.fullmatch(r"([A-Z][a-z]?)-(\d+)([mn]?)", name)
    if not found:
        raise SystemExit(f"not a canonical nuclide name: {name!r}")
    return SYMBOLS.index(found[1]), int(found[2]), found[3]


@dataclass
class Scheme:
    """One ENSDF decay data set: a parent state, a mode, a daughter."""

    parent: str
    parent_level_keV: float
    half_life_s: float
    half_life_unc_s: float | None
    mode: str
    daughter_z: int
    daughter_a: int
    branching: float
    branching_unc: float
    branching_known: bool
    photon_norm: float  # photons per decay of the parent and per unit of relative intensity
    photon_norm_unc: float
    photon_norm_known: bool
    lepton_norm: float
    levels: list[dict[str, Any]]


@dataclass
class Line:
    """One emitted photon, intensity per decay of its emitter."""

    energy: float
    energy_unc: float | None
    intensity: float
    intensity_unc: float | None
    kind: str
    source: str
    also: dict[str, tuple[float, float | None]] = field(default_factory=dict)


def number(value: object) -> float | None:
    """Return the value as a finite float, or None."""
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def seconds(record: dict[str, Any]) -> tuple[float, float | None] | None:
    """Half-life in s from the evaluator's own unit (the package's years have 365 days)."""
    value, unit = number(record.get("halfLifeBest")), record.get("unitHalfLifeBest")
    if value is None or unit is None:
        return None
    scale = UNIT_S.get(unit)
    if scale is None:
        converted = number(record.get("halfLifeConverted"))
        return (converted, number(record.get("dHalfLifeConverted"))) if converted else None
    unc = number(record.get("dHalfLifeBest"))
    return value * scale, unc * scale if unc else None


def level_keV(value: object) -> float:
    """Excitation energy; ``73.92+X`` reads as 73.92 and a bare ``X`` as 0.001."""
    text = str(value)
    direct = number(text)
    if direct is not None:
        return direct
    found = re.search(r"[\d.]+", text)
    return (float(found[0]) if found else 0.0) + 0.001


def has_offset(value: object) -> bool:
    """Whether a level energy is known only up to an offset, as in ``73.92+X``."""
    return number(value) is None


def read_scheme(path: Path) -> Scheme | None:
    """Read one data set of paceENSDF; None where the parent has no half-life."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    parent = raw["parentDecay"][0]
    half = seconds(parent["halfLife"][0]) if parent["halfLife"] else None
    if half is None:
        return None
    norm = raw["decaySchemeNormalization"][0]["normalizationRecord"][0]
    nr, br = number(norm["multiplerPhotonIntensity"]), number(norm["multiplerBranchingRatio"])
    d_nr = number(norm["dMultiplerPhotonIntensity"]) or 0.0
    d_br = number(norm["dMultiplerBranchingRatio"]) or 0.0
    nb = number(norm["multiplerLeptonIntensity"])
    known_br = bool(norm["recordExistsBR"]) and br is not None and br > 0.0
    br = br if known_br and br is not None else 1.0
    known_nr = bool(norm["recordExistsNR"]) and nr is not None and nr > 0.0
    strongest = max(
        (number(g["gammaIntensity"]) or 0.0 for lv in raw["levelScheme"] for g in lv["gammaDecay"]),
        default=0.0,
    )
    if known_nr and nr is not None and nr * strongest > 102.0:
        known_nr = False  # more photons than decays of this branch: not normalised per decay
    nr = nr if known_nr and nr is not None else 0.0
    relative = math.hypot(d_nr / nr if nr else 0.0, d_br / br)
    return Scheme(
        parent=f"{SYMBOLS[raw['parentAtomicNumber']]}-{raw['parentAtomicMass']}",
        parent_level_keV=level_keV(parent["parentDecayLevelEnergy"]),
        half_life_s=half[0],
        half_life_unc_s=half[1],
        mode=raw["decayMode"],
        daughter_z=raw["daughterAtomicNumber"],
        daughter_a=raw["daughterAtomicMass"],
        branching=br,
        branching_unc=d_br if known_br else 0.0,
        branching_known=known_br,
        photon_norm=nr * br / 100.0,
        photon_norm_unc=nr * br / 100.0 * relative,
        photon_norm_known=known_nr,
        lepton_norm=(nb if norm["recordExistsNB"] and nb else 1.0),
        levels=with_offsets(raw["levelScheme"]),
    )


def with_offsets(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let gammas between levels of unknown offset (``73.92+X``) end at the level of that offset.

    The package looks final levels up without the offset, so that all gammas above Pa-234m seem to
    end at the level of 73.92 keV below it.
    """
    for level in levels:
        if number(level["levelEnergy"]) is not None:
            continue
        for gamma in level["gammaDecay"]:
            for below in levels:
                if (
                    below["levelIndex"] < level["levelIndex"]
                    and number(below["levelEnergy"]) is None
                    and abs(level_keV(below["levelEnergy"]) - level_keV(gamma["levelEnergyFinal"]))
                    < 0.01
                ):
                    gamma["levelIndexFinal"] = below["levelIndex"]
    return levels


class Sources:
    """Both sources, with ENSDF data sets found by the name of the parent state."""

    def __init__(self, ensdf: Path, ukdd: Path) -> None:
        self.ensdf, self.ukdd_path = ensdf, ukdd
        raw = json.loads(ukdd.read_text(encoding="utf-8"))
        self.ukdd: dict[str, dict[str, Any]] = {}
        for key, entry in raw.items():
            found = re.fullmatch(r"([A-Z][a-z]?)(\d+)([mn]?)", key)
            if found:
                self.ukdd[f"{found[1]}-{found[2]}{found[3]}"] = entry
        self.files: dict[str, list[Path]] = {}
        for path in sorted(ensdf.glob("j_input_*.json")):
            token = path.name.split("_")[2]
            found = re.fullmatch(r"([A-Z][a-z]?)(\d+)", token)
            if found:
                self.files.setdefault(f"{found[1]}-{found[2]}", []).append(path)
        self.feeders: dict[str, list[Path]] = {}
        for path in sorted(ensdf.glob("j_input_*.json")):
            found = re.fullmatch(r"([A-Z][a-z]?)(\d+)", path.name.split("_")[3])
            if found:
                self.feeders.setdefault(f"{found[1]}-{found[2]}", []).append(path)
        self._schemes: dict[str, list[Scheme]] = {}
        self._isomer_energies: dict[str, dict[str, tuple[float, bool]]] = {}

    def half_life_ukdd(self, name: str) -> float | None:
        """UKDD-12 half-life in s."""
        entry = self.ukdd.get(name)
        return float(entry["halflife"]) if entry else None

    def isomer_name(self, ground: str, half_life_s: float) -> str | None:
        """The isomer of this nuclide whose half-life is nearest (within 20 %)."""
        best, best_distance = None, math.log(1.2)
        for letter in "mn":
            half = self.half_life_ukdd(ground + letter)
            if half is None:
                continue
            distance = abs(math.log(half / half_life_s))
            if distance < best_distance:
                best, best_distance = ground + letter, distance
        return best

    def isomer_energies(self, ground: str) -> dict[str, tuple[float, bool]]:
        """Excitation energies of the isomers of a nuclide, from all data sets that know them.

        Not every data set repeats the half-life of an isomeric level. The flag says that the
        energy has an unknown offset.
        """
        if ground not in self._isomer_energies:
            found: dict[str, tuple[float, bool]] = {}
            for path in self.feeders.get(ground, []):
                for level in json.loads(path.read_text(encoding="utf-8"))["levelScheme"]:
                    half = seconds(level["isomerDecay"][0]) if level["isomerDecay"] else None
                    self._know_isomer(found, ground, level["levelEnergy"], half)
            for path in self.files.get(ground, []):
                for parent in json.loads(path.read_text(encoding="utf-8"))["parentDecay"]:
                    half = seconds(parent["halfLife"][0]) if parent["halfLife"] else None
                    self._know_isomer(found, ground, parent["parentDecayLevelEnergy"], half)
            self._isomer_energies[ground] = found
        return self._isomer_energies[ground]

    def _know_isomer(
        self,
        found: dict[str, tuple[float, bool]],
        ground: str,
        energy: object,
        half: tuple[float, float | None] | None,
    ) -> None:
        """Note the energy of a level if its half-life makes it an isomer with a name."""
        if half and half[0] >= ISOMER_LIMIT_s and level_keV(energy) > 0.0:
            name = self.isomer_name(ground, half[0])
            if name:
                found.setdefault(name, (level_keV(energy), has_offset(energy)))

    def schemes(self, name: str) -> list[Scheme]:
        """ENSDF data sets whose parent is this state."""
        if name not in self._schemes:
            ground, isomer = name.rstrip("mn"), name[-1] if name[-1] in "mn" else ""
            read = [s for s in map(read_scheme, self.files.get(ground, [])) if s]
            chosen = []
            for scheme in read:
                if scheme.parent_level_keV == 0.0:
                    if not isomer:
                        chosen.append(scheme)
                elif isomer and self.isomer_name(ground, scheme.half_life_s) == name:
                    chosen.append(scheme)
            self._schemes[name] = chosen
        return self._schemes[name]

    def unstable(self, name: str) -> bool:
        """Whether a chain goes on at this nuclide."""
        half = self.half_life_ukdd(name)
        if half is None:
            schemes = self.schemes(name)
            half = schemes[0].half_life_s if schemes else None
        return half is not None and half < TERMINAL_s


def conversion(gamma: dict[str, Any]) -> float:
    """Total internal conversion coefficient (measured before calculated)."""
    measured = number(gamma.get("experimentalTotalInternalConversionCoefficient"))
    return measured or number(gamma.get("calculatedTotalInternalConversionCoefficient")) or 0.0


def particle_feeding(scheme: Scheme, level: dict[str, Any]) -> tuple[float, float]:
    """Direct feeding of a level per decay of the parent, with its uncertainty."""
    key, intensity, *_ = PARTICLE[scheme.mode]
    factor = scheme.branching / 100.0
    if scheme.mode != "alphaDecay":
        factor *= scheme.lepton_norm
    total = variance = 0.0
    for entry in level.get(key) or []:
        share = number(entry.get(intensity)) or 0.0
        if scheme.mode == "electronCaptureBetaPlusDecay":  # the total is not always filled in
            parts = (entry.get("electronCaptureIntensity"), entry.get("betaPlusIntensity"))
            share = max(share, sum(number(one) or 0.0 for one in parts))
        total += share * factor
        variance += (
            (number(entry.get("d" + intensity[0].upper() + intensity[1:])) or 0.0) * factor
        ) ** 2
    return total, math.sqrt(variance)


def feeding(scheme: Scheme, index: int, isomers: dict[int, str]) -> tuple[float, float]:
    """Feeding of a level per decay of the parent, without what passes through other isomers."""
    level = next(one for one in scheme.levels if one["levelIndex"] == index)
    total, unc = particle_feeding(scheme, level)
    variance = unc**2
    for above in scheme.levels:
        for gamma in above["gammaDecay"]:
            if gamma["levelIndexFinal"] == index and above["levelIndex"] not in isomers:
                factor = scheme.photon_norm * (1.0 + conversion(gamma))
                total += (number(gamma["gammaIntensity"]) or 0.0) * factor
                variance += ((number(gamma["dGammaIntensity"]) or 0.0) * factor) ** 2
    return min(total, scheme.branching), math.sqrt(variance)


def isomers_of(scheme: Scheme, sources: Sources) -> dict[int, str]:
    """Levels of the daughter that are nuclides of their own, by level index."""
    ground = f"{SYMBOLS[scheme.daughter_z]}-{scheme.daughter_a}"
    found: dict[int, str] = {}
    silent = []
    for level in scheme.levels:
        half = seconds(level["isomerDecay"][0]) if level["isomerDecay"] else None
        if level_keV(level["levelEnergy"]) <= 0.0:
            continue
        if half is None:
            silent.append(level)
        elif half[0] >= ISOMER_LIMIT_s:
            name = sources.isomer_name(ground, half[0])
            if name and name not in found.values():
                found[level["levelIndex"]] = name
    for name, (energy, offset) in sources.isomer_energies(ground).items():
        for level in silent:
            same = abs(level_keV(level["levelEnergy"]) - energy) < ISOMER_LEVEL_keV
            if same and has_offset(level["levelEnergy"]) == offset and name not in found.values():
                found[level["levelIndex"]] = name
    return found


def cascade(scheme: Scheme, start: int, amount: float) -> dict[tuple[int, int], float]:
    """Photons per decay that leave the level ``start`` and those below it, fed by ``amount``."""
    population = {start: amount}
    photons: dict[tuple[int, int], float] = {}
    for level in sorted(scheme.levels, key=lambda one: -one["levelIndex"]):
        here = population.get(level["levelIndex"], 0.0)
        gammas = [g for g in level["gammaDecay"] if (number(g["gammaIntensity"]) or 0.0) > 0.0]
        whole = sum(float(g["gammaIntensity"]) * (1.0 + conversion(g)) for g in gammas)
        if here <= 0.0 or whole <= 0.0:
            continue
        for gamma in gammas:
            part = here * float(gamma["gammaIntensity"]) / whole
            key = (level["levelIndex"], gamma["levelIndexFinal"])
            photons[key] = photons.get(key, 0.0) + part
            final = gamma["levelIndexFinal"]
            population[final] = population.get(final, 0.0) + part * (1.0 + conversion(gamma))
    return photons


def scheme_lines(scheme: Scheme, sources: Sources) -> tuple[list[Line], dict[str, list[Line]]]:
    """Gammas of the parent itself, and those of each isomer (per decay of the isomer)."""
    removed: dict[tuple[int, int], float] = {}
    isomers = isomers_of(scheme, sources)
    of_isomer: dict[str, list[Line]] = {}
    energy_of = {
        (lv["levelIndex"], g["levelIndexFinal"]): g
        for lv in scheme.levels
        for g in lv["gammaDecay"]
    }
    for index, name in isomers.items():
        fed, fed_unc = feeding(scheme, index, isomers)
        for key, photons in cascade(scheme, index, fed).items():
            removed[key] = removed.get(key, 0.0) + photons
            gamma = energy_of[key]
            relative = math.hypot(relative_unc(gamma), fed_unc / fed)
            if key[0] == index:  # its own transitions: as tabulated, not from the coefficients
                photons = float(gamma["gammaIntensity"]) * scheme.photon_norm
            of_isomer.setdefault(name, []).append(
                Line(
                    float(gamma["gammaEnergy"]),
                    number(gamma["dGammaEnergy"]) or None,
                    photons / fed,
                    photons / fed * relative,
                    "gamma",
                    "ensdf",
                )
            )
    lines = []
    for level in scheme.levels:
        for gamma in level["gammaDecay"]:
            key = (level["levelIndex"], gamma["levelIndexFinal"])
            line = direct_line(scheme, gamma, removed.get(key, 0.0))
            if line and level["levelIndex"] not in isomers:
                lines.append(line)
    return lines, of_isomer


def relative_unc(gamma: dict[str, Any]) -> float:
    """Relative uncertainty of the tabulated intensity of a gamma."""
    value = number(gamma["gammaIntensity"]) or 0.0
    return (number(gamma["dGammaIntensity"]) or 0.0) / value if value else 0.0


def direct_line(scheme: Scheme, gamma: dict[str, Any], removed: float) -> Line | None:
    """One gamma in photons per decay, less what an isomer below emits; None if nothing is left."""
    relative, energy = number(gamma["gammaIntensity"]) or 0.0, number(gamma["gammaEnergy"])
    part_unc = relative_unc(gamma)
    if relative <= 0.0 or energy is None or part_unc >= 1.0:  # limits are given with 100 %
        return None
    if scheme.mode == "electronCaptureBetaPlusDecay" and abs(energy - ELECTRON_REST_keV) < 0.25:
        return None  # annihilation is computed from the beta+ branch
    whole = relative * scheme.photon_norm
    whole_unc = whole * math.hypot(part_unc, scheme.photon_norm_unc / scheme.photon_norm)
    left = whole - removed
    if removed > 0.0 and left < max(0.05 * whole, 3.0 * whole_unc):
        return None
    unc = whole_unc or None
    return Line(energy, number(gamma["dGammaEnergy"]) or None, left, unc, "gamma", "ensdf")


def annihilation(schemes: list[Scheme]) -> Line | None:
    """511 keV photons of all beta+ branches (two each, annihilation at rest)."""
    total = variance = 0.0
    for scheme in schemes:
        if scheme.mode != "electronCaptureBetaPlusDecay":
            continue
        factor = 2.0 * scheme.branching * scheme.lepton_norm / 100.0
        for level in scheme.levels:
            for entry in level.get("betaPlusDecay") or []:
                total += factor * (number(entry.get("betaPlusIntensity")) or 0.0)
                variance += (factor * (number(entry.get("dBetaPlusIntensity")) or 0.0)) ** 2
    if total <= 0.0:
        return None
    return Line(
        ELECTRON_REST_keV, None, total, math.sqrt(variance) or None, "annihilation", "ensdf"
    )


def ukdd_lines(sources: Sources, name: str) -> list[Line]:
    """All photons of UKDD-12 for this nuclide, in keV and photons per decay."""
    lines = []
    entry = sources.ukdd.get(name, {})
    for block in ("gamma", "x-ray"):
        table = entry.get(block, {}).get("lines")
        if not table:
            continue
        columns = (
            table[k]
            for k in ("energies", "energies_unc", "intensities", "intensities_unc", "norms")
        )
        for e, e_unc, i, i_unc, norm in zip(*columns, strict=True):
            kind = block
            if block == "x-ray" and abs(e / 1e3 - ELECTRON_REST_keV) < 0.1:
                kind = "annihilation"
            # both columns are relative where the norm is not 0.01
            lines.append(
                Line(e / 1e3, e_unc / 1e3 or None, i * norm, i_unc * norm or None, kind, "ukdd-12")
            )
    return [one for one in lines if one.intensity > 0.0]


@dataclass
class Nuclide:
    """What goes into the data file for one nuclide."""

    name: str
    half_lives: list[tuple[str, float, float | None]]
    modes: list[dict[str, Any]]
    lines: list[Line]
    origin: str


class Builder:
    """Builds the nuclides of the selection and all their unstable progeny."""

    def __init__(self, sources: Sources, selection: dict[str, Any]) -> None:
        self.sources, self.selection = sources, selection
        self.built: dict[str, Nuclide] = {}
        self.isomer_lines: dict[str, tuple[float, str, list[Line]]] = {}
        self.isomer_half: dict[str, tuple[float, float | None]] = {}
        self.notes: list[str] = []

    def build(self) -> dict[str, Nuclide]:
        """Close the selection over its progeny and build every member."""
        waiting = list(self.selection)
        while waiting:
            name = waiting.pop()
            if name in self.built:
                continue
            if not self.sources.unstable(name):
                raise SystemExit(f"{name}: no half-life in either source")
            self.built[name] = self.one(name)
            for mode in self.built[name].modes:
                if mode["daughter"] and self.sources.unstable(mode["daughter"]):
                    waiting.append(mode["daughter"])
        for name, nuclide in self.built.items():
            self.finish(name, nuclide)
        return dict(sorted(self.built.items(), key=lambda item: split_name(item[0])))

    def one(self, name: str) -> Nuclide:
        """Modes and ENSDF lines of one nuclide; isomers' lines are set aside for ``finish``."""
        schemes = self.sources.schemes(name)
        half_lives: list[tuple[str, float, float | None]] = []
        if schemes:
            half_lives.append(("ensdf", schemes[0].half_life_s, schemes[0].half_life_unc_s))
        ukdd = self.sources.half_life_ukdd(name)
        if ukdd:
            half_lives.append(("ukdd-12", ukdd, None))
        modes = self.modes(name, schemes)
        lines: list[Line] = []
        usable = bool(schemes) and all(
            s.photon_norm_known
            or not any(lv["gammaDecay"] for lv in s.levels)
            or (s.branching_known and s.branching < MINOR_BRANCH)
            for s in schemes
        )
        for scheme in schemes:
            direct, of_isomer = (
                scheme_lines(scheme, self.sources) if scheme.photon_norm_known else ([], {})
            )
            lines += direct if usable else []
            self.keep_isomers(name, scheme, of_isomer)
        positron = annihilation(schemes)
        lines += [positron] if positron and usable else []
        return Nuclide(name, half_lives, modes, lines, "ensdf" if usable else "ukdd-12")

    def keep_isomers(self, name: str, scheme: Scheme, of_isomer: dict[str, list[Line]]) -> None:
        """Remember half-life and lines of isomers, from the parent that feeds them most."""
        isomers = isomers_of(scheme, self.sources)
        for index, isomer in isomers.items():
            level = next(one for one in scheme.levels if one["levelIndex"] == index)
            half = seconds(level["isomerDecay"][0]) if level["isomerDecay"] else None
            if half:
                self.isomer_half.setdefault(isomer, half)
            fed = feeding(scheme, index, isomers)[0]
            if isomer in of_isomer and fed > self.isomer_lines.get(isomer, (0.0,))[0]:
                self.isomer_lines[isomer] = (fed, name, of_isomer[isomer])

    def modes(self, name: str, schemes: list[Scheme]) -> list[dict[str, Any]]:
        """Decay modes with daughters; fractions sum to one."""
        z, _, isomer = split_name(name)
        modes: list[dict[str, Any]] = []
        whole = sum(s.branching for s in schemes)
        if not schemes:
            return self.modes_ukdd(name)
        shares: dict[str, float] = {}
        if whole > 1.02:  # a data set without a branching record: shares from UKDD-12's particles
            ukdd = {m["mode"]: m["branching"] for m in self.modes_ukdd(name)}
            shares = {s.mode: ukdd.get(PARTICLE[s.mode][2], 0.0) for s in schemes}
            self.notes.append(
                f"{name}: ENSDF branches sum to {whole:.4f}, shares from UKDD-12 {shares}"
            )
        for scheme in schemes:
            label = PARTICLE[scheme.mode][2]
            ground = f"{SYMBOLS[scheme.daughter_z]}-{scheme.daughter_a}"
            share = shares[scheme.mode] if shares else scheme.branching
            rest = share
            isomers = isomers_of(scheme, self.sources)
            for index, child in isomers.items():
                fed, fed_unc = feeding(scheme, index, isomers)
                if 0.0 < share - fed < min(0.02, 2.0 * fed_unc):
                    fed = share  # the scheme does not resolve the small remainder
                if fed > 1e-6:
                    rest -= fed
                    modes.append(mode_row(label, child, fed, fed_unc))
            if rest > 1e-7:
                modes.append(mode_row(label, ground, rest, scheme.branching_unc))
        remainder = 1.0 - whole
        if isomer and remainder > 1e-6:
            modes.append(mode_row("it", self.below(name), remainder, None))
        elif z >= 90 and remainder > 1e-4 and not isomer:
            modes.append(mode_row("sf", None, remainder, None))
        total = sum(m["branching"] for m in modes)
        if abs(total - 1.0) > 0.02:
            self.notes.append(f"{name}: ENSDF branches sum to {total:.4f}, scaled to 1")
        for mode in modes:
            mode["branching"] /= total
        return sorted(modes, key=lambda m: -m["branching"])

    def below(self, name: str) -> str:
        """The state an isomeric transition leads to: from the second isomer to the first."""
        first = f"{name[:-1]}m"
        return first if name.endswith("n") and self.sources.half_life_ukdd(first) else name[:-1]

    def modes_ukdd(self, name: str) -> list[dict[str, Any]]:
        """Modes where ENSDF has no data set of this parent: from UKDD-12's particles."""
        z, a, isomer = split_name(name)
        if isomer:
            return [mode_row("it", self.below(name), 1.0, None, "ukdd-12")]
        rows = []
        for block, label, dz, da in (
            ("beta", "beta-", 1, 0),
            ("ec", "ec/beta+", -1, 0),
            ("alpha", "alpha", -2, -4),
        ):
            table = self.sources.ukdd[name].get(block, {}).get("lines")
            if table:
                part = sum(i * n for i, n in zip(table["intensities"], table["norms"], strict=True))
                rows.append(mode_row(label, f"{SYMBOLS[z + dz]}-{a + da}", part, None, "ukdd-12"))
        total = sum(r["branching"] for r in rows)
        if not rows or abs(total - 1.0) > 0.05:
            self.notes.append(f"{name}: UKDD-12 branches sum to {total:.4f}")
        for row in rows:
            row["branching"] /= total
        return rows

    def finish(self, name: str, nuclide: Nuclide) -> None:
        """Isomers' own lines, X-rays, gaps, second evaluations, cuts."""
        if name in self.isomer_half and not any(s == "ensdf" for s, *_ in nuclide.half_lives):
            nuclide.half_lives.insert(0, ("ensdf", *self.isomer_half[name]))
        other = ukdd_lines(self.sources, name)
        pure_it = all(m["mode"] == "it" for m in nuclide.modes)
        if pure_it and name in self.isomer_lines:
            self.derive_isomer(name, nuclide, other)
        if nuclide.origin == "ukdd-12":
            nuclide.lines = nuclide.lines or [x for x in other if x.kind != "x-ray"]
        else:
            self.fill_gaps(name, nuclide, other)
        nuclide.lines += [x for x in other if x.kind == "x-ray"]
        for line in nuclide.lines:
            attach(line, other)
        nuclide.lines = sorted(cut(nuclide.lines), key=lambda x: (x.energy, x.kind))

    def derive_isomer(self, name: str, nuclide: Nuclide, other: list[Line]) -> None:
        """Lines of a pure-IT isomer from its parent's data set, if they agree with UKDD-12."""
        fed, parent, lines = self.isomer_lines[name]
        strongest = max(lines, key=lambda x: x.intensity)
        twin = nearest(strongest, [x for x in other if x.kind == "gamma"])
        if twin and abs(strongest.intensity / twin.intensity - 1.0) < 0.03 and fed > 0.05:
            nuclide.lines = [*lines]
            nuclide.origin = "ensdf"
            self.notes.append(f"{name}: lines derived from {parent} (feeding {fed:.4f})")

    def fill_gaps(self, name: str, nuclide: Nuclide, other: list[Line]) -> None:
        """Add strong UKDD-12 gammas that the ENSDF data sets lack (unplaced, equilibrium, IT)."""
        gammas = [x for x in other if x.kind == "gamma"]
        if not gammas:
            return
        strongest = max(x.intensity for x in gammas)
        for line in gammas:
            if line.intensity < GAP_PART * strongest or line.intensity < ABSOLUTE_CUT:
                continue
            window = max(2.0, 0.03 * line.energy)  # old evaluations round to some keV
            if self.is_isomers(nuclide, line):
                continue
            if not any(abs(x.energy - line.energy) < window for x in nuclide.lines):
                nuclide.lines.append(line)
                self.notes.append(
                    f"{name}: gap filled, {line.energy:.2f} keV {line.intensity:.3g} from UKDD-12"
                )

    def is_isomers(self, nuclide: Nuclide, line: Line) -> bool:
        """Whether UKDD-12 files under this nuclide what an isomer that it feeds emits.

        A nuclide may emit the same line directly as well (Mo-99 and Tc-99m, 140.5 keV): then its
        own part is clearly smaller than what comes by the isomer.
        """
        for mode in nuclide.modes:
            child = mode["daughter"]
            if child and child[-1] in "mn":
                twin = nearest(
                    line, [x for x in ukdd_lines(self.sources, child) if x.kind == "gamma"]
                )
                if twin and line.intensity > 0.5 * mode["branching"] * twin.intensity:
                    return True
        return False


def mode_row(
    mode: str, daughter: str | None, branching: float, unc: float | None, source: str = "ensdf"
) -> dict[str, Any]:
    """One decay mode as it is written."""
    return {
        "mode": mode,
        "daughter": daughter,
        "branching": branching,
        "uncertainty": unc or None,
        "source": source,
    }


def nearest(line: Line, others: list[Line]) -> Line | None:
    """The nearest line of the other evaluation, within the matching distance."""
    near = [x for x in others if abs(x.energy - line.energy) < MATCH_keV]
    return min(near, key=lambda x: abs(x.energy - line.energy)) if near else None


def attach(line: Line, others: list[Line]) -> None:
    """Attach the other evaluation's intensity to a line."""
    twin = nearest(line, [x for x in others if x.kind == line.kind])
    if twin and twin.source != line.source:
        line.also[twin.source] = (twin.intensity, twin.intensity_unc)


def cut(lines: list[Line]) -> list[Line]:
    """Drop lines below the stated intensity and energy cuts."""
    kept = []
    for kind in ("gamma", "x-ray", "annihilation"):
        group = [x for x in lines if x.kind == kind and x.energy >= LOWEST_keV]
        top = max((x.intensity for x in group), default=0.0)
        limit = max(FLOOR, min(ABSOLUTE_CUT, RELATIVE_CUT * top))
        kept += [x for x in group if x.intensity >= limit]
    return kept


def rounded(value: float | None, digits: int = 6) -> float | None:
    """Shorten for a stable, readable file."""
    return None if value is None else float(f"{value:.{digits}g}")


def as_json(nuclide: Nuclide, selection: dict[str, Any]) -> str:
    """One nuclide, one line per mode and per photon."""
    z, a, isomer = split_name(nuclide.name)
    chosen = selection.get(nuclide.name)
    out = [f'  "{nuclide.name}": {{']
    head = {"z": z, "a": a, "isomer": isomer}
    out.append(f'   "z": {head["z"]}, "a": {head["a"]}, "isomer": "{head["isomer"]}",')
    out.append(f'   "classes": {json.dumps(chosen["classes"] if chosen else [])},')
    out.append(f'   "class_basis": {json.dumps(chosen["basis"] if chosen else "progeny")},')
    material = bool(chosen and chosen["nuclear_material"])
    out.append(f'   "nuclear_material": {json.dumps(material)},')
    halves = [[s, rounded(v, 8), rounded(u, 4)] for s, v, u in nuclide.half_lives]
    out.append(f'   "half_life_s": {json.dumps(halves)},')
    modes = [
        json.dumps(
            [
                m["mode"],
                m["daughter"],
                rounded(m["branching"], 9),
                rounded(m["uncertainty"], 3),
                m["source"],
            ]
        )
        for m in nuclide.modes
    ]
    out.append('   "decay_modes": [\n    ' + ",\n    ".join(modes) + "],")
    lines = []
    for x in nuclide.lines:
        also = [[s, rounded(v), rounded(u, 3)] for s, (v, u) in sorted(x.also.items())]
        row = [
            *(rounded(x.energy, 8), rounded(x.energy_unc, 3), rounded(x.intensity)),
            *(rounded(x.intensity_unc, 3), x.kind, x.source),
        ]
        lines.append(json.dumps([*row, also] if also else row))
    out.append('   "lines": [' + ("\n    " + ",\n    ".join(lines) if lines else "") + "]")
    return "\n".join(out) + "\n  }"


COLUMNS = {
    "half_life_s": ["source", "value", "standard_uncertainty"],
    "decay_modes": ["mode", "daughter", "branching", "standard_uncertainty", "source"],
    "lines": [
        *("energy_keV", "energy_uncertainty_keV", "intensity", "intensity_uncertainty"),
        *("kind", "source", "other_evaluations [source, intensity, uncertainty]"),
    ],
}
SOURCE_TEXT = {
    "ensdf": {
        "title": "Evaluated Nuclear Structure Data File (ENSDF), as parsed by paceENSDF 0.6.3",
        "edition": "September 2023",
        "publisher": "National Nuclear Data Center, Brookhaven National Laboratory",
        "licence": "public data, citation requested; the parser is BSD-licensed",
        "verification": "anchor lines compared with the second evaluation and published values",
    },
    "ukdd-12": {
        "title": "UKDD-12 decay library, as shipped in actigamma 0.1.5 (decay_2012)",
        "edition": "2012",
        "publisher": "UK Atomic Energy Authority",
        "licence": "Apache-2.0, copyright UKAEA",
        "verification": "anchor lines compared with ENSDF",
    },
}


def digest(paths: list[Path]) -> str:
    """One sha256 over the files read, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def write(built: dict[str, Nuclide], selection: dict[str, Any], sources: Sources) -> None:
    """Write the data file and its manifest."""
    bases = {
        **selection["bases"],
        "progeny": {
            "text": "In the library only as progeny of another nuclide; takes no class of its own.",
            "verification": "not applicable",
        },
    }
    head = {
        "schema": "tocsin.nuclides/1",
        "edition": EDITION,
        "columns": COLUMNS,
        "sources": {
            k: {"title": v["title"], "edition": v["edition"]} for k, v in SOURCE_TEXT.items()
        },
        "class_bases": bases,
    }
    text = json.dumps(head, indent=1)[:-2] + ',\n "nuclides": {\n'
    text += ",\n".join(as_json(n, selection["nuclides"]) for n in built.values()) + "\n }\n}\n"
    target = DATA / "nuclides.json"
    target.write_text(text, encoding="utf-8")
    read = [p for name in built for p in sources.files.get(name.rstrip("mn"), [])]
    digests = {"ensdf": digest(sorted(set(read))), "ukdd-12": digest([sources.ukdd_path])}
    manifest = {
        "schema": "tocsin.manifest/1",
        "edition": EDITION,
        "files": {target.name: hashlib.sha256(text.encode()).hexdigest()},
        "nuclides": len(built),
        "lines": sum(len(n.lines) for n in built.values()),
        "built_by": "scripts/build_nuclide_library.py",
        "sources": {k: {**v, "input_sha256": digests[k]} for k, v in SOURCE_TEXT.items()},
    }
    (DATA / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def review(builder: Builder) -> None:
    """Print what a person should look at."""
    for note in sorted(builder.notes):
        print("note:", note)
    for name, nuclide in builder.built.items():
        gammas = [x for x in nuclide.lines if x.kind == "gamma"]
        if not gammas:
            print(f"no gamma: {name} ({nuclide.origin})")
            continue
        if nuclide.origin == "ukdd-12":
            print(f"wholly UKDD-12: {name}")
        for line in sorted(gammas, key=lambda x: -x.intensity)[:4]:
            for value, _ in line.also.values():
                if abs(value / line.intensity - 1.0) > 0.05:
                    print(
                        f"differs: {name} {line.energy:.2f} keV {line.intensity:.4g} / {value:.4g}"
                    )
            if not line.also and line.source == "ensdf":
                print(f"only in ENSDF: {name} {line.energy:.2f} keV {line.intensity:.4g}")
        values = [v for _, v, _ in nuclide.half_lives]
        if len(values) == 2 and abs(values[0] / values[1] - 1.0) > 0.02:
            print(f"half-lives differ: {name} {values}")


def package_file(package: str, *parts: str) -> Path:
    """A path inside an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed in this environment (see the docstring)")
    return Path(spec.origin).parent.joinpath(*parts)


def main() -> None:
    """Command line of the build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--review", action="store_true", help="print what to look at")
    arguments = parser.parse_args()
    sources = Sources(
        package_file("paceENSDF", "ENSDF_JSON"),
        package_file("actigamma", "data", "lines_decay_2012.min.json"),
    )
    selection = json.loads(SELECTION.read_text(encoding="utf-8"))
    builder = Builder(sources, selection["nuclides"])
    built = builder.build()
    write(built, selection, sources)
    if arguments.review:
        review(builder)
    print(f"{len(built)} nuclides, {sum(len(n.lines) for n in built.values())} lines")


if __name__ == "__main__":
    main()
