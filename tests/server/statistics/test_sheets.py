"""Fact sheets: kept as counted, approved by a second person, readable in two languages."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import Error, connection, transaction
from django.test import Client
from incident_drafts import opened
from incident_world import draw_incidents, fill
from pypdf import PdfReader

from tocsin.errors import InvalidInput, TocsinError
from tocsin.server.accounts.models import Person
from tocsin.server.marking.policy import reader_of
from tocsin.server.statistics.models import FactSheet
from tocsin.server.statistics.reading import Asked
from tocsin.server.statistics.services import approve, digest, is_approved, make_sheet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]
MakePerson = Callable[..., Person]


@pytest.fixture
def boss(person: MakePerson, clock: Any) -> Person:
    return person("supervisor", clearance=2)


@pytest.fixture
def sheet(boss: Person, clock: Any) -> FactSheet:
    fill(boss, opened(boss), draw_incidents(np.random.default_rng(9), 120))
    clock.move(hours=1)
    return make_sheet(reader_of(boss), Asked(clock.at.date(), 2025))


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_another_person_than_the_maker_approves(
    boss: Person, sheet: FactSheet, person: MakePerson
) -> None:
    with pytest.raises(InvalidInput, match="Another person"):
        approve(reader_of(boss), sheet, approved=True, reason="mine")
    second = reader_of(person("point_of_contact", clearance=2))
    with pytest.raises(InvalidInput, match="why"):
        approve(second, sheet, approved=True, reason=" ")
    approve(second, sheet, approved=True, reason="compared with the ministry's list")
    assert is_approved(sheet)
    with pytest.raises(InvalidInput, match="already"):
        approve(second, sheet, approved=True, reason="again")
    approve(reader_of(boss), sheet, approved=False, reason="a number was wrong")
    assert not is_approved(sheet)


def test_nobody_without_the_role_makes_or_approves(
    sheet: FactSheet, person: MakePerson, clock: Any
) -> None:
    clerk = reader_of(person("register_officer", clearance=2))
    with pytest.raises(InvalidInput):
        make_sheet(clerk, Asked(clock.at.date(), 2025))
    with pytest.raises(InvalidInput):
        approve(clerk, sheet, approved=True, reason="x")


def test_the_database_keeps_the_numbers(sheet: FactSheet) -> None:
    assert sheet.sha256 == digest(sheet.numbers)
    with pytest.raises(TocsinError):
        sheet.save()
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE statistics_factsheet SET year = 1999")


def test_the_public_form_has_no_small_number_and_says_whether_it_is_approved(
    boss: Person, sheet: FactSheet, signed_in: Callable[[Person], Client], person: MakePerson
) -> None:
    browser = signed_in(boss)
    page = browser.get(sheet.get_absolute_url())
    assert page.status_code == 200
    full = browser.get(f"{sheet.get_absolute_url()}full-en.pdf")
    public = browser.get(f"{sheet.get_absolute_url()}public-en.pdf")
    assert full["Content-Type"] == public["Content-Type"] == "application/pdf"
    assert "DRAFT" in text_of(public.content)
    assert "TLP:CLEAR" in text_of(public.content)
    assert "TLP:CLEAR" not in text_of(full.content)
    shown = text_of(public.content).split("By group")[1].split("By nuclide")[0]
    numbers = [int(word) for word in shown.split() if word.isdigit() and len(word) < 4]
    assert numbers
    assert all(n == 0 or n >= 5 for n in numbers)
    # of how many the delay is known, beside how many there are, tells of how few it is not
    told_of = f"; {sheet.numbers['delay']['incidents']} incidents)"
    assert told_of in " ".join(text_of(full.content).split())
    assert told_of not in " ".join(text_of(public.content).split())
    approve(
        reader_of(person("point_of_contact", clearance=2)), sheet, approved=True, reason="checked"
    )
    again = browser.get(f"{sheet.get_absolute_url()}public-en.pdf")
    assert "DRAFT" not in text_of(again.content)
    french = text_of(browser.get(f"{sheet.get_absolute_url()}full-fr.pdf").content)
    assert "incidents" in french.casefold()
    assert "Counted" not in french
    assert browser.get(f"{sheet.get_absolute_url()}full-xx.pdf").status_code == 404


def test_pages_and_tables(
    boss: Person, sheet: FactSheet, signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(boss)
    page = browser.get("/statistics/?last_year=2025&years=8")
    assert page.status_code == 200
    assert b"<svg" in page.content
    table = browser.get(
        "/statistics/table.csv?table=kinds&last_year=2025&years=8&known_on=2026-03-03"
    )
    rows = table.content.decode().splitlines()
    assert any("as known on 2026-03-03" in row for row in rows)
    assert len([row for row in rows if row[:2] == "20"]) == 8
    assert browser.get("/statistics/table.csv?table=nothing").status_code == 404
    assert browser.get("/statistics/table.csv?known_on=yesterday").status_code == 302
    for wrong in ("known_on=yesterday", "known_on=2999-01-01", "years=-1", "edition=1066"):
        answer = browser.get(f"/statistics/?{wrong}")
        assert answer.status_code == 200
        assert b'class="messages"' in answer.content
    assert browser.get("/statistics/vintages/?earlier=2022-01-01&last_year=2025").status_code == 200
    for odd in ("earlier=2020-01-01", "known_on=0001-01-01&last_year=2026"):
        assert browser.get(f"/statistics/vintages/?{odd}").status_code == 200, odd
    series = browser.get("/statistics/itdb/")
    assert b"4626" in series.content
    assert browser.get("/statistics/sheets/").status_code == 200
    made = browser.post(
        "/statistics/sheets/make/", {"last_year": "1950", "known_on": "2026-03-03"}, follow=True
    )
    assert b"nothing to tell" in made.content
    made = browser.post(
        "/statistics/sheets/make/", {"last_year": "2025", "known_on": "2026-03-03"}, follow=True
    )
    assert made.status_code == 200
    assert FactSheet.objects.count() == 2
