"""Batches that are lost, stolen or found again; apps above hear of each."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.clock import now
from tocsin.server.holdings.models import MISSING, Batch, BatchState, Kind, Outgoing, Step
from tocsin.server.holdings.outbox import deliver_pending
from tocsin.server.holdings.services.material import KEPT, require
from tocsin.server.holdings.services.writing import check_day, locked, values_of, words, write
from tocsin.server.marking.policy import Reader
from tocsin.server.typed import plain

BECOMES = {
    Kind.LOSS: BatchState.LOST,
    Kind.THEFT: BatchState.STOLEN,
    Kind.RECOVERY: BatchState.HELD,
}


@transaction.atomic
def report_missing(
    reader: Reader, batch: Batch, kind: Kind, *, happened_on: dt.date, note: str, place: str = ""
) -> Step:
    """Report that a batch was lost or stolen, or is there again.

    Parameters
    ----------
    kind : Kind
        Loss, theft or recovery.
    note : str
        What is known.
    place : str
        Where it is from now on; with a recovery.

    Raises
    ------
    Refused
        Not allowed, not possible now, or without words.
    """
    batch = locked(batch)
    require(reader, batch, kind)
    missing = batch.state in MISSING
    check_day(happened_on, batch.since if missing and kind is Kind.RECOVERY else None)
    note = words(note, needed=_("Say what is known of it."))
    before = values_of(batch, KEPT)
    batch.state, batch.since = BECOMES[kind], happened_on
    if kind is Kind.RECOVERY:
        batch.place = plain(place)[:200] or batch.place
    batch.save()
    step = write(
        reader, batch, kind, happened_on, note=note, before=before, after=values_of(batch, KEPT)
    )
    Outgoing.objects.create(step=step, written_at=now())
    transaction.on_commit(lambda: deliver_pending(now()), robust=True)
    return step
