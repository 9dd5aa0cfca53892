"""What the agent hears goes into the spool, or waits in memory until it can.

Nothing about a disk stops the hearing: one that is full, a spool that cannot be opened or written.
Why nothing is kept is told, and stands on the screen. What the spool refuses for what it is holds
up nothing behind it: it is set aside in a file.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tocsin.errors import TocsinError
from tocsin.field.records import Feed
from tocsin.field.spool import DiskFull, Spool, SpoolUnavailable, code_of
from tocsin.spectra import Record

MOST_BYTES_IN_MEMORY = 32 << 20
"""Of records that wait: half an hour of 1,024 channels once a second is 15 MB."""
MOST_MESSAGES_IN_MEMORY = 2000
"""Of the detector, some kB each."""
OPEN_AGAIN_S = 10.0
_BESIDE_COUNTS = 1 << 10
"""Bytes of a record beside its counts: our estimate."""
_ITS_OWN = (
    *(TocsinError, ValueError, TypeError, OverflowError),
    *(sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError),
)
"""What is wrong with one record or message, not with the disk: it would fail at every try."""
_PLACES = ("first_record", "last_record", "peak_record")

Tell = Callable[[str], None]
TroubleKind = Literal["full", "busy", "disk", "closed", "other"]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A record that is not in the spool."""

    number: int | None
    """In the walk, as the detector counts; None for one that is not judged."""
    record: Record
    faults: tuple[str, ...]
    size: int


