"""The whole loop by the API, as the demonstration plays it: theft, alarm, candidate, recovery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from found_alarms import alarm_of

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.fiction import theft
from tocsin.server.fiction.playing import PlayStopped
from tocsin.server.incidents.models import Incident
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import agree
from tocsin.server.register import outbox
from tocsin.server.register.holders import holder_named
from tocsin.server.register.models import Source
from tocsin.server.tracing.services.comparing import compare_waiting
from tocsin.server.tracing.services.following import follow

pytestmark = pytest.mark.django_db


@dataclass
class InProcess:
    """One person's program, without a network; the timers run before each question."""

    browser: Client
    name: str

    def ask(self, path: str, body: Any = None) -> Any:
        outbox.deliver_pending(now())
        follow(now())
        compare_waiting(now())
        address = f"/api/1{path}"
        if body is None:
            answer = self.browser.get(address)
        else:
            answer = self.browser.post(address, body, content_type="application/json")
        if answer.status_code >= 400:
            raise PlayStopped(f"{path}: {answer.status_code} {answer.content.decode()[:400]}")
        return answer.json()


@pytest.fixture
def people(
    clock: Any,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    officer: Reader,
    contact: Reader,
) -> dict[str, InProcess]:
    works = person("holder", of="works", clearance=2)
    holder_named(officer, theft.GAUGE["holder"], organisation=works.organisation)
    return {
        "register": InProcess(signed_in(officer.person), "register"),
        "contact": InProcess(signed_in(contact.person), "contact"),
        "holder": InProcess(signed_in(works), "holder"),
    }


def walked(finder: Reader, clock: Any, nuclide: str = "Cs-137") -> dict[str, Any]:
    """The alarm of the walk, as the API tells it."""
    before = clock.at
    clock.at = dt.datetime(2026, 1, 15, 10, tzinfo=dt.UTC)
    alarm = alarm_of(finder, nuclide, place=(-75.001, 60.004))
    clock.at = before
    return {"id": str(alarm.pk), "name": alarm.name, "nuclides": alarm.nuclides}


def test_theft_alarm_candidate_accepted_recovery_noted(
    people: dict[str, InProcess], person: Callable[..., Person], contact: Reader, clock: Any
) -> None:
    finder = reader_of(person("officer", "supervisor", of="customs", clearance=2))
    agree(
        finder,
        receiver=contact.person.organisation,
        noun="alarms.alarm",
        most_level=2,
        reason="the authority is told",
    )
    said: list[str] = []
    source = theft.steal(people["register"], people["holder"], say=said.append)
    alarm = walked(finder, clock)
    clock.move(minutes=5)
    candidate = theft.trace(people["contact"], people["register"], alarm, source, say=said.append)
    assert candidate["zone"] == "review"
    assert 0.02 < candidate["probability"] < 0.95
    assert Source.objects.get(pk=source["id"]).status == "stored"
    assert Incident.objects.get(source_id=source["id"]).state == "open"
    assert len(said) == 4


def test_a_walk_of_another_nuclide_finds_nothing(
    people: dict[str, InProcess], person: Callable[..., Person], clock: Any
) -> None:
    source = theft.steal(people["register"], people["holder"], say=print)
    finder = reader_of(person("officer", of="customs", clearance=2))
    alarm = walked(finder, clock, "Ir-192")
    assert theft.trace(people["contact"], people["register"], alarm, source, say=print) == {}
    assert Source.objects.get(pk=source["id"]).status == "stolen"
