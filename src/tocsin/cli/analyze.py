"""``tocsin analyze``: recordings in, answers with their reasons out.

The rooms of the science are imported where they are used: they take a second to load, which help,
a wrong call and the other commands need not wait for.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.output import (
    EXIT_UNREADABLE,
    bad_usage,
    check_readable,
    check_target,
    complain,
    console,
    error_json,
    print_json,
    progress_bar,
    remark,
    write_file,
)
from tocsin.errors import ParseError, TocsinError

if TYPE_CHECKING:
    from tocsin.detection import Analysis

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One file to analyse and where its reports go."""

    path: Path
    background: Path | None
    html: Path | None
    geojson: Path | None
    quarantine: Path | None
    force: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either an analysis or the error that stands in its place."""

    path: Path
    analysis: Analysis | None
    error: TocsinError | None


def analyze_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Recordings to analyse.")],
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
    geojson: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Write the encounters for a map (GeoJSON): a file, or a folder for several files.",
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
    for option, folder in (("--html", html), ("--geojson", geojson)):
        if folder is not None and len(files) > 1:
            _check_folder(option, folder)
    if background is not None and not background.is_file():
        bad_usage(f"--background {background}: there is no such file")
    work = [
        Job(
            path,
            background,
            _report_path(html, files, number, ".html"),
            _report_path(geojson, files, number, ".geojson"),
            quarantine,
            force,
        )
        for number, path in enumerate(files)
    ]
    for job in work:
        for target in (job.html, job.geojson):
            if target is not None:
                check_target(target, force=force)
    failed = False
    several = len(work) > 1
    for job, outcome in zip(work, _outcomes(work, jobs=jobs, quiet=quiet), strict=True):
        failed |= outcome.error is not None
        _print_outcome(outcome, as_json=as_json, several=several)
        if outcome.error is None and not quiet and not several:
            _name_reports(job)
    if several and not quiet:
        for folder in (html, geojson):
            if folder is not None:
                remark(f"Reports: {folder}")
    if failed:
        raise typer.Exit(EXIT_UNREADABLE)


def _check_folder(option: str, folder: Path) -> None:
    """A folder for the reports of several files, made here where it is missing."""
    if folder.suffix.lower() in (".html", ".htm", ".geojson", ".json") and not folder.is_dir():
        bad_usage(f"{option} {folder}: for several recordings name a folder, not a file")
    if folder.exists() and not folder.is_dir():
        bad_usage(f"{option} {folder} is a file: for several recordings name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        bad_usage(f"{option} {folder} cannot be made ({error.strerror or error})")


def _report_path(where: Path | None, files: list[Path], number: int, ending: str) -> Path | None:
    if where is None:
        return None
    if len(files) == 1:
        return where / f"{files[0].name}{ending}" if where.is_dir() else where
    names = [f.name for f in files]
    name = names[number]
    if names.count(name) > 1:
        name = f"{number + 1:03d}-{name}"
    return where / f"{name}{ending}"


def _name_reports(job: Job) -> None:
    for target in (job.html, job.geojson):
        if target is not None:
            remark(f"Report: {target}")


def _outcomes(work: list[Job], *, jobs: int, quiet: bool) -> Iterator[Outcome]:
    """Outcomes in the order of the files, with progress on standard error."""
    workers = min(len(work), jobs or os.cpu_count() or 1)
    if workers <= 1:
        for job in work:
            with progress_bar(quiet=quiet) as bar:
                task = bar.add_task(f"reading {job.path.name[:40]}", total=None)

                def advance(done: int, total: int) -> None:
                    # Naming and placing come after the last record and report no progress.
                    words = "analysing" if done < total else "naming and placing"
                    bar.update(task, completed=done, total=total, description=words)  # noqa: B023

                outcome = run(job, advance)
            yield outcome
        return
    with progress_bar(quiet=quiet) as bar, _pool(workers) as pool:
        task = bar.add_task("files", total=len(work))
        futures = [pool.submit(run, job) for job in work]
        for job, future in zip(work, futures, strict=True):
            outcome = _finished(future, job)
            bar.advance(task)
            # The line of this file is printed while no bar is on the screen.
            bar.stop()
            yield outcome
            bar.start()


def _pool(workers: int) -> ProcessPoolExecutor:
    """Workers that share the processors: no further threads inside the linear algebra."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _finished(future: Future[Outcome], job: Job) -> Outcome:
    """Outcome of one file; a process that died takes no other file with it."""
    try:
        return future.result()
    except BrokenProcessPool:
        pass
    try:
        with _pool(1) as alone:
            return alone.submit(run, job).result()
    except BrokenProcessPool:
        reason = "the analysis process died, perhaps for want of memory: try this file alone"
        return Outcome(job.path, None, ParseError(reason, code="crashed", file=str(job.path)))


def run(job: Job, progress: Progress | None = None) -> Outcome:
    """Read, analyse and report one file; errors on purpose come back, they do not end the run."""
    try:
        check_readable(job.path)
        from tocsin.detection import analyze
        from tocsin.formats import Quarantine, Reader

        store = Quarantine(job.quarantine) if job.quarantine is not None else None
        with Reader(quarantine=store) as reader:
            recording = reader.read(job.path)
            background = None if job.background is None else reader.read(job.background)
        analysis = analyze(recording, background=background, progress=progress)
        if job.html is not None:
            from tocsin.report import render_html

            write_file(job.html, render_html(analysis, recording).encode(), force=job.force)
        if job.geojson is not None:
            from tocsin.report import render_geojson

            write_file(job.geojson, render_geojson(analysis).encode(), force=job.force)
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
            return
        from tocsin.report import summary_line, terminal_report

        if several:
            console.print(summary_line(outcome.analysis), soft_wrap=True)
        else:
            console.print(terminal_report(outcome.analysis))
