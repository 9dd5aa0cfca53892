"""Lines below the cut of the nuclide library that thick layers leave over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tocsin.nuclear.companions import companion_rows


@dataclass(frozen=True, slots=True)
class WeakLine:
    """A gamma line that is too weak for the nuclide library.

    Attributes
    ----------
    energy_keV : float
        Photon energy.
    intensity : float
        Photons per decay of the emitter.
    emitter : str
        The nuclide whose decay emits it.
    source : str
        Source key.
    """

    energy_keV: float
    intensity: float
    emitter: str
    source: str


@cache
def weak_lines() -> dict[str, tuple[WeakLine, ...]]:
    """Lines by emitter, for the nuclides of which much is met behind thick shields.

    Gammas above 150 keV from 1e-8 per decay on that the nuclide library leaves out, made of its own
    sources by ``scripts/build_weak_lines.py``.
    """
    found: dict[str, list[WeakLine]] = {}
    for row in companion_rows("weak_lines.csv"):
        line = WeakLine(
            float(row["energy_keV"]), float(row["intensity"]), row["nuclide"], row["source"]
        )
        found.setdefault(line.emitter, []).append(line)
    return {emitter: tuple(lines) for emitter, lines in found.items()}
