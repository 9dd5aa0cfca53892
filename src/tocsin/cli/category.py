"""``tocsin category``: how dangerous a source is, or how well material must be protected."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import bad_usage, console, error_json, print_json
from tocsin.errors import NotFound, TocsinError

if TYPE_CHECKING:
    from tocsin.nuclear import MaterialCategory, SourceActivity, SourceCategory

SCHEMA = "tocsin.category/1"
UNLIMITED = "unlimited"


def category_command(
    nuclide: Annotated[
        list[str] | None,
        typer.Option(help="Nuclide of a source, such as Cs-137 or Am-241/Be; again for each one."),
    ] = None,
    activity_Bq: Annotated[
        list[float] | None,
        typer.Option("--activity-Bq", help="Its activity on the reference date; one each."),
    ] = None,
    reference_date: Annotated[
        list[str] | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="Day of the activity: one each, or one for all. Without it, the day asked about.",
        ),
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The day asked about; today.")
    ] = None,
    material: Annotated[
        str | None, typer.Option(help="Nuclear material instead: Pu, U-235 or U-233.")
    ] = None,
    mass_g: Annotated[
        float | None, typer.Option("--mass-g", help="Mass of it in g: of the isotope for uranium.")
    ] = None,
    u235_percent: Annotated[
        float | None,
        typer.Option("--u235-percent", help="Weight per cent of U-235 in the uranium."),
    ] = None,
    pu238_percent: Annotated[
        float | None, typer.Option("--pu238-percent", help="Per cent of Pu-238 in the plutonium.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=f"The contract {SCHEMA}.")] = False,
) -> None:
    """Category of a source by A/D on any day, or of nuclear material by INFCIRC/225.

    Sources named together count as lying together: their A/D are added.
    """
    try:
        if material is not None:
            if nuclide or activity_Bq or reference_date or on is not None:
                bad_usage("--material goes with --mass-g and shares, not with a source")
            if mass_g is None:
                bad_usage("--material needs --mass-g")
            if material != "U-235" and u235_percent is not None:
                bad_usage("--u235-percent belongs to U-235")
            if material != "Pu" and pu238_percent is not None:
                bad_usage("--pu238-percent belongs to Pu")
            _show_material(material, mass_g, u235_percent, pu238_percent, as_json=as_json)
            return
        if mass_g is not None or u235_percent is not None or pu238_percent is not None:
            bad_usage("--mass-g, --u235-percent and --pu238-percent belong to --material")
        day = dt.date.today() if on is None else _day(on, "--on")  # noqa: DTZ011 the user's own day
        sources = _sources(nuclide or [], activity_Bq or [], reference_date or [])
        _show_source(sources, day, as_json=as_json)
    except TocsinError as error:
        if as_json:
            print_json(error_json(error, file=""))
        bad_usage(str(error))


def _day(written: str, option: str) -> dt.date:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        bad_usage(f"{option} must be a day as 2026-01-31, not {written!r}")


def _sources(
    nuclides: list[str], activities_Bq: list[float], dates: list[str]
) -> list[SourceActivity]:
    from tocsin.nuclear import SourceActivity

    if not nuclides:
        bad_usage("name a source (--nuclide and --activity-Bq) or nuclear material (--material)")
    if len(activities_Bq) != len(nuclides):
        bad_usage(f"{len(nuclides)} nuclides and {len(activities_Bq)} activities: one each")
    if len(dates) not in (0, 1, len(nuclides)):
        bad_usage(f"{len(dates)} reference dates for {len(nuclides)} nuclides: one each, or one")
    days: list[dt.date | None] = [_day(text, "--reference-date") for text in dates] or [None]
    if len(days) == 1:
        days *= len(nuclides)
    return [SourceActivity(*one) for one in zip(nuclides, activities_Bq, days, strict=True)]


def _show_source(sources: list[SourceActivity], day: dt.date, *, as_json: bool) -> None:
    from tocsin.nuclear import next_change, source_category

    # an activity without a date is that of the day asked about
    sources = [replace(s, reference_date=s.reference_date or day) for s in sources]
    found = source_category(sources, on=day)
    try:
        later: tuple[dt.date, int | None] | None = next_change(sources, on=day)
    except NotFound:
        later = None
    if as_json:
        print_json(_source_json(found, day, later))
        return
    title = "no category" if found.category is None else f"category {found.category}"
    level = f", security level {found.security_level}" if found.security_level else ""
    console.print(Text(f"On {day}: {title}{level}", style="bold"))
    table = Table(box=None, pad_edge=False)
    for name in ("nuclide", "activity", "D", "A/D"):
        table.add_column(name, justify="left" if name == "nuclide" else "right")
    for item in found.contributions:
        name = item.nuclide + (f" (from {item.grown_from})" if item.grown_from else "")
        ratio = "-" if item.ratio_A_over_D is None else f"{item.ratio_A_over_D:.4g}"
        table.add_row(name, f"{item.activity_Bq:.4g} Bq", _d_text(item.d_value), ratio)
    console.print(table)
    for remark in found.remarks:
        console.print(Text(remark.message))
    if later is not None:
        new = "below exemption" if later[1] is None else f"category {later[1]}"
        console.print(Text(f"By decay: {new} from {later[0]}."))


def _d_text(value: Any) -> str:
    if value is None:
        return "not known"
    text = UNLIMITED if value.value_Bq is None else f"{value.value_Bq / 1e12:g} TBq"
    return text if value.verified else f"{text} (unverified)"


def _source_json(
    found: SourceCategory, day: dt.date, later: tuple[dt.date, int | None] | None
) -> dict[str, Any]:
    def d_value(item: Any) -> dict[str, Any] | None:
        known = item.d_value
        if known is None:
            return None
        return {
            "TBq": None if known.value_Bq is None else known.value_Bq / 1e12,
            "unlimited": known.value_Bq is None,
            "source": known.source,
            "verified": known.verified,
        }

    own = [c for c in found.contributions if c.grown_from is None]
    return {
        "schema": SCHEMA,
        "on": day.isoformat(),
        "category": found.category,
        "security_level": found.security_level,
        "activity_Bq_on": found.activity_Bq,
        "ratio_A_over_D": found.ratio_A_over_D,
        "d_value": d_value(own[0]) if len(own) == 1 else None,
        "contributions": [
            {
                "nuclide": c.nuclide,
                "grown_from": c.grown_from,
                "activity_Bq_on": c.activity_Bq,
                "ratio_A_over_D": c.ratio_A_over_D,
                "d_value": d_value(c),
            }
            for c in found.contributions
        ],
        "next_change": None
        if later is None
        else {"on": later[0].isoformat(), "category": later[1]},
        "reasons": [r.message for r in found.remarks],
    }


def _show_material(
    material: str,
    mass_g: float,
    u235_percent: float | None,
    pu238_percent: float | None,
    *,
    as_json: bool,
) -> None:
    from tocsin.nuclear import material_category

    found: MaterialCategory = material_category(
        material, mass_g, u235_percent=u235_percent, pu238_percent=pu238_percent or 0.0
    )
    if as_json:
        print_json({"schema": SCHEMA} | found.to_json())
        return
    title = "no category" if found.category is None else f"category {found.category}"
    console.print(Text(title, style="bold"))
    console.print(Text(found.reason))
