"""What a reader sees of incidents, now and as known on a day.

For the apps above (statistics, notices, tracing)
-------------------------------------------------
Read
    ``incidents_for(reader)`` gives the rows that may be shown, ``incident_figures_for(reader)`` the
    same for counts; ``objects_for`` and ``reports_for`` likewise. The columns of ``Incident`` and
    ``Object`` are the present; filter by them.
    ``as_known_on(incidents, day)`` gives :class:`tocsin.server.incidents.states.Known` for every
    incident of which something was known at the end of a day (UTC), with its objects as known then.
    With ``recorded_until`` only what this system had written by that moment counts: a published
    vintage is the pair of both, and gives the same numbers for ever, whatever is imported later.
Write
    ``opening.open_incident`` and ``opening.open_many`` make incidents, objects and the report from
    ``opening.Draft``; ``Draft.later`` holds what was known later (updates, retractions).
    ``statements.state`` and ``statements.state_of_object`` add facts, ``statements.put_object``,
    ``statements.put_report`` and ``statements.say_same`` tie the three records. Nothing is ever
    overwritten. Values of fields are as ``facts.INCIDENT_FIELDS`` and ``facts.OBJECT_FIELDS``
    check them.
Show
    ``beyond.TABS``, ``beyond.INCIDENT_PANELS`` and ``beyond.OBJECT_PANELS`` take tabs and panels,
    as those of the register do. ``releasing.released(incident, audience)`` is what may be given
    out.

Examples of values: ``kind`` "theft"; ``group`` {"edition": "2024", "group": "II"}; ``status``
"confirmed"; ``interval`` {"from": "2026-01-01", "to": "2026-01-03"}; ``transport`` true;
``recovered`` {"share": "all", "on": "2026-02-01", "where": "scrap yard"}; ``position`` [46.2, 6.1];
of an object ``serials`` [{"value": "A-1", "of": "device"}]; ``contents`` [{"nuclide": "Cs-137",
"activity_Bq": 3.7e8, "reference_date": "2020-01-01"}].
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from tocsin.server.alarms.models import Alarm
from tocsin.server.incidents.models import (
    Incident,
    IncidentStatement,
    Object,
    ObjectIncident,
    ObjectStatement,
    Report,
    ReportIncident,
)
from tocsin.server.incidents.states import Known, KnownObject, folded
from tocsin.server.links.reading import Linked, linked_rows
from tocsin.server.marking.policy import Reader, for_figures, visible, visible_through


def incidents_for(reader: Reader) -> QuerySet[Incident]:
    """Incidents that a reader may see."""
    return visible(reader, Incident.objects.all())


def incident_figures_for(reader: Reader) -> QuerySet[Incident]:
    """The same for counts and sums that show no row."""
    return for_figures(reader, Incident.objects.all())


def objects_for(reader: Reader) -> QuerySet[Object]:
    """Objects that a reader may see."""
    return visible(reader, Object.objects.all())


def reports_for(reader: Reader) -> QuerySet[Report]:
    """Reports that a reader may see."""
    return visible(reader, Report.objects.select_related("file"))


def as_known_on(
    incidents: QuerySet[Incident],
    day: dt.date,
    *,
    recorded_until: dt.datetime | None = None,
    fields: Collection[str] | None = None,
) -> list[Known]:
    """Incidents as they were known at the end of a day.

    Parameters
    ----------
    incidents : QuerySet of Incident
        As the policy opens them; no slice.
    day : date
        Last day whose knowledge counts (UTC).
    recorded_until : datetime, optional
        Only what was written here until then counts; all by default.
    fields : collection of str, optional
        Fields of incidents that are wanted, where not all are; objects are always whole.

    Returns
    -------
    list of Known
        In the order in which they became known. An incident of which nothing was known is not
        there.
    """
    end = dt.datetime.combine(day, dt.time.max, tzinfo=dt.UTC)
    known: dict[str, Any] = {"known_at__lte": end}
    if recorded_until is not None:
        known["recorded_at__lte"] = recorded_until
    wanted = incidents.order_by().values("pk")
    values: dict[UUID, dict[str, Any]] = {}
    first: dict[UUID, dt.datetime] = {}
    rows = IncidentStatement.objects.filter(incident__in=wanted, **known)
    for pk, name, value, at in (
        rows.order_by("known_at", "id")
        .values_list("incident_id", "field", "value", "known_at")
        .iterator(chunk_size=5000)
    ):
        if pk not in first:
            first[pk], values[pk] = at, {}
        if fields is not None and name not in fields:
            continue
        if value is None:
            values[pk].pop(name, None)
        else:
            values[pk][name] = value
    # a title is part of every opening
    undated = rows.filter(field="title", known_at=F("recorded_at")).exclude(origin="")
    by_import = dict(undated.order_by("-known_at").values_list("incident_id", "known_at"))
    held: dict[UUID, dict[UUID, bool]] = defaultdict(dict)
    ties = ObjectIncident.objects.filter(incident__in=wanted, **known)
    for incident, thing, holds in (
        ties.order_by("known_at", "id")
        .values_list("incident_id", "object_id", "holds")
        .iterator(chunk_size=5000)
    ):
        held[incident][thing] = holds
    tied = ObjectIncident.objects.filter(incident__in=wanted).values("object")
    objects = _objects_known(
        ObjectStatement.objects.filter(object__in=tied, **known).order_by("known_at", "id")
    )
    return [
        Known(
            pk,
            at,
            values[pk],
            tuple(
                objects.get(thing) or KnownObject(thing, {})
                for thing, holds in held[pk].items()
                if holds
            ),
            told_when=by_import.get(pk) != at,
        )
        for pk, at in first.items()
    ]


def _objects_known(rows: QuerySet[ObjectStatement]) -> dict[UUID, KnownObject]:
    stated: dict[UUID, list[tuple[str, Any]]] = defaultdict(list)
    for pk, name, value in rows.values_list("object_id", "field", "value").iterator(
        chunk_size=5000
    ):
        stated[pk].append((name, value))
    return {pk: KnownObject(pk, folded(said)) for pk, said in stated.items()}


def object_known(thing: Object) -> KnownObject:
    """An object as it is known now."""
    rows = ObjectStatement.objects.filter(object=thing).order_by("known_at", "id")
    return _objects_known(rows).get(thing.pk) or KnownObject(thing.pk, {})


def incidents_of(thing: Object) -> list[UUID]:
    """Incidents that an object is in."""
    held = dict(thing.in_incidents.values_list("incident_id", "holds"))
    return [pk for pk, holds in held.items() if holds]


def object_for(reader: Reader, pk: UUID | str) -> Object | None:
    """One object, if the reader may see it or an incident that it is in."""
    row = objects_for(reader).filter(pk=pk).first()
    if row is not None:
        return row
    ties = ObjectIncident.objects.filter(object__pk=pk).values("incident")
    for carrier in incident_figures_for(reader).filter(pk__in=ties):
        row = objects_of(reader, carrier).filter(pk=pk).first()
        if row is not None:
            return row
    return None


def report_for(reader: Reader, pk: UUID | str) -> Report | None:
    """One report, if the reader may see it or an incident that it is of."""
    row = reports_for(reader).filter(pk=pk).first()
    if row is not None:
        return row
    ties = ReportIncident.objects.filter(report__pk=pk).values("incident")
    for carrier in incident_figures_for(reader).filter(pk__in=ties):
        row = reports_of(reader, carrier).filter(pk=pk).first()
        if row is not None:
            return row
    return None


def reports_of(reader: Reader, incident: Incident) -> QuerySet[Report]:
    """Reports of an incident that a reader may see."""
    rows = Report.objects.filter(of_incidents__incident=incident).distinct()
    return visible_through(reader, rows.select_related("file"), incident)


def objects_in(incident: Incident) -> list[UUID]:
    """Objects that an incident holds; the last word on each counts."""
    held = dict(incident.with_objects.values_list("object_id", "holds"))
    return [pk for pk, holds in held.items() if holds]


def objects_of(reader: Reader, incident: Incident) -> QuerySet[Object]:
    """Objects of an incident that a reader may see."""
    rows = Object.objects.filter(pk__in=objects_in(incident))
    return visible_through(reader, rows, incident)


def attached(reader: Reader, incident: Incident) -> list[Linked]:
    """Everything that hangs on an incident: its alarm, and what hangs on the alarm."""
    found = linked_rows(reader, "incidents.incident", incident.pk)
    about = incident.alarm_id
    if about is not None and visible(reader, Alarm.objects.filter(pk=about)).exists():
        own = incident.get_absolute_url()
        beyond = linked_rows(reader, "alarms.alarm", about)
        found += [row for row in beyond if row.address != own]
    return found
