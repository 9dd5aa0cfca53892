"""Decay schemes of ENSDF: feeding of isomers, lines per decay of the emitter, annihilation."""

from __future__ import annotations

import math
from typing import Any

from nuclide_sources import (
    SYMBOLS,
    ELECTRON_REST_keV,
    ISOMER_LIMIT_s,
    Line,
    Scheme,
    Sources,
    has_offset,
    level_keV,
    nearest,
    number,
    seconds,
    ukdd_lines,
)

ISOMER_LEVEL_keV = 0.2  # the same level in two data sets
NORM_FACTOR = 1.5  # a data set whose strong lines differ by more from UKDD-12 is not normalised
UNBALANCED = 1.5  # a level that emits this many times what feeds it has a wrong intensity
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
        suspicious = bool(level["gammaDecay"]) and unbalanced(scheme, level)
        for gamma in level["gammaDecay"]:
            key = (level["levelIndex"], gamma["levelIndexFinal"])
            line = direct_line(scheme, gamma, removed.get(key, 0.0))
            if line and level["levelIndex"] not in isomers:
                line.doubtful = suspicious
                lines.append(line)
    # a gamma placed twice in the scheme with undivided intensity is one gamma
    once = {(x.energy, x.intensity): x for x in lines}
    return list(once.values()), of_isomer


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
    if gamma["multipolarity"] == "E0":
        return None  # no photon leaves a 0+ to 0+ transition (Y-90, 1760.7 keV)
    if scheme.mode == "electronCaptureBetaPlusDecay" and abs(energy - ELECTRON_REST_keV) < 0.25:
        return None  # annihilation is computed from the beta+ branch
    whole = relative * scheme.photon_norm
    whole_unc = whole * math.hypot(part_unc, scheme.photon_norm_unc / scheme.photon_norm)
    left = whole - removed
    if removed > 0.0 and left < max(0.05 * whole, 3.0 * whole_unc):
        return None
    unc = whole_unc or None
    return Line(energy, number(gamma["dGammaEnergy"]) or None, left, unc, "gamma", "ensdf")


def short_isomers(scheme: Scheme, sources: Sources) -> dict[str, float]:
    """Feeding of isomers too short-lived to be nuclides of their own, where UKDD-12 has them."""
    ground = f"{SYMBOLS[scheme.daughter_z]}-{scheme.daughter_a}"
    found = {}
    for level in scheme.levels:
        half = seconds(level["isomerDecay"][0]) if level["isomerDecay"] else None
        if half and level_keV(level["levelEnergy"]) > 0.0 and half[0] < ISOMER_LIMIT_s:
            name = sources.isomer_name(ground, half[0])
            if name:
                found[name] = feeding(scheme, level["levelIndex"], {})[0]
    return found


def check_norm(scheme: Scheme, name: str, sources: Sources) -> str | None:
    """Choose or refuse the photon normalisation of a data set by comparison with UKDD-12.

    Some data sets carry two normalisations that disagree, some mix percent and fractions. The three
    strongest gammas that both evaluations have decide: it is refused if all of them disagree.
    Returns a note if anything was done.
    """
    if not scheme.photon_norm_known:
        return None
    theirs = [x for x in ukdd_lines(sources, name) if x.kind == "gamma"]
    pairs = []
    for level in scheme.levels:
        for gamma in level["gammaDecay"]:
            relative = number(gamma["gammaIntensity"]) or 0.0
            own = Line(float(gamma["gammaEnergy"]), None, relative, None, "gamma", "ensdf")
            twin = nearest(own, theirs) if relative > 0.0 else None
            if twin:
                pairs.append((relative, twin.intensity))
    pairs = sorted(pairs, reverse=True)[:3]
    if not pairs or max(i for _, i in pairs) < 0.05 * max(x.intensity for x in theirs):
        return None  # nothing strong to compare with

    def distance(norm: float) -> float:
        return min(abs(math.log(r * norm / i)) for r, i in pairs)

    if distance(scheme.photon_norm) < math.log(NORM_FACTOR):
        return None
    other = scheme.photon_norm_other
    if other > 0.0 and distance(other) < math.log(NORM_FACTOR):
        scheme.photon_norm_unc *= other / scheme.photon_norm
        scheme.photon_norm = other
        return f"{name}: {scheme.mode} normalised by its production record"
    scheme.photon_norm_known = False
    return f"{name}: {scheme.mode} has no usable photon normalisation"


def unbalanced(scheme: Scheme, level: dict[str, Any]) -> bool:
    """Whether a level emits clearly more than what feeds it."""
    out = sum(
        (number(g["gammaIntensity"]) or 0.0) * (1.0 + conversion(g)) for g in level["gammaDecay"]
    )
    fed, _ = feeding(scheme, level["levelIndex"], {})
    return fed > 0.0 and out * scheme.photon_norm > UNBALANCED * fed


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
