"""What the device holds until the server has said that it has it: one SQLite file, synced.

A record is durable when :meth:`Spool.add` returns, a message when it is closed. Messages are kept
as the bytes that go out, so that a second delivery is the same to the last bit. What an earlier run
left open is closed by :meth:`Spool.close_earlier` under the identity of that run.

Records are kept only while room is held back for everything else: when the disk is full, what the
detector says, acknowledgements and the end of a run are still written.
"""

from __future__ import annotations

import fcntl
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from tocsin.errors import InvalidInput, ParseError
from tocsin.field.aside import set_aside
from tocsin.field.envelope import Lane, seal
from tocsin.field.reserve import Reserve
from tocsin.field.wire import pack_json, pack_records, unpack_records
from tocsin.sealing import SigningKey
from tocsin.spectra import Instrument, Record

_T = TypeVar("_T")

SCHEMA = 1
BATCH_S = 10.0
"""About so much of a survey goes into one message where messages wait; a link that is up and idle
takes what there is (:meth:`Spool.close_open`)."""
BATCH_RECORDS = 500
BATCH_BYTES = 512 << 10
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_TABLES = """
CREATE TABLE boot (id TEXT PRIMARY KEY, opened_at TEXT NOT NULL, ended INTEGER NOT NULL DEFAULT 0);
CREATE TABLE record (
    boot TEXT NOT NULL REFERENCES boot, number INTEGER NOT NULL, length_s REAL NOT NULL,
    faults TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (boot, number)) WITHOUT ROWID;
CREATE TABLE message (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL REFERENCES boot, lane TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, envelope BLOB NOT NULL,
    refused TEXT NOT NULL DEFAULT '', UNIQUE (boot, lane, first));
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class DiskFull(sqlite3.OperationalError):
    """There is no room for a record beside what is held back for alarms."""


class SpoolUnavailable(InvalidInput):
    """The spool cannot be opened now; what is measured can be heard all the same."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that waits for its acknowledgement."""

    id: int
    boot: str
    lane: Lane
    first: int
    last: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """How much is held, for a person."""

    records_open: int
    batches: int
    alarms: int
    refused: int
    bytes: int
    oldest: str
    last_acknowledged: str


