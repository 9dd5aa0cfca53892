"""Photons that leave one decay together, and where a detector puts their sum.

A detector that takes both photons of a cascade within its resolving time counts one event at the
sum of their energies. How many it takes depends on the square of its efficiency, so the table holds
what the nuclide does: how often two photons leave together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from tocsin.errors import InvalidInput
from tocsin.nuclear.companions import companion_rows
from tocsin.nuclear.library import NuclideLibrary, load_library

RESOLVING_TIME_s = 1e-6
"""A level that lives longer parts the photons above it from those below; the table's build says so
too. Slow germanium chains join photons over some microseconds, fast scintillators over less."""


@dataclass(frozen=True, slots=True)
class SumLine:
    """Where two photons of one decay are counted if both are taken whole.

    Attributes
    ----------
    low_keV, high_keV : float
        Energies of the two photons; K-alpha X-rays stand at their weighted mean.
    per_decay : float or None
        Pairs per decay: of the emitter in the table, of the named nuclide in ``sum_lines``. May
        exceed one with annihilation, which has two photons. No angular correlation is in it. None
        for pairs with X-rays, whose positions only are known.
    kind : str
        ``gamma + gamma``, ``annihilation + gamma``, ``x-ray + gamma`` or ``x-ray + x-ray``.
    emitter : str
        The nuclide whose decay emits both.
    source : str
        Source key of the level scheme.
    """

    low_keV: float
    high_keV: float
    per_decay: float | None
    kind: str
    emitter: str
    source: str

    @property
    def energy_keV(self) -> float:
        """Position of the sum."""
        return self.low_keV + self.high_keV


@cache
def _table() -> dict[str, tuple[SumLine, ...]]:
    """Pairs by emitter, most frequent first."""
    found: dict[str, list[SumLine]] = {}
    for row in companion_rows("coincidences.csv"):
        found.setdefault(row["emitter"], []).append(
            SumLine(
                float(row["low_keV"]),
                float(row["high_keV"]),
                float(row["per_decay"]) if row["per_decay"] else None,
                row["kind"],
                row["emitter"],
                row["source"],
            )
        )
    return {name: tuple(pairs) for name, pairs in found.items()}


def sum_lines(
    name: str,
    *,
    progeny: bool = True,
    age_s: float | None = None,
    min_per_decay: float = 0.0,
    library: NuclideLibrary | None = None,
) -> tuple[SumLine, ...]:
    """Coincidence sums of a nuclide, most frequent first, those without a probability last.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.
    progeny : bool
        Whether to add the sums of the progeny.
    age_s : float, optional
        As in ``NuclideLibrary.lines``: None takes the progeny in equilibrium.
    min_per_decay : float
        Sums with fewer pairs per decay of the named nuclide are left out; those without a
        probability stay.
    library : NuclideLibrary, optional
        The shipped library by default.

    Returns
    -------
    tuple of SumLine
        Pairs of ENSDF gammas of one cascade, computed from feeding, branching and conversion of the
        levels between them, none of which lives longer than ``RESOLVING_TIME_s``; of annihilation
        photons with gammas that follow the positron; of K X-rays with gammas that follow electron
        capture; of two K X-rays where a decay emits more than one on average. Kept are pairs of
        1e-4 per decay or more, the forty most frequent of each emitter. Sums of three photons, and
        nuclides whose gammas are not of ENSDF, are not in the table.

    Raises
    ------
    InvalidInput, NotFound
        If the name is none, or not in the library; if ``min_per_decay`` is negative.

    Examples
    --------
    >>> best = sum_lines("Co-60")[0]
    >>> round(best.energy_keV, 2), round(best.per_decay, 3)
    (2505.72, 0.998)
    """
    if not min_per_decay >= 0.0:
        raise InvalidInput(f"min_per_decay must be zero or more, not {min_per_decay!r}")
    chosen = library if library is not None else load_library()
    canonical = chosen[name].name
    ratios = chosen.activity_ratios(canonical, age_s=age_s) if progeny else {canonical: 1.0}
    found = [
        pair if pair.per_decay is None else replace(pair, per_decay=pair.per_decay * ratio)
        for emitter, ratio in ratios.items()
        if ratio > 0.0
        for pair in _table().get(emitter, ())
    ]
    kept = (p for p in found if p.per_decay is None or p.per_decay >= min_per_decay)
    return tuple(sorted(kept, key=lambda p: (-(p.per_decay or 0.0), p.energy_keV, p.emitter)))
