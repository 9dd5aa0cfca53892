"""Photons that leave one decay together, from the level schemes of ENSDF; part of the build."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from nuclide_schemes import PARTICLE, conversion
from nuclide_sources import ELECTRON_REST_keV, Scheme, number, seconds

PROMPT_s = 1e-6  # a level that lives longer parts the photons above from those below it
LEAST_PER_DECAY = 1e-4  # pairs kept: at least this many per decay ...
LEAST_PART = 1e-3  # ... and this part of the nuclide's most frequent pair
MOST_PAIRS = 40
SAME_keV = 0.01
UNBALANCED = 1.2  # pairs above this part of what their rarer photon allows: a gamma placed twice
XRAY_GAMMA = 1e-3  # gammas weaker than this are not paired with X-rays
MOST_XRAY_PAIRS = 10
LOWEST_K_keV = 15.0  # K X-rays below it hardly reach a detector
K_GROUP = 0.06  # K-alpha lines lie within this part of the strongest


@dataclass(frozen=True)
class Pair:
    """Two photons of one decay; the probability is None where it was not computed."""

    low_keV: float
    high_keV: float
    per_decay: float | None
    kind: str


class Levels:
    """The levels of one decay data set and how they empty."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.by_index = {level["levelIndex"]: level for level in scheme.levels}

    def gammas(self, index: int) -> list[dict[str, Any]]:
        """Gammas of a level that have an intensity."""
        level = self.by_index.get(index)
        return [
            g
            for g in (level["gammaDecay"] if level else [])
            if (number(g["gammaIntensity"]) or 0.0) > 0.0
        ]

    def lingers(self, index: int) -> bool:
        """Whether the level lives too long for what follows to be coincident."""
        level = self.by_index[index]
        half = seconds(level["isomerDecay"][0]) if level["isomerDecay"] else None
        return half is not None and half[0] > PROMPT_s

    def photons_below(self, start: int) -> dict[tuple[int, int], float]:
        """Photons of each transition after the level ``start`` was reached, promptly."""
        population = {start: 1.0}
        photons: dict[tuple[int, int], float] = {}
        for index in sorted(self.by_index, reverse=True):
            here = population.get(index, 0.0)
            if here <= 0.0 or self.lingers(index):
                continue
            gammas = self.gammas(index)
            whole = sum(float(g["gammaIntensity"]) * (1.0 + conversion(g)) for g in gammas)
            for gamma in gammas:
                part = here * float(gamma["gammaIntensity"]) / whole
                final = gamma["levelIndexFinal"]
                photons[index, final] = photons.get((index, final), 0.0) + part
                population[final] = population.get(final, 0.0) + part * (1.0 + conversion(gamma))
        return photons


def coincident_pairs(schemes: list[Scheme], lines: list[list[Any]]) -> list[Pair]:
    """Pairs of photons of one decay of a nuclide, most frequent first.

    ``lines`` are the nuclide's rows of the data file: pairs are made of its ENSDF gammas only, and
    the first photon of a pair has the intensity of the data file.
    """
    intensity = {row[0]: row[2] for row in lines if row[4] == "gamma" and row[5] == "ensdf"}
    found: dict[tuple[float, float, str], float] = defaultdict(float)
    prompt_of_capture: dict[float, float] = defaultdict(float)
    for scheme in schemes:
        levels = Levels(scheme)
        energy = {
            (index, g["levelIndexFinal"]): _listed(float(g["gammaEnergy"]), intensity)
            for index in levels.by_index
            for g in levels.gammas(index)
        }
        below = {index: levels.photons_below(index) for index in levels.by_index}
        for (_, middle), first in energy.items():
            for key, share in below.get(middle, {}).items():
                second = energy.get(key)
                if first is not None and second is not None:
                    low, high = sorted((first, second))
                    # a gamma placed twice has its whole intensity twice: the likelier place counts
                    pair = (low, high, "gamma + gamma")
                    found[pair] = max(found[pair], intensity[first] * share)
        if scheme.mode == "electronCaptureBetaPlusDecay":
            _with_leptons(scheme, levels, below, energy, found, prompt_of_capture)
    pairs = [
        Pair(low, high, share, kind)
        for (low, high, kind), share in found.items()
        if share <= UNBALANCED * _bound(low, high, kind, intensity)
    ]
    best = max((p.per_decay or 0.0 for p in pairs), default=0.0)
    kept = [p for p in pairs if (p.per_decay or 0.0) >= max(LEAST_PER_DECAY, LEAST_PART * best)]
    kept.sort(key=lambda p: (-(p.per_decay or 0.0), p.low_keV, p.high_keV))
    return kept[:MOST_PAIRS] + _with_xrays(lines, prompt_of_capture)


def _listed(energy_keV: float, intensity: dict[float, float]) -> float | None:
    """Energy of the line of the data file that this transition is; None where it has none."""
    near = min(intensity, key=lambda e: abs(e - energy_keV), default=None)
    return near if near is not None and abs(near - energy_keV) < SAME_keV else None


def _bound(low_keV: float, high_keV: float, kind: str, intensity: dict[float, float]) -> float:
    """Most pairs per decay that the photons allow: each level of a cascade is left once."""
    if kind == "gamma + gamma":
        return min(intensity[low_keV], intensity[high_keV])
    return 2.0 * intensity[high_keV if low_keV == ELECTRON_REST_keV else low_keV]


def _with_leptons(
    scheme: Scheme,
    levels: Levels,
    below: dict[int, dict[tuple[int, int], float]],
    energy: dict[tuple[int, int], float | None],
    found: dict[tuple[float, float, str], float],
    prompt_of_capture: dict[float, float],
) -> None:
    """Pairs with annihilation, and gammas that follow an electron capture promptly."""
    factor = scheme.branching * scheme.lepton_norm / 100.0
    key = PARTICLE[scheme.mode][0]
    for index, level in levels.by_index.items():
        for entry in level.get(key) or []:
            positrons = factor * (number(entry.get("betaPlusIntensity")) or 0.0)
            captures = factor * (number(entry.get("electronCaptureIntensity")) or 0.0)
            for transition, share in below[index].items():
                at = energy.get(transition)
                if at is None:
                    continue
                low, high = sorted((at, ELECTRON_REST_keV))
                if positrons > 0.0:
                    found[low, high, "annihilation + gamma"] += 2.0 * positrons * share
                prompt_of_capture[at] += captures * share


def _with_xrays(lines: list[list[Any]], prompt_of_capture: dict[float, float]) -> list[Pair]:
    """Sums with K X-rays: positions only, the probability would need capture ratios."""
    xrays = [row for row in lines if row[4] == "x-ray" and row[0] >= LOWEST_K_keV]
    top = max((row[0] for row in xrays), default=0.0)
    k_lines = [row for row in xrays if row[0] > 0.6 * top]
    if not k_lines:
        return []
    strongest = max(k_lines, key=lambda row: row[2])[0]
    alpha = [row for row in k_lines if abs(row[0] / strongest - 1.0) < K_GROUP]
    mean = round(sum(r[0] * r[2] for r in alpha) / sum(r[2] for r in alpha), 3)
    pairs = []
    if sum(row[2] for row in k_lines) > 1.0:
        pairs.append(Pair(mean, mean, None, "x-ray + x-ray"))
    strong = [(p, e) for e, p in prompt_of_capture.items() if p >= XRAY_GAMMA]
    for _, at in sorted(strong, reverse=True)[:MOST_XRAY_PAIRS]:
        low, high = sorted((mean, at))
        pairs.append(Pair(low, high, None, "x-ray + gamma"))
    return pairs
