"""Records from a folder into which another program writes, file by file or line by line.

A file is taken when it has not changed for a second: read by the confined reader, whatever its
format. One that cannot be read yet is tried again when it changes. A file that is written anew
gives only the records that were not there before. Files whose name ends with ``.jsonl`` hold lines
as :mod:`tocsin.field.records` has them, and are read as they grow. Names that begin with a point or
end with ``~``, ``.tmp`` or ``.part``, links and folders are left alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tocsin import formats
from tocsin.detection.survey import walk_and_background
from tocsin.errors import InvalidInput, TocsinError
from tocsin.field.records import LONGEST_LINE, Feed, instrument_line, record_of
from tocsin.field.stopping import Stop
from tocsin.field.wire import pack_records
from tocsin.spectra import Instrument, Record, Recording

EVERY_S = 0.5
SETTLED_S = 1.0
"""A file that was not touched for so long is taken for whole."""
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
    read: _Stamp | None = None
    offset: int = 0
    instrument: Instrument = field(default_factory=Instrument)


@dataclass(slots=True)
class _Taken:
    """What one look at the folder has brought."""

    name: str
    instrument: Instrument
    realm: str
    records: list[Record]
    background: tuple[Record, ...] = ()
    others: tuple[Record, ...] = field(default=())

    @property
    def order(self) -> tuple[dt.datetime, str]:
        """Files that come at once are taken by their first record, else by their name."""
        start = self.records[0].start if self.records else None
        if start is None:
            return _NO_TIME, self.name
        return start if start.tzinfo else start.replace(tzinfo=dt.UTC), self.name


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
        self._known: set[bytes] = set()
        self._told: dict[str, str] = {}
        if not everything:
            self._pass_over()

    def feed(self) -> Feed:
        """Wait for the first record, which says what measures; then give all as they come."""
        looks = self._looks()
        first = next((taken for taken in looks if taken.records), None)
        if first is None:
            return Feed(Instrument(), iter(()))
        feed = Feed(
            first.instrument,
            iter(()),
            background=first.background,
            others=first.others,
            realm=first.realm,
        )
        feed.records = self._records(first, looks, feed)
        return feed

    def _records(self, first: _Taken, looks: Iterator[_Taken], feed: Feed) -> Iterator[Record]:
        yield from first.records
        for taken in looks:
            if self._belongs(taken, feed):
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
        if taken.others:
            self._tell(f"{taken.name}: {len(taken.others)} records beside the walk are not taken")
        return True

    # ------------------------------------------------------------------ looking
    def _looks(self) -> Iterator[_Taken]:
        """What comes, look after look, until no more is wanted."""
        while not self._stop.is_set():
            found = [taken for name in self._changed() if (taken := self._read(name)) is not None]
            yield from sorted(found, key=lambda taken: taken.order)
            self._stop.wait(EVERY_S)

    def _changed(self) -> list[str]:
        """Names of files that have settled, or grown by lines, since they were read."""
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
            del self._files[name]
        ready = []
        for name, stamp in sorted(stamps.items()):
            known = self._files.get(name)
            if known is None:
                known = self._files[name] = _File(stamp, at_s)
            elif known.stamp != stamp:
                if known.stamp[0] != stamp[0]:  # another file under the same name
                    known.offset = 0
                known.stamp, known.since_s = stamp, at_s
            settled = name.endswith(LINES) or at_s - known.since_s >= SETTLED_S
            if settled and known.read != stamp and stamp[1] > 0:
                ready.append(name)
        return ready

    def _read(self, name: str) -> _Taken | None:
        known = self._files[name]
        known.read = known.stamp
        try:
            if name.endswith(LINES):
                return self._lines(name, known)
            return self._recording(name, formats.read(self._folder / name))
        except (TocsinError, OSError) as error:
            self._tell_once(name, f"{name} cannot be read yet: {error}")
            return None

    def _recording(self, name: str, recording: Recording) -> _Taken:
        self._told.pop(name, None)
        series, background = walk_and_background(recording)
        walked = {id(record) for record in series}
        new = [r for k, r in enumerate(series) if self._is_new(name, k, r)]
        others = tuple(
            r
            for k, r in enumerate(recording.records)
            if id(r) not in walked and self._is_new(name, -1 - k, r)
        )
        return _Taken(name, recording.instrument, recording.realm, new, tuple(background), others)

    def _is_new(self, name: str, place: int, record: Record) -> bool:
        """Whether a record was not taken before; without a time it is known by its place."""
        digest = hashlib.sha256(pack_records((record,), Instrument(), "LIVE"))
        if record.start is None:
            digest.update(os.fsencode(f"{place} {name}"))
        one = digest.digest()[:16]
        if one in self._known:
            return False
        self._known.add(one)
        return True

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
