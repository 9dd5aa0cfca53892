"""Pages of inspections and of what is to be inspected next."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.exports import LIMIT, csv_answer, csv_of_rows
from tocsin.server.marking.highwater import mark_of_rows
from tocsin.server.oversight.allowed import oversees
from tocsin.server.oversight.checklists import every_question, questions_for
from tocsin.server.oversight.forms import DoneForm, NoteForm, PlanForm
from tocsin.server.oversight.goals import intervals
from tocsin.server.oversight.models import Inspection, InspectionStep, Looked, Sight
from tocsin.server.oversight.planning import candidates, read
from tocsin.server.oversight.reading import findings_for, inspections_for
from tocsin.server.oversight.services import inspecting
from tocsin.server.oversight.services.inspecting import Sighting
from tocsin.server.oversight.views.frame import (
    PAGE_ROWS,
    around,
    form_page,
    mark_with_sources,
)
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder
from tocsin.server.register.reading import holders_for, sources_for

MOST_SOURCES = 100
"""Sources of one form, the gravest first: an inspector looks at no more in a day."""


@require_GET
def inspection_list(request: ReaderRequest) -> HttpResponse:
    """Inspections, the latest first."""
    rows, state = _chosen(request)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    states = [s for s in InspectionStep.choices if s[0] != InspectionStep.MOVED]
    values = around(
        request.reader, open="oversight:inspections", page=page, state=state, states=states
    )
    return render(request, "oversight/inspections.html", values | {"query": f"state={state}"})


def _chosen(request: ReaderRequest) -> tuple[Any, str]:
    rows, state = inspections_for(request.reader), request.GET.get("state", "")
    if state == "late":
        today = request.reader.at.date()
        return rows.filter(state=InspectionStep.PLANNED, planned_on__lt=today), state
    if state in InspectionStep.values:
        return rows.filter(state=state), state
    return rows, ""


@require_GET
def inspection_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "inspections",
        ("inspection", "holder", "planned_on", "announced", "state", "done_on", "present"),
        _chosen(request)[0],
        lambda i: (
            i.name,
            i.holder.name,
            str(i.planned_on),
            i.announced,
            i.state,
            str(i.done_on or ""),
            i.present,
        ),
        action="oversight.export",
    )


@require_GET
def plan_page(request: ReaderRequest) -> HttpResponse:
    """Who is to be inspected next, and why."""
    page = Paginator(candidates(request.reader), PAGE_ROWS).get_page(request.GET.get("page"))
    values = around(
        request.reader,
        open="oversight:plan",
        page=page,
        rows=read(request.reader, page),
        intervals=intervals().items(),
        query="",
    )
    return render(request, "oversight/plan.html", values)


@require_GET
def plan_csv(request: ReaderRequest) -> HttpResponse:
    """The order of inspection as a table."""
    every = candidates(request.reader)
    rows = read(request.reader, every[:LIMIT])
    holders = Holder.objects.filter(pk__in=[row.holder.pk for row in rows])
    return csv_answer(
        request.reader,
        "inspection-plan",
        ("holder", "category", "sources", "last", "due", "planned_on", "late", "reasons"),
        (
            (
                row.holder.name,
                row.category,
                row.sources,
                str(row.last or ""),
                str(row.due or ""),
                str(row.planned_on or ""),
                row.late,
                "; ".join(row.reasons),
            )
            for row in rows
        ),
        mark=mark_of_rows(request.reader.realm, holders),
        action="oversight.export",
        notes=[f"cut: the first {len(rows)} of {len(every)}"] if len(rows) < len(every) else [],
    )


@require_http_methods(["GET", "POST"])
def inspection_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Plan an inspection of a holder."""
    holder = _own_holder(request, pk)
    row = next((c for c in candidates(request.reader) if c.holder.pk == holder.pk), None)
    initial = {"reason": "; ".join(row.reasons) if row else ""}
    return form_page(
        request,
        PlanForm(request.POST or None, initial=initial),
        lambda given: inspecting.plan(request.reader, holder, **given),
        title=_("Plan an inspection"),
        about=holder.name,
        back=holder.get_absolute_url(),
        button=_("Plan"),
        done=_("The inspection is planned."),
        row=holder,
    )


def _own_holder(request: ReaderRequest, pk: str) -> Holder:
    holder = get_object_or_404(holders_for(request.reader), pk=pk)
    if not oversees(request.reader, holder):
        raise Http404
    return holder


