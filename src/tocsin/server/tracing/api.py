"""Candidates and what is missing, for programs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.answers import MOST_ROWS, Detail, Page
from tocsin.server.tracing.missing import missing_now
from tocsin.server.tracing.models import Candidate, CandidateState, Verdict
from tocsin.server.tracing.reading import candidates_for, queue
from tocsin.server.tracing.services.judging import judge

router = Router(tags=["tracing"])


class CandidateRow(Schema):
    """Two rows that may be of one thing."""

    id: UUID
    name: str
    relation: str
    found_kind: str
    found_id: UUID
    found_title: str
    lost_kind: str
    lost_id: UUID
    lost_title: str
    probability: float
    zone: str
    state: str
    compared_at: dt.datetime
    realm: str
    level: int
    tlp: str


class CandidateList(Page):
    """A part of the candidates."""

    candidates: list[CandidateRow]


class ComparisonOut(Schema):
    """What was compared, and what each field weighs in bits."""

    number: int
    at: dt.datetime
    found: dict[str, Any]
    lost: dict[str, Any]
    probability: float
    zone: str
    refused: str
    weights: list[dict[str, Any]]
    prior_bits: float
    versions: dict[str, str]


class JudgementOut(Schema):
    """What a person said."""

    verdict: str
    at: dt.datetime
    person: str
    reason: str


class CandidateOut(CandidateRow):
    """A candidate with its comparisons and judgements."""

    comparisons: list[ComparisonOut]
    judgements: list[JudgementOut]


class CandidateQuery(Schema):
    """Which candidates are wanted."""

    about: UUID | None = Field(None, description="A row that is one of the two sides.")
    zone: str = Field("", max_length=6)
    state: str = Field("", max_length=8)
    offset: int = Field(0, ge=0, le=1_000_000)


class JudgementIn(Schema):
    """Accept or refuse, in words."""

    verdict: Verdict
    reason: str = Field(min_length=1, max_length=1000)


class MissingRow(Schema):
    """A source that is missing."""

    id: UUID
    name: str
    nuclides: str
    category_today: int | None
    A_over_D_today: float | None
    status: str
    since: dt.date
    days_missing: int
    alert_sheet: UUID | None
    incidents: list[UUID]
    clocks_running: int
    clocks_late: int


class MissingList(Schema):
    """What is missing now, the most dangerous first."""

    missing: list[MissingRow]


@router.get("/candidates", response=CandidateList, url_name="tracing_candidates")
def candidates(request: HttpRequest, given: Annotated[CandidateQuery, Query()]) -> dict[str, Any]:
    """Candidates by zone and probability; open ones unless a state is given."""
    state = given.state if given.state in CandidateState.values else ""
    rows = queue(candidates_for(reader_of_request(request)), given.zone, state)
    if given.about is not None:
        rows = rows.filter(Q(found_id=given.about) | Q(lost_id=given.about))
    total = rows.count()
    return {
        "total": total,
        "offset": given.offset,
        "limit": MOST_ROWS,
        "candidates": list(rows[given.offset : given.offset + MOST_ROWS]),
    }


@router.get(
    "/candidates/{uuid:pk}", response={200: CandidateOut, 404: Detail}, url_name="tracing_candidate"
)
def candidate(request: HttpRequest, pk: UUID) -> Any:
    """One candidate with all that was compared and said."""
    return _told(get_object_or_404(candidates_for(reader_of_request(request)), pk=pk))


@router.post(
    "/candidates/{uuid:pk}/judgements",
    response={200: CandidateOut, 404: Detail, 409: Detail},
    url_name="tracing_judge",
)
def judgement(request: HttpRequest, pk: UUID, given: JudgementIn) -> Any:
    """Accept a candidate or refuse it; no loss is closed by that."""
    reader = reader_of_request(request)
    row: Candidate = get_object_or_404(candidates_for(reader), pk=pk)
    try:
        judge(reader, row, verdict=given.verdict, reason=given.reason)
    except InvalidInput as error:
        return Status(409, {"detail": str(error)})
    return _told(candidates_for(reader).get(pk=pk))


@router.get("/missing", response=MissingList, url_name="tracing_missing")
def missing(request: HttpRequest) -> dict[str, Any]:
    """What is missing now, with the category of today."""
    return {
        "missing": [
            {
                "id": row.source.pk,
                "name": row.source.name,
                "nuclides": row.source.nuclides,
                "category_today": row.category,
                "A_over_D_today": row.ratio_A_over_D,
                "status": row.source.status,
                "since": row.source.since,
                "days_missing": row.days,
                "alert_sheet": None if row.sheet is None else row.sheet.pk,
                "incidents": [incident.pk for incident in row.incidents],
                "clocks_running": row.running,
                "clocks_late": row.late,
            }
            for row in missing_now(reader_of_request(request))
        ]
    }


def _told(row: Candidate) -> dict[str, Any]:
    said = row.judgements.select_related("by")
    return {
        **{name: getattr(row, name) for name in CandidateRow.model_fields},
        "comparisons": list(row.comparisons.all()),
        "judgements": [
            {"verdict": j.verdict, "at": j.at, "person": j.by.name, "reason": j.reason}
            for j in said
        ],
    }
