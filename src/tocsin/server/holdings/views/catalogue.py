"""Pages of the catalogue, and the question what a find could be."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput, ParseError
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.documents.reading import panel_values
from tocsin.server.exports import csv_of_rows
from tocsin.server.holdings.catalogue import Find, could_be
from tocsin.server.holdings.forms import ModelChangeForm, ModelForm, TableForm
from tocsin.server.holdings.models import CatalogueModel
from tocsin.server.holdings.reading import models_for, names_of, with_names
from tocsin.server.holdings.services.catalogue import (
    COLUMNS,
    Brought,
    bring,
    cells_of,
    change_model,
    enter_model,
    entry_of,
)
from tocsin.server.holdings.views.frame import PAGE_ROWS, list_values, typed_words
from tocsin.server.marking.policy import for_figures, may

MOST_FAULTS = 100


def _filtered(request: ReaderRequest) -> QuerySet[CatalogueModel]:
    rows = with_names(models_for(request.reader))
    kind = request.GET.get("kind", "")
    if kind in {"source", "device"}:
        rows = rows.filter(kind=kind)
    for word in typed_words(request).split():
        rows = rows.filter(
            Q(maker__name__icontains=word)
            | Q(maker_names__icontains=word)
            | Q(name__icontains=word)
            | Q(other_names__icontains=word)
            | Q(contents__icontains=word)
            | Q(looks__icontains=word)
        )
    return rows


@require_GET
def model_list(request: ReaderRequest) -> HttpResponse:
    """Models, by maker."""
    page = Paginator(_filtered(request), PAGE_ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "holdings/models.html",
        {
            "page": page,
            "text": typed_words(request),
            "kind": request.GET.get("kind", ""),
            **list_values(request),
        },
    )


@require_GET
def model_csv(request: ReaderRequest) -> HttpResponse:
    """The catalogue as a table that can be brought again."""
    return csv_of_rows(
        request.reader,
        "catalogue",
        COLUMNS,
        _filtered(request),
        cells_of,
        action="register.export",
    )


@require_GET
def model(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One model."""
    row = get_object_or_404(models_for(request.reader), pk=pk)
    return render(
        request,
        "holdings/model.html",
        {
            "model": row,
            "level_name": Level(row.level).label,
            "papers": panel_values(request.reader, row),
            "may_change": may(request.reader, "register.write")
            and row.originator_id == request.reader.person.organisation_id,
        },
    )


@require_http_methods(["GET", "POST"])
def model_new(request: ReaderRequest) -> HttpResponse:
    """Enter a model."""
    form = ModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = enter_model(request.reader, entry_of(form.cleaned_data))
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            return redirect(row)
    return _entry_page(request, form, _("Enter a model"), "")


@require_http_methods(["GET", "POST"])
def model_change(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Change what is written of a model."""
    row = get_object_or_404(models_for(request.reader), pk=pk)
    if row.originator_id != request.reader.person.organisation_id:
        raise Http404
    initial = dict(zip(COLUMNS, cells_of(row), strict=True))
    form = ModelChangeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_model(
                request.reader,
                row,
                entry_of(form.cleaned_data),
                reason=form.cleaned_data["reason"],
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is changed.").format(name=row))
            return redirect(row)
    return _entry_page(request, form, _("Change {name}").format(name=row), row.get_absolute_url())


def _entry_page(request: ReaderRequest, form: Any, title: str, back: str) -> HttpResponse:
    values = {"form": form, "title": title, "back": back, "list": "holdings:catalogue"}
    return render(request, "holdings/entry.html", values | names_of(request.reader))


@require_http_methods(["GET", "POST"])
def model_import(request: ReaderRequest) -> HttpResponse:
    """Bring a table of models: all of its rows or none."""
    form = TableForm(request.POST or None, request.FILES or None)
    brought: Brought | None = None
    if request.method == "POST" and form.is_valid():
        try:
            brought = bring(request.reader, form.cleaned_data["file"].read())
        except (InvalidInput, ParseError) as error:
            form.add_error("file", str(error))
        else:
            if not brought.faults:
                messages.success(
                    request,
                    _("{n} models are new, {m} were there already.").format(
                        n=brought.entered, m=brought.known
                    ),
                )
                return redirect("holdings:catalogue")
    return render(
        request,
        "holdings/model_import.html",
        {
            "form": form,
            "columns": COLUMNS,
            "faults": brought.faults[:MOST_FAULTS] if brought else (),
            "fault_count": len(brought.faults) if brought else 0,
        },
    )


@require_GET
def could_be_page(request: ReaderRequest) -> HttpResponse:
    """What a find could be, by what is known of it."""
    given = {name: request.GET.get(name, "")[:200] for name in ("nuclide", "words", "serial")}
    fault, answers = "", []
    try:
        find = Find.of(given["nuclide"], given["words"], given["serial"])
    except InvalidInput as error:
        find, fault = Find(), str(error)
    if not find.empty:
        # all are looked at, which is no reading; those that are shown are read below
        rows = for_figures(request.reader, CatalogueModel.objects.select_related("maker"))
        answers = could_be(find, rows)
        list(models_for(request.reader).filter(pk__in=[a.model.pk for a in answers]))
    return render(
        request,
        "holdings/could_be.html",
        {
            "given": given,
            "fault": fault,
            "asked": not find.empty,
            "answers": answers,
            **list_values(request),
        },
    )
