"""``tocsin backup``, ``restore``, ``verify`` and ``upgrade``: keep a server's data."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from tocsin.cli.output import bad_usage, complain, console, progress_bar, remark

if TYPE_CHECKING:
    from tocsin.server.serving.backup import Lock

FAULTY = 3
Data = Annotated[Path, typer.Option(metavar="FOLDER", help="Data folder of the server.")]
PassphraseFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File whose first line is the passphrase.")
]


def backup_command(
    target: Annotated[Path, typer.Argument(help="File to write.")],
    data: Data = Path("tocsin-data"),
    recipient: Annotated[
        str, typer.Option(help="age public key (age1...): only its holder can open the backup.")
    ] = "",
    passphrase_file: PassphraseFile = None,
    plain: Annotated[bool, typer.Option("--plain", help="Leave the backup open.")] = False,
) -> None:
    """Write database, files, keys and log into one encrypted file, while the server runs."""
    if sum((bool(recipient), passphrase_file is not None, plain)) != 1:
        bad_usage("name one of --recipient, --passphrase-file and --plain (the backup holds keys)")
    _django(data)
    from tocsin.server.serving.backup import make_backup

    lock = _lock(recipient=recipient, passphrase_file=passphrase_file)
    with _ended_in_order():
        manifest = make_backup(data.absolute(), target.absolute(), lock, say=remark)
    console.print(f"{target}: {len(manifest['members'])} files, {target.stat().st_size} bytes")


def restore_command(
    source: Annotated[Path, typer.Argument(help="Backup to read.")],
    data: Data = Path("tocsin-data"),
    identity_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with the age secret key.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Put a backup into an empty folder (and an empty PostgreSQL database), then verify it."""
    from tocsin.server.serving.first_start import start_django
    from tocsin.server.serving.restoring import bring_back, unpacked_backup

    lock = _lock(identity_file=identity_file, passphrase_file=passphrase_file)
    with (
        _ended_in_order(),
        unpacked_backup(source, data.absolute(), lock, say=remark) as backup,
    ):
        start_django(backup.folder)
        faults = bring_back(backup, check=_faults)
    console.print(f"Restored into {data}, as it was at {backup.manifest['made_at']}")
    _tell(faults)


def verify_command(data: Data = Path("tocsin-data")) -> None:
    """Check that everything is there and is what was stored, and write nothing.

    Settings, database, every file, and the log against what is kept of it.
    """
    _folder(data)
    from tocsin.server.serving.first_start import start_reading

    start_reading(data.absolute())
    _verified()


def upgrade_command(
    data: Data = Path("tocsin-data"),
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="Make no copy before; you have one.")
    ] = False,
) -> None:
    """Bring the data of an earlier version to this one; a copy is made first."""
    _django(data)
    from tocsin.server.serving.backup import make_backup
    from tocsin.server.serving.first_start import migrate

    if not no_backup:
        at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        copy = data.absolute() / "before-upgrade" / f"{at}.tar"
        make_backup(data.absolute(), copy, _lock(), say=remark)
        remark(f"A copy lies in {copy}; it is not encrypted.")
    migrate()
    _verified()


def _verified() -> None:
    _tell(_faults())


def _faults() -> list[str]:
    from tocsin.server.serving.verification import verify_installation

    with progress_bar() as bar:
        return verify_installation(say=remark, progress=_advance(bar))


def _tell(faults: list[str]) -> None:
    for fault in faults:
        complain(fault)
    if faults:
        raise typer.Exit(FAULTY)
    console.print("Everything is there and is what was stored.")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let a signal that ends the command end it like a fault: what is half made is removed."""

    def end(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    former = {s: signal.signal(s, end) for s in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _advance(bar: Progress) -> Callable[[int, int], None]:
    task = bar.add_task("checking", total=None)

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return advance


def _folder(data: Path) -> None:
    if not data.is_dir():
        bad_usage(f"{data} is no folder of a server: name it by --data")


def _django(data: Path) -> None:
    _folder(data)
    from tocsin.server.serving.first_start import prepare_folder, start_django

    prepare_folder(data.absolute())
    start_django(data.absolute())


def _lock(
    *,
    recipient: str = "",
    identity_file: Path | None = None,
    passphrase_file: Path | None = None,
) -> Lock:
    from tocsin.server.serving.backup import Lock

    return Lock(
        recipient=recipient,
        identity=_first_key(identity_file),
        passphrase="" if passphrase_file is None else _lines(passphrase_file)[0],
    )


def _first_key(path: Path | None) -> str:
    if path is None:
        return ""
    keys = [line for line in _lines(path) if line.startswith("AGE-SECRET-KEY-")]
    if not keys:
        bad_usage(f"{path} holds no AGE-SECRET-KEY-...")
    return keys[0]


def _lines(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        bad_usage(f"{path} cannot be read ({error.strerror})")
    if not lines:
        bad_usage(f"{path} is empty")
    return lines
