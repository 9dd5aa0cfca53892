"""The one writer of the log's order: gives leaves their positions, grows the tree, signs it.

It holds the tree in memory and only ever appends to it. What somebody changes in the database later
does not reach it; at its next start it builds the tree anew from the database and compares it with
the checkpoints kept outside, and signs nothing that does not begin with what was signed before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max

from tocsin.sealing import Checkpoint, MerkleTree, SigningKey, leaf_hash
from tocsin.server.audit import models
from tocsin.server.audit.identity import kept_folders, known_log_key, log_key
from tocsin.server.audit.keeping import KeptFolder, LogAltered, keep_everywhere

log = logging.getLogger(__name__)

BATCH = 1000
SIGN_AFTER = timedelta(seconds=60)
SIGN_AFTER_LEAVES = 1000
TRY_AGAIN_AFTER = timedelta(seconds=60)
_ADVISORY_LOCK = 0x746F6373  # any number that no other lock of this database uses ("tocs")


class Sequencer:
    """The tree of one log, with the means to grow and sign it.

    Parameters
    ----------
    key : SigningKey
        Key of the log.
    folders : list of KeptFolder
        Where checkpoints are kept; the first one is the server's own.

    Raises
    ------
    LogAltered
        When the database does not begin with what a kept checkpoint states.
    """

    def __init__(self, key: SigningKey, folders: list[KeptFolder]) -> None:
        self.key = key
        self.folders = folders
        self.tree = MerkleTree()
        self.signed: Checkpoint | None = None
        self.signed_at: datetime | None = None
        self.missed: list[str] = []
        self._take_over()
        self._compare()

    def run(self, at: datetime, *, sign: bool = False) -> int:
        """Give positions to what was committed since, and sign when it is time.

        Parameters
        ----------
        at : datetime
            The moment.
        sign : bool
            Sign now, if there is anything new.

        Returns
        -------
        int
            Number of leaves that got a position.
        """
        done = 0
        while fresh := self._sequence():
            done += fresh
            if fresh < BATCH:
                break
        size = 0 if self.signed is None else self.signed.size
        waited = self.signed_at is None or at - self.signed_at >= SIGN_AFTER
        if self.tree.size > size and (sign or waited or self.tree.size - size >= SIGN_AFTER_LEAVES):
            self._sign(at)
        return done

    def _sequence(self) -> int:
        """One batch, in one transaction; the tree grows only after it is committed."""
        with transaction.atomic():
            self._lock()
            self._take_over()
            fresh = list(models.Leaf.objects.filter(position=None).order_by("id")[:BATCH])
            for position, leaf in enumerate(fresh, start=self.tree.size):
                leaf.position = position
            models.Leaf.objects.bulk_update(fresh, ["position"], batch_size=200)
        for leaf in fresh:
            self.tree.append(leaf_hash(bytes(leaf.commitment)))
        return len(fresh)

    def _lock(self) -> None:
        """Only one sequencer at a time (SQLite lets only one transaction write anyhow)."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])

    def _take_over(self) -> None:
        """Positions that were given before this process, or by another one."""
        grow(self.tree)

    def _compare(self) -> None:
        """Demand that the tree begins with every newest checkpoint that is kept anywhere."""
        self.signed = compare(self.tree, self.folders)
        if self.signed is not None:
            self._show(self.signed, None)

    def _sign(self, at: datetime) -> None:
        """Sign, keep in the own folder first, then in the table, then elsewhere."""
        checkpoint = Checkpoint.sign(size=self.tree.size, root=self.tree.root(), key=self.key)
        self.folders[0].keep(checkpoint, self._commitments)
        self._show(checkpoint, at)
        self.missed = keep_everywhere(self.folders[1:], checkpoint, self._commitments)
        for sentence in self.missed:
            log.warning("a checkpoint could not be copied", extra={"place": sentence})
        self.signed, self.signed_at = checkpoint, at

    def _show(self, checkpoint: Checkpoint, at: datetime | None) -> None:
        """The row that pages show; made again from the kept file where a crash came between."""
        models.Checkpoint.objects.get_or_create(
            size=checkpoint.size,
            defaults={
                "root": checkpoint.root,
                "note": checkpoint.written(),
                "at": at or self._time_of(checkpoint.size),
            },
        )

    def _time_of(self, size: int) -> datetime:
        return models.Leaf.objects.get(position=size - 1).at

    def _commitments(self, first: int, until: int) -> Iterator[bytes]:
        """Commitments for a copy, each one the one that the tree was grown with."""
        rows = (
            models.Leaf.objects.filter(position__gte=first, position__lt=until)
            .order_by("position")
            .values_list("commitment", flat=True)
        )
        for position, commitment in enumerate(_bytes(rows.iterator()), start=first):
            if leaf_hash(commitment) != self.tree.leaf(position):
                raise LogAltered(f"leaf {position} was changed in the database")
            yield commitment


