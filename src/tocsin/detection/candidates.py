"""Candidates: which nuclides are looked for."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Tier = Literal["common", "uncommon", "strategic", "natural", "nuisance"]
"""``nuisance``: radiation of no nuclide (X-rays of lead and tungsten), never in the data file."""

TIER_PENALTY: tuple[tuple[Tier, float], ...] = (
    ("natural", 0.0),
    ("common", 0.0),
    ("uncommon", 20.0),
    ("strategic", 20.0),
    ("nuisance", 5.0),
)
"""Fall of chi-squared that a candidate of a tier must bring before it counts, in either search."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A nuclide that may be named.

    ``tier`` says how strict the proof must be; ``rare`` marks nuclides that are not among the
    common field nuclides for which reference spectra are published (SAND2025-05468O): they are
    named only where no common one does nearly as well. ``progeny``: with all that grows from it,
    in equilibrium or, where ``ages_d`` are given, after so many days, the most usual first.
    ``impurity``: what is made along with it and comes with it; empty for none.
    """

    name: str
    tier: Tier
    progeny: bool
    rare: bool = False
    ages_d: tuple[float, ...] = ()
    impurity: str = ""


@cache
def candidate_list(*, static: bool = False) -> tuple[Candidate, ...]:
    """The candidates of ``data/candidates.csv``; ``static``: with those for long spectra only."""
    path = resources.files("tocsin.detection") / "data" / "candidates.csv"
    with path.open(encoding="utf-8") as stream:
        return tuple(
            Candidate(
                row["name"],
                _tier(row["tier"]),
                row["progeny"] == "yes",
                row["rare"] == "yes",
                tuple(float(age) for age in row["age_d"].split(";") if age),
                row["impurity"],
            )
            for row in csv.DictReader(stream)
            if static or row["use"] == "all"
        )


def _tier(text: str) -> Tier:
    tiers: dict[str, Tier] = {
        "common": "common",
        "uncommon": "uncommon",
        "strategic": "strategic",
        "natural": "natural",
    }
    return tiers[text]
