"""Asking for another analysis, beside the ones there are."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.highwater import Mark, highwater, mark_of
from tocsin.server.marking.policy import Reader, decide
from tocsin.server.measurements.models import Measurement, Reanalysis
from tocsin.server.measurements.services.refusal import Refused
from tocsin.server.measurements.services.turns import enqueue

RATES_PER_H = (0.1, 1.0, 10.0)
"""Nominal rates of false alarms that a re-analysis may ask for."""


@transaction.atomic
def ask_again(
    reader: Reader,
    measurement: Measurement,
    *,
    reason: str,
    background: Measurement | None = None,
    false_alarm_rate_per_h: float | None = None,
) -> Reanalysis:
    """Ask for another analysis beside the ones there are.

    Raises
    ------
    Refused
        Not allowed, no reason, a background that is the measurement itself or that the person may
        not see, a rate that is not offered, or nothing that differs.
    """
    if not decide(reader, "measurements.reanalyse", measurement).allowed:
        raise Refused("not_allowed", _("None of your roles allows this."))
    if not reason.strip():
        raise Refused("reason", _("Say why."))
    if false_alarm_rate_per_h is not None and false_alarm_rate_per_h not in RATES_PER_H:
        raise Refused("setting", _("This rate of false alarms is not offered."))
    if background is not None:
        seen = decide(reader, "measurements.read", background).allowed
        if not seen or background.pk == measurement.pk:
            raise Refused("background", _("This measurement cannot be the background."))
    mark = _mark_with(measurement, background)
    at = now()
    chosen = {}
    if false_alarm_rate_per_h is not None:
        chosen["false_alarm_rate_per_h"] = false_alarm_rate_per_h
    row = Reanalysis.objects.create(
        **mark.fields(),
        originator=measurement.originator,
        created_at=at,
        created_by=reader.person,
        measurement=measurement,
        background=background,
        settings=chosen,
        reason=reason.strip()[:400],
        touched_at=at,
    )
    mark.stamp(row)
    enqueue(row)
    record(
        actor=reader.person,
        action="measurements.reanalyse",
        subject=row,
        after={
            "measurement": str(measurement.pk),
            "background": str(background.pk) if background else None,
            "settings": chosen,
        },
        reason=row.reason,
    )
    return row


def _mark_with(measurement: Measurement, background: Measurement | None) -> Mark:
    rows = [measurement] if background is None else [measurement, background]
    return highwater(mark_of(row) for row in rows)
