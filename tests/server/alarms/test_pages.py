"""Pages and interface of alarms: what each person sees, may do, and is told."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from alarms.test_services import encounter
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Kind
from tocsin.server.alarms.models import Alarm, AlarmEvent, ResponseEntry
from tocsin.server.alarms.services import raise_from_encounter
from tocsin.server.clock import now
from tocsin.server.files.services import store

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]
SignIn = Callable[[Person], Client]
VERDICT = {"evidence": "spectrum", "confidence": "95", "cannot_exclude": "Pu-239"}


@pytest.fixture
def raised(person: MakePerson, clock: Any) -> Callable[..., Alarm]:
    owner = person("officer", name="Owner")
    count = 0

    def make(source_class: str = "medical", *, of: Person = owner, **fields: Any) -> Alarm:
        nonlocal count
        count += 1
        source = store(
            str(count).encode(),
            name="w.n42",
            actor=of,
            realm="EXERCISE",
            level=1,
            originator=of.organisation,
        )
        alarm = raise_from_encounter(source, encounter(source_class, **fields), instrument="pack 3")
        assert alarm is not None
        return alarm

    return make


@pytest.mark.parametrize(
    "stored",
    [
        {"kind": "teleported"},
        {"role": "emperor"},
        {"trigger": "prophecy"},
        {"facts": {"source_class": "antimatter", "dose_rate_uSv_h": None}},
        {"facts": {"dose_rate_uSv_h": None}},
    ],
)
def test_an_event_that_this_version_does_not_know_is_said_and_no_fault(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn, stored: dict[str, Any]
) -> None:
    alarm = raised()
    first = alarm.events.get()
    fields = {f.name: getattr(first, f.name) for f in first._meta.fields if f.name != "id"}
    AlarmEvent.objects.create(**fields | {"number": 2} | stored)
    browser = signed_in(person("supervisor"))
    page = browser.get(alarm.get_absolute_url())
    assert page.status_code == 409
    assert "cannot be read by this version" in page.content.decode()
    step = f"/alarms/{alarm.pk}/steps/acknowledged/"
    assert browser.post(step).status_code == 409
    told = browser.get(f"/api/1/alarms/{alarm.pk}")
    assert (told.status_code, told.json()["error"]["code"]) == (409, "stored_unreadable")
    assert alarm.name in browser.get("/alarms/").content.decode()


def test_a_state_that_this_version_does_not_know_spoils_no_list(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm = raised()
    Alarm.objects.filter(pk=alarm.pk).update(state="limbo")
    browser = signed_in(person("supervisor"))
    for address in ("/alarms/", alarm.get_absolute_url(), "/alarms/alarms.csv"):
        page = browser.get(address)
        assert page.status_code == 200, address
        assert "limbo" in page.content.decode(), address


def offered(page: str) -> set[str]:
    """Steps that a page has a form for."""
    return set(re.findall(r"/steps/(\w+)/", page))


def without_tokens(page: str) -> str:
    """A page without its form tokens and identities, which differ each time."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", page)


def take(browser: Client, alarm: Alarm, kind: str, **fields: str) -> Any:
    return browser.post(f"/alarms/{alarm.pk}/steps/{kind}/", fields)


