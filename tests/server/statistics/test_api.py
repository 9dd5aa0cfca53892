"""Counts and fact sheets for programs: numbers, policy and rule of small cells as on pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import Client
from incident_drafts import opened
from incident_world import draw_incidents, fill

from tocsin.server.accounts.models import Person
from tocsin.server.marking.policy import reader_of
from tocsin.server.statistics.cells import LEAST
from tocsin.server.statistics.content import TABLES, numbers_of
from tocsin.server.statistics.models import FactSheet
from tocsin.server.statistics.publishing import for_the_public
from tocsin.server.statistics.reading import Asked, count
from tocsin.server.statistics.services import approve, make_sheet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]
MakePerson = Callable[..., Person]
COUNTS, SHEETS = "/api/1/statistics", "/api/1/statistics/sheets"


@pytest.fixture
def boss(person: MakePerson, clock: Any) -> Person:
    return person("supervisor", clearance=2)


@pytest.fixture
def sheet(boss: Person, clock: Any) -> FactSheet:
    fill(boss, opened(boss), draw_incidents(np.random.default_rng(9), 120))
    clock.move(hours=1)
    return make_sheet(reader_of(boss), Asked(clock.at.date(), 2025))


def test_the_counts_are_those_of_the_page_with_their_day_and_definitions(
    boss: Person, sheet: FactSheet, signed_in: Callable[[Person], Client]
) -> None:
    asked = "?known_on=2026-03-03&last_year=2025&years=8"
    told = signed_in(boss).get(COUNTS + asked).json()
    numbers = numbers_of(count(reader_of(boss), Asked(sheet.known_on, 2025, 8)), "2024")
    assert (told["known_on"], told["edition"], told["years"]) == (
        *("2026-03-03", "2024"),
        numbers["years"],
    )
    assert [table["name"] for table in told["tables"]] == list(TABLES)
    for table in told["tables"]:
        assert table["rows"] == numbers["tables"][table["name"]]["rows"]
    assert told["incidents"] == numbers["incidents"] > 0
    assert told["transport"]["whole"] == numbers["transport"]["whole"]
    assert (told["least_published"], told["realm"], told["level"]) == (None, boss.realms[0], 1)


def test_the_public_form_gives_no_small_number(
    boss: Person, sheet: FactSheet, signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(boss)
    told = browser.get(f"{COUNTS}?last_year=2025&form=public").json()
    assert told["least_published"] == LEAST
    counts = [n for table in told["tables"] for row in table["rows"] for n in row]
    counts += [n for table in told["tables"] for n in table["totals"] or ()]
    assert None in counts
    assert all(n is None or n == 0 or n >= LEAST for n in counts)
    kept = browser.get(f"{SHEETS}/{sheet.pk}?form=public").json()
    hidden = for_the_public(sheet.numbers)
    assert {t["name"]: t["rows"] for t in kept["tables"]} == {n: p.cells for n, p in hidden.items()}


def test_sheets_are_told_with_their_hash_and_approval(
    boss: Person, sheet: FactSheet, person: MakePerson, signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(boss)
    (row,) = browser.get(SHEETS).json()["sheets"]
    assert (row["id"], row["sha256"], row["approved"]) == (str(sheet.pk), sheet.sha256, False)
    second = reader_of(person("point_of_contact", clearance=2))
    approve(second, sheet, approved=True, reason="compared")
    told = browser.get(f"{SHEETS}/{sheet.pk}").json()
    assert told["approved"]
    assert told["tables"][1]["rows"] == sheet.numbers["tables"]["kinds"]["rows"]


def test_who_may_not_see_is_told_nothing(
    boss: Person, sheet: FactSheet, person: MakePerson, signed_in: Callable[[Person], Client]
) -> None:
    stranger = signed_in(person("supervisor", of="police", clearance=3))
    assert stranger.get(COUNTS).json()["incidents"] == 0
    assert stranger.get(SHEETS).json()["total"] == 0
    assert stranger.get(f"{SHEETS}/{sheet.pk}").status_code == 404
    assert signed_in(person("officer")).get(COUNTS).status_code == 403


@pytest.mark.parametrize(
    "wrong", ["known_on=soon", "known_on=2999-01-01", "years=99", "edition=1066", "form=secret"]
)
def test_what_cannot_be_is_refused_and_nothing_else_is_counted_instead(
    boss: Person, signed_in: Callable[[Person], Client], wrong: str
) -> None:
    assert signed_in(boss).get(f"{COUNTS}?{wrong}").status_code == 422
