"""Counts of incidents and fact sheets, for programs: read only."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.answers import MOST_ROWS, Detail, Page
from tocsin.server.marking.highwater import mark_of_rows
from tocsin.server.statistics.content import numbers_of
from tocsin.server.statistics.models import FactSheet
from tocsin.server.statistics.publishing import as_told
from tocsin.server.statistics.reading import Asked, count, counted_rows, sheets_for
from tocsin.server.statistics.services import is_approved

router = Router(tags=["statistics"])

Form = Literal["full", "public"]


class TableOut(Schema):
    """Counts by year and something else; null where a number is not published."""

    name: str
    keys: list[str]
    rows: list[list[int | None]]
    totals: list[int | None] | None = Field(
        None, description="Of the rows; null where an incident may stand in several columns."
    )


class ShareOut(Schema):
    """A part of those of which it is known, with the interval of Clopper and Pearson (95 %)."""

    part: int
    whole: int
    low: float
    high: float


class CountsOut(Schema):
    """What is counted, as known on a day."""

    known_on: dt.date
    counted_at: dt.datetime
    form: Form
    edition: str
    country: str
    years: list[int]
    least_published: int | None = Field(
        None, description="Smallest count that is published; null where all are given."
    )
    incidents: int | None
    not_counted: int | None
    undated: int | None
    tables: list[TableOut]
    transport: ShareOut | None
    recovered: ShareOut | None
    recovery_median_days: float | None
    delay_median_days: float | None
    realm: str
    level: int
    tlp: str


class SheetRow(Schema):
    """A fact sheet in a list."""

    id: UUID
    name: str
    year: int
    known_on: dt.date
    recorded_until: dt.datetime
    sha256: str
    approved: bool
    realm: str
    level: int
    tlp: str


class SheetList(Page):
    """A part of the fact sheets."""

    sheets: list[SheetRow]


class SheetOut(CountsOut):
    """A fact sheet with its numbers, which never change."""

    id: UUID
    name: str
    sha256: str
    approved: bool = Field(
        description="Whether a second person approved its public form; else that is a draft."
    )


class CountsQuery(Schema):
    """What is counted."""

    known_on: str = Field("", max_length=10, description="Day whose knowledge counts; today.")
    last_year: str = Field("", max_length=4, description="Last year of the tables.")
    years: str = Field("", max_length=2, description="How many years they show.")
    edition: str = Field("", max_length=8, description="Of the definitions of the groups.")
    country: str = Field("", max_length=2, description="Only where it happened there.")
    form: Form = Field("full", description="With every number, or as it may be published.")


@router.get("", response={200: CountsOut, 422: Detail}, url_name="statistics_counts")
def counts(request: HttpRequest, given: Annotated[CountsQuery, Query()]) -> Any:
    """Incidents that I may see, counted as known on a day, with the definitions that were used."""
    reader = reader_of_request(request)
    try:
        asked = Asked.of(given.dict(exclude={"form"}), reader.at.date())
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    numbers = numbers_of(count(reader, asked), asked.edition) | {"country": asked.country}
    mark = mark_of_rows(reader.realm, counted_rows(reader))
    return {
        **as_told(numbers, public=given.form == "public"),
        "known_on": asked.known_on,
        "counted_at": reader.at,
        "form": given.form,
        "realm": mark.realm,
        "level": mark.level,
        "tlp": mark.tlp,
    }


@router.get("/sheets", response=SheetList, url_name="statistics_sheets")
def sheets(
    request: HttpRequest,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> dict[str, Any]:
    """Fact sheets that I may see, the newest first."""
    rows = sheets_for(reader_of_request(request))
    return {
        "total": rows.count(),
        "offset": offset,
        "limit": limit,
        "sheets": [
            {**_row(row), "year": row.year, "recorded_until": row.recorded_until}
            for row in rows[offset : offset + limit]
        ],
    }


@router.get("/sheets/{uuid:pk}", response={200: SheetOut, 404: Detail}, url_name="statistics_sheet")
def sheet(request: HttpRequest, pk: UUID, form: Form = "full") -> dict[str, Any]:
    """One fact sheet, with every number or as it may be published."""
    row: FactSheet = get_object_or_404(sheets_for(reader_of_request(request)), pk=pk)
    return {
        **as_told(row.numbers, public=form == "public"),
        **_row(row),
        "counted_at": row.recorded_until,
        "form": form,
    }


def _row(row: FactSheet) -> dict[str, Any]:
    names = ("id", "name", "known_on", "sha256", "realm", "level", "tlp")
    return {**{name: getattr(row, name) for name in names}, "approved": is_approved(row)}
