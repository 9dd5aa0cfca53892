"""Rows of this app for a reader: all of them through the policy."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse

from tocsin.server.links.models import Link, LinkKind
from tocsin.server.marking.policy import Reader, may, visible
from tocsin.server.measurements.models import (
    UNFINISHED,
    Analysis,
    Encounter,
    Instrument,
    Kind,
    Measurement,
    Reanalysis,
    State,
    Upload,
)

DAY = timedelta(days=1)
MOST_BACKGROUNDS = 30
"""Each counts as read, as every row that is shown."""


def measurements_for(reader: Reader) -> QuerySet[Any]:
    """Measurements that a reader may see, the latest first."""
    rows = Measurement.objects.select_related("file", "instrument", "originator", "created_by")
    # arrays are read where they are needed
    return visible(reader, rows.defer("edges_keV"))


def measurement_for(reader: Reader, pk: uuid.UUID) -> Measurement:
    """One measurement, or 404."""
    row: Measurement = get_object_or_404(measurements_for(reader), pk=pk)
    return row


def uploads_for(reader: Reader) -> QuerySet[Any]:
    """Uploads that a reader may see, the latest first."""
    return visible(reader, Upload.objects.select_related("file", "created_by", "measurement"))


def upload_for(reader: Reader, pk: uuid.UUID) -> Upload:
    """One upload, or 404."""
    row: Upload = get_object_or_404(uploads_for(reader), pk=pk)
    return row


def instruments_for(reader: Reader) -> QuerySet[Any]:
    """Instruments that a reader may see, by name."""
    return visible(reader, Instrument.objects.select_related("originator"))


def analyses_for(reader: Reader, measurement: Measurement) -> list[Analysis]:
    """Analyses of a measurement that the reader sees, the original first.

    The original carries the very marking of the measurement and comes with it. A later one may
    carry more, from the background it was set against, and goes through the policy by itself.
    """
    rows = Analysis.objects.filter(measurement=measurement).select_related("created_by")
    original = rows.get(number=1)
    later = visible(reader, rows.filter(number__gt=1).order_by("number"))
    return [original, *later]


def analysis_for(reader: Reader, measurement: Measurement, number: int = 1) -> Analysis:
    """One analysis of a measurement that the reader sees, or 404."""
    rows = Analysis.objects.filter(measurement=measurement)
    if number == 1:
        return rows.get(number=1)  # type: ignore[no-any-return]
    row: Analysis = get_object_or_404(visible(reader, rows), number=number)
    return row


def reanalyses_for(reader: Reader, measurement: Measurement) -> list[Reanalysis]:
    """Wishes for another analysis that are not fulfilled yet, or failed."""
    rows = Reanalysis.objects.filter(measurement=measurement).exclude(state=State.DONE)
    return list(visible(reader, rows.select_related("created_by")))


def backgrounds_for(reader: Reader, measurement: Measurement) -> list[Measurement]:
    """Measurements that may serve as background: those of the same instrument first."""
    rows = measurements_for(reader).exclude(pk=measurement.pk).exclude(kind=Kind.TRACK)
    same = rows.filter(instrument_name=measurement.instrument_name)
    chosen = list(same[:MOST_BACKGROUNDS])
    return chosen or list(rows[:MOST_BACKGROUNDS])


def alarms_of(reader: Reader, analysis: Analysis) -> dict[uuid.UUID, uuid.UUID]:
    """Key of the alarm of each encounter, where the reader sees that there is one.

    Alarms stand above measurements: what is known of them here is the link alone. An encounter of
    a re-analysis that called nobody leads to the alarm of the encounter it overlaps.
    """
    if not may(reader, "alarms.read"):
        return {}
    presented = Encounter.objects.filter(
        analysis__measurement=analysis.measurement_id, analysis__number__lte=analysis.number
    )
    links = visible(
        reader,
        Link.objects.filter(
            kind=LinkKind.RAISED,
            to_kind=Encounter._meta.label_lower,
            to_id__in=[e.pk for e in presented],
        ),
    )
    raised_by = {link.to_id: link.from_id for link in links}
    found: dict[uuid.UUID, uuid.UUID] = {}
    for encounter in analysis.encounters.all():
        near = [encounter, *(e for e in presented if e.overlaps(encounter))]
        alarm = next((raised_by[e.pk] for e in near if e.pk in raised_by), None)
        if alarm is not None:
            found[encounter.pk] = alarm
    return found


def alarm_addresses(reader: Reader, analysis: Analysis) -> dict[uuid.UUID, str]:
    """Page of the alarm of each encounter, where the reader sees that there is one."""
    try:
        return {
            encounter: reverse("alarms:alarm", args=[alarm])
            for encounter, alarm in alarms_of(reader, analysis).items()
        }
    except NoReverseMatch:  # a server without alarms
        return {}


def numbers_for(reader: Reader) -> dict[str, int]:
    """What the tile of the home page counts."""
    recent = visible(reader, Measurement.objects.filter(created_at__gt=reader.at - DAY))
    uploads = visible(reader, Upload.objects.all())
    return {
        "measurements": visible(reader, Measurement.objects.all()).count(),
        "recent": recent.count(),
        "waiting": uploads.filter(state__in=UNFINISHED).count(),
        "failed": uploads.filter(state=State.FAILED, created_at__gt=reader.at - DAY).count(),
    }
