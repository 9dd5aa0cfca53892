"""Read ENSDF (through paceENSDF) and UKDD-12 (through actigamma); part of the library's build."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

YEAR_S = 365.2422 * 86400.0  # the tropical year that ENSDF evaluators use
UNIT_S = {
    **{"as": 1e-18, "fs": 1e-15, "ps": 1e-12, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0},
    **{"m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    **{"y": YEAR_S, "ky": 1e3 * YEAR_S, "My": 1e6 * YEAR_S, "Gy": 1e9 * YEAR_S},
}
ISOMER_LIMIT_s = 10.0  # isomers at least this long-lived are nuclides of their own
ELECTRON_REST_keV = 510.99895  # CODATA 2022
MATCH_keV = 1.0  # same line in two evaluations
# isomers whose half-life no decay data set states: level energy, mean of the data sets that feed it
UNSTATED_ISOMERS = {
    "Y-89": {"Y-89m": (909.05, False)},
    "Nb-93": {"Nb-93m": (30.77, False)},
}
TERMINAL_s = 1e19  # chains end at nuclides that live longer
SYMBOLS = (
    "n H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm"
).split()


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
    photon_norm_other: float = 0.0  # the same from the data set's production record, if it has one


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
    doubtful: bool = False  # its level emits more than what feeds it


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
    product = raw["decaySchemeNormalization"][0]["productionNormalizationRecord"][0]
    pn = number(product["multiplierPhotonIntensityBranchingRatioCorrected"])
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
        photon_norm_other=(pn or 0.0) / 100.0 if product["recordExistsPNR"] else 0.0,
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
            found = dict(UNSTATED_ISOMERS.get(ground, {}))
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


def nearest(line: Line, others: list[Line], within_keV: float = MATCH_keV) -> Line | None:
    """The nearest line of the other evaluation, within the matching distance."""
    near = [x for x in others if abs(x.energy - line.energy) < within_keV]
    return min(near, key=lambda x: abs(x.energy - line.energy)) if near else None


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
