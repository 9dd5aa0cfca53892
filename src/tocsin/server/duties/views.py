"""Pages of duties: roster, own notices, legal clocks."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.roles import ROLE_NAMES
from tocsin.server.duties.models import Shift
from tocsin.server.duties.profiles import available
from tocsin.server.duties.reading import (
    ROSTER_ROLES,
    clock_rows,
    clocks_for,
    notices_for,
    profile_tables,
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
from tocsin.server.exports import csv_of_rows
from tocsin.server.marking.policy import may, visible
from tocsin.server.typed import moment

WEEK = timedelta(days=7)
PAGE_ROWS = 50


@require_GET
def roster(request: ReaderRequest) -> HttpResponse:
    """Who is on duty now, who is planned, and where nobody is."""
    reader = request.reader
    shifts = shifts_for(reader, reader.at - timedelta(days=1), reader.at + 2 * WEEK)
    may_plan = may(reader, "duties.roster")
    people = Person.objects.filter(organisation=reader.person.organisation, is_active=True)
    return render(
        request,
        "duties/roster.html",
        {
            "roles": roles_now(reader),
            "shifts": shifts,
            "may_plan": may_plan,
            "people": people if may_plan else [],
            "role_choices": [(role, ROLE_NAMES[role]) for role in ROSTER_ROLES],
            "at": reader.at,
        },
    )


@require_GET
def roster_csv(request: ReaderRequest) -> HttpResponse:
    """The planned shifts as a table."""
    reader = request.reader
    return csv_of_rows(
        reader,
        "roster",
        ("role", "person", "from", "until", "cancelled", "reason"),
        shifts_for(reader, reader.at - WEEK, reader.at + 8 * WEEK),
        lambda s: (s.role, s.person.name, s.start, s.end, s.cancelled_at, s.cancel_reason),
        action="duties.export",
    )


@require_POST
def shift_add(request: ReaderRequest) -> HttpResponse:
    """Plan a shift."""
    given = request.POST
    try:
        person = Person.objects.filter(
            pk=given.get("person", ""), organisation=request.reader.person.organisation
        ).first()
        if person is None:
            raise InvalidInput(_("Choose a person of your organisation."))
        plan_shift(
            request.reader,
            person=person,
            role=given.get("role", ""),
            start=moment(given.get("start", "")),
            end=moment(given.get("end", "")),
        )
    except (InvalidInput, ValidationError) as error:
        messages.error(request, _said(error))
    return redirect("duties:roster")


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return _("Choose a person of your organisation.")
    return str(error)


@require_POST
def shift_cancel(request: ReaderRequest, pk: str) -> HttpResponse:
    """Take a shift back."""
    own = Shift.objects.filter(originator=request.reader.person.organisation)
    shift = get_object_or_404(visible(request.reader, own), pk=pk)
    try:
        cancel_shift(request.reader, shift, reason=request.POST.get("reason", "")[:400])
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("duties:roster")


@require_POST
def takeover(request: ReaderRequest) -> HttpResponse:
    """Go on duty."""
    try:
        take_over(
            request.reader,
            role=request.POST.get("role", ""),
            note=request.POST.get("note", "")[:4000],
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("duties:roster")


@require_GET
def notices(request: ReaderRequest) -> HttpResponse:
    """What I was called for; what nobody has acknowledged stands first."""
    rows = notices_for(request.reader).order_by("acknowledgement__at", "-created_at")
    waiting = [n for n in rows.filter(acknowledgement=None).order_by("-created_at")[:PAGE_ROWS]]
    done = Paginator(
        rows.exclude(acknowledgement=None).order_by("-created_at"), PAGE_ROWS
    ).get_page(request.GET.get("page"))
    return render(
        request,
        "duties/notices.html",
        {
            "waiting": [(n, text_of(n)) for n in waiting],
            "done": [(n, text_of(n)) for n in done],
            "page": done,
        },
    )


@require_POST
def notice_acknowledge(request: ReaderRequest, pk: str) -> HttpResponse:
    """Answer for a notice and go where it leads."""
    notice = get_object_or_404(notices_for(request.reader), pk=pk)
    acknowledge(request.reader, notice)
    return redirect(notice.address)


@require_GET
def clocks(request: ReaderRequest) -> HttpResponse:
    """Legal clocks that run, and the periods of law they come from."""
    rows = clocks_for(request.reader).order_by("end__at", "due_at")
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "duties/clocks.html",
        {
            "rows": clock_rows(request.reader, page),
            "page": page,
            "profiles": profile_tables(),
            "unreadable": available().unreadable,
            "may_end": may(request.reader, "incidents.write"),
        },
    )


@require_POST
def clock_end(request: ReaderRequest, pk: str) -> HttpResponse:
    """Say that a duty was met or that its clock stops."""
    clock = get_object_or_404(clocks_for(request.reader), pk=pk)
    try:
        end_clock(
            request.reader,
            clock,
            met=request.POST.get("outcome") == "met",
            reason=request.POST.get("reason", "")[:400],
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("duties:clocks")
