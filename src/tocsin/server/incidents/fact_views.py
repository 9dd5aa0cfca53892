"""Pages on which facts are stated and read: new incidents, objects, reports, history."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput
from tocsin.formats.limits import MiB
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.exports import csv_answer
from tocsin.server.files.services import store
from tocsin.server.incidents.beyond import panels_of_object
from tocsin.server.incidents.facts import INCIDENT_FIELDS, OBJECT_FIELDS, Standing
from tocsin.server.incidents.forms import (
    EvidenceForm,
    FactsForm,
    MOST_MiB,
    ObjectForm,
    ReasonForm,
    ReportForm,
    facts_initial,
    object_initial,
    untouched,
)
from tocsin.server.incidents.models import Incident, Object, Report
from tocsin.server.incidents.opening import (
    Draft,
    ObjectDraft,
    ReportDraft,
    add_object,
    add_report,
    open_incident,
)
from tocsin.server.incidents.reading import (
    as_known_on,
    incidents_for,
    incidents_of,
    object_for,
    object_known,
    objects_for,
    report_for,
    reports_for,
)
from tocsin.server.incidents.releasing import OF_OBJECT
from tocsin.server.incidents.statements import put_object, put_report, state, state_of_object
from tocsin.server.incidents.states import Known
from tocsin.server.incidents.values_text import in_words, label_of
from tocsin.server.marking.highwater import Mark, mark_of
from tocsin.server.marking.policy import Reader, may


@require_http_methods(["GET", "POST"])
def new(request: ReaderRequest) -> HttpResponse:
    """Report something: what was said, what happened, and to what."""
    given = request.POST or None
    report_form = ReportForm(given, request.FILES or None)
    form, thing = FactsForm(given), ObjectForm(given, prefix="object")
    if given and all(f.is_valid() for f in (report_form, form, thing)):
        try:
            row = _opened(request, report_form, form, thing)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is reported.").format(name=row.name))
            return redirect(row if may(request.reader, "incidents.read") else "home")
    return render(
        request,
        "incidents/new.html",
        {"form": form, "report_form": report_form, "object_form": thing},
    )


@transaction.atomic
def _opened(
    request: ReaderRequest, report_form: ReportForm, form: FactsForm, thing: ObjectForm
) -> Incident:
    reader = request.reader
    values = {name: value for name, value in form.values().items() if value is not None}
    values.setdefault("status", Standing.NOTIFIED.value)
    if not may(reader, "incidents.write"):
        # an officer reports; what it amounts to is stated by those who write incidents
        values["status"] = Standing.NOTIFIED.value
        values.pop("group", None)
    found = {name: value for name, value in thing.values().items() if value is not None}
    mark = Mark(reader.realm, 1, frozenset(), "AMBER")
    said = report_form.cleaned_data
    draft = Draft(
        values=values,
        objects=(ObjectDraft(found),) if found else (),
        report=_report_draft(request, said, mark, title=values["title"]),
        reason=_("as it was reported"),
    )
    return open_incident(reader.person, draft, mark=mark, originator=reader.person.organisation)


def _report_draft(
    request: ReaderRequest, said: dict[str, Any], mark: Mark, *, title: str
) -> ReportDraft:
    kept = None
    if said["file"]:
        if said["file"].size > MOST_MiB * MiB:
            raise InvalidInput(_("The file is larger than {most} MiB.").format(most=MOST_MiB))
        kept = store(
            said["file"].read(),
            name=said["file"].name,
            actor=request.reader.person,
            originator=request.reader.person.organisation,
            **mark.fields(),
        )
    return ReportDraft(
        channel=said["channel"],
        title=title,
        said_by=said["said_by"],
        said_at=said["said_at"],
        original=said["original"],
        file=kept,
        reliability=said["reliability"],
    )


@require_http_methods(["GET", "POST"])
def facts(request: ReaderRequest, pk: str) -> HttpResponse:
    """State facts of an incident anew; what was stated before stays."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    (known,) = as_known_on(Incident.objects.filter(pk=row.pk), request.reader.at.date())
    given = request.POST or None
    form, why = FactsForm(given, initial=facts_initial(known.values)), ReasonForm(given)
    if given and form.is_valid() and why.is_valid():
        try:
            state(request.reader.person, row, _changed(form), reason=why.cleaned_data["reason"])
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("It is stated; what was stated before stays."))
            return redirect(row)
    return render(
        request,
        "incidents/facts.html",
        {"incident": row, "form": form, "why": why, "level_name": Level(row.level).label},
    )


