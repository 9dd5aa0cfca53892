"""From the batches of a survey to an upload, which is then analysed as any other."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tocsin.field.envelope import open_envelope
from tocsin.field.wire import unpack_records
from tocsin.formats import write_n42
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.ingest.models import MOST_TRIES, Batch, LiveSurvey
from tocsin.server.marking.highwater import mark_of
from tocsin.server.measurements.models import Upload
from tocsin.server.measurements.services import keep_recording
from tocsin.spectra import Record, Recording

ACTOR = "system:ingest"
SILENCE = timedelta(minutes=10)
"""Work that was begun so long ago and has not ended counts as gone with its process."""


def recording_of(survey: LiveSurvey) -> Recording:
    """All records of a survey, as the device sent them."""
    whole = Recording(())
    records: list[Record] = []
    for envelope in (
        Batch.objects.filter(survey=survey)
        .order_by("first")
        .values_list("envelope", flat=True)
        .iterator()
    ):
        part = unpack_records(open_envelope(bytes(envelope)).body)
        if part.records:
            whole = part
            records += part.records
    return replace(whole, records=tuple(records), uuid=str(uuid.UUID(hex=survey.boot)))


def bring_together(survey: LiveSurvey) -> Upload | None:
    """Make an upload of a complete survey, and queue its analysis.

    Returns
    -------
    Upload or None
        None where the survey is not complete, or has its upload already.
    """
    if survey.upload_id is not None or not survey.complete:
        return None
    LiveSurvey.objects.filter(pk=survey.pk).update(tries=F("tries") + 1, tried_at=now())
    # outside the transaction: devices that send meanwhile do not wait for it
    return _kept(survey, write_n42(recording_of(survey)))


@transaction.atomic
def _kept(survey: LiveSurvey, content: bytes) -> Upload | None:
    survey = LiveSurvey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if survey.upload_id is not None:
        return None
    upload = keep_recording(
        content,
        name=f"{survey.device.name}-{survey.created_at:%Y%m%dT%H%M%S}Z.n42",
        title=_("Live survey of {device}").format(device=survey.device.name),
        mark=mark_of(survey),
        originator=survey.originator,
        actor=ACTOR,
    )
    survey.upload = upload
    survey.save(update_fields=["upload"])
    record(
        actor=ACTOR,
        action="ingest.complete",
        subject=survey,
        after={"upload": str(upload.pk), "sha256": upload.sha256, "records": survey.records},
    )
    return upload


def left_behind(at: datetime) -> QuerySet[LiveSurvey]:
    """Complete surveys without an upload that nobody works on any more, as after a crash."""
    before = at - SILENCE
    # what an officer ended may have its first record missing and others all the same
    return LiveSurvey.objects.filter(
        Exists(Batch.objects.filter(survey=OuterRef("pk"), last__gte=F("first"))),
        Q(tried_at=None) | Q(tried_at__lt=before),
        upload=None,
        ends_before=F("records_through") + 1,
        last_at__lt=before,
        tries__lt=MOST_TRIES,
    )
