"""``tocsin analyze``: recordings in, answers with their reasons out."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tocsin.cli.output import (
    EXIT_UNREADABLE,
    bad_usage,
    complain,
    console,
    error_json,
    messages,
    print_json,
    write_file,
)
from tocsin.detection import Analysis, analyze
from tocsin.errors import ParseError, TocsinError
from tocsin.formats import Quarantine, Reader
from tocsin.report import render_html, summary_line, terminal_report


@dataclass(frozen=True, slots=True)
class Job:
    """One file to analyse and where its report goes."""

    path: Path
    background: Path | None
    html: Path | None
    quarantine: Path | None
    force: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either an analysis or the error that stands in its place."""

    path: Path
    analysis: Analysis | None
    error: TocsinError | None


def analyze_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings to analyse.")],
    background: Annotated[
        Path | None,
        typer.Option(help="A recording of the same instrument without a source."),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="The contract tocsin.analysis/1; JSON lines for several files."
        ),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a self-contained report: a file, or a folder for several files."),
    ] = None,
    quarantine: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps the bytes of what cannot be read."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Files at the same time; 0 = one for each processor.")
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace existing reports.")] = False,
) -> None:
    """Detect, identify and place what is in recordings; exit status 3 if one cannot be read."""
    if html is not None and len(files) > 1 and html.is_file():
        bad_usage(f"{html} is a file: for several recordings name a folder")
    if background is not None and not background.is_file():
        bad_usage(f"{background} is no file")
    work = [
        Job(path, background, _report_path(html, files, number), quarantine, force)
        for number, path in enumerate(files)
    ]
    for job in work:
        if job.html is not None and job.html.exists() and not force:
            bad_usage(f"{job.html} exists already: add --force to replace it")
    if html is not None and len(files) > 1:
        html.mkdir(parents=True, exist_ok=True)
    failed = False
    several = len(work) > 1
    for outcome in _outcomes(work, jobs=jobs):
        failed |= outcome.error is not None
        _print_outcome(outcome, as_json=as_json, several=several)
    if failed:
        raise typer.Exit(EXIT_UNREADABLE)


def _report_path(html: Path | None, files: list[Path], number: int) -> Path | None:
    if html is None:
        return None
    if len(files) == 1:
        return html / f"{files[0].name}.html" if html.is_dir() else html
    names = [f.name for f in files]
    name = names[number]
    if names.count(name) > 1:
        name = f"{number + 1:03d}-{name}"
    return html / f"{name}.html"


def _outcomes(work: list[Job], *, jobs: int) -> Iterator[Outcome]:
    """Outcomes in the order of the files, with progress on standard error."""
    workers = min(len(work), jobs or os.cpu_count() or 1)
    if workers <= 1:
        for job in work:
            yield _run_with_progress(job)
        return
    context = multiprocessing.get_context("spawn")
    with (
        _progress_bar() as bar,
        ProcessPoolExecutor(workers, mp_context=context) as pool,
    ):
        task = bar.add_task("files", total=len(work))
        futures = [pool.submit(run, job) for job in work]
        for job, future in zip(work, futures, strict=True):
            try:
                outcome = future.result()
            except BrokenProcessPool:
                reason = "the analysis process died (out of memory?); try --jobs 1"
                outcome = Outcome(job.path, None, ParseError(reason, code="crashed"))
            bar.advance(task)
            yield outcome


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    )


def _run_with_progress(job: Job) -> Outcome:
    with _progress_bar() as bar:
        task = bar.add_task("records", total=None)
        return run(job, lambda done, total: bar.update(task, completed=done, total=total))


def run(job: Job, progress: object = None) -> Outcome:
    """Read, analyse and report one file; errors on purpose come back, they do not end the run."""
    callback = progress if callable(progress) else None
    try:
        store = Quarantine(job.quarantine) if job.quarantine is not None else None
        with Reader(quarantine=store) as reader:
            recording = reader.read(job.path)
            background = None if job.background is None else reader.read(job.background)
        analysis = analyze(recording, background=background, progress=callback)
        if job.html is not None:
            page = render_html(analysis, recording)
            write_file(job.html, page.encode(), force=job.force)
    except TocsinError as error:
        return Outcome(job.path, None, error)
    return Outcome(job.path, analysis, None)


def _print_outcome(outcome: Outcome, *, as_json: bool, several: bool) -> None:
    if outcome.error is not None:
        text = str(outcome.error)
        complain(text if outcome.path.name in text else f"{outcome.path.name}: {text}")
        if as_json:
            print_json(error_json(outcome.error, file=outcome.path.name), lines=several)
    elif outcome.analysis is not None:
        if as_json:
            print_json(outcome.analysis.to_json(), lines=several)
        elif several:
            console.print(summary_line(outcome.analysis), soft_wrap=True)
        else:
            console.print(terminal_report(outcome.analysis))
