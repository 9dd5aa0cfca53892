"""Where words go: answers to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from tocsin.errors import ParseError, TocsinError

EXIT_BAD_USAGE = 2
EXIT_UNREADABLE = 3

console = Console(highlight=False, soft_wrap=False)
messages = Console(stderr=True, highlight=False)


def print_json(value: dict[str, Any], *, lines: bool = False) -> None:
    """One JSON value on standard output: indented for a person, or one line of JSON lines."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=None if lines else 2)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def error_json(error: TocsinError, *, file: str) -> dict[str, Any]:
    """What stands in the place of an answer that cannot be given."""
    code = error.code if isinstance(error, ParseError) else type(error).__name__.lower()
    reason = error.reason if isinstance(error, ParseError) else str(error)
    return {"error": {"code": code, "file": file, "message": reason}}


def complain(text: str) -> None:
    """One clear line on standard error; text of a file is printed as it is, never as markup."""
    messages.print(Text("tocsin: " + " ".join(text.split())), soft_wrap=True)


def remark(text: str) -> None:
    """A line on standard error about what was done; it belongs to no answer."""
    messages.print(Text(text), soft_wrap=True)


def bad_usage(text: str) -> NoReturn:
    """Stop with one clear line and the exit status of a wrong call."""
    complain(text)
    raise typer.Exit(EXIT_BAD_USAGE)


def progress_bar(*, quiet: bool = False) -> Progress:
    """Progress on standard error, only where a person sees it, and gone when the work is done.

    Standard output is left alone: an answer that is redirected into a file must arrive there
    although the bar is alive.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=quiet or not messages.is_terminal,
    )


def counted(number: int, noun: str, plural: str = "") -> str:
    """Number with its noun: ``1 record``, ``2 records``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def check_readable(path: Path) -> None:
    """Say at once, and with what to do, why a path cannot be a recording.

    Raises
    ------
    ParseError
        When there is nothing at the path, when it cannot be reached, or when it is a folder.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        reason = "there is no such file: check the name and the folder"
        raise ParseError(reason, code="not_found", file=str(path)) from None
    except OSError as error:
        reason = f"cannot be opened ({error.strerror or error})"
        raise ParseError(reason, code="not_found", file=str(path)) from None
    if stat.S_ISDIR(mode):
        reason = f"is a folder: name the recordings in it, for example {path / '*'}"
        raise ParseError(reason, code="not_a_file", file=str(path))


def check_target(path: Path, *, force: bool) -> None:
    """Refuse, before any work is done, a file that could not be written afterwards."""
    if path.is_dir():
        bad_usage(f"{path} is a folder: name a file")
    if path.exists() and not force:
        bad_usage(f"{path} exists already: add --force to replace it")
    if not path.parent.is_dir():
        bad_usage(f"the folder {path.parent} does not exist: make it first")


def write_file(path: Path, content: bytes, *, force: bool) -> None:
    """Write all of a file or nothing: to a neighbour first, then moved into place.

    An existing file is replaced only with ``force``.
    """
    check_target(path, force=force)
    try:
        _write_and_move(path, content)
    except OSError as error:
        bad_usage(f"{path} cannot be written ({error.strerror or error})")


def _write_and_move(path: Path, content: bytes) -> None:
    handle, neighbour = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(neighbour).chmod(0o666 & ~umask)
        Path(neighbour).replace(path)
    except BaseException:
        Path(neighbour).unlink(missing_ok=True)
        raise
