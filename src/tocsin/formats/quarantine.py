"""Where the bytes of unreadable files are kept: by content hash, never lost, not tried for ever."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tocsin.errors import ParseError

_TRIES = 2


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One kept file: where its bytes lie, why, and how often reading was tried."""

    sha256: str
    path: Path
    failures: int
    code: str
    reason: str
    file_name: str


class Quarantine:
    """Folder of files that could not be read.

    Every file lies under its sha256 (``<sha256>.bytes``) beside a note (``<sha256>.json``) with
    reason, code, number of failures and the name it came with. Both are written to a temporary
    name, synced and renamed, so that a crash leaves either nothing or a whole file.

    Parameters
    ----------
    folder : Path
        Made if it is absent, readable by its owner only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def keep(self, data: bytes, *, sha256: str, error: ParseError, file_name: str) -> Quarantined:
        """Keep bytes and reason, or count one more failure of the same bytes."""
        with self._lock:
            known = self.find(sha256)
            failures = 1 if known is None else known.failures + 1
            if known is None:
                self._write(f"{sha256}.bytes", data)
            note = {
                "sha256": sha256,
                "failures": failures,
                "code": error.code,
                "reason": error.reason,
                "file_name": file_name,
            }
            self._write(
                f"{sha256}.json",
                json.dumps(note, indent=1, sort_keys=True).encode("ascii"),
            )
        return Quarantined(
            sha256, self._bytes(sha256), failures, error.code, error.reason, file_name
        )

    def find(self, sha256: str) -> Quarantined | None:
        """What is known of these bytes, or None."""
        try:
            note = json.loads((self.folder / f"{sha256}.json").read_bytes())
            return Quarantined(
                sha256,
                self._bytes(sha256),
                int(note["failures"]),
                str(note["code"]),
                str(note["reason"]),
                str(note["file_name"]),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ParseError(
                f"the quarantine note of {sha256} is damaged ({error})", code="quarantined"
            ) from error

    def refuse_known(self, sha256: str, *, file: str) -> None:
        """Raise when these bytes have failed twice already."""
        known = self.find(sha256)
        if known is not None and known.failures >= _TRIES:
            raise ParseError(
                f"not tried again: these bytes failed {known.failures} times ({known.reason})",
                code="quarantined",
                file=file,
            )

    def release(self, sha256: str) -> None:
        """Forget the failures (after a reader was repaired); the bytes stay."""
        with self._lock:
            (self.folder / f"{sha256}.json").unlink(missing_ok=True)

    def __iter__(self) -> Iterator[Quarantined]:
        """All kept files in the order of their hashes."""
        found = (self.find(p.stem) for p in sorted(self.folder.glob("*.json")))
        return iter([f for f in found if f is not None])

    def _bytes(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.bytes"

    def _write(self, name: str, data: bytes) -> None:
        part = self.folder / f".{name}.{os.getpid()}.{threading.get_ident()}.part"
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        part.replace(self.folder / name)
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
