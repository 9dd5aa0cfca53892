"""Pages on how long live records are kept: the days, what would go and when, holding a survey."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.ingest.forms import ReasonForm, RetentionForm
from tocsin.server.ingest.keeping import MOST_JUDGED, answer, ask, hold, outlook, over_for, rule_of
from tocsin.server.ingest.reading import survey_for
from tocsin.server.ingest.retention_models import Hold, Retention


@require_http_methods(["GET", "POST"])
def retention(request: ReaderRequest) -> HttpResponse:
    """What is kept how long in one's own organisation, and what goes by it; asking for days."""
    organisation = request.reader.person.organisation
    form = RetentionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = ask(request.reader, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            told = (
                _("Everything is kept.")
                if row.agreed
                else _("Nothing goes before another person has agreed.")
            )
            messages.success(request, told)
            return redirect("ingest:retention")
    rule = rule_of(organisation)
    asked = Retention.objects.filter(organisation=organisation, agreed=None).first()
    page = Paginator(over_for(request.reader), MOST_JUDGED).get_page(request.GET.get("page"))
    values = {
        "form": form,
        "rule": rule,
        "asked": asked,
        "own_wish": asked is not None and asked.asked_by_id == request.reader.person.pk,
        # what was asked for is shown with what it would do, before anybody agrees
        "rows": outlook(page.object_list, asked or rule, request.reader.at),
        "page": page,
    }
    status = 400 if form.errors else 200
    return render(request, "ingest/retention.html", values, status=status)


@require_POST
def decide_retention(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Agree to days, or refuse them."""
    own = Retention.objects.filter(organisation=request.reader.person.organisation_id)
    row = get_object_or_404(own, pk=pk)
    try:
        answer(request.reader, row, agreed=request.POST.get("answer") == "agree")
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Your answer is noted."))
    return redirect("ingest:retention")


@require_http_methods(["GET", "POST"])
def survey_hold(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Hold the records of a survey, or let them follow the days again."""
    row = survey_for(request.reader, pk)
    form = ReasonForm(request.POST or None)
    held = Hold.objects.filter(survey=row, lifted_at=None).first()
    if request.method == "POST" and form.is_valid():
        try:
            hold(request.reader, row, reason=form.cleaned_data["reason"])
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            told = _("The hold is lifted.") if held else _("The records are held.")
            messages.success(request, told)
            return redirect(row.device)
    status = 400 if form.errors else 200
    values = {"form": form, "survey": row, "held": held}
    return render(request, "ingest/hold.html", values, status=status)
