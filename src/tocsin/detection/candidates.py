"""Candidates: which nuclides are looked for, with what lines, behind which absorbers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import Resolution
from tocsin.detection.templates import LinePattern
from tocsin.detectors import material

FloatArray = NDArray[np.float64]
Tier = Literal["common", "uncommon", "strategic", "natural", "nuisance"]
"""``nuisance``: radiation of no nuclide (X-rays of lead and tungsten), never in the data file."""

# Absorbers between source and crystal: material and thickness in cm. A nuclide is fitted with a
# non-negative mixture of its patterns behind them, which stands for an unknown shield and for the
# error of the efficiency curve at once. Steps of about one half-value layer at the energies where
# each material matters.
ABSORBERS: tuple[tuple[tuple[str, float], ...], ...] = (
    (),
    (("Fe", 0.3),),
    (("Fe", 2.0),),
    (("Pb", 0.1),),
    (("Pb", 0.4),),
    (("Pb", 1.2),),
    (("Pb", 3.0),),
)

LOWEST_KEV = 20.0
HIGHEST_KEV = 3200.0
DISTINCT = 0.05  # sum of differences of two patterns below which they are one
WEAKEST_PART = 0.002  # of the strongest line behind the same absorber; weaker lines are left out


class Line(Protocol):
    """What is asked of a line of the nuclide library."""

    @property
    def energy_keV(self) -> float:
        """Energy in keV."""
        ...

    @property
    def intensity(self) -> float:
        """Photons per decay of the parent."""
        ...

    @property
    def emitter(self) -> str:
        """Nuclide that emits the line."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A nuclide that may be named.

    ``tier`` says how strict the proof must be; ``rare`` marks nuclides that are not among the
    common field nuclides for which reference spectra are published (SAND2025-05468O): they are
    named only where no common one does nearly as well. ``progeny``: with all that grows from it.
    """

    name: str
    tier: Tier
    progeny: bool
    rare: bool = False


@cache
def candidate_list() -> tuple[Candidate, ...]:
    """The candidates of ``data/candidates.csv``."""
    path = resources.files("tocsin.detection") / "data" / "candidates.csv"
    with path.open(encoding="utf-8") as stream:
        return tuple(
            Candidate(
                row["name"], _tier(row["tier"]), row["progeny"] == "yes", row["rare"] == "yes"
            )
            for row in csv.DictReader(stream)
        )


def _tier(text: str) -> Tier:
    tiers: dict[str, Tier] = {
        "common": "common",
        "uncommon": "uncommon",
        "strategic": "strategic",
        "natural": "natural",
    }
    return tiers[text]


def transmissions(energies_keV: FloatArray) -> FloatArray:
    """Part of the photons that passes each absorber, shape ``(n_absorber, n_line)``."""
    inside = np.clip(energies_keV, 10.0, 10_000.0)
    rows = []
    for layers in ABSORBERS:
        depth = np.zeros_like(inside)
        for name, thickness_cm in layers:
            depth += material(name).coefficients(inside).interaction * thickness_cm
        rows.append(np.exp(-depth))
    return np.asarray(rows)


def line_pattern(
    name: str,
    energies_keV: FloatArray,
    intensities: FloatArray,
    emitters: Sequence[str],
    *,
    efficiency: FloatArray,
    absorbers: bool = True,
) -> LinePattern | None:
    """Pattern of a candidate, behind every absorber if wanted; None where no line can be seen."""
    usable = (energies_keV >= LOWEST_KEV) & (energies_keV <= HIGHEST_KEV) & (intensities > 0)
    energies, intensity = energies_keV[usable], intensities[usable]
    labels = [e for e, keep in zip(emitters, usable, strict=True) if keep]
    if energies.size == 0:
        return None
    weights = (intensity * efficiency[usable])[None, :]
    if absorbers:
        weights = weights * transmissions(energies)
    strongest = weights.max(axis=1, keepdims=True)
    useful = np.any(weights >= WEAKEST_PART * np.maximum(strongest, 1e-300), axis=0)
    order = np.flatnonzero(useful)[np.argsort(energies[useful], kind="stable")]
    rows = weights[:, order]
    rows = rows[rows.sum(axis=1) > 0]
    sums = rows.sum(axis=1)
    kept = _distinct(rows / sums[:, None])
    return LinePattern(
        name,
        energies[order],
        intensity[order],
        rows[kept] / sums[kept, None],
        sums[kept],
        tuple(labels[i] for i in order),
    )


def _distinct(rows: FloatArray) -> list[int]:
    """Rows that differ: a single line looks the same behind every absorber."""
    kept: list[int] = []
    for i, row in enumerate(rows):
        if all(float(np.abs(row - rows[j]).sum()) > DISTINCT for j in kept):
            kept.append(i)
    return kept


def pattern_of(
    name: str,
    lines: Iterable[Line],
    *,
    efficiency_of: Resolution,
) -> LinePattern | None:
    """Pattern from lines of the nuclide library."""
    table = list(lines)
    if not table:
        return None
    energies = np.array([line.energy_keV for line in table], dtype=np.float64)
    intensities = np.array([line.intensity for line in table], dtype=np.float64)
    efficiency = efficiency_of(np.clip(energies, 15.0, 3500.0))
    return line_pattern(
        name,
        energies,
        intensities,
        [line.emitter for line in table],
        efficiency=efficiency,
    )
