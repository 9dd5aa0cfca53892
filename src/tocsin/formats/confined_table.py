"""Tables that people bring, read in a confined child process like every other file."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Callable

from tocsin.errors import ParseError
from tocsin.formats import confinement
from tocsin.formats.confined_child import answered, asked
from tocsin.formats.limits import OFFLINE, Limits
from tocsin.formats.sheet_check import OLE, ZIP
from tocsin.formats.table_text import (
    MOST_COLUMNS,
    MOST_ROWS,
    TextTable,
    read_text_table,
    warm_up,
)


def read_table(data: bytes, *, sheet: str = "", limits: Limits | None = None) -> TextTable:
    """Header and rows of a table: CSV, or one sheet of a spreadsheet (XLSX).

    Parameters
    ----------
    sheet : str
        Of a spreadsheet; the first that holds something where it is empty.

    Raises
    ------
    ParseError
        When it is no table, is damaged or beyond the bounds, or its reader did not survive it.
    """
    limits = limits or OFFLINE
    if not data:
        raise ParseError("the table is empty", code="empty")
    if len(data) > limits.max_bytes:
        raise ParseError("the table is too large", code="too_large")
    given = json.dumps(sheet).encode() + b"\n" + data
    answer = asked("tocsin.formats.confined_table", given, what="the table", limits=limits)
    return _believed(answer)


def _believed(answer: bytes) -> TextTable:
    """What the child says, if it has the form that it must have."""
    try:
        found = json.loads(answer)
        header = tuple(found["header"])
        rows = tuple(tuple(row) for row in found["rows"])
        lines = tuple(found["lines"])
        sheet, sheets = found["sheet"], tuple(found["sheets"])
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError("the reader of the table was cut off", code="crashed") from error
    sound = (
        0 < len(header) <= MOST_COLUMNS
        and len(rows) == len(lines) <= MOST_ROWS
        and all(isinstance(cell, str) for row in (header, *rows) for cell in row)
        and all(len(row) == len(header) for row in rows)
        and all(type(line) is int for line in lines)
        and all(isinstance(name, str) for name in (sheet, *sheets))
    )
    if not sound:
        raise ParseError("the reader of the table was cut off", code="crashed")
    return TextTable(header, rows, lines, sheet, sheets)


def _reader_of(data: bytes, sheet: str) -> Callable[[bytes], TextTable]:
    """What reads these bytes, with all loaded that it needs."""
    if data.startswith((ZIP, OLE)):
        # only who reads a spreadsheet pays for loading what reads them
        from tocsin.formats.sheet_text import read_sheet_table, warm_up_sheets

        warm_up_sheets()
        return lambda content: read_sheet_table(content, sheet)
    warm_up()
    return read_text_table


def main() -> int:
    """Life of the child: read, confine, parse, answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits = OFFLINE
    sheet = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read(limits.max_bytes + 1)
    read = _reader_of(data, sheet)
    confinement.leave_network()
    confinement.confine(limits)
    return answered(lambda: json.dumps(dataclasses.asdict(read(data))).encode())


if __name__ == "__main__":
    # Nothing is flushed or closed behind the fence: a leave without ceremony.
    os._exit(main())