@require_GET
def inspection(request: ReaderRequest, pk: str) -> HttpResponse:
    """One inspection with what was seen and found."""
    row = get_object_or_404(inspections_for(request.reader), pk=pk)
    officer = oversees(request.reader, row)
    questions = every_question()
    visible_sources = sources_for(request.reader).values("pk")
    values = around(
        request.reader,
        row,
        officer=officer,
        checks=[(questions.get(c.question, c.question), c) for c in row.checks.all()],
        seen=row.seen.filter(source__in=visible_sources).select_related("source"),
        findings=findings_for(request.reader).filter(inspection=row),
        events=row.events.select_related("by") if officer else [],
        planned=row.state == InspectionStep.PLANNED,
        done=row.state == InspectionStep.DONE,
        late=row.state == InspectionStep.PLANNED and row.planned_on < request.reader.at.date(),
    )
    return render(request, "oversight/inspection.html", values)


@require_GET
def seen_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """What was seen at an inspection as a table."""
    row = get_object_or_404(inspections_for(request.reader), pk=pk)
    visible_sources = sources_for(request.reader).values("pk")
    seen = list(row.seen.filter(source__in=visible_sources).select_related("source"))
    return csv_answer(
        request.reader,
        f"inspection-{row.name}",
        ("source", "what", "sight", "differs", "on"),
        ((s.source.name, s.source.title, s.sight, s.differs, str(s.on)) for s in seen),
        mark=mark_with_sources(request.reader, row, [s.source for s in seen]),
        action="oversight.export",
        subject=row,
    )


@require_http_methods(["GET", "POST"])
def inspection_done(request: ReaderRequest, pk: str) -> HttpResponse:
    """Say that an inspection was done, with checklist and sources."""
    row = _planned(request, pk)
    held = sources_for(request.reader).filter(holder=row.holder_id, status__in=HELD)
    gravest = F("category").asc(nulls_last=True)
    sources = list(held.order_by(gravest, "place", "pk")[:MOST_SOURCES])
    questions = questions_for(source.practice for source in sources)
    form = DoneForm(request.POST or None, initial={"done_on": request.reader.at.date()})
    asked = [
        (code, text, request.POST.get(f"check-{code}", "")) for code, text in questions.items()
    ]
    rows = [
        (s, request.POST.get(f"sight-{s.pk}", ""), request.POST.get(f"differs-{s.pk}", ""))
        for s in sources
    ]

    if request.method == "POST" and form.is_valid():
        try:
            inspecting.carry_out(
                request.reader,
                row,
                **form.cleaned_data,
                answers={c: Looked(said) for c, _text, said in asked if said in Looked.values},
                sightings=[
                    Sighting(source, Sight(sight), differs)
                    for source, sight, differs in rows
                    if sight in Sight.values
                ],
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("The inspection is kept. Now write findings, if there are any.")
            )
            return redirect(row)
    values = around(
        request.reader,
        row,
        form=form,
        asked=asked,
        sources=rows,
        looked=Looked.choices,
        sights=Sight.choices,
        more=max(0, held.count() - MOST_SOURCES),
    )
    return render(request, "oversight/inspection_done.html", values)


@require_http_methods(["GET", "POST"])
def inspection_move(request: ReaderRequest, pk: str) -> HttpResponse:
    """Plan an inspection for another day."""
    row = _planned(request, pk)
    form = NoteForm(request.POST or None, initial={"due_on": row.planned_on})
    form.fields["due_on"].required = True
    return form_page(
        request,
        form,
        lambda given: inspecting.move(
            request.reader, row, planned_on=given["due_on"], note=given["note"]
        ),
        title=_("Another day"),
        about=row.holder.name,
        back=row.get_absolute_url(),
        button=_("Move"),
        done=_("The inspection is moved."),
        row=row,
    )


@require_http_methods(["GET", "POST"])
def inspection_cancel(request: ReaderRequest, pk: str) -> HttpResponse:
    """Cancel an inspection."""
    row = _planned(request, pk)
    form = NoteForm(request.POST or None)
    del form.fields["due_on"]
    return form_page(
        request,
        form,
        lambda given: inspecting.cancel(request.reader, row, note=given["note"]),
        title=_("Cancel the inspection"),
        about=row.holder.name,
        back=row.get_absolute_url(),
        button=_("Cancel it"),
        done=_("The inspection is cancelled."),
        row=row,
        danger=True,
    )


def _planned(request: ReaderRequest, pk: str) -> Inspection:
    row = get_object_or_404(inspections_for(request.reader), pk=pk)
    if not oversees(request.reader, row):
        raise Http404
    return row
