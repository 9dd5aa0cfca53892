"""A log in the test database, and what a database administrator may do to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from tocsin.sealing import Verdict, commit, read_kept_commitments, read_log_file, verify_log
from tocsin.server.accounts.models import Organisation
from tocsin.server.audit.export import log_lines
from tocsin.server.audit.guard import LOG_TABLES, unguard_statements
from tocsin.server.audit.identity import kept_folders, log_key
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.sequencer import Sequencer
from tocsin.server.audit.services import record
from tocsin.server.clock import now

TAMPERS = (
    "edit",
    "edit with a new commitment",
    "delete",
    "delete and close the gap",
    "insert",
    "exchange",
    "truncate",
    "truncate and drop checkpoints",
    "swap salts",
)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - repeatable tests, no secrets


def write_leaves(number: int, *, organisation: Organisation, start: int = 0) -> None:
    """So many changes, each in a transaction of its own."""
    for n in range(start, start + number):
        with transaction.atomic():
            record(
                actor="system:test",
                action="alarms.close",
                subject=organisation,
                before={"state": "open"},
                after={"state": "closed", "dose_rate_uSv_h": 0.1 * n, "number": n},
                reason=f"é {n}",
            )


def sequencer() -> Sequencer:
    key = log_key()
    return Sequencer(key, kept_folders(key.verifier))


def sealed(at: datetime | None = None) -> Sequencer:
    """Everything sequenced and signed."""
    found = sequencer()
    found.run(at or now(), sign=True)
    return found


def verdict(*, outside: list[str], kept: bytes | None = None, contents: bool = True) -> Verdict:
    """What the independent verifier says of the database as it is now."""
    text = "".join(log_lines(contents=contents, marking="")).encode()
    return verify_log(
        read_log_file(text),
        keys=[log_key().verifier],
        kept_checkpoints=outside,
        kept_commitments=None if kept is None else read_kept_commitments(kept),
    )


def kept_copy(place: Path) -> bytes:
    """The commitments that a folder keeps."""
    return next(place.glob("*/commitments.txt")).read_bytes()


def own_log() -> Path:
    return Path(settings.TOCSIN.data) / "log"


def as_administrator(deed: Callable[[Any], None]) -> None:
    """Do something in SQL with the triggers taken away, as who owns the database can."""
    with connection.cursor() as cursor:
        for table in LOG_TABLES:
            for statement in unguard_statements(connection.vendor, table):
                cursor.execute(statement)
        deed(cursor)


@contextmanager
def undone() -> Iterator[None]:
    """What is done to the database within the block is taken back at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def tamper(rng: random.Random, how: str, *, sealed_size: int) -> None:
    """One random attack on the signed part of the log."""
    at = rng.randrange(sealed_size)
    row = Leaf.objects.get(position=at)

    def deed(cursor: Any) -> None:
        if how in ("edit", "edit with a new commitment"):
            content = dict(row.content) | {"reason": f"changed {rng.random()}"}
            Leaf.objects.filter(position=at).update(content=content)
            if how != "edit":
                new = commit(content, bytes(row.salt))
                Leaf.objects.filter(position=at).update(commitment=new)
        elif how in ("delete", "delete and close the gap"):
            cursor.execute("DELETE FROM audit_leaf WHERE position = %s", [at])
            if how != "delete":
                for position in range(at + 1, _size() + 1):
                    cursor.execute(
                        "UPDATE audit_leaf SET position = %s WHERE position = %s",
                        [position - 1, position],
                    )
        elif how == "insert":
            for position in range(_size() - 1, at - 1, -1):
                cursor.execute(
                    "UPDATE audit_leaf SET position = %s WHERE position = %s",
                    [position + 1, position],
                )
            content = dict(row.content) | {"reason": "never happened"}
            salt = rng.randbytes(32)
            Leaf.objects.create(
                position=at,
                at=row.at,
                actor=row.actor,
                action=row.action,
                subject_kind=row.subject_kind,
                subject_id=row.subject_id,
                realm=row.realm,
                content=content,
                salt=salt,
                commitment=commit(content, salt),
            )
        elif how == "exchange":
            other = (at + rng.randint(1, sealed_size - 1)) % sealed_size
            for here, there in ((at, 10**9), (other, at), (10**9, other)):
                cursor.execute(
                    "UPDATE audit_leaf SET position = %s WHERE position = %s", [there, here]
                )
        elif how in ("truncate", "truncate and drop checkpoints"):
            cursor.execute("DELETE FROM audit_leaf WHERE position >= %s", [at])
            if how != "truncate":
                cursor.execute("DELETE FROM audit_cosignature")
                cursor.execute("DELETE FROM audit_checkpoint WHERE size > %s", [at])
        else:
            Leaf.objects.filter(position=at).update(salt=rng.randbytes(32))

    as_administrator(deed)


def _size() -> int:
    last = Leaf.objects.order_by("-position").exclude(position=None).first()
    return 0 if last is None else int(last.position or 0) + 1
