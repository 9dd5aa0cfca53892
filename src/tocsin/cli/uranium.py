"""``tocsin uranium``: enrichment of uranium from one germanium spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from tocsin.cli.output import (
    EXIT_UNREADABLE,
    bad_usage,
    check_readable,
    complain,
    console,
    error_json,
    print_json,
)
from tocsin.errors import ParseError, TocsinError

if TYPE_CHECKING:
    from tocsin.spectrometry.uranium import UraniumResult
    from tocsin.spectrometry.uranium_fit import Known

SCHEMA = "tocsin.uranium/1"


def uranium_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Germanium spectrum of uranium.")],
    background: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The same instrument without the object."),
    ] = None,
    crystal: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="DIAMETER DEPTH", help="Size of the crystal in cm, where known: less is unsure."
        ),
    ] = None,
    areal: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LEAST MOST",
            help="Uranium along the line of sight in g/cm2, where weighing and size tell it.",
        ),
    ] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="Nothing but thin packing is around the uranium.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Schema tocsin.uranium/1.")] = False,
) -> None:
    """Measure the enrichment of uranium, without standards, from a germanium spectrum.

    The answer is an interval: weight per cent of U-235 with 95 % probability, and the category
    with its probability. Right for uranium separated 100 days ago or longer.
    """
    try:
        for path in (source, background):
            if path is not None:
                check_readable(path)
        result = _measured(source, background, crystal, areal, bare=bare)
    except TocsinError as error:
        if as_json:
            print_json(error_json(error, file=source.name))
        if isinstance(error, ParseError):
            complain(str(error))
            raise typer.Exit(EXIT_UNREADABLE) from error
        bad_usage(f"{source.name}: {error}")
    if as_json:
        print_json(_as_json(result, source.name))
    else:
        _print(result, source.name)


def _measured(
    source: Path,
    background: Path | None,
    crystal: tuple[float, float] | None,
    areal: tuple[float, float] | None,
    *,
    bare: bool,
) -> UraniumResult:
    from tocsin.formats import Reader
    from tocsin.spectrometry.uranium import measure_uranium

    with Reader() as reader:
        recording = reader.read(source)
        behind = None if background is None else reader.read(background)
    known = known_object(crystal, areal, bare=bare)
    return measure_uranium(recording, background=behind, known=known)


def known_object(
    crystal: tuple[float, float] | None, areal: tuple[float, float] | None, *, bare: bool
) -> Known:
    """What the options say is known: crystal in cm, areal density in g/cm2, no shell."""
    from tocsin.detectors import Crystal
    from tocsin.spectrometry.relative_efficiency import OBJECT_G_CM2
    from tocsin.spectrometry.uranium_fit import Known

    body = None
    if crystal is not None:
        diameter_cm, depth_cm = crystal
        body = Crystal("cylinder", depth_cm, (diameter_cm, diameter_cm))
    return Known(body, areal or OBJECT_G_CM2, bare)


def _as_json(r: UraniumResult, file: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "file": file,
        "weight_percent": r.weight_percent,
        "weight_interval_95": list(r.weight_interval),
        "expanded_uncertainty": r.expanded_uncertainty,
        "k": 2,
        "atom_percent": r.atom_percent,
        "atom_interval_95": list(r.atom_interval),
        "limit": {"kind": r.limit, "weight_percent": r.limit_percent} if r.limit else None,
        "category": r.category,
        "probabilities": r.probabilities,
        "activity_ratio_235_238": r.activity_ratio,
        "radium_share_of_186_keV": r.radium_share,
        "chi_squared": r.chi_squared,
        "freedom": r.freedom,
        "areas": [
            {
                "name": a.feature.name,
                "part": a.feature.part,
                "area": a.area,
                "standard_uncertainty": a.uncertainty,
                "seen": a.seen,
            }
            for a in r.areas
        ],
        "warnings": [{"code": w.code, "message": w.message} for w in r.warnings],
        "nuclide_library": r.nuclide_library,
    }


def _print(r: UraniumResult, file: str) -> None:
    from tocsin.report.inert import inert

    low, high = r.weight_interval
    lines = [
        f"{inert(file)}: {r.weight_percent:.2f} % U-235 by weight, 95 % interval {low:.2f} to "
        f"{high:.2f} % (expanded uncertainty {r.expanded_uncertainty:.2f} %, k = 2)",
        f"By atoms: {r.atom_percent:.2f} %",
    ]
    if r.limit and r.limit_percent is not None:
        unseen = "U-238" if r.limit == "at_least" else "U-235"
        words = r.limit.replace("_", " ")
        lines.append(f"{unseen} is not seen: {words} {r.limit_percent:.2f} % (95 %)")
    chances = ", ".join(f"{name} {100 * p:.0f} %" for name, p in r.probabilities.items())
    lines.append(f"Category: {r.category} ({chances})")
    lines.append(f"Chi-squared {r.chi_squared:.1f} for {r.freedom} degrees of freedom")
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    for w in r.warnings:
        text = f"! {inert(w.code)}: {inert(w.message)}"
        console.print(Text(text, style="yellow"), soft_wrap=True)
