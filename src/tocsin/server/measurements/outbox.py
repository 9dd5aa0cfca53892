"""What apps above hear of encounters: written with the encounter, read after it, at least once.

An app above adds a reader to :data:`READERS` when Django starts it. A reader gets each encounter in
a transaction of its own and must bear hearing of the same one twice. Right after the commit the
rows are read at once; what a crash left behind is read by the timer process.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tocsin.server.duties.outbox import read_waiting
from tocsin.server.measurements.models import Encounter, Outgoing

BATCH = 200
Reader = Callable[[Encounter], object]
READERS: list[Reader] = []


def register(reader: Reader) -> None:
    """Add a reader once."""
    if reader not in READERS:
        READERS.append(reader)


def deliver_pending(_at: datetime) -> int:
    """Read what was not read yet."""
    return read_waiting(Outgoing, READERS, lambda reader, row: reader(row.encounter), most=BATCH)
