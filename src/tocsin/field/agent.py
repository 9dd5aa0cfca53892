"""The agent: every record is heard by the detector, kept in the spool, and sent when it can be."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tocsin
from tocsin.detection.detector import ALGORITHM_VERSION
from tocsin.errors import InvalidInput, ParseError, TocsinError
from tocsin.field.faults import Faults
from tocsin.field.keeping import Keeping
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
LIVE_S = 0.996
"""So much is sent at once over a link that has nothing else to do: ten records of 0.1 s must not
fall short of a second."""
LEAST_LIVE_S, MOST_LIVE_S = 0.75, 1.5
"""Time between two such messages: a walk that is replayed faster gathers more in each, and records
that do not say how long they are wait no longer."""

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
    opened : callable, optional
        Opens the spool where none is given; tried now and then until it can be opened.
    tell : callable
        Takes a line for a person.
    watch : Watch, optional
        The picture of a screen: its detector is then the one that is listened to.

    Notes
    -----
    Where nothing can be kept a record is heard all the same, and held in memory until it can be;
    what is too much for that is told as not kept (:class:`tocsin.field.keeping.Keeping`).
    """

    def __init__(
        self,
        feed: Feed,
        *,
        live: bool,
        spool: Spool | None,
        tell: Tell,
        watch: Watch | None = None,
        opened: Callable[[], Spool] | None = None,
    ) -> None:
        self._feed = feed
        self._live = live
        self._watch = watch
        self._listener = (
            watch.listener if watch is not None else Listener(feed.instrument, feed.background)
        )
        self._faults = Faults()
        self._ask_at_s = -math.inf
        self._keeping: Keeping | None = None
        if spool is not None or opened is not None:
            self._keeping = Keeping(feed, spool, tell, opened)
            for record in feed.others:
                self._keeping.add(record, (), judged=False)

    @property
    def not_kept(self) -> int:
        """Records and messages of the detector that found no room, on the disk or in memory."""
        return 0 if self._keeping is None else self._keeping.not_kept

    @property
    def in_memory(self) -> int:
        """Records and messages that wait for room on the disk."""
        return 0 if self._keeping is None else self._keeping.waiting

    def take(self, record: Record) -> list[Heard]:
        """One record: its faults, what the detector says, and both into the spool."""
        if self._live:
            faults = self._faults.of(record, elapsed_s=time.monotonic(), now=datetime.now(UTC))
        else:
            faults = self._faults.of(record)
        if self._keeping is not None:
            self._keeping.add(record, faults)
        watch = self._watch
        if watch is None:
            return self._heard(self._listener.hear(record))
        self._note(watch)
        return self._heard(watch.hear(record, faults))

    def end(self) -> list[Heard]:
        """No further record will come."""
        heard = self._heard((self._watch or self._listener).end())
        if self._keeping is not None:
            self._keeping.end()
        return heard

    def run(self, records: Iterable[Record], hear: Callable[[Heard], None]) -> None:
        """All records to the end."""
        for record in records:
            for heard in self.take(record):
                hear(heard)
        for heard in self.end():
            hear(heard)

    def close(self) -> None:
        """Let the spool go."""
        if self._keeping is not None:
            self._keeping.close()

    def _note(self, watch: Watch) -> None:
        """Tell the screen whether all is kept, and now and then how much waits to be sent."""
        keeping = self._keeping
        if keeping is None:
            return
        watch.note_kept(
            why=keeping.trouble_kind,
            error=keeping.trouble_error,
            in_memory=keeping.waiting,
            lost=keeping.not_kept,
        )
        at = time.monotonic()
        if at >= self._ask_at_s:
            self._ask_at_s = at + ASK_SPOOL_EVERY_S
            watch.note_waiting(keeping.held())

    def _heard(self, all_heard: list[Heard]) -> list[Heard]:
        if self._keeping is not None:
            for heard in all_heard:
                self._keeping.say(message_of(heard, self._feed))
        return all_heard


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
        self._said = self._trouble = ""
        self._refused = 0
        self._unreadable = False
        self._live_s = -math.inf
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
        """Send until drained or stopped, whatever goes wrong in one turn."""
        spool = self._open()
        if spool is None:
            return
        sender = Sender(spool, self._post)
        try:
            while not self._over.is_set():
                try:
                    done = self._turn(spool, sender, last=self._last_one.is_set())
                except sqlite3.Error as error:
                    # what was delivered is delivered once more, which changes nothing
                    self._stuck(f"what was sent cannot be noted ({error}): look at the disk")
                    continue
                except Exception as error:  # noqa: BLE001 - whatever it is: it is told and tried again
                    self._stuck(f"sending met {type(error).__name__} ({error})")
                    continue
                if done:
                    return
                self._trouble = ""
        finally:
            with suppress(sqlite3.Error):
                spool.close()

    def _turn(self, spool: Spool, sender: Sender, *, last: bool) -> bool:
        """One message, where one waits; whether everything is sent and nothing more will come."""
        outcome = sender.step()
        if outcome == "idle" and self._closed(spool):
            return False
        self._refused += outcome == "refused"
        if sender.trouble != self._said:
            self._said = sender.trouble
            self._tell(f"not sent: {self._said}" if self._said else "sending again")
        if outcome == "idle" and last:
            self._sent_all = self._refused == 0 and not self._unreadable
            if earlier := spool.status().refused - self._refused:
                self._tell(f"refused by the server earlier, and kept: {earlier} messages")
            return True
        self._pause(_IDLE_S if outcome == "idle" else sender.wait_s)
        return False

    def _closed(self, spool: Spool) -> bool:
        """Whether there is another message: the link is up, what was measured now goes at once."""
        since_s = time.monotonic() - self._live_s
        if since_s < LEAST_LIVE_S:
            return False
        try:
            closed = spool.close_open(0.0 if since_s >= MOST_LIVE_S else LIVE_S)
        except ParseError as error:
            # it stays in the spool; every message that is closed still goes
            if not self._unreadable:
                self._tell(f"records in the spool cannot be read and are not sent: {error}")
            self._unreadable, self._live_s = True, time.monotonic()
            return False
        if closed:
            self._live_s = time.monotonic()
        return closed

    def _stuck(self, trouble: str) -> None:
        """Tell it once, and try again after a while."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._tell(f"{trouble}; tried again every {LONGEST_PAUSE_S:.0f} s")
        self._pause(LONGEST_PAUSE_S)

    def _open(self) -> Spool | None:
        """The spool, tried until it can be opened; None where nothing is to be sent any more."""
        said = ""
        while not self._over.is_set():
            last = self._last_one.is_set()
            try:
                return open_spool(self._folder, device_key(self._folder))
            except (TocsinError, sqlite3.Error, OSError, ValueError) as error:
                if str(error) != said:
                    said = str(error)
                    self._tell(f"not sent: {said}")
            if last:
                return None
            self._pause(LONGEST_PAUSE_S)
        return None

    def _pause(self, seconds: float) -> None:
        """Wait, but not through the end: what is left then is tried once more at once."""
        until = time.monotonic() + seconds
        told = self._last_one.is_set()
        while (left := until - time.monotonic()) > 0 and not self._over.is_set():
            if self._last_one.is_set() and not told:
                return
            self._over.wait(min(left, _IDLE_S))
