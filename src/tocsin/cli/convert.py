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

ENDINGS = (".n42", ".xml", ".csv", ".uri", ".png", ".svg")


def convert_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Recording to read.")],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="File to write: .n42 or .xml (N42.42-2012), .csv, .uri (RADDATA), or .png or .svg "
            "(QR codes).",
        ),
    ],
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No remarks on what was read; errors stay.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
) -> None:
    """Convert a recording to ANSI N42.42-2012, to CSV, or to URIs and QR codes of its spectra."""
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        bad_usage(
            f"{target.name}: the ending says no known format; use .n42, .csv, .uri, .png or .svg"
        )
    check_readable(source)
    check_target(target, force=force)
    from tocsin.formats import read, write_csv, write_n42, write_qr, write_raddata

    recording = read(source)
    if ending in (".png", ".svg"):
        images = write_qr(recording, image="png" if ending == ".png" else "svg")
        targets = [target]
        if len(images) > 1:
            targets = [target.with_stem(f"{target.stem}-{n}") for n in range(1, len(images) + 1)]
        for path in targets:
            check_target(path, force=force)
        for path, image in zip(targets, images, strict=True):
            write_file(path, image, force=force)
    else:
        writer = {".csv": write_csv, ".uri": write_raddata}.get(ending, write_n42)
        targets = [target]
        write_file(target, writer(recording), force=force)
    if quiet:
        return
    for warning in recording.warnings:
        complain(f"{source.name}: {warning.code}: {warning.message}")
    spectra = sum(len(r.spectra) for r in recording.records)
    remark(
        f"{', '.join(map(str, targets))}: {counted(len(recording.records), 'record')}, "
        f"{counted(spectra, 'spectrum', 'spectra')} from {recording.file_format}"
    )
