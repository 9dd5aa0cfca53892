"""Tables as CSV: marking, realm and provenance on top, and no cell that a program would run.

Each table that leaves has its leaf in the log, and the rows in it count as read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.http import HttpResponse

import tocsin
from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.aggregation import PlacesWithheld, in_force, together
from tocsin.server.marking.highwater import Mark, mark_of_rows
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import Reader
from tocsin.server.marking.reading import MOST_ROWS

LIMIT = MOST_ROWS * 4 // 5
"""Rows of one table: below the limit on reading, so that a long list does not stop its reader."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


@dataclass(frozen=True)
class Places:
    """Columns that say where, and which rows fill them.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns; they are fields of the row.
    told : Q
        Rows that tell a place.
    """

    columns: Sequence[str]
    told: models.Q


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


def csv_of_rows(
    reader: Reader,
    name: str,
    header: Sequence[str],
    found: models.QuerySet[Any],
    cells: Callable[[Any], Sequence[object]],
    *,
    action: str,
    places: Places | None = None,
) -> HttpResponse:
    """A download of a list of marked rows, cut where it is longer than one reader is shown.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    found : QuerySet
        The rows, as the policy opens them to the reader.
    cells : callable
        Cells of one row.
    action : str
        As the log calls it.
    places : Places, optional
        Columns that say where. Of a list with many places the mark is one level higher; who is not
        cleared for it gets the list without them. The whole list counts, not the part that is sent.
    """
    total = found.count()
    rows = list(found[:LIMIT])
    own = found.model._default_manager.filter(pk__in=[row.pk for row in rows])
    mark = mark_of_rows(reader.realm, own)
    notes = []
    if total > len(rows):
        notes.append(f"cut: the first {len(rows)} of {total} rows; narrow the filter")
    if places is not None:
        mark, withheld = with_places(reader, found, mark, places)
        if withheld:
            notes.append(withheld)
            places = None
    shown = tuple(places.columns) if places is not None else ()
    return csv_answer(
        reader,
        name,
        (*header, *shown),
        ((*cells(row), *(getattr(row, column) for column in shown)) for row in rows),
        mark=mark,
        action=action,
        notes=notes,
    )


def with_places(
    reader: Reader, found: models.QuerySet[Any], mark: Mark, places: Places
) -> tuple[Mark, str]:
    """Mark of a list that leaves with its places, or why it leaves without them.

    Parameters
    ----------
    found : QuerySet
        The whole list, as the policy opens it to the reader.
    mark : Mark
        Of its rows.

    Returns
    -------
    mark, withheld
        ``withheld`` is empty where the places leave too.
    """
    # whether they are too many is all that is asked
    told = found.filter(places.told).order_by()[: in_force().most + 1].count()
    try:
        return together(reader, mark, places=told), ""
    except PlacesWithheld as refusal:
        return mark, f"without places: so many together are {Level(refusal.level).name}"


def part_with_places(
    reader: Reader, found: models.QuerySet[Any], offset: int, limit: int, places: Places
) -> tuple[list[Any], dict[str, Any]]:
    """A part of a list for a program, and what the answer says of it.

    Returns
    -------
    rows, about
        The rows, their places empty where the reader is not cleared for so many together; total,
        offset, limit, mark, and whether the places are withheld.
    """
    rows = list(found[offset : offset + limit])
    own = found.model._default_manager.filter(pk__in=[row.pk for row in rows])
    mark, withheld = with_places(reader, found, mark_of_rows(reader.realm, own), places)
    for row in rows if withheld else ():
        for column in places.columns:
            setattr(row, column, "")
    about = {"total": found.count(), "offset": offset, "limit": limit}
    return rows, about | {
        "level": mark.level,
        "tlp": mark.tlp,
        "places_withheld": bool(withheld),
    }


@transaction.atomic
def csv_answer(
    reader: Reader,
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    mark: Mark,
    action: str,
    subject: models.Model | None = None,
    notes: Sequence[str] = (),
) -> HttpResponse:
    """A download of a table.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    mark : Mark
        Of what the table holds.
    action : str
        As the log calls it.
    subject : Model, optional
        Row that the table tells of; of a list of rows the log names who took it.
    notes : sequence of str
        What a reader must know of it, for example that it is cut.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    marking = f"# {mark.realm} {Level(mark.level).name} TLP:{mark.tlp}"
    circles = Compartment.objects.filter(pk__in=mark.compartments).values_list("code", flat=True)
    writer.writerow([" ".join((marking, *circles))])
    writer.writerow([f"# Tocsin {tocsin.__version__}, {now().isoformat(timespec='seconds')}"])
    for note in notes:
        writer.writerow([f"# {note}"])
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([cell(value) for value in row])
        count += 1
    record(
        actor=reader.person,
        action=action,
        subject=subject or reader.person,
        after={
            "table": name,
            "rows": count,
            "realm": mark.realm,
            "level": mark.level,
            "tlp": mark.tlp,
            "notes": list(notes),
        },
    )
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
