"""Tasks, watches and notes on persons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from incident_drafts import opened

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.duties import timers
from tocsin.server.duties.models import Delivery, Notice
from tocsin.server.incidents.models import IncidentWord, PersonNote
from tocsin.server.incidents.persons import erase_over, note_person, notes_on_persons
from tocsin.server.incidents.statements import state
from tocsin.server.incidents.tasks import end_task, give_task
from tocsin.server.incidents.watching import unwatch, watch, watches_of
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import reader_of
from tocsin.server.marking.services import add_compartment

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]


def test_a_task_is_given_to_who_may_see_it_and_ends_with_a_result(
    person: MakePerson, clock: Any
) -> None:
    boss, colleague = reader_of(person("supervisor")), person("supervisor", name="Colleague")
    row, until = opened(boss.person), now().date() + dt.timedelta(days=3)
    task = give_task(boss, row, what="ask the scrap yards", who=colleague, until=until)
    assert Delivery.objects.filter(person=colleague).count() == 1
    assert "ask the scrap yards" in Notice.objects.latest("created_at").values["what"]
    for who in (person("supervisor", of="police"), person("supervisor", clearance=0)):
        with pytest.raises(InvalidInput, match="may not see"):
            give_task(boss, row, what="x", who=who, until=until)
    with pytest.raises(InvalidInput, match="within two years"):
        give_task(boss, row, what="x", who=colleague, until=now().date() - dt.timedelta(days=1))
    with pytest.raises(InvalidInput, match="came of it"):
        end_task(boss, task, result="")
    assert end_task(reader_of(colleague), task, result="nothing there").done_by == colleague
    with pytest.raises(InvalidInput, match="done already"):
        end_task(boss, task, result="again")


def test_who_watches_is_told_and_nobody_who_may_not_see(person: MakePerson, clock: Any) -> None:
    boss = reader_of(person("supervisor"))
    other, stranger = reader_of(person("expert")), reader_of(person("supervisor", of="police"))
    watch(other, "serial", "qz 4711")
    watch(other, "nuclide", "cs137")
    watch(stranger, "nuclide", "Cs-137")
    row = opened(boss.person)
    # by the serial number and by the nuclide, but told once
    assert Delivery.objects.filter(person=other.person).count() == 1
    assert not Delivery.objects.filter(person=stranger.person).exists()
    state(boss.person, row, {"kind": "loss"}, reason="was only mislaid")
    assert Delivery.objects.filter(person=other.person).count() == 2
    for entry in watches_of(other):
        unwatch(other, entry)
    state(boss.person, row, {"kind": "theft"}, reason="taken after all")
    assert Delivery.objects.filter(person=other.person).count() == 2
    with pytest.raises(InvalidInput, match="no such incident"):
        watch(stranger, "incident", str(row.pk))
    for of, value in (("serial", "-"), ("nuclide", "tea"), ("place", "x")):
        with pytest.raises(InvalidInput):
            watch(other, of, value)


def test_a_note_on_a_person_is_for_the_circle_alone_and_in_no_search(
    person: MakePerson, clock: Any
) -> None:
    boss = person("supervisor", "point_of_contact", clearance=2)
    row = opened(boss)
    circle = add_compartment(reader_of(boss), code="CASE-1", name="Case one")
    member, outside = reader_of(boss), reader_of(person("point_of_contact", clearance=2))
    assert circle.pk in member.compartments
    given: dict[str, Any] = {
        "part": "witness",
        "note": "A. Nonymous saw the car",
        "purpose": "to be heard",
        "keep_until": now().date() + dt.timedelta(days=365),
    }
    note = note_person(member, row, compartment=circle, **given)
    assert (note.level, note.tlp) == (2, "RED")
    assert list(notes_on_persons(member, row)) == [note]
    assert not notes_on_persons(outside, row)
    assert not notes_on_persons(reader_of(person("supervisor", clearance=2)), row)
    assert not IncidentWord.objects.filter(word__contains="nonymous").exists()
    assert "Nonymous" not in str(Leaf.objects.get(action="incidents.note_person").content)
    with pytest.raises(InvalidInput, match="roles"):
        note_person(outside, row, compartment=circle, **given)
    with pytest.raises(InvalidInput, match="ten years"):
        note_person(member, row, compartment=circle, **given | {"keep_until": dt.date(2046, 1, 1)})
    with pytest.raises(InvalidInput, match="what for"):
        note_person(member, row, compartment=circle, **given | {"purpose": " "})
    clock.move(days=366)
    assert not notes_on_persons(reader_of(boss), row), "its time is over"
    assert erase_over in timers.STEPS
    assert (erase_over(now()), PersonNote.objects.count(), erase_over(now())) == (1, 0, 0)
    assert Compartment.objects.count() == 1
    leaf = Leaf.objects.get(action="incidents.erase_note_on_person")
    assert leaf.subject_id == str(note.pk)
    assert "Nonymous" not in str(leaf.content)


def test_a_note_on_a_person_is_kept_through_its_last_day(person: MakePerson, clock: Any) -> None:
    boss = person("point_of_contact", "supervisor", clearance=2)
    row, last = opened(boss), now().date() + dt.timedelta(days=3)
    circle = add_compartment(reader_of(boss), code="CASE-2", name="Case two")
    given = {"part": "witness", "note": "saw the car", "purpose": "to be heard"}
    note_person(reader_of(boss), row, compartment=circle, keep_until=last, **given)
    clock.move(days=3)
    assert (erase_over(now()), PersonNote.objects.count()) == (0, 1)