def _bytes(rows: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """PostgreSQL gives memory views."""
    return (bytes(row) for row in rows)


class Step:
    """The sequencer as a step of the timer process, which starts it and tells of its refusals."""

    def __init__(self) -> None:
        self.sequencer: Sequencer | None = None
        self.refused: str = ""
        self.try_after: datetime | None = None

    def run(self, at: datetime) -> int:
        """Run once; after a refusal again only after a while, and from the beginning."""
        if self.try_after is not None and at < self.try_after:
            return 0
        try:
            if self.sequencer is None:
                key = log_key()
                self.sequencer = Sequencer(key, kept_folders(key.verifier))
            done = self.sequencer.run(at)
        except LogAltered as error:
            self.sequencer, self.refused = None, str(error)
            self.try_after = at + TRY_AGAIN_AFTER
            log.critical("the log was altered; nothing is signed", extra={"reason": str(error)})
            return 0
        self.refused, self.try_after = "", None
        return done


def grow(tree: MerkleTree) -> None:
    """Append to a tree the leaves that have a position in the database and are not in it yet.

    Raises
    ------
    LogAltered
        When the database has fewer leaves than the tree, or a gap.
    """
    last = models.Leaf.objects.aggregate(last=Max("position"))["last"]
    size = 0 if last is None else last + 1
    if size < tree.size:
        raise LogAltered(f"the database ends at {size} leaves, {tree.size} were sequenced")
    rows = (
        models.Leaf.objects.filter(position__gte=tree.size)
        .order_by("position")
        .values_list("position", "commitment")
    )
    for position, commitment in rows.iterator(chunk_size=10_000):
        if position != tree.size:
            raise LogAltered(f"the database has no leaf {tree.size}, but later ones")
        tree.append(leaf_hash(bytes(commitment)))


def compare(tree: MerkleTree, folders: Sequence[KeptFolder]) -> Checkpoint | None:
    """Demand that a tree begins with the newest checkpoint of every folder that is there.

    Returns
    -------
    Checkpoint or None
        The largest of them.

    Raises
    ------
    LogAltered
        When it does not, or when one of them cannot be read.
    """
    kept = [c for c in (f.newest() for f in folders if f.is_there()) if c is not None]
    for one in kept:
        if one.size > tree.size:
            raise LogAltered(
                f"a kept checkpoint states {one.size} leaves, the database has "
                f"{tree.size}: leaves were removed or an older state was put back"
            )
        if tree.root(one.size) != one.root:
            raise LogAltered(
                f"the first {one.size} leaves of the database are not those that were signed"
            )
    return max(kept, key=lambda c: c.size, default=None)


def check_log() -> Checkpoint | None:
    """Compare the log in the database with what is kept of it; writes nothing anywhere.

    Returns
    -------
    Checkpoint or None
        The newest one that is kept; None where nothing was signed yet.

    Raises
    ------
    LogAltered
        When they do not agree, or when it cannot be shown that they do.
    """
    tree = MerkleTree()
    grow(tree)
    key = known_log_key()
    if key is None:
        if models.Checkpoint.objects.exists():
            raise LogAltered(
                "the key of the log is missing: nothing can be shown of what it signed"
            )
        return None
    return compare(tree, kept_folders(key.verifier))


def seal_now(at: datetime) -> Checkpoint | None:
    """Sequence and sign everything that is committed: before an export, and in commands.

    Returns
    -------
    Checkpoint or None
        The newest one; None while the log is empty.
    """
    key = log_key()
    sequencer = Sequencer(key, kept_folders(key.verifier))
    sequencer.run(at, sign=True)
    return sequencer.signed
