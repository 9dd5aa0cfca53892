"""Receivers that hang hold up nobody else; the end of the process writes what was sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tocsin.field.stopping import SignalStop
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.outlets import sending
from tocsin.server.outlets.carrying import Parcel
from tocsin.server.outlets.models import Operation
from tocsin.server.outlets.sending import Sender, send_due
from tocsin.server.serving import processes, timers

pytestmark = pytest.mark.django_db
Make = Callable[..., Operation]
PATIENCE_S = 30.0
HEALTHY = 7999


class Receivers:
    """All of them hang until they are let go, but for the healthy one."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun: list[int] = []
        self.come = threading.Semaphore(0)

    def __call__(self, parcel: Parcel) -> str:
        self.begun.append(parcel.target.port)
        self.come.release()
        if parcel.target.port != HEALTHY:
            assert self.go_on.wait(PATIENCE_S)
        return ""


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receivers]:
    told = Receivers()
    monkeypatch.setattr(sending, "_SENDER", [Sender(told, budget_s=0.5)])
    yield told
    told.go_on.set()


def until_sent(row: Operation) -> None:
    until = time.monotonic() + PATIENCE_S
    while row.sent_at is None:
        assert time.monotonic() < until
        send_due(now())
        row.refresh_from_db()


def sends() -> int:
    return Leaf.objects.filter(action="outlets.send").count()


def test_many_receivers_that_hang_leave_a_place_for_the_others(
    running: Make, receivers: Receivers
) -> None:
    for k in range(20):
        running(f"tcp://127.0.0.1:{7001 + k}")
    healthy = running(f"tcp://127.0.0.1:{HEALTHY}")
    until_sent(healthy)
    assert len(receivers.begun) == sends() == 21


def test_of_those_that_did_not_answer_last_only_some_are_tried_at_once(
    running: Make, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 6)
    monkeypatch.setattr(sending, "MOST_DOUBTFUL", 4)
    for k in range(8):
        row = running(f"tcp://127.0.0.1:{7001 + k}")
        Operation.objects.filter(pk=row.pk).update(failures=3)
    until_sent(running(f"tcp://127.0.0.1:{HEALTHY}"))
    assert len(receivers.begun) == 5


def test_a_receiver_has_one_send_at_a_time_whatever_its_name_is_written_like(
    running: Make, receivers: Receivers
) -> None:
    rows = [running(f"tcp://{host}:7001") for host in ("localhost", "LOCALHOST", "localhost")]
    until_sent(running(f"tcp://127.0.0.1:{HEALTHY}"))
    assert sorted(receivers.begun) == [7001, HEALTHY]
    receivers.go_on.set()
    for row in rows:
        until_sent(row)
    assert sends() == 4


def test_the_end_of_the_timers_writes_what_was_sent(
    running: Make, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_SENDER", [Sender(receivers, budget_s=0.0)])
    row = running("tcp://127.0.0.1:7001")
    assert send_due(now()) == 0
    assert receivers.come.acquire(timeout=PATIENCE_S)
    threading.Timer(0.3, receivers.go_on.set).start()
    stop = SignalStop()
    stop.set()
    timers.run(stop)
    row.refresh_from_db()
    assert (row.sent_at, row.failures, row.trouble) == (row.tried_at, 0, "")
    # the next process, which knows nothing of it, does not send it a second time
    monkeypatch.setattr(sending, "_SENDER", [Sender(receivers, budget_s=0.5)])
    assert send_due(now()) == 0
    assert receivers.begun == [7001]


def test_what_has_no_answer_at_the_end_is_written_as_failed(
    running: Make, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "END_S", 0.3)
    row = running("tcp://127.0.0.1:7001")
    assert send_due(now()) == 0
    sending.end_sending()
    row.refresh_from_db()
    assert (row.failures, row.trouble) == (
        1,
        "This server ended before the receiver had answered.",
    )
    assert Leaf.objects.filter(action="outlets.failed").count() == 1


def test_the_end_has_time_for_a_tick_and_the_longest_send() -> None:
    assert sending.BUDGET_S + timers.TICK_S + sending.END_S < processes.GRACE_S
