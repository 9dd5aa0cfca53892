"""A candidate tells of both its sides: when one of them is marked higher, so is the candidate."""

from __future__ import annotations

from tocsin.server.audit.services import record
from tocsin.server.marking.models import Marked
from tocsin.server.tracing.models import Candidate
from tocsin.server.tracing.reading import about
from tocsin.server.tracing.services.comparing import LINKAGE


def rise_with(row: Marked, level: int) -> None:
    """Mark the candidates of a row as high as it is about to be."""
    rows = about(Candidate.objects.select_for_update(), row).filter(level__lt=level)
    for candidate in rows:
        before = candidate.level
        Candidate.objects.filter(pk=candidate.pk).update(level=level)
        record(
            actor=LINKAGE,
            action="tracing.set_level",
            subject=candidate,
            before={"level": before},
            after={"level": level},
            reason=f"{row} is marked higher",
        )
