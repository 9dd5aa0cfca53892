"""What apps above hear of encounters: written with the encounter, read after it, at least once.

An app above adds a reader to :data:`READERS` when Django starts it. A reader gets each encounter in
a transaction of its own and must bear hearing of the same one twice. Right after the commit the
rows are read at once; what a crash left behind is read by the timer process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from tocsin.server.clock import now
from tocsin.server.measurements.models import Encounter, Outgoing

log = logging.getLogger(__name__)

BATCH = 200

Reader = Callable[[Encounter], object]
READERS: list[Reader] = []


def register(reader: Reader) -> None:
    """Add a reader once."""
    if reader not in READERS:
        READERS.append(reader)


def deliver_pending(_at: datetime) -> int:
    """Read what was not read yet; one row that fails stays and is tried again.

    Without a reader nothing counts as read: the app above may be started later.
    """
    if not READERS:
        return 0
    done = 0
    # what has failed before comes last: it must not hold up what has not been tried
    waiting = Outgoing.objects.filter(read_at=None).order_by("failures", "id")
    for pk in list(waiting.values_list("pk", flat=True)[:BATCH]):
        try:
            with transaction.atomic():
                row = Outgoing.objects.select_for_update().filter(pk=pk, read_at=None).first()
                if row is None:
                    continue
                for reader in READERS:
                    reader(row.encounter)
                Outgoing.objects.filter(pk=pk).update(read_at=now())
            done += 1
        except Exception:
            log.exception("an encounter could not be handed on", extra={"row": pk})
            Outgoing.objects.filter(pk=pk).update(failures=F("failures") + 1)
    return done
