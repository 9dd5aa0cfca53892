"""What apps above hear of batches that are missing, at least once; they must bear hearing twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tocsin.server.duties.outbox import read_waiting
from tocsin.server.holdings.models import Outgoing, Step

MOST_AT_ONCE = 200
Reader = Callable[[Step], object]
READERS: list[Reader] = []


def register(reader: Reader) -> None:
    """Add a reader once."""
    if reader not in READERS:
        READERS.append(reader)


def deliver_pending(_at: datetime) -> int:
    """Read what was not read yet."""
    return read_waiting(Outgoing, READERS, lambda reader, row: reader(row.step), most=MOST_AT_ONCE)
