"""A table of incidents stays once anything was done with what it brought."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from incident_drafts import opened

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.incidents.models import (
    Incident,
    IncidentImport,
    Object,
    PersonNote,
    Sameness,
    Task,
)
from tocsin.server.incidents.notification import make_notification
from tocsin.server.incidents.releasing import ask_release
from tocsin.server.incidents.statements import put_object, say_same
from tocsin.server.incidents.undoing import undo
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import reader_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]
TABLE = """Title,Event number,Date,Reported,Type,Country,In transport,Nuclide,Activity (GBq)
Gauge lost,XB-1,2025-04-02,2025-04-05,loss,XB,yes,Cs-137,0.3
Pot found,XB-2,2025-09-14,2025-09-20,find,XB,no,Ra-226,
"""


@pytest.fixture
def boss(person: Callable[..., Person], clock: Any) -> Person:
    return person("supervisor", "point_of_contact", clearance=2, name="Carol")


def _ask(boss: Person, lost: Incident, thing: Object) -> None:
    reader = reader_of(boss)
    ask_release(reader, lost, ["kind"], audience="partners", reason="they ask")


def _close(boss: Person, lost: Incident, thing: Object) -> None:
    reader = reader_of(boss)
    ask_release(reader, lost, ["kind"], audience="private", reason="too early")


def _notify(boss: Person, lost: Incident, thing: Object) -> None:
    make_notification(reader_of(boss), lost, kind="initial", contact="duty officer")


def _task(boss: Person, lost: Incident, thing: Object) -> None:
    Task.objects.create(
        **mark_of(lost).fields(),
        originator=lost.originator,
        created_at=now(),
        created_by=boss,
        incident=lost,
        what="ask the holder",
        who=boss,
        until=lost.opened_at.date(),
    )


def _person(boss: Person, lost: Incident, thing: Object) -> None:
    PersonNote.objects.create(
        **mark_of(lost).fields(),
        originator=lost.originator,
        created_at=now(),
        created_by=boss,
        incident=lost,
        part=PersonNote.Part.values[0],
        note="a finder",
        purpose="to ask again",
        keep_until=lost.opened_at.date(),
    )


def _same_incident(boss: Person, lost: Incident, thing: Object) -> None:
    other = opened(boss)
    say_same(boss, Sameness.Of.INCIDENT, other.pk, lost.pk, same=True, reason="one event")


def _same_object(boss: Person, lost: Incident, thing: Object) -> None:
    say_same(boss, Sameness.Of.SOURCE, thing.pk, uuid4(), same=True, reason="its number")


def _in_another(boss: Person, lost: Incident, thing: Object) -> None:
    put_object(boss, opened(boss), thing, evidence="found there")


@pytest.mark.parametrize(
    "do", [_ask, _close, _notify, _task, _person, _same_incident, _same_object, _in_another]
)
def test_a_table_is_not_undone_after_anything_was_done_with_what_it_brought(
    boss: Person,
    signed_in: Callable[[Person], Client],
    clock: Any,
    do: Callable[[Person, Incident, Object], None],
) -> None:
    browser = signed_in(boss)
    file = SimpleUploadedFile("table.csv", TABLE.encode())
    address: str = browser.post("/incidents/imports/new/", {"file": file})["Location"]
    browser.post(f"{address}apply/")
    clock.move(minutes=1)
    lost = Incident.objects.get(external_id="XB-1")
    do(boss, lost, Object.objects.get(in_incidents__incident=lost))
    with pytest.raises(InvalidInput, match="Of 1 incidents"):
        undo(reader_of(boss), IncidentImport.objects.get(), reason="the wrong table")
    assert not Incident.objects.filter(state="withdrawn").exists()
