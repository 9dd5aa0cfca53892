"""``tocsin nuclide``: what is known of a nuclide, each value with its source."""

from __future__ import annotations

import difflib
import math
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli import nuclide_companions as companions
from tocsin.cli.output import bad_usage, console, print_json
from tocsin.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.nuclear import Continuum, EmissionLine, Nuclide, NuclideLibrary

SECONDS_PER = {"y": 365.25 * 86400.0, "d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
# Without --min-intensity lines are shown down to this part of the strongest gamma line: Pu-239,
# whose strongest has three photons in 10,000 decays, has lines to show as well as Co-60.
SHOWN_PART_OF_STRONGEST = 0.01
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def nuclide_command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Cs-137, cs137, 137Cs, Tc99m, ...; with --neutrons an element or nothing.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    progeny: Annotated[
        bool, typer.Option("--progeny/--no-progeny", help="With the lines of its progeny.")
    ] = True,
    min_intensity: Annotated[
        float | None,
        typer.Option(
            help="Leave out lines weaker than this (photons per decay); without it, those below "
            "1 % of the strongest gamma line. 0 shows all.",
            show_default=False,
        ),
    ] = None,
    crystal: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Add the X-ray escape peaks of a crystal: Ge, NaI, CsI, CZT, LaBr3 or CeBr3.",
            show_default=False,
        ),
    ] = None,
    neutrons: Annotated[
        bool,
        typer.Option(
            "--neutrons",
            help="Show the lines that neutrons excite in source, shield and detector instead; "
            "NAME then chooses an element.",
        ),
    ] = False,
) -> None:
    """Show half-life, decay, class, lines, progeny, sums and escapes of a nuclide, with sources."""
    if min_intensity is not None and not min_intensity >= 0:
        raise InvalidInput(f"--min-intensity must be 0 or more, not {min_intensity}")
    from tocsin.nuclear import continua, load_library, neutron_lines, sum_lines

    if neutrons:
        companions.show_neutron_lines(neutron_lines(element=name), as_json=as_json)
        return
    if name is None:
        bad_usage("which nuclide? Write it like Cs-137, or give --neutrons")
    library = load_library()
    nuclide = library[canonical(name, library)]
    every = library.lines(nuclide.name, progeny=progeny)
    least = least_shown(every) if min_intensity is None else min_intensity
    lines = [line for line in every if line.intensity >= least]
    sums = sum_lines(nuclide.name, progeny=progeny)
    escapes = companions.escapes_of(lines, crystal)
    flags = continua(nuclide.name, age_s=None if progeny else 0.0)
    if as_json:
        answer = _as_json(library, nuclide, lines, least=least)
        answer |= companions.companions_json(library, nuclide, sums, escapes, flags)
        print_json(answer)
        return
    _print_facts(library, nuclide, flags)
    if progeny:
        companions.print_progeny(library, nuclide, _half_lives(library, nuclide))
    _print_lines(nuclide, lines, least=least, hidden=len(every) - len(lines))
    companions.print_sums(sums, nuclide.name)
    companions.print_escapes(escapes, crystal)
    _print_sources(library)


def canonical(name: str, library: NuclideLibrary) -> str:
    """Canonical name of what the user wrote.

    Raises
    ------
    NotFound
        With the nearest names of the library where the text names no nuclide.
    """
    from tocsin.nuclear import parse_nuclide

    try:
        return parse_nuclide(name)
    except InvalidInput as error:
        usual_first = sorted(library, key=lambda n: not library[n].customary)
        near = near_names(name, usual_first)
        if not near:
            raise
        raise NotFound(f"{name!r} names no nuclide; near: {', '.join(near)}") from error


def near_names(name: str, names: Sequence[str], *, most: int = 8) -> list[str]:
    """Names of the library that the text may mean: of the same element, or spelled like it."""
    letters = re.sub(r"[^A-Za-z]", "", name).lower()
    if letters and letters == re.sub(r"[\s_-]", "", name).lower():
        same = [n for n in names if n.split("-")[0].lower() == letters]
        if same:
            return same[:most] + (["..."] if len(same) > most else [])
    folded = {n.lower(): n for n in names}
    close = difflib.get_close_matches(name.strip().lower(), folded, n=most, cutoff=0.7)
    return [folded[c] for c in close]


def least_shown(lines: Sequence[EmissionLine]) -> float:
    """Intensity in photons per decay below which lines are left out unless all are asked for."""
    gammas = [line.intensity for line in lines if line.kind != "x-ray"]
    strongest = max(gammas or [line.intensity for line in lines], default=0.0)
    return SHOWN_PART_OF_STRONGEST * strongest


