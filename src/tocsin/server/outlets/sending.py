"""Sending what is due: logged first, then sent; what fails waits longer each time.

The sends run in threads that touch no database; what was logged and what came of it is written by
the tick. A tick waits :data:`BUDGET_S` at most for them: a dead receiver stops no clock. Nothing
queues here: what finds no place is looked at anew by the next tick. The end of the process waits
for what is under way, which is cut off before the process is, and writes what came of it.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.duties.timers import each
from tocsin.server.outlets.addresses import Target, target_of
from tocsin.server.outlets.carrying import LONGEST_S, Parcel, carry
from tocsin.server.outlets.composing import Leaving, content_of, leaving
from tocsin.server.outlets.drawing import cot_events
from tocsin.server.outlets.models import Operation, Standing, Way

ACTOR = "system:outlets"
BUDGET_S = 1.0
"""Longest time that a tick waits for sends: as long as the pause between two ticks."""
AT_ONCE = 64
"""Sends at the same time, each in a thread. One receiver never has two: one that hangs holds up
what goes to itself alone."""
MOST_DOUBTFUL = 16
"""Of these to receivers that did not answer last: however many hang, the others find a place."""
END_S = LONGEST_S + 0.5
"""Longest time that the end of the process waits for sends."""
AGAIN_AFTER = timedelta(seconds=60)
"""Unchanged content is sent again so often, before what was sent goes stale."""
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 300.0


@dataclass(frozen=True, slots=True)
class _Sent:
    """A send under way."""

    operation: uuid.UUID
    receiver: str
    doubtful: bool
    digest: str
    begun_at: datetime


class Sender:
    """Sends of one process.

    Parameters
    ----------
    carry_out : callable
        Carries a parcel and says why it failed, or nothing.
    budget_s : float
        Longest time in seconds that one call of :meth:`dispatch` waits.
    """

    def __init__(
        self, carry_out: Callable[[Parcel], str] = carry, budget_s: float = BUDGET_S
    ) -> None:
        self._carry_out = carry_out
        self._budget_s = budget_s
        self._under_way: dict[Future[str], _Sent] = {}

    def dispatch(self, at: datetime) -> int:
        """Begin what is due and write down what has ended; how much was sent."""
        until = time.monotonic() + self._budget_s
        done = self._collect()
        each(_running(at), lambda row: self._begin(row, at))
        return done + self._wait(until)

    def end(self) -> None:
        """Write down what came of the sends under way, before the process ends.

        What has no answer by then counts as failed: the receiver may have got it, and gets it once
        more.
        """
        self._wait(time.monotonic() + END_S)
        each(list(self._under_way.items()), lambda one: self._broken_off(*one))

    def _wait(self, until: float) -> int:
        done = 0
        while self._under_way and (left_s := until - time.monotonic()) > 0:
            wait(self._under_way, timeout=left_s, return_when=FIRST_COMPLETED)
            done += self._collect()
        return done

    def _begin(self, operation: Operation, at: datetime) -> int:
        receiver, doubtful = _receiver(operation), operation.failures > 0
        if not self._has_place(receiver, doubtful=doubtful):
            return 0
        gone = _due(operation, at)
        if gone is None or not _logged(operation, gone, at):
            return 0
        try:
            parcel = _parcel(operation, gone, at)
        except InvalidInput as error:
            _failed(operation.pk, str(error), at)
            return 0
        sent = _Sent(operation.pk, receiver, doubtful, gone.digest, at)
        self._under_way[self._carried(parcel)] = sent
        return 1

    def _has_place(self, receiver: str, *, doubtful: bool) -> bool:
        sent = self._under_way.values()
        if len(sent) >= AT_ONCE or any(one.receiver == receiver for one in sent):
            return False
        return not doubtful or sum(one.doubtful for one in sent) < MOST_DOUBTFUL

    def _carried(self, parcel: Parcel) -> Future[str]:
        carried: Future[str] = Future()

        def work() -> None:
            try:
                carried.set_result(self._carry_out(parcel))
            except Exception as error:  # noqa: BLE001 - told by who collects it
                carried.set_exception(error)

        # a daemon: whatever the receiver does, it does not hold up the end of the process
        threading.Thread(target=work, name="outlets", daemon=True).start()
        return carried

    def _collect(self) -> int:
        ended = [future for future in self._under_way if future.done()]
        return each(ended, self._ended)

    def _ended(self, future: Future[str]) -> int:
        sent = self._under_way.pop(future)
        error = future.exception()
        trouble = type(error).__name__ if error else future.result()
        if trouble:
            _failed(sent.operation, trouble, sent.begun_at)
            return 0
        Operation.objects.filter(pk=sent.operation).update(
            sent_at=sent.begun_at,
            tried_at=sent.begun_at,
            failures=0,
            trouble="",
            digest=sent.digest,
        )
        return 1

    def _broken_off(self, future: Future[str], sent: _Sent) -> int:
        del self._under_way[future]
        trouble = _("This server ended before the receiver had answered.")
        _failed(sent.operation, trouble, sent.begun_at)
        return 1


def _receiver(operation: Operation) -> str:
    """Host and port, as the address names them."""
    return urlsplit(operation.address).netloc.lower()


_SENDER: list[Sender] = []


def send_due(at: datetime) -> int:
    """Send for every operation that runs and is due; a step of the timer process."""
    if not _SENDER:
        _SENDER.append(Sender())
    return _SENDER[0].dispatch(at)


def end_sending() -> None:
    """Write down what came of the last sends; the last step of the timer process."""
    for sender in _SENDER:
        sender.end()


def wait_of(failures: int) -> timedelta:
    """How long to wait after so many failures."""
    if not failures:
        return timedelta(0)
    return timedelta(seconds=min(FIRST_WAIT_S * 2.0 ** (failures - 1), LONGEST_WAIT_S))


def _running(at: datetime) -> QuerySet[Operation]:
    """Operations that send; those that waited longest come first."""
    rows = Operation.objects.exclude(way=Way.FETCHED).exclude(agreed_at=None)
    return (
        rows.filter(stopped_at=None, ends_at__gt=at)
        .select_related("created_by", "agreed_by")
        .order_by(F("tried_at").asc(nulls_first=True), "pk")
    )


def _due(operation: Operation, at: datetime) -> Leaving | None:
    """What is to leave now; None where nothing is."""
    if operation.tried_at is not None and at < operation.tried_at + wait_of(operation.failures):
        return None
    gone = leaving(operation, at)
    same = gone.digest == operation.digest
    fresh = operation.sent_at is not None and at < operation.sent_at + AGAIN_AFTER
    # what has no end of its own at the receiver is told once that nothing is left
    empties = operation.way == Way.WEBHOOK and operation.sent_at is not None and not same
    if not (gone.things or empties) or (same and fresh and not operation.failures):
        return None
    return gone


def _parcel(operation: Operation, gone: Leaving, at: datetime) -> Parcel:
    if operation.way == Way.WEBHOOK:
        parts = [json.dumps(content_of(operation, gone, at), sort_keys=True).encode()]
    else:
        parts = cot_events(operation, gone.things, at)
    target = target_of(operation.way, operation.address)
    return Parcel(target, tuple(parts), _elsewhere(operation, at))


def _elsewhere(operation: Operation, at: datetime) -> tuple[tuple[str, Target], ...]:
    """Where operations of other realms send that were agreed to before this one."""
    others = _running(at).exclude(realm=operation.realm).exclude(pk=operation.pk)
    earlier = others.filter(agreed_at__lte=operation.agreed_at)
    return tuple((row.realm, target_of(row.way, row.address)) for row in earlier)


@transaction.atomic
def _logged(operation: Operation, gone: Leaving, at: datetime) -> bool:
    """Write down what is about to leave, unless it was switched off this moment."""
    row = Operation.objects.select_for_update().get(pk=operation.pk)
    if row.standing(at) != Standing.RUNNING:
        return False
    record(
        actor=ACTOR,
        action="outlets.send",
        subject=row,
        after={
            "receiver": row.receiver,
            "address": row.address,
            "things": [thing.id for thing in gone.things],
            "held_back": gone.held_back,
            "level": gone.mark.level,
            "tlp": gone.mark.tlp,
            "realm": row.realm,
            "digest": gone.digest,
        },
    )
    return True


@transaction.atomic
def _failed(pk: uuid.UUID, why: str, at: datetime) -> None:
    row = Operation.objects.select_for_update().get(pk=pk)
    row.failures, row.trouble, row.tried_at = row.failures + 1, why[:200], at
    row.save(update_fields=["failures", "trouble", "tried_at"])
    record(
        actor=ACTOR,
        action="outlets.failed",
        subject=row,
        after={"failures": row.failures, "trouble": row.trouble},
    )
