"""``tocsin compare``: found material against a library of known material."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from tocsin.cli.output import (
    EXIT_BAD_USAGE,
    EXIT_UNREADABLE,
    bad_usage,
    complain,
    console,
    error_json,
    messages,
    print_json,
    write_file,
)
from tocsin.errors import ParseError, TocsinError


def compare_command(
    case: Annotated[Path, typer.Argument(metavar="CASE.json", help="Samples of found material.")],
    library: Annotated[Path, typer.Option("--library", help="Folder or file of known material.")],
    json_wanted: Annotated[
        bool, typer.Option("--json", help="The contract tocsin.compare/1.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a picture: .svg, .png or .pdf.")] = None,
    false_rejection: Annotated[
        float | None,
        typer.Option(
            help="Share of known material that may be called not in library (0.05 unless given).",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing picture.")] = False,
) -> None:
    """Compare material with a library: by source, or not in the library."""
    if plot is not None:
        _check_plot(plot, force=force)
    # Here and not above: help and the other commands need not wait for the science to load.
    from tocsin.forensics.compare import FALSE_REJECTION
    from tocsin.forensics.compare_case import answer_case, as_json, read_case
    from tocsin.forensics.library_tables import read_library

    share = FALSE_REJECTION if false_rejection is None else false_rejection
    try:
        known = read_library(library)
        found = read_case(case, known)
        with _progress(quiet=json_wanted) as progress:
            task = progress.add_task("validating on the library", total=None)

            def fold_done(done: int, folds: int) -> None:
                progress.update(TaskID(task), completed=done, total=folds)

            answer = answer_case(found, known, false_rejection=share, fold_done=fold_done)
    except TocsinError as error:
        complain(str(error))
        if json_wanted:
            print_json(error_json(error, file=case.name))
        unreadable = isinstance(error, ParseError)
        raise typer.Exit(EXIT_UNREADABLE if unreadable else EXIT_BAD_USAGE) from None
    if plot is not None:
        from tocsin.forensics.compare_plot import draw

        write_file(plot, draw(answer, plot.suffix.lower().removeprefix(".")), force=force)
    if json_wanted:
        print_json(as_json(answer))
    else:
        from tocsin.report.compare_terminal import comparison_report

        console.print(comparison_report(answer))


def _check_plot(plot: Path, *, force: bool) -> None:
    from tocsin.forensics.compare_plot import FORMATS

    if plot.suffix.lower().removeprefix(".") not in FORMATS:
        bad_usage(f"{plot.name}: the ending must be one of {', '.join(FORMATS)}")
    if plot.exists() and not force:
        bad_usage(f"{plot} exists already: add --force to replace it")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    with Progress(console=messages, transient=True, disable=quiet or not messages.is_terminal) as p:
        yield p
