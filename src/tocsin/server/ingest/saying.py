"""Writing what the server's own detector says in a survey that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.ingest.hearing import Saying
from tocsin.server.ingest.models import Device, LiveSurvey, ServerMessage
from tocsin.server.ingest.presented import present
from tocsin.server.marking.highwater import mark_of

ACTOR = "system:detector"


@transaction.atomic
def say(survey_pk: UUID, device_pk: UUID, sayings: Sequence[Saying]) -> int:
    """Keep what the detector says, and call people; how many messages are new.

    After a crash the same records are heard again: what was kept then is not said a second time.
    Where the survey has become a measurement, its analysis says the rest.
    """
    # one voice at a time: the device may be telling of the same passing just now
    device = Device.objects.select_for_update().get(pk=device_pk)
    survey = LiveSurvey.objects.get(pk=survey_pk)
    if survey.upload_id is not None:
        return 0
    known = set(survey.server_messages.values_list("encounter", "stage"))
    new = [s for s in sayings if (s.said.encounter, s.said.stage) not in known]
    for saying in new:
        _say(device, survey, saying)
    return len(new)


def _say(device: Device, survey: LiveSurvey, saying: Saying) -> None:
    said = saying.said
    mark = mark_of(survey)
    message = ServerMessage(
        **mark.fields(),
        originator=survey.originator,
        created_at=now(),
        survey=survey,
        stage=said.stage,
        encounter=said.encounter,
        record=saying.record,
        said=said.values,
    )
    message.save()
    mark.stamp(message)
    record(
        actor=ACTOR,
        action="ingest.server_message",
        subject=message,
        after={
            "device": device.fingerprint,
            "boot": survey.boot,
            "stage": message.stage,
            "encounter": message.encounter,
            "record": message.record,
            "said": message.said,
            "versions": said.versions,
        },
    )
    if message.said:
        present(message, f"{device.name} {said.instrument}".strip(), said.versions)
