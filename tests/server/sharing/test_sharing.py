"""Agreements, compartments, releases and what needs two persons."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from answers import comparable
from django.db import IntegrityError, transaction
from django.test import Client

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Level, Organisation, OrganisationKind, Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import store
from tocsin.server.marking import services
from tocsin.server.marking.highwater import Mark, MixedRealms, highwater, mark_of, raised
from tocsin.server.marking.models import MarkedQuerySet, Proposal, TwoPersonStep
from tocsin.server.marking.policy import reader_of, visible

NOUN = "files.storedfile"
SUPERVISOR = ("supervisor", "point_of_contact")


@pytest.fixture
def row(person: Callable[..., Person]) -> StoredFile:
    who = person(*SUPERVISOR)
    return store(
        b"x", name="canary-7h3", actor=who, realm="EXERCISE", level=1, originator=who.organisation
    )


@pytest.fixture
def partner(organisation: Callable[..., Organisation]) -> Organisation:
    found = organisation("abroad", OrganisationKind.PARTNER)
    found.country = "YY"
    found.save()
    return found


def sees(who: Person) -> bool:
    return visible(reader_of(who), StoredFile.objects.all()).exists()


def test_an_agreement_opens_and_closes(row: StoredFile, person: Callable[..., Person]) -> None:
    mine, theirs = person(*SUPERVISOR), person("expert", of="laboratory")
    assert not sees(theirs)
    made = services.agree(
        reader_of(mine), receiver=theirs.organisation, noun=NOUN, most_level=1, reason="support"
    )
    assert sees(theirs)
    with pytest.raises(InvalidInput, match="giver"):
        services.end_agreement(reader_of(theirs), made, reason="no")
    services.end_agreement(reader_of(mine), made, reason="done")
    assert not sees(theirs)
    for wrong in ({"noun": "no.such", "most_level": 1}, {"noun": NOUN, "most_level": 3}):
        with pytest.raises(InvalidInput):
            services.agree(
                reader_of(mine),
                receiver=theirs.organisation,
                reason="x",
                **wrong,  # type: ignore[arg-type]
            )


def test_release_abroad_needs_a_second_person(
    row: StoredFile, person: Callable[..., Person], partner: Organisation
) -> None:
    first, second = person(*SUPERVISOR), person(*SUPERVISOR)
    abroad = person("expert", of="abroad")
    with pytest.raises(InvalidInput, match="second person"):
        services.release(reader_of(first), row, partner, reason="asked")
    with pytest.raises(InvalidInput, match="one by one"):
        services.agree(reader_of(first), receiver=partner, noun=NOUN, most_level=1, reason="x")
    asked = services.propose(
        reader_of(first),
        row,
        TwoPersonStep.RELEASE_ABROAD,
        receiver=str(partner.pk),
        reason="their source",
    )
    assert not sees(abroad)
    with pytest.raises(InvalidInput, match="second person"):
        services.decide_proposal(reader_of(first), asked.pk, approve=True, answer="")
    stranger = person(*SUPERVISOR, of="police")
    with pytest.raises(InvalidInput):
        services.decide_proposal(reader_of(stranger), asked.pk, approve=True, answer="")
    services.decide_proposal(reader_of(second), asked.pk, approve=True, answer="")
    assert sees(abroad)
    with pytest.raises(InvalidInput, match="already"):
        services.decide_proposal(reader_of(second), asked.pk, approve=False, answer="")


def test_the_database_itself_refuses_one_person_twice(
    row: StoredFile, person: Callable[..., Person]
) -> None:
    first = person(*SUPERVISOR)
    asked = services.propose(
        reader_of(first), row, TwoPersonStep.LOWER_LEVEL, level=0, reason="no longer sensitive"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=asked.pk).update(decided_by=first, decided_at=now())


def test_one_person_raises_a_level_two_lower_it(
    row: StoredFile, person: Callable[..., Person]
) -> None:
    first, second = person(*SUPERVISOR, clearance=2), person(*SUPERVISOR, clearance=2)
    low = person("officer")
    services.raise_level(reader_of(first), row, 2, reason="a case")
    assert not sees(low)
    with pytest.raises(InvalidInput, match="second person"):
        services.raise_level(reader_of(first), row, 1, reason="over")
    asked = services.propose(
        reader_of(first), row, TwoPersonStep.LOWER_LEVEL, level=1, reason="over"
    )
    services.decide_proposal(reader_of(second), asked.pk, approve=True, answer="")
    assert sees(low)
    steps = Leaf.objects.filter(action="marking.set_level").values_list("content", flat=True)
    assert [(c["before"]["level"], c["after"]["level"]) for c in steps] == [(1, 2), (2, 1)]


def test_a_compartment_closes_rows_to_all_but_its_members(
    row: StoredFile, person: Callable[..., Person]
) -> None:
    first, other = person(*SUPERVISOR), person("officer")
    made = services.add_compartment(reader_of(first), code="CASE-7", name="Case 7")
    row.compartments.add(made)
    assert sees(first)
    assert not sees(other)
    with pytest.raises(InvalidInput, match="Only members"):
        services.add_member(reader_of(other), made, other, reason="let me")
    services.add_member(reader_of(first), made, other, reason="examiner")
    assert sees(other)
    mine = made.members.get(person=first)
    services.end_membership(reader_of(first), mine, reason="left")
    assert not sees(first)
    last = made.members.get(person=other)
    with pytest.raises(InvalidInput, match="last member"):
        services.end_membership(reader_of(other), last, reason="left")


def test_the_page_explains_and_strangers_get_the_same_as_for_nothing(
    row: StoredFile, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    mine, stranger = person(*SUPERVISOR), person(*SUPERVISOR, of="police")
    page = signed_in(mine).get(f"/sharing/{NOUN}/{row.pk}/")
    assert page.status_code == 200
    assert b"All hold" in page.content
    there = signed_in(stranger).get(f"/sharing/{NOUN}/{row.pk}/")
    nothing = uuid.uuid4()
    absent = signed_in(stranger).get(f"/sharing/{NOUN}/{nothing}/")
    assert there.status_code == absent.status_code == 404
    assert comparable(there, row.pk) == comparable(absent, nothing)
    assert signed_in(mine).get(f"/sharing/no.such/{row.pk}/").status_code == 404


def test_pages_make_agreements_compartments_and_proposals(
    row: StoredFile,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    partner: Organisation,
) -> None:
    mine, lab = person(*SUPERVISOR), person("expert", of="laboratory")
    browser = signed_in(mine)
    values: dict[str, Any] = {
        "receiver": str(lab.organisation_id),
        "noun": NOUN,
        "most_level": Level.RESTRICTED.value,
        "reason": "support",
    }
    assert browser.post("/sharing/agreements", values).status_code == 302
    assert sees(lab)
    assert browser.post("/sharing/compartments", {"code": "C-1", "name": "C"}).status_code == 302
    assert b"C-1" in browser.get("/sharing/").content
    given = {"receiver": str(partner.pk), "reason": "theirs"}
    assert browser.post(f"/sharing/{NOUN}/{row.pk}/release", given).status_code == 302
    asked = Proposal.objects.get()
    assert b"Waiting for a second person" in browser.get("/sharing/").content
    browser.post(f"/sharing/proposals/{asked.pk}", {"approve": "1"})
    asked.refresh_from_db()
    assert asked.decided_at is None


def test_what_is_derived_takes_the_high_water_mark(row: StoredFile) -> None:
    secret = uuid.uuid4()
    mark = highwater(
        [mark_of(row), Mark("EXERCISE", 2, frozenset({secret}), "GREEN"), mark_of(row)]
    )
    assert (mark.level, mark.compartments, mark.tlp) == (2, {secret}, "RED")
    with pytest.raises(MixedRealms):
        highwater([mark_of(row), Mark("LIVE", 0, frozenset(), "CLEAR")])
    assert raised(mark, rows=20, limit=20).level == 2
    assert raised(mark, rows=21, limit=20).level == 3


def test_a_proposal_acts_on_what_was_seen_and_its_leaf_names_both(
    row: StoredFile, person: Callable[..., Person]
) -> None:
    first, second = person(*SUPERVISOR, clearance=3), person(*SUPERVISOR, clearance=3)
    old = services.propose(reader_of(first), row, TwoPersonStep.LOWER_LEVEL, level=0, reason="x")
    services.raise_level(reader_of(second), row, 3, reason="a case")
    with pytest.raises(InvalidInput, match="in the meantime"), transaction.atomic():
        services.decide_proposal(reader_of(second), old.pk, approve=True, answer="")
    row.refresh_from_db()
    assert row.level == 3
    new = services.propose(reader_of(first), row, TwoPersonStep.LOWER_LEVEL, level=1, reason="y")
    services.decide_proposal(reader_of(second), new.pk, approve=True, answer="agreed")
    after = Leaf.objects.filter(action="marking.set_level").last().content["after"]  # type: ignore[union-attr]
    assert after["asked_by"] == str(first.pk)
    assert after["answer"] == "agreed"


def test_a_release_is_closed_again(
    row: StoredFile, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    mine, theirs = person(*SUPERVISOR), person("expert", of="laboratory")
    opened = services.release(reader_of(mine), row, theirs.organisation, reason="asked")
    assert sees(theirs)
    address = f"/sharing/releases/{opened.pk}/end"
    assert signed_in(person(*SUPERVISOR, of="police")).post(address).status_code == 404
    assert signed_in(mine).post(address, {"reason": "done"}).status_code == 302
    assert not sees(theirs)


def test_every_marked_noun_counts_its_readers() -> None:
    for model in services.marked_nouns().values():
        assert isinstance(model.objects.all(), MarkedQuerySet), model