def _changed(form: FactsForm | ObjectForm) -> dict[str, Any]:
    """What of a form was changed by who filled it in.

    Compared is with what the form showed: a form that shows less than what is stated (no seconds,
    no group of an earlier edition, one day for all activities) must not state that anew.
    """
    before = untouched(form).values()
    return {name: value for name, value in form.values().items() if value != before[name]}


@require_GET
def history(request: ReaderRequest, pk: str) -> HttpResponse:
    """Every statement of an incident, and what was known on a day."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    today = request.reader.at.date()
    day, wrong = today, ""
    if text := request.GET.get("on", ""):
        try:
            day = min(dt.date.fromisoformat(text), today)
        except ValueError:
            wrong = _("Write a day as 2026-01-31.")
    found = as_known_on(Incident.objects.filter(pk=row.pk), day)
    known = found[0] if found else None
    return render(
        request,
        "incidents/history.html",
        {
            "incident": row,
            "level_name": Level(row.level).label,
            "day": day,
            "wrong": wrong,
            "known": known is not None,
            "facts": _facts(known) if known else [],
            "objects": [_object_facts(thing.values) for thing in known.objects] if known else [],
            "statements": _statement_rows(row),
        },
    )


def _facts(known: Known) -> list[tuple[str, str]]:
    return [
        (label_of(name), in_words(name, known.values[name]))
        for name in INCIDENT_FIELDS
        if name in known.values
    ]


def _object_facts(values: Any) -> list[tuple[str, str]]:
    return [
        (label_of(OF_OBJECT + name), in_words(OF_OBJECT + name, values[name]))
        for name in OBJECT_FIELDS
        if name in values
    ]


def _statement_rows(row: Incident) -> list[dict[str, Any]]:
    return [
        {
            "known_at": fact.known_at,
            "recorded_at": fact.recorded_at,
            "label": label_of(fact.field),
            "value": in_words(fact.field, fact.value),
            "by": fact.by.name if fact.by else fact.origin or _("system"),
            "reason": fact.reason,
            "audience": fact.audience,
        }
        for fact in row.statements.order_by("-known_at", "-id").select_related("by")
    ]


@require_GET
def history_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """Every statement of an incident as a table."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    header = ("known_at", "recorded_at", "field", "value", "by", "reason")
    return csv_answer(
        request.reader,
        "statements",
        header,
        (
            (r["known_at"], r["recorded_at"], r["label"], r["value"], r["by"], r["reason"])
            for r in _statement_rows(row)
        ),
        mark=mark_of(row),
        action="incidents.export",
        subject=row,
    )


