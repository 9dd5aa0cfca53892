"""Duties for programs: roster, own notices, legal clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.accounts.models import Person
from tocsin.server.answers import MOST_ROWS, Detail
from tocsin.server.duties.models import Clock, Notice, Shift
from tocsin.server.duties.reading import (
    clock_rows,
    clocks_for,
    notices_for,
    roles_now,
    shifts_for,
    text_of,
)
from tocsin.server.duties.services import (
    acknowledge,
    cancel_shift,
    end_clock,
    plan_shift,
    take_over,
)
from tocsin.server.marking.policy import Reader, visible

router = Router(tags=["duties"])


class RoleOut(Schema):
    """A role and who answers for it now."""

    role: str
    people: list[str]
    taken: bool
    relief_missing: list[str]


class ShiftOut(Schema):
    """A planned shift."""

    id: UUID
    role: str
    person: str
    start: datetime
    end: datetime
    cancelled_at: datetime | None


class RosterOut(Schema):
    """The roster of the own organisation."""

    now: list[RoleOut]
    shifts: list[ShiftOut]


class ShiftIn(Schema):
    """A shift to plan."""

    person: UUID
    role: str = Field(max_length=24)
    start: datetime
    end: datetime


class ReasonIn(Schema):
    """Why."""

    reason: str = Field(min_length=1, max_length=400)


class TakeoverIn(Schema):
    """Going on duty."""

    role: str = Field(max_length=24)
    note: str = Field("", max_length=4000)


class NoticeOut(Schema):
    """A notice for which one was called."""

    id: UUID
    text: str
    address: str
    created_at: datetime
    step: int
    next_due_at: datetime | None
    acknowledged_at: datetime | None


class ClockOut(Schema):
    """A legal clock."""

    id: UUID
    profile: str
    duty: str
    title: str
    about: str
    reason: str
    started_at: datetime
    due_at: datetime
    standing: str
    source: str
    verification: str


class ClockEndIn(Schema):
    """The end of a clock."""

    met: bool
    reason: str = Field(min_length=1, max_length=400)


def _shift(shift: Shift) -> dict[str, Any]:
    return {
        "id": shift.pk,
        "role": shift.role,
        "person": shift.person.name,
        "start": shift.start,
        "end": shift.end,
        "cancelled_at": shift.cancelled_at,
    }


@router.get("/roster", response=RosterOut, url_name="duties_roster")
def roster(request: HttpRequest, days: Annotated[int, Query(ge=1, le=60)] = 14) -> dict[str, Any]:
    """Who is on duty now, and the shifts of the next days."""
    reader = reader_of_request(request)
    shifts = shifts_for(reader, reader.at, reader.at + timedelta(days=days))
    return {
        "now": [
            {
                "role": role.role,
                "people": [p.name for p in role.people],
                "taken": role.taken,
                "relief_missing": [p.name for p in role.relief_missing],
            }
            for role in roles_now(reader)
        ],
        "shifts": [_shift(s) for s in shifts[:MOST_ROWS]],
    }


@router.post(
    "/shifts", response={201: ShiftOut, 404: Detail, 422: Detail}, url_name="duties_shifts"
)
def shift_add(request: HttpRequest, given: ShiftIn) -> Any:
    """Plan a shift of a person of the own organisation."""
    reader = reader_of_request(request)
    person = get_object_or_404(Person, pk=given.person, organisation=reader.person.organisation)
    try:
        shift = plan_shift(reader, person=person, role=given.role, start=given.start, end=given.end)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, _shift(shift))


@router.post(
    "/shifts/{uuid:pk}/cancel",
    response={200: ShiftOut, 404: Detail, 422: Detail},
    url_name="duties_shift_cancel",
)
def shift_cancel(request: HttpRequest, pk: UUID, given: ReasonIn) -> Any:
    """Take a planned shift back."""
    reader = reader_of_request(request)
    shift = get_object_or_404(
        visible(reader, Shift.objects.filter(originator=reader.person.organisation)), pk=pk
    )
    try:
        return _shift(cancel_shift(reader, shift, reason=given.reason))
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})


@router.post("/take-over", response={201: RoleOut, 422: Detail}, url_name="duties_takeover")
def takeover(request: HttpRequest, given: TakeoverIn) -> Any:
    """Go on duty for a role."""
    reader = reader_of_request(request)
    try:
        take_over(reader, role=given.role, note=given.note)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(
        201,
        {
            "role": given.role,
            "people": [reader.person.name],
            "taken": True,
            "relief_missing": [],
        },
    )


def _notice(notice: Notice) -> dict[str, Any]:
    ended = getattr(notice, "acknowledgement", None)
    return {
        "id": notice.pk,
        "text": text_of(notice),
        "address": notice.address,
        "created_at": notice.created_at,
        "step": notice.step,
        "next_due_at": notice.next_due_at,
        "acknowledged_at": ended.at if ended else None,
    }


@router.get("/notices", response=list[NoticeOut], url_name="duties_notices")
def notices(request: HttpRequest, waiting: bool = True) -> list[dict[str, Any]]:
    """Notices for which I was called; by default those that nobody has acknowledged."""
    rows = notices_for(reader_of_request(request)).order_by("-created_at")
    if waiting:
        rows = rows.filter(acknowledgement=None)
    return [_notice(n) for n in rows[:MOST_ROWS]]


@router.post(
    "/notices/{uuid:pk}/acknowledge",
    response={200: NoticeOut, 404: Detail},
    url_name="duties_notice_acknowledge",
)
def notice_acknowledge(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Answer for a notice: nobody further is called."""
    reader = reader_of_request(request)
    notice = get_object_or_404(notices_for(reader), pk=pk)
    acknowledge(reader, notice)
    return _notice(notices_for(reader).get(pk=pk))


def clock_out(reader: Reader, clock: Clock) -> dict[str, Any]:
    """A clock as the interface tells it."""
    (row,) = clock_rows(reader, [clock])
    return {
        "id": clock.pk,
        "profile": clock.profile,
        "duty": clock.duty,
        "title": row.title,
        "about": row.about,
        "reason": clock.reason,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "standing": row.standing.value,
        "source": row.duty.source if row.duty else "",
        "verification": row.duty.verification if row.duty else "",
    }


@router.get("/clocks", response=list[ClockOut], url_name="duties_clocks")
def clocks(request: HttpRequest, running: bool = True) -> list[dict[str, Any]]:
    """Legal clocks that I may see; by default those that run."""
    reader = reader_of_request(request)
    rows = clocks_for(reader)
    if running:
        rows = rows.filter(end=None)
    return [clock_out(reader, c) for c in rows[:MOST_ROWS]]


@router.post(
    "/clocks/{uuid:pk}/end",
    response={200: ClockOut, 404: Detail, 422: Detail},
    url_name="duties_clock_end",
)
def clock_end(request: HttpRequest, pk: UUID, given: ClockEndIn) -> Any:
    """Say that a duty was met, or that its clock stops, and why."""
    reader = reader_of_request(request)
    clock = clocks_for(reader).filter(pk=pk).first()
    if clock is None:
        raise Http404
    try:
        end_clock(reader, clock, met=given.met, reason=given.reason)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return clock_out(reader, clocks_for(reader).get(pk=pk))
