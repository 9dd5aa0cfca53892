"""When a survey is over and complete: its records become a file, and the file a measurement."""

from __future__ import annotations

from datetime import datetime

from django_tasks import task

from tocsin.server.ingest.ending import bring_together as bring
from tocsin.server.ingest.ending import left_behind
from tocsin.server.ingest.models import LiveSurvey


@task()
def bring_together(pk: str) -> None:
    """Make the measurement of a complete survey; a second time does nothing."""
    bring(LiveSurvey.objects.get(pk=pk))


def resume_left_behind(at: datetime) -> int:
    """Queue again what a dead process left; how many surveys."""
    rows = list(left_behind(at).values_list("pk", flat=True)[:100])
    for pk in rows:
        LiveSurvey.objects.filter(pk=pk).update(tried_at=at)
        bring_together.enqueue(str(pk))
    return len(rows)
