"""A confirmed alarm becomes an incident with everything attached."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Kind
from tocsin.server.alarms.models import Alarm, AlarmEvent, Outgoing
from tocsin.server.alarms.outbox import READERS, deliver_pending
from tocsin.server.alarms.services import Command, act, raise_from_encounter
from tocsin.server.clock import now
from tocsin.server.duties.services import run_due
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import store
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.services import hear_of_alarm
from tocsin.server.marking.policy import reader_of

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]
SignIn = Callable[[Person], Client]
VERDICT = {"evidence": ("spectrum",), "confidence": 0.95, "cannot_exclude": ()}
ENCOUNTER = {
    "start": "2026-03-03T11:58:54Z",
    "neutron": False,
    "dose_rate_uSv_h": 3.0,
    "class": "industrial",
    "nuclides": [{"name": "Ir-192", "class": "industrial", "confidence": 0.98}],
}


@pytest.fixture
def source(person: MakePerson, clock: Any) -> StoredFile:
    who = person("officer", name="Uploader")
    return store(
        b"x", name="walk.n42", actor=who, realm="EXERCISE", level=1, originator=who.organisation
    )


@pytest.fixture
def confirmed(source: StoredFile, person: MakePerson) -> Alarm:
    officer, expert = reader_of(person("officer")), reader_of(person("expert", name="Dieter"))
    alarm = raise_from_encounter(source, ENCOUNTER)
    assert alarm is not None
    act(officer, alarm, Command(Kind.ACKNOWLEDGED))
    act(officer, alarm, Command(Kind.EXPERT_CALLED, reason="not_identified"))
    act(expert, alarm, Command(Kind.EXPERT_TOOK))
    return act(expert, alarm, Command(Kind.CONFIRMED, reason="orphan_source", **VERDICT))


def test_a_confirmed_alarm_opens_one_incident_with_its_links(
    confirmed: Alarm, person: MakePerson, signed_in: SignIn
) -> None:
    assert not Incident.objects.exists()
    run_due(now())
    incident = Incident.objects.get()
    assert (incident.alarm_id, incident.title, incident.realm, incident.level) == (
        confirmed.pk,
        "Ir-192",
        "EXERCISE",
        1,
    )
    assert incident.happened_at == confirmed.measured_at
    run_due(now())
    hear_of_alarm(confirmed, confirmed.events.get(kind=Kind.CONFIRMED))
    assert Incident.objects.count() == 1
    boss = signed_in(person("supervisor"))
    page = boss.get(incident.get_absolute_url()).content.decode()
    assert confirmed.name in page
    assert "walk.n42" in page
    told = boss.get(f"/api/1/incidents/{incident.pk}").json()
    assert {row["name"] for row in told["attached"]} == {confirmed.name, "walk.n42"}
    assert incident.name in boss.get(confirmed.get_absolute_url()).content.decode()


def test_the_incident_is_opened_right_after_the_commit(
    confirmed: Alarm, django_capture_on_commit_callbacks: Any, person: MakePerson
) -> None:
    run_due(now())
    expert = reader_of(person("expert"))
    with django_capture_on_commit_callbacks(execute=True):
        act(expert, confirmed, Command(Kind.REOPENED, reason="new_evidence"))
    assert Incident.objects.get().state == "withdrawn"


def test_what_the_expert_takes_back_withdraws_the_incident_and_keeps_it(
    confirmed: Alarm, person: MakePerson
) -> None:
    run_due(now())
    expert = reader_of(person("expert"))
    act(expert, confirmed, Command(Kind.REOPENED, reason="second_opinion"))
    run_due(now())
    incident = Incident.objects.get()
    assert incident.state == "withdrawn"
    act(expert, confirmed, Command(Kind.CONFIRMED, reason="orphan_source", **VERDICT))
    run_due(now())
    incident.refresh_from_db()
    assert incident.state == "open"
    assert [e.state for e in incident.events.all()] == ["open", "withdrawn", "open"]


def test_an_expert_confirms_a_neutron_alarm_that_is_an_event_already(
    source: StoredFile, person: MakePerson
) -> None:
    alarm = raise_from_encounter(source, {**ENCOUNTER, "neutron": True})
    assert alarm is not None
    expert = reader_of(person("expert"))
    after = act(expert, alarm, Command(Kind.CONFIRMED, reason="illicit_material", **VERDICT))
    assert after.state == "event"
    run_due(now())
    assert Incident.objects.get().alarm_id == alarm.pk


def test_a_reader_that_fails_is_heard_again(
    confirmed: Alarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("tocsin.server.alarms.outbox.READERS", [broken])
    assert deliver_pending(now()) == 0
    assert Outgoing.objects.filter(read_at=None).count() == 1
    monkeypatch.undo()
    assert READERS
    assert deliver_pending(now()) == 1
    assert Incident.objects.count() == 1


def test_an_event_that_cannot_be_read_blocks_no_other_and_waits_for_a_reader(
    confirmed: Alarm, person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = reader_of(person("expert"))
    act(expert, confirmed, Command(Kind.REOPENED, reason="second_opinion"))
    module = "tocsin.server.alarms.outbox."
    monkeypatch.setattr(module + "READERS", [])
    assert deliver_pending(now()) == 0
    assert Outgoing.objects.filter(read_at=None).count() == 2

    def deaf(_alarm: Alarm, event: AlarmEvent) -> None:
        if event.kind == Kind.CONFIRMED:
            raise ValueError("broken")

    monkeypatch.setattr(module + "READERS", [deaf])
    monkeypatch.setattr(module + "BATCH", 1)
    assert [deliver_pending(now()) for _ in range(3)] == [0, 1, 0]
    assert Outgoing.objects.get(read_at=None).failures == 2


def test_others_see_no_incident(confirmed: Alarm, person: MakePerson, signed_in: SignIn) -> None:
    run_due(now())
    incident = Incident.objects.get()
    stranger = signed_in(person("supervisor", of="police"))
    assert stranger.get(incident.get_absolute_url()).status_code == 404
    assert "Ir-192" not in stranger.get("/incidents/").content.decode()
    assert "Ir-192" not in stranger.get("/incidents/incidents.csv").content.decode()
    assert stranger.get("/api/1/incidents").json()["total"] == 0
    answer = stranger.post(f"{incident.get_absolute_url()}notes/", {"note": "x"})
    assert answer.status_code == 404


def test_notes_are_added_and_an_incident_is_closed(
    confirmed: Alarm, person: MakePerson, signed_in: SignIn
) -> None:
    run_due(now())
    incident = Incident.objects.get()
    boss, expert = signed_in(person("supervisor", name="Carol")), signed_in(person("expert"))
    address = f"{incident.get_absolute_url()}notes/"
    assert expert.post(address, {"note": "x"}).status_code == 404
    boss.post(address, {"note": ""})
    assert incident.events.count() == 1
    boss.post(address, {"note": "source in the vault"})
    told = boss.post(
        f"/api/1/incidents/{incident.pk}/notes",
        json.dumps({"note": "handed over", "close": True}),
        content_type="application/json",
    ).json()
    assert (told["state"], told["events"][-1]["person"]) == ("closed", "Carol")
    again = boss.post(
        f"/api/1/incidents/{incident.pk}/notes",
        json.dumps({"note": "more"}),
        content_type="application/json",
    )
    assert again.status_code == 422


def test_a_state_that_this_version_does_not_know_is_said_and_no_fault(
    confirmed: Alarm, person: MakePerson, signed_in: SignIn
) -> None:
    run_due(now())
    incident = Incident.objects.get()
    Incident.objects.update(state="limbo")
    browser = signed_in(person("supervisor"))
    assert "limbo" in browser.get(incident.get_absolute_url()).content.decode()
    answer = browser.post(f"/incidents/{incident.pk}/notes/", {"note": "n", "close": "1"})
    assert answer.status_code == 409
    assert "cannot be read by this version" in answer.content.decode()
    incident.refresh_from_db()
    assert incident.state == "limbo"
