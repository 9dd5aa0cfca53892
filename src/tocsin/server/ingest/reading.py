"""Devices for a reader: all of them through the policy."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.shortcuts import get_object_or_404

from tocsin.server.ingest.models import Batch, Device, DeviceState, LiveSurvey, standing
from tocsin.server.ingest.retention_models import Gone
from tocsin.server.marking.policy import Reader, for_figures, visible, visible_through


def devices_for(reader: Reader) -> QuerySet[Device]:
    """Devices that a reader may see, by name."""
    return visible(reader, Device.objects.select_related("originator", "revoked_by"))


def device_for(reader: Reader, pk: uuid.UUID) -> Device:
    """One device, or 404."""
    return get_object_or_404(devices_for(reader), pk=pk)


def surveys_for(reader: Reader, device: Device) -> QuerySet[LiveSurvey]:
    """Surveys of a device that the reader sees, the latest first."""
    rows = LiveSurvey.objects.filter(device=device).select_related("upload__measurement", "device")
    return visible_through(reader, rows, device)


def count_records(surveys: Iterable[LiveSurvey]) -> None:
    """Give each of these surveys the number of its records that are here, in one query."""
    rows = list(surveys)
    counted = dict(
        Batch.objects.filter(survey__in=[s.pk for s in rows])
        .order_by()
        .values_list("survey")
        .annotate(n=Sum(F("last") - F("first") + 1))
    )
    gone = dict(Gone.objects.filter(survey__in=rows).values_list("survey", "records"))
    for survey in rows:
        survey.records_here = counted.get(survey.pk, 0) or gone.get(survey.pk, 0)
        survey.is_gone = survey.pk in gone


def survey_for(reader: Reader, pk: uuid.UUID) -> LiveSurvey:
    """One survey of a device that the reader sees, or 404."""
    device_pk = LiveSurvey.objects.filter(pk=pk).values_list("device", flat=True).first()
    device = get_object_or_404(devices_for(reader), pk=device_pk)
    return get_object_or_404(surveys_for(reader, device), pk=pk)


def numbers_for(reader: Reader) -> dict[str, int]:
    """How many devices send, and how many are silent though their survey is not over."""
    latest = LiveSurvey.objects.filter(device=OuterRef("pk")).order_by("-last_at")
    rows = for_figures(reader, Device.objects.filter(revoked_at=None)).annotate(
        ends_before=Subquery(latest.values("ends_before")[:1])
    )
    states = [
        standing(revoked=False, last_seen_at=seen, ended=end is not None, at=reader.at)
        for seen, end in rows.values_list("last_seen_at", "ends_before")
    ]
    return {
        "devices": len(states),
        "live": states.count(DeviceState.LIVE),
        "silent": states.count(DeviceState.SILENT),
    }
