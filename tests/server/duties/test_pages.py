"""Roster, notices and legal clocks on the pages and by the interface."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Kind
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.services import Command, act, raise_from_information
from tocsin.server.clock import now
from tocsin.server.duties.models import Clock, Delivery, Notice, Shift, Takeover
from tocsin.server.duties.roster_rows import standing_of
from tocsin.server.duties.services import (
    acknowledge,
    end_clock,
    plan_shift,
    run_due,
    start_clocks,
    take_over,
)
from tocsin.server.marking.models import Agreement
from tocsin.server.marking.policy import reader_of, visible
from tocsin.server.marking.services import agree

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]
SignIn = Callable[[Person], Client]


def post(browser: Client, address: str, data: dict[str, Any]) -> Any:
    return browser.post(address, json.dumps(data), content_type="application/json")


def form_time(**ahead: float) -> str:
    return f"{now() + timedelta(**ahead):%Y-%m-%dT%H:%M}"


def test_a_supervisor_plans_and_the_officer_takes_over(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    officer, boss = person("officer", name="Amina"), person("supervisor", name="Carol")
    plan = {
        "person": str(officer.pk),
        "role": "officer",
        "start": form_time(),
        "end": form_time(hours=7),
    }
    assert signed_in(officer).post("/duties/shifts/", plan).status_code == 403
    assert signed_in(boss).post("/duties/shifts/", plan).status_code == 302
    page = signed_in(officer).get("/duties/").content.decode()
    assert "Planned, but has not taken over yet." in page
    signed_in(officer).post("/duties/take-over/", {"role": "officer", "note": "gate 2 is shut"})
    page = signed_in(boss).get("/duties/").content.decode()
    assert "gate 2 is shut" in page
    state = standing_of(officer.organisation_id, "EXERCISE", "officer", now())
    assert (state.people, state.taken) == ((str(officer.pk),), True)
    shift = Shift.objects.get()
    signed_in(boss).post(f"/duties/shifts/{shift.pk}/cancel/", {"reason": ""})
    shift.refresh_from_db()
    assert shift.cancelled_at is None
    signed_in(boss).post(f"/duties/shifts/{shift.pk}/cancel/", {"reason": "ill"})
    shift.refresh_from_db()
    assert shift.cancel_reason == "ill"
    assert signed_in(boss).get("/duties/roster.csv").status_code == 200


def test_a_shift_of_others_is_cancelled_by_nobody_and_answers_like_one_that_is_not_there(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    officer, boss = person("officer"), reader_of(person("supervisor", "point_of_contact"))
    shift = plan_shift(
        boss, person=officer, role="officer", start=now(), end=now() + timedelta(hours=7)
    )
    stranger = person("supervisor", of="police")
    agree(boss, receiver=stranger.organisation, noun="duties.shift", most_level=1, reason="joint")
    browser = signed_in(stranger)
    assert visible(reader_of(stranger), Shift.objects.all()).exists()
    for pk in (shift.pk, uuid.uuid4()):
        answer = browser.post(f"/duties/shifts/{pk}/cancel/", {"reason": "x"})
        assert answer.status_code == 404
        assert (
            post(browser, f"/api/1/duties/shifts/{pk}/cancel", {"reason": "x"}).status_code == 404
        )
    shift.refresh_from_db()
    assert shift.cancelled_at is None


def test_a_shift_that_cannot_be_is_refused(person: MakePerson, clock: Any) -> None:
    boss, officer = reader_of(person("supervisor")), person("officer")
    start, end = now(), now() + timedelta(hours=8)
    foreign, live = person("officer", of="police"), person("officer", realms=("LIVE",))
    with pytest.raises(InvalidInput, match="own organisation"):
        plan_shift(boss, person=foreign, role="officer", start=start, end=end)
    with pytest.raises(InvalidInput, match="does not hold"):
        plan_shift(boss, person=officer, role="expert", start=start, end=end)
    with pytest.raises(InvalidInput, match="24 hours"):
        plan_shift(boss, person=officer, role="officer", start=start, end=end + timedelta(days=1))
    with pytest.raises(InvalidInput, match="realm"):
        plan_shift(boss, person=live, role="officer", start=start, end=end)
    plan_shift(boss, person=officer, role="officer", start=start, end=end)
    with pytest.raises(InvalidInput, match="already"):
        plan_shift(boss, person=officer, role="officer", start=start, end=end)
    with pytest.raises(InvalidInput, match="do not hold"):
        take_over(reader_of(officer), role="expert")


def test_who_is_on_duty_is_called_and_who_is_off_is_not(person: MakePerson, clock: Any) -> None:
    boss = reader_of(person("supervisor"))
    on, off = person("officer", name="On"), person("officer", name="Off")
    plan_shift(boss, person=on, role="officer", start=now(), end=now() + timedelta(hours=8))
    raise_from_information(boss, title="t", reason="tip", note="n")
    called = set(Delivery.objects.values_list("person_id", flat=True))
    assert on.pk in called
    assert off.pk not in called


def test_a_notice_climbs_until_somebody_acknowledges(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    officer, expert = person("officer"), person("expert")
    alarm = raise_from_information(reader_of(officer), title="t", reason="tip", note="n")
    browser = signed_in(officer)
    assert alarm.name in browser.get("/duties/notices/").content.decode()
    (waiting,) = browser.get("/api/1/duties/notices").json()
    assert waiting["text"].startswith(f"Alarm {alarm.name}")
    assert signed_in(expert).get("/api/1/duties/notices").json() == []
    notice = Notice.objects.get()
    answer = signed_in(expert).post(f"/duties/notices/{notice.pk}/acknowledge/")
    assert answer.status_code == 404
    answer = browser.post(f"/duties/notices/{notice.pk}/acknowledge/")
    assert answer["Location"] == alarm.get_absolute_url()
    calls = Delivery.objects.filter(notice=notice).count()
    again = acknowledge(reader_of(officer), notice)
    assert again.acknowledgement.by == officer
    clock.move(days=2)
    run_due(now())
    assert Delivery.objects.filter(notice=notice).count() == calls
    assert "by nobody" not in browser.get("/duties/notices/").content.decode()


def test_an_expert_of_another_organisation_is_called_where_the_alarm_is_released_to_it(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    officer, lab = person("officer"), person("expert", of="laboratory")
    other = person("expert", of="police")
    Agreement.objects.create(
        giver=officer.organisation,
        receiver=lab.organisation,
        noun="alarms.alarm",
        realm="EXERCISE",
        most_level=1,
        valid_from=now(),
        reason="reachback",
    )
    reader = reader_of(officer)
    alarm = raise_from_information(reader, title="t", reason="tip", note="n")
    act(reader, alarm, Command(Kind.ACKNOWLEDGED))
    act(reader, alarm, Command(Kind.EXPERT_CALLED, reason="not_identified"))
    (told,) = signed_in(lab).get("/api/1/duties/notices").json()
    assert told["text"] == f"Alarm {alarm.name} waits for an expert"
    answer = signed_in(lab).post(f"/duties/notices/{told['id']}/acknowledge/")
    assert answer["Location"] == alarm.get_absolute_url()
    assert signed_in(lab).get(alarm.get_absolute_url()).status_code == 200
    assert not Delivery.objects.filter(person=other).exists()
    Agreement.objects.update(valid_until=now())
    assert signed_in(lab).get("/api/1/duties/notices?waiting=false").json() == []


def test_nul_and_blanks_are_no_text(person: MakePerson, signed_in: SignIn, clock: Any) -> None:
    browser = signed_in(person("officer", "supervisor"))
    for address in ("/alarms/?state=%00", "/alarms/?text=%00", "/alarms/?class=%00&trigger=%00"):
        assert browser.get(address).status_code == 200
    given = {"title": "a\0b", "reason": "tip", "note": "\0 n \0", "level": "1"}
    assert post(browser, "/api/1/alarms", {**given, "level": 1}).status_code == 400
    assert browser.post("/alarms/inform/", given).status_code == 302
    alarm = Alarm.objects.get()
    assert alarm.title == "ab"
    assert alarm.events.get(number=1).note == "n"
    assert browser.post("/alarms/inform/", {**given, "title": "\0"}).status_code == 422
    taken = browser.post("/duties/take-over/", {"role": "officer", "note": "\0"})
    assert taken.status_code == 302
    assert Takeover.objects.get().note == ""


def test_a_legal_clock_runs_by_the_profile_and_calls_once_when_it_is_over(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    boss = person("supervisor", name="Carol")
    reader = reader_of(boss)
    alarm = raise_from_information(reader, title="t", reason="tip", note="n")
    clocks = start_clocks(
        reader,
        alarm,
        profile_code="fictional",
        duties={"loss_telephone", "loss_written"},
        at=now(),
        reason="found empty",
    )
    assert [c.duty for c in clocks] == ["loss_telephone", "loss_written"]
    assert clocks[0].due_at - now() == timedelta(hours=1)
    before = Notice.objects.count()
    clock.move(hours=1)
    run_due(now())
    assert Notice.objects.filter(subject_kind="duties.clock").count() == 0
    clock.move(seconds=1)
    for _ in range(3):
        run_due(now())
    assert Notice.objects.filter(subject_kind="duties.clock").count() == 1
    assert Notice.objects.count() >= before + 1
    browser = signed_in(boss)
    page = browser.get("/duties/clocks/").content.decode()
    assert "overdue" in page
    assert "10 CFR 20.2207" in page
    browser.post(f"/duties/clocks/{clocks[0].pk}/end/", {"outcome": "met", "reason": ""})
    assert not hasattr(Clock.objects.get(pk=clocks[0].pk), "end")
    browser.post(f"/duties/clocks/{clocks[0].pk}/end/", {"outcome": "met", "reason": "called"})
    assert "met too late" in browser.get("/duties/clocks/").content.decode()
    with pytest.raises(InvalidInput, match="already"):
        end_clock(reader, clocks[0], met=True, reason="again")
    (running,) = browser.get("/api/1/duties/clocks").json()
    assert (running["duty"], running["verification"]) == ("loss_written", "fictional")
    start_clocks(
        reader,
        alarm,
        profile_code="US",
        duties={"tracked_source_transaction"},
        at=reader.at,
        reason="x",
    )
    page = signed_in(boss).get("/duties/clocks/").content.decode()
    law = page[page.index("10 CFR 20.2207") :][:120]
    assert '<span class="badge" data-tone="warn">unverified</span>' in law
    answer = post(
        browser, f"/api/1/duties/clocks/{running['id']}/end", {"met": False, "reason": "found"}
    )
    assert answer.json()["standing"] == "stopped"


def test_the_interface_keeps_the_roster(person: MakePerson, signed_in: SignIn, clock: Any) -> None:
    officer, boss = person("officer", name="Amina"), person("supervisor")
    browser = signed_in(boss)
    plan = {
        "person": str(officer.pk),
        "role": "officer",
        "start": now().isoformat(),
        "end": (now() + timedelta(hours=8)).isoformat(),
    }
    answer = post(browser, "/api/1/duties/shifts", plan)
    assert answer.status_code == 201
    assert post(browser, "/api/1/duties/shifts", plan).status_code == 422
    stranger = person("officer", of="police")
    assert (
        post(browser, "/api/1/duties/shifts", {**plan, "person": str(stranger.pk)}).status_code
        == 404
    )
    taken = post(signed_in(officer), "/api/1/duties/take-over", {"role": "officer"})
    assert taken.status_code == 201
    roster = browser.get("/api/1/duties/roster").json()
    assert roster["now"][0] == {
        "role": "officer",
        "people": ["Amina"],
        "taken": True,
        "relief_missing": [],
    }
    shift = answer.json()["id"]
    cancelled = post(browser, f"/api/1/duties/shifts/{shift}/cancel", {"reason": "ill"})
    assert cancelled.json()["cancelled_at"] is not None
    others = signed_in(person("supervisor", of="police"))
    assert post(others, f"/api/1/duties/shifts/{shift}/cancel", {"reason": "x"}).status_code == 404
    assert "Amina" not in others.get("/api/1/duties/roster").content.decode()
