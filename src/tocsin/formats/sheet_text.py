"""Tables in a spreadsheet file (XLSX): one sheet as text, as CSV would give it.

Formulas are not evaluated: what the spreadsheet program stored as their result is read. Numbers are
written as they are kept, days as 2026-01-31 (of both calendars, 1900 and 1904), texts unchanged,
so that a number that was typed as text keeps its zeroes. Links to other files are not followed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError as XmlError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from tocsin.errors import ParseError
from tocsin.formats.sheet_check import SheetCount, checked_parts, column_letters, opened
from tocsin.formats.table_text import MOST_COLUMNS, TextTable, table_of

MOST_SHEETS = 100
EXACT = 1e15
"""Up to here a float is exact to the unit and written without an exponent."""
_PADDED = re.compile(r"0{2,}")
_UNIT = re.compile(r'[0#?]\s*(?:\\ )?"\s*([^"]*[^\W\d_][^"]*)"\s*$')
_BROKEN = (
    *(KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError),
    *(XmlError, zipfile.BadZipFile, InvalidFileException, OSError, EOFError),
)
"""What the library raises where a part is missing or says something that cannot be."""


def read_sheet_table(data: bytes, sheet: str = "") -> TextTable:
    """Read one sheet of a spreadsheet.

    Parameters
    ----------
    data : bytes
        The XLSX file.
    sheet : str
        Name of the sheet; the first that is shown and holds something where it is empty.

    Raises
    ------
    ParseError
        No spreadsheet, damaged, beyond the bounds, no such sheet, or a cell that holds an error or
        a formula without a stored result; the message names the cell.
    """
    archive = opened(data)
    counts = checked_parts(archive)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(data, counts, sheet)
    except _BROKEN as error:
        raise ParseError("the spreadsheet is damaged: a part says what cannot be") from error


def warm_up_sheets() -> None:
    """Load what is loaded on first use: behind the fence no file can be opened."""
    book = openpyxl.Workbook()
    first: Any = book.active
    first.append(["a", "b"])
    first.append([1.5, dt.datetime(2026, 1, 31, 12)])  # noqa: DTZ001 a sheet knows no zone
    out = io.BytesIO()
    book.save(out)
    read_sheet_table(out.getvalue())


def _read(data: bytes, counts: dict[str, SheetCount], wanted: str) -> TextTable:
    book = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=True, keep_links=False
    )
    shown = [s for s in book.worksheets if s.sheet_state == "visible"]
    held = {s.title: s for s in shown if _count_of(s, counts).cells}
    if len(held) > MOST_SHEETS:
        raise ParseError(f"more than {MOST_SHEETS} sheets", code="too_large")
    if not held:
        raise ParseError("the spreadsheet is empty", code="empty")
    if wanted and wanted not in held:
        raise ParseError(f"there is no sheet “{wanted[:40]}” that holds something")
    name = wanted or next(iter(held))
    count = _count_of(held[name], counts)
    if count.no_result:
        raise ParseError(
            f"cell {count.no_result} is a formula without a stored result: open the file in a "
            "spreadsheet program and save it"
        )
    if count.last_column > MOST_COLUMNS:
        raise ParseError(
            f"the sheet reaches to column {column_letters(count.last_column)}: more than "
            f"{MOST_COLUMNS} columns",
            code="too_large",
        )
    seen = SheetCount()
    table = table_of(_cells(held[name], seen), "has a cell no column?")
    if (seen.rows, seen.cells) != (count.rows, count.cells):
        raise ParseError(
            f"the spreadsheet is damaged: counted twice, it has {count.rows} rows with "
            f"{count.cells} cells and {seen.rows} rows with {seen.cells}"
        )
    return TextTable(table.header, table.rows, table.lines, name, tuple(held))


def _count_of(sheet: Any, counts: dict[str, SheetCount]) -> SheetCount:
    # the library tells only here which part of the archive a sheet is
    return counts.get(str(sheet._worksheet_path).lstrip("/"), SheetCount())


def _cells(sheet: Any, seen: SheetCount) -> Iterator[tuple[int, list[str]]]:
    # what a sheet says of its own size is not believed
    sheet.reset_dimensions()
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        held = sum(1 for cell in cells if cell.value is not None)
        if held:
            seen.rows += 1
            seen.cells += held
            yield line, [_text(cell, line, at) for at, cell in enumerate(cells, start=1)]


def _text(cell: Any, line: int, column: int) -> str:
    value = cell.value
    if value is None or isinstance(value, str):
        if cell.data_type == "e" and value:
            raise ParseError(
                f"cell {column_letters(column)}{line} holds the error {value}: mend it in the "
                "spreadsheet"
            )
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format or ""))
    return str(value)


def _number(value: float, form: str) -> str:
    """A number as it is kept; zeroes in front and a unit behind it, if its format shows them."""
    exact = isinstance(value, int) or (value.is_integer() and abs(value) < EXACT)
    text = str(int(value)) if exact else repr(value)
    positive = form.split(";")[0]
    if exact and value >= 0 and _PADDED.fullmatch(positive):
        return text.zfill(len(positive))
    unit = _UNIT.search(positive)
    return f"{text} {unit[1].strip()}" if unit else text
