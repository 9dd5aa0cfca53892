"""How an app above reads what happened below: rows written with the change, read after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F

from tocsin.server.clock import now

log = logging.getLogger(__name__)

Told = TypeVar("Told")


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
