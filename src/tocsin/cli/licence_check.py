"""``tocsin licence-check``: is a licence sheet genuine, and what does it permit; offline."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import bad_usage, check_readable, console, print_json
from tocsin.cli.verifier_key import verifier_key
from tocsin.errors import ParseError

if TYPE_CHECKING:
    from tocsin.sealing import LicenceSheet, SheetVerdict

SCHEMA = "tocsin.licence-check/1"
EXIT_REFUSED = 1
CHECK_EXIT_STATUS = (
    "Exit status: 0 genuine and valid on the day, 1 not, 2 the call is wrong, 3 no sheet can be "
    "read."
)
MOST_BYTES = 64 << 20


def licence_check_command(
    sheet: Annotated[
        str,
        typer.Argument(
            metavar="SHEET",
            help="The sheet as JSON or PDF, a photograph of its code, or the text of the code.",
        ),
    ],
    key: Annotated[
        list[str],
        typer.Option(
            help="Key of the authority (name+id+...), or a file with it; several after a change "
            "of key.",
            show_default=False,
        ),
    ],
    on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The day asked about; today.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=f"The contract {SCHEMA}.")] = False,
) -> None:
    """Check the signature and the days of a licence sheet, and show what it permits.

    Whether the licence was suspended or revoked since, and what of it is used up, only the
    authority's server knows.
    """
    from tocsin.sealing import verify_sheet

    day = dt.date.today() if on is None else _day(on)  # noqa: DTZ011 the user's own day
    read = _sheet(sheet)
    verdict = verify_sheet(read, [verifier_key(text) for text in key], on=day)
    if as_json:
        print_json(
            {
                "schema": SCHEMA,
                "good": verdict.good,
                "code": verdict.code,
                "message": verdict.message,
                "on": day.isoformat(),
                "content": read.content,
            }
        )
    else:
        _print(read, verdict, day)
    if not verdict.good:
        raise typer.Exit(EXIT_REFUSED)


def _day(written: str) -> dt.date:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        bad_usage(f"--on must be a day as 2026-01-31, not {written!r}")


def _sheet(given: str) -> LicenceSheet:
    from tocsin.formats.confined_licence import CODE, read_licence

    if given.lstrip().startswith(CODE.decode()):
        return read_licence(given.encode("utf-8", errors="replace"))
    path = Path(given)
    check_readable(path)
    if path.stat().st_size > MOST_BYTES:
        raise ParseError(f"is larger than {MOST_BYTES >> 20} MiB", code="too_large", file=str(path))
    return read_licence(path.read_bytes(), file=str(path))


def _print(sheet: LicenceSheet, verdict: SheetVerdict, day: dt.date) -> None:
    from tocsin.report.inert import inert  # with it comes what draws: only who is told waits

    content = sheet.content
    title = "GENUINE" if verdict.good else verdict.code.replace("_", " ").upper()
    style = "bold green" if verdict.good else "bold red"
    console.print(Text(title, style=style) + Text(f" on {day}: {inert(verdict.message)}"))
    if verdict.code in ("unknown_key", "altered"):
        # nothing of what it says is worth reading
        return
    if content["realm"] != "LIVE":
        console.print(
            Text(f"{inert(content['realm'])}: no licence, for training only", style="bold")
        )
    facts = (
        ("Number", f"{content['number']}, version {content['version']}"),
        ("Holder", content["holder"]),
        ("Issued by", content["issuer"]),
        ("Valid", f"{content['valid_from']} to {content['valid_until']}"),
        ("Permits to", ", ".join(content["acts"])),
        ("Practices", ", ".join(content["practices"]) or "any"),
        ("Places", "; ".join(content["places"]) or "any"),
    )
    for name, value in facts:
        console.print(Text(f"{name}: {inert(value)}"))
    table = Table(box=None, pad_edge=False)
    for heading in ("limit", "form", "one source", "together", "sources"):
        table.add_column(heading)
    for limit in content["limits"]:
        table.add_row(*(Text(inert(cell)) for cell in _cells(limit)))
    console.print(table)
    console.print(
        "Whether it was suspended or revoked since, and what of it is used up, the authority's "
        "server says."
    )


def _cells(limit: dict[str, Any]) -> tuple[str, ...]:
    what = ", ".join(limit.get("nuclides", ())) or f"category {limit['category']} at most"
    return (
        what,
        str(limit["form"]),
        f"{limit['source_Bq']:.4g} Bq" if "source_Bq" in limit else "-",
        f"{limit['total_Bq']:.4g} Bq" if "total_Bq" in limit else "-",
        str(limit.get("sources", "-")),
    )
