"""What apps above hear of encounters: written with the encounter, read after it, at least once.

An app above adds a reader to :data:`READERS` when Django starts it. A reader gets each encounter in
a transaction of its own and must bear hearing of the same one twice. Right after the commit the
rows are read at once; what a crash left behind is read by the timer process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F

from tocsin.server.clock import now
from tocsin.server.measurements.models import Encounter, Outgoing

log = logging.getLogger(__name__)

BATCH = 200

Told = TypeVar("Told")
Reader = Callable[[Encounter], object]
READERS: list[Reader] = []


def register(reader: Reader) -> None:
    """Add a reader once."""
    if reader not in READERS:
        READERS.append(reader)


def deliver_pending(_at: datetime) -> int:
    """Read what was not read yet."""
    return read_waiting(Outgoing, READERS, lambda reader, row: reader(row.encounter), most=BATCH)


def read_waiting(
    model: type[models.Model],
    readers: Sequence[Told],
    tell: Callable[[Told, Any], object],
    *,
    most: int,
) -> int:
    """Read rows of an outbox; one that fails stays and is tried again.

    Without a reader nothing counts as read: the app above may be started later.

    Parameters
    ----------
    model : type of Model
        The outbox: rows with ``read_at`` and ``failures``.
    readers : sequence
        Who hears of each row.
    tell : callable
        Tells one reader of one row.
    most : int
        Rows of one call.

    Returns
    -------
    int
        How many were read by all.
    """
    if not readers:
        return 0
    done = 0
    outbox = model._default_manager
    # what has failed before comes last: it must not hold up what has not been tried
    waiting = outbox.filter(read_at=None).order_by("failures", "id")
    for pk in list(waiting.values_list("pk", flat=True)[:most]):
        try:
            with transaction.atomic():
                row = outbox.select_for_update().filter(pk=pk, read_at=None).first()
                if row is None:
                    continue
                for reader in readers:
                    tell(reader, row)
                outbox.filter(pk=pk).update(read_at=now())
            done += 1
        except Exception:
            log.exception(
                "a row of an outbox could not be handed on",
                extra={"outbox": model._meta.label_lower, "row": pk},
            )
            outbox.filter(pk=pk).update(failures=F("failures") + 1)
    return done
