"""A candidate tells of both its sides: when one of them is marked higher, so is the candidate.

Of an object it tells the kind, the place and the day of its incident, too.
"""

from __future__ import annotations

from django.db.models import Q

from tocsin.server.audit.services import record
from tocsin.server.incidents.models import Incident
from tocsin.server.marking.models import Marked
from tocsin.server.tracing.describing import OBJECT
from tocsin.server.tracing.models import Candidate
from tocsin.server.tracing.reading import about
from tocsin.server.tracing.services.comparing import LINKAGE


def rise_with(row: Marked, level: int) -> None:
    """Mark the candidates of a row as high as it is about to be."""
    rows = about(Candidate.objects.select_for_update(), row)
    if isinstance(row, Incident):
        # an object that is in it no more, too: the comparisons of that time are kept
        things = row.with_objects.values("object")
        of_things = Q(found_kind=OBJECT, found_id__in=things)
        of_things |= Q(lost_kind=OBJECT, lost_id__in=things)
        rows = Candidate.objects.select_for_update().filter(of_things)
    for candidate in rows.filter(level__lt=level):
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
