"""Energies that beta particles carry per decay, from ENSDF; part of the build."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nuclide_sources import ELECTRON_REST_keV, Scheme, number

FINE_STRUCTURE = 7.2973525643e-3  # CODATA 2022
STEPS = 400
LEAST_PART = 1e-4


@dataclass(frozen=True)
class BetaEnergies:
    """Beta particles of a nuclide, per decay."""

    mean_keV: float
    largest_keV: float
    computed: bool  # the mean is ours for some branch: ENSDF gives its end point only


def allowed_mean_keV(end_keV: float, daughter_z: int) -> float:
    """Mean energy of an allowed beta spectrum, with the Fermi function of a point charge.

    The relativistic part of the Fermi function is left out. From the means that ENSDF gives for
    1188 branches, forbidden ones among them, it differs by 4 % in the median and 22 % at most.
    """
    sum_weight = sum_energy = 0.0
    for step in range(STEPS):
        kinetic = end_keV * (step + 0.5) / STEPS
        total = kinetic + ELECTRON_REST_keV
        momentum = math.sqrt(total * total - ELECTRON_REST_keV**2)
        pull = 2.0 * math.pi * FINE_STRUCTURE * daughter_z * total / momentum
        fermi = pull / (1.0 - math.exp(-pull))
        weight = fermi * momentum * total * (end_keV - kinetic) ** 2
        sum_weight += weight
        sum_energy += weight * kinetic
    return sum_energy / sum_weight


@dataclass(frozen=True)
class BetaBranch:
    """Betas to one level, per decay of the nuclide."""

    end_keV: float
    mean_keV: float
    per_decay: float
    computed: bool  # the mean is ours: ENSDF gives the end point only


def beta_branches(schemes: list[Scheme]) -> list[BetaBranch]:
    """All branches of beta-minus decay, in the order of the data sets and their levels."""
    found = []
    for scheme in schemes:
        if scheme.mode != "betaMinusDecay":
            continue
        factor = scheme.branching * scheme.lepton_norm / 100.0
        for level in scheme.levels:
            for entry in level.get("betaMinusDecay") or []:
                share = factor * (number(entry.get("betaMinusIntensity")) or 0.0)
                average = number(entry.get("averageBetaMinusEnergy"))
                end = number(entry.get("endPointBetaMinusEnergy"))
                if share <= 0.0 or end is None or end <= 0.0:
                    continue
                computed = average is None
                if average is None:
                    average = allowed_mean_keV(end, scheme.daughter_z)
                found.append(BetaBranch(end, average, share, computed))
    return found


def beta_energies(schemes: list[Scheme]) -> BetaEnergies | None:
    """Mean energy of the beta particles per decay, and their largest; None without betas."""
    branches = beta_branches(schemes)
    mean = sum(branch.per_decay * branch.mean_keV for branch in branches)
    if mean <= 0.0:
        return None
    largest = max((b.end_keV for b in branches if b.per_decay >= 1e-3), default=0.0)
    return BetaEnergies(mean, largest, any(branch.computed for branch in branches))


def strong_branches(schemes: list[Scheme]) -> list[BetaBranch]:
    """Branches that carry enough of the energy of all betas, or of its square; farthest first.

    What betas radiate goes about with the square of their energy.
    """
    branches = beta_branches(schemes)
    carried = [b.per_decay * b.mean_keV for b in branches]
    radiated = [b.per_decay * b.mean_keV**2 for b in branches]
    kept = [
        b
        for b, c, r in zip(branches, carried, radiated, strict=True)
        if c >= LEAST_PART * sum(carried) or r >= LEAST_PART * sum(radiated)
    ]
    return sorted(kept, key=lambda b: -b.end_keV)
