"""Room on the disk that is held back, so that alarms are written when it is full of background."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 16 << 20
"""Our choice: an alarm is some 2 kB, and 20 kB in the log of the database until it is folded in."""


class Reserve:
    """A file of a fixed size with nothing in it.

    Parameters
    ----------
    path : Path
        Beside what it is held for.
    size : int
        In bytes.
    """

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path = path
        self.size = size

    def hold(self) -> bool:
        """Make it, if it is not there; False where there is no room for it."""
        try:
            if self._path.stat().st_size >= self.size:
                return True
        except OSError:
            pass
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(handle, 0, self.size)
            finally:
                os.close(handle)
        except OSError:
            self.let_go()
            return False
        return True

    def let_go(self) -> bool:
        """Give the room back; False where none was held."""
        with suppress(OSError):
            self._path.unlink()
            return True
        return False
