"""``tocsin age``: when was material purified, from what has grown in it since."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.output import (
    EXIT_BAD_USAGE,
    EXIT_UNREADABLE,
    bad_usage,
    check_target,
    complain,
    console,
    error_json,
    print_json,
    remark,
    write_file,
)
from tocsin.errors import ParseError, TocsinError

if TYPE_CHECKING:
    from tocsin.forensics import CaseAnswer

MAX_BYTES = 4_000_000


def age_command(
    case: Annotated[
        Path | None, typer.Argument(metavar="[CASE.json]", help="Chronometers and their ratios.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The contract tocsin.age/1.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a web page.")] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a PDF to sign.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing reports.")] = False,
    validation: Annotated[
        bool, typer.Option("--validation", help="Run the validation cases instead.")
    ] = False,
    sfcompo: Annotated[
        Path | None,
        typer.Option(help="SFCOMPO development part (CSV) for the spent-fuel validation case."),
    ] = None,
    list_chronometers: Annotated[
        bool, typer.Option("--chronometers", help="List the chronometers in use instead.")
    ] = False,
) -> None:
    """Date material from a case: model age, uncertainty budget, concordance of chronometers."""
    if (case is not None) + validation + list_chronometers != 1:
        bad_usage("name one case, or --validation, or --chronometers")
    if case is None and (html is not None or pdf is not None or force):
        bad_usage("--html, --pdf and --force belong to a case")
    if sfcompo is not None and not validation:
        bad_usage("--sfcompo belongs to --validation")
    for target in (html, pdf):
        if target is not None:
            check_target(target, force=force)
    if validation:
        _show_validation(sfcompo, as_json=as_json)
    elif list_chronometers:
        _show_chronometers(as_json=as_json)
    elif case is not None:
        _show_case(case, as_json=as_json, html=html, pdf=pdf, force=force)


def _show_case(
    case: Path, *, as_json: bool, html: Path | None, pdf: Path | None, force: bool
) -> None:
    try:
        content = _bytes_of(case)
        answer = _answered(content, case.name)
    except TocsinError as error:
        text = str(error)
        complain(text if case.name in text else f"{case.name}: {text}")
        if as_json:
            print_json(error_json(error, file=case.name))
        unreadable = isinstance(error, ParseError)
        raise typer.Exit(EXIT_UNREADABLE if unreadable else EXIT_BAD_USAGE) from None
    if as_json:
        print_json(answer.to_json())
    else:
        from tocsin.report.age_terminal import age_report

        console.print(age_report(answer))
    if html is None and pdf is None:
        return
    from tocsin.report.age_document import age_document

    digest = hashlib.sha256(content).hexdigest()
    document = age_document(answer, sha256=digest, created=dt.datetime.now(dt.UTC))
    if html is not None:
        from tocsin.report.webpage import render_page

        write_file(html, render_page(document).encode(), force=force)
        remark(f"Report: {html}")
    if pdf is not None:
        from tocsin.report.typeset import typeset

        write_file(pdf, typeset(document), force=force)
        remark(f"Report: {pdf}")


def _bytes_of(case: Path) -> bytes:
    try:
        with case.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ParseError(reason, code="unreadable", file=case.name) from None
    if len(content) > MAX_BYTES:
        reason = f"longer than {MAX_BYTES} bytes: this is no case"
        raise ParseError(reason, code="too_long", file=case.name)
    return content


def _answered(content: bytes, file: str) -> CaseAnswer:
    from tocsin.forensics import answer_case, read_case

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = "the text is not UTF-8"
        raise ParseError(reason, code="encoding", file=file, offset=error.start) from None
    # Somewhere on Earth it is tomorrow already.
    latest = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    return answer_case(read_case(text, file=file, today=latest))


def _show_validation(sfcompo: Path | None, *, as_json: bool) -> None:
    from tocsin.forensics import validation_checks
    from tocsin.forensics.library_tables import read_library
    from tocsin.forensics.spent_fuel_checks import burnup_checks, reactor_type_checks
    from tocsin.report.age_terminal import checks_report

    fuel = None if sfcompo is None else read_library(sfcompo)
    found = [*validation_checks(), *burnup_checks(), *reactor_type_checks(fuel)]
    checks = sorted(found, key=lambda c: int(c.case.split()[0][1:]))
    if as_json:
        rows = [check.to_json() for check in checks]
        print_json({"schema": "tocsin.validation/1", "checks": rows})
    else:
        console.print(checks_report(checks))
    if any(check.passed is False for check in checks):
        raise typer.Exit(1)


def _show_chronometers(*, as_json: bool) -> None:
    from tocsin.forensics import chronometers
    from tocsin.report.age_terminal import chronometers_report

    if as_json:
        rows = [
            {
                "parent": c.parent,
                "daughter": c.daughter,
                "material": c.material,
                "notes": list(c.notes),
            }
            for c in chronometers()
        ]
        print_json({"schema": "tocsin.chronometers/1", "chronometers": rows})
    else:
        console.print(chronometers_report(chronometers()))
