"""Branches of beta-minus decay: how many betas, how far they reach and what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tocsin.nuclear.companions import companion_rows
from tocsin.nuclear.library import load_library


@dataclass(frozen=True, slots=True)
class BetaBranch:
    """Betas that lead to one level of the daughter.

    Attributes
    ----------
    end_keV : float
        Largest kinetic energy.
    mean_keV : float
        Mean kinetic energy of the betas of this branch.
    per_decay : float
        Betas per decay of the emitter.
    emitter : str
        The nuclide that decays.
    source : str
        Source key of the branch.
    mean_from : str
        ``ensdf``, or ``allowed shape`` where the source states the end only.
    """

    end_keV: float
    mean_keV: float
    per_decay: float
    emitter: str
    source: str
    mean_from: str


@cache
def _table() -> dict[str, tuple[BetaBranch, ...]]:
    """Branches by emitter."""
    found: dict[str, list[BetaBranch]] = {}
    for row in companion_rows("beta_branches.csv"):
        found.setdefault(row["emitter"], []).append(
            BetaBranch(
                end_keV=float(row["end_keV"]),
                mean_keV=float(row["mean_keV"]),
                per_decay=float(row["per_decay"]),
                emitter=row["emitter"],
                source=row["source"],
                mean_from=row["mean_from"],
            )
        )
    return {emitter: tuple(branches) for emitter, branches in found.items()}


def beta_branches(name: str) -> tuple[BetaBranch, ...]:
    """Beta-minus branches of one nuclide, without its progeny; the farthest first.

    Branches that carry less than 1e-4 of the energy of all betas of the nuclide, and of its square,
    are not in the table. Positrons and conversion electrons are not either.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.

    Returns
    -------
    tuple of BetaBranch
        Empty for a nuclide without beta-minus decay.

    Raises
    ------
    InvalidInput, NotFound
        If the name is none, or not in the library.

    Examples
    --------
    >>> [branch.end_keV for branch in beta_branches("Sr-90")]
    [545.9]
    """
    return _table().get(load_library()[name].name, ())
