"""The agent: every record is heard by the detector, kept in the spool, and sent when it can be."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tocsin
from tocsin.detection.detector import ALGORITHM_VERSION
from tocsin.errors import InvalidInput
from tocsin.field.faults import Faults
from tocsin.field.listening import Heard, Listener
from tocsin.field.records import Feed
from tocsin.field.sending import Post, Sender
from tocsin.field.spool import Spool
from tocsin.field.watch import Watch
from tocsin.sealing import SigningKey, read_key_file
from tocsin.spectra import Record

KEY_FILE, SPOOL_FILE = "device.key", "spool.sqlite3"
_IDLE_S = 0.2
_LOOK_AGAIN_S = 1.0
LONGEST_PAUSE_S = 30.0
ASK_SPOOL_EVERY_S = 5.0
MOST_IN_MEMORY = 1800
"""Records that a full disk makes wait: half an hour of them, some 15 MB of 1,024 channels."""

Tell = Callable[[str], None]


def device_key(folder: Path) -> SigningKey:
    """The key of a device.

    Raises
    ------
    InvalidInput
        When the device was not enrolled, or others may read the key.
    """
    path = folder / KEY_FILE
    if not path.is_file():
        raise InvalidInput(f"{folder} holds no key of a device: begin with tocsin field enroll")
    return read_key_file(path)


def open_spool(folder: Path, key: SigningKey) -> Spool:
    """The spool of a device, for one thread."""
    return Spool(folder / SPOOL_FILE, key, monotonic=time.monotonic)


class Agent:
    """One run beside an instrument.

    Parameters
    ----------
    feed : Feed
        Where records come from.
    live : bool
        Records come from an instrument now; False where they are replayed.
    spool : Spool, optional
        Without one nothing is kept: the walk is only heard.
    tell : callable
        Takes a line for a person.
    watch : Watch, optional
        The picture of a screen: its detector is then the one that is listened to.

    Notes
    -----
    Where the disk is full a record is heard all the same, and held in memory until there is room
    again; what is too much for that is told as not kept.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        live: bool,
        spool: Spool | None,
        tell: Tell,
        watch: Watch | None = None,
    ) -> None:
        self._feed = feed
        self._live = live
        self._spool = spool
        self._tell = tell
        self._watch = watch
        self._listener = (
            watch.listener if watch is not None else Listener(feed.instrument, feed.background)
        )
        self._faults = Faults()
        self._boot = ""
        self._ask_at_s = -math.inf
        self._unkept: deque[tuple[Record, tuple[str, ...]]] = deque()
        self._unsaid: deque[dict[str, Any]] = deque()
        self._full = False
        self.not_kept = 0
        """Records and messages of the detector that found no room, on the disk or in memory."""
        if spool is not None:
            self._boot = spool.begin()
            spool.close_earlier(self._boot)
            for record in feed.others:
                self._keep(record, ())

    def take(self, record: Record) -> list[Heard]:
        """One record: its faults, what the detector says, and both into the spool."""
        if self._live:
            faults = self._faults.of(record, elapsed_s=time.monotonic(), now=datetime.now(UTC))
        else:
            faults = self._faults.of(record)
        self._keep(record, faults)
        watch = self._watch
        if watch is None:
            return self._heard(self._listener.hear(record))
        self._note_waiting(watch)
        return self._heard(watch.hear(record, faults))

    def end(self) -> list[Heard]:
        """No further record will come."""
        heard = self._heard((self._watch or self._listener).end())
        if self._spool is not None:
            self._write(self._spool)
            lost = len(self._unkept) + len(self._unsaid)
            self.not_kept += lost
            if lost:
                self._tell(f"{lost} records and messages were never kept: the disk is full")
            try:
                self._spool.end(self._boot)
            except sqlite3.OperationalError as error:
                self._tell(f"the run could not be closed ({error}): the next start does it")
        return heard

    def run(self, records: Iterable[Record], hear: Callable[[Heard], None]) -> None:
        """All records to the end."""
        for record in records:
            for heard in self.take(record):
                hear(heard)
        for heard in self.end():
            hear(heard)

    def _note_waiting(self, watch: Watch) -> None:
        """Tell the screen now and then how much waits to be sent."""
        at = time.monotonic()
        if self._spool is not None and at >= self._ask_at_s:
            self._ask_at_s = at + ASK_SPOOL_EVERY_S
            held = self._spool.status()
            watch.note_waiting(held.batches + held.alarms)

    def _keep(self, record: Record, faults: tuple[str, ...]) -> None:
        if self._spool is not None:
            self._unkept.append((record, faults))
            self._write(self._spool)
            if len(self._unkept) > MOST_IN_MEMORY:
                self._unkept.popleft()
                self.not_kept += 1

    def _heard(self, all_heard: list[Heard]) -> list[Heard]:
        if self._spool is not None and all_heard:
            self._unsaid.extend(message_of(heard, self._feed) for heard in all_heard)
            self._write(self._spool)
        return all_heard

    def _write(self, spool: Spool) -> None:
        """Everything that is held, what the detector says first; a full disk is told once."""
        feed = self._feed
        try:
            while self._unsaid:
                spool.alarm(self._boot, self._unsaid[0])
                self._unsaid.popleft()
            while self._unkept:
                record, faults = self._unkept[0]
                spool.add(self._boot, record, feed.instrument, feed.realm, faults)
                self._unkept.popleft()
        except sqlite3.OperationalError as error:
            if not self._full:
                self._full = True
                self._tell(
                    f"nothing can be kept ({error}): make room on the disk; records are held in "
                    "memory meanwhile"
                )
            return
        if self._full:
            self._full = False
            self._tell(f"there is room on the disk again; lost meanwhile: {self.not_kept}")


