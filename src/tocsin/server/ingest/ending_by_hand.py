"""An officer ends a survey whose device will not: it was destroyed, or its spool is lost."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.ingest.enrolling import ACTION
from tocsin.server.ingest.models import SILENT_AFTER, Batch, Device, LiveSurvey
from tocsin.server.marking.policy import Reader, decide
from tocsin.server.typed import plain


def may_be_ended(reader: Reader, survey: LiveSurvey) -> bool:
    """Whether the reader may end it: it is open, and nothing has come for so long as is silent."""
    return (
        not survey.ended
        and now() - survey.last_at > SILENT_AFTER
        and decide(reader, ACTION, survey.device).allowed
    )


@transaction.atomic
def end_survey(reader: Reader, survey: LiveSurvey, *, reason: str) -> None:
    """End a survey with what is here. There is no way back: what still comes is refused.

    Records behind a gap are part of the measurement as well.

    Raises
    ------
    InvalidInput
        Not allowed, no reason, ended before, or the device still sends.
    """
    # the same lock as for a message of the device: none comes in between
    device = Device.objects.select_for_update().get(pk=survey.device_id)
    survey = LiveSurvey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if not decide(reader, ACTION, device).allowed:
        raise InvalidInput(_("None of your roles allows this."))
    reason = plain(reason)[:400]
    if not reason:
        raise InvalidInput(_("Say why."))
    if survey.ended:
        raise InvalidInput(_("The survey has ended before."))
    if now() - survey.last_at <= SILENT_AFTER:
        raise InvalidInput(_("The device still sends: it ends the survey itself."))
    survey.ends_before = survey.records_through + 1
    survey.save(update_fields=["ends_before"])
    batches = Batch.objects.filter(survey=survey)
    behind = batches.filter(first__gt=survey.records_through).values_list("first", "last")
    record(
        actor=reader.person,
        action="ingest.end",
        subject=survey,
        after={
            "device": device.fingerprint,
            "boot": survey.boot,
            "records": survey.records_here,
            "behind_a_gap": [list(numbers) for numbers in behind.order_by("first")[:100]],
        },
        reason=reason,
    )
    if batches.filter(last__gte=F("first")).exists():
        from tocsin.server.ingest.tasks import bring_together

        bring_together.enqueue(str(survey.pk))
