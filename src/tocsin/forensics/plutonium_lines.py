"""Lines of plutonium and americium that stand apart in a germanium spectrum, as groups."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tocsin.nuclear import NuclideLibrary

PARTS = ("Pu-238", "Pu-239", "Pu-240", "Pu-241", "Am-241", "U-235")
"""What amounts are asked of; U-235 stands for uranium mixed in."""
REGIONS_KEV = ((121.9, 215.0), (262.0, 272.0), (305.0, 460.0), (610.0, 780.0))
"""From the K edge of plutonium on, without the X-rays below it; no annihilation, no lead at 239."""
TYPICAL = {
    "Pu-238": 3.0, "Pu-239": 1.0, "Pu-240": 1.5, "Pu-241": 20.0, "Am-241": 1.0, "U-235": 0.001,
}  # fmt: skip
"""Activities per Pu-239 by which lines are judged weak or strong: about those of plutonium with
20 % Pu-240, 1 % Pu-241 and Am-241, 0.3 % Pu-238 by mass. They choose lines, nothing else."""
STRONG = 1.2e-7
"""Photons per decay of Pu-239, at those activities, that make a group of their own."""
WEAK = 4e-9
"""The same below which a line is left out of every sum."""
APART_FWHM = 1.2
"""Distance in peak widths up to which neighbours belong to one group."""
COUNTED_FWHM = 0.8
"""Distance in peak widths from a place of a group within which a line counts into its area."""
PLACED = 0.1
"""Part of a group's strongest line from which a line is given a place of its own."""
SCALE_KEV = (59.54, 129.30, 152.72, 203.55, 208.00, 238.63, 332.35, 345.01, 375.05, 413.71, 609.32,
             662.40, 1460.82, 2614.51)  # fmt: skip
"""Lines of plutonium, americium and any background, for the error of the energy scale."""


@dataclass(frozen=True, slots=True)
class Line:
    """One gamma line; photons per decay of the part (U-237 counts to Pu-241)."""

    part: int
    energy_keV: float
    strength: float
    spread: float
    by_uranium_237: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that one detector cannot tell apart."""

    name: str
    lines: tuple[Line, ...]

    @property
    def energies_keV(self) -> tuple[float, ...]:
        """True energies of the stronger lines, where peaks are placed."""
        most = max(_seen_strength(x) for x in self.lines)
        return tuple(x.energy_keV for x in self.lines if _seen_strength(x) > PLACED * most)

    def counted(self, reach_keV: float) -> Group:
        """The same without lines too far from every place to count into the area."""
        at = self.energies_keV
        near = tuple(x for x in self.lines if min(abs(x.energy_keV - e) for e in at) <= reach_keV)
        return Group(self.name, near)


@cache
def _rows() -> tuple[tuple[str, float, float, float], ...]:
    """Nuclide, energy in keV, photons per decay and standard uncertainty of all lines."""
    path = resources.files("tocsin.forensics") / "data" / "plutonium" / "lines.csv"
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    # Where the evaluation gives no uncertainty the line is weak and known badly.
    return tuple(
        (
            r["nuclide"],
            float(r["energy_keV"]),
            float(r["intensity"]),
            float(r["standard_uncertainty"] or 0.3 * float(r["intensity"])),
        )
        for r in rows
    )


def plutonium_lines(library: NuclideLibrary) -> tuple[Line, ...]:
    """All lines within the regions that may matter, by energy.

    U-237 is taken in equilibrium with Pu-241, which is right two months after separation.
    """
    year_s = 3.15576e7
    uranium_237 = library.activity_ratios("Pu-241", age_s=year_s)["U-237"]
    rows = [*_rows()]
    rows += [
        ("U-235", x.energy_keV, x.intensity, x.intensity_uncertainty or 0.0)
        for x in library["U-235"].lines
        if x.kind == "gamma"
    ]
    out = []
    for nuclide, energy, intensity, spread in rows:
        late = nuclide == "U-237"
        factor = uranium_237 if late else 1.0
        part = PARTS.index("Pu-241" if late else nuclide)
        line = Line(part, energy, intensity * factor, spread * factor, late)
        inside = any(low <= energy <= high for low, high in REGIONS_KEV)
        if inside and _seen_strength(line) >= WEAK:
            out.append(line)
    return tuple(sorted(out, key=lambda x: x.energy_keV))


def groups_of(lines: Sequence[Line], fwhm_keV: Callable[[float], float]) -> tuple[Group, ...]:
    """Lines sorted into what a detector of this resolution tells apart; weak groups left out."""
    out: list[Group] = []
    together: list[Line] = []
    for line in (*lines, None):
        last = together[-1].energy_keV if together else None
        near = (
            line is not None
            and last is not None
            and line.energy_keV - last <= APART_FWHM * fwhm_keV(line.energy_keV)
        )
        if together and not near:
            if sum(_seen_strength(x) for x in together) >= STRONG:
                strongest = max(together, key=_seen_strength)
                group = Group(f"{strongest.energy_keV:.1f} keV", tuple(together))
                out.append(group.counted(COUNTED_FWHM * fwhm_keV(strongest.energy_keV)))
            together = []
        if line is not None:
            together.append(line)
    return tuple(out)


def _seen_strength(line: Line) -> float:
    """Photons per decay of Pu-239 at the activities by which lines are judged."""
    return line.strength * TYPICAL[PARTS[line.part]]
