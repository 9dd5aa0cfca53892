"""Entry point of the ``tocsin`` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import tocsin
from tocsin.cli import (
    age,
    analyze,
    category,
    compare,
    convert,
    demo,
    detectors,
    difference,
    field,
    keep,
    licence_check,
    link,
    log_export,
    notice,
    nuclide,
    peaks,
    plutonium,
    serve,
    show,
    uranium,
    verify_log,
)
from tocsin.cli.output import EXIT_BAD_USAGE, EXIT_UNREADABLE, complain, console
from tocsin.errors import ParseError, TocsinError

EXIT_STATUS = (
    "Exit status: 0 done, 2 the call is wrong, 3 a file cannot be read (one line on standard "
    "error says why; other files go on)."
)
EXAMPLES = "Examples: tocsin analyze walk.n42 --html walk.html; tocsin analyze *.n42 --json"

app = typer.Typer(
    name="tocsin",
    help="From a recording of a radiation detector to an answer with its reasons.",
    epilog=f"{EXIT_STATUS} Not endorsed by the IAEA.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("analyze", epilog=f"{EXAMPLES}\n\n{EXIT_STATUS}")(analyze.analyze_command)
app.command("show", epilog=EXIT_STATUS)(show.show_command)
app.command("peaks", epilog=EXIT_STATUS)(peaks.peaks_command)
app.command("difference", epilog=EXIT_STATUS)(difference.difference_command)
app.command("uranium", epilog=EXIT_STATUS)(uranium.uranium_command)
app.command("plutonium", epilog=EXIT_STATUS)(plutonium.plutonium_command)
app.command("convert", epilog=EXIT_STATUS)(convert.convert_command)
app.command("age")(age.age_command)
app.command("compare")(compare.compare_command)
app.command("nuclide")(nuclide.nuclide_command)
app.command("category")(category.category_command)
app.command("link", epilog=EXIT_STATUS)(link.link_command)
app.command("notice", epilog=EXIT_STATUS)(notice.notice_command)
app.command("verify-log", epilog=verify_log.VERIFY_EXIT_STATUS)(verify_log.verify_log_command)
app.command("log-export")(log_export.log_export_command)
app.command("licence-check", epilog=licence_check.CHECK_EXIT_STATUS)(
    licence_check.licence_check_command
)
app.command("serve")(serve.serve_command)
app.command("backup")(keep.backup_command)
app.command("restore")(keep.restore_command)
app.command("verify")(keep.verify_command)
app.command("upgrade")(keep.upgrade_command)
app.command("demo")(demo.demo_command)
app.add_typer(detectors.app, name="detectors")
app.add_typer(field.app, name="field")


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"tocsin {tocsin.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the subcommand."""


def main() -> None:
    """Run the command; errors on purpose become one line and an exit status, never a traceback."""
    try:
        app()
    except ParseError as error:
        complain(str(error))
        sys.exit(EXIT_UNREADABLE)
    except TocsinError as error:
        complain(str(error))
        sys.exit(EXIT_BAD_USAGE)
    except BrokenPipeError:
        # The reader of our output has gone (``tocsin show FILE | head``): nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
