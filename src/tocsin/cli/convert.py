"""``tocsin convert``: one recording into an open format, with nothing lost silently."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import bad_usage, complain, messages, write_file
from tocsin.formats import read, write_csv, write_n42

WRITERS = {".n42": write_n42, ".xml": write_n42, ".csv": write_csv}


def convert_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Recording to read.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="File to write: .n42 (N42.42-2012) or .csv.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
) -> None:
    """Convert a recording to ANSI N42.42-2012 or to CSV."""
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        bad_usage(f"{target.name}: the ending says no known format; use .n42 or .csv")
    if not source.is_file():
        bad_usage(f"{source} is no file")
    recording = read(source)
    for warning in recording.warnings:
        complain(f"{source.name}: {warning.code}: {warning.message}")
    write_file(target, writer(recording), force=force)
    spectra = sum(len(r.spectra) for r in recording.records)
    messages.print(
        f"{target}: {len(recording.records)} records, {spectra} spectra "
        f"from {recording.file_format}",
        markup=False,
    )