def message_of(heard: Heard, feed: Feed) -> dict[str, Any]:
    """What goes to the server of one thing that was heard."""
    said = feed.instrument
    return {
        "stage": heard.stage,
        "number": heard.number,
        "record": heard.record,
        "statistic": heard.statistic,
        "threshold": heard.threshold,
        "encounter": heard.said,
        "instrument": " ".join(w for w in (said.manufacturer, said.model, said.serial) if w)[:200],
        "realm": feed.realm,
        "versions": {"tocsin": tocsin.__version__, "algorithm": ALGORITHM_VERSION},
    }


class SendingThread(threading.Thread):
    """Sends beside the walk until it is told that nothing more will come.

    Parameters
    ----------
    folder : Path
        Of the device.
    post : callable
        The way to the server.
    tell : callable
        Takes a line for a person: why nothing gets through, and that it does again.
    """

    def __init__(self, folder: Path, post: Post, tell: Tell) -> None:
        super().__init__(name="sending", daemon=True)
        self._folder = folder
        self._post = post
        self._tell = tell
        self._last_one = threading.Event()
        self._over = threading.Event()

    def drain(self, wait_s: float) -> bool:
        """Nothing more will come: send what is left, so long as it gets through or time is left.

        Returns
        -------
        bool
            Whether everything has been sent.
        """
        self._last_one.set()
        self.join(wait_s)
        self._over.set()
        self.join(_LOOK_AGAIN_S + 1.0)
        return not self.is_alive() and self._sent_all

    _sent_all = False

    def run(self) -> None:
        """Send until drained or stopped."""
        spool = open_spool(self._folder, device_key(self._folder))
        sender = Sender(spool, self._post)
        said = ""
        try:
            while not self._over.is_set():
                last = self._last_one.is_set()
                try:
                    outcome = sender.step()
                except sqlite3.OperationalError as error:
                    # what was delivered is delivered once more, which changes nothing
                    self._tell(f"what was sent cannot be noted ({error}): make room on the disk")
                    self._pause(LONGEST_PAUSE_S)
                    continue
                if sender.trouble != said:
                    said = sender.trouble
                    self._tell(f"not sent: {said}" if said else "sending again")
                if outcome == "idle" and last:
                    self._sent_all = spool.status().refused == 0
                    return
                self._pause(_IDLE_S if outcome == "idle" else sender.wait_s)
        finally:
            spool.close()

    def _pause(self, seconds: float) -> None:
        """Wait, but not through the end: what is left then is tried once more at once."""
        until = time.monotonic() + seconds
        told = self._last_one.is_set()
        while (left := until - time.monotonic()) > 0 and not self._over.is_set():
            if self._last_one.is_set() and not told:
                return
            self._over.wait(min(left, _IDLE_S))
