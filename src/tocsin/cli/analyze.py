"""``tocsin analyze``: recordings in, answers with their reasons out.

The rooms of the science are imported where they are used: they take a second to load, which help,
a wrong call and the other commands need not wait for.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.batch import Job, Outcome, ReportKind, expanded, jobs_for, outcomes
from tocsin.cli.output import (
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

SUMMARY_ENDINGS = (".csv", ".html", ".pdf")


def analyze_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Recordings, or folders of them.")
    ],
    background: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A recording of the same instrument without a source."),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="The contract tocsin.analysis/1; JSON lines for several files."
        ),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Write a self-contained report: a file, or a folder for several files.",
        ),
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT", help="Write a PDF/A to sign: a file, or a folder for several files."
        ),
    ] = None,
    geojson: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Write the encounters for a map (GeoJSON): a file, or a folder for several files.",
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT", help="Write one table over all files: OUT ends in .csv, .html or .pdf."
        ),
    ] = None,
    quarantine: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keeps the bytes of what cannot be read."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Files at the same time; 0 = one for each processor.")
    ] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no remarks; errors stay.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing reports.")] = False,
) -> None:
    """Detect, identify and place what is in recordings."""
    if background is not None and not background.is_file():
        bad_usage(f"--background {background}: there is no such file")
    if summary is not None:
        if summary.suffix.lower() not in SUMMARY_ENDINGS:
            bad_usage(f"--summary {summary}: the name must end in {', '.join(SUMMARY_ENDINGS)}")
        check_target(summary, force=force)
    paths = expanded(files)
    where: dict[ReportKind, Path | None] = {"html": html, "pdf": pdf, "geojson": geojson}
    work = jobs_for(paths, where, background=background, quarantine=quarantine, force=force)
    finished = []
    several = len(work) > 1
    for job, outcome in zip(work, outcomes(work, jobs=jobs, quiet=quiet), strict=True):
        finished.append(outcome)
        _print_outcome(outcome, as_json=as_json, several=several)
        if outcome.error is None and not quiet and not several:
            _name_reports(job)
    if several and not quiet:
        for folder in where.values():
            if folder is not None:
                remark(f"Reports: {folder}")
    if summary is not None:
        _write_summary(summary, finished, force=force)
        if not quiet:
            remark(f"Summary: {summary}")
    if any(outcome.error is not None for outcome in finished):
        raise typer.Exit(EXIT_UNREADABLE)


def _name_reports(job: Job) -> None:
    for _, target in job.reports:
        remark(f"Report: {target}")


def _write_summary(target: Path, finished: list[Outcome], *, force: bool) -> None:
    from tocsin.report.summary_report import SummaryLine, summary_bytes

    lines = [SummaryLine(o.path.name, o.analysis, str(o.error or "")) for o in finished]
    now = dt.datetime.now(dt.UTC)
    write_file(target, summary_bytes(lines, target.suffix.lower(), created=now), force=force)


def _print_outcome(outcome: Outcome, *, as_json: bool, several: bool) -> None:
    if outcome.error is not None:
        text = str(outcome.error)
        complain(text if outcome.path.name in text else f"{outcome.path.name}: {text}")
        if as_json:
            print_json(error_json(outcome.error, file=outcome.path.name), lines=several)
    elif outcome.analysis is not None:
        if as_json:
            print_json(outcome.analysis.to_json(), lines=several)
            return
        from tocsin.report import summary_line, terminal_report

        if several:
            console.print(summary_line(outcome.analysis), soft_wrap=True)
        else:
            console.print(terminal_report(outcome.analysis))
