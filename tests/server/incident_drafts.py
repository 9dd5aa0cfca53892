"""Incidents as they are opened, for the tests."""

from __future__ import annotations

from typing import Any

from tocsin.server.accounts.models import Person
from tocsin.server.incidents.facts import Channel
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft, open_incident
from tocsin.server.marking.highwater import Mark

GAUGE: dict[str, Any] = {
    "kind": "device",
    "manufacturer": "Ostrava Iso",
    "model": "MG-3",
    "serials": [{"value": "QZ-4711", "of": "device"}],
    "contents": [{"nuclide": "Cs-137", "activity_Bq": 3.0e8, "reference_date": "2020-01-01"}],
}
VALUES: dict[str, Any] = {
    "title": "Gauge taken from a car",
    "kind": "theft",
    "status": "notified",
    "interval": {"from": "2026-02-27", "to": "2026-03-01"},
    "place": "Harbour, car park",
    "country": "XX",
    "position": [14.68123, -17.4321],
    "transport": True,
}
REPORT = ReportDraft(
    channel=Channel.ORGANISATION.value,
    title="Call of the holder",
    said_by="Harbour Works",
    original="The car was empty this morning.",
)


def opened(person: Person, *, level: int = 1, **changes: Any) -> Incident:
    """An incident with a report and one object, opened by a person."""
    draft = Draft(
        values=VALUES | changes,
        objects=(ObjectDraft(GAUGE, evidence="the label was photographed in 2025"),),
        report=REPORT,
        reason="call of the holder",
    )
    mark = Mark(person.realms[0], level, frozenset(), "AMBER")
    return open_incident(person, draft, mark=mark, originator=person.organisation)
