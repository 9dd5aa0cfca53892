"""Tables that people bring, read in a confined child process like every other file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from tocsin.errors import ParseError
from tocsin.formats import confinement
from tocsin.formats.limits import OFFLINE, Limits
from tocsin.formats.table_text import (
    MOST_COLUMNS,
    MOST_ROWS,
    TextTable,
    read_text_table,
    warm_up,
)

_FAILED = 65


def read_table(data: bytes, *, limits: Limits | None = None) -> TextTable:
    """Header and rows of a table of text.

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
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tocsin.formats.confined_table"],
            input=data,
            capture_output=True,
            check=False,
            timeout=limits.wall_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ParseError("the table took too long to read", code="timeout") from error
    if done.returncode == _FAILED:
        code, _, text = done.stdout.decode("utf-8", errors="replace")[:400].partition(" ")
        raise ParseError(text, code=code)
    if done.returncode:
        raise ParseError("the table broke its reader", code="crashed")
    return _believed(done.stdout)


def _believed(answer: bytes) -> TextTable:
    """What the child says, if it has the form that it must have."""
    try:
        found = json.loads(answer)
        header = tuple(found["header"])
        rows = tuple(tuple(row) for row in found["rows"])
        lines = tuple(found["lines"])
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError("the reader of the table was cut off", code="crashed") from error
    sound = (
        0 < len(header) <= MOST_COLUMNS
        and len(rows) == len(lines) <= MOST_ROWS
        and all(isinstance(cell, str) for row in (header, *rows) for cell in row)
        and all(len(row) == len(header) for row in rows)
        and all(type(line) is int for line in lines)
    )
    if not sound:
        raise ParseError("the reader of the table was cut off", code="crashed")
    return TextTable(header, rows, lines)


def main() -> int:
    """Life of the child: read, confine, parse, answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up()
    limits = OFFLINE
    data = sys.stdin.buffer.read(limits.max_bytes + 1)
    confinement.leave_network()
    confinement.confine(limits)
    status = 0
    try:
        table = read_text_table(data)
        answer = json.dumps(
            {"header": table.header, "rows": table.rows, "lines": table.lines}
        ).encode()
    except ParseError as error:
        answer, status = f"{error.code} {error.reason}".encode(), _FAILED
    while answer:
        answer = answer[os.write(1, answer) :]
    return status


if __name__ == "__main__":
    # Nothing is flushed or closed behind the fence: a leave without ceremony.
    os._exit(main())
