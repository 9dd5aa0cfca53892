"""How the log stands: whether what was written is in order and signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.server.audit.models import Checkpoint, Leaf
from tocsin.server.audit.sequencer import SIGN_AFTER

PATIENCE = timedelta(minutes=4)
"""How much later than due a checkpoint may come before somebody is told."""


@dataclass(frozen=True)
class LogState:
    """The log at a moment.

    Parameters
    ----------
    entries : int
        Leaves written.
    signed : int
        Leaves under the newest checkpoint.
    signed_at : datetime or None
        When that one was signed.
    overdue : bool
        Whether something was written and not signed long after it should have been: the sequencer
        does not run, or refuses to sign an altered log.
    """

    entries: int
    signed: int
    signed_at: datetime | None
    overdue: bool


def log_state(at: datetime) -> LogState:
    """How the log stands at a moment."""
    newest = Checkpoint.objects.first()
    signed = 0 if newest is None else newest.size
    waiting = Leaf.objects.filter(position=None) | Leaf.objects.filter(position__gte=signed)
    oldest = waiting.order_by("id").first()
    return LogState(
        entries=Leaf.objects.count(),
        signed=signed,
        signed_at=None if newest is None else newest.at,
        overdue=oldest is not None and at - oldest.at > SIGN_AFTER + PATIENCE,
    )
