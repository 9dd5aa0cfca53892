"""Alarms of an instrument, as an analysis would have raised them."""

from __future__ import annotations

from typing import Any

from tocsin.server.alarms.facts import Facts
from tocsin.server.alarms.history import facts_to_json
from tocsin.server.alarms.models import Alarm, AlarmEvent
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader


def alarm_of(
    reader: Reader,
    nuclide: str = "Ir-192",
    *,
    place: tuple[float, float] | None = (14.75, -17.42),
    **more: Any,
) -> Alarm:
    """An alarm of a nuclide at a place, belonging to the reader's organisation."""
    at = now()
    row = Alarm.objects.create(
        realm=reader.realm,
        level=more.pop("level", 1),
        tlp="AMBER",
        originator=reader.person.organisation,
        created_at=at,
        title=f"{nuclide} at the gate",
        measured_at=at,
        nuclides=[
            {"name": nuclide, "class": "industrial", "confidence": 0.97},
            {"name": "K-40", "class": "norm", "confidence": 0.9},
            {"name": "Co-60", "class": "industrial", "confidence": 0.1},
        ],
        latitude=None if place is None else place[0],
        longitude=None if place is None else place[1],
        state="raised",
        since=at,
        raised_at=at,
        trigger="instrument",
        source_class="industrial",
        called="officer",
        **more,
    )
    AlarmEvent.objects.create(
        alarm=row,
        number=1,
        kind="raised",
        at=at,
        recorded_at=at,
        trigger="instrument",
        facts=facts_to_json(Facts(source_class="industrial")),
    )
    return row
