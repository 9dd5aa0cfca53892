"""``tocsin plutonium``: isotopes and americium age of plutonium from one germanium spectrum."""

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
from tocsin.cli.uranium import known_object
from tocsin.errors import ParseError, TocsinError

if TYPE_CHECKING:
    from tocsin.forensics.plutonium import PlutoniumResult, Share

SCHEMA = "tocsin.plutonium/1"


def plutonium_command(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="Germanium spectrum of plutonium.")
    ],
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
            help="Plutonium along the line of sight in g/cm2, where weighing and size tell it.",
        ),
    ] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="Nothing but thin packing is around the plutonium.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Schema tocsin.plutonium/1.")] = False,
) -> None:
    """Measure the isotopes of plutonium, and its age by Am-241, from a germanium spectrum.

    The answer is each isotope's share by mass with a 95 % interval, or a limit, and the time since
    americium was last removed. For material as it was found; no mass is measured.
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
) -> PlutoniumResult:
    from tocsin.forensics.plutonium import measure_plutonium
    from tocsin.formats import Reader

    with Reader() as reader:
        recording = reader.read(source)
        behind = None if background is None else reader.read(background)
    known = known_object(crystal, areal, bare=bare)
    return measure_plutonium(recording, background=behind, known=known)


def _share_json(s: Share) -> dict[str, Any]:
    return {
        "nuclide": s.nuclide,
        "mass_percent": s.mass_percent,
        "interval_95": list(s.interval),
        "seen": s.seen,
        "less_than": s.limit,
    }


def _as_json(r: PlutoniumResult, file: str) -> dict[str, Any]:
    ratio = r.americium_per_241
    return {
        "schema": SCHEMA,
        "file": file,
        "per": "100 g of Pu-238 to Pu-241 at the time of measurement",
        "shares": [_share_json(s) for s in r.shares],
        "am_241_per_pu_241": None
        if ratio is None
        else {"value": ratio[0], "standard_uncertainty": ratio[1], "kind": "atom"},
        "age": None if r.age is None else r.age.to_json(),
        "chi_squared": r.chi_squared,
        "freedom": r.freedom,
        "areas": [
            {
                "name": a.group.name,
                "area": a.area,
                "standard_uncertainty": a.uncertainty,
                "seen": a.seen,
            }
            for a in r.areas
        ],
        "warnings": [{"code": w.code, "message": w.message} for w in r.warnings],
        "nuclide_library": r.nuclide_library,
    }


def _print(r: PlutoniumResult, file: str) -> None:
    from tocsin.forensics.plutonium import PLUTONIUM
    from tocsin.report.inert import inert

    lines = [f"{inert(file)}: shares by mass of Pu-238 to Pu-241, 95 % intervals"]
    for s in r.shares:
        low, high = s.interval
        if s.limit is not None:
            text = f"less than {_percent(s.limit)} %, not seen"
        else:
            text = f"{_percent(s.mass_percent)} %, {_percent(low)} to {_percent(high)} %"
        beside = "" if s.nuclide in PLUTONIUM else " (beside 100 of plutonium)"
        lines.append(f"  {s.nuclide}: {text}{beside}")
    age = r.age
    if age is not None and age.age_y is not None:
        if age.limit is not None:
            text = f"{age.limit.replace('_', ' ')} {age.age_y:.1f} years"
        else:
            u = age.k * (age.standard_uncertainty_y or 0.0)
            text = f"{age.age_y:.1f} years before the measurement (U = {u:.1f} years, k = 2)"
        lines.append(f"Americium was last removed {text}, or later if some was left then")
    lines.append(f"Chi-squared {r.chi_squared:.1f} for {r.freedom} degrees of freedom")
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    for w in r.warnings:
        text = f"! {inert(w.code)}: {inert(w.message)}"
        console.print(Text(text, style="yellow"), soft_wrap=True)


def _percent(value: float) -> str:
    """Four figures, no exponent."""
    return f"{value:.4f}" if value < 1.0 else f"{value:.2f}"
