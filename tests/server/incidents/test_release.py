"""Nothing leaves above its release: as a lattice over random cases, and in the database."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from incident_drafts import opened

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.incidents.facts import Audience
from tocsin.server.incidents.lattice import (
    ORDER,
    Ruling,
    Said,
    audience_of,
    rank,
    reaches,
    strictest,
)
from tocsin.server.incidents.models import FieldRelease
from tocsin.server.incidents.releasing import (
    ask_release,
    audience_of_text,
    decide_release,
    released,
    waiting,
)
from tocsin.server.incidents.statements import state
from tocsin.server.marking.policy import reader_of

MakePerson = Callable[..., Person]
CASES = 10_000
FIELDS = ("kind", "place", "summary", "object.serials")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _case(draw: random.Random) -> tuple[list[Said], list[Ruling]]:
    def moment() -> dt.datetime:
        return START + dt.timedelta(hours=draw.randrange(12))

    facts = [Said(field, draw.choice(ORDER), moment()) for field in FIELDS if draw.random() < 0.9]
    rulings = [
        Ruling(
            frozenset(draw.sample(FIELDS, draw.randint(1, len(FIELDS)))),
            draw.choice(ORDER),
            moment(),
        )
        for _ in range(draw.randrange(5))
    ]
    return facts, rulings


def _slow(said: Said, rulings: list[Ruling]) -> str:
    """The rule again, one ruling after the other, as the words of the guide have it."""
    found = said.audience
    for ruling in rulings:
        if said.field not in ruling.fields:
            continue
        if said.recorded_at <= ruling.asked_at:
            found = ruling.audience
        else:
            narrower = ORDER.index(ruling.audience) < ORDER.index(said.audience)
            found = ruling.audience if narrower else said.audience
    return found


def test_release_is_a_lattice_in_ten_thousand_random_cases() -> None:
    draw = random.Random(20261126)  # noqa: S311 - cases of a test
    opened_fields = 0
    for _ in range(CASES):
        facts, rulings = _case(draw)
        far = {said.field: audience_of(said, rulings) for said in facts}
        assert far == {said.field: _slow(said, rulings) for said in facts}
        given = {
            asked: {field for field, audience in far.items() if reaches(audience, asked)}
            for asked in ORDER
        }
        # who may know less is given no more than who may know more
        assert given["public"] <= given["partners"] <= given["private"] == set(far)
        for asked, fields in given.items():
            assert all(rank(far[field]) >= rank(asked) for field in fields)
            # a text of what an audience is given may go to that audience
            if fields:
                assert reaches(strictest(far[field] for field in fields), asked)
        together = strictest(far.values())
        assert all(rank(together) <= rank(audience) for audience in far.values())
        opened_fields += len(given["public"])
        # one more ruling that closes everything leaves nothing, whatever was before
        shut = [*rulings, Ruling(frozenset(FIELDS), "private", START)]
        assert not any(reaches(audience_of(said, shut), "partners") for said in facts)
    assert opened_fields > CASES // 4, "the cases must open something"
    assert not reaches("public", "everybody"), "nothing goes to an audience that is not known"
    assert strictest(()) == "private"


@pytest.mark.django_db
def test_two_persons_open_a_field_and_one_closes_it(person: MakePerson, clock: Any) -> None:
    boss, second = reader_of(person("supervisor")), reader_of(person("supervisor"))
    row = opened(boss.person)
    assert dict(released(row, "partners").values) == {}
    asked = ask_release(boss, row, ["kind", "object.contents"], audience="partners", reason="to B")
    assert dict(released(row, "partners").values) == {}
    with pytest.raises(InvalidInput, match="second person"):
        decide_release(boss, asked, approve=True)
    with pytest.raises(InvalidInput, match="roles"):
        decide_release(reader_of(person("expert")), asked, approve=True)
    with pytest.raises(InvalidInput, match="roles"):
        decide_release(reader_of(person("supervisor", of="police")), asked, approve=True)
    decide_release(second, asked, approve=True)
    found = released(row, "partners")
    assert dict(found.values) == {"kind": "theft"}
    assert [set(thing) for thing in found.objects] == [{"contents"}]
    assert dict(released(row, "public").values) == {}
    leaf = Leaf.objects.get(action="incidents.release")
    assert leaf.content["after"]["asked_by"] == str(boss.person.pk)
    with pytest.raises(InvalidInput, match="already"):
        decide_release(second, asked, approve=False, answer="no")
    ask_release(boss, row, ["kind"], audience="private", reason="too early")
    assert dict(released(row, "partners").values) == {}


@pytest.mark.django_db
def test_the_database_lets_nobody_open_alone(person: MakePerson, clock: Any) -> None:
    boss = reader_of(person("supervisor"))
    asked = ask_release(boss, opened(boss.person), ["kind"], audience="public", reason="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        FieldRelease.objects.filter(pk=asked.pk).update(decided_by=boss.person)


@pytest.mark.django_db
def test_what_is_stated_after_the_asking_is_not_released_with_it(
    person: MakePerson, clock: Any
) -> None:
    boss, second = reader_of(person("supervisor")), reader_of(person("supervisor"))
    row = opened(boss.person)
    asked = ask_release(boss, row, ["place", "kind"], audience="public", reason="x")
    clock.move(minutes=5)
    state(boss.person, row, {"place": "Behind the house of the guard"}, reason="better known")
    clock.move(minutes=5)
    decide_release(second, asked, approve=True)
    # neither the new place, which nobody approved, nor the old one, which is wrong by now
    assert dict(released(row, "public").values) == {"kind": "theft"}
    assert audience_of_text(row, ["kind"]) == "public"
    assert audience_of_text(row, ["kind", "place"]) == "private"
    assert audience_of_text(row, ["kind", "group"]) == "private", "what is unknown is no licence"


@pytest.mark.django_db
def test_what_waits_too_long_must_be_asked_anew(person: MakePerson, clock: Any) -> None:
    boss, second = reader_of(person("supervisor")), reader_of(person("supervisor"))
    row = opened(boss.person)
    asked = ask_release(boss, row, ["kind"], audience="public", reason="x")
    incidents = type(row).objects.all()
    assert list(waiting(incidents, now())) == [asked]
    clock.move(days=15)
    assert not waiting(incidents, now())
    with pytest.raises(InvalidInput, match="time is over"):
        decide_release(second, asked, approve=True)
    for fields, audience, reason in (
        ([], "public", "x"),
        (["name"], "public", "x"),
        (["kind"], "everybody", "x"),
        (["kind"], Audience.PUBLIC.value, " "),
    ):
        with pytest.raises(InvalidInput):
            ask_release(boss, row, fields, audience=audience, reason=reason)


@pytest.mark.django_db
def test_where_it_came_back_goes_no_further_than_the_place(person: MakePerson, clock: Any) -> None:
    boss, second = reader_of(person("supervisor")), reader_of(person("supervisor"))
    row = opened(boss.person)
    back = {"share": "all", "on": "2026-03-02", "where": "Yard 7"}
    state(boss.person, row, {"recovered": back}, reason="brought back")
    assert released(row, "private").values["recovered"]["where"] == "Yard 7"
    for fields, where in ((["recovered"], ""), (["place"], "Yard 7")):
        asked = ask_release(boss, row, fields, audience="partners", reason="x")
        decide_release(second, asked, approve=True)
        assert released(row, "partners").values["recovered"]["where"] == where
