"""What apps above add to the pages of incidents: tabs, and panels of an incident or an object.

Incidents know nothing of linkage or statistics; those register here what they have to say, when
Django starts them.
"""

from __future__ import annotations

from collections.abc import Callable

from tocsin.server.incidents.models import Incident, Object
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.beyond import Panel, Tab

IncidentPanel = Callable[[Reader, Incident], Panel | None]
ObjectPanel = Callable[[Reader, Object], Panel | None]

TABS: list[Tab] = []
INCIDENT_PANELS: list[IncidentPanel] = []
OBJECT_PANELS: list[ObjectPanel] = []


def tabs_for(reader: Reader) -> list[Tab]:
    """Tabs of apps above that a reader may open."""
    return [tab for tab in TABS if may(reader, tab.needs)]


def panels_of_incident(reader: Reader, incident: Incident) -> list[Panel]:
    """Parts that apps above add to the page of an incident."""
    return [p for make in INCIDENT_PANELS if (p := make(reader, incident)) is not None]


def panels_of_object(reader: Reader, thing: Object) -> list[Panel]:
    """Parts that apps above add to the page of an object."""
    return [p for make in OBJECT_PANELS if (p := make(reader, thing)) is not None]
