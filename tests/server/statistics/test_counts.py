"""Every number of a fact sheet against SQL, as known on several days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import counts_by_sql as sql
import numpy as np
import pytest
from django.test import Client
from incident_drafts import opened
from incident_world import draw_incidents, fill

from tocsin.server.accounts.models import Person
from tocsin.server.incidents.groups import groups
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.opening import Draft, open_many
from tocsin.server.incidents.statements import state, state_of_object
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.policy import reader_of
from tocsin.server.statistics.content import numbers_of, section_of, table_of
from tocsin.server.statistics.counting import Table, nuclide_keys
from tocsin.server.statistics.reading import Asked, count
from tocsin.server.statistics.services import make_sheet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]
MakePerson = Callable[..., Person]


def flat(years: list[int], table: dict[str, Any]) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for year, row in zip(years, table["rows"], strict=True):
        for key, n in zip(table["keys"], row, strict=True):
            if n:
                found[year, key] = n
    return found


@pytest.mark.parametrize("day", ["2020-06-30", "2023-12-31", "2026-03-03"])
def test_every_count_is_that_of_plain_sql(person: MakePerson, clock: Any, day: str) -> None:
    boss = person("supervisor", clearance=2)
    first = opened(boss)
    fill(boss, first, draw_incidents(np.random.default_rng(4), 400))
    known_on = dt.date.fromisoformat(day)
    asked = Asked(known_on, 2026, 12)
    numbers = numbers_of(count(reader_of(boss), asked), asked.edition)
    end = dt.datetime.combine(known_on + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    years, tables = numbers["years"], numbers["tables"]
    assert flat(years, tables["groups"]) == sql.by_group(end, "2024")
    assert flat(years, tables["kinds"]) == sql.by_kind(end)
    assert flat(years, tables["transport"]) == sql.by_transport(end)
    assert flat(years, tables["recovery"]) == sql.by_recovery(end)
    nuclides = sql.by_nuclide(end)
    for (year, key), n in flat(years, tables["nuclides"]).items():
        if key not in {"", "other"}:
            assert nuclides[year, key] == n
    assert numbers["not_counted"] == sql.not_counted(end)
    assert numbers["incidents"] == sum(sql.by_kind(end).values()) > 0
    transport = sql.by_transport(end)
    yes = sum(n for (_year, key), n in transport.items() if key == "yes")
    known = sum(n for (_year, key), n in transport.items() if key)
    assert numbers["transport"] == {"part": yes, "whole": known}
    back = sql.by_recovery(end)
    assert numbers["recovered"] == {
        "part": sum(n for (_year, key), n in back.items() if key == "all"),
        "whole": sum(n for (_year, key), n in back.items() if key),
    }


def test_a_change_of_group_is_in_later_vintages_only(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor", clearance=2)
    row = opened(boss)
    state(boss, row, {"group": {"edition": "2024", "group": "II"}}, reason="not known yet")
    then = clock.at.date()
    sheet = make_sheet(reader_of(boss), Asked(then, then.year))
    clock.move(days=40)
    state(boss, row, {"group": {"edition": "2024", "group": "I"}}, reason="sold on")
    clock.move(days=1)
    reader = reader_of(boss)

    def groups(day: dt.date) -> dict[tuple[int, str], int]:
        asked = Asked(day, then.year)
        numbers = numbers_of(count(reader, asked), "2024")
        return flat(numbers["years"], numbers["tables"]["groups"])

    assert groups(then) == {(then.year, "II"): 1}
    assert groups(clock.at.date()) == {(then.year, "I"): 1}
    kept = sheet.numbers["tables"]["groups"]
    assert flat(sheet.numbers["years"], kept) == {(then.year, "II"): 1}


def test_an_import_that_does_not_say_when_it_was_known_makes_no_late_report(
    person: MakePerson, clock: Any
) -> None:
    boss = person("supervisor", clearance=2)
    mark = Mark(boss.realms[0], 1, frozenset(), "AMBER")
    happened = {"from": "2019-04-02T00:00:00+00:00", "to": "2019-04-03T00:00:00+00:00"}
    drafts = [
        Draft(values={"title": "Gauge lost", "kind": "loss", "interval": happened}, known_at=known)
        for known in (None, dt.datetime(2019, 4, 6, tzinfo=dt.UTC))
    ]
    opened_ones = open_many(
        boss,
        drafts,
        mark=mark,
        originator=boss.organisation,
        origin="table:1",
        subject=opened(boss),
    )
    asked = Asked(dt.date(2026, 3, 3), 2019, 5)
    assert count(reader_of(boss), asked).delays() == [3.0]
    # what is stated of it later says nothing of when it was known first
    clock.move(days=1)
    for incident in opened_ones:
        state(boss, incident, {"title": "Gauge lost in 2019"}, reason="one title for all")
    asked = Asked(dt.date(2026, 3, 4), 2019, 5)
    assert count(reader_of(boss), asked).delays() == [3.0]


def test_editions_of_the_definitions_are_never_mixed(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor", clearance=2)
    row = opened(boss)
    state(boss, row, {"group": {"edition": "2007", "group": "other"}}, reason="old series")
    rows = count(reader_of(boss), Asked(clock.at.date(), clock.at.year))
    numbers = numbers_of(rows, "2024")
    assert flat(numbers["years"], numbers["tables"]["groups"]) == {(clock.at.year, ""): 1}
    numbers = numbers_of(rows, "2007")
    assert flat(numbers["years"], numbers["tables"]["groups"]) == {(clock.at.year, "other"): 1}
    labels = section_of("groups", table_of("groups", rows, "2007"), "2007").labels
    assert labels == [groups()["2007", "other"].name, "not known"]


def test_only_what_a_reader_may_see_is_counted(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor", clearance=2)
    opened(boss)
    stranger = reader_of(person("supervisor", of="police", clearance=2))
    asked = Asked(clock.at.date(), clock.at.year)
    assert len(count(stranger, asked).incidents) == 0
    assert len(count(reader_of(boss), asked).incidents) == Incident.objects.count() == 1


def test_two_days_are_compared_year_by_year(
    person: MakePerson, clock: Any, signed_in: Callable[[Person], Client]
) -> None:
    boss = person("supervisor", clearance=2)
    opened(boss, interval={"from": "2025-05-01", "to": "2025-05-01"})
    then = clock.at.date()
    clock.move(days=10)
    opened(boss, interval={"from": "2017-05-01", "to": "2017-05-01"})
    page = signed_in(boss).get(f"/statistics/vintages/?earlier={then}&last_year=2025")
    lines = {line["year"]: line["pairs"] for line in page.context["lines"]}
    changed = [year for year, pairs in lines.items() if any(pair["changed"] for pair in pairs)]
    assert changed == [2017]
    assert [pair["now"] for pair in lines[2025]][-1] == 1


def test_an_incident_with_two_rare_nuclides_is_one_of_the_others(
    person: MakePerson, clock: Any
) -> None:
    boss = person("supervisor", clearance=2)
    for number, names in enumerate((["Co-60"], ["Co-60"], ["Ir-192", "Se-75"])):
        row = opened(boss, title=f"Find {number}")
        contents = [{"nuclide": name} for name in names]
        state_of_object(boss, row.with_objects.get().object, {"contents": contents}, reason="r")
    rows = count(reader_of(boss), Asked(clock.at.date(), clock.at.year, 1))
    table = rows.by(nuclide_keys, most=1)
    assert (table.keys, table.rows) == (["Co-60", "other", ""], [[2, 1, 0]])


def test_totals_of_a_table_are_those_of_its_columns() -> None:
    table = Table([2024, 2025], ["a", "b"], [[1, 2], [3, 4]])
    assert table.totals == [4, 6]
