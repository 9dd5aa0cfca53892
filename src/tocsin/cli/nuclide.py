"""``tocsin nuclide``: half-life, decay and lines of a nuclide, each value with its source."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import console, print_json
from tocsin.errors import InvalidInput
from tocsin.nuclear import EmissionLine, Nuclide, NuclideLibrary, load_library, parse_nuclide

SECONDS_PER = {"y": 365.25 * 86400.0, "d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}


def nuclide_command(
    name: Annotated[str, typer.Argument(help="Cs-137, cs137, 137Cs, Tc99m, ...")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    progeny: Annotated[
        bool, typer.Option("--progeny/--no-progeny", help="With the lines of its progeny.")
    ] = True,
    min_intensity: Annotated[
        float, typer.Option(help="Leave out lines weaker than this (photons per decay).")
    ] = 1e-3,
) -> None:
    """Show half-life, decay modes, class and emission lines of a nuclide, with sources."""
    if min_intensity < 0:
        raise InvalidInput(f"--min-intensity must be 0 or more, not {min_intensity}")
    library = load_library()
    nuclide = library[parse_nuclide(name)]
    lines = library.lines(nuclide.name, progeny=progeny, min_intensity=min_intensity)
    if as_json:
        print_json(_as_json(library, nuclide, lines))
        return
    _print_facts(library, nuclide)
    _print_lines(nuclide, lines, min_intensity=min_intensity)


def _print_facts(library: NuclideLibrary, nuclide: Nuclide) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Nuclide", Text(nuclide.name))
    table.add_row("Class", Text(", ".join(nuclide.classes) or "none assigned"))
    table.add_row("Half-life", Text(half_life_text(nuclide)))
    for mode in nuclide.decay_modes:
        daughter = f" to {mode.daughter}" if mode.daughter else ""
        table.add_row("Decay", Text(f"{mode.mode} {mode.branching:.6g}{daughter}"))
    table.add_row("Library", Text(library.version))
    console.print(table)


def half_life_text(nuclide: Nuclide) -> str:
    """Half-life with its standard uncertainty in the unit that reads best."""
    value = nuclide.half_life_s
    unit = next((u for u, s in SECONDS_PER.items() if value >= 2 * s), "s")
    scale = SECONDS_PER[unit]
    sigma = nuclide.half_life.standard_uncertainty
    plus_minus = "" if sigma is None else f" ± {sigma / scale:.2g}"
    return f"{value / scale:.6g}{plus_minus} {unit} ({nuclide.half_life.source})"


def _print_lines(
    nuclide: Nuclide, lines: tuple[EmissionLine, ...], *, min_intensity: float
) -> None:
    if not lines:
        console.print(f"No photon line of {min_intensity:g} per decay or more.")
        return
    title = f"Photons per decay of {nuclide.name}, from {min_intensity:g}"
    table = Table(title=title, title_justify="left")
    table.add_column("energy keV", justify="right")
    table.add_column("per decay", justify="right")
    table.add_column("±", justify="right")
    for heading in ("kind", "emitted by", "source"):
        table.add_column(heading)
    for line in lines:
        sigma = line.intensity_uncertainty
        table.add_row(
            f"{line.energy_keV:.3f}",
            f"{line.intensity:.4g}",
            "" if sigma is None else f"{sigma:.2g}",
            line.kind,
            line.emitter,
            Text(line.source),
        )
    console.print(table)


def _as_json(
    library: NuclideLibrary, nuclide: Nuclide, lines: tuple[EmissionLine, ...]
) -> dict[str, Any]:
    return {
        "schema": "tocsin.nuclide/1",
        "name": nuclide.name,
        "classes": list(nuclide.classes),
        "half_life_s": nuclide.half_life_s,
        "half_life_standard_uncertainty_s": nuclide.half_life.standard_uncertainty,
        "half_life_source": nuclide.half_life.source,
        "decay_modes": [
            {"mode": m.mode, "branching": m.branching, "daughter": m.daughter}
            for m in nuclide.decay_modes
        ],
        "lines": [
            {
                "energy_keV": line.energy_keV,
                "intensity": line.intensity,
                "intensity_uncertainty": line.intensity_uncertainty,
                "kind": line.kind,
                "emitter": line.emitter,
                "source": line.source,
            }
            for line in lines
        ],
        "library": library.version,
    }
