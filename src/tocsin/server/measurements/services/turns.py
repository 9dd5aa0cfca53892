"""Turns in the background: waiting, begun, further, failed, begun once more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.measurements.models import UNFINISHED, Reanalysis, State, Upload

ANALYST = "system:analysis"
MOST_ATTEMPTS = 3

Work = Upload | Reanalysis


def enqueue(row: Work) -> None:
    """Put the work into the queue, in the transaction that wants it."""
    # the tasks call these services: only the queue knows both ends
    from tocsin.server.measurements.tasks import analyse_again, analyse_upload

    task = analyse_upload if isinstance(row, Upload) else analyse_again
    result = task.enqueue(str(row.pk))
    type(row).objects.filter(pk=row.pk).update(
        state=State.QUEUED, task_id=result.id, touched_at=now()
    )
    row.refresh_from_db(fields=["state", "task_id", "touched_at"])


def begin(row: Work) -> bool:
    """Take the turn; False where somebody else has ended the work meanwhile."""
    rows = type(row).objects.filter(pk=row.pk, state__in=UNFINISHED)
    taken = rows.update(
        state=State.ANALYSING, attempts=row.attempts + 1, progress=0.0, touched_at=now()
    )
    row.refresh_from_db(fields=["state", "attempts", "progress"])
    return bool(taken)


def advance(row: Work, part: float) -> None:
    """Say how far it is."""
    rows = type(row).objects.filter(pk=row.pk, state=State.ANALYSING)
    rows.update(progress=min(max(part, 0.0), 1.0), touched_at=now())


@transaction.atomic
def fail(row: Work, code: str, message: str) -> None:
    """End the work without an answer; the bytes of the file stay where they are."""
    at = now()
    rows = type(row).objects.filter(pk=row.pk, state__in=UNFINISHED)
    ended = rows.update(
        state=State.FAILED,
        error_code=code[:40],
        error_message=message[:1000],
        touched_at=at,
        finished_at=at,
    )
    if not ended:
        return
    row.refresh_from_db()
    record(
        actor=ANALYST,
        action="measurements.not_analysed",
        subject=row,
        after={"code": row.error_code, "attempts": row.attempts},
        reason=row.error_message,
    )


@transaction.atomic
def resume(row: Work) -> None:
    """Queue once more what stopped in the middle, as after a crash; give up the third time."""
    if row.attempts >= MOST_ATTEMPTS:
        fail(
            row,
            "crashed",
            _("The analysis was begun {n} times and never ended.").format(n=row.attempts),
        )
        return
    enqueue(row)
    record(
        actor=ANALYST,
        action="measurements.resume",
        subject=row,
        after={"attempts": row.attempts},
        reason="the process that worked on it is gone",
    )


def stopped_before(at: datetime, silence: timedelta) -> list[Work]:
    """Work that was begun or queued and has not been heard of for a while."""
    rows: list[Work] = []
    for model in (Upload, Reanalysis):
        rows += model.objects.filter(state__in=UNFINISHED, touched_at__lt=at - silence)[:100]
    return rows
