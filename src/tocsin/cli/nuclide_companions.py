"""What ``tocsin nuclide`` shows beside lines: progeny, continua, sums, escapes, neutron lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from tocsin.cli.output import console, counted, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.detectors import EscapePosition
    from tocsin.nuclear import (
        Continuum,
        EmissionLine,
        NeutronLine,
        Nuclide,
        NuclideLibrary,
        SumLine,
    )

MOST_SUMS = 8
"""Sums in the table; all are in the JSON."""
LEAST_SUM_PER_DECAY = 1e-3
"""Rarer sums are in the JSON only."""
MOST_ESCAPING_LINES = 8
"""Lines whose escape peaks are in the table, the most intense first."""
LEAST_ESCAPING = 1e-3
"""Photons per decay below which the escape peaks of a line are not shown."""
PAIR_ESCAPE_FROM_KEV = 1200.0
"""Lines below it make too few pairs for an escape peak to be seen."""
MOST_SLOWER = 6
XRAY_ESCAPE_TO_KEV = 250.0
"""Lines above it are stopped too deep in a crystal for its K X-ray to leave."""


def escapes_of(
    lines: Sequence[EmissionLine], crystal: str | None
) -> list[tuple[EmissionLine, list[EscapePosition]]]:
    """Escape peaks of the most intense lines that have any, by energy of the line.

    Without a crystal those of annihilation photons only, which do not depend on it.
    """
    from tocsin.detectors import escape_positions

    found = []
    for line in lines:
        if line.intensity < LEAST_ESCAPING:
            continue
        pairs = line.energy_keV >= PAIR_ESCAPE_FROM_KEV
        xrays = crystal is not None and line.energy_keV <= XRAY_ESCAPE_TO_KEV
        places = [
            p
            for p in escape_positions(line.energy_keV, crystal or "Ge")
            if (xrays if p.kind == "x-ray escape" else pairs)
        ]
        if places:
            found.append((line, places))
    found.sort(key=lambda one: -one[0].intensity)
    return sorted(found[:MOST_ESCAPING_LINES], key=lambda one: one[0].energy_keV)


def slower_progeny(library: NuclideLibrary, nuclide: Nuclide) -> list[str]:
    """Members of the chain that are not in equilibrium in practice: they depend on the age."""
    ratios = library.activity_ratios(nuclide.name)
    return [name for name in library.members(nuclide.name) if name not in ratios]


def print_progeny(library: NuclideLibrary, nuclide: Nuclide, half_life: dict[str, str]) -> None:
    """Chain members in equilibrium, with their activity, and those that grow in over years."""
    ratios = {n: r for n, r in library.activity_ratios(nuclide.name).items() if r > 0.0}
    slower = slower_progeny(library, nuclide)
    if len(ratios) > 1:
        table = Table(title=f"In equilibrium with {nuclide.name}", title_justify="left")
        table.add_column("member")
        table.add_column("half-life")
        table.add_column(f"Bq per Bq of {nuclide.name}", justify="right")
        for name, ratio in ratios.items():
            if name != nuclide.name:
                table.add_row(name, half_life[name], f"{ratio:.4g}")
        console.print(table)
    if slower:
        listed = ", ".join(f"{name} ({half_life[name]})" for name in slower[:MOST_SLOWER])
        rest = len(slower) - MOST_SLOWER
        more = f" and {rest} more" if rest > 0 else ""
        console.print(Text(f"Not counted here, they depend on the age: {listed}{more}"))


def print_sums(sums: Sequence[SumLine], name: str) -> None:
    """Positions where two photons of one decay are counted as one."""
    shown = [s for s in sums if s.per_decay is None or s.per_decay >= LEAST_SUM_PER_DECAY]
    if not shown:
        return
    table = Table(title="Coincidence sums, in a close detector", title_justify="left")
    table.add_column("sum keV", justify="right")
    table.add_column("photons keV", justify="right")
    table.add_column("pairs per 100 decays", justify="right")
    table.add_column("kind")
    table.add_column("emitted by")
    for s in shown[:MOST_SUMS]:
        share = "not computed" if s.per_decay is None else f"{100 * s.per_decay:.3g}"
        pair = f"{s.low_keV:.2f} + {s.high_keV:.2f}"
        table.add_row(f"{s.energy_keV:.2f}", pair, share, s.kind, s.emitter)
    console.print(table)
    rest = len(sums) - len(shown[:MOST_SUMS])
    if rest:
        console.print(f"{counted(rest, 'more sum')} of {name} with --json.")


def print_escapes(
    escapes: Sequence[tuple[EmissionLine, Sequence[EscapePosition]]], crystal: str | None
) -> None:
    """Where the escape peaks of the strongest lines stand."""
    if not escapes:
        return
    of = f" in {crystal}" if crystal else ""
    table = Table(title=f"Escape peaks{of}", title_justify="left")
    table.add_column("line keV", justify="right")
    table.add_column("escape peaks keV")
    for line, places in escapes:
        text = ", ".join(f"{p.energy_keV:.1f} ({_short(p)})" for p in places)
        table.add_row(f"{line.energy_keV:.2f}", Text(text))
    console.print(table)


def _short(place: EscapePosition) -> str:
    return place.lost if place.kind == "x-ray escape" else place.kind.removesuffix(" escape")


def continuum_text(found: Continuum) -> str:
    """One continuum in words."""
    if found.kind == "bremsstrahlung":
        return (
            f"bremsstrahlung of {' and '.join(found.carriers)} up to "
            f"{found.beta_largest_keV:.0f} keV: {found.meaning}"
        )
    return f"{found.kind}: {found.meaning} (tocsin nuclide --neutrons)"


def companions_json(
    library: NuclideLibrary,
    nuclide: Nuclide,
    sums: Sequence[SumLine],
    escapes: Sequence[tuple[EmissionLine, Sequence[EscapePosition]]],
    continua: Sequence[Continuum],
) -> dict[str, Any]:
    """The same for a program: all sums, not only the most frequent."""
    ratios = library.activity_ratios(nuclide.name)
    return {
        "progeny_in_equilibrium": [
            {"name": name, "half_life_s": library[name].half_life_s, "activity_ratio": ratio}
            for name, ratio in ratios.items()
            if name != nuclide.name and ratio > 0.0
        ],
        "progeny_not_in_equilibrium": [
            {"name": name, "half_life_s": library[name].half_life_s}
            for name in slower_progeny(library, nuclide)
        ],
        "continua": [
            {
                "kind": c.kind,
                "carriers": list(c.carriers),
                "beta_mean_keV": c.beta_mean_keV,
                "beta_largest_keV": c.beta_largest_keV,
                "photons_keV": c.photons_keV,
                "neutrons": c.neutrons,
                "meaning": c.meaning,
                "verification": c.verification,
            }
            for c in continua
        ],
        "sums": [
            {
                "energy_keV": round(s.energy_keV, 4),
                "low_keV": s.low_keV,
                "high_keV": s.high_keV,
                "per_decay": s.per_decay,
                "kind": s.kind,
                "emitter": s.emitter,
                "source": s.source,
            }
            for s in sums
        ],
        "escapes": [
            {
                "line_keV": line.energy_keV,
                "kind": p.kind,
                "lost": p.lost,
                "energy_keV": round(p.energy_keV, 4),
            }
            for line, places in escapes
            for p in places
        ],
    }


def show_neutron_lines(lines: Sequence[NeutronLine], *, as_json: bool) -> None:
    """The table of lines that show neutrons, or the same as JSON."""
    from tocsin.nuclear.companions import companions_manifest

    if as_json:
        print_json(
            {
                "schema": "tocsin.neutron_lines/1",
                "lines": [
                    {
                        "energy_keV": n.energy_keV,
                        "energy_uncertainty_keV": n.energy_uncertainty_keV,
                        "nuclide": n.nuclide,
                        "reaction": n.reaction,
                        "kind": n.kind,
                        "strength": n.strength,
                        "strength_unit": n.strength_unit,
                        "place": n.place,
                        "source": n.source,
                        "origin": n.origin,
                        "verification": n.verification,
                    }
                    for n in lines
                ],
            }
        )
        return
    table = Table(title="Lines that neutrons excite", title_justify="left")
    table.add_column("energy keV", justify="right")
    for heading in ("kind", "reaction", "where", "source"):
        table.add_column(heading, overflow="fold")
    for n in lines:
        mark = "" if n.verification == "read" else " *"
        table.add_row(f"{n.energy_keV:.2f}", n.kind, n.reaction + mark, n.place, Text(n.source))
    console.print(table)
    if any(n.verification != "read" for n in lines):
        console.print("* energy read at the source; that this reaction excites it is unverified")
    for key, source in companions_manifest()["sources"].items():
        console.print(Text(f"{key}: {source['title']}, {source['edition']}", style="dim"))
