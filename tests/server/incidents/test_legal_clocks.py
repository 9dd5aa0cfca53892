"""A person with the right starts legal clocks on an incident, from a country profile."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.duties.models import Clock
from tocsin.server.incidents.models import Incident, IncidentEvent, IncidentState
from tocsin.server.incidents.services import add_note, start_legal_clocks
from tocsin.server.marking.policy import reader_of

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]
SignIn = Callable[[Person], Client]


@pytest.fixture
def incident(person: MakePerson, clock: Any) -> Callable[..., Incident]:
    owner = person("officer")

    def make(realm: str = "EXERCISE") -> Incident:
        return Incident.objects.create(
            realm=realm,
            level=1,
            originator=owner.organisation,
            created_at=now(),
            title="Ir-192",
            opened_at=now(),
            alarm_id=owner.pk,
            state=IncidentState.OPEN,
        )

    return make


def form(**fields: Any) -> dict[str, Any]:
    return {
        "profile": "US",
        "duty": ["loss_telephone", "special_nuclear_material_loss"],
        "at": f"{now() - timedelta(minutes=20):%Y-%m-%dT%H:%M}",
        "reason": "found empty",
        **fields,
    }


def test_clocks_are_started_from_the_page_and_shown_with_their_law(
    incident: Callable[..., Incident], person: MakePerson, signed_in: SignIn
) -> None:
    row, boss = incident(), person("supervisor", name="Carol")
    browser = signed_in(boss)
    page = browser.get(row.get_absolute_url()).content.decode()
    assert "No legal clock runs." in page
    assert 'value="special_nuclear_material_loss"' in page
    assert browser.post(f"/incidents/{row.pk}/clocks/", form()).status_code == 302
    at_once, hour = Clock.objects.order_by("due_at")
    assert (at_once.duty, at_once.due_at) == ("loss_telephone", now() - timedelta(minutes=20))
    assert hour.due_at == now() + timedelta(minutes=40)
    assert (hour.realm, hour.level, hour.originator_id) == ("EXERCISE", 1, row.originator_id)
    assert (hour.created_by_id, hour.reason) == (boss.pk, "found empty")
    leaf = Leaf.objects.get(action="duties.start_clocks")
    assert (leaf.actor, leaf.subject_id) == (f"person:{boss.pk}", str(row.pk))
    assert leaf.content["reason"] == "found empty"
    assert [c["duty"] for c in leaf.content["after"]["clocks"]] == [
        "US/loss_telephone",
        "US/special_nuclear_material_loss",
    ]
    page = browser.get(row.get_absolute_url()).content.decode()
    assert "10 CFR 74.11(a)" in page
    assert "overdue" in page
    assert "US/loss_telephone" in IncidentEvent.objects.get(incident=row).note
    told = browser.get("/duties/clocks/").content.decode()
    assert f'<a href="{row.get_absolute_url()}">{row.name}</a>' in told


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": " "}, "reason"),
        ({"duty": []}, "Choose duties"),
        ({"duty": ["loss_telephone", "tea"]}, "Choose duties"),
        ({"profile": "ZZ"}, "no such country profile"),
        ({"at": "soon"}, "date and time"),
        ({"at": "2031-01-01T00:00"}, "not with what is to come"),
        ({"at": "2020-01-01T00:00"}, "within a year"),
    ],
)
def test_a_clock_that_makes_no_sense_is_refused_in_words(
    incident: Callable[..., Incident],
    person: MakePerson,
    signed_in: SignIn,
    fields: dict[str, Any],
    said: str,
) -> None:
    row, browser = incident(), signed_in(person("supervisor"))
    answer = browser.post(f"/incidents/{row.pk}/clocks/", form(**fields), follow=True)
    assert said in answer.content.decode()
    assert not Clock.objects.exists()
    assert not Leaf.objects.filter(action="duties.start_clocks").exists()


def test_a_notice_that_must_come_before_something_counts_back_from_what_is_to_come(
    incident: Callable[..., Incident], person: MakePerson
) -> None:
    reader = reader_of(person("supervisor"))
    (clock,) = start_legal_clocks(
        reader,
        incident(),
        profile_code="US",
        duties=["nuclear_shipment_notice"],
        at=now() + timedelta(days=30),
        reason="moved to the store",
    )
    assert clock.due_at == now() + timedelta(days=20)


def test_a_clock_runs_once_and_no_invented_law_for_what_is_live(
    incident: Callable[..., Incident], person: MakePerson, signed_in: SignIn
) -> None:
    boss = reader_of(person("supervisor", realms=("LIVE", "EXERCISE")), realm="LIVE")
    live = incident("LIVE")
    wish: dict[str, Any] = {"at": boss.at, "reason": "x"}
    invented = wish | {"profile_code": "fictional", "duties": ["loss_telephone"]}
    with pytest.raises(InvalidInput, match="invented law"):
        start_legal_clocks(boss, live, **invented)
    law = wish | {"profile_code": "DE", "duties": ["find_or_loss"]}
    start_legal_clocks(boss, live, **law)
    with pytest.raises(InvalidInput, match="runs already"):
        start_legal_clocks(boss, live, **law)
    add_note(boss, live, note="done", close=True)
    with pytest.raises(InvalidInput, match="closed"):
        start_legal_clocks(boss, live, **wish, profile_code="DE", duties=["acquisition"])
    assert Clock.objects.count() == 1


def test_who_may_not_write_incidents_starts_no_clock(
    incident: Callable[..., Incident], person: MakePerson, signed_in: SignIn
) -> None:
    row = incident()
    address = f"/incidents/{row.pk}/clocks/"
    for who in (person("expert"), person("officer"), person("supervisor", of="police")):
        browser = signed_in(who)
        assert browser.post(address, form()).status_code == 404
        assert "Start the clocks" not in browser.get(row.get_absolute_url()).content.decode()
    assert not Clock.objects.exists()


def test_a_program_starts_clocks_too(
    incident: Callable[..., Incident], person: MakePerson, signed_in: SignIn
) -> None:
    row, browser = incident(), signed_in(person("point_of_contact"))
    wish = {
        "profile": "fictional",
        "duties": ["incident_report"],
        "at": now().isoformat(),
        "reason": "confirmed",
    }

    def post(given: dict[str, Any]) -> Any:
        address = f"/api/1/incidents/{row.pk}/clocks"
        return browser.post(address, json.dumps(given), content_type="application/json")

    answer = post(wish)
    assert answer.status_code == 201
    (told,) = answer.json()
    assert (told["about"], told["reason"], told["standing"], told["verification"]) == (
        row.name,
        "confirmed",
        "running",
        "fictional",
    )
    assert post(wish).status_code == 422
    assert post(wish | {"at": "2026-03-03T12:00:00"}).status_code == 422
    assert post(wish | {"duties": ["tea"]}).status_code == 422
