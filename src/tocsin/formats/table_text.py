"""Tables of text: header and rows within bounds; and how they stand in a CSV file."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tocsin.errors import ParseError

MOST_ROWS = 200_000
MOST_COLUMNS = 100
MOST_CELL = 4_000
SEPARATORS = ",;\t|"
ENCODINGS = ("utf-16", "utf-8-sig", "cp1252")
"""With a mark that says so, as it should be, and as spreadsheets of western Windows write it."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table whose cells are text.

    Attributes
    ----------
    header : tuple of str
        Names of the columns, as they stand in the first row that is not empty or a remark.
    rows : tuple of tuple of str
        One per line below it, as long as the header; empty lines are left out.
    lines : tuple of int
        Line of the file, or row of the sheet, counted from 1, in which each row begins.
    sheet : str
        Sheet that was read; empty where there are none.
    sheets : tuple of str
        Sheets that hold something.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    sheet: str = ""
    sheets: tuple[str, ...] = ()


def read_text_table(data: bytes) -> TextTable:
    """Read a table.

    Lines before the header that begin with ``#`` are remarks (Tocsin's own exports have them).

    Raises
    ------
    ParseError
        Empty, not text, without a header, a row longer than the header, or beyond the bounds;
        the message names the line.
    """
    text = _decoded(data)
    if not text.strip():
        raise ParseError("the table is empty", code="empty")
    separator = _separator(text)
    return table_of(_cells(text, separator), f"is a text with “{separator}” in it not quoted?")


def table_of(lines_of_cells: Iterable[tuple[int, list[str]]], too_long: str) -> TextTable:
    """A table of lines of cells: the first that is not empty or a remark names the columns.

    Parameters
    ----------
    lines_of_cells : iterable of (int, list of str)
        Number of each line and its cells.
    too_long : str
        What may be wrong where a line has more cells than the header.

    Raises
    ------
    ParseError
        Without a header, a row longer than it, or beyond the bounds.
    """
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    for line, given in lines_of_cells:
        cells = [cell.strip() for cell in given]
        if not any(cells) or (not header and cells[0].startswith("#")):
            continue
        if any(len(cell) > MOST_CELL for cell in cells):
            raise ParseError(f"line {line}: a cell is longer than {MOST_CELL} characters")
        if not header:
            header = _header(cells, line)
            continue
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if len(cells) > len(header):
            raise ParseError(
                f"line {line} has {len(cells)} cells, the header {len(header)}: {too_long}"
            )
        rows.append(tuple(cells) + ("",) * (len(header) - len(cells)))
        lines.append(line)
        if len(rows) > MOST_ROWS:
            raise ParseError(f"more than {MOST_ROWS} rows: divide the table", code="too_large")
    if not header:
        raise ParseError("no line with the names of the columns was found")
    return TextTable(header, tuple(rows), tuple(lines))


def _cells(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            yield line, cells
    except csv.Error as error:
        raise ParseError(f"line {reader.line_num} cannot be read: {error}") from error


def warm_up() -> None:
    """Load what Python loads on first use: behind the fence no file can be opened."""
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    read_text_table(b"a,b\n1,2\n")


def _decoded(data: bytes) -> str:
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings: tuple[str, ...] = ENCODINGS[:1] if marked else ENCODINGS[1:]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise ParseError("is no table of text; save the spreadsheet as CSV (UTF-8)")


def _separator(text: str) -> str:
    """The separator that stands most often in the header line."""
    line = next((x for x in text.splitlines() if x.strip() and not x.startswith("#")), "")
    return max(SEPARATORS, key=line.count)


def _header(cells: list[str], line: int) -> tuple[str, ...]:
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise ParseError(f"line {line}: more than {MOST_COLUMNS} columns", code="too_large")
    lower = [cell.casefold() for cell in cells]
    twice = next((c for c in cells if lower.count(c.casefold()) > 1), None)
    if twice is not None:
        raise ParseError(f"line {line}: the column “{twice}” stands twice")
    if not all(cells):
        raise ParseError(f"line {line}: column {cells.index('') + 1} has no name")
    return tuple(cells)
