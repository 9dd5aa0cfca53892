"""Spreadsheets are read as what they show, and what attacks the reader is refused in words."""

from __future__ import annotations

import datetime as dt
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tocsin.errors import ParseError
from tocsin.formats.confined_table import read_table
from tocsin.formats.sheet_check import MOST_PARTS, checked_parts, opened
from tocsin.formats.sheet_text import read_sheet_table

SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def book_of(rows: list[list[Any]], **sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    for row in rows:
        first.append(row)
    for name, more in sheets.items():
        other = book.create_sheet(name)
        for row in more:
            other.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes | Callable[[bytes], bytes]) -> bytes:
    """The same archive with one part changed or added."""
    old = zipfile.ZipFile(io.BytesIO(data))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        there = old.read(name) if name in old.namelist() else b""
        new.writestr(name, content(there) if callable(content) else content)
    return out.getvalue()


def sheet(cells: str) -> bytes:
    data = f"<sheetData>{cells}</sheetData>"
    return f'<?xml version="1.0"?><worksheet {MAIN}>{data}</worksheet>'.encode()


GOOD = book_of([["Holder", "Serial"], ["Mill", "A1"], ["Mill", "A2"]])


def test_cells_become_what_csv_would_say() -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["# remark of the office"])
    first.append([])
    first.append(["text", "number", "whole", "day", "moment", "yes", "padded", "unit"])
    moment = dt.datetime(2026, 1, 31, 13, 30)  # noqa: DTZ001 a sheet knows no zone
    first.append(["00123", 3.7, 3.7e12, dt.date(2026, 1, 31), moment, True, 123, 3.7])
    first.append([])
    first.append(["=1+1 as text", None, -5])
    first["G4"].number_format, first["H4"].number_format = "000000", '0.00" GBq"'
    first["A6"].value, first["A6"].data_type = "=1+1 as text", "s"
    table = read_table(saved(book))
    assert table.header[:4] == ("text", "number", "whole", "day")
    assert table.lines == (4, 6)
    assert table.rows[0] == (
        *("00123", "3.7", "3700000000000", "2026-01-31", "2026-01-31 13:30:00", "true"),
        *("000123", "3.7 GBq"),
    )
    assert table.rows[1][:3] == ("=1+1 as text", "", "-5")
    assert (table.sheet, table.sheets) == ("Sheet", ("Sheet",))


@pytest.mark.parametrize("calendar", ["1900", "1904"])
def test_days_of_both_calendars(calendar: str) -> None:
    book = openpyxl.Workbook()
    if calendar == "1904":
        book.epoch = CALENDAR_MAC_1904
    first = book.active
    assert first is not None
    days = [dt.date(1904, 1, 2), dt.date(1961, 7, 16), dt.date(2000, 2, 29), dt.date(2026, 11, 26)]
    first.append(["day"])
    for day in days:
        first.append([day])
    found = read_sheet_table(saved(book))
    assert [row[0] for row in found.rows] == [day.isoformat() for day in days]


def test_of_several_sheets_the_first_that_shows_something_or_the_named_one() -> None:
    data = book_of([], Sources=[["a"], ["1"]], More=[["b"], ["2"], ["3"]])
    found = read_table(data)
    assert (found.sheet, found.sheets, found.rows) == ("Sources", ("Sources", "More"), (("1",),))
    assert read_table(data, sheet="More").rows == (("2",), ("3",))
    with pytest.raises(ParseError, match="no sheet"):
        read_table(data, sheet="Sheet")
    with pytest.raises(ParseError, match="no sheet"):
        read_table(data, sheet='More"; drop')


def test_the_result_that_the_program_stored_is_read_and_nothing_is_computed() -> None:
    cells = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
        '<row r="2"><c r="A2"><f>1+1</f><v>5</v></c></row>'
        '<row r="3"><c r="A3" t="str"><f>IF(1,"","")</f><v></v></c></row>'
    )
    assert read_sheet_table(with_part(GOOD, SHEET, sheet(cells))).rows == (("5",),)
    silent = book_of([["a"], ["=WEBSERVICE(A1)"]])
    with pytest.raises(ParseError, match="A2 is a formula without a stored result"):
        read_table(silent)


