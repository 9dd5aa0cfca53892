"""A table becomes a register: checked, taken over, undone; its mistakes found by the checks."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import openpyxl
import pytest
from django.test import Client
from register_entries import TODAY

from tocsin.errors import ParseError
from tocsin.scenario.register import register_table, synthetic_register
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.policy import Reader
from tocsin.server.register import imports
from tocsin.server.register.holders import Refused
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Holder, Import, Source
from tocsin.server.register.reading import sources_for
from tocsin.server.register.services import report

pytestmark = pytest.mark.django_db

SMALL = (
    "Holder;Nuclide;Activity (GBq);Reference date;Serial number;Colour\n"
    "Mill;Cs-137;3,7;2020-05-01;A1;red\n"
    "Mill;Cs-137;heavy;2020-05-01;A2;red\n"
    "Hospital;Co-60;100;01.02.2021;B1;\n"
)


def brought(officer: Reader, text: str, name: str = "register.csv") -> Import:
    return imports.bring(officer, text.encode(), name=name)


def test_good_rows_are_taken_over_and_bad_ones_are_told(officer: Reader) -> None:
    row = brought(officer, SMALL)
    assert (row.rows, row.good, row.state) == (3, 2, Import.State.CHECKED)
    assert [fault["line"] for fault in row.faults] == [3]
    assert "heavy" in row.faults[0]["fault"]
    assert not Source.objects.exists()
    imports.apply(officer, row)
    found = {s.serial: s for s in sources_for(officer)}
    assert set(found) == {"A1", "B1"}
    assert found["A1"].contents[0]["activity_Bq"] == pytest.approx(3.7e9)
    assert found["B1"].contents[0]["reference_date"] == "2021-02-01"
    assert Holder.objects.count() == 2
    assert found["A1"].transactions.get().kind == Kind.REGISTRATION
    assert Leaf.objects.filter(action="register.import").count() == 1


def test_a_table_that_came_cut_is_not_taken_as_a_whole(officer: Reader, settings: Any) -> None:
    settings.TOCSIN = dataclasses.replace(settings.TOCSIN, upload_most_MiB=0)
    for bring in (imports.bring, imports.bring_later):
        with pytest.raises(Refused, match="larger than 0 MiB"):
            bring(officer, SMALL.encode(), name="register.csv")
    assert not Import.objects.exists()


def test_taken_over_once_and_undone_while_nothing_has_happened(officer: Reader) -> None:
    row = imports.apply(officer, brought(officer, SMALL))
    with pytest.raises(Refused):
        imports.apply(officer, row)
    with pytest.raises(Refused):
        imports.undo(officer, row, reason="")
    imports.undo(officer, row, reason="wrong table")
    assert {s.status for s in Source.objects.all()} == {Status.WITHDRAWN}
    again = imports.apply(officer, brought(officer, SMALL))
    source = again.sources.first()
    assert source is not None
    report(officer, source, Kind.LOSS, happened_on=TODAY, note="gone")
    with pytest.raises(Refused):
        imports.undo(officer, again, reason="too late")


def test_columns_of_other_names_are_told_by_a_person(officer: Reader) -> None:
    row = brought(officer, SMALL.replace("Nuclide", "Stoff"))
    assert row.good == 0
    assert "nuclide" in row.faults[0]["fault"]
    with pytest.raises(Refused):
        imports.apply(officer, row)
    with pytest.raises(Refused):
        imports.map_columns(officer, row, row.mapping | {"Stoff": "nuclide", "Colour": "nuclide"})
    mended = imports.map_columns(officer, row, row.mapping | {"Stoff": "nuclide", "no": "serial"})
    assert mended.good == 2


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("Activity (GBq)", "GBq"),
        ("activity_Bq", "Bq"),
        ("Activity [kCi]", "kCi"),
        ("Activity MBq", "MBq"),
        ("Activity", ""),
        ("Source activity date", ""),
    ],
)
def test_units_in_names_of_columns(column: str, unit: str) -> None:
    assert imports.unit_of(column) == unit
    if unit:
        assert imports.guessed([column]) == {column: "activity"}


def test_what_was_exported_can_be_brought_again(
    officer: Reader, source: Source, signed_in: Callable[[Person], Client]
) -> None:
    answer = signed_in(officer.person).get("/register/sources.csv")
    text = answer.content.decode()
    assert "14.68" not in text, "the exact place is told for a reason only"
    row = brought(officer, text)
    assert (row.rows, row.good) == (1, 1)


def test_who_is_no_officer_brings_nothing(works: Reader) -> None:
    with pytest.raises(Refused):
        brought(works, SMALL)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04\x00\x00", b"a,a\n1,2\n"])
def test_what_is_no_table_is_refused(officer: Reader, content: bytes) -> None:
    with pytest.raises(ParseError):
        imports.bring(officer, content, name="x.csv")
    assert not Import.objects.exists()


def test_a_synthetic_register_is_taken_over_but_for_what_lies_in_the_future(
    officer: Reader,
) -> None:
    made = synthetic_register(np.random.default_rng(20261126), today=TODAY, sources=400, holders=20)
    row = imports.apply(officer, brought(officer, register_table(made.items).decode()))
    future = {r for m in made.mistakes if m.shape == "future made" for r in m.references}
    assert row.rows == len(made.items) == row.good + len(future)
    assert {f["fault"].split(": ")[0] for f in row.faults} <= {"made"}


def a_book() -> bytes:
    """A spreadsheet whose first sheet is no register."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Read me"
    first.append(["This is our register"])
    first.append(["as of today"])
    second = book.create_sheet("Sources")
    second.append(
        ["Holder", "Nuclide", "Activity (GBq)", "Reference date", "Serial number", "ISO class"]
    )
    second.append(["Mill", "Cs-137", 3.7, dt.date(2020, 5, 1), "007", "C64344"])
    second.append(["Mill", "Cs-137", "heavy", dt.date(2020, 5, 1), 12, None])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_sheet_of_a_spreadsheet_is_chosen_and_taken_over(
    officer: Reader, signed_in: Callable[[Person], Client]
) -> None:
    row = imports.bring(officer, a_book(), name="register.xlsx")
    assert (row.sheet, row.sheets, row.good) == ("Read me", ["Read me", "Sources"], 0)
    with pytest.raises(Refused):
        imports.choose_sheet(officer, row, "Hidden")
    answer = signed_in(officer.person).post(
        f"/register/imports/{row.pk}/sheet/", {"sheet": "Sources"}
    )
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.sheet, row.rows, row.good) == ("Sources", 2, 1)
    assert [fault["line"] for fault in row.faults] == [3]
    imports.apply(officer, row)
    taken = Source.objects.get()
    assert (taken.serial, taken.iso_class) == ("007", "C64344")
    assert taken.contents[0]["reference_date"] == "2020-05-01"
    assert taken.contents[0]["activity_Bq"] == pytest.approx(3.7e9)
    with pytest.raises(Refused):
        imports.choose_sheet(officer, row, "Read me")
