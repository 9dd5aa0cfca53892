"""Sending beside the timers: slow and dead channels hold up nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.services import raise_from_information
from tocsin.server.clock import now
from tocsin.server.duties import delivery, timers
from tocsin.server.duties.delivery import AT_ONCE, Sender
from tocsin.server.duties.models import Delivery
from tocsin.server.marking.policy import reader_of

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]


@pytest.fixture
def calls(person: MakePerson, clock: Any, settings: Any) -> Callable[[], list[str]]:
    """Twelve calls wait for each channel; how those by e-mail and by command stand."""
    settings.TOCSIN = replace(
        settings.TOCSIN, email_url="smtp://127.0.0.1:9", notice_command="/bin/true"
    )
    officers = [person("officer", realms=("LIVE",)) for _ in range(12)]
    raise_from_information(reader_of(officers[0]), title="t", reason="tip", note="n")
    rows = Delivery.objects.exclude(channel="page")
    assert rows.count() == 24
    return lambda: sorted(f"{c} {o}".strip() for c, o in rows.values_list("channel", "outcome"))


def test_a_channel_that_hangs_stops_no_timer(
    calls: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def hangs(row: Delivery) -> str:
        if row.channel == "email":
            assert go_on.wait(30)
        return "sent"

    sender = Sender(hangs, budget_s=0.2)
    monkeypatch.setattr(delivery, "_SENDER", [sender])
    try:
        begun = time.monotonic()
        for _ in range(3):
            timers.run_steps(now())
        # twelve sends that hang, one after the other, would take the time that the first hangs
        assert time.monotonic() - begun < 15
        assert not go_on.is_set()
        assert calls().count("email sending") == AT_ONCE
        assert calls().count("command sent") == 12
    finally:
        go_on.set()
    until = time.monotonic() + 20
    while calls().count("email sent") < 12:
        assert time.monotonic() < until
        sender.dispatch(now())


def test_a_channel_that_fails_is_tried_with_growing_pauses(
    calls: Callable[[], list[str]], clock: Any
) -> None:
    tried: list[float] = []
    works = False

    def send(row: Delivery) -> str:
        if row.channel == "command":
            return "sent"
        tried.append(now_s())
        return "sent" if works else "failed: ConnectionRefusedError"

    start = now()

    def now_s() -> float:
        return (clock.at - start).total_seconds()

    sender = Sender(send, budget_s=5.0)
    for _ in range(20):
        sender.dispatch(now())
        clock.move(seconds=1)
    # the first are sent together; one try each after the pauses of 8 and more seconds
    assert tried[:AT_ONCE] == [0.0] * AT_ONCE
    assert tried[AT_ONCE:] == [8.0]
    works = True
    clock.move(seconds=60)
    sender.dispatch(now())
    assert len(tried) == 12
    assert calls().count("command sent") == 12


def test_a_send_that_breaks_is_a_failure(calls: Callable[[], list[str]]) -> None:
    def breaks(row: Delivery) -> str:
        raise ValueError(row.channel)

    Sender(breaks, budget_s=5.0).dispatch(now())
    assert calls().count("email failed: ValueError") == AT_ONCE