def test_an_error_in_a_cell_is_named() -> None:
    cells = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
        '<row r="7"><c r="A7" t="e"><v>#REF!</v></c></row>'
    )
    with pytest.raises(ParseError, match="A7 holds the error #REF!"):
        read_table(with_part(GOOD, SHEET, sheet(cells)))


def test_links_to_other_files_are_not_followed() -> None:
    link = (
        b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        b'relationships"><Relationship Id="rId1" Target="file:///etc/passwd" TargetMode="External" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink'
        b'Path"/></Relationships>'
    )
    data = with_part(GOOD, "xl/externalLinks/_rels/externalLink1.xml.rels", link)
    assert read_table(data).rows == (("Mill", "A1"), ("Mill", "A2"))


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in zipfile.ZipFile(io.BytesIO(GOOD)).namelist():
            archive.writestr(part, zipfile.ZipFile(io.BytesIO(GOOD)).read(part))
        with archive.open("xl/media/blank.xml", "w", force_zip64=True) as stream:
            for _ in range(1200):
                stream.write(b" " * (1 << 20))
    return out.getvalue()


def _lying_bomb() -> bytes:
    """Says that it unpacks to a few bytes."""
    data = bytearray(
        with_part(GOOD, SHEET, sheet("<row>" + "<c><v>1</v></c>" * 50 + "</row>" + " " * 3_000_000))
    )
    archive = zipfile.ZipFile(io.BytesIO(bytes(data)))
    size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    return bytes(data).replace(size, (100).to_bytes(4, "little"))