def test_an_officer_closes_a_medical_alarm_with_four_forms(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm, browser = raised(), signed_in(person("officer"))
    address = alarm.get_absolute_url()
    steps = [
        ("acknowledged", {}),
        ("repeat_pass", {}),
        ("reproduced", {}),
        ("innocent", {"reason": "medical", "evidence": "card", "close": "1"}),
    ]
    for kind, fields in steps:
        assert kind in offered(browser.get(address).content.decode())
        answer = take(browser, alarm, kind, **fields)
        assert (answer.status_code, answer["Location"]) == (302, address)
    alarm.refresh_from_db()
    assert alarm.state == "closed"
    assert "Medical" in browser.get(address).content.decode()


def test_an_officer_is_offered_no_verdict_on_a_neutron_alarm(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm, browser = raised(neutron=True), signed_in(person("officer"))
    page = browser.get(alarm.get_absolute_url()).content.decode()
    assert offered(page) == {"measured", "information"}
    assert "An action level is exceeded" in page
    for kind in Kind:
        if kind.value in ("measured", "information"):
            continue
        answer = take(browser, alarm, kind.value, reason="medical", note="x", **VERDICT)
        assert answer.status_code in (404, 422)
    alarm.refresh_from_db()
    assert alarm.state == "event"


def test_what_is_missing_is_said_and_what_was_filled_in_stays(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm, browser = raised(), signed_in(person("officer"))
    for kind in ("acknowledged", "repeat_pass", "reproduced"):
        take(browser, alarm, kind)
    answer = take(browser, alarm, "innocent", evidence="paper 17 & more")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Choose a reason." in page
    assert "paper 17 &amp; more" in page
    answer = take(browser, alarm, "opinion", confidence="much")
    assert answer.status_code == 422


def test_others_see_nothing_and_absent_is_the_same(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm = raised("industrial", nuclides=[{"name": "Ir-192", "class": "x", "confidence": 1.0}])
    stranger = signed_in(person("officer", of="police"))
    absent = stranger.get("/alarms/00000000-0000-4000-8000-000000000000/")
    for address in ("", "response/", "response.csv"):
        answer = stranger.get(f"{alarm.get_absolute_url()}{address}")
        assert answer.status_code == 404
    hidden = stranger.get(alarm.get_absolute_url())
    assert without_tokens(hidden.content.decode()) == without_tokens(absent.content.decode())
    for address in ("/alarms/?state=all", "/alarms/alarms.csv?state=all", "/alarms/statistics/"):
        text = stranger.get(address).content.decode()
        assert "Ir-192" not in text
        assert alarm.name not in text
    assert stranger.get("/api/1/alarms?state=all").json()["total"] == 0
    assert stranger.get(f"/api/1/alarms/{alarm.pk}").status_code == 404
    assert take(stranger, alarm, "acknowledged").status_code == 404
    auditor = signed_in(person("auditor"))
    assert auditor.get("/alarms/").status_code == 403


def test_the_list_narrows_down_and_tells_how_long_alarms_wait(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    first, second, third = raised(), raised("snm", nuclides=[]), raised("industrial")
    browser = signed_in(person("officer"))
    clock.move(seconds=30)
    take(browser, first, "acknowledged")
    clock.move(minutes=20)
    text = browser.get("/alarms/").content.decode()
    assert all(a.name in text for a in (first, second, third))
    assert "30 s" in text
    grave = browser.get("/alarms/?grave=1").content.decode()
    assert second.name in grave
    assert first.name not in grave
    assert third.name not in browser.get("/alarms/?class=medical").content.decode()
    assert "No alarm" in browser.get("/alarms/?state=closed").content.decode()
    assert "No alarm" in browser.get("/alarms/?until=2020-01-01").content.decode()
    for nonsense in ("?since=yesterday", "?state=%00", "?page=99", "?class=%27", "?page=x"):
        assert browser.get(f"/alarms/{nonsense}").status_code == 200


def test_the_export_carries_its_marking_and_no_formula(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    browser = signed_in(person("officer"))
    browser.post("/alarms/inform/", {"title": "=1+1", "reason": "tip", "note": "n", "level": "1"})
    answer = browser.get("/alarms/alarms.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="alarms.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0] == ["# EXERCISE RESTRICTED TLP:RED"]
    assert rows[3][1] == "'=1+1"


def test_information_raises_an_alarm_by_a_form(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    browser = signed_in(person("officer"))
    assert browser.get("/alarms/inform/").status_code == 200
    answer = browser.post("/alarms/inform/", {"title": "A van", "reason": "", "note": "by phone"})
    assert answer.status_code == 422
    assert "by phone" in answer.content.decode()
    answer = browser.post(
        "/alarms/inform/",
        {"title": "A van", "reason": "tip", "note": "by phone", "neutron": "1", "level": "1"},
    )
    alarm = Alarm.objects.get()
    assert answer["Location"] == alarm.get_absolute_url()
    assert (alarm.trigger, alarm.state) == ("information", "event")


def test_the_response_sheet_says_who_is_inside_what_doses_and_where_levels_come_from(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm = raised(dose_rate_uSv_h=180.0)
    browser = signed_in(person("officer"))
    address = f"{alarm.get_absolute_url()}response/"
    page = browser.get(address).content.decode()
    assert "EPR-First Responders" in page
    assert "unverified" in page
    at = f"{now():%Y-%m-%dT%H:%M}"
    for fields in (
        {"kind": "entered", "who": "Amina", "place": "hall 2"},
        {"kind": "entered", "who": "Bruno", "place": "hall 2"},
        {"kind": "left", "who": "Bruno"},
        {"kind": "dose", "who": "Bruno", "value": "0,12", "unit": "mSv", "source": "EPD 4"},
    ):
        assert browser.post(address, {"at": at, **fields}).status_code == 302
    answer = browser.post(address, {"at": at, "kind": "dose", "who": "Amina", "value": "lots"})
    assert answer.status_code == 422
    page = browser.get(address).content.decode()
    assert re.search(r"In the area</dt><dd>\s*Amina\s*</dd>", page)
    assert "Bruno: 120.0 µSv" in page
    assert browser.get(f"{alarm.get_absolute_url()}response.csv").status_code == 200
    assert ResponseEntry.objects.count() == 4
    quiet = raised()
    assert browser.get(f"{quiet.get_absolute_url()}response/").status_code == 404


def test_numbers_and_dates_out_of_all_bounds_are_answered_and_break_nothing(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm = raised(dose_rate_uSv_h=180.0)
    browser = signed_in(person("officer", "supervisor"))
    for query in ("until=9999-12-31", "since=0001-01-01", "until=9999-12-31T23:59:59"):
        assert browser.get(f"/alarms/?{query}").status_code == 200
    told = {"title": "t", "reason": "tip", "note": "n"}
    for level in ("nan", "1e9", "-1", "7", ""):
        assert browser.post("/alarms/inform/", {**told, "level": level}).status_code == 422
    for rate in ("-1", "x"):
        answer = browser.post("/alarms/inform/", {**told, "level": "1", "dose_rate_uSv_h": rate})
        assert answer.status_code == 422
    sheet = f"{alarm.get_absolute_url()}response/"
    line = {"kind": "area", "place": "hall", "at": f"{now():%Y-%m-%dT%H:%M}", "note": "n"}
    assert browser.post(sheet, {**line, "corrects": "9" * 40}).status_code == 302
    for at in ("0001-01-01T00:00", "9999-12-31T23:59", "soon", ""):
        assert browser.post(sheet, {**line, "at": at}).status_code == 422
    early = {**line, "at": "0001-01-01T00:00:00+23:59"}
    assert post(browser, f"/api/1/alarms/{alarm.pk}/response", early).status_code == 422
    who = str(person("officer").pk)
    far = {"start": "0001-01-01T00:00:00+23:59", "end": "0001-01-01T01:00:00+23:59"}
    answer = post(browser, "/api/1/duties/shifts", {"person": who, "role": "officer", **far})
    assert answer.status_code == 422


def test_statistics_count_reasons(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    browser = signed_in(person("officer"))
    for _ in range(3):
        alarm = raised()
        for kind in ("acknowledged", "repeat_pass", "reproduced"):
            take(browser, alarm, kind)
        take(browser, alarm, "innocent", reason="medical", evidence="card", close="1")
    raised()
    found = browser.get("/api/1/alarms/statistics").json()
    assert (found["total"], found["judged"], found["open"]) == (4, 3, 1)
    (row,) = found["verdicts"]
    assert (row["verdict"], row["alarms"], row["share_of_judged"]) == ("innocent", 3, 1.0)
    assert browser.get("/alarms/statistics/").status_code == 200
    assert b"innocent" in browser.get("/alarms/statistics.csv").content


def post(browser: Client, address: str, data: dict[str, Any]) -> Any:
    return browser.post(address, json.dumps(data), content_type="application/json")


def test_the_interface_does_what_the_pages_do(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm = raised()
    officer, expert = signed_in(person("officer")), signed_in(person("expert", name="Dieter"))
    address = f"/api/1/alarms/{alarm.pk}"
    assert officer.get("/api/1/alarms").json()["alarms"][0]["name"] == alarm.name
    post(officer, f"{address}/steps", {"kind": "acknowledged"})
    answer = post(officer, f"{address}/steps", {"kind": "expert_called"})
    assert (answer.status_code, answer.json()["problems"]) == (422, ["reason_needed"])
    post(officer, f"{address}/steps", {"kind": "expert_called", "reason": "not_identified"})
    post(expert, f"{address}/steps", {"kind": "expert_took"})
    told = expert.get(address).json()
    assert {"confirmed", "innocent", "opinion"} <= {s["kind"] for s in told["steps"]}
    answer = post(
        expert,
        f"{address}/steps",
        {
            "kind": "confirmed",
            "reason": "orphan_source",
            "evidence": ["lines at 1173 and 1332 keV"],
            "confidence": 0.98,
            "cannot_exclude": ["a second source"],
        },
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    last = answer.json()["events"][-1]
    assert (last["person"], last["confidence"], last["cannot_exclude"]) == (
        "Dieter",
        0.98,
        ["a second source"],
    )
    assert post(officer, f"{address}/steps", {"kind": "timer_expired"}).status_code == 422
    assert officer.get(f"{address}/response").status_code == 404
    answer = post(officer, "/api/1/alarms", {"title": "t", "reason": "tip", "note": "n"})
    assert (answer.status_code, answer.json()["trigger"]) == (201, "information")


def test_the_interface_keeps_the_response_sheet(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm, browser = raised(neutron=True), signed_in(person("officer"))
    address = f"/api/1/alarms/{alarm.pk}/response"
    line = {"kind": "entered", "at": now().isoformat(), "who": "Amina", "place": "hall"}
    assert post(browser, address, line).status_code == 201
    assert post(browser, address, {**line, "who": ""}).status_code == 422
    naive = {**line, "at": "2026-03-03T11:00:00"}
    assert post(browser, address, naive).status_code == 422
    assert post(browser, address, {**line, "corrects": 4711}).status_code == 404
    assert browser.get(address).json()["inside"] == ["Amina"]


def test_pages_speak_french(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    alarm, browser = raised(), signed_in(person("officer"))
    for kind in ("acknowledged", "repeat_pass", "reproduced"):
        take(browser, alarm, kind)
    browser.cookies["language"] = "fr"
    page = browser.get(alarm.get_absolute_url()).content.decode()
    assert "Médical : nucléide d" in page


def test_figures_of_many_alarms_shut_nobody_out(
    raised: Callable[..., Alarm], person: MakePerson, signed_in: SignIn
) -> None:
    first = raised()
    Alarm.objects.bulk_create(
        Alarm(
            originator=first.originator,
            realm=first.realm,
            level=1,
            created_at=now(),
            title=f"alarm {number}",
            state="closed",
            since=now(),
            raised_at=now(),
            acknowledged_at=now(),
            closed_at=now(),
            trigger="instrument",
            source_class="medical",
            called="officer",
            verdict="innocent",
            reason="medical",
        )
        for number in range(600)
    )
    browser = signed_in(person("supervisor"))
    for _ in range(5):
        for address in (
            "/",
            "/alarms/",
            "/alarms/statistics/",
            "/alarms/statistics.csv",
            "/api/1/alarms/statistics",
        ):
            assert browser.get(address).status_code == 200, address
    found = browser.get("/api/1/alarms/statistics").json()
    assert (found["total"], found["judged"], found["open"]) == (601, 600, 1)
    assert found["verdicts"][0]["alarms"] == 600
