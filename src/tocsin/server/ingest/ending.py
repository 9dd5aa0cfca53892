"""From the batches of a survey to an upload, which is then analysed as any other."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.field.envelope import open_envelope
from tocsin.field.wire import unpack_records
from tocsin.formats import write_n42
from tocsin.server.audit.services import record
from tocsin.server.ingest.models import Batch, LiveSurvey
from tocsin.server.marking.highwater import mark_of
from tocsin.server.measurements.models import Upload
from tocsin.server.measurements.services import keep_recording
from tocsin.spectra import Record, Recording

ACTOR = "system:ingest"


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


@transaction.atomic
def bring_together(survey: LiveSurvey) -> Upload | None:
    """Make an upload of a complete survey, and queue its analysis.

    Returns
    -------
    Upload or None
        None where the survey is not complete, or has its upload already.
    """
    survey = LiveSurvey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if survey.upload_id is not None or not survey.complete:
        return None
    recording = recording_of(survey)
    name = f"{survey.device.name}-{survey.created_at:%Y%m%dT%H%M%S}Z.n42"
    upload = keep_recording(
        write_n42(recording),
        name=name,
        title=_("Live survey of {device}").format(device=survey.device.name),
        mark=mark_of(survey),
        originator=survey.originator,
        actor=ACTOR,
    )
    survey.upload = upload
    survey.save()
    record(
        actor=ACTOR,
        action="ingest.complete",
        subject=survey,
        after={"upload": str(upload.pk), "sha256": upload.sha256, "records": survey.records},
    )
    return upload
