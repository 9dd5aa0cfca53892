"""A licence takes two officers; what takes something away takes one; versions remain."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from licensing_world import TBq, World

from tocsin.sealing import read_sheet, verify_sheet
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.licensing.keys import trusted_keys
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import Decision, EventKind, Licence, Sheet, State, Version
from tocsin.server.licensing.reading import licences_for
from tocsin.server.licensing.services import (
    change_state,
    decide_version,
    issue_sheet,
    limit_of,
    propose_licence,
    propose_version,
)
from tocsin.server.register.holders import Refused, change_holder
from tocsin.server.register.models import Holder

pytestmark = pytest.mark.django_db

IRIDIUM = Limit(("Ir-192",), total_Bq=10 * TBq)


def test_one_officer_alone_issues_no_licence(world: World) -> None:
    made = propose_licence(world.officer, world.buyer, world.terms(IRIDIUM), reason="application")
    assert made.state == State.DRAFT
    assert not Sheet.objects.filter(version__licence=made).exists()
    assert made not in licences_for(world.buyer_person)
    with pytest.raises(Refused, match="second officer"):
        decide_version(world.officer, made, approve=True)
    with pytest.raises(Refused, match="None of your roles"):
        decide_version(world.buyer_person, made, approve=True)
    issued = decide_version(world.second, made, approve=True, answer="site seen")
    assert issued.state == State.IN_FORCE
    assert issued in licences_for(world.buyer_person)
    leaf = Leaf.objects.filter(action="licences.confirmed", subject_id=str(made.pk)).get()
    assert leaf.content["after"]["proposed_by"] == str(world.officer.person.pk)


def test_the_database_refuses_one_person_for_both(world: World) -> None:
    made = propose_licence(world.officer, world.buyer, world.terms(IRIDIUM), reason="application")
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            version=made.versions.get(),
            asked_by=world.officer.person,
            by=world.officer.person,
            at=now(),
            approved=True,
        )


def test_a_refusal_needs_words_and_leaves_the_version_in_force(world: World) -> None:
    licence = world.licence(IRIDIUM)
    propose_version(
        world.officer, licence, world.terms(Limit(("Ir-192",), total_Bq=99 * TBq)), reason="wish"
    )
    with pytest.raises(Refused, match="waits"):
        propose_version(world.officer, licence, world.terms(IRIDIUM), reason="again")
    with pytest.raises(Refused, match="why"):
        decide_version(world.second, licence, approve=False)
    with pytest.raises(Refused, match="something else"):
        decide_version(world.second, licence, approve=True, number=1)
    decide_version(world.second, licence, approve=False, answer="no need shown", number=2)
    licence.refresh_from_db()
    assert licence.current is not None
    assert licence.current.number == 1


def test_a_change_is_a_new_version_and_the_old_one_remains(world: World) -> None:
    licence = world.licence(IRIDIUM)
    after = world.amended(licence, Limit(("Ir-192",), total_Bq=2 * TBq))
    assert after.current is not None
    assert (after.current.number, after.current.rows()[0].total_Bq) == (2, 2 * TBq)
    first = Version.objects.get(licence=licence, number=1)
    assert first.rows() == [IRIDIUM]
    with pytest.raises(Exception, match="append-only"):
        first.save()


def test_one_officer_suspends_and_revokes_another_lifts(world: World) -> None:
    licence = world.licence(IRIDIUM)
    with pytest.raises(Refused, match="reason"):
        change_state(world.officer, licence, EventKind.SUSPENDED, reason=" ")
    change_state(world.officer, licence, EventKind.SUSPENDED, reason="leak test missing")
    with pytest.raises(Refused, match="second officer lifts"):
        change_state(world.officer, licence, EventKind.LIFTED, reason="done")
    with pytest.raises(Refused, match="in force"):
        issue_sheet(world.officer, licence)
    change_state(world.second, licence, EventKind.LIFTED, reason="test seen")
    change_state(world.second, licence, EventKind.REVOKED, reason="closed")
    licence.refresh_from_db()
    assert licence.state == State.REVOKED
    with pytest.raises(Refused, match="not possible"):
        change_state(world.officer, licence, EventKind.LIFTED, reason="again")
    with pytest.raises(Refused, match="ended"):
        propose_version(world.officer, licence, world.terms(IRIDIUM), reason="again")


def test_a_licence_replaces_another_of_the_same_holder(world: World) -> None:
    old = world.licence(IRIDIUM)
    new = propose_licence(
        world.officer, world.buyer, world.terms(IRIDIUM), reason="renewal", replaces=old
    )
    old.refresh_from_db()
    assert old.state == State.IN_FORCE
    decide_version(world.second, new, approve=True)
    old.refresh_from_db()
    assert old.state == State.REPLACED
    other = Licence.objects.get(holder=world.vendors[0])
    with pytest.raises(Refused, match="same holder"):
        propose_licence(
            world.officer, world.buyer, world.terms(IRIDIUM), reason="x", replaces=other
        )


def test_sheets_are_signed_for_the_holder_and_officers_alone(world: World) -> None:
    licence = world.licence(IRIDIUM)
    sheet = issue_sheet(world.buyer_person, licence)
    read = read_sheet(sheet.code)
    assert verify_sheet(read, trusted_keys(), on=now().date()).good
    assert read.content["limits"] == [IRIDIUM.written()]
    with pytest.raises(Refused):
        issue_sheet(world.vendor_people[0], licence)


def test_who_works_for_the_holder_now_sees_its_licence(world: World) -> None:
    licence = world.licence(IRIDIUM)
    change_holder(
        world.officer,
        world.buyer,
        address="",
        licence="",
        licence_until=None,
        organisation=world.vendor_people[0].person.organisation,
    )
    assert licence not in licences_for(world.buyer_person)
    assert licence in licences_for(world.vendor_people[0])


@pytest.mark.parametrize(
    ("what", "more", "match"),
    [
        ("Xx-999", {"total_Bq": 1.0}, "Xx-999"),
        ("category 6", {}, "1 to 5"),
        ("Cs-137", {}, "most total"),
        ("Cs-137", {"source_Bq": 1.0}, "most total"),
        ("  ", {}, "Name nuclides"),
    ],
)
def test_a_limit_that_bounds_nothing_is_refused(
    what: str, more: dict[str, float], match: str
) -> None:
    given = {"source_Bq": None, "total_Bq": None, "sources": None} | more
    with pytest.raises(Refused, match=match):
        limit_of(what, form="sealed", **given)  # type: ignore[arg-type]


def test_limits_are_read_as_officers_write_them() -> None:
    none = {"source_Bq": None, "sources": None}
    group = limit_of("Am-241/Be; cs137", form="sealed", total_Bq=1.0, **none)  # type: ignore[arg-type]
    assert group.nuclides == ("Am-241", "Cs-137")
    ceiling = limit_of("Category 3", form="any", total_Bq=None, **none)  # type: ignore[arg-type]
    assert (ceiling.category, ceiling.least_ratio_beyond) == (3, 10.0)


def test_a_licence_that_no_code_can_hold_is_refused_at_once(world: World) -> None:
    places = tuple(f"{n} {'€ÄŁ漢字' * 20}" for n in range(12))
    terms = world.terms(IRIDIUM)
    long = type(terms)(
        terms.valid_from,
        terms.valid_until,
        terms.acts,
        terms.limits,
        (),
        tuple(
            "".join(chr(0x4E00 + (7 * n + 31 * k * k) % 20000) for k in range(120))
            for n, _ in enumerate(places)
        ),
    )
    with pytest.raises(Refused, match="too long"):
        propose_licence(world.officer, world.buyer, long, reason="x")


def test_what_no_sheet_can_say_is_refused_with_its_own_reason(world: World) -> None:
    # a sign that nobody sees stands in the name: it is not the length
    Holder.objects.filter(pk=world.buyer.pk).update(name="Harbour\u200b Works")
    world.buyer.refresh_from_db()
    with pytest.raises(Refused, match=r"No sheet can be made of .*: holder is no text"):
        propose_licence(world.officer, world.buyer, world.terms(IRIDIUM), reason="x")
