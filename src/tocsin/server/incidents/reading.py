"""What a reader sees of incidents."""

from __future__ import annotations

from django.db.models import QuerySet

from tocsin.server.alarms.models import Alarm
from tocsin.server.incidents.models import Incident
from tocsin.server.links.reading import Linked, linked_rows
from tocsin.server.marking.policy import Reader, visible


def incidents_for(reader: Reader) -> QuerySet[Incident]:
    """Incidents that a reader may see."""
    return visible(reader, Incident.objects.all())


def attached(reader: Reader, incident: Incident) -> list[Linked]:
    """Everything that hangs on an incident: its alarm, and what hangs on the alarm."""
    found = linked_rows(reader, "incidents.incident", incident.pk)
    about = incident.alarm_id
    if about is not None and visible(reader, Alarm.objects.filter(pk=about)).exists():
        own = incident.get_absolute_url()
        beyond = linked_rows(reader, "alarms.alarm", about)
        found += [row for row in beyond if row.address != own]
    return found
