"""Links: seen where both ends are, silent about what may not be seen, and never changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import store
from tocsin.server.links.models import Link, LinkKind
from tocsin.server.links.reading import linked_rows
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import MixedRealms
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.models import Compartment, Membership, Reading
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import agree, release

pytestmark = pytest.mark.django_db
NOUN = "files.storedfile"
MakePerson = Callable[..., Person]


@pytest.fixture
def owner(person: MakePerson) -> Reader:
    return reader_of(person("officer", "supervisor", clearance=3, name="Owner"))


@pytest.fixture
def row(owner: Reader) -> Callable[..., StoredFile]:
    count = 0

    def make(**mark: Any) -> StoredFile:
        nonlocal count
        count += 1
        values = {"realm": "EXERCISE", "level": 1, "originator": owner.person.organisation} | mark
        return store(f"{count}".encode(), name=f"row {count}", actor=owner.person, **values)

    return make


def seen_from(reader: Reader, start: StoredFile) -> list[tuple[str, bool]]:
    return [(found.name, found.outgoing) for found in linked_rows(reader, NOUN, start.pk)]


def test_a_link_is_seen_from_both_ends_with_who_made_it_in_the_log(
    owner: Reader, row: Callable[..., StoredFile]
) -> None:
    source, target = row(), row()
    made = link(source, LinkKind.EVIDENCE, target, actor=owner.person, reason="same van")
    assert seen_from(owner, source) == [("row 2", True)]
    assert seen_from(owner, target) == [("row 1", False)]
    (found,) = linked_rows(owner, NOUN, source.pk)
    assert found.kind == "is evidence for"
    leaf = Leaf.objects.get(action="links.link")
    assert (leaf.actor, leaf.subject_id) == (f"person:{owner.person.pk}", str(made.pk))
    assert leaf.content["reason"] == "same van"
    link(target, LinkKind.CONCERNS, source, actor="system:test")
    by_system = Leaf.objects.filter(action="links.link").order_by("id").last()
    assert by_system is not None
    assert by_system.actor == "system:test"


def test_a_link_is_as_high_as_the_higher_of_its_ends(
    owner: Reader, row: Callable[..., StoredFile]
) -> None:
    circle = Compartment.objects.create(
        code="A", name="x", owner=owner.person.organisation, created_at=now()
    )
    low, high = row(level=0), row(level=2)
    high.compartments.add(circle)
    made = link(low, LinkKind.DERIVED, high, actor=owner.person)
    assert (made.level, list(made.compartments.all())) == (2, [circle])
    with pytest.raises(MixedRealms):
        link(low, LinkKind.DERIVED, row(realm="LIVE"), actor=owner.person)
    assert Link.objects.count() == 1


@pytest.mark.parametrize("hidden_end", ["source", "target"])
@pytest.mark.parametrize("by", ["level", "level raised later", "compartment", "realm"])
def test_what_may_not_be_seen_leaves_no_trace_at_the_other_end(
    owner: Reader,
    row: Callable[..., StoredFile],
    person: MakePerson,
    hidden_end: str,
    by: str,
) -> None:
    reader = reader_of(person("officer"))
    shown, hidden, alone = row(), row(level=2 if by == "level" else 1), row()
    circle = Compartment.objects.create(
        code="A", name="x", owner=owner.person.organisation, created_at=now()
    )
    if by == "compartment":
        hidden.compartments.add(circle)
    ends = (hidden, shown) if hidden_end == "source" else (shown, hidden)
    link(ends[0], LinkKind.EVIDENCE, ends[1], actor=owner.person)
    if by == "level raised later":
        StoredFile.objects.filter(pk=hidden.pk).update(level=3)
    if by == "realm":
        StoredFile.objects.filter(pk=hidden.pk).update(realm="SYNTHETIC")
    Reading.objects.all().delete()
    assert seen_from(reader, shown) == seen_from(reader, alone) == []
    assert not Reading.objects.filter(row_id=hidden.pk).exists()
    if by == "compartment":
        member = person("officer")
        Membership.objects.create(compartment=circle, person=member, valid_from=now())
        assert len(seen_from(reader_of(member), shown)) == 1


def test_who_was_given_one_end_does_not_learn_of_the_other(
    owner: Reader, row: Callable[..., StoredFile], person: MakePerson
) -> None:
    other = person("expert", of="laboratory")
    given, kept = row(), row()
    link(given, LinkKind.EVIDENCE, kept, actor=owner.person)
    release(owner, given, other.organisation, reason="for analysis")
    assert seen_from(reader_of(other), given) == []
    # the link alone does not show the row at its other end
    lab = other.organisation
    agree(owner, receiver=lab, noun="links.link", most_level=3, reason="joint work")
    assert seen_from(reader_of(other), given) == []
    release(owner, kept, other.organisation, reason="for analysis")
    assert seen_from(reader_of(other), given) == [("row 2", True)]


def test_a_link_is_written_once(owner: Reader, row: Callable[..., StoredFile]) -> None:
    made = link(row(), LinkKind.EVIDENCE, row(), actor=owner.person)
    for change in (
        made.save,
        made.delete,
        lambda: Link.objects.update(reason="x"),
        lambda: Link.objects.all().delete(),
        lambda: Link.objects.bulk_update([made], ["reason"]),
    ):
        with pytest.raises(WrittenOnce):
            change()
    for statement in ("UPDATE links_link SET reason = 'x'", "DELETE FROM links_link"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert Link.objects.get().reason == ""
