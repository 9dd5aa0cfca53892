"""Incidents that may have to do with one another, each with why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from tocsin.server.incidents.models import Incident, Sameness
from tocsin.server.incidents.reading import (
    incident_figures_for,
    incidents_for,
    incidents_of,
    objects_of,
)
from tocsin.server.incidents.words import words_in
from tocsin.server.marking.policy import Reader

NEAR_DEGREES = 0.5
NEAR_TIME = dt.timedelta(days=30)
"""Half a degree and thirty days: choices, so that a list stays short enough to be read."""
MOST = 20


@dataclass(frozen=True, slots=True)
class Related:
    """Another incident and what ties it to this one."""

    incident: Incident
    why: tuple[str, ...]


def related(reader: Reader, incident: Incident) -> list[Related]:
    """Incidents of the same object, of a serial number, of the same place and time, or linked.

    A machine says only that they may belong together; that two are one is said by a person.
    """
    why: dict[UUID, list[str]] = {}

    def add(pks: Iterable[UUID], text: str) -> None:
        for pk in pks:
            if pk != incident.pk and text not in why.setdefault(pk, []):
                why[pk].append(text)

    things = list(objects_of(reader, incident))
    for thing in things:
        add(incidents_of(thing), _("the same object"))
    for row in Sameness.objects.filter(
        Q(a_id=incident.pk) | Q(b_id=incident.pk), of=Sameness.Of.INCIDENT
    ):
        other = row.b_id if row.a_id == incident.pk else row.a_id
        add([other], _("said to be the same") if row.same else _("said to be another"))
    numbers = [item["value"] for thing in things for item in thing.serials]
    for number in numbers[:MOST]:
        for word in words_in([number])[:1]:
            found = incident_figures_for(reader).filter(words__word=word)
            add(found.values_list("pk", flat=True)[:MOST], _("serial number {n}").format(n=number))
    if incident.latitude is not None and incident.longitude is not None and incident.started_at:
        near = incident_figures_for(reader).filter(
            latitude__range=(incident.latitude - NEAR_DEGREES, incident.latitude + NEAR_DEGREES),
            longitude__range=(
                incident.longitude - NEAR_DEGREES,
                incident.longitude + NEAR_DEGREES,
            ),
            started_at__range=(
                incident.started_at - NEAR_TIME,
                (incident.ended_at or incident.started_at) + NEAR_TIME,
            ),
        )
        add(near.values_list("pk", flat=True)[:MOST], _("near in place and time"))
    rows = incidents_for(reader).filter(pk__in=list(why))[:MOST]
    found_rows = [Related(row, tuple(why[row.pk])) for row in rows]
    return sorted(found_rows, key=lambda row: -len(row.why))
