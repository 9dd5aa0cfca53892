"""Many recordings at once: which files are meant, and workers that analyse them side by side."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tocsin.cli.output import bad_usage, check_readable, check_target, progress_bar, write_file
from tocsin.errors import ParseError, TocsinError

if TYPE_CHECKING:
    from tocsin.detection import Analysis
    from tocsin.spectra import Recording

Progress = Callable[[int, int], None]
ReportKind = Literal["html", "pdf", "geojson"]
KINDS: tuple[ReportKind, ...] = ("html", "pdf", "geojson")


@dataclass(frozen=True, slots=True)
class Job:
    """One file to analyse and where its reports go."""

    path: Path
    background: Path | None
    reports: tuple[tuple[ReportKind, Path], ...]
    quarantine: Path | None
    force: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either an analysis or the error that stands in its place."""

    path: Path
    analysis: Analysis | None
    error: TocsinError | None


def expanded(paths: Sequence[Path]) -> list[Path]:
    """Files as given; a folder stands for all files below it, sorted, hidden ones left out.

    A folder without files stays as it is and is refused in its place in the order.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(
            p
            for p in path.rglob("*")
            if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
        )
        files += inside or [path]
    return files


def jobs_for(
    files: Sequence[Path],
    where: dict[ReportKind, Path | None],
    *,
    background: Path | None,
    quarantine: Path | None,
    force: bool,
) -> list[Job]:
    """A job for each file; what cannot be written is refused before any work is done."""
    for kind, target in where.items():
        if target is not None and len(files) > 1:
            _check_folder(f"--{kind}", target)
    work = []
    for number, path in enumerate(files):
        reports = tuple(
            (kind, _report_path(target, files, number, f".{kind}"))
            for kind, target in where.items()
            if target is not None
        )
        for _, target in reports:
            check_target(target, force=force)
        work.append(Job(path, background, reports, quarantine, force))
    return work


def _check_folder(option: str, folder: Path) -> None:
    """A folder for the reports of several files, made here where it is missing."""
    endings = (".html", ".htm", ".pdf", ".geojson", ".json")
    if folder.suffix.lower() in endings and not folder.is_dir():
        bad_usage(f"{option} {folder}: for several recordings name a folder, not a file")
    if folder.exists() and not folder.is_dir():
        bad_usage(f"{option} {folder} is a file: for several recordings name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        bad_usage(f"{option} {folder} cannot be made ({error.strerror or error})")


def _report_path(where: Path, files: Sequence[Path], number: int, ending: str) -> Path:
    if len(files) == 1:
        return where / f"{files[0].name}{ending}" if where.is_dir() else where
    names = [f.name for f in files]
    name = names[number]
    if names.count(name) > 1:
        name = f"{number + 1:03d}-{name}"
    return where / f"{name}{ending}"


def outcomes(work: list[Job], *, jobs: int, quiet: bool) -> Iterator[Outcome]:
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
        for kind, target in job.reports:
            write_file(target, _rendered(kind, analysis, recording), force=job.force)
    except TocsinError as error:
        return Outcome(job.path, None, error)
    return Outcome(job.path, analysis, None)


def _rendered(kind: ReportKind, analysis: Analysis, recording: Recording) -> bytes:
    if kind == "html":
        from tocsin.report import render_html

        return render_html(analysis, recording).encode()
    if kind == "pdf":
        from tocsin.report import render_pdf

        return render_pdf(analysis, recording, created=dt.datetime.now(dt.UTC))
    from tocsin.report import render_geojson

    return render_geojson(analysis).encode()
