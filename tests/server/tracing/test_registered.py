"""What was found beside the sources that the register has and that nobody misses."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from register_entries import GIVEN

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.opening import Draft, ObjectDraft, open_incident
from tocsin.server.incidents.statements import put_object
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import raise_level
from tocsin.server.register.corrections import correct
from tocsin.server.register.entries import entry_of
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source, Word
from tocsin.server.register.services import register_source, report
from tocsin.server.tracing.describing import Side
from tocsin.server.tracing.matching import Against
from tocsin.server.tracing.models import Candidate, CandidateState, Relation, Verdict
from tocsin.server.tracing.reading import candidates_for
from tocsin.server.tracing.registered import SIGNS, slips_of
from tocsin.server.tracing.services import comparing
from tocsin.server.tracing.services.comparing import compare_waiting
from tocsin.server.tracing.services.following import follow
from tocsin.server.tracing.services.judging import judge
from tocsin.server.tracing.services.seeking import seek_registered

database = pytest.mark.usefixtures("db", "as_on_a_server")
CAMERA = {
    "kind": "device",
    "manufacturer": "Ostrava Iso",
    "model": "IR-7",
    "contents": [{"nuclide": "Ir-192"}],
}


def found_with(contact: Reader, serial: str, **more: object) -> Incident:
    """An incident of a find with one object."""
    thing = CAMERA | {"serials": [{"value": serial, "of": "source"}]} | more
    return open_incident(
        contact.person,
        Draft(values={"title": "Camera in scrap", "kind": "find"}, objects=(ObjectDraft(thing),)),
        mark=Mark(contact.realm, 2, frozenset(), "AMBER"),
        originator=contact.person.organisation,
    )


def compared() -> None:
    follow(now())
    seek_registered(now())
    while compare_waiting(now()):
        pass


@database
@pytest.mark.parametrize("written", ["IR1001", "ir-1001", "IR 1001", "IR100l", "IR1010", "R1001"])
def test_a_find_is_compared_with_what_nobody_misses(
    contact: Reader, source: Source, written: str
) -> None:
    found_with(contact, written)
    compared()
    candidate = candidates_for(contact).get()
    assert (candidate.relation, candidate.lost_id) == (Relation.FOUND_HELD, source.pk)
    assert candidate.state == CandidateState.OPEN
    assert "Harbour Works" not in str(candidate.comparisons.get().lost)


@database
@pytest.mark.parametrize(
    ("registered", "written"),
    [
        ("77 4813", "774813"),
        ("77 4813", "77 4813"),
        ("77 4813", "774818"),
        ("SN 77 4813", "774813"),
        ("77  48-13", "774813"),
        ("774813", "77 4813"),
    ],
)
def test_a_number_that_the_register_writes_with_blanks_is_found(
    contact: Reader, officer: Reader, registered: str, written: str
) -> None:
    given = GIVEN | {"serial": registered}
    held = register_source(officer, entry_of(given, today=now().date()))
    found_with(contact, written)
    compared()
    assert candidates_for(contact).get().lost_id == held.pk


@database
def test_numbers_with_blanks_that_are_there_already_are_kept_whole(source: Source) -> None:
    Source.objects.filter(pk=source.pk).update(serial="SN 77 4813")
    migration = import_module("tocsin.server.register.migrations.0007_numbers_with_blanks")
    for _twice in range(2):
        migration.keep_whole_numbers(apps, None)
        kept = Word.objects.filter(source=source, word__in=("sn774813", "774813"))
        assert kept.count() == 2


@database
@pytest.mark.parametrize("written", ["XQ7703", "2002", "IR"])
def test_another_number_brings_nothing(contact: Reader, source: Source, written: str) -> None:
    found_with(contact, written)
    compared()
    assert not Candidate.objects.exists()


@database
def test_the_odds_are_those_of_the_whole_register(
    contact: Reader, officer: Reader, source: Source
) -> None:
    found_with(contact, "IR1001")
    compared()
    first = candidates_for(contact).get()
    few = first.comparisons.get().prior_bits
    Source.objects.bulk_create(
        Source(
            realm=source.realm, level=source.level, originator=source.originator, tlp=source.tlp,
            created_at=source.created_at, created_by=source.created_by, holder=source.holder,
            contents=source.contents, nuclides=source.nuclides, status=source.status,
            since=source.since,
        )
        for _ in range(3400)
    )  # fmt: skip
    found_with(contact, "IR1001", model="IR-8")
    compared()
    held = candidates_for(contact).filter(relation=Relation.FOUND_HELD)
    later = held.exclude(pk=first.pk).get().comparisons.get()
    # from the 1,700 that a short list stands for to 3,401
    assert later.prior_bits == pytest.approx(few - 1.0, abs=0.01)


@database
def test_a_loss_that_is_noticed_afterwards_makes_it_found_and_lost(
    contact: Reader, works: Reader, source: Source
) -> None:
    found_with(contact, "IR1001")
    compared()
    report(works, source, Kind.LOSS, happened_on=source.created_at.date(), note="not in its store")
    compared()
    candidate = candidates_for(contact).get(lost_id=source.pk)
    assert candidate.relation == Relation.FOUND_LOST
    assert candidate.comparisons.count() == 2


@database
@pytest.mark.parametrize("written", ["774813", "77-4813", "774831"])
def test_what_is_registered_after_it_was_found_is_sought_for_the_find(
    contact: Reader, officer: Reader, source: Source, clock: Any, written: str
) -> None:
    found_with(contact, written)
    found_with(contact, "XQ990011")
    compared()
    candidates = candidates_for(contact).filter(relation=Relation.FOUND_HELD)
    assert not candidates.exists()
    clock.move(hours=1)
    given = GIVEN | {"serial": "77 4813"}
    held = register_source(officer, entry_of(given, today=now().date()))
    compared()
    assert candidates.get().lost_id == held.pk


@database
def test_a_number_that_is_corrected_after_the_find_is_sought_for_it(
    contact: Reader, officer: Reader, source: Source, clock: Any
) -> None:
    found_with(contact, "774813")
    compared()
    for serial, seen, state in (("77 4813", 1, "open"), ("QX1", 2, "gone"), ("77 4813", 3, "open")):
        clock.move(days=1)
        fresh = entry_of(GIVEN | {"serial": serial}, today=source.created_at.date())
        correct(officer, source, fresh, reason="the label was read again", seen=seen)
        compared()
        assert Candidate.objects.get().state == state


@database
def test_many_entries_are_held_against_the_finds_part_by_part(
    contact: Reader, officer: Reader, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_with(contact, "774813")
    compared()
    clock.move(hours=1)
    monkeypatch.setattr("tocsin.server.tracing.services.seeking.MOST_ROWS", 2)
    monkeypatch.setattr("tocsin.server.tracing.services.seeking.AGAIN", 1)
    for serial in ("A7701", "A7702", "A7703", "A7704", "A7705", "77 4813"):
        register_source(officer, entry_of(GIVEN | {"serial": serial}, today=now().date()))
    steps = 0
    while seek_registered(now()):
        steps += 1
    assert 2 <= steps <= 6
    compared()
    assert candidates_for(contact).get().relation == Relation.FOUND_HELD


@database
def test_what_could_not_be_compared_is_tried_again_a_day_later(
    contact: Reader, source: Source, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = comparing.registered_as, []

    def broken(side: Side) -> Against:
        tries.append(now())
        raise RuntimeError("a fault of a rule")

    monkeypatch.setattr(comparing, "registered_as", broken)
    found_with(contact, "IR1001")
    follow(now())
    for _minute in range(20):
        clock.move(minutes=1)
        compare_waiting(now())
    assert len(tries) == comparing.MOST_FAILURES
    clock.move(hours=25)
    compare_waiting(now())
    compare_waiting(now())
    assert len(tries) == comparing.MOST_FAILURES + 1
    monkeypatch.setattr(comparing, "registered_as", real)
    clock.move(hours=25)
    compare_waiting(now())
    assert candidates_for(contact).get().lost_id == source.pk


@database
def test_a_corrected_number_ends_it(
    contact: Reader, officer: Reader, source: Source, clock: Any
) -> None:
    found_with(contact, "IR1001")
    compared()
    clock.move(days=1)
    fresh = entry_of(GIVEN | {"serial": "QX7788"}, today=source.created_at.date())
    correct(officer, source, fresh, reason="the label was read again", seen=1)
    compared()
    assert Candidate.objects.get().state == CandidateState.GONE


@database
def test_a_candidate_is_marked_as_the_incident_whose_place_it_tells(
    contact: Reader, source: Source, person: Callable[..., Person], clock: Any
) -> None:
    cleared = reader_of(person("supervisor", of="authority", clearance=3, name="Cleared"))
    first = found_with(contact, "IR1001")
    compared()
    one = Candidate.objects.get()
    raise_level(cleared, first, 3, reason="its place is secret")
    one.refresh_from_db()
    assert one.level == 3
    # an object is marked lower than the incident that it is in
    second = found_with(contact, "IR1001", model="IR-8")
    Incident.objects.filter(pk=second.pk).update(level=3)
    compared()
    held = Candidate.objects.filter(relation=Relation.FOUND_HELD)
    assert [c.level for c in held] == [3, 3]
    assert not candidates_for(contact).exists()


@database
def test_an_object_of_a_higher_incident_takes_its_candidate_along(
    contact: Reader, source: Source, clock: Any
) -> None:
    first = found_with(contact, "IR1001")
    compared()
    assert Candidate.objects.get().level == 2
    clock.move(days=1)
    later = found_with(contact, "QX7788", contents=[{"nuclide": "Cs-137"}])
    Incident.objects.filter(pk=later.pk).update(level=3)
    put_object(
        contact.person, later, first.with_objects.get().object, evidence="seen on the second heap"
    )
    compared()
    held = Candidate.objects.get(relation=Relation.FOUND_HELD)
    assert (held.comparisons.count(), held.level) == (2, 3)


@database
def test_the_page_says_that_the_holder_must_be_asked(
    contact: Reader, source: Source, signed_in: Callable[[Person], Client]
) -> None:
    found_with(contact, "IR1001")
    compared()
    candidate = candidates_for(contact).get()
    browser = signed_in(contact.person)
    page = browser.get(reverse("tracing:candidates")).content.decode()
    assert "what the register has elsewhere" in page
    judge(contact, candidate, verdict=Verdict.ACCEPTED, reason="the number is on the capsule")
    source.refresh_from_db()
    assert source.status == "in_use"
    page = browser.get(candidate.get_absolute_url()).content.decode()
    assert "The register still has the source where it was" in page


@database
def test_other_realms_are_not_sought(contact: Reader, officer: Reader, source: Source) -> None:
    entry = entry_of(GIVEN | {"serial": "ZZ4004"}, today=source.created_at.date())
    other = register_source(officer, entry)
    Source.objects.filter(pk=other.pk).update(realm="TEST")
    found_with(contact, "ZZ4004")
    compared()
    assert not Candidate.objects.filter(lost_id=other.pk).exists()


numbers = st.text(alphabet=SIGNS, min_size=5, max_size=12)


@given(numbers, st.data())
def test_every_slip_of_one_sign_is_sought(number: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(number) - 1))
    sign = data.draw(st.sampled_from(SIGNS))
    kind = data.draw(st.sampled_from(["other", "fewer", "more", "exchanged"]))
    if kind == "other":
        slipped = number[:at] + sign + number[at + 1 :]
    elif kind == "fewer":
        slipped = number[:at] + number[at + 1 :]
    elif kind == "more":
        slipped = number[:at] + sign + number[at:]
    else:
        at = min(at, len(number) - 2)
        slipped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert slipped == number or slipped in slips_of(number)
    assert number not in slips_of(number)
    assert len(slips_of(number)) < 100 * len(number)
