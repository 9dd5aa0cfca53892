"""When a survey is over and complete: its records become a file, and the file a measurement."""

from __future__ import annotations

from django_tasks import task

from tocsin.server.ingest.ending import bring_together as bring
from tocsin.server.ingest.models import LiveSurvey


@task()
def bring_together(pk: str) -> None:
    """Make the measurement of a complete survey; a second time does nothing."""
    bring(LiveSurvey.objects.get(pk=pk))
