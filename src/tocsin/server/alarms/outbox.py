"""What apps above hear of alarms: written with the change, read after it, at least once.

An app above adds a reader to :data:`READERS` when Django starts it. A reader gets each outgoing row
in a transaction of its own and must bear hearing of the same event twice. Right after the commit
the rows are read at once; what a crash left behind is read by the timer process.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tocsin.server.alarms.facts import Kind
from tocsin.server.alarms.models import Alarm, AlarmEvent, Outgoing
from tocsin.server.duties.outbox import read_waiting

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
    """Read what was not read yet."""
    return read_waiting(
        Outgoing, READERS, lambda reader, row: reader(row.alarm, row.event), most=BATCH
    )
