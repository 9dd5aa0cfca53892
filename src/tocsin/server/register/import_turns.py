"""Steps of an import that take long: begun by a person, worked through in batches, carried on.

Each step says in the row of the import how far it is. What a batch changes and how far the step is
are written in one transaction, so that a process that dies leaves nothing half done: the next one
carries on where it stood, and two that work on the same step cannot both write a batch.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django_tasks_db.models import DBTaskResult

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.holders import Refused, require_officer
from tocsin.server.register.models import WORKING, Import

log = logging.getLogger(__name__)

STEPPER = "system:imports"
MOST_ATTEMPTS = 3
"""Attempts that may end without a batch; then a person must look."""
SILENCE = timedelta(minutes=2)
"""Without a sign of life for so long the process that worked on a step counts as gone."""


class Overtaken(Exception):
    """Another process has carried this step on, or a person has ended it."""


def begin(
    reader: Reader,
    row: Import,
    state: Import.State,
    *,
    since: Import.State,
    total: int,
    reason: str = "",
    **more: Any,
) -> Import:
    """Begin a step, in the caller's transaction.

    Raises
    ------
    Refused
        The import is not in the state from which the step leads.
    """
    row = Import.objects.select_for_update().get(pk=row.pk)
    if row.state != since:
        raise Refused(_("Something was done with this table in the meantime: look again."))
    at = now()
    row.state, row.asked_by, row.reason = state, reader.person, reason
    row.done, row.total, row.attempts, row.stopped, row.task_id = 0, total, 0, "", ""
    row.begun_at = row.touched_at = at
    for name, value in more.items():
        setattr(row, name, value)
    row.save()
    return row


def locked(row: Import) -> Import:
    """The import, held until the end of a batch.

    Raises
    ------
    Overtaken
        It is no longer where this process left it.
    """
    fresh = Import.objects.select_for_update().get(pk=row.pk)
    if (fresh.state, fresh.done, fresh.begun_at) != (row.state, row.done, row.begun_at):
        raise Overtaken
    return fresh


def advance(row: Import, done: int) -> None:
    """Say how far it is; in the transaction of a batch, or alone where nothing was changed."""
    row.done, row.touched_at, row.attempts = done, now(), 0
    row.save(update_fields=["done", "touched_at", "attempts"])


def told(row: Import, done: int, total: int) -> None:
    """Say how far the checking is; the work itself starts anew after a crash."""
    rows = Import.objects.filter(pk=row.pk, state=row.state, begun_at=row.begun_at)
    rows.update(done=done, total=total, touched_at=now())


def end(row: Import, state: Import.State, *, stopped: str = "") -> None:
    """End a step; ``stopped`` is what a person must know of it."""
    row.state, row.ended_at, row.touched_at, row.stopped = state, now(), now(), stopped[:1000]
    row.save()


@transaction.atomic
def stop(row: Import, why: str) -> None:
    """Say why a step does not go on; what it has written stays, and it may be carried on."""
    fresh = Import.objects.select_for_update().get(pk=row.pk)
    if fresh.begun_at != row.begun_at or fresh.state not in WORKING:
        return
    fresh.stopped, fresh.touched_at = why[:1000], now()
    fresh.save(update_fields=["stopped", "touched_at"])
    record(
        actor=STEPPER,
        action="register.import_stopped",
        subject=fresh,
        after={"state": fresh.state, "done": fresh.done, "of": fresh.total},
        reason=fresh.stopped,
    )


@transaction.atomic
def carry_on(reader: Reader, row: Import) -> Import:
    """Queue a step once more that has stopped.

    Raises
    ------
    Refused
        Not allowed, or it has not stopped.
    """
    row = Import.objects.select_for_update().get(pk=row.pk)
    require_officer(reader, row)
    if row.state not in WORKING or not row.stopped:
        raise Refused(_("Nothing of this table has stopped."))
    row.stopped, row.attempts, row.asked_by = "", 0, reader.person
    row.save(update_fields=["stopped", "attempts", "asked_by"])
    record(
        actor=reader.person,
        action="register.carry_on",
        subject=row,
        after={"state": row.state, "done": row.done},
    )
    return enqueue(row)


def enqueue(row: Import) -> Import:
    """Put the step into the queue, in the transaction that wants it."""
    # the task calls the steps, and the steps this: only the queue knows both ends
    from tocsin.server.register.tasks import work_on_import

    result = work_on_import.enqueue(str(row.pk))
    row.task_id, row.touched_at = str(result.id), now()
    row.save(update_fields=["task_id", "touched_at"])
    return row


def officer_of(row: Import) -> Reader:
    """Who asked for the step, as the policy sees that person now.

    Raises
    ------
    Refused
        The person may no longer write the register.
    """
    if row.asked_by is None:
        raise Refused(_("None of your roles allows this."))
    reader = reader_of(row.asked_by, realm=row.realm)
    require_officer(reader, row)
    return reader


def resume_silent(at: datetime) -> int:
    """Queue again the steps that a dead process left; a step of the timers."""
    done = 0
    silent = Import.objects.filter(state__in=WORKING, stopped="", touched_at__lt=at - SILENCE)
    for row in silent[:20]:
        if row.task_id and DBTaskResult.objects.ready().filter(pk=row.task_id).exists():
            continue
        done += 1
        if row.attempts >= MOST_ATTEMPTS:
            stop(row, _("It was begun {n} times and did not get on.").format(n=row.attempts))
            continue
        with transaction.atomic():
            fresh = Import.objects.select_for_update().get(pk=row.pk)
            if (fresh.touched_at, fresh.stopped) != (row.touched_at, ""):
                continue
            fresh.attempts += 1
            fresh.save(update_fields=["attempts"])
            enqueue(fresh)
            record(
                actor=STEPPER,
                action="register.resume",
                subject=fresh,
                after={"state": fresh.state, "done": fresh.done, "attempts": fresh.attempts},
                reason="the process that worked on it is gone",
            )
    return done
