"""Two persons, one end, one switch; and nothing that the receiver is not cleared for."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.ingest.models import Device, LiveSurvey
from tocsin.server.marking import aggregation
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import add_compartment
from tocsin.server.outlets.composing import leaving
from tocsin.server.outlets.models import Operation, Standing
from tocsin.server.outlets.services import agree, stop

pytestmark = pytest.mark.django_db
Make = Callable[..., Operation]


def names(operation: Operation) -> list[str]:
    return [thing.name for thing in leaving(operation, now()).things]


def test_nothing_leaves_before_another_person_has_agreed(
    asked: Make, asking: Reader, agreeing: Reader, alarm: Alarm
) -> None:
    row = asked()
    assert row.standing(now()) == Standing.ASKED
    assert names(row) == []
    with pytest.raises(InvalidInput, match="you asked for it yourself"):
        agree(asking, row)
    agree(agreeing, row)
    row = Operation.objects.get(pk=row.pk)
    assert row.standing(now()) == Standing.RUNNING
    assert names(row) == ["Pack 7", alarm.name]
    assert set(Leaf.objects.values_list("action", flat=True)) >= {"outlets.ask", "outlets.agree"}


def test_the_database_itself_wants_two_persons(asked: Make, asking: Reader) -> None:
    row = asked()
    with pytest.raises(IntegrityError), transaction.atomic():
        Operation.objects.filter(pk=row.pk).update(agreed_by=asking.person, agreed_at=now())


def test_who_may_not_agree(asked: Make, person: Callable[..., Person]) -> None:
    row = asked()
    for roles, of in ((("officer",), "customs"), (("supervisor",), "police")):
        other = reader_of(person(*roles, of=of, clearance=2))
        with pytest.raises(InvalidInput, match="None of your roles"):
            agree(other, row)
    low = reader_of(person("supervisor", clearance=1))
    high = asked(level=2)
    with pytest.raises(InvalidInput, match=r"None of your roles|beyond"):
        agree(low, high)


def test_one_person_switches_it_off_and_it_ends_by_itself(
    running: Make, person: Callable[..., Person], clock: Any
) -> None:
    row = running()
    anybody = reader_of(person("officer", clearance=1))
    with pytest.raises(InvalidInput, match="Say why"):
        stop(anybody, row, reason=" ")
    stop(anybody, row, reason="a journalist at the gate")
    row.refresh_from_db()
    assert row.standing(now()) == Standing.STOPPED
    assert names(row) == []

    second = running("udp://127.0.0.1:6970", hours=2)
    assert names(second)
    clock.move(hours=2)
    assert second.standing(now()) == Standing.ENDED
    assert names(second) == []


def test_what_is_above_the_receiver_stays(
    running: Make, asking: Reader, alarm: Alarm, device: Any, walker: Callable[..., Any]
) -> None:
    secret = walker(name="Pack 8", level=2, seed=8)
    row = running(devices=[device, secret])
    gone = leaving(row, now())
    assert ([t.name for t in gone.things], gone.held_back) == (["Pack 7", alarm.name], 1)
    assert gone.mark.level == 1

    circle = add_compartment(asking, code="CASE", name="Case")
    alarm.compartments.add(circle)
    assert names(row) == ["Pack 7"]
    alarm.compartments.clear()
    # the device is TLP:RED, the alarm TLP:AMBER
    low = running("udp://127.0.0.1:6971", tlp="AMBER")
    assert names(low) == [alarm.name]
    assert leaving(low, now()).mark.tlp == "AMBER"


def test_a_place_is_marked_as_the_survey_it_comes_from(running: Make, device: Device) -> None:
    row = running(alarms=False)
    assert leaving(row, now()).things
    LiveSurvey.objects.filter(device=device).update(level=2)
    assert not leaving(row, now()).things


def test_many_places_together_are_one_level_higher(
    running: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = replace(aggregation.in_force(), most=1)
    monkeypatch.setattr("tocsin.server.outlets.composing.in_force", lambda: rule)
    row = running()
    gone = leaving(row, now())
    assert (gone.things, gone.held_back) == ((), 2)
    higher = running("udp://127.0.0.1:6972", level=2)
    assert leaving(higher, now()).mark.level == 2
    assert len(names(higher)) == 2


def test_what_lies_elsewhere_or_was_not_chosen_stays(running: Make, alarm: Alarm) -> None:
    assert names(running(area=(-74.9, 59.9, -74.8, 60.1))) == []
    only_alarms = running("udp://127.0.0.1:6973", positions=False, devices=[])
    assert names(only_alarms) == [alarm.name]
    only_places = running("udp://127.0.0.1:6974", alarms=False)
    assert names(only_places) == ["Pack 7"]


def test_an_area_across_the_date_line(running: Make, alarm: Alarm) -> None:
    row = running(area=(-80.0, 170.0, -70.0, 61.0))
    assert row.holds(-75.0, -179.0)
    assert row.holds(-75.0, 60.0)
    assert not row.holds(-75.0, 100.0)


def test_who_loses_the_role_takes_the_word_back(running: Make, asking: Reader) -> None:
    row = running()
    assert names(row)
    asking.person.assignments.update(valid_until=now())
    assert names(Operation.objects.get(pk=row.pk)) == []


def test_an_exercise_does_not_reach_who_receives_the_real_thing(
    running: Make, asked: Make, asking: Reader, agreeing: Reader, alarm: Alarm
) -> None:
    """Rows of another realm never take part, and one address serves one realm at a time."""
    live = running()
    Alarm.objects.filter(pk=alarm.pk).update(realm="LIVE")
    assert names(live) == ["Pack 7"]
    Operation.objects.filter(pk=live.pk).update(realm="LIVE")
    # neither person works in the realm LIVE: nothing leaves
    assert names(Operation.objects.get(pk=live.pk)) == []
    exercise = asked("udp://127.0.0.1:6969")
    with pytest.raises(InvalidInput, match="realm LIVE"):
        agree(agreeing, exercise)
    agree(agreeing, asked("udp://127.0.0.1:7000"))


def names_lead_to(monkeypatch: pytest.MonkeyPatch, book: dict[str, str]) -> None:
    """Names of the test lead where the book says; addresses lead to themselves."""
    asked_before = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        return asked_before(book.get(host.lower(), host), *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    ("live", "exercise"),
    [
        ("udp://127.0.0.1:6969", "udp://[::1]:6969"),
        ("udp://127.0.0.1:6969", "tcp://[::ffff:127.0.0.1]:6969"),
        ("udp://127.0.0.1:6969", "udp://0.0.0.0:6969"),
        ("udp://127.0.0.1:6969", "udp://alias.example:6969"),
        ("udp://Alias.example.:6969", "udp://alias.example:6969"),
        ("udp://one.example:6969", "udp://192.0.2.7:6969"),
    ],
)
def test_another_name_of_the_same_receiver_is_the_same_receiver(
    live: str,
    exercise: str,
    running: Make,
    asked: Make,
    agreeing: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names_lead_to(monkeypatch, {"alias.example": "127.0.0.1", "one.example": "192.0.2.7"})
    Operation.objects.filter(pk=running(live).pk).update(realm="LIVE")
    with pytest.raises(InvalidInput, match="realm LIVE"):
        agree(agreeing, asked(exercise))
    agree(agreeing, asked(exercise.replace("6969", "6970")))


def test_two_agreements_at_once_wait_for_each_other(
    asked: Make, agreeing: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the address reads rows that it holds: those of other realms that wait too."""
    other = asked("udp://127.0.0.1:6969")
    Operation.objects.filter(pk=other.pk).update(realm="LIVE")
    row = asked("udp://127.0.0.1:6969")
    held: list[tuple[set[Any], Any]] = []
    lock = QuerySet.select_for_update

    def locking(rows: QuerySet[Operation], **how: Any) -> QuerySet[Operation]:
        held.append((set(rows.values_list("pk", flat=True)), how.get("no_key")))
        return lock(rows, **how)

    monkeypatch.setattr(QuerySet, "select_for_update", locking)
    agree(agreeing, row)
    assert held[0] == ({other.pk, row.pk}, True), "all of them, and before any other row"


@pytest.mark.parametrize(
    ("way", "address"),
    [
        ("cot", "http://127.0.0.1:80"),
        ("cot", "udp://127.0.0.1"),
        ("cot", "tcp://host:99999"),
        ("cot", "tcp://host:1/path"),
        ("webhook", "http://elsewhere.example/"),
        ("webhook", "https://name:word@elsewhere.example/"),
        ("webhook", "file:///etc/passwd"),
    ],
)
def test_addresses_that_are_refused(asked: Make, way: str, address: str) -> None:
    with pytest.raises(InvalidInput):
        asked(address, way=way)


@pytest.mark.parametrize(
    "more",
    [
        {"hours": 73},
        {"hours": 0},
        {"level": 3},
        {"tlp": "PINK"},
        {"area": (1.0, 0.0, -1.0, 1.0)},
        {"positions": False, "alarms": False},
        {"devices": []},
        {"reason": " "},
    ],
)
def test_wishes_that_are_refused(asked: Make, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        asked(**more)
