"""What of the log is kept outside the database: a folder here, and copies elsewhere.

Each log (one signing key) has a folder of its own below ``log``::

    <key id>/log.vkey               the public key, which pins the log
    <key id>/latest.txt             the newest checkpoint
    <key id>/checkpoints/<size>.txt every checkpoint, with the co-signatures that came back
    <key id>/commitments.txt        one line of 64 hex digits a leaf; says nothing of any content
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tocsin.errors import TocsinError
from tocsin.sealing import Checkpoint, NoteRefused, VerifierKey

LINE_BYTES = 65
_DIGITS = 12


class LogAltered(TocsinError):
    """The database is not, or cannot be shown to be, the log that was signed.

    Nothing more is signed until somebody has looked.
    """


class KeptFolder:
    """One place where checkpoints are kept.

    Parameters
    ----------
    place : Path
        Folder in which the log has its own; must exist, so that a stick that is not plugged in is
        not mistaken for an empty one.
    key : VerifierKey
        Key of the log.
    """

    def __init__(self, place: Path, key: VerifierKey) -> None:
        self.place = place
        self.key = key
        self.folder = place / key.id.hex()

    def is_there(self) -> bool:
        """Whether the place can be reached now."""
        return self.place.is_dir()

    def newest(self) -> Checkpoint | None:
        """The largest checkpoint of this log that is kept here; None where there is none.

        Raises
        ------
        LogAltered
            When a file that may be the largest one cannot be read, is cut short or is no checkpoint
            of this log. To pass it over would let whoever spoils it put back an older state.
        """
        try:
            names = sorted(p.name for p in (self.folder / "checkpoints").iterdir())
        except FileNotFoundError:
            names = []
        except OSError as error:
            raise _unproved(self.folder / "checkpoints", str(error.strerror)) from error
        kept = [n for n in names if n.endswith(".txt") and not n.startswith(".")]
        found = self._opened(self.folder / "checkpoints" / kept[-1]) if kept else None
        if found is not None and kept[-1] != self.file_of(found.size).name:
            raise _unproved(
                self.folder / "checkpoints" / kept[-1], f"it states {found.size} leaves"
            )
        latest = self._opened(self.folder / "latest.txt")
        if latest is None or (found is not None and found.size >= latest.size):
            return found
        return latest

    def _opened(self, path: Path) -> Checkpoint | None:
        try:
            return Checkpoint.open(path.read_bytes(), self.key)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unproved(path, str(error.strerror)) from error
        except NoteRefused as error:
            raise _unproved(path, str(error)) from error

    def size(self) -> int:
        """Number of leaves whose commitment is kept here."""
        try:
            return (self.folder / "commitments.txt").stat().st_size // LINE_BYTES
        except FileNotFoundError:
            return 0

    def keep(
        self, checkpoint: Checkpoint, commitments: Callable[[int, int], Iterable[bytes]]
    ) -> None:
        """Write a checkpoint and the commitments that are not here yet; flushed before it returns.

        Parameters
        ----------
        checkpoint : Checkpoint
            Signed by the log's key.
        commitments : callable
            Gives the commitments of the leaves from one position up to, not including, another.
        """
        (self.folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        self._append(commitments, checkpoint.size)
        if not (self.folder / "log.vkey").exists():
            _write(self.folder / "log.vkey", f"{self.key}\n")
        _write(self.file_of(checkpoint.size), checkpoint.written())
        _write(self.folder / "latest.txt", checkpoint.written())

    def replace(self, checkpoint: Checkpoint) -> None:
        """Write a kept checkpoint again, with the co-signatures that came back."""
        _write(self.file_of(checkpoint.size), checkpoint.written())
        try:
            latest = self._opened(self.folder / "latest.txt")
        except LogAltered:
            return  # left as it is: the sequencer tells of it, and signs nothing more
        if latest is None or latest.size == checkpoint.size:
            _write(self.folder / "latest.txt", checkpoint.written())

    def file_of(self, size: int) -> Path:
        """Where the checkpoint of a size is kept."""
        return self.folder / "checkpoints" / f"{size:0{_DIGITS}d}.txt"

    def _append(self, commitments: Callable[[int, int], Iterable[bytes]], until: int) -> None:
        with (self.folder / "commitments.txt").open("ab") as stream:
            # The server and a command may both come here; a share without locks has one writer.
            with contextlib.suppress(OSError):
                fcntl.flock(stream, fcntl.LOCK_EX)
            first = self.size()
            if first >= until:
                return
            # a line that a crash cut short is written again
            stream.truncate(first * LINE_BYTES)
            stream.seek(0, os.SEEK_END)
            for commitment in commitments(first, until):
                stream.write(commitment.hex().encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())


def keep_everywhere(
    places: Sequence[KeptFolder],
    checkpoint: Checkpoint,
    commitments: Callable[[int, int], Iterable[bytes]],
) -> list[str]:
    """Keep a checkpoint in every place that can be reached.

    Returns
    -------
    list of str
        One sentence for each place that could not take it; a later checkpoint brings it up to date.
    """
    missed = []
    for place in places:
        if not place.is_there():
            missed.append(f"{place.place} is not there")
            continue
        try:
            place.keep(checkpoint, commitments)
        except OSError as error:
            missed.append(f"{place.place}: {error.strerror or error}")
    return missed


def _unproved(path: Path, why: str) -> LogAltered:
    return LogAltered(
        f"what is kept in {path} cannot be read ({why}), so it cannot be shown that the log is the "
        "one that was signed: find out why, and move it aside only if the reason is a good one"
    )


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on the disk."""
    neighbour = path.with_name(f".{path.name}.part")
    with neighbour.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    neighbour.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