def _half_lives(library: NuclideLibrary, nuclide: Nuclide) -> dict[str, str]:
    """Half-lives of a chain, shortened."""
    return {
        name: half_life_text(library[name].half_life_s, None)
        for name in library.members(nuclide.name)
    }


def _print_facts(library: NuclideLibrary, nuclide: Nuclide, continua: Sequence[Continuum]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Nuclide", Text(nuclide.name))
    classes = ", ".join(nuclide.classes) or "none assigned"
    if nuclide.nuclear_material:
        classes += "; nuclear material"
    if nuclide.classes:
        classes += f" (assignment {library.class_bases[nuclide.class_basis]['verification']})"
    table.add_row("Class", Text(classes))
    for index, each in enumerate(nuclide.half_life.evaluations):
        text = half_life_text(each.value, each.standard_uncertainty)
        table.add_row("" if index else "Half-life", Text(f"{text} ({each.source})"))
    for index, mode in enumerate(nuclide.decay_modes):
        daughter = f" to {mode.daughter}" if mode.daughter else ""
        table.add_row(
            "" if index else "Decay",
            Text(f"{mode.mode} {100 * mode.branching:.6g} %{daughter} ({mode.source})"),
        )
    for found in continua:
        table.add_row("Continuum", Text(companions.continuum_text(found)))
    console.print(table)


def half_life_text(value_s: float, sigma_s: float | None) -> str:
    """Half-life with its standard uncertainty, in the unit and to the digit that read best."""
    unit = next((u for u, s in SECONDS_PER.items() if value_s >= 2 * s), "s")
    scale = SECONDS_PER[unit]
    value, sigma = value_s / scale, None if sigma_s is None else sigma_s / scale
    power = math.floor(math.log10(value)) if value > 0 else 0
    if -3 <= power < 5:
        return f"{_measured(value, sigma)} {unit}"
    ten = 10.0**power
    mantissa = _measured(value / ten, None if sigma is None else sigma / ten)
    mantissa = f"({mantissa})" if "±" in mantissa else mantissa
    return f"{mantissa} × 10{str(power).translate(SUPERSCRIPT)} {unit}"


def _measured(value: float, sigma: float | None) -> str:
    """Value rounded to two digits of its uncertainty; six digits where that is not known."""
    if sigma is None or sigma <= 0:
        return f"{value:.6g}"
    decimals = max(0, 1 - math.floor(math.log10(sigma)))
    return f"{value:.{decimals}f} ± {sigma:.{decimals}f}"


def _print_lines(
    nuclide: Nuclide, lines: Sequence[EmissionLine], *, least: float, hidden: int
) -> None:
    if lines:
        table = Table(title=f"Photons of {nuclide.name}", title_justify="left")
        table.add_column("energy keV", justify="right")
        table.add_column("per 100 decays", justify="right")
        table.add_column("±", justify="right")
        for heading in ("kind", "emitted by", "source"):
            table.add_column(heading)
        for line in lines:
            sigma = line.intensity_uncertainty
            table.add_row(
                f"{line.energy_keV:.3f}",
                f"{100 * line.intensity:.4g}",
                "" if sigma is None else f"{100 * sigma:.2g}",
                line.kind,
                line.emitter,
                Text(line.source),
            )
        console.print(table)
    else:
        console.print("No photon line to show.")
    if hidden:
        weaker = "1 weaker line is" if hidden == 1 else f"{hidden} weaker lines are"
        console.print(
            f"{weaker} left out (below {100 * least:.2g} per 100 decays); --min-intensity 0 "
            "shows all."
        )


def _print_sources(library: NuclideLibrary) -> None:
    for key, source in library.sources.items():
        console.print(Text(f"{key}: {source['title']}, {source['edition']}", style="dim"))
    console.print(Text(f"Nuclide library {library.version}", style="dim"))


def _as_json(
    library: NuclideLibrary, nuclide: Nuclide, lines: Sequence[EmissionLine], *, least: float
) -> dict[str, Any]:
    return {
        "schema": "tocsin.nuclide/1",
        "name": nuclide.name,
        "classes": list(nuclide.classes),
        "class_basis": library.class_bases[nuclide.class_basis],
        "nuclear_material": nuclide.nuclear_material,
        "half_life_s": nuclide.half_life_s,
        "half_life_standard_uncertainty_s": nuclide.half_life.standard_uncertainty,
        "half_life_source": nuclide.half_life.source,
        "decay_modes": [
            {"mode": m.mode, "branching": m.branching, "daughter": m.daughter, "source": m.source}
            for m in nuclide.decay_modes
        ],
        "min_intensity": least,
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
