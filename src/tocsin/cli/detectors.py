"""``tocsin detectors``: what stands for an instrument, how well it sees, and one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.detectors_background import background_command
from tocsin.cli.detectors_build import build_command
from tocsin.cli.output import (
    EXIT_UNREADABLE,
    bad_usage,
    check_target,
    complain,
    console,
    counted,
    error_json,
    print_json,
    remark,
    write_file,
)
from tocsin.errors import InvalidInput, ParseError, TocsinError

if TYPE_CHECKING:
    from tocsin.detectors.construction import Construction, Stated

app = typer.Typer(
    no_args_is_help=True,
    help="Detectors by construction: efficiencies, and a detector of your own from one file.",
)
Name = Annotated[
    str,
    typer.Option("--detector", metavar="NAME", help="A name of the list, or a path to a .json."),
]
Models = Annotated[
    Path | None,
    typer.Option("--models", metavar="FOLDER", help="Folder of detector files of your own."),
]
Distance = Annotated[
    float,
    typer.Option("--distance-cm", metavar="CM", help="From the source to the front face."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
NO_DATA = "no data to check it against"
app.command("background")(background_command)
app.command("build")(build_command)


@app.command("list")
def list_command(models: Models = None, as_json: AsJson = False) -> None:
    """List the detectors with crystal and what they can be checked against."""
    from tocsin.detectors.construction import construction_names, named_construction, own_files

    own = own_files(models)
    names = sorted({*construction_names(), *own})
    found = [(name, named_construction(name, folder=models)) for name in names]
    if as_json:
        print_json({"detectors": [_listed(name, one) for name, one in found]})
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "crystal", "checked by"):
        table.add_column(column, no_wrap=column == "name")
    for name, one in found:
        checked = "; ".join(one.checked_by) or NO_DATA
        table.add_row(Text(name), Text(f"{one.material}, {one.model.size}"), Text(checked))
    console.print(table)


def _listed(name: str, one: Construction) -> dict[str, Any]:
    crystal = one.crystal
    return {
        "name": name,
        "title": one.title,
        "material": one.material,
        "shape": crystal.shape,
        "face_cm": list(crystal.face_cm),
        "depth_cm": crystal.depth_cm,
        "front_layers_cm": one.front_cm,
        "crystal_verification": one.crystal_verification,
        "resolution_verification": one.resolution_verification,
        "checked_by": list(one.checked_by),
    }


@app.command("check")
def check_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Detector file to check.")],
) -> None:
    """Check a detector file: every problem with its place and what to do, or what was read."""
    from tocsin.detectors.construction import construction_from, read_document
    from tocsin.detectors.construction_check import problems_of

    document = read_document(file)
    problems = problems_of(document)
    for problem in problems:
        complain(f"{file}: {problem}")
    if problems:
        raise typer.Exit(EXIT_UNREADABLE)
    one = construction_from(document, file=str(file))
    table = Table(box=None, pad_edge=False)
    for column in ("what", "value", "state", "source"):
        table.add_column(column)
    for row in _rows(one):
        table.add_row(*(Text(cell) for cell in row))
    console.print(Text(f"{one.name}: {one.title}", style="bold"))
    console.print(table)
    checked = "; ".join(one.checked_by) or NO_DATA
    console.print(Text(f"Can be checked by: {checked}."))
    console.print(Text(f"{file} is in order."))


def _rows(one: Construction) -> list[tuple[str, str, str, str]]:
    size = f"{one.material}, {one.model.size} ± {100 * one.crystal_relative_uncertainty:g} %"
    if one.bore:
        size += f", bore {one.bore.diameter_cm:g} cm across, {one.bore.depth_cm:g} cm deep"
    rows = [("crystal", size, one.crystal_verification, one.crystal_source)]
    for layer in one.layers:
        thick = f"{layer.front_cm:g} / {layer.side_cm:g} / {layer.back_cm:g} cm"
        text = f"{layer.material}, front / side / back {thick}"
        rows.append((layer.part, text, layer.verification, layer.source))
    w = one.resolution
    at = float(w.fwhm_keV(661.66))
    text = f"FWHM^2 = {w.a_keV2:g} + {w.b_keV:g} E + {w.c:g} E^2 ({at:.3g} keV at 661.66)"
    rows.append(("resolution", text, one.resolution_verification, one.resolution_source))
    light = "not known"
    if one.light_keV is not None and one.light is not None:
        pairs = zip(one.light_keV, one.light, strict=True)
        light = ", ".join(f"{e:g} keV: {v:g}" for e, v in pairs)
    rows.append(("light per keV", light, one.light_verification, one.light_source))
    words = {
        "threshold_keV": ("threshold", "keV"),
        "dead_time_us": ("dead time", "µs"),
        "pile_up_us": ("pile-up", "µs"),
        "gain_drift": ("gain drift", ""),
    }
    for key, (word, unit) in words.items():
        stated: Stated = one.electronics[key]
        value = "not known" if stated.value is None else f"{stated.value:g} {unit}".strip()
        rows.append((word, value, stated.verification, stated.source))
    return rows


@app.command("efficiency")
def efficiency_command(
    detector: Name,
    distance_cm: Distance = 10.0,
    energies: Annotated[
        str,
        typer.Option(metavar="KEV,KEV", help="Photon energies in keV, 20 to 3000, by commas."),
    ] = "59.5,661.66,1332.5",
    models: Models = None,
    as_json: AsJson = False,
) -> None:
    """Absolute efficiencies for a point source on the axis, per photon, in air."""
    try:
        from tocsin.detectors.construction import named_construction
        from tocsin.detectors.point_source import point_efficiency

        energies_keV = _energies(energies)
        one = named_construction(detector, folder=models)
        found = point_efficiency(one, distance_cm=distance_cm, energies_keV=energies_keV)
    except TocsinError as error:
        if as_json:
            print_json(error_json(error, file=detector if isinstance(error, ParseError) else ""))
        if isinstance(error, ParseError):
            raise
        bad_usage(str(error))
    rows = zip(
        found.energies_keV.tolist(),
        found.full_energy_peak.tolist(),
        found.total.tolist(),
        found.relative_uncertainty.tolist(),
        strict=True,
    )
    if as_json:
        names = ("energy_keV", "full_energy_peak", "total", "relative_uncertainty")
        print_json(
            {
                "detector": one.name,
                "distance_cm": distance_cm,
                "efficiencies": [dict(zip(names, row, strict=True)) for row in rows],
            }
        )
        return
    console.print(Text(f"{one.title}, point source at {distance_cm:g} cm", style="bold"))
    table = Table(box=None, pad_edge=False)
    for column in ("keV", "full-energy peak", "total", "± %"):
        table.add_column(column, justify="right")
    for energy, peak, total, relative in rows:
        table.add_row(f"{energy:g}", f"{peak:.3e}", f"{total:.3e}", f"{100 * relative:.1f}")
    console.print(table)
    if not one.checked_by:
        remark(f"{one.name}: {NO_DATA}")


def _energies(written: str) -> list[float]:
    parts = [part.strip() for part in written.split(",")]
    energies = []
    for part in parts:
        try:
            energies.append(float(part))
        except ValueError:
            text = f"--energies: {part!r} is no number of keV: write 59.5,661.66"
            raise InvalidInput(text) from None
    return energies


@app.command("plot")
def plot_command(
    detector: Name,
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Picture to write: .svg.")],
    distance_cm: Distance = 10.0,
    energy: Annotated[
        float, typer.Option("--energy", metavar="KEV", help="Line of the spectrum shown.")
    ] = 661.66,
    models: Models = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Draw the efficiencies over the energy, and the spectrum of one line."""
    if out.suffix.lower() != ".svg":
        bad_usage(f"{out.name}: the ending must be .svg")
    check_target(out, force=force)
    from tocsin.detectors.construction import named_construction
    from tocsin.report.efficiency_plot import draw_efficiency

    one = named_construction(detector, folder=models)
    drawn = draw_efficiency(one, distance_cm=distance_cm, line_keV=energy)
    write_file(out, drawn.svg, force=force)
    remark(f"{counted(1, 'picture')} written to {out}: {drawn.caption}")
