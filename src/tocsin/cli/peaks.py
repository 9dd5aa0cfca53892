"""``tocsin peaks``: the peaks of a spectrum, with uncertainties, and what each may be."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import (
    bad_usage,
    check_readable,
    check_target,
    complain,
    console,
    counted,
    error_json,
    print_json,
    progress_bar,
    remark,
    write_file,
)
from tocsin.errors import ParseError, TocsinError

if TYPE_CHECKING:
    from tocsin.spectrometry import Choice, PeakList

EXIT_UNREADABLE = 3
SHOWN_CANDIDATES = 3
LEAST_FALSE, MOST_FALSE = 1e-6, 100.0


class Form(StrEnum):
    """Form of a new energy scale over the old one."""

    GAIN = "gain"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


def peaks_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Recording with a spectrum.")],
    background: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The same instrument without the source."),
    ] = None,
    record: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Only this record, as numbered by tocsin show; repeatable."),
    ] = None,
    detector: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this detector; repeatable.")
    ] = None,
    line: Annotated[
        list[float] | None,
        typer.Option(
            metavar="KEV", help="A line that is in the spectrum: a new energy scale; repeatable."
        ),
    ] = None,
    scale: Annotated[Form, typer.Option(help="Form of the new energy scale.")] = Form.LINEAR,
    limit: Annotated[
        list[float] | None,
        typer.Option(metavar="KEV", help="Detection limit at this energy; repeatable."),
    ] = None,
    false_peaks: Annotated[
        float,
        typer.Option(
            min=LEAST_FALSE, max=MOST_FALSE, help="False peaks allowed per spectrum, on average."
        ),
    ] = 0.1,
    as_json: Annotated[bool, typer.Option("--json", help="Schema tocsin.peaks/1.")] = False,
    csv: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a table.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a web page.")] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a PDF to sign.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """List the peaks of a spectrum: energy, width, net area, significance, possible lines.

    All measured records of the file are added up. What a peak may be is a list of candidates with
    reasons, not an identification: for that use tocsin analyze.
    """
    for target in (csv, html, pdf):
        if target is not None:
            check_target(target, force=force)
    try:
        for path in (source, background):
            if path is not None:
                check_readable(path)
        from tocsin.spectrometry import Choice, PeakSettings

        choice = Choice(
            records=tuple(record or ()),
            detectors=tuple(detector or ()),
            lines_keV=tuple(line or ()),
            form=scale.value,
            limits_at_keV=tuple(limit or ()),
            settings=PeakSettings(false_peaks=false_peaks),
        )
        answer = _listed(source, background, choice)
    except TocsinError as error:
        _stop(error, source, as_json=as_json)
    if as_json:
        from tocsin.spectrometry.document import to_json

        print_json(to_json(answer))
    else:
        _print(answer)
    _write(answer, csv=csv, html=html, pdf=pdf, force=force)


def _listed(source: Path, background: Path | None, choice: Choice) -> PeakList:
    from tocsin.formats import Reader
    from tocsin.spectrometry import list_peaks

    with Reader() as reader:
        recording = reader.read(source)
        behind = None if background is None else reader.read(background)
    with progress_bar() as bar:
        task = bar.add_task("regions", total=None)
        return list_peaks(
            recording,
            background=behind,
            choice=choice,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _stop(error: TocsinError, source: Path, *, as_json: bool) -> None:
    """One clear line, its JSON in place of the answer, and the exit status."""
    text = str(error)
    if as_json:
        print_json(error_json(error, file=source.name))
    if isinstance(error, ParseError):
        complain(text)
        raise typer.Exit(EXIT_UNREADABLE)
    bad_usage(text if source.name in text else f"{source.name}: {text}")


def _write(
    answer: PeakList, *, csv: Path | None, html: Path | None, pdf: Path | None, force: bool
) -> None:
    if csv is not None:
        from tocsin.spectrometry.document import to_csv

        write_file(csv, to_csv(answer), force=force)
        remark(f"Table: {csv}")
    if html is None and pdf is None:
        return
    import datetime as dt

    from tocsin.report.peaks_report import peaks_document

    document = peaks_document(answer, created=dt.datetime.now(dt.UTC))
    if html is not None:
        from tocsin.report.webpage import render_page

        write_file(html, render_page(document).encode(), force=force)
        remark(f"Report: {html}")
    if pdf is not None:
        from tocsin.report.typeset import typeset

        write_file(pdf, typeset(document), force=force)
        remark(f"Report: {pdf}")


def _print(answer: PeakList) -> None:
    from tocsin.report.inert import inert
    from tocsin.report.peaks_report import (
        LIMIT_HEADS,
        PEAK_HEADS,
        headline,
        limit_rows,
        peak_rows,
        scale_sentence,
    )

    recording = answer.recording
    if recording.realm != "LIVE":
        console.print(Text(recording.realm, style="bold yellow"))
    console.print(Text(f"{inert(recording.file_name)}: {headline(answer)}"), soft_wrap=True)
    if answer.recalibration is not None:
        console.print(Text(scale_sentence(answer.recalibration)), soft_wrap=True)
    rows = peak_rows(answer, candidates=SHOWN_CANDIDATES)
    if rows:
        # The terminal is narrow: with a background its counts stand in place of the continuum.
        left_out = CONTINUUM_COLUMN if answer.net else NET_COLUMN
        _print_table(
            [h for i, h in enumerate(PEAK_HEADS) if i != left_out],
            [[c for i, c in enumerate(r) if i != left_out] for r in rows],
            wide_last=True,
        )
        console.print(Text("Possible lines are candidates, not an identification.", style="dim"))
    if answer.limits:
        console.print(Text("Detection limits (ISO 11929), in counts", style="bold"))
        _print_table(list(LIMIT_HEADS), limit_rows(answer), wide_last=False)
    for warning in answer.warnings:
        console.print(
            Text(f"! {inert(warning.code)}: {inert(warning.message)}", style="yellow"),
            soft_wrap=True,
        )
    if not rows:
        console.print(
            Text(f"{counted(0, 'peak')}: nothing stands out of the continuum", style="dim")
        )


CONTINUUM_COLUMN, NET_COLUMN = 4, 5
CANDIDATE_WIDTH = 24


def _print_table(heads: list[str], rows: list[list[str]], *, wide_last: bool) -> None:
    table = Table(box=None, pad_edge=False)
    for number, head in enumerate(heads):
        if wide_last and number == len(heads) - 1:
            table.add_column(head, overflow="fold", min_width=CANDIDATE_WIDTH)
        else:
            table.add_column(head, justify="right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
