"""Public notices: read by rules in the sandbox, kept without names, updated, taken back, undone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tocsin.errors import InvalidInput, ParseError
from tocsin.linkage.confined_notices import _believed, read_notices
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.duties.models import Notice as Call
from tocsin.server.incidents.models import Incident, Object, Report
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.notices import tasks
from tocsin.server.notices.models import Notice, NoticeImport
from tocsin.server.notices.reading import notices_for
from tocsin.server.notices.services import begin_undo, bring, carry_on
from tocsin.server.tracing.models import Candidate, CandidateState, Relation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]

NAME = "Harriet Blomqvist"
"""Invented; stands in the text of a notice and must stand nowhere else."""
TEXTS = {
    90001: f"STOLEN GAUGE\n\nThe RSO {NAME} reports that a Troxler Model 3430, S/N 23008, with "
    "8 mCi of Cs-137 (source serial # 75-4813) and 40 mCi of Am-241/Be, was stolen from a truck.",
    90002: "GAUGE FOUND IN SCRAP YARD\n\nA Troxler 3430 gauge, serial number 23008, set off the "
    "portal of a scrap yard. It holds 8 mCi of Cs-137 (S/N 75-4813).",
    90003: "LOST EXIT SIGNS\n\nTwo tritium exit signs with 11.5 Ci of H-3 each were lost.",
    90004: "MEDICAL EVENT\n\nA patient received a dose to the wrong site.",
}


def feed(**changed: Any) -> bytes:
    rows = [
        {
            "event_number": number,
            "event_text": changed.get(f"t{number}", text),
            "event_date": "1996-05-30" if number == 90001 else "1996-06-20",
            "notification_date": "1996-05-31" if number == 90001 else "1996-06-21",
            "city": "DRAPER",
            "state": "UT",
            "page_url": f"https://notices.example/{number}",
            "last_update_date": changed.get("updated", "1996-06-22"),
        }
        for number, text in TEXTS.items()
    ]
    return "\n".join([*map(json.dumps, rows), "no json"]).encode()


@pytest.fixture
def keeper(clock: object, person: Callable[..., Person]) -> Reader:
    """An officer of the register who works in the realm PUBLIC."""
    who = person("register_officer", of="authority", clearance=2, realms=("LIVE", "PUBLIC"))
    return reader_of(who, realm="PUBLIC")


@pytest.fixture
def clerk(clock: object, person: Callable[..., Person]) -> Reader:
    """The same in an exercise, for pages: people of other realms need a second factor."""
    return reader_of(person("register_officer", of="authority", clearance=2))


def imported(reader: Reader, content: bytes) -> NoticeImport:
    row = bring(reader, content, name="events.jsonl")
    tasks.work_on_notices.func(str(row.pk))
    row.refresh_from_db()
    assert not row.stopped, row.stopped
    return row


def everything() -> str:
    """All that the database says, but for the files."""
    models = (Notice, NoticeImport, Incident, Object, Report, Candidate, Leaf)
    rows = [str(row) for model in models for row in model.objects.values()]
    said = [str(s) for i in Incident.objects.all() for s in i.statements.values()]
    said += [str(c) for row in Candidate.objects.all() for c in row.comparisons.values()]
    return "\n".join(rows + said)


def test_notices_become_incidents_with_objects_and_candidates(keeper: Reader) -> None:
    row = imported(keeper, gzip.compress(feed()))
    assert row.state == NoticeImport.State.DONE
    assert row.counts["faults"] == 1
    assert {n.kind for n in notices_for(keeper)} == {"stolen", "found", "lost", "other"}
    stolen = Notice.objects.get(event_number="90001")
    assert stolen.incident is not None
    assert (stolen.incident.kind, stolen.incident.realm) == ("theft", "PUBLIC")
    assert str(stolen.incident.opened_at.date()) == "1996-05-31"
    assert stolen.incident.external_id == "90001"
    thing = Object.objects.get(in_incidents__incident=stolen.incident)
    assert {s["value"] for s in thing.serials} == {"23008", "75-4813"}
    assert thing.nuclides == "Cs-137, Am-241" or set(thing.nuclides.replace(",", "").split()) == {
        "Cs-137",
        "Am-241",
    }
    assert Notice.objects.get(event_number="90004").incident is None
    candidate = Candidate.objects.get(relation=Relation.FOUND_LOST)
    assert (candidate.zone, candidate.realm) == ("link", "PUBLIC")
    assert candidate.lost_id == thing.pk
    assert not Call.objects.filter(subject_id=candidate.pk).exists()


def test_no_name_of_a_person_leaves_the_file(
    clerk: Reader, signed_in: Callable[[Person], Client]
) -> None:
    row = imported(clerk, feed())
    for word in NAME.split():
        assert word.lower() not in everything().lower()
    browser = signed_in(clerk.person)
    notice = Notice.objects.get(event_number="90001")
    pages = [
        notice.get_absolute_url(),
        row.get_absolute_url(),
        reverse("notices:list"),
        reverse("notices:csv"),
        reverse("incidents:list"),
        Candidate.objects.get(relation=Relation.FOUND_LOST).get_absolute_url(),
    ]
    for address in pages:
        answer = browser.get(address)
        assert answer.status_code == 200, address
        assert NAME.split()[1].lower() not in answer.content.decode().lower()
    shown = browser.get(notice.get_absolute_url()).content.decode()
    assert "23008" in shown
    assert 'href="https://notices.example/90001"' in shown


def test_what_is_known_is_not_taken_twice_and_what_changed_is_an_update(keeper: Reader) -> None:
    imported(keeper, feed())
    incidents = Incident.objects.count()
    again = imported(keeper, feed())
    assert again.counts["known already"] == 4
    assert Incident.objects.count() == incidents
    retraction = TEXTS[90001] + (
        "\n\n* * * RETRACTION ON 6/30/96 * * *\n\nThe licensee retracts this report: the gauge "
        "was never missing."
    )
    later = imported(keeper, feed(t90001=retraction))
    assert later.counts["updated"] >= 1
    assert Incident.objects.count() == incidents
    incident = Incident.objects.get(external_id="90001")
    assert incident.status == "withdrawn"
    assert notices_for(keeper).filter(event_number="90001").get().retracted
    begin_undo(keeper, later, reason="it was no retraction")
    tasks.work_on_notices.func(str(later.pk))
    assert not notices_for(keeper).filter(event_number="90001").get().retracted
    incident.refresh_from_db()
    assert (incident.state, incident.status) == ("open", "notified")


def test_an_import_is_undone_and_can_be_brought_again(
    keeper: Reader, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    row = imported(keeper, feed())
    with pytest.raises(InvalidInput, match="why"):
        begin_undo(keeper, row, reason=" ")
    begin_undo(keeper, row, reason="the wrong file")
    tasks.work_on_notices.func(str(row.pk))
    row.refresh_from_db()
    assert row.state == NoticeImport.State.UNDONE
    assert not notices_for(keeper).exists()
    assert set(Incident.objects.values_list("state", "status")) == {("withdrawn", "withdrawn")}
    assert set(Candidate.objects.values_list("state", flat=True)) == {CandidateState.GONE}
    again = imported(keeper, feed())
    assert "known already" not in again.counts
    assert Incident.objects.filter(state="open").count() == 3


def test_an_undoing_that_was_not_heard_is_carried_on(
    keeper: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = imported(keeper, feed())
    heard: list[NoticeImport] = []

    def fails_once(undone: NoticeImport) -> None:
        heard.append(undone)
        if len(heard) == 1:
            raise RuntimeError("power cut")

    monkeypatch.setattr(tasks, "AFTER_UNDO", [fails_once])
    begin_undo(keeper, row, reason="the wrong file")
    tasks.work_on_notices.func(str(row.pk))
    row.refresh_from_db()
    assert (row.state, bool(row.stopped)) == (NoticeImport.State.UNDOING, True)
    carry_on(keeper, row)
    tasks.work_on_notices.func(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.stopped, len(heard)) == (NoticeImport.State.UNDONE, "", 2)


def test_what_a_later_file_says_outlives_the_undoing_of_the_first(keeper: Reader) -> None:
    first = imported(keeper, feed())
    changed = TEXTS[90001].replace("from a truck", "from a truck in the yard of the licensee")
    later = imported(keeper, feed(t90001=changed, updated="1996-07-01"))
    assert later.counts["updated"] >= 1
    begin_undo(keeper, first, reason="the wrong archive")
    tasks.work_on_notices.func(str(first.pk))
    incident = Incident.objects.get(external_id="90001")
    assert (incident.state, incident.status) == ("open", "amended")
    assert notices_for(keeper).get(event_number="90001").incident == incident
    begin_undo(keeper, later, reason="this one too")
    tasks.work_on_notices.func(str(later.pk))
    incident.refresh_from_db()
    assert (incident.state, incident.status) == ("withdrawn", "withdrawn")
    leaves = Leaf.objects.filter(action="incidents.state", subject_id=str(incident.pk))
    assert leaves.order_by("-at", "-pk")[0].actor == "system:notices", "nobody else did it"


def test_an_older_version_says_nothing_new(keeper: Reader) -> None:
    imported(keeper, feed(updated="1996-07-01"))
    older = TEXTS[90003].replace("Two tritium exit signs", "Nine tritium exit signs")
    row = imported(keeper, feed(t90003=older, updated="1996-06-30"))
    assert row.counts["older than what is known"] == 4
    assert "updated" not in row.counts
    assert Incident.objects.get(external_id="90003").status == "notified"


@pytest.mark.parametrize("no_day", ["unknown", "7/01/1996", ""])
@pytest.mark.parametrize("one_file", [True, False])
def test_a_version_without_a_day_is_not_later_than_one_with_a_day(
    keeper: Reader, no_day: str, one_file: bool
) -> None:
    changed = TEXTS[90003].replace("Two", "Four")
    older, later = feed(updated=no_day), feed(t90003=changed, updated="1996-06-30")
    for content in [older + b"\n" + later] if one_file else [older, later, older]:
        imported(keeper, content)
    (notice,) = Notice.objects.filter(event_number="90003", replaced=False)
    assert notice.fields["updated"] == "1996-06-30"


def test_one_notice_with_impossible_days_holds_up_no_other(keeper: Reader) -> None:
    rows = [json.loads(line) for line in feed().splitlines()[:4]]
    rows[0] |= {"event_date": "1996-02-31", "notification_date": "2199-01-01"}
    rows[2]["event_date"] = "2150-06-20"
    row = imported(keeper, "\n".join(map(json.dumps, rows)).encode())
    assert row.state == NoticeImport.State.DONE
    assert Incident.objects.count() == 3
    odd = Incident.objects.get(external_id="90001")
    assert (odd.started_at, odd.opened_at.date()) == (None, now().date())


def test_who_finds_an_import_without_a_sign_of_life_can_go_on_with_it(
    clerk: Reader, signed_in: Callable[[Person], Client], clock: Any
) -> None:
    row = bring(clerk, feed(), name="events.jsonl")
    browser, address = signed_in(clerk.person), reverse("notices:import_carry_on", args=[row.pk])
    assert address not in browser.get(row.get_absolute_url()).content.decode()
    clock.move(minutes=4)
    assert address in browser.get(row.get_absolute_url()).content.decode()


def test_a_reader_that_was_led_astray_is_not_believed() -> None:
    notice = next(read_notices(feed())).notice
    assert notice is not None
    assert _believed({"line": 1, "notice": notice, "fault": ""}).notice == notice
    for changed in (
        {"address": "javascript:alert(1)"},
        {"kind": "sold"},
        {"serials": [{"value": "A-1", "of": "owner"}]},
        {"activities": [{"nuclide": "Cs-137", "Bq": "many", "text": ""}]},
        {"holder": ["x"]},
        {"further": "x"},
    ):
        with pytest.raises(ParseError, match="cut off"):
            _believed({"line": 1, "notice": notice | changed, "fault": ""})


def test_an_interrupted_import_goes_on_where_it_stood(
    keeper: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tocsin.server.notices import services

    monkeypatch.setattr(services, "BATCH", 1)
    row = bring(keeper, feed(), name="events.jsonl")
    take, count = services._take, 0

    def dies(*given: Any) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise RuntimeError("power cut")
        take(*given)

    monkeypatch.setattr(services, "_take", dies)
    tasks.work_on_notices.func(str(row.pk))
    row.refresh_from_db()
    assert row.stopped
    assert row.notices.count() == 2
    monkeypatch.setattr(services, "_take", take)
    services.carry_on(keeper, row)
    tasks.work_on_notices.func(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.stopped) == (NoticeImport.State.DONE, "")
    assert row.notices.count() == 4
    assert Incident.objects.count() == 3


def test_never_into_what_really_happens_here(
    keeper: Reader,
    clerk: Reader,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    with pytest.raises(InvalidInput, match="realm"):
        bring(reader_of(keeper.person, realm="LIVE"), feed(), name="x")
    with pytest.raises(InvalidInput, match="roles"):
        bring(reader_of(person("expert", realms=("PUBLIC",)), realm="PUBLIC"), feed(), name="x")
    browser = signed_in(clerk.person)
    answer = browser.post(
        reverse("notices:import_new"), {"file": SimpleUploadedFile("e.jsonl", feed())}
    )
    row = NoticeImport.objects.get()
    assert answer.headers["Location"] == row.get_absolute_url()
    assert "being read" in browser.get(row.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b broken", b"\x00" * 5000, b"[]\n{}\n", b'{"event_number": 1}\n']
)
def test_a_bad_file_is_said_to_be_bad(keeper: Reader, content: bytes) -> None:
    row = bring(keeper, content, name="bad.jsonl")
    tasks.work_on_notices.func(str(row.pk))
    row.refresh_from_db()
    assert row.stopped or row.counts["faults"]
    assert not Incident.objects.exists()


def test_a_candidate_of_the_archive_is_judged_like_any_other(
    clerk: Reader, signed_in: Callable[[Person], Client]
) -> None:
    imported(clerk, feed())
    candidate = Candidate.objects.get(relation=Relation.FOUND_LOST)
    browser = signed_in(clerk.person)
    browser.post(
        reverse("tracing:judge", args=[candidate.pk]),
        {"verdict": "accepted", "reason": "two serial numbers"},
    )
    candidate.refresh_from_db()
    assert candidate.state == CandidateState.ACCEPTED
    incident = Incident.objects.get(external_id="90001")
    assert candidate.name in incident.events.order_by("-at", "-id").first().note
