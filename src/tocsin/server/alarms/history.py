"""Events as rows, and rows as events."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from tocsin.nuclear.classes import GRAVITY
from tocsin.server.alarms.facts import SYSTEM, Event, Facts, Kind, Role, Trigger
from tocsin.server.alarms.machine import IllegalHistory
from tocsin.server.alarms.models import AlarmEvent

OUT_OF_RANGE = "out of range"


def facts_to_json(facts: Facts | None) -> dict[str, Any] | None:
    """Facts for the database; a rate that is not a number is kept as words."""
    if facts is None:
        return None
    rate: float | str | None = facts.dose_rate_uSv_h
    if isinstance(rate, float) and not math.isfinite(rate):
        rate = OUT_OF_RANGE
    return {
        "source_class": facts.source_class,
        "neutron": facts.neutron,
        "snm_compatible": facts.snm_compatible,
        "masked": facts.masked,
        "nuclear_material": facts.nuclear_material,
        "dose_rate_uSv_h": rate,
    }


def facts_from_json(data: dict[str, Any] | None) -> Facts | None:
    """The reverse of :func:`facts_to_json`.

    Raises
    ------
    ValueError, KeyError, TypeError
        It holds a class or a name that is not known, or lacks one that is.
    """
    if data is None:
        return None
    rate = data["dose_rate_uSv_h"]
    if data["source_class"] not in ("", *GRAVITY):
        raise ValueError(f"{data['source_class']!r} is no class")
    return Facts(**{**data, "dose_rate_uSv_h": math.inf if rate == OUT_OF_RANGE else rate})


def event_of(row: AlarmEvent) -> Event:
    """The event that a row holds.

    Raises
    ------
    IllegalHistory
        The row holds a name that this version does not know.
    """
    try:
        return _event_of(row)
    except (ValueError, KeyError, TypeError) as error:
        raise IllegalHistory(f"event {row.number}: {error}") from error


def _event_of(row: AlarmEvent) -> Event:
    return Event(
        kind=Kind(row.kind),
        at=row.at,
        actor=str(row.person_id) if row.person_id else SYSTEM,
        role=Role(row.role) if row.role else None,
        reason=row.reason,
        note=row.note,
        evidence=tuple(row.evidence),
        facts=facts_from_json(row.facts),
        confidence=row.confidence,
        cannot_exclude=None if row.cannot_exclude is None else tuple(row.cannot_exclude),
        timer=row.timer,
        levels=tuple(row.levels),
        recipients=tuple(row.recipients),
        trigger=Trigger(row.trigger) if row.trigger else None,
    )


def columns_of(event: Event) -> dict[str, Any]:
    """Columns of the row that holds an event, without alarm, number and time of recording."""
    return {
        "kind": event.kind.value,
        "at": event.at,
        "person_id": None if event.actor == SYSTEM else event.actor,
        "role": event.role.value if event.role else "",
        "reason": event.reason,
        "note": event.note,
        "evidence": list(event.evidence),
        "facts": facts_to_json(event.facts),
        "confidence": event.confidence,
        "cannot_exclude": None if event.cannot_exclude is None else list(event.cannot_exclude),
        "timer": event.timer,
        "levels": list(event.levels),
        "recipients": list(event.recipients),
        "trigger": event.trigger.value if event.trigger else "",
    }


def events_of(rows: Iterable[AlarmEvent]) -> list[Event]:
    """All events of rows, in their order."""
    return [event_of(row) for row in rows]
