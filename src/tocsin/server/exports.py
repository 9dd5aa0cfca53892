"""Tables as CSV: marking, realm and provenance on top, and no cell that a program would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpResponse

import tocsin
from tocsin.server.accounts.models import Level
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader

LIMIT = 5_000
"""Rows of one export; the last line says when there were more."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


def cell(value: object) -> object:
    """A value as a cell; text that a spreadsheet would run as a formula is quoted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_answer(
    reader: Reader,
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    level: int,
    tlp: str = "RED",
) -> HttpResponse:
    """A download of a table.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    level : int
        Level of what the table holds: the highest of its rows.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f"# {reader.realm} {Level(level).name} TLP:{tlp}"])
    writer.writerow([f"# Tocsin {tocsin.__version__}, {now().isoformat(timespec='seconds')}"])
    writer.writerow(header)
    for count, row in enumerate(rows):
        if count == LIMIT:
            writer.writerow([f"# more than {LIMIT} rows: narrow the filter"])
            break
        writer.writerow([cell(value) for value in row])
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
