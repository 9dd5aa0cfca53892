"""Tables of text: encodings, separators, bounds, and the fence around their reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ParseError
from tocsin.formats.confined_table import read_table
from tocsin.formats.table_text import MOST_CELL, TextTable, read_text_table

ROWS = [["name", "where", "n"], ["Mühle, alt", 'say "so"', "1"], ["x;y", "two\nlines", ""]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_common_form_is_read(separator: str, encoding: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(ROWS)
    table = read_text_table(text.getvalue().encode(encoding))
    assert table.header == ("name", "where", "n")
    assert [list(row) for row in table.rows] == ROWS[1:]
    assert table.lines == (2, 3)


def test_remarks_empty_lines_and_short_rows() -> None:
    table = read_text_table(b"# EXERCISE\n# Tocsin\n\na,b\n1\n\n2,3,\n")
    assert table.header == ("a", "b")
    assert table.rows == (("1", ""), ("2", "3"))
    assert table.lines == (5, 7)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"# only a remark\n", "names of the columns"),
        (b"a,b\n1,2,3\n", "line 2 has 3 cells"),
        (b"a,A\n", "stands twice"),
        (b"a,,c\n", "column 2 has no name"),
        (b"PK\x03\x04\x00\x00", "save the spreadsheet as CSV"),
        (b'a,b\n"1,2\n', "line"),
        (b"a\n" + b"x" * (MOST_CELL + 1), "longer than"),
    ],
)
def test_what_cannot_be_read_says_where(data: bytes, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read_text_table(data)


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    try:
        table = read_text_table(data)
    except ParseError:
        return
    assert all(len(row) == len(table.header) for row in table.rows)


@settings(max_examples=5)
@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2), max_size=6))
def test_behind_the_fence_it_reads_the_same(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], *rows])
    data = text.getvalue().encode("utf-8", errors="replace")
    assert _answer(read_table, data) == _answer(read_text_table, data)


def _answer(read: Callable[[bytes], TextTable], data: bytes) -> object:
    try:
        return read(data)
    except ParseError as error:
        return error.reason, error.code