@require_GET
def object_page(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """One object: what is known of it, and the incidents it is in."""
    thing = object_for(request.reader, pk)
    if thing is None:
        raise Http404
    history = thing.statements.order_by("-known_at", "-id").select_related("by")
    return render(
        request,
        "incidents/object.html",
        {
            "thing": thing,
            "level_name": Level(thing.level).label,
            "facts": _object_facts(object_known(thing).values),
            "incidents": incidents_for(request.reader).filter(pk__in=incidents_of(thing)),
            "statements": [
                {
                    "known_at": fact.known_at,
                    "label": label_of(OF_OBJECT + fact.field),
                    "value": in_words(OF_OBJECT + fact.field, fact.value),
                    "by": fact.by.name if fact.by else fact.origin or _("system"),
                    "reason": fact.reason,
                }
                for fact in history
            ],
            "panels": panels_of_object(request.reader, thing),
            "may_write": may(request.reader, "incidents.write"),
        },
    )


@require_http_methods(["GET", "POST"])
def object_facts(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """State facts of an object anew."""
    thing = object_for(request.reader, pk)
    if thing is None:
        raise Http404
    known = object_known(thing).values
    given = request.POST or None
    form, why = ObjectForm(given, initial=object_initial(known)), ReasonForm(given)
    if given and form.is_valid() and why.is_valid():
        try:
            state_of_object(
                request.reader.person, thing, _changed(form), reason=why.cleaned_data["reason"]
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("It is stated; what was stated before stays."))
            return redirect(thing)
    return render(
        request,
        "incidents/object_facts.html",
        {"thing": thing, "form": form, "why": why, "level_name": Level(thing.level).label},
    )


@require_http_methods(["GET", "POST"])
def object_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Add an object to an incident: a new one."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    given = request.POST or None
    form, why = ObjectForm(given), ReasonForm(given)
    if given and form.is_valid() and why.is_valid():
        try:
            values = {n: v for n, v in form.values().items() if v is not None}
            thing = add_object(
                request.reader.person, row, values, reason=why.cleaned_data["reason"]
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            return redirect(thing)
    return render(
        request,
        "incidents/object_facts.html",
        {"incident": row, "form": form, "why": why, "level_name": Level(row.level).label},
    )


@require_GET
def report_page(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """One report: who said what, and what it is evidence of."""
    report = report_for(request.reader, pk)
    if report is None:
        raise Http404
    ties = report.of_incidents.select_related("by")
    seen = {row.pk: row for row in incidents_for(request.reader).filter(of_reports__report=report)}
    return render(
        request,
        "incidents/report.html",
        {
            "report": report,
            "level_name": Level(report.level).label,
            "ties": [(tie, seen[tie.incident_id]) for tie in ties if tie.incident_id in seen],
        },
    )


@require_http_methods(["GET", "POST"])
def report_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Add a report to an incident."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    given = request.POST or None
    form, why = ReportForm(given, request.FILES or None), ReasonForm(given)
    if given and form.is_valid() and why.is_valid():
        try:
            # the file is kept with the report, or not at all
            with transaction.atomic():
                draft = _report_draft(request, form.cleaned_data, mark_of(row), title=row.title)
                report = add_report(
                    request.reader.person, row, draft, evidence=why.cleaned_data["reason"]
                )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            return redirect(report)
    return render(
        request,
        "incidents/report_new.html",
        {"incident": row, "form": form, "why": why, "level_name": Level(row.level).label},
    )


@require_http_methods(["GET", "POST"])
def evidence(request: ReaderRequest, pk: str) -> HttpResponse:
    """Tie an object or a report that is there already to an incident."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    form = EvidenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            _tie(request.reader, row, given["name"], given["says"], given["evidence"])
        except InvalidInput as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("It is tied to {name}.").format(name=row.name))
            return redirect(row)
    return render(
        request,
        "incidents/evidence.html",
        {"incident": row, "form": form, "level_name": Level(row.level).label},
    )


def _tie(reader: Reader, row: Incident, name: str, says: str, why: str) -> None:
    found = _named(reader, name)
    if isinstance(found, Object):
        put_object(reader.person, row, found, evidence=why)
    else:
        put_report(reader.person, found, row, says=says, evidence=why)


def _named(reader: Reader, name: str) -> Object | Report:
    letter, _dash, digits = name.strip().upper().partition("-")
    if len(digits) == 8 and all(sign in "0123456789ABCDEF" for sign in digits):
        ends = (UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "F")))
        found: Object | Report | None = None
        if letter == "O":
            found = objects_for(reader).filter(pk__range=ends).first()
        elif letter == "R":
            found = reports_for(reader).filter(pk__range=ends).first()
        if found is not None:
            return found
    raise InvalidInput(_("There is no such object or report that you may see."))
