"""What apps above hear of alarms: written with the change, read after it, at least once.

An app above adds a reader to :data:`READERS` when Django starts it. A reader gets each outgoing row
in a transaction of its own and must bear hearing of the same event twice. Right after the commit
the rows are read at once; what a crash left behind is read by the timer process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from tocsin.server.alarms.facts import Kind
from tocsin.server.alarms.models import Alarm, AlarmEvent, Outgoing
from tocsin.server.clock import now

log = logging.getLogger(__name__)

TOLD = frozenset(
    {Kind.CONFIRMED, Kind.INNOCENT, Kind.FALSE, Kind.EQUIPMENT_FAULT, Kind.CLOSED, Kind.REOPENED}
)
"""Kinds of events that apps above hear of."""

BATCH = 200

Reader = Callable[[Alarm, AlarmEvent], None]
READERS: list[Reader] = []


def register(reader: Reader) -> None:
    """Add a reader once."""
    if reader not in READERS:
        READERS.append(reader)


def deliver_pending(_at: datetime) -> int:
    """Read what was not read yet; one row that fails stays and is tried again."""
    done = 0
    for pk in list(Outgoing.objects.filter(read_at=None).values_list("pk", flat=True)[:BATCH]):
        try:
            with transaction.atomic():
                row = Outgoing.objects.select_for_update().filter(pk=pk, read_at=None).first()
                if row is None:
                    continue
                for reader in READERS:
                    reader(row.alarm, row.event)
                Outgoing.objects.filter(pk=pk).update(read_at=now())
            done += 1
        except Exception:
            log.exception("outgoing event of an alarm could not be read", extra={"row": pk})
    return done