class Keeping:
    """Puts records and what the detector says into the spool, in their order.

    Parameters
    ----------
    feed : Feed
        What measures.
    spool : Spool, optional
        None where ``opened`` is to open it, again and again until it can.
    tell : callable
        Takes a line for a person.
    opened : callable, optional
        Opens the spool.

    Raises
    ------
    InvalidInput
        When another agent is at work with the spool.

    Notes
    -----
    The numbers of the records in the spool are those by which the detector names them, as the
    server counts as well. Where records are lost, the run is closed and another one is begun with
    the next record that is kept, so that the numbers agree again; what the detector says from then
    on is told in the numbers of the new run.
    """

    def __init__(
        self,
        feed: Feed,
        spool: Spool | None,
        tell: Tell,
        opened: Callable[[], Spool] | None = None,
    ) -> None:
        self._feed = feed
        self._spool = spool
        self._opened = opened
        self._tell = tell
        self._open_at_s = -math.inf
        self._boot = ""
        self._begins_at = 0
        """Record of the walk with which the run of the spool begins."""
        self._heard = 0
        self._records: deque[_Waiting] = deque()
        self._messages: deque[dict[str, Any]] = deque()
        self._size = 0
        self._broken = False
        self.not_kept = 0
        """Records and messages of the detector that found no room, on the disk or in memory."""
        self.aside = 0
        """Records and messages that the spool does not take: each in a file of its own, unsent."""
        self._aside_why = ""
        self.trouble = ""
        """Why nothing is kept now; empty where all is well."""
        self.trouble_kind: TroubleKind | Literal[""] = ""
        self.trouble_error = ""
        """The same for a screen, which has its own languages: what kind, and the system's words."""
        try:
            # another agent at work with the same spool is no trouble of the disk: it ends this one
            self._there().claim()
        except SpoolUnavailable as error:
            self._note_trouble(error)
        else:
            self._write()

    @property
    def waiting(self) -> int:
        """Records and messages that are in memory alone."""
        return len(self._records) + len(self._messages)

    def add(self, record: Record, faults: tuple[str, ...], *, judged: bool = True) -> None:
        """Keep a record."""
        size = _BESIDE_COUNTS + sum(spectrum.counts.nbytes for spectrum in record.spectra)
        self._records.append(_Waiting(self._heard if judged else None, record, faults, size))
        self._size += size
        self._heard += judged
        self._write()
        while self._size > MOST_BYTES_IN_MEMORY and self._records:
            self._size -= self._records.popleft().size
            self.not_kept += 1
            self._broken = True

    def say(self, message: dict[str, Any]) -> None:
        """Keep what the detector says."""
        self._messages.append(message)
        self._write()
        while len(self._messages) > MOST_MESSAGES_IN_MEMORY:
            self._messages.popleft()
            self.not_kept += 1

    def held(self) -> int | None:
        """Messages that wait to be sent; None where that cannot be said."""
        if self._spool is None:
            return None
        try:
            status = self._spool.status()
        except sqlite3.Error:
            return None
        return status.batches + status.alarms

    def end(self) -> None:
        """No further record will come: the run is closed."""
        self._open_at_s = -math.inf
        self._write()
        if self.waiting:
            self.not_kept += self.waiting
            self._tell(f"{self.waiting} records and messages were never kept: {self.trouble}")
        if self.aside:
            self._tell(f"set aside beside the spool and not sent: {self.aside}")
        if self._spool is None or not self._boot:
            return
        self._close_run(self._spool, self._boot)

    def close(self) -> None:
        """Let the spool go."""
        if self._spool is not None:
            self._spool.close()

    # ------------------------------------------------------------------ inside
    def _write(self) -> None:
        """Everything that is held, what the detector says first; trouble is told once."""
        try:
            spool = self._there()
            self._begun(spool)
            while self._messages:
                self._say(spool, self._messages[0])
                self._messages.popleft()
            while self._records:
                self._keep_or_set_aside(spool, self._records[0])
                self._size -= self._records.popleft().size
        except (sqlite3.Error, TocsinError, OSError) as error:
            self._note_trouble(error)
            return
        if self.trouble:
            self.trouble = self.trouble_kind = self.trouble_error = ""
            self._tell(f"what is heard is kept again; lost meanwhile: {self.not_kept}")

    def _note_trouble(self, error: Exception) -> None:
        self.trouble_kind = _kind(error)
        said = _WHY[self.trouble_kind].format(error=error)
        if not self.trouble:
            self._tell(f"nothing can be kept: {said}; records are held in memory meanwhile")
        self.trouble, self.trouble_error = said, str(error)

    def _there(self) -> Spool:
        """The spool; one that could not be opened is tried again now and then."""
        if self._spool is None:
            if self._opened is None or time.monotonic() < self._open_at_s:
                raise SpoolUnavailable(self.trouble)
            self._open_at_s = time.monotonic() + OPEN_AGAIN_S
            self._spool = self._opened()
        return self._spool

    def _begun(self, spool: Spool) -> None:
        """A run is open, and what an earlier one left open is closed."""
        if not self._boot:
            boot = spool.begin()
            self._begins_at = next(
                (w.number for w in self._records if w.number is not None), self._heard
            )
            self._boot, self._broken = boot, False
            spool.close_earlier(boot)

    def _say(self, spool: Spool, message: dict[str, Any]) -> None:
        try:
            spool.alarm(self._boot, self._in_numbers_of_run(message))
        except _ITS_OWN as error:
            self._set_aside(spool, {"message": message}, error)

    def _keep_or_set_aside(self, spool: Spool, waiting: _Waiting) -> None:
        try:
            self._keep(spool, waiting)
        except _ITS_OWN as error:
            feed = self._feed
            what = {
                "record": waiting.record,
                "number": waiting.number,
                "faults": waiting.faults,
                "instrument": feed.instrument,
                "realm": feed.realm,
            }
            self._set_aside(spool, what, error)
            # it has no number in the run: those after it begin another one
            self._broken = True

    def _set_aside(self, spool: Spool, what: dict[str, Any], error: Exception) -> None:
        """No later try takes it either: it goes into a file of its own, the others go on."""
        why = f"{type(error).__name__}: {error}"
        path = spool.set_aside(what, why)
        self.aside += 1
        if why != self._aside_why:
            self._aside_why = why
            kind = next(iter(what))
            self._tell(
                f"a {kind} cannot be kept in the spool nor sent ({why}): it is in {path}; "
                "the others go on"
            )

    def _keep(self, spool: Spool, waiting: _Waiting) -> None:
        feed = self._feed
        given = (waiting.record, feed.instrument, feed.realm, waiting.faults)
        if not self._broken or waiting.number is None:
            spool.add(self._boot, *given)
            return
        # after a loss the numbers of the run would not be those of the detector any more
        before, self._boot = self._boot, spool.begin_with(*given)
        self._begins_at, self._broken = waiting.number, False
        self._close_run(spool, before)

    def _close_run(self, spool: Spool, boot: str) -> None:
        try:
            spool.end(boot)
        except (sqlite3.Error, TocsinError) as error:
            self._tell(f"the run could not be closed ({error}): the next start does it")

    def _in_numbers_of_run(self, message: dict[str, Any]) -> dict[str, Any]:
        begins_at = self._begins_at
        if not begins_at:
            return message
        moved: dict[str, Any] = json.loads(json.dumps(message))
        moved["record"] = max(0, moved["record"] - begins_at)
        for name in _PLACES:
            if name in moved["encounter"]:
                moved["encounter"][name] = max(0, moved["encounter"][name] - begins_at)
        return moved


def _kind(error: Exception) -> TroubleKind:
    """What is in the way, as a screen says it in each language."""
    if isinstance(error, SpoolUnavailable):
        return "closed"
    if not isinstance(error, sqlite3.Error):
        return "other"
    code = code_of(error)
    if code == sqlite3.SQLITE_FULL or isinstance(error, DiskFull):
        return "full"
    return "busy" if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else "disk"


_WHY: dict[TroubleKind, str] = {
    "full": "there is no room ({error}): make room on the disk",
    "busy": "another program holds the spool ({error}): close it",
    "disk": "the spool cannot be written ({error}): look at the disk",
    "closed": "{error}",
    "other": "{error}",
}
"""Why nothing is kept, and what to do."""