class Spool:
    """The store of one device; one object per thread.

    Parameters
    ----------
    path : Path
        The SQLite file; made if absent.
    key : SigningKey
        Signs what is closed.
    clock : callable, optional
        The device's own clock, aware.
    monotonic : callable, optional
        Seconds on a clock that cannot be set.
    reserve : Reserve, optional
        Room that is held back; a file beside the spool by default.

    Raises
    ------
    SpoolUnavailable
        When the file cannot be opened, not even with the room that is held back, or is no spool.
    ParseError
        When the spool is that of another version of this program.
    """

    def __init__(
        self,
        path: Path,
        key: SigningKey,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float],
        reserve: Reserve | None = None,
    ) -> None:
        self._reserve = reserve or Reserve(path.with_suffix(".reserve"))
        self._claim_path = path.with_suffix(".lock")
        self._aside = path.with_suffix(".aside")
        self._claim: IO[bytes] | None = None
        self._key = key
        self._clock = clock
        self._monotonic = monotonic
        try:
            version = self._opened(path)
        except sqlite3.Error as error:
            raise SpoolUnavailable(f"the spool {path} cannot be opened: {error}") from error
        if version != SCHEMA:
            self._db.close()
            raise ParseError(
                f"the spool is of version {version}, this program reads {SCHEMA}",
                code="spool",
                file=str(path),
            )

    def _opened(self, path: Path) -> int:
        """Open the file, on a disk that others have filled with the room that is held back."""
        try:
            return self._prepared(path)
        except sqlite3.OperationalError as error:
            # an index of the log that finds no room is told as a file that cannot be opened
            if not (is_full(error) or code_of(error) == sqlite3.SQLITE_CANTOPEN):
                raise
            if not self._reserve.let_go():
                raise
        return self._prepared(path)

    def _prepared(self, path: Path) -> int:
        """Make the tables where there are none; the version of the file."""
        self._db = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        try:
            return self._read_version()
        except sqlite3.Error:
            self._db.close()
            raise

    def _read_version(self) -> int:
        self._db.execute("PRAGMA journal_mode = WAL")
        # an answer of ours means: it is on the disk
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            with self._writing():
                # another process may have been quicker
                version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
                if version == 0:
                    for statement in _TABLES.split(";"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {SCHEMA}")
                    version = SCHEMA
        return version

    def close(self) -> None:
        """Let the file go."""
        self._db.close()
        if self._claim is not None:
            self._claim.close()

    # ------------------------------------------------------------------ writing
    def claim(self) -> None:
        """Be the only one that begins and ends runs here, until :meth:`close`.

        Raises
        ------
        InvalidInput
            When another agent is at work with this spool.
        SpoolUnavailable
            When the file that tells so cannot be made.
        """
        if self._claim is not None:
            return
        try:
            handle = self._claim_path.open("wb")
        except OSError as error:
            raise SpoolUnavailable(f"{self._claim_path} cannot be written: {error}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            raise InvalidInput(
                f"{self._claim_path.parent} is in use: one agent at a time keeps and sends for it"
            ) from None
        self._claim = handle

    def begin(self) -> str:
        """A new run: its identity."""
        self.claim()
        self._reserve.hold()
        boot = uuid.uuid4().hex
        opened_at = self._clock().isoformat()

        def write() -> None:
            self._db.execute("INSERT INTO boot (id, opened_at) VALUES (?, ?)", (boot, opened_at))

        self._urgently(write)
        return boot

    def begin_with(
        self, record: Record, instrument: Instrument, realm: str, faults: Sequence[str] = ()
    ) -> str:
        """A new run with its first record, or none of both where there is no room; its identity."""
        if not self._has_room():
            raise DiskFull("the disk is full")
        boot = uuid.uuid4().hex
        opened_at = self._clock().isoformat()
        with self._writing():
            self._db.execute("INSERT INTO boot (id, opened_at) VALUES (?, ?)", (boot, opened_at))
            self._insert(boot, record, instrument, realm, faults)
        return boot

    def add(
        self,
        boot: str,
        record: Record,
        instrument: Instrument,
        realm: str,
        faults: Sequence[str] = (),
    ) -> int:
        """Keep a record; its number in the run. A message is closed when it is long enough.

        Raises
        ------
        DiskFull
            When nothing but what is held back is left of the disk.
        """
        if not self._has_room():
            raise DiskFull("the disk is full")
        with self._writing():
            return self._insert(boot, record, instrument, realm, faults)

    def close_open(self, least_s: float) -> bool:
        """Close the message of records that is at hand, where it is so long; whether one was.

        For a link that is up and has nothing else to do: what was measured goes out at once.
        """
        # asked some times a second: a lock is taken only where there is something to close
        rows = self._db.execute(
            "SELECT boot FROM record GROUP BY boot HAVING sum(length_s) >= ?", (least_s,)
        ).fetchall()
        return self._each([boot for (boot,) in rows], self._closed) > 0

    def _closed(self, boot: str) -> None:
        self._urgently(lambda: self._close_batch(boot, ends=False))

    def _each(self, boots: Sequence[str], do: Callable[[str], None]) -> int:
        """Do it for every run; one whose records cannot be read is told after all others."""
        trouble: ParseError | None = None
        for boot in boots:
            try:
                do(boot)
            except ParseError as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble
        return len(boots)

    def alarm(self, boot: str, said: dict[str, Any]) -> int:
        """Keep what the detector says, as a small message of its own; also on a full disk."""

        def write() -> int:
            number = self._next(boot, "alarms")
            self._put(boot, "alarms", number, number, pack_json(said), ends=False)
            return number

        return self._urgently(write)

    def set_aside(self, what: dict[str, Any], why: str) -> Path:
        """Keep what this file does not take in one beside it, which is not sent; that file.

        Raises
        ------
        DiskFull
            When nothing but what is held back is left of the disk.
        OSError
            When the file cannot be written.
        """
        if not self._has_room():
            raise DiskFull("the disk is full")
        return set_aside(self._aside, what, why)

    def aside(self) -> int:
        """How many records and messages were set aside and are still there."""
        return sum(1 for _ in self._aside.glob("*.json"))

    def end(self, boot: str) -> None:
        """No further record of this run will come."""

        def write() -> None:
            self._close_batch(boot, ends=True)
            self._db.execute("UPDATE boot SET ended = 1 WHERE id = ?", (boot,))

        self._urgently(write)

    def close_earlier(self, boot: str) -> int:
        """Close what earlier runs left open, as after a dead battery; how many runs that were."""
        self.claim()
        rows = self._db.execute("SELECT id FROM boot WHERE ended = 0 AND id <> ?", (boot,))
        return self._each([row[0] for row in rows], self.end)

    # ------------------------------------------------------------------ sending
    def next_message(self) -> Message | None:
        """What goes out next: alarms first, then the oldest; nothing that was refused."""
        row = self._db.execute(
            "SELECT id, boot, lane, first, last, envelope FROM message WHERE refused = ''"
            " ORDER BY lane = 'records', id LIMIT 1"
        ).fetchone()
        return None if row is None else Message(*row)

    def acknowledge(self, boot: str, lane: Lane, through: int) -> int:
        """The server has everything of a lane up to a number: let it go. How many messages."""

        def write() -> int:
            done = self._db.execute(
                "DELETE FROM message WHERE boot = ? AND lane = ? AND last <= ? AND first <= ?"
                " AND refused = ''",
                (boot, lane, through, through),
            ).rowcount
            self._remember("last_acknowledged", self._clock().isoformat())
            return done

        return self._urgently(write)

    def received(self, message: Message) -> None:
        """The server has this very message, though not all before it: let it go."""

        def write() -> None:
            self._db.execute("DELETE FROM message WHERE id = ?", (message.id,))
            self._remember("last_acknowledged", self._clock().isoformat())

        self._urgently(write)

    def refuse(self, message: Message, why: str) -> None:
        """The server will never take this message: it stays, and lets the others pass."""

        def write() -> None:
            self._db.execute(
                "UPDATE message SET refused = ? WHERE id = ?", (why[:200] or "refused", message.id)
            )

        self._urgently(write)

    def status(self) -> Status:
        """How much is held."""
        (records,) = self._db.execute("SELECT count(*) FROM record").fetchone()
        batches, alarms, refused, size = self._db.execute(
            "SELECT coalesce(sum(lane = 'records' AND refused = ''), 0),"
            " coalesce(sum(lane = 'alarms' AND refused = ''), 0),"
            " coalesce(sum(refused <> ''), 0), coalesce(sum(length(envelope)), 0) FROM message"
        ).fetchone()
        (oldest,) = self._db.execute(
            "SELECT min(opened_at) FROM boot WHERE id IN"
            " (SELECT boot FROM message UNION SELECT boot FROM record)"
        ).fetchone()
        last = self._db.execute(
            "SELECT value FROM state WHERE name = 'last_acknowledged'"
        ).fetchone()
        return Status(
            records, batches, alarms, refused, size, oldest or "", last[0] if last else ""
        )

    # ------------------------------------------------------------------ inside
    def _insert(
        self,
        boot: str,
        record: Record,
        instrument: Instrument,
        realm: str,
        faults: Sequence[str],
    ) -> int:
        number = self._next(boot, "records")
        length_s = record.real_time_s or record.live_time_s or 0.0
        self._db.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?)",
            (boot, number, length_s, " ".join(faults), pack_records((record,), instrument, realm)),
        )
        count, total, size = self._db.execute(
            "SELECT count(*), sum(length_s), sum(length(body)) FROM record WHERE boot = ?",
            (boot,),
        ).fetchone()
        if count >= BATCH_RECORDS or total >= BATCH_S or size >= BATCH_BYTES:
            self._close_batch(boot, ends=False)
        return number

    def _writing(self) -> _Transaction:
        return _Transaction(self._db)

    def _urgently(self, write: Callable[[], _T]) -> _T:
        """One transaction that goes through on a full disk too, with the room held back for it."""
        try:
            with self._writing():
                return write()
        except sqlite3.OperationalError as error:
            if not is_full(error) or not self._reserve.let_go():
                raise
        with self._writing():
            return write()

    def _has_room(self) -> bool:
        """Whether a record leaves the room that is held back: on the disk, or free in the file."""
        if self._reserve.hold():
            return True
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        (page,) = self._db.execute("PRAGMA page_size").fetchone()
        return bool(free * page >= self._reserve.size)

    def _remember(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def _next(self, boot: str, lane: Lane) -> int:
        """The next number of a lane; it is kept, for what was acknowledged is gone."""
        name = f"next {boot} {lane}"
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        number = int(row[0]) if row else 0
        self._remember(name, str(number + 1))
        return number

    def _close_batch(self, boot: str, *, ends: bool) -> None:
        rows = self._db.execute(
            "SELECT number, faults, body FROM record WHERE boot = ? ORDER BY number", (boot,)
        ).fetchall()
        if not rows and not ends:
            return
        parts = [unpack_records(body) for _number, _faults, body in rows]
        records = [record for part in parts for record in part.records]
        instrument = parts[0].instrument if parts else Instrument()
        realm = parts[0].realm if parts else "LIVE"
        if rows:
            first, last = rows[0][0], rows[-1][0]
        else:
            first = self._next(boot, "records")
            if first == 0:  # a run that was begun and nothing more
                return
            last = first - 1
        self._put(
            boot,
            "records",
            first,
            last,
            pack_records(records, instrument, realm),
            ends=ends,
            faults=tuple((number, code) for number, said, _b in rows for code in said.split()),
        )
        self._db.execute("DELETE FROM record WHERE boot = ?", (boot,))

    def _put(
        self,
        boot: str,
        lane: Lane,
        first: int,
        last: int,
        body: bytes,
        *,
        ends: bool,
        faults: tuple[tuple[int, str], ...] = (),
    ) -> None:
        envelope = seal(
            self._key,
            body,
            boot=boot,
            lane=lane,
            first=first,
            last=last,
            ends=ends,
            device_time=self._clock().isoformat(timespec="milliseconds"),
            monotonic_s=round(self._monotonic(), 3),
            faults=faults,
        )
        self._db.execute(
            "INSERT INTO message (boot, lane, first, last, envelope) VALUES (?, ?, ?, ?, ?)",
            (boot, lane, first, last, envelope),
        )


class _Transaction:
    """All or nothing; takes the write lock at once, so that two threads never meet half-way."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            # SQLite has taken some failures back itself; what could not be committed is still open
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def is_full(error: sqlite3.Error) -> bool:
    """Whether there was no room; a full disk is told as a failure of the disk as well."""
    return isinstance(error, DiskFull) or code_of(error) in _FULL


def code_of(error: sqlite3.Error) -> int:
    """The kind of an error: the low byte of its extended code; 0 where it bears none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
