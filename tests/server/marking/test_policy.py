"""Both questions of the policy agree, rule by rule, on every combination."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.clock import now
from tocsin.server.files.models import Blob, StoredFile
from tocsin.server.marking.models import Agreement, Compartment, Membership, Release
from tocsin.server.marking.policy import decide, reader_of, visible


@pytest.fixture
def row(person: Callable[..., Person]) -> Callable[..., StoredFile]:
    author = person("officer")
    blob = Blob.objects.create(sha256="0" * 64, size_bytes=0, created_at=now())

    def make(**mark: Any) -> StoredFile:
        values = {"realm": "EXERCISE", "level": 1, "originator": author.organisation} | mark
        return StoredFile.objects.create(blob=blob, name="x", created_at=now(), **values)

    return make


CASES = list(
    itertools.product(
        ("customs", "laboratory"),
        (0, 1, 2, 3),
        ("EXERCISE", "LIVE"),
        (True, False),
        (
            "nothing",
            "agreement",
            "agreement up to 0",
            "agreement of another realm",
            "ended",
            "release",
        ),
        (True, False),
    )
)


def test_what_is_listed_is_what_is_allowed(
    person: Callable[..., Person],
    row: Callable[..., StoredFile],
    organisation: Callable[..., Organisation],
) -> None:
    noun = "files.storedfile"
    secret = Compartment.objects.create(
        code="CASE", name="Case", owner=organisation("customs"), created_at=now()
    )
    seen = 0
    for of, level, realm, member, opened, in_compartment in CASES:
        who = person("officer", of=of, clearance=1)
        thing = row(level=level, realm=realm)
        if in_compartment:
            thing.compartments.add(secret)
        if member:
            Membership.objects.create(compartment=secret, person=who, valid_from=now())
        given = {"giver": thing.originator, "receiver": who.organisation, "noun": noun}
        if opened.startswith("agreement") or opened == "ended":
            Agreement.objects.create(
                **given,
                realm="LIVE" if opened == "agreement of another realm" else realm,
                most_level=0 if opened.endswith("0") else 3,
                valid_from=now(),
                valid_until=now() if opened == "ended" else None,
                reason="support",
            )
        elif opened == "release":
            Release.objects.create(
                noun=noun,
                row_id=thing.pk,
                receiver=who.organisation,
                released_by=who,
                at=now(),
                reason="asked",
            )
        reader = reader_of(who)
        listed = visible(reader, StoredFile.objects.filter(pk=thing.pk)).exists()
        allowed = decide(reader, "measurements.read", thing).allowed
        open_to_them = (
            of == "customs"
            or opened in {"agreement", "release"}
            or (opened == "agreement up to 0" and level == 0)
        )
        expected = (
            realm == "EXERCISE" and level <= 1 and open_to_them and (member or not in_compartment)
        )
        assert listed == allowed == expected, (of, level, realm, member, opened, in_compartment)
        seen += listed
        Agreement.objects.all().delete()
        Release.objects.all().delete()
    assert 0 < seen < len(CASES)


def test_who_holds_no_role_or_is_disabled_sees_nothing(
    person: Callable[..., Person], row: Callable[..., StoredFile]
) -> None:
    row()
    for who in (person(), person("officer")):
        rows = visible(reader_of(who), StoredFile.objects.all())
        assert rows.count() == len(who.assignments.all())
    who.is_active = False
    who.save()
    assert not visible(reader_of(who), StoredFile.objects.all()).exists()
