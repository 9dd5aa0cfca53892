"""Oversight for programs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.answers import MOST_ROWS, Detail, Page
from tocsin.server.oversight.models import Finding, How, Inspection
from tocsin.server.oversight.reading import (
    campaigns_for,
    discrepancies_for,
    findings_for,
    inspections_for,
    items_of,
    items_seen,
    listed,
    parts_for,
    reconciliations_for,
)
from tocsin.server.oversight.services.labels import items_typed
from tocsin.server.oversight.services.reconciling import answer_all
from tocsin.server.register.reading import source_figures_for

router = Router(tags=["oversight"])
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]


class InspectionOut(Schema):
    """An inspection."""

    id: UUID
    name: str
    holder: str
    planned_on: dt.date
    announced: bool
    state: str
    done_on: dt.date | None
    present: str


class InspectionList(Page):
    """A part of the inspections."""

    inspections: list[InspectionOut]


class FindingOut(Schema):
    """A finding."""

    id: UUID
    name: str
    holder: str
    inspection: UUID
    grade: str
    requirement: str
    due_on: dt.date
    state: str
    overdue: bool


class FindingList(Page):
    """A part of the findings."""

    findings: list[FindingOut]


class DiscrepancyOut(Schema):
    """Register and reality do not agree."""

    id: UUID
    name: str
    holder: str
    trouble: str
    what: str
    source: UUID | None = Field(description="None where it is none, or not to be seen")
    found_at: dt.datetime
    ending: str
    settlement: str


class DiscrepancyList(Page):
    """A part of the discrepancies."""

    discrepancies: list[DiscrepancyOut]


class ReconciliationOut(Schema):
    """A reconciliation with how far it is."""

    id: UUID
    year: int
    due_at: dt.datetime
    law: str = Field(description="Country profile and duty; empty where the authority set the day")
    closed_at: dt.datetime | None
    holders: int
    silent: int


class ListRow(Schema):
    """What one holder is asked."""

    id: UUID
    reconciliation: UUID
    year: int
    holder: str
    due_at: dt.datetime
    sources: int
    here: int
    not_here: int
    unsettled: int
    completed_at: dt.datetime | None


class Lists(Page):
    """A part of the lists."""

    lists: list[ListRow]


class ItemOut(Schema):
    """A source of a list with its latest answer."""

    source: UUID | None = Field(None, description="None where it is not to be seen")
    name: str
    here: bool | None
    how: str
    answered_at: dt.datetime | None
    note: str


class ListOut(ListRow):
    """A list with its sources."""

    items: list[ItemOut]


class AnswerIn(Schema):
    """Whether a source is there."""

    code: str = Field(
        min_length=1,
        max_length=400,
        description="What its label or that of its device holds, its short name (S-...), or its "
        "serial number; a device means every source in it",
    )
    here: bool
    note: str = Field("", max_length=1000, description="Needed where it is not there")


class CampaignOut(Schema):
    """A search campaign."""

    id: UUID
    title: str
    area: str
    reason: str
    begun_at: dt.datetime
    closed_at: dt.datetime | None
    leads: int
    places: int
    found: int
    result: str
    lessons: str


def _inspection(row: Inspection) -> dict[str, Any]:
    names = ("id", "name", "planned_on", "announced", "state", "done_on", "present")
    return {name: getattr(row, name) for name in names} | {"holder": row.holder.name}


@router.get("/inspections", response=InspectionList, url_name="oversight_inspections")
def inspections(request: HttpRequest, offset: Offset = 0, limit: Limit = 50) -> dict[str, Any]:
    """Inspections that I may see, the latest first."""
    rows = inspections_for(reader_of_request(request))
    found = [_inspection(row) for row in rows[offset : offset + limit]]
    return {"total": rows.count(), "offset": offset, "limit": limit, "inspections": found}


def _finding(row: Finding, today: dt.date) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "holder": row.holder.name,
        "inspection": row.inspection_id,
        "grade": row.grade,
        "requirement": row.requirement,
        "due_on": row.due_on,
        "state": row.state,
        "overdue": row.state != "closed" and row.due_on < today,
    }


@router.get("/findings", response=FindingList, url_name="oversight_findings")
def findings(request: HttpRequest, offset: Offset = 0, limit: Limit = 50) -> dict[str, Any]:
    """Findings that I may see, what is due first."""
    reader = reader_of_request(request)
    rows = findings_for(reader)
    found = [_finding(row, reader.at.date()) for row in rows[offset : offset + limit]]
    return {"total": rows.count(), "offset": offset, "limit": limit, "findings": found}


@router.get("/discrepancies", response=DiscrepancyList, url_name="oversight_discrepancies")
def discrepancies(
    request: HttpRequest, settled: bool = False, offset: Offset = 0, limit: Limit = 50
) -> dict[str, Any]:
    """Discrepancies that I may see; by default those that are open."""
    reader = reader_of_request(request)
    rows = discrepancies_for(reader).filter(settlement__isnull=not settled)
    part = list(rows[offset : offset + limit])
    named = [row.source_id for row in part if row.source_id]
    seen = set(source_figures_for(reader).filter(pk__in=named).values_list("pk", flat=True))
    found = [
        {
            "id": row.pk,
            "name": row.name,
            "holder": row.holder.name,
            "trouble": row.trouble,
            "what": row.what,
            "source": row.source_id if row.source_id in seen else None,
            "found_at": row.created_at,
            "ending": row.settlement.ending if settled else "",
            "settlement": row.settlement.note if settled else "",
        }
        for row in part
    ]
    return {"total": rows.count(), "offset": offset, "limit": limit, "discrepancies": found}


@router.get(
    "/reconciliations", response=list[ReconciliationOut], url_name="oversight_reconciliations"
)
def reconciliations(request: HttpRequest) -> list[dict[str, Any]]:
    """Reconciliations of the own register, the latest first."""
    return [
        {
            "id": row.pk,
            "year": row.year,
            "due_at": row.due_at,
            "law": row.law,
            "closed_at": row.closed_at,
            "holders": row.parts.count(),
            "silent": row.parts.filter(completed_at=None).count(),
        }
        for row in reconciliations_for(reader_of_request(request))[:MOST_ROWS]
    ]


def _list(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "reconciliation": row.reconciliation_id,
        "year": row.reconciliation.year,
        "holder": row.holder.name,
        "due_at": row.reconciliation.due_at,
        "sources": row.asked_of,
        "here": row.said_here,
        "not_here": row.said_not,
        "unsettled": row.unsettled,
        "completed_at": row.completed_at,
    }


@router.get("/lists", response=Lists, url_name="oversight_lists")
def lists(request: HttpRequest, offset: Offset = 0, limit: Limit = 50) -> dict[str, Any]:
    """What holders are asked, as far as I may see it."""
    rows = parts_for(reader_of_request(request)).order_by("-reconciliation__year", "holder__name")
    found = [_list(row) for row in rows[offset : offset + limit]]
    return {"total": rows.count(), "offset": offset, "limit": limit, "lists": found}


@router.get("/lists/{uuid:pk}", response={200: ListOut, 404: Detail}, url_name="oversight_list")
def list_one(
    request: HttpRequest, pk: UUID, offset: Offset = 0, limit: Limit = 50
) -> dict[str, Any]:
    """One list with a part of its sources, those without an answer first."""
    reader = reader_of_request(request)
    row = get_object_or_404(parts_for(reader), pk=pk)
    rows = list(items_of(row)[offset : offset + limit])
    return _list(row) | {
        "items": [
            {
                "source": item.source.pk if item.source else None,
                "name": item.source.name if item.source else "",
                "here": item.item.here,
                "how": item.last.how if item.last else "",
                "answered_at": item.item.answered_at,
                "note": item.last.note if item.last else "",
            }
            for item in listed(reader, row, rows)
        ]
    }


@router.post(
    "/lists/{uuid:pk}/answers",
    response={200: ListRow, 404: Detail, 422: Detail},
    url_name="oversight_answer",
)
def list_answer(request: HttpRequest, pk: UUID, given: AnswerIn) -> Any:
    """Say that a source of a list is there, or that it is not."""
    reader = reader_of_request(request)
    row = get_object_or_404(parts_for(reader), pk=pk)
    try:
        items = items_typed(items_seen(reader, row), given.code)
        answer_all(reader, items, here=given.here, how=How.PROGRAM, note=given.note)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return _list(parts_for(reader).get(pk=pk))


@router.get("/campaigns", response=list[CampaignOut], url_name="oversight_campaigns")
def campaigns(request: HttpRequest) -> list[dict[str, Any]]:
    """Search campaigns of the own register, the latest first."""
    return [
        {
            "id": row.pk,
            "title": row.title,
            "area": row.area,
            "reason": row.reason,
            "begun_at": row.created_at,
            "closed_at": row.closed_at,
            "leads": row.leads.count(),
            "places": row.searches.count(),
            "found": row.discoveries.count(),
            "result": row.result,
            "lessons": row.lessons,
        }
        for row in campaigns_for(reader_of_request(request))[:MOST_ROWS]
    ]
