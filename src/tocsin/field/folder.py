"""Records from a folder into which another program writes, file by file or line by line.

A file is taken when it has not changed for a second: read by the confined reader, whatever its
format. One that never rests so long is read while it changes, whenever it stayed the same during
the reading. One that cannot be read yet is tried again when it changes. A file that is written anew
gives only the records that were not there before. A file of background alone is no walk: before the
first record of a walk it is its background. Files whose name ends with ``.jsonl`` hold lines
as :mod:`tocsin.field.records` has them, and are read as they grow. Names that begin with a point or
end with ``~``, ``.tmp`` or ``.part``, links and folders are left alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tocsin import formats
from tocsin.errors import InvalidInput, TocsinError
from tocsin.field.faults import aware
from tocsin.field.records import LONGEST_LINE, Feed, feed_of, instrument_line, record_of
from tocsin.field.stopping import Stop
from tocsin.field.wire import pack_records
from tocsin.spectra import Instrument, Record, Recording, SourceType

EVERY_S = 0.5
SETTLED_S = 1.0
"""A file that was not touched for so long is taken for whole."""
RESTLESS_S = 3.0
"""A file that has changed for so long without a rest is read while it changes."""
AT_ONCE = 8
"""So many files are held in memory to bring them into the order of their first records."""
MOST_BEFORE = 16
"""So many files of background are held for the walk to come; the oldest goes first."""
MOST_GONE = 100_000
"""Records that no file holds any more and that are still known: more than a day of one a second."""
LINES = ".jsonl"
UNFINISHED = ("~", ".tmp", ".part")
_MOST_AT_ONCE = 8 << 20
_NO_TIME = dt.datetime.max.replace(tzinfo=dt.UTC)

Tell = Callable[[str], None]
_Stamp = tuple[int, int, int]


@dataclass(slots=True)
class _File:
    """What is known of a file: as it was last seen, since when, and as it was last read."""

    stamp: _Stamp
    since_s: float
    unread_since_s: float
    not_before_s: float = 0.0
    restless: bool = False
    read: _Stamp | None = None
    holds: frozenset[bytes] = frozenset()
    offset: int = 0
    instrument: Instrument = field(default_factory=Instrument)


@dataclass(slots=True)
class _Taken:
    """What one file has brought."""

    name: str
    instrument: Instrument
    realm: str
    records: list[Record]
    background: tuple[Record, ...] = ()
    others: tuple[Record, ...] = field(default=())

    @property
    def order(self) -> tuple[dt.datetime, str]:
        """Files that come at once are taken by their first record, else by their name."""
        first = next(iter((*self.records, *self.others)), None)
        return aware(None if first is None else first.start) or _NO_TIME, self.name


class _Known:
    """Which records were taken: those that files hold now, and the last of those that are gone."""

    def __init__(self) -> None:
        self._held: dict[bytes, int] = {}
        self._gone: dict[bytes, None] = {}

    def __contains__(self, one: bytes) -> bool:
        return one in self._held or one in self._gone

    def __len__(self) -> int:
        return len(self._held) + len(self._gone)

    def instead(self, before: Iterable[bytes], now: frozenset[bytes]) -> None:
        """A file holds other records than before."""
        for one in now:
            self._held[one] = self._held.get(one, 0) + 1
            self._gone.pop(one, None)
        for one in before:
            self._held[one] -= 1
            if self._held[one] == 0:
                del self._held[one]
                self._gone[one] = None
        while len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]


class FolderSource:
    """Records of one folder.

    Parameters
    ----------
    folder : Path
        Is watched, without the folders in it.
    tell : callable
        Takes a line for a person.
    stop : Stop
        Set when no further record is wanted.
    everything : bool
        Take what lies there at the start as well.
    monotonic : callable, optional
        Seconds on a clock that cannot be set.

    Raises
    ------
    InvalidInput
        When it is no folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tell: Tell,
        stop: Stop,
        everything: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not folder.is_dir():
            raise InvalidInput(f"{folder} is no folder")
        self._folder = folder
        self._tell = tell
        self._stop = stop
        self._monotonic = monotonic
        self._files: dict[str, _File] = {}
        self._known = _Known()
        self._told: dict[str, str] = {}
        if not everything:
            self._pass_over()

    def feed(self) -> Feed:
        """Wait for the first record, which says what measures; then give all as they come."""
        looks = self._looks()
        before: deque[_Taken] = deque(maxlen=MOST_BEFORE)
        for first in looks:
            if first.records:
                break
            if first.others:
                self._tell(f"{first.name}: no walk: kept as background until one comes")
                before.append(first)
        else:
            return Feed(Instrument(), iter(()))
        feed = Feed(first.instrument, iter(()), realm=first.realm)
        beside = [*(taken for taken in before if self._belongs(taken, feed)), first]
        # what a file says is its background now stands for what it said before
        backgrounds = {taken.name: taken.background for taken in beside}
        feed.background = tuple(r for each in backgrounds.values() for r in each)
        feed.others = tuple(r for taken in beside for r in taken.others)
        feed.records = self._records(first, looks, feed)
        return feed

    def _records(self, first: _Taken, looks: Iterator[_Taken], feed: Feed) -> Iterator[Record]:
        yield from first.records
        for taken in looks:
            if not self._belongs(taken, feed):
                continue
            if taken.others:
                self._tell(
                    f"{taken.name}: {len(taken.others)} records beside the walk are not taken"
                )
            yield from taken.records

    def _belongs(self, taken: _Taken, feed: Feed) -> bool:
        mine, theirs = feed.instrument, taken.instrument
        if taken.realm != feed.realm:
            self._tell(
                f"{taken.name}: of the realm {taken.realm}, this run is of {feed.realm}: not taken"
            )
            return False
        one = (mine.manufacturer, mine.model, mine.serial)
        other = (theirs.manufacturer, theirs.model, theirs.serial)
        if any(other) and other != one:
            name = " ".join(w for w in other if w)
            self._tell(
                f"{taken.name}: measured by {name}, which is not that of this run: not taken"
            )
            return False
        return True

    # ------------------------------------------------------------------ looking
    def _looks(self) -> Iterator[_Taken]:
        """What comes, look after look, until no more is wanted."""
        while not self._stop.is_set():
            yield from self._in_order(self._changed())
            self._stop.wait(EVERY_S)

    def _in_order(self, names: list[str]) -> Iterator[_Taken]:
        """What files hold, by their first records, without holding all of them."""
        held: list[tuple[tuple[dt.datetime, str], _Taken]] = []
        for name in names:
            if self._stop.is_set():
                break
            taken = self._read(name)
            if taken is not None:
                heapq.heappush(held, (taken.order, taken))
            if len(held) > AT_ONCE:
                yield heapq.heappop(held)[1]
        while held:
            yield heapq.heappop(held)[1]

    def _changed(self) -> list[str]:
        """Names of files to be read, the one that was changed longest ago first."""
        try:
            with os.scandir(self._folder) as entries:
                stamps = {
                    e.name: _stamp(e.stat(follow_symlinks=False))
                    for e in entries
                    if e.is_file(follow_symlinks=False) and _is_finished(e.name)
                }
        except OSError as error:
            self._tell_once(str(self._folder), f"the folder cannot be read ({error})")
            return []
        self._told.pop(str(self._folder), None)
        at_s = self._monotonic()
        for name in set(self._files) - set(stamps):
            self._known.instead(self._files.pop(name).holds, frozenset())
            self._told.pop(name, None)
        ready = []
        for name, stamp in stamps.items():
            known = self._files.get(name)
            if known is None:
                known = self._files[name] = _File(stamp, at_s, at_s)
            elif known.stamp != stamp:
                if known.stamp[0] != stamp[0]:  # another file under the same name
                    known.offset = 0
                if known.read == known.stamp:
                    known.unread_since_s = at_s
                known.stamp, known.since_s = stamp, at_s
            if known.read != stamp and stamp[1] > 0 and self._is_ready(name, known, at_s):
                ready.append(name)
        return sorted(ready, key=lambda name: (stamps[name][2], name))

    def _is_ready(self, name: str, known: _File, at_s: float) -> bool:
        """Whether a file that was not read as it is now is to be read."""
        rests_s = at_s - known.since_s
        if rests_s >= RESTLESS_S:
            known.restless = False
        elif rests_s < SETTLED_S and at_s - known.unread_since_s >= RESTLESS_S:
            known.restless = True
        return (
            name.endswith(LINES)
            or rests_s >= SETTLED_S
            or (known.restless and at_s >= known.not_before_s)
        )

    def _read(self, name: str) -> _Taken | None:
        known = self._files[name]
        known.read = known.stamp
        try:
            if name.endswith(LINES):
                return self._lines(name, known)
            recording = self._whole(name, known)
            return None if recording is None else self._recording(name, recording)
        except (TocsinError, OSError) as error:
            # of a file that changes all the time each half is wrong in its own way
            if not (known.restless and name in self._told):
                self._tell_once(name, f"{name} cannot be read yet: {error}")
            return None

    def _whole(self, name: str, known: _File) -> Recording | None:
        """A file, unless it was written into while it was read.

        One that another has replaced by now, or that is gone, was whole.
        """
        path, began_s = self._folder / name, self._monotonic()
        try:
            recording = formats.read(path)
        finally:
            # a large file that changes all the time does not take all the time
            ended_s = self._monotonic()
            known.not_before_s = ended_s + (ended_s - began_s)
        try:
            now = _stamp(path.stat(follow_symlinks=False))
        except FileNotFoundError:
            return recording
        if now == known.stamp or now[0] != known.stamp[0]:
            return recording
        self._tell_once(name, f"{name} changes while it is read: tried again")
        known.read = None
        return None

    def _recording(self, name: str, recording: Recording) -> _Taken:
        self._told.pop(name, None)
        feed, held = feed_of(recording), set[bytes]()
        walk, background, others = list(feed.records), feed.background, feed.others
        if all(record.source_type is SourceType.BACKGROUND for record in walk):
            # alone in its file it is analysed as it is; here the walk is still to come
            walk, background, others = [], tuple(walk), (*walk, *others)
        new = [r for k, r in enumerate(walk) if self._is_new(name, k, r, held)]
        beside = tuple(r for k, r in enumerate(others) if self._is_new(name, -1 - k, r, held))
        known = self._files[name]
        before, known.holds = known.holds, frozenset(held)
        self._known.instead(before, known.holds)
        return _Taken(name, recording.instrument, recording.realm, new, background, beside)

    def _is_new(self, name: str, place: int, record: Record, held: set[bytes]) -> bool:
        """Whether a record was not taken before; without a time it is known by its place."""
        digest = hashlib.sha256(pack_records((record,), Instrument(), "LIVE"))
        if record.start is None:
            digest.update(os.fsencode(f"{place} {name}"))
        one = digest.digest()[:16]
        is_new = one not in held and one not in self._known
        held.add(one)
        return is_new

    def _lines(self, name: str, known: _File) -> _Taken:
        if known.stamp[1] < known.offset:  # cut off and begun anew
            known.offset = 0
        with (self._folder / name).open("rb") as stream:
            stream.seek(known.offset)
            part = stream.read(_MOST_AT_ONCE)
        if len(part) == _MOST_AT_ONCE:
            known.read = None  # the rest at the next look
        whole = part.rfind(b"\n") + 1
        if whole == 0 and len(part) > LONGEST_LINE:
            whole = len(part)
        known.offset += whole
        records: list[Record] = []
        for line in part[:whole].decode(errors="replace").split("\n"):
            if not line.strip():
                continue
            said = instrument_line(line)
            if said is not None:
                known.instrument = said
                continue
            try:
                records.append(record_of(line))
            except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
                self._tell(f"{name}: a line cannot be read: {error}")
        return _Taken(name, known.instrument, "LIVE", records)

    def _tell_once(self, about: str, line: str) -> None:
        if self._told.get(about) != line:
            self._told[about] = line
            self._tell(line)

    def _pass_over(self) -> None:
        """What lies there at the start was measured before: only what is added to it is new."""
        self._changed()
        for name, known in self._files.items():
            if self._stop.is_set():
                return
            known.read = known.stamp
            if name.endswith(LINES):
                known.offset = known.stamp[1]
                continue
            try:
                self._recording(name, formats.read(self._folder / name))
            except (TocsinError, OSError):
                continue  # once it can be read all of it is new
        if self._files:
            self._tell(f"{len(self._files)} files lie there already: only what is added is taken")


def _is_finished(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(UNFINISHED)


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_ino, found.st_size, found.st_mtime_ns
