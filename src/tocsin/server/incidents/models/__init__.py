"""Reports, incidents and objects, always apart; what leaves; the work on them."""

from tocsin.server.incidents.models.incident import (
    Incident,
    IncidentEvent,
    IncidentState,
    IncidentStatement,
    IncidentWord,
)
from tocsin.server.incidents.models.objects import (
    Object,
    ObjectIncident,
    ObjectStatement,
    ReportObject,
    Sameness,
)
from tocsin.server.incidents.models.releases import (
    FieldRelease,
    Notification,
    NotificationKind,
)
from tocsin.server.incidents.models.reports import Report, ReportIncident, Says
from tocsin.server.incidents.models.work import IncidentImport, PersonNote, Task, Watch

__all__ = [
    "FieldRelease",
    "Incident",
    "IncidentEvent",
    "IncidentImport",
    "IncidentState",
    "IncidentStatement",
    "IncidentWord",
    "Notification",
    "NotificationKind",
    "Object",
    "ObjectIncident",
    "ObjectStatement",
    "PersonNote",
    "Report",
    "ReportIncident",
    "ReportObject",
    "Sameness",
    "Says",
    "Task",
    "Watch",
]
