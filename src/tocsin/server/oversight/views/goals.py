"""Pages of security goals: whether they are met, never how."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_answer
from tocsin.server.marking.highwater import highwater, mark_of, mark_of_rows
from tocsin.server.marking.models import Compartment
from tocsin.server.oversight.forms import GoalForm
from tocsin.server.oversight.goals import goals
from tocsin.server.oversight.levels import assessments_for, places_of
from tocsin.server.oversight.models import GoalState
from tocsin.server.oversight.services.assessing import assess
from tocsin.server.oversight.views.frame import around, form_page
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder
from tocsin.server.register.reading import holders_for, sources_for

HOLDERS_A_PAGE = 25
MOST_HISTORY = 100


def _holder(request: ReaderRequest, pk: str) -> Holder:
    holder = get_object_or_404(holders_for(request.reader), pk=pk)
    if holder.originator_id != request.reader.person.organisation_id:
        raise Http404  # goals are for the authority alone
    return holder


@require_GET
def level_page(request: ReaderRequest) -> HttpResponse:
    """Security level of each place of each holder, and how many goals are to be looked at."""
    holders = holders_for(request.reader).filter(originator=request.reader.person.organisation_id)
    page = Paginator(holders, HOLDERS_A_PAGE).get_page(request.GET.get("page"))
    rows = [
        (holder, place)
        for holder in page
        for place in places_of(request.reader, holder, figures=True)
        if place.level is not None
    ]
    values = around(request.reader, open="oversight:levels", page=page, rows=rows, query="")
    return render(request, "oversight/levels.html", values)


@require_GET
def goal_page(request: ReaderRequest, pk: str) -> HttpResponse:
    """Goals of a holder by place, with their history."""
    holder = _holder(request, pk)
    history = assessments_for(request.reader, holder)[:MOST_HISTORY]
    known = goals()
    values = around(
        request.reader,
        holder,
        open="oversight:levels",
        places=places_of(request.reader, holder),
        history=[
            (row, _(known[row.goal].text) if row.goal in known else row.goal) for row in history
        ],
        source=next(iter(known.values())),
    )
    return render(request, "oversight/goals.html", values)


@require_GET
def goal_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """Goals of a holder as a table."""
    holder = _holder(request, pk)
    looked = assessments_for(request.reader, holder).order_by()
    held = sources_for(request.reader).filter(holder=holder, status__in=HELD)
    mark = highwater(
        [mark_of(holder), *(mark_of_rows(request.reader.realm, rows) for rows in (looked, held))]
    )
    return csv_answer(
        request.reader,
        "security-goals",
        (
            *("place", "category", "level", "goal", "function", "text", "state", "looked_on"),
            *("valid_until", "reference", "by", "to_be_looked_at"),
        ),
        (
            (
                place.name,
                place.category,
                place.level,
                row.goal.code,
                row.goal.function,
                row.goal.text,
                row.latest.state if row.latest else "",
                str(row.latest.looked_on) if row.latest else "",
                str(row.latest.valid_until or "") if row.latest else "",
                row.latest.reference if row.latest else "",
                str(row.latest.created_by) if row.latest else "",
                row.look,
            )
            for place in places_of(request.reader, holder)
            for row in place.rows
        ),
        mark=mark,
        action="oversight.export",
        subject=holder,
    )


@require_http_methods(["GET", "POST"])
def goal_look(request: ReaderRequest, pk: str, goal: str) -> HttpResponse:
    """Say what was found of a goal at a place."""
    holder = _holder(request, pk)
    known = [one.name for one in places_of(request.reader, holder)]
    # A holder of one place need not be asked which
    only = known[0] if len(known) == 1 else ""
    place = request.GET.get("place", only).replace("\0", "")[:200]
    if goal not in goals() or place not in known:
        raise Http404
    circles = Compartment.objects.filter(pk__in=request.reader.compartments)
    form = GoalForm(circles, request.POST or None, initial={"looked_on": request.reader.at.date()})

    def act(given: dict[str, Any]) -> Any:
        assess(
            request.reader,
            holder,
            place=place,
            goal=goal,
            **given | {"state": GoalState(given["state"])},
        )
        return redirect("oversight:goals", pk=holder.pk).url

    return form_page(
        request,
        form,
        act,
        title=_("Is this goal met?"),
        about=f"{holder.name} · {place or '–'} · {_(goals()[goal].text)}",
        back=reverse("oversight:goals", args=[holder.pk]),
        button=_("Keep"),
        done=_("Kept."),
        row=holder,
    )