def _nested() -> bytes:
    return with_part(GOOD, SHEET, sheet("<a>" * 5000 + "</a>" * 5000))


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + f']><worksheet {MAIN}><sheetData><row><c t="inlineStr"><is><t>&j;</t></is></c></row>'
    "</sheetData></worksheet>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    f'<worksheet {MAIN}><sheetData><row><c t="inlineStr"><is><t>&a;</t></is></c></row></sheetData>'
    "</worksheet>"
)
ROW_1 = '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip bomb": (_bomb, "unpacks to"),
    "zip bomb that lies of its size": (_lying_bomb, "damaged|cannot be unpacked"),
    "entities that expand": (lambda: with_part(GOOD, SHEET, ENTITIES.encode()), "entities"),
    "entities in UTF-16": (lambda: with_part(GOOD, SHEET, ENTITIES.encode("utf-16")), "entities"),
    "an entity from outside": (lambda: with_part(GOOD, SHEET, OUTSIDE.encode()), "entities"),
    "entities in the strings": (
        lambda: with_part(GOOD, "xl/sharedStrings.xml", ENTITIES.encode()),
        "entities",
    ),
    "entities in the styles": (
        lambda: with_part(GOOD, "xl/styles.xml", ENTITIES.encode()),
        "entities",
    ),
    "nested without end": (_nested, "nested too deep"),
    "cut in the middle": (lambda: GOOD[: len(GOOD) // 2], "damaged"),
    "no archive behind its first bytes": (lambda: b"PK\x03\x04" + b"\0" * 500, "damaged"),
    "a part that is no XML": (lambda: with_part(GOOD, SHEET, b"<row><"), "no XML"),
    "no workbook in it": (
        lambda: with_part(with_part(b"PK\x05\x06" + b"\0" * 18, "a.txt", b"x"), "b", b"y"),
        "no spreadsheet",
    ),
    "a row beyond the last": (
        lambda: with_part(GOOD, SHEET, sheet(ROW_1 + '<row r="4000000000"/>')),
        "claims a row",
    ),
    "a column far away": (
        lambda: with_part(GOOD, SHEET, sheet(ROW_1 + '<row r="2"><c r="XFD2"><v>1</v></c></row>')),
        "column XFD",
    ),
    "a string that is not there": (
        lambda: with_part(GOOD, SHEET, sheet('<row r="1"><c r="A1" t="s"><v>77</v></c></row>')),
        "damaged",
    ),
    "the same cell twice": (
        lambda: with_part(
            GOOD, SHEET, sheet('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>')
        ),
        "counted twice",
    ),
    "rows that run backwards": (
        lambda: with_part(
            GOOD,
            SHEET,
            sheet('<row r="5"><c r="A5"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>'),
        ),
        "counted twice",
    ),
    "a part twice": (
        lambda: GOOD.replace(b"xl/theme/theme1.xml", b"xl/workbook.xml\0\0\0\0"),
        "damaged|twice",
    ),
    "the old format": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old format"),
    "nothing in it": (lambda: book_of([]), "empty"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused_in_a_clear_sentence(name: str) -> None:
    make, said = ATTACKS[name]
    with pytest.raises(ParseError, match=said) as refused:
        read_table(make())
    assert refused.value.code not in {"crashed", "timeout"}, "refused, and not only survived"


def test_a_dimension_that_is_claimed_is_not_believed() -> None:
    huge = with_part(
        GOOD,
        SHEET,
        lambda part: part.replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1:XFD1048576"'),
    )
    assert huge != with_part(GOOD, SHEET, lambda part: part)
    assert read_table(huge).rows == (("Mill", "A1"), ("Mill", "A2"))


def test_too_many_parts() -> None:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(MOST_PARTS):
            archive.writestr(f"xl/media/{number}.bin", b"")
    with pytest.raises(ParseError, match="too many parts"):
        opened(out.getvalue())


def test_rows_are_counted_by_a_second_reader() -> None:
    data = book_of([["a", "b"], ["1", None], [None, None], [None, "2"]])
    counted = checked_parts(opened(data))[SHEET]
    assert (counted.rows, counted.cells, counted.last_column) == (3, 4, 2)
    assert len(read_sheet_table(data).rows) == counted.rows - 1


@settings(max_examples=40, deadline=None)
@example(rows=[["", "", "\x85"]])
@example(rows=[["x", "", "\x85"]])
@given(
    rows=st.lists(
        st.lists(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(-(10**14), 10**14),
                st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), max_size=12),
            ),
            min_size=3,
            max_size=3,
        ),
        max_size=8,
    )
)
def test_what_is_written_is_read(rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["a", "b", "c"])
    for row in rows:
        first.append([None] * 3)
        for column, value in enumerate(row, start=1):
            cell = first.cell(first.max_row + (column == 1), column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    found = read_sheet_table(saved(book))
    said = [
        ["" if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in row]
        for row in rows
    ]
    # blanks around a text are dropped as in a table of text, and a row of blanks alone is no row
    bare = [[cell.strip() for cell in row] for row in said]
    assert [list(row) for row in found.rows] == [row for row in bare if any(row)]


def test_damage_at_any_place_is_refused_or_does_no_harm() -> None:
    """Hundreds of changed bytes: never anything but a table or a refusal."""
    chance = np.random.default_rng(20261126)
    for _ in range(300):
        broken = bytearray(GOOD)
        for _change in range(int(chance.integers(1, 5))):
            broken[int(chance.integers(len(broken)))] = int(chance.integers(256))
        try:
            read_sheet_table(bytes(broken))
        except ParseError:
            continue


def test_a_csv_reader_does_not_load_what_reads_spreadsheets() -> None:
    code = (
        "import io, json, sys; sys.stdin = io.TextIOWrapper(io.BytesIO(b'\"\"\\na,b\\n1,2\\n'));"
        "from tocsin.formats import confined_table, confinement;"
        "confinement.confine = lambda _l: {}; confinement.leave_network = lambda: True;"
        "confined_table.main(); print('openpyxl' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.endswith("False\n")
    assert json.loads(done.stdout[: -len("False\n")])["header"] == ["a", "b"]
