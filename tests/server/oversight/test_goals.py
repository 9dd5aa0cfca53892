"""Security goals: met or not, never how; the level follows what is there."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from importlib.resources import files

import pytest
from django.test import Client
from django.urls import reverse
from register_entries import GIVEN
from tests.server.conftest import SetClock

from tocsin.nuclear import source_boundaries
from tocsin.server.accounts.models import Level, Person
from tocsin.server.marking.models import Membership, Reading
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import add_compartment
from tocsin.server.oversight.goals import FUNCTIONS, LEVELS, TEXTS, goals, goals_of, intervals
from tocsin.server.oversight.levels import assessments_for, places_of
from tocsin.server.oversight.models import Assessment, GoalState
from tocsin.server.oversight.services.assessing import assess
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.services import register_source

TODAY = dt.date(2026, 3, 3)
PLACE = GIVEN["place"]


def look(officer: Reader, holder: Holder, goal: str = "B-D1", **more: object) -> Assessment:
    given = {"place": PLACE, "state": GoalState.MET, "looked_on": TODAY}
    return assess(officer, holder, goal=goal, **given | more)  # type: ignore[arg-type]


def test_the_tables_say_where_they_come_from_and_how_far_they_were_checked() -> None:
    assert {goal.text for goal in goals().values()} == TEXTS
    assert {goal.verification for goal in goals().values()} == {"unverified"}
    assert all(goal.source and goal.function in FUNCTIONS for goal in goals().values())
    for level in LEVELS:
        assert {goal.function for goal in goals_of(level)} == set(FUNCTIONS)
    assert goals_of(None) == []
    assert set(intervals()) == {b.category for b in source_boundaries()}
    text = (files("tocsin.server.oversight") / "data" / "intervals.csv").read_text("utf-8")
    assert all("default of Tocsin" in row["source"] for row in csv.DictReader(text.splitlines()))


@pytest.mark.django_db
def test_the_level_is_that_of_what_lies_together_today(
    officer: Reader, holder: Holder, sources: list[Source], clock: SetClock
) -> None:
    """3.7 TBq of Ir-192 (D = 0.08 TBq) on 15 January: each is category 2, also all together."""
    (place,) = places_of(officer, holder)
    assert (place.name, place.sources, place.category, place.level) == (PLACE, 3, 2, "B")
    assert "Ir-192" in " ".join(place.why)
    assert {row.goal.level for row in place.rows} == {"B", "ABC"}
    assert place.to_look == len(place.rows)
    clock.at = dt.datetime(2028, 3, 3, tzinfo=dt.UTC)  # after ten half-lives
    later = places_of(reader_of(officer.person), holder)
    assert [(p.category, p.level, p.rows) for p in later] == [(4, None, ())]


@pytest.mark.django_db
def test_levels_are_no_reading_of_sources(
    officer: Reader, holder: Holder, sources: list[Source]
) -> None:
    look(officer, holder)
    places_of(officer, holder)
    read = Reading.objects.filter(person=officer.person).values_list("noun", flat=True)
    assert set(read) == {"oversight.assessment"}


@pytest.mark.django_db
def test_a_change_of_category_shows_the_goals_that_are_new(
    officer: Reader, holder: Holder, sources: list[Source]
) -> None:
    look(officer, holder)
    look(officer, holder, "M-4")
    big = GIVEN | {
        "nuclide": "Co-60",
        "activity": "150 TBq",
        "serial": "C1",
        "practice": "irradiator",
    }
    register_source(officer, entry_of(big, today=TODAY))
    (place,) = places_of(officer, holder)
    assert (place.category, place.level) == (1, "A")
    why = {row.goal.code: row.look for row in place.rows}
    assert why["M-4"] == ""
    assert why["A-D1"] == "new by the change of the category: level B before"
    assert why["M-1"] == "never looked at"


@pytest.mark.django_db
def test_the_latest_counts_until_it_ends_and_the_history_stays(
    officer: Reader, holder: Holder, sources: list[Source], clock: SetClock
) -> None:
    look(officer, holder, state=GoalState.NOT_MET)
    clock.move(hours=1)
    look(officer, holder, valid_until=dt.date(2026, 6, 1))
    row = next(r for r in places_of(officer, holder)[0].rows if r.goal.code == "B-D1")
    assert row.latest is not None
    assert (row.latest.state, row.look) == (GoalState.MET, "")
    assert [a.state for a in assessments_for(officer, holder)] == ["met", "not_met"]
    clock.at = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    row = next(
        r for r in places_of(reader_of(officer.person), holder)[0].rows if r.goal.code == "B-D1"
    )
    assert "ended on 2026-06-01" in row.look


@pytest.mark.django_db
@pytest.mark.parametrize(
    "reference",
    [
        "two cameras at the north door and a guard",
        "guard changes at 22:00, door code 4711",
        "x" * 41,
        "a; b",
    ],
)
def test_measures_are_not_taken(
    officer: Reader, holder: Holder, sources: list[Source], reference: str
) -> None:
    with pytest.raises(Refused, match="measures are not described here"):
        look(officer, holder, reference=reference)
    assert look(officer, holder, reference="SEC 2026/17-B").reference == "SEC 2026/17-B"


@pytest.mark.django_db
def test_what_is_found_is_for_the_cleared_of_the_authority_alone(
    officer: Reader,
    works: Reader,
    holder: Holder,
    sources: list[Source],
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    row = look(officer, holder)
    assert row.level == Level.CONFIDENTIAL
    assert not assessments_for(works, holder).exists()
    low = person("register_officer", of="authority", kind="regulator", clearance=1)
    assert not assessments_for(reader_of(low), holder).exists()
    address = reverse("oversight:goals", args=[holder.pk])
    assert signed_in(works.person).get(address).status_code == 404
    assert signed_in(low).get(address).status_code == 404
    assert signed_in(officer.person).get(address).status_code == 200


@pytest.mark.django_db
def test_a_compartment_closes_it_and_stays_with_what_follows(
    officer: Reader,
    second: Reader,
    holder: Holder,
    sources: list[Source],
    person: Callable[..., Person],
) -> None:
    boss = reader_of(person("supervisor", of="authority", kind="regulator", clearance=2))
    circle = add_compartment(boss, code="SEC", name="Security")
    with pytest.raises(Refused, match="not a member"):
        look(officer, holder, compartment=circle)
    Membership.objects.create(
        compartment=circle, person=officer.person, valid_from=officer.at, granted_by=boss.person
    )
    member = reader_of(officer.person)
    look(member, holder, compartment=circle)
    assert assessments_for(member, holder).count() == 1
    assert not assessments_for(second, holder).exists()
    follows = look(member, holder, state=GoalState.NOT_MET)
    assert [c.code for c in follows.compartments.all()] == ["SEC"]
    with pytest.raises(Refused, match="clearance"):
        look(second, holder)


@pytest.mark.django_db
def test_days_that_make_no_sense_are_refused(
    officer: Reader, holder: Holder, sources: list[Source]
) -> None:
    with pytest.raises(Refused, match="future"):
        look(officer, holder, looked_on=dt.date(2026, 3, 6))
    with pytest.raises(Refused, match="ends before"):
        look(officer, holder, valid_until=dt.date(2026, 3, 2))
    with pytest.raises(Refused, match="no such goal"):
        look(officer, holder, "Z-9")
