"""``tocsin convert``: one recording into an open format, with nothing lost silently."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import (
    bad_usage,
    check_readable,
    check_target,
    complain,
    counted,
    remark,
    write_file,
)

ENDINGS = (".n42", ".xml", ".csv")


def convert_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Recording to read.")],
    target: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="File to write: .n42 or .xml (N42.42-2012), or .csv."),
    ],
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No remarks on what was read; errors stay.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
) -> None:
    """Convert a recording to ANSI N42.42-2012 or to CSV."""
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        bad_usage(f"{target.name}: the ending says no known format; use .n42 or .csv")
    check_readable(source)
    check_target(target, force=force)
    from tocsin.formats import read, write_csv, write_n42

    recording = read(source)
    writer = write_csv if ending == ".csv" else write_n42
    write_file(target, writer(recording), force=force)
    if quiet:
        return
    for warning in recording.warnings:
        complain(f"{source.name}: {warning.code}: {warning.message}")
    spectra = sum(len(r.spectra) for r in recording.records)
    remark(
        f"{target}: {counted(len(recording.records), 'record')}, "
        f"{counted(spectra, 'spectrum', 'spectra')} from {recording.file_format}"
    )
