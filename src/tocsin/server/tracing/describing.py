"""What is compared: sources, alarms and objects of incidents as things of ``tocsin.linkage``."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from tocsin.linkage.device_types import find_device_types
from tocsin.linkage.physics import DAY_S, decay_factor
from tocsin.linkage.things import Thing, read_thing
from tocsin.server.alarms.models import Alarm
from tocsin.server.incidents.facts import IncidentKind, Share
from tocsin.server.incidents.models import Incident, IncidentState, Object, ObjectIncident
from tocsin.server.marking.highwater import Mark, highwater, mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.measurements.models import Encounter
from tocsin.server.register.life import MISSING, Kind, Status
from tocsin.server.register.models import Source
from tocsin.server.tracing.decay import activities_on

ALARM, SOURCE, OBJECT = "alarms.alarm", "register.source", "incidents.object"
NAMED_FROM = 0.5
"""Probability from which a nuclide that an instrument named takes part: more likely there than
not."""
MOST_ALARMS = 20_000
"""Alarms, the latest, that something newly missing is compared with."""
NOT_SUSPECT = frozenset({"innocent", "false", "equipment_fault"})
"""Verdicts after which an alarm is no find."""
LOSSES = frozenset({IncidentKind.LOSS, IncidentKind.THEFT})
FINDS = frozenset(
    {
        IncidentKind.FIND,
        IncidentKind.DETECTION,
        IncidentKind.POSSESSION,
        IncidentKind.SALE,
        IncidentKind.DISPOSAL,
    }
)


@dataclass(frozen=True, slots=True)
class Side:
    """One row, as it takes part.

    Parameters
    ----------
    kind : str
        ``app.model``.
    row : Marked
    found : bool
        Whether it was found, or else is missing.
    shown : dict
        What was compared, as a page shows it; no holder, no exact place.
    thing : Thing
    incident : Incident, optional
        What tells where and when, of an object.
    """

    kind: str
    row: Marked
    found: bool
    shown: dict[str, Any]
    thing: Thing
    incident: Incident | None = None

    @property
    def key(self) -> tuple[str, UUID]:
        """Which row it is."""
        return self.kind, self.row.pk

    @property
    def mark(self) -> Mark:
        """Mark of all that it tells; asked for when it is kept, for a list has many sides."""
        rows: tuple[Marked | None, ...] = (self.row, self.incident)
        return highwater(mark_of(row) for row in rows if row is not None)

    @property
    def title(self) -> str:
        """What people tell it by."""
        words = getattr(self.row, "title", "")
        return f"{self.row} {words}".strip()[:300]

    @property
    def anonymous(self) -> bool:
        """Whether it has no number by which an index could bring its counterpart."""
        return not self.thing.serials


def side_of(row: Marked) -> Side | None:
    """A row as a side; None where it is neither missing nor found (any more)."""
    if isinstance(row, Source):
        return _of_source(row)
    if isinstance(row, Alarm):
        return _of_alarm(row)
    if isinstance(row, Object):
        return next(iter(_of_objects([row])), None)
    return None


def missing_sides(realm: str) -> list[Side]:
    """Everything of a realm that is missing."""
    sources = Source.objects.filter(realm=realm, status__in=MISSING).select_related("holder")
    found = [side for source in sources if (side := _of_source(source)) is not None]
    return found + _objects_where(realm, LOSSES)


def found_sides(realm: str) -> list[Side]:
    """Everything of a realm that was found and of which nobody knows whose it is."""
    alarms = Alarm.objects.filter(realm=realm).exclude(verdict__in=NOT_SUSPECT)
    found = [
        side
        for alarm in alarms.order_by("-raised_at")[:MOST_ALARMS]
        if (side := _of_alarm(alarm)) is not None
    ]
    finds = Source.objects.filter(
        realm=realm, transactions__number=1, transactions__kind=Kind.FIND
    ).exclude(status__in=(*MISSING, Status.WITHDRAWN))
    found += [side for source in finds if (side := _of_source(source)) is not None]
    return found + _objects_where(realm, FINDS)


def _of_source(source: Source) -> Side | None:
    missing = source.status in MISSING
    if source.status == Status.WITHDRAWN:
        return None
    day = source.since
    if not missing:
        first = source.transactions.order_by("number").first()
        if first is None or first.kind != Kind.FIND:
            return None
        day = first.happened_on
    kind = ("stolen" if source.status == Status.STOLEN else "lost") if missing else "found"
    return _described(source, kind, day)


def as_held(source: Source) -> Side:
    """A source that the register has where it belongs, or gone in good order: nobody misses it."""
    return _described(source, "", source.since)


def _described(source: Source, kind: str, day: dt.date) -> Side:
    serials = [
        {"value": value, "of": of}
        for value, of in ((source.serial, "source"), (source.device_serial, "device"))
        if value
    ]
    shown: dict[str, Any] = {
        "id": source.name,
        "kind": kind,
        "nuclides": list(dict.fromkeys(part["nuclide"] for part in source.contents)),
        "activities": [
            {"nuclide": nuclide, "Bq": activity_Bq}
            for nuclide, activity_Bq, _stated, _on in activities_on(source.contents, day)
            if activity_Bq
        ],
        "manufacturers": [source.manufacturer] if source.manufacturer else [],
        "models": [source.model] if source.model else [],
        "serials": serials,
        "device_types": find_device_types(f"{source.device} {source.model}"),
        "date": day.isoformat(),
    }
    _place(shown, source.latitude, source.longitude)
    thing = _thing(source, shown | {"holder": source.holder.name})
    return Side(SOURCE, source, kind == "found", shown, thing)


def _of_alarm(alarm: Alarm) -> Side | None:
    if alarm.verdict in NOT_SUSPECT:
        return None
    named = [
        n["name"]
        for n in alarm.nuclides
        if n.get("class") != "norm" and (n.get("confidence") or 0.0) >= NAMED_FROM
    ]
    at = alarm.measured_at or alarm.raised_at
    shown: dict[str, Any] = {
        "id": alarm.name,
        "kind": "found",
        "nuclides": named,
        "measured": [],
        "date": at.date().isoformat(),
    }
    measured = _measured_of(alarm)
    if measured is not None and len(named) == 1:
        # an activity is estimated for the one nuclide that is named
        shown["measured"] = [{"nuclide": named[0], **measured}]
    _place(shown, alarm.latitude, alarm.longitude)
    return Side(ALARM, alarm, True, shown, _thing(alarm, shown))


def _thing(row: Marked, told: dict[str, Any]) -> Thing:
    """What is compared, by its identity: of many rows two have one short name."""
    return read_thing(told | {"id": str(row.pk)})


def _measured_of(alarm: Alarm) -> dict[str, float] | None:
    if alarm.encounter_id is None:
        return None
    said = Encounter.objects.filter(pk=alarm.encounter_id).values_list("said", flat=True).first()
    activity = (said or {}).get("activity_Bq")
    if not activity:
        return None
    return {"low_95_Bq": activity["low_95"], "high_95_Bq": activity["high_95"]}


def _objects_where(realm: str, kinds: Iterable[str]) -> list[Side]:
    rows = Object.objects.filter(
        realm=realm, source_id=None, in_incidents__incident__kind__in=list(kinds)
    ).distinct()
    wanted = frozenset(kinds)
    return [side for side in _of_objects(rows) if side.found == (wanted == FINDS)]


def _of_objects(rows: Iterable[Object]) -> Iterator[Side]:
    things = list(rows)
    held: dict[UUID, list[Incident]] = {}
    for start in range(0, len(things), 500):
        part = [thing.pk for thing in things[start : start + 500]]
        ties: dict[tuple[UUID, UUID], Any] = {}
        rows_of = ObjectIncident.objects.filter(object__in=part).select_related("incident")
        for tie in rows_of.order_by("known_at", "id"):
            ties[tie.object_id, tie.incident_id] = tie
        for (pk, _incident), tie in ties.items():
            if tie.holds and tie.incident.state != IncidentState.WITHDRAWN:
                held.setdefault(pk, []).append(tie.incident)
    for thing in things:
        incident = max(
            held.get(thing.pk, ()), key=lambda i: i.happened_at or i.opened_at, default=None
        )
        if incident is None or thing.source_id is not None:
            continue
        side = _of_object(thing, incident)
        if side is not None:
            yield side


def _of_object(thing: Object, incident: Incident) -> Side | None:
    found = incident.kind in FINDS
    if not found and incident.kind not in LOSSES:
        return None
    if not found and thing.recovered == Share.ALL:
        return None
    day = (incident.started_at or incident.happened_at or incident.opened_at).date()
    kind = "found" if found else "stolen" if incident.kind == IncidentKind.THEFT else "lost"
    shown: dict[str, Any] = {
        "id": thing.name,
        "kind": kind,
        "nuclides": list(dict.fromkeys(part["nuclide"] for part in thing.contents)),
        "activities": list(_activities(thing.contents, day)),
        "manufacturers": [thing.manufacturer] if thing.manufacturer else [],
        "models": [thing.model] if thing.model else [],
        "serials": thing.serials,
        "device_types": find_device_types(thing.device_type) or _typed(thing.device_type),
        "date": day.isoformat(),
        "place": incident.place,
    }
    _place(shown, incident.latitude, incident.longitude)
    told = _thing(thing, shown | {"holder": thing.marks})
    return Side(OBJECT, thing, found, shown, told, incident)


def _activities(contents: Iterable[dict[str, Any]], day: dt.date) -> Iterator[dict[str, Any]]:
    for part in contents:
        stated_Bq = part.get("activity_Bq")
        if stated_Bq is None:
            continue
        factor = 1.0
        if part.get("reference_date"):
            stated_on = dt.date.fromisoformat(part["reference_date"])
            factor = decay_factor(part["nuclide"], (day - stated_on).days * DAY_S)
        if factor > 0.0 and math.isfinite(factor):
            yield {"nuclide": part["nuclide"], "Bq": stated_Bq * factor}


def _typed(text: str) -> list[str]:
    return [text.lower()] if text else []


def _place(shown: dict[str, Any], latitude: float | None, longitude: float | None) -> None:
    """To a tenth of a degree, as every list shows it: a distance would tell the rest."""
    if latitude is not None and longitude is not None:
        shown["latitude"], shown["longitude"] = round(latitude, 1), round(longitude, 1)


def row_for(kind: str, pk: UUID) -> Marked | None:
    """The row behind a kind and an identity, for the process that compares."""
    models: dict[str, type[Marked]] = {ALARM: Alarm, SOURCE: Source, OBJECT: Object}
    model = models.get(kind)
    return None if model is None else model._default_manager.filter(pk=pk).first()


def background(realm: str, most: int) -> list[Thing]:
    """Sources of a realm that are where they belong: how often their values occur."""
    rows = Source.objects.filter(Q(realm=realm) & ~Q(status__in=(*MISSING, Status.WITHDRAWN)))
    things = []
    for source in rows.select_related("holder").order_by("id")[:most]:
        shown: dict[str, Any] = {
            "id": source.name,
            "nuclides": [part["nuclide"] for part in source.contents],
            "activities": [
                {"nuclide": part["nuclide"], "Bq": part["activity_Bq"]} for part in source.contents
            ],
            "manufacturers": [source.manufacturer] if source.manufacturer else [],
            "models": [source.model] if source.model else [],
            "serials": [s for s in (source.serial, source.device_serial) if s],
            "holder": source.holder.name,
        }
        _place(shown, source.latitude, source.longitude)
        things.append(read_thing(shown))
    return things
