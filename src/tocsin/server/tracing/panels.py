"""What this app adds to pages of the apps above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.server.alarms.models import Alarm
from tocsin.server.incidents.models import Incident, Object
from tocsin.server.incidents.reading import objects_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.beyond import Panel
from tocsin.server.register.life import MISSING
from tocsin.server.register.models import Source
from tocsin.server.register.reading import sources_for
from tocsin.server.tracing.models import Candidate, CandidateState
from tocsin.server.tracing.reading import about, candidates_for, look_at
from tocsin.server.tracing.services.sheets import may_issue
from tocsin.server.tracing.sheets import sheets_of

MOST_SHEETS = 10
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate as it stands on the page of one of its sides."""

    candidate: Candidate
    other: str


def alert_panel(reader: Reader, source: Source) -> Panel | None:
    """Alert sheets of a source, and the way to a new one."""
    if not may(reader, "tracing.read"):
        return None
    sheets = list(sheets_of(reader, source)[:MOST_SHEETS])
    issuing = may_issue(reader, source)
    if not (sheets or issuing):
        return None
    valid = any(getattr(sheet, "end", None) is None for sheet in sheets)
    return Panel(
        "tracing/source_panel.html",
        {
            "sheets": sheets,
            "may_issue": issuing,
            "new": reverse("tracing:sheet_new", args=[source.pk]),
            "outdated": valid and source.status not in MISSING,
        },
    )


def alarm_panel(reader: Reader, alarm: Alarm) -> Panel | None:
    """What is missing and may be what alarmed."""
    return _candidates(reader, alarm, _("May this be what is missing?"), always=True)


def source_candidates_panel(reader: Reader, source: Source) -> Panel | None:
    """What was found and may be this source."""
    return _candidates(reader, source, _("May it have been found?"))


def object_panel(reader: Reader, thing: Object) -> Panel | None:
    """What may be this object."""
    return _candidates(reader, thing, _("What it may be"))


def incident_panel(reader: Reader, incident: Incident) -> Panel | None:
    """Candidates of everything in an incident, and alert sheets of the source it is about."""
    if not may(reader, "tracing.read"):
        return None
    rows: list[Row] = []
    sides: list[Marked] = list(objects_of(reader, incident)[:MOST_SHOWN])
    source = None
    if incident.source_id is not None:
        source = sources_for(reader).filter(pk=incident.source_id).first()
        sides += [source] if source is not None else []
    if incident.alarm_id is not None:
        sides += Alarm.objects.filter(pk=incident.alarm_id)
    for side in sides:
        rows += _rows(reader, side)
    seen = {row.candidate.pk: row for row in rows}
    sheets = [] if source is None else list(sheets_of(reader, source)[:MOST_SHEETS])
    issuing = source is not None and may_issue(reader, source)
    if not (seen or sheets or issuing):
        return None
    return Panel(
        "tracing/incident_panel.html",
        {
            "candidates": {"title": _("Found and missing"), "rows": list(seen.values())},
            "sheets": {
                "sheets": sheets,
                "may_issue": issuing,
                "new": "" if source is None else reverse("tracing:sheet_new", args=[source.pk]),
                "outdated": False,
            },
        },
    )


def _candidates(
    reader: Reader, row: Marked, title: str | Promise, *, always: bool = False
) -> Panel | None:
    if not may(reader, "tracing.read"):
        return None
    rows = _rows(reader, row)
    if not (rows or always):
        return None
    values: dict[str, Any] = {"title": title, "rows": rows, "look": look_at(row)}
    return Panel("tracing/candidates_panel.html", values)


def _rows(reader: Reader, row: Marked) -> list[Row]:
    found = about(candidates_for(reader), row).exclude(state=CandidateState.GONE, zone="review")
    return [
        Row(
            candidate,
            candidate.lost_title if candidate.found_id == row.pk else candidate.found_title,
        )
        for candidate in found.order_by("-probability", "id")[:MOST_SHOWN]
    ]
