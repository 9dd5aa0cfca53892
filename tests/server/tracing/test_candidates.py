"""Found beside missing: compared by itself, seen as far as both owners opened, judged by people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from found_alarms import alarm_of
from incident_drafts import opened
from register_entries import GIVEN

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm, AlarmEvent
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.duties.models import Notice
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.statements import state
from tocsin.server.links.models import Link
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import agree, raise_level
from tocsin.server.register.entries import entry_of
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Source
from tocsin.server.register.outbox import deliver_pending
from tocsin.server.register.services import register_source, report
from tocsin.server.tracing import describing
from tocsin.server.tracing.models import Candidate, CandidateState, Comparison, Look, Verdict
from tocsin.server.tracing.panels import incident_panel
from tocsin.server.tracing.reading import candidates_for
from tocsin.server.tracing.services.comparing import compare_waiting
from tocsin.server.tracing.services.following import follow
from tocsin.server.tracing.services.judging import judge
from tocsin.server.tracing.sides import rows_of_sides
from tocsin.server.tracing.waterfall import chart_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]


@pytest.fixture
def finder(clock: object, person: Callable[..., Person], contact: Reader) -> Reader:
    """An officer whose organisation lets the authority see its alarms."""
    found = reader_of(person("officer", "supervisor", of="customs", clearance=2))
    agree(
        found,
        receiver=contact.person.organisation,
        noun="alarms.alarm",
        most_level=2,
        reason="the authority is told",
    )
    return found


def compared() -> None:
    follow(now())
    compare_waiting(now())


def test_an_alarm_is_compared_with_what_is_missing(
    contact: Reader, finder: Reader, stolen: Source, clock: Any
) -> None:
    clock.move(days=2)
    alarm = alarm_of(finder)
    compared()
    candidate = candidates_for(contact).get()
    assert (candidate.found_id, candidate.lost_id) == (alarm.pk, stolen.pk)
    assert (candidate.zone, candidate.state) == ("review", CandidateState.OPEN)
    assert 0.02 < candidate.probability < 0.95
    assert candidate.level == max(alarm.level, stolen.level)
    last = candidate.comparisons.get()
    assert {w["field"] for w in last.weights} == {"nuclides", "place", "time"}
    assert "14.68" not in str(last.lost) + str(last.found)
    assert "Harbour Works" not in str(last.lost)
    assert last.found["nuclides"] == ["Ir-192"]
    notice = Notice.objects.get(subject_id=candidate.pk)
    assert notice.address == candidate.get_absolute_url()
    assert Leaf.objects.filter(action="tracing.compare").count() == 1


def test_what_is_reported_missing_later_is_compared_with_earlier_finds(
    contact: Reader, finder: Reader, works: Reader, source: Source, clock: Any
) -> None:
    alarm_of(finder)
    compared()
    assert not Candidate.objects.exists()
    clock.move(days=2)
    report(works, source, Kind.THEFT, happened_on=clock().date(), note="gone")
    compared()
    assert candidates_for(contact).get().lost_id == source.pk


def test_physics_refuses_and_says_why(
    contact: Reader, finder: Reader, stolen: Source, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # ten half-lives of Ir-192 later 2 GBq are left of 2.4 TBq; 1 TBq was measured
    monkeypatch.setattr(
        describing, "_measured_of", lambda _a: {"low_95_Bq": 5e11, "high_95_Bq": 2e12}
    )
    clock.move(days=738)
    alarm_of(finder)
    compared()
    candidate = candidates_for(contact).get()
    assert (candidate.zone, candidate.state) == ("none", CandidateState.GONE)
    assert "times as much Ir-192" in candidate.comparisons.get().refused
    assert not Notice.objects.filter(subject_id=candidate.pk).exists()


def test_another_nuclide_is_no_candidate(finder: Reader, stolen: Source) -> None:
    alarm_of(finder, "Cs-137")
    compared()
    assert not Candidate.objects.exists()
    look = Look.objects.get(row_kind="alarms.alarm")
    assert (look.compared, look.kept) == (1, 0)
    assert look.done_at is not None


def test_refused_is_kept_and_comes_back_only_when_something_changes(
    contact: Reader, finder: Reader, officer: Reader, stolen: Source, clock: Any
) -> None:
    clock.move(days=1)
    alarm = alarm_of(finder)
    compared()
    candidate = candidates_for(contact).get()
    with pytest.raises(InvalidInput, match="what shows it"):
        judge(contact, candidate, verdict="refused", reason=" ")
    judge(contact, candidate, verdict="refused", reason="the load had papers")
    Look.objects.update(done_at=None)
    compared()
    candidate.refresh_from_db()
    assert candidate.state == CandidateState.REFUSED
    assert candidate.comparisons.count() == 1
    Alarm.objects.filter(pk=alarm.pk).update(latitude=48.0)
    Look.objects.update(done_at=None)
    compare_waiting(now())
    candidate.refresh_from_db()
    assert candidate.state == CandidateState.OPEN
    assert candidate.comparisons.count() == 2
    assert candidate.judgements.get().comparison.number == 1


def test_accepted_links_and_notes_and_closes_nothing(
    contact: Reader, finder: Reader, officer: Reader, stolen: Source, clock: Any
) -> None:
    deliver_pending(now())
    clock.move(days=1)
    alarm = alarm_of(finder)
    compared()
    candidate = candidates_for(contact).get()
    leaves = Leaf.objects.count()
    judge(contact, candidate, verdict="accepted", reason="serial read through the window")
    assert Leaf.objects.count() > leaves
    link = Link.objects.get(kind="evidence")
    assert (link.from_id, link.to_id) == (alarm.pk, stolen.pk)
    stolen.refresh_from_db()
    assert stolen.status == Status.STOLEN
    incident = Incident.objects.get(source_id=stolen.pk)
    assert incident.state == "open"
    assert candidate.name in incident.events.order_by("-at", "-id").first().note
    with pytest.raises(InvalidInput, match="already"):
        judge(contact, candidate, verdict="accepted", reason="again")
    report(officer, stolen, Kind.RECOVERY, happened_on=clock().date(), note=candidate.name)
    deliver_pending(now())
    assert "recovery" in incident.events.order_by("-at", "-id").first().note
    compared()
    candidate.refresh_from_db()
    assert candidate.state == CandidateState.ACCEPTED


def test_a_candidate_rises_with_its_sides_and_tells_no_incident_below_it(
    contact: Reader,
    finder: Reader,
    officer: Reader,
    stolen: Source,
    clock: Any,
    person: Callable[..., Person],
) -> None:
    deliver_pending(now())
    alarm_of(finder)
    compared()
    cleared = reader_of(person("point_of_contact", of="authority", clearance=3, name="Cleared"))
    assert candidates_for(contact).exists()
    raise_level(officer, stolen, 3, reason="its whereabouts are secret")
    assert not candidates_for(contact).exists()
    candidate = candidates_for(cleared).get()
    assert candidate.level == 3
    judge(cleared, candidate, verdict="accepted", reason="the serial number of the camera")
    incident = Incident.objects.get(source_id=stolen.pk)
    assert incident.level < candidate.level
    note = incident.events.order_by("-at", "-id").first().note
    assert note == f"{candidate.name}: judged by a person"


def test_what_happened_is_judged_anew_and_its_objects_are_compared_again(
    contact: Reader, clock: Any
) -> None:
    row = opened(contact.person, kind="other")
    thing = row.with_objects.get().object
    compared()
    assert Look.objects.get(row_id=thing.pk).done_at is not None
    clock.move(minutes=5)
    state(contact.person, row, {"kind": "theft"}, reason="the lock was broken")
    follow(now())
    assert Look.objects.get(row_id=thing.pk).done_at is None


def test_two_rows_with_one_short_name_are_two(stolen: Source) -> None:
    side = describing.side_of(stolen)
    assert side is not None
    assert (side.thing.number, side.shown["id"]) == (str(stolen.pk), stolen.name)


def test_a_recovery_ends_what_is_open(
    contact: Reader, finder: Reader, officer: Reader, stolen: Source, clock: Any
) -> None:
    clock.move(days=1)
    alarm_of(finder)
    compared()
    clock.move(hours=1)
    report(officer, stolen, Kind.RECOVERY, happened_on=clock().date(), note="in the yard")
    compared()
    assert candidates_for(contact).get().state == CandidateState.GONE


def test_an_innocent_alarm_is_no_find(
    contact: Reader, finder: Reader, stolen: Source, clock: Any
) -> None:
    clock.move(days=1)
    alarm = alarm_of(finder)
    compared()
    clock.move(minutes=5)
    Alarm.objects.filter(pk=alarm.pk).update(verdict="innocent")
    AlarmEvent.objects.create(alarm=alarm, number=2, kind="innocent", at=now(), recorded_at=now())
    compared()
    assert candidates_for(contact).get().state == CandidateState.GONE


def test_nobody_sees_more_than_both_owners_opened(
    contact: Reader, finder: Reader, stolen: Source, person: Callable[..., Person], clock: Any
) -> None:
    clock.move(days=1)
    alarm_of(finder)
    compared()
    assert candidates_for(contact).exists()
    # the finder's people do not see the authority's candidates until it lets them
    assert not candidates_for(finder).exists()
    agree(
        contact,
        receiver=finder.person.organisation,
        noun="tracing.candidate",
        most_level=2,
        reason="beside the alarm",
    )
    assert candidates_for(reader_of(finder.person)).exists()
    # who sees the authority's candidates but not the alarm sees none
    third = reader_of(person("expert", of="third", clearance=3))
    agree(
        contact,
        receiver=third.person.organisation,
        noun="tracing.candidate",
        most_level=2,
        reason="all of them",
    )
    assert not candidates_for(reader_of(third.person)).exists()
    with pytest.raises(InvalidInput):
        judge(third, Candidate.objects.get(), verdict="accepted", reason="guess")


def test_realms_are_never_compared(
    finder: Reader, stolen: Source, person: Callable[..., Person], clock: Any
) -> None:
    other = reader_of(person("officer", of="customs", realms=("SYNTHETIC",)), realm="SYNTHETIC")
    alarm_of(other)
    compared()
    assert not Candidate.objects.exists()


def test_comparisons_are_written_once(finder: Reader, stolen: Source, clock: Any) -> None:
    alarm_of(finder)
    compared()
    row = Comparison.objects.get()
    row.probability = 1.0
    with pytest.raises(WrittenOnce):
        row.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        Comparison.objects.all()._raw_delete("default")


def test_the_chart_leads_from_the_odds_before_to_the_odds_after(
    contact: Reader, finder: Reader, stolen: Source, clock: Any
) -> None:
    clock.move(days=1)
    alarm_of(finder)
    compared()
    last = candidates_for(contact).get().comparisons.get()
    chart = chart_of(last)
    steps = sum(bar.bits for bar in chart.bars if not bar.total)
    before, after = (bar.bits for bar in chart.bars if bar.total)
    assert before + steps == pytest.approx(after)
    assert 2**after / (1 + 2**after) == pytest.approx(last.probability)
    assert all(0 <= bar.x and bar.x + bar.width <= chart.width for bar in chart.bars)
    lines = rows_of_sides(last)
    assert {str(line.label) for line in lines} >= {"Nuclides", "Serial numbers", "Where"}


def test_the_pages_show_it_beside_the_alarm_and_take_the_judgement(
    contact: Reader,
    finder: Reader,
    stolen: Source,
    signed_in: Callable[[Person], Client],
    clock: Any,
) -> None:
    deliver_pending(now())
    clock.move(days=1)
    alarm = alarm_of(finder)
    compared()
    browser = signed_in(contact.person)
    candidate = candidates_for(contact).get()
    for address in (
        alarm.get_absolute_url(),
        stolen.get_absolute_url(),
        reverse("tracing:candidates"),
        reverse("tracing:missing"),
    ):
        page = browser.get(address).content.decode()
        assert candidate.name in page or "1 candidate" in page, address
    panel = incident_panel(contact, Incident.objects.get(source_id=stolen.pk))
    assert panel is not None
    assert [row.candidate for row in panel.values["candidates"]["rows"]] == [candidate]
    page = browser.get(candidate.get_absolute_url()).content.decode()
    assert "<svg" in page
    assert "Report the recovery" not in page
    browser.post(
        reverse("tracing:judge", args=[candidate.pk]),
        {"verdict": Verdict.ACCEPTED.value, "reason": "seen"},
    )
    candidate.refresh_from_db()
    assert candidate.state == CandidateState.ACCEPTED
    answer = browser.get(reverse("api:tracing_candidate", args=[candidate.pk])).json()
    assert answer["judgements"][0]["reason"] == "seen"
    told = browser.get(reverse("api:tracing_missing")).json()["missing"]
    assert [row["id"] for row in told] == [str(stolen.pk)]
    table = browser.get(reverse("tracing:candidates_csv") + "?state=accepted").content.decode()
    assert candidate.name in table


def test_two_missing_ones_share_the_probability(
    contact: Reader, finder: Reader, officer: Reader, stolen: Source, clock: Any
) -> None:
    clock.move(days=1)
    alarm_of(finder)
    compared()
    alone = candidates_for(contact).get().probability
    twin = register_source(officer, entry_of(GIVEN | {"serial": "IR1002"}, today=now().date()))
    report(officer, twin, Kind.THEFT, happened_on=stolen.since, note="both gone")
    compared()
    assert candidates_for(contact).get(lost_id=twin.pk).probability < alone
