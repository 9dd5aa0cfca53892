"""``tocsin difference``: do two spectra differ, by how much, and at which energies."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import (
    bad_usage,
    check_readable,
    check_target,
    console,
    print_json,
    remark,
    write_file,
)

if TYPE_CHECKING:
    from tocsin.formats import Reader
    from tocsin.report.difference_report import ComparedFile
    from tocsin.spectrometry.difference import Difference
    from tocsin.spectrometry.measured import MeasuredSpectrum


def difference_command(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="A recording.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="What it is compared with.")],
    shape: Annotated[
        bool, typer.Option("--shape", help="Compare shapes only: scale the second to the first.")
    ] = False,
    align: Annotated[
        bool, typer.Option("--align", help="First find the gain at which the shapes agree best.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Schema tocsin.difference/1.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a web page.")] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a PDF to sign.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing reports.")] = False,
) -> None:
    """Compare two spectra: all measured records of a file are added up."""
    for target in (html, pdf):
        if target is not None:
            check_target(target, force=force)
    for path in (first, second):
        check_readable(path)
    from tocsin.formats import Reader
    from tocsin.report.difference_report import difference_document, difference_json
    from tocsin.spectrometry.difference import compare_spectra

    with Reader() as reader:
        one, of_one, realm = _measured(reader, first)
        other, of_other, other_realm = _measured(reader, second)
    if realm != other_realm:
        bad_usage(f"{first.name} is {realm} and {second.name} {other_realm}: realms never mix")
    answer = compare_spectra(one, other, compared="shape" if shape else "rate", align=align)
    files = (of_one, of_other)
    if as_json:
        print_json(difference_json(answer, files, realm=realm))
    else:
        _print(answer, files, realm)
    if html is None and pdf is None:
        return
    document = difference_document(answer, files, realm=realm, created=dt.datetime.now(dt.UTC))
    if html is not None:
        from tocsin.report.webpage import render_page

        write_file(html, render_page(document).encode(), force=force)
        remark(f"Report: {html}")
    if pdf is not None:
        from tocsin.report.typeset import typeset

        write_file(pdf, typeset(document), force=force)
        remark(f"Report: {pdf}")


def _measured(reader: Reader, path: Path) -> tuple[MeasuredSpectrum, ComparedFile, str]:
    from tocsin.report.difference_report import ComparedFile
    from tocsin.spectrometry.measured import measured_spectrum

    recording = reader.read(path)
    records = recording.measured
    spectra = [s for r in records for s in r.spectra]
    spectrum = measured_spectrum(spectra)
    counts = float(sum(s.total for s in spectra))
    told = ComparedFile(
        recording.file_name or path.name,
        recording.sha256,
        len(records),
        spectrum.live_time_s,
        counts,
    )
    return spectrum, told, recording.realm


def _print(answer: Difference, files: tuple[ComparedFile, ComparedFile], realm: str) -> None:
    from tocsin.report.difference_report import (
        REGION_HEADS,
        difference_tone,
        difference_verdict,
        region_rows,
    )
    from tocsin.report.inert import inert

    if realm != "LIVE":
        console.print(Text(realm, style="bold yellow"))
    for word, file in zip(("First ", "Second"), files, strict=True):
        console.print(Text(f"{word}  {inert(file.name)}  {file.counts:.6g} counts"), soft_wrap=True)
    tone = "bold yellow" if difference_tone(answer) == "note" else "bold green"
    console.print(Text(difference_verdict(answer), style=tone))
    if answer.regions:
        shown = Table(box=None, pad_edge=False)
        for number, head in enumerate(REGION_HEADS):
            shown.add_column(head, justify="left" if number == 0 else "right")
        for row in region_rows(answer):
            shown.add_row(*(Text(cell) for cell in row))
        console.print(shown)
    for warning in answer.warnings:
        console.print(Text(f"! {inert(warning.code)}: {inert(warning.message)}"), soft_wrap=True)
