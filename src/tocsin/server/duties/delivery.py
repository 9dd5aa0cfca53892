"""Sending what waits for e-mail and command, beside the timers: a dead server stops no clock.

The sends run in threads that touch no database; claims and outcomes are written by the tick. A tick
waits :data:`BUDGET_S` at most for them, what takes longer is written down by a later tick. After a
failure a channel is tried with one delivery at a time and after growing pauses, until one succeeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from tocsin.server.clock import now
from tocsin.server.duties.channels import send
from tocsin.server.duties.models import Channel, Delivery

SENDING = "sending"
FAILED = "failed"
BUDGET_S = 1.0
"""Longest time that a tick waits for sends: as long as the pause between two ticks."""
AT_ONCE = 4
"""Sends of one channel at the same time."""
CLAIM_HOLDS = timedelta(minutes=5)
"""Far longer than a send may take: what a process left half done is sent again after it."""
LONGEST_PAUSE_S = 60
"""A channel that comes back is used again after this time at the latest: as long as the shortest
timer of an alarm."""
OUT = (Channel.EMAIL, Channel.COMMAND)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A send under way."""

    delivery: int
    channel: str
    claimed_at: datetime


class Sender:
    """Sends of one process.

    Parameters
    ----------
    carry_out : callable
        Sends one delivery and says the outcome.
    budget_s : float
        Longest time in seconds that one call of :meth:`dispatch` waits.
    """

    def __init__(
        self, carry_out: Callable[[Delivery], str] = send, budget_s: float = BUDGET_S
    ) -> None:
        self._carry_out = carry_out
        self._budget_s = budget_s
        self._pools = {
            channel.value: ThreadPoolExecutor(AT_ONCE, thread_name_prefix=channel.value)
            for channel in OUT
        }
        self._under_way: dict[Future[str], _Sent] = {}

    def dispatch(self, _at: datetime) -> int:
        """Begin what waits and write down what has ended; how much ended.

        A delivery is claimed before it is sent, so that two processes do not both send it; one that
        a process left half done is sent again after a while: twice is better than never.
        """
        until = time.monotonic() + self._budget_s
        done = self._collect()
        while True:
            for channel in OUT:
                self._begin(channel.value)
            left_s = until - time.monotonic()
            if not self._under_way or left_s <= 0:
                return done
            wait(self._under_way, timeout=left_s, return_when=FIRST_COMPLETED)
            done += self._collect()

    def _begin(self, channel: str) -> None:
        busy = sum(sent.channel == channel for sent in self._under_way.values())
        at = now()
        stale = Q(outcome=SENDING, done_at__lt=at - CLAIM_HOLDS)
        waiting = Delivery.objects.filter(Q(outcome="") | stale, channel=channel)
        if busy >= AT_ONCE or not waiting.exists():
            return
        failures, again_at = _standing(channel)
        if failures and (busy or at < again_at):
            return
        places = 1 if failures else AT_ONCE - busy
        for delivery in waiting.select_related("notice", "person")[:places]:
            claimed = Delivery.objects.filter(
                pk=delivery.pk, outcome=delivery.outcome, done_at=delivery.done_at
            ).update(outcome=SENDING, done_at=at)
            if claimed:
                under_way = self._pools[channel].submit(self._carry_out, delivery)
                self._under_way[under_way] = _Sent(delivery.pk, channel, at)

    def _collect(self) -> int:
        ended = [future for future in self._under_way if future.done()]
        for future in ended:
            sent = self._under_way.pop(future)
            error = future.exception()
            outcome = f"{FAILED}: {type(error).__name__}" if error else future.result()
            Delivery.objects.filter(
                pk=sent.delivery, outcome=SENDING, done_at=sent.claimed_at
            ).update(outcome=outcome[:200], done_at=now())
        return len(ended)


def _standing(channel: str) -> tuple[int, datetime]:
    """How often a channel has failed since it last succeeded, and when it is tried again."""
    ended = Delivery.objects.filter(channel=channel)
    last = ended.filter(outcome="sent").aggregate(at=Max("done_at"))["at"]
    failed = ended.filter(outcome__startswith=FAILED)
    if last is not None:
        failed = failed.filter(done_at__gt=last)
    found = failed.aggregate(number=Count("pk"), at=Max("done_at"))
    if not found["number"]:
        return 0, now()
    pause_s = min(2.0 ** min(found["number"] - 1, 10), LONGEST_PAUSE_S)
    return found["number"], found["at"] + timedelta(seconds=pause_s)


_SENDER: list[Sender] = []


def dispatch(at: datetime) -> int:
    """Send what waits: the last step of a tick. The threads start with the first of them."""
    if not _SENDER:
        _SENDER.append(Sender())
    return _SENDER[0].dispatch(at)
