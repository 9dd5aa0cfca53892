"""Pages of findings and their corrective actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_of_rows
from tocsin.server.oversight.allowed import oversees
from tocsin.server.oversight.forms import FindingForm, NoteForm
from tocsin.server.oversight.models import Finding, FindingStep, Grade
from tocsin.server.oversight.reading import findings_for, inspections_for, late_findings
from tocsin.server.oversight.services import inspecting
from tocsin.server.oversight.services.inspecting import may_step
from tocsin.server.oversight.views.frame import PAGE_ROWS, around, form_page

STATES = (FindingStep.OPEN, FindingStep.DONE, FindingStep.CLOSED)
LATE = "late"
BUTTONS: dict[FindingStep, str | Promise] = {
    FindingStep.DONE: gettext_lazy("It is mended"),
    FindingStep.CLOSED: gettext_lazy("Verify"),
    FindingStep.REFUSED: gettext_lazy("Do not accept"),
    FindingStep.REOPENED: gettext_lazy("Open again"),
    FindingStep.DUE: gettext_lazy("Another due day"),
}
"""What each step is called on its button."""


def _chosen(request: ReaderRequest) -> tuple[QuerySet[Finding], str]:
    rows, state = findings_for(request.reader), request.GET.get("state", "")
    if state == LATE:
        return late_findings(rows, request.reader.at.date()), state
    if state in {s.value for s in STATES}:
        return rows.filter(state=state), state
    return rows, ""


@require_GET
def finding_list(request: ReaderRequest) -> HttpResponse:
    """Findings, what is due first."""
    rows, state = _chosen(request)
    values = around(
        request.reader,
        open="oversight:findings",
        page=Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
        state=state,
        states=[(s.value, s.label) for s in STATES],
        query=f"state={state}",
    )
    return render(request, "oversight/findings.html", values)


@require_GET
def finding_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "findings",
        ("finding", "holder", "inspection", "grade", "requirement", "due_on", "state"),
        _chosen(request)[0],
        lambda f: (
            f.name,
            f.holder.name,
            f.inspection.name,
            f.grade,
            f.requirement,
            str(f.due_on),
            f.state,
        ),
        action="oversight.export",
    )


@require_http_methods(["GET", "POST"])
def finding_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Write a finding of an inspection."""
    row = get_object_or_404(inspections_for(request.reader), pk=pk)
    if not oversees(request.reader, row):
        raise Http404
    return form_page(
        request,
        FindingForm(request.POST or None),
        lambda given: inspecting.find(
            request.reader,
            row,
            grade=Grade(given["grade"]),
            requirement=given["requirement"],
            due_on=given["due_on"],
        ),
        title=_("Write a finding"),
        about=f"{row.name} · {row.holder.name}",
        back=row.get_absolute_url(),
        button=_("Keep the finding"),
        done=_("The finding is kept; the holder sees it."),
        row=row,
    )


@require_GET
def finding(request: ReaderRequest, pk: str) -> HttpResponse:
    """One finding with its history."""
    row = get_object_or_404(findings_for(request.reader), pk=pk)
    values = around(
        request.reader,
        row,
        events=row.events.select_related("by"),
        steps=[(step.value, BUTTONS[step]) for step in may_step(request.reader, row)],
        late=row.state != FindingStep.CLOSED and row.due_on < request.reader.at.date(),
        own_work=row.state == FindingStep.DONE and row.done_by_id == request.reader.person.pk,
        officer=oversees(request.reader, row),
    )
    return render(request, "oversight/finding.html", values)


@require_http_methods(["GET", "POST"])
def finding_step(request: ReaderRequest, pk: str, step: str) -> HttpResponse:
    """A step of a finding: mended, verified, not accepted, opened again, another day."""
    row = get_object_or_404(findings_for(request.reader), pk=pk)
    asked = next((s for s in may_step(request.reader, row) if s.value == step), None)
    if asked is None:
        raise Http404
    form = NoteForm(request.POST or None)
    if asked in {FindingStep.DONE, FindingStep.CLOSED}:
        del form.fields["due_on"]
    if asked is FindingStep.DUE:
        form.fields["due_on"].required = True
    acts: dict[FindingStep, Callable[..., Finding]] = {
        FindingStep.DONE: inspecting.say_done,
        FindingStep.CLOSED: inspecting.verify,
        FindingStep.REFUSED: inspecting.open_again,
        FindingStep.REOPENED: inspecting.open_again,
        FindingStep.DUE: inspecting.set_due,
    }

    def act(given: dict[str, Any]) -> Finding:
        return acts[asked](request.reader, row, **given)

    return form_page(
        request,
        form,
        act,
        title=str(BUTTONS[asked]),
        about=f"{row.name} · {row.requirement}",
        back=row.get_absolute_url(),
        button=str(BUTTONS[asked]),
        done=_("Kept."),
        row=row,
        hint=_("What was done, in words of the requirement; not how something is secured.")
        if asked is FindingStep.DONE
        else "",
    )
