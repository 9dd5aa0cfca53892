"""``tocsin log-export``: the server's log of changes in one file, for ``tocsin verify-log``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import bad_usage, check_target, remark, write_file


def log_export_command(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Data folder of the server.")] = Path(
        "tocsin-data"
    ),
    contents: Annotated[
        bool,
        typer.Option(
            "--contents",
            help="With what was recorded and its salts (sensitive); else commitments alone.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write the log of changes into one file, as the database holds it now; this is logged too."""
    if not data.is_dir():
        bad_usage(f"{data} is no folder of a server: name it by --data")
    check_target(out, force=force)
    from tocsin.server.serving.first_start import start_django

    start_django(data.absolute())
    from tocsin.server.transparency.exporting import exported_log

    # what it holds is read by its owner alone, from the first byte on
    former = os.umask(0o077) if contents else None
    try:
        text = exported_log(actor="system:log-export", contents=contents)
        write_file(out, text.encode("utf-8"), force=force)
    finally:
        if former is not None:
            os.umask(former)
    remark(f"{out}: check it by tocsin verify-log, with what you kept elsewhere")
