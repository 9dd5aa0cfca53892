"""Every page of incidents answers, and does what its form says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from incident_drafts import opened

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.files.models import StoredFile
from tocsin.server.incidents.models import (
    FieldRelease,
    Incident,
    IncidentImport,
    Notification,
    Object,
    Report,
    Task,
    Watch,
)
from tocsin.server.incidents.statements import project, state, state_of_object
from tocsin.server.incidents.undoing import undo
from tocsin.server.marking.policy import reader_of
from tocsin.server.marking.services import add_compartment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]
MakePerson = Callable[..., Person]
SignIn = Callable[[Person], Client]


def page(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def field_values(text: str) -> dict[str, str]:
    """Fields of the form of a page as a browser would send them."""
    found = {}
    for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', text):
        found[name] = value
    for name, inside in re.findall(r'<select[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    for name, inside in re.findall(
        r'<textarea[^>]*?name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.S
    ):
        found[name] = inside.strip()
    return found


@pytest.fixture
def boss(person: MakePerson, clock: Any) -> Person:
    return person("supervisor", "point_of_contact", clearance=2, name="Carol")


def test_an_officer_reports_by_the_web_form_and_sees_nothing_else(
    person: MakePerson, signed_in: SignIn, boss: Person
) -> None:
    officer = signed_in(person("officer"))
    assert officer.get("/incidents/").status_code in {403, 404}
    given = {
        "title": "Box with a trefoil at the gate",
        "kind": "find",
        "start": "2026-03-03T09:30",
        "channel": "person",
        "reliability": "unjudged",
        "original": "A driver handed it in.",
        "status": "confirmed",
        "object-nuclide": "cs137",
        "object-activity": "3 MBq",
        "object-reference_date": "2026-03-03",
        "file": SimpleUploadedFile("note.txt", b"seen at the gate"),
    }
    assert "Report an incident" in page(officer, "/incidents/new/")
    assert officer.post("/incidents/new/", given)["Location"] == "/"
    row = Incident.objects.get()
    # an officer reports; whether it is confirmed others say
    assert (row.kind, row.status, row.nuclides, row.year) == ("find", "notified", "Cs-137", 2026)
    report = Report.objects.get()
    assert (report.file.name, report.original) == ("note.txt", "A driver handed it in.")
    assert officer.get(row.get_absolute_url()).status_code in {403, 404}
    browser = signed_in(boss)
    assert "A driver handed it in." in page(browser, report.get_absolute_url())
    del given["file"]
    refused = officer.post("/incidents/new/", given | {"object-activity": "3 apples"})
    assert "no unit of activity" in refused.content.decode()
    assert Incident.objects.count() == 1


def test_facts_are_stated_on_a_page_and_the_history_keeps_the_day(
    boss: Person, signed_in: SignIn, clock: Any
) -> None:
    row, browser = opened(boss), signed_in(boss)
    clock.move(days=2)
    address = f"/incidents/{row.pk}/facts/"
    given = field_values(page(browser, address))
    assert (given["title"], given["kind"], given["transport"]) == (row.title, "theft", "yes")
    same = browser.post(address, given | {"reason": "nothing"})
    assert "Nothing of this is new" in same.content.decode()
    changed = given | {"kind": "loss", "group": "2024:III", "place": "", "reason": "found empty"}
    assert browser.post(address, changed).status_code == 302
    row.refresh_from_db()
    assert (row.kind, row.group, row.place, row.transport) == ("loss", "III", "", True)
    known = f"/incidents/{row.pk}/history/"
    assert "theft" in page(browser, f"{known}?on=2026-03-03").split("Every statement")[0]
    assert "loss" in page(browser, known).split("Every statement")[0]
    assert "Nothing was known" in page(browser, f"{known}?on=2026-03-02")
    assert "Write a day" in page(browser, f"{known}?on=soon")
    assert "found empty" in page(browser, f"/incidents/{row.pk}/history.csv")
    told = browser.get(f"/api/1/incidents/{row.pk}/known?on=2026-03-03").json()
    assert (told["known"], told["values"]["kind"]) == (True, "theft")


def test_a_form_states_nothing_that_nobody_has_changed(
    boss: Person, signed_in: SignIn, clock: Any
) -> None:
    row, browser = opened(boss), signed_in(boss)
    whole = {"from": "2026-02-27T00:00:00", "to": "2026-03-01T23:59:59"}
    old = {"edition": "2007", "group": "other"}
    state(boss, row, {"interval": whole, "group": old}, reason="to the second")
    address = f"/incidents/{row.pk}/facts/"
    given = field_values(page(browser, address))
    clock.move(minutes=1)
    browser.post(address, given | {"place": "Harbour", "reason": "the street is not known"})
    assert [s.field for s in row.statements.filter(known_at=clock.at)] == ["place"]
    thing = row.with_objects.get().object
    told = {
        "serials": [{"value": "75-4813", "of": "unknown"}],
        "contents": [
            {"nuclide": "Cs-137", "activity_Bq": 3.0e8, "reference_date": "2020-01-01"},
            {"nuclide": "Am-241"},
        ],
    }
    state_of_object(boss, thing, told, reason="label")
    facts = f"/incidents/objects/{thing.pk}/facts/"
    given = field_values(page(browser, facts))
    clock.move(minutes=1)
    browser.post(facts, given | {"manufacturer": "Other Works", "reason": "read again"})
    assert [s.field for s in thing.statements.filter(known_at=clock.at)] == ["manufacturer"]


def test_what_makes_no_sense_is_said_and_no_fault_of_the_server(
    boss: Person, signed_in: SignIn
) -> None:
    row, browser = opened(boss), signed_in(boss)
    assert browser.post("/incidents/watches/", {"of": "incident", "value": "x"}).status_code == 302
    browser.post("/incidents/watches/", {"of": "incident", "value": row.pk.hex.upper()})
    assert Watch.objects.get().value == str(row.pk)
    said: dict[str, Any] = {
        "title": "Find",
        "country": "1!",
        "channel": "person",
        "reliability": "unjudged",
    }
    said["file"] = SimpleUploadedFile("letter.txt", b"said so")
    answer = browser.post("/incidents/new/", said)
    assert "two letters" in answer.content.decode()
    assert not StoredFile.objects.exists(), "what was not reported is not kept"
    last = browser.get(f"/api/1/incidents/{row.pk}/known?on=9999-12-31")
    assert (last.status_code, last.json()["known"]) == (200, True)


def test_the_list_is_narrowed_by_words_and_each_filter(
    boss: Person, signed_in: SignIn, clock: Any
) -> None:
    browser = signed_in(boss)
    row = opened(boss)
    opened(
        boss, title="Pot in a field", kind="find", transport=False, country="XB", status="claimed"
    )
    for query, wanted in (
        ("text=gauge+harbour", True),
        ("text=qz4711&kind=theft", True),
        ("text=lorry", False),
        ("kind=theft", True),
        ("status=notified", True),
        ("nuclide=cs137&text=gauge", True),
        ("nuclide=Co-60", False),
        ("category=5&kind=theft", True),
        ("category=none", False),
        ("country=xx", True),
        ("year=2026&transport=yes", True),
        ("year=2025", False),
        ("transport=unknown", False),
        ("recovered=unknown&kind=theft", True),
        ("group=II", False),
        ("state=closed", False),
    ):
        text = page(browser, f"/incidents/?{query}")
        assert (row.name in text) is wanted, query
        assert "Pot in a field" not in text, query
        assert (row.name in page(browser, f"/incidents/incidents.csv?{query}")) is wanted, query
    assert row.name in page(browser, "/incidents/map/")
    assert "fits the filter" in page(browser, "/incidents/?text=nothing")
    assert page(browser, "/incidents/?kind=tea&year=x&page=99")
    told = browser.get("/api/1/incidents?text=gauge&kind=theft").json()
    assert [r["name"] for r in told["incidents"]] == [row.name]


def test_objects_reports_and_evidence_are_added_on_pages(
    boss: Person, signed_in: SignIn, clock: Any
) -> None:
    row, browser = opened(boss), signed_in(boss)
    other = opened(boss, title="Gauge in a scrap yard", kind="find")
    thing = row.with_objects.get().object
    assert "QZ-4711" in page(browser, thing.get_absolute_url())
    facts = f"/incidents/objects/{thing.pk}/facts/"
    given = field_values(page(browser, facts))
    assert (given["device_serials"], given["nuclide"]) == ("QZ-4711", "Cs-137")
    browser.post(facts, given | {"recovered": "all", "recovered_on": "2026-03-02", "reason": "r"})
    row.refresh_from_db()
    assert row.recovered == "all"
    new = f"/incidents/{row.pk}/objects/"
    assert page(browser, new)
    assert "Say something of the object" in browser.post(new, {"reason": "x"}).content.decode()
    browser.post(new, {"object_kind": "nuclear", "mass_g": "12.5", "reason": "second find"})
    assert Object.objects.filter(kind="nuclear", mass_g=12.5).count() == 1
    reports = f"/incidents/{row.pk}/reports/"
    assert page(browser, reports)
    said = {
        "channel": "person",
        "reliability": "doubtful",
        "original": "I saw it",
        "reason": "names it",
    }
    assert browser.post(reports, said).status_code == 302
    tie = f"/incidents/{other.pk}/evidence/"
    assert page(browser, tie)
    wrong = browser.post(tie, {"name": "O-00000000", "says": "tells", "evidence": "x"})
    assert "no such object" in wrong.content.decode()
    browser.post(tie, {"name": thing.name, "says": "tells", "evidence": "same serial number"})
    assert "the same object" in page(browser, row.get_absolute_url())
    browser.post(tie, {"name": Report.objects.first().name, "says": "supports", "evidence": "y"})
    assert other.of_reports.count() == 2


def test_release_and_notification_on_pages(
    boss: Person, person: MakePerson, signed_in: SignIn
) -> None:
    row, browser, second = opened(boss), signed_in(boss), signed_in(person("supervisor"))
    address = f"/incidents/{row.pk}/release/"
    assert "everything is private" in page(browser, address)
    wish = {"field": ["kind", "object.serials"], "audience": "partners", "reason": "to be told"}
    browser.post(f"{address}ask/", wish)
    asked = FieldRelease.objects.get()
    assert "Release it" not in page(browser, address), "nobody decides on the own wish"
    assert "Release it" in page(second, address)
    assert "waits" in page(browser, address)
    assert asked.reason in page(browser, "/incidents/inbox/")
    second.post(f"/incidents/releases/{asked.pk}/", {"approve": "1"})
    asked.refresh_from_db()
    assert asked.approved
    forms = f"/incidents/{row.pk}/notifications/"
    assert "our own" in page(browser, forms).lower() or "own" in page(browser, forms)
    browser.post(f"{forms}new/", {"kind": "initial", "contact": "Office"})
    form = Notification.objects.get()
    text = page(browser, form.get_absolute_url())
    assert "QZ-4711" in text
    assert "known, not released" in text
    assert "Harbour, car park" not in text
    pdf = browser.get(f"/incidents/notifications/{form.pk}/pdf/?language=fr")
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert Leaf.objects.filter(action="incidents.export", subject_id=str(form.pk)).count() == 1
    browser.post(f"/incidents/notifications/{form.pk}/fill/")
    browser.post(f"/incidents/notifications/{form.pk}/sent/", {"to": "IAEA"})
    form.refresh_from_db()
    assert form.sent_at is None, "something that is needed is missing"
    assert signed_in(person("expert")).post(f"{forms}new/", {"kind": "update"}).status_code == 404


def test_tasks_watches_and_persons_on_pages(
    boss: Person, person: MakePerson, signed_in: SignIn
) -> None:
    row, browser = opened(boss), signed_in(boss)
    own = row.get_absolute_url()
    given = {"what": "ask the yards", "who": str(boss.pk), "until": "2026-03-09"}
    browser.post(f"{own}tasks/", given)
    task = Task.objects.get()
    assert "ask the yards" in page(browser, own)
    assert "ask the yards" in page(browser, "/incidents/inbox/")
    browser.post(f"/incidents/tasks/{task.pk}/end/", {"result": "nothing there"})
    assert "nothing there" in page(browser, own)
    browser.post("/incidents/watches/", {"of": "incident", "value": str(row.pk)})
    browser.post("/incidents/watches/", {"of": "nuclide", "value": "co60"})
    assert "Co-60" in page(browser, "/incidents/watches/")
    assert "Watch no longer" in page(browser, own)
    for entry in Watch.objects.all():
        browser.post(f"/incidents/watches/{entry.pk}/end/")
    assert not Watch.objects.exists()
    assert "member of no compartment" in page(browser, f"{own}persons/")
    circle = add_compartment(reader_of(boss), code="CASE", name="Case")
    note = {
        "part": "witness",
        "note": "A. Nonymous",
        "purpose": "to be heard",
        "keep_until": "2026-12-31",
        "compartment": str(circle.pk),
    }
    browser.post(f"{own}persons/", note)
    assert "A. Nonymous" in page(browser, f"{own}persons/")
    for address in (own, f"{own}history.csv", "/incidents/incidents.csv", "/search/?q=nonymous"):
        assert "A. Nonymous" not in page(browser, address)
    outside = signed_in(person("point_of_contact", clearance=2))
    assert "A. Nonymous" not in page(outside, f"{own}persons/")


TABLE = """Title,Event number,Date,Reported,Type,Country,In transport,Nuclide,Activity (GBq)
Gauge lost,XB-1,2025-04-02,2025-04-05,loss,XB,yes,Cs-137,0.3
Pot found,XB-2,2025-09-14,2025-09-20,find,XB,no,Ra-226,
Nothing,XB-3,yesterday,,tea,,perhaps,Cs-137,much
"""
MANY = "; ".join(f"Cs-{mass}" for mass in range(116, 138))


def test_a_table_is_checked_shown_and_taken_over(boss: Person, signed_in: SignIn) -> None:
    browser = signed_in(boss)
    assert page(browser, "/incidents/imports/new/")
    file = SimpleUploadedFile("table.csv", TABLE.encode(), content_type="text/csv")
    address = browser.post("/incidents/imports/new/", {"file": file})["Location"]
    row = IncidentImport.objects.get()
    assert (row.rows, row.good) == (3, 2)
    text = page(browser, address)
    for fault in ("“yesterday” is no day", "“tea” is not one of those", "yes or no", "no number"):
        assert fault in text
    assert "yesterday" in page(browser, f"{address}faults.csv")
    assert not Incident.objects.exists()
    browser.post(f"{address}apply/")
    browser.post(f"{address}apply/")
    lost = Incident.objects.get(external_id="XB-1")
    assert (Incident.objects.count(), lost.transport, lost.category) == (2, True, 5)
    assert lost.opened_at.date().isoformat() == "2025-04-05", "known when it was reported"
    again = SimpleUploadedFile("again.csv", TABLE.encode(), content_type="text/csv")
    address = browser.post("/incidents/imports/new/", {"file": again})["Location"]
    assert "there already" in page(browser, address)
    assert "Tables of incidents" in page(browser, "/incidents/imports/")
    long = SimpleUploadedFile("long.csv", f"Title,Date,Nuclide\nAll,2025-04-02,{MANY}\n".encode())
    address = browser.post("/incidents/imports/new/", {"file": long})["Location"]
    assert "a list of nuclides" in page(browser, address), "said before it is taken over"
    address = f"/incidents/imports/{IncidentImport.objects.get(title='again.csv').pk}/"
    columns = {"column0": "title", "column2": "from"}
    browser.post(f"{address}columns/", columns)
    assert IncidentImport.objects.get(title="again.csv").good == 2, (
        "without the number nothing is there already"
    )


def test_a_table_is_undone_unless_something_was_stated_since(
    boss: Person, person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    browser, reader = signed_in(boss), reader_of(boss)

    def brought() -> str:
        file = SimpleUploadedFile("table.csv", TABLE.encode())
        address: str = browser.post("/incidents/imports/new/", {"file": file})["Location"]
        return address

    address = brought()
    with pytest.raises(InvalidInput, match="not taken over"):
        undo(reader, IncidentImport.objects.get(), reason="x")
    browser.post(f"{address}apply/")
    row = IncidentImport.objects.get()
    with pytest.raises(InvalidInput, match="Say why"):
        undo(reader, row, reason=" ")
    with pytest.raises(InvalidInput, match="roles"):
        undo(reader_of(person("supervisor", of="police")), row, reason="x")
    clock.move(minutes=1)
    lost = Incident.objects.get(external_id="XB-1")
    state(boss, lost, {"place": "Harbour"}, reason="told by telephone")
    with pytest.raises(InvalidInput, match="Of 1 incidents"):
        undo(reader, row, reason="the wrong table")
    second = brought()
    assert "there already" in page(browser, second)
    browser.post(f"{second}columns/", {"column0": "title", "column2": "from"})
    browser.post(f"{second}apply/")
    assert "Undo the import" in page(browser, second)
    clock.move(minutes=1)
    mine = set(Incident.objects.filter(external_id="").values_list("pk", flat=True))
    browser.post(f"{second}undo/", {"reason": "without numbers"})
    assert "without numbers" in page(browser, second)
    gone = Incident.objects.filter(state="withdrawn")
    assert set(gone.values_list("pk", flat=True)) == mine
    assert set(gone.values_list("status", flat=True)) == {"withdrawn"}
    project(mine)
    assert set(gone.values_list("status", flat=True)) == {"withdrawn"}, "it is stated, too"
    leaf = Leaf.objects.get(action="incidents.undo_import")
    assert (leaf.subject_id, leaf.content["after"]["incidents"]) == (
        str(IncidentImport.objects.exclude(pk=row.pk).get().pk),
        len(mine),
    )
    Incident.objects.exclude(state="withdrawn").update(state="withdrawn")
    assert "there already" not in page(browser, brought()), "it may come again"


def test_programs_open_incidents_and_state_facts(boss: Person, signed_in: SignIn) -> None:
    browser = signed_in(boss)

    def send(address: str, body: dict[str, Any]) -> Any:
        return browser.post(address, json.dumps(body), content_type="application/json")

    given = {
        "values": {"title": "Told by a program", "kind": "find"},
        "objects": [{"contents": [{"nuclide": "Co-60"}]}],
        "report": {"original": "a message"},
        "reason": "message of a partner",
    }
    answer = send("/api/1/incidents", given)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["nuclides"], told["objects"][0]["contents"][0]["nuclide"]) == ("Co-60", "Co-60")
    facts = f"/api/1/incidents/{told['id']}/facts"
    after = send(facts, {"values": {"group": {"edition": "2024", "group": "I"}}, "reason": "r"})
    assert (after.status_code, after.json()["group"]) == (200, "I")
    assert send(facts, {"values": {"kind": "tea"}, "reason": "r"}).status_code == 422
    assert send("/api/1/incidents", given | {"values": {"kind": "find"}}).status_code == 422
