"""The page on which an officer puts sources together and sees what they are on any day."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_answer
from tocsin.server.holdings.forms import TogetherForm
from tocsin.server.holdings.reading import (
    MOST_PICKED,
    at_place,
    counted,
    devices_for,
    inside,
    named,
    shipments_for,
)
from tocsin.server.holdings.together import Together, together_or_why
from tocsin.server.holdings.views.frame import list_values
from tocsin.server.marking.highwater import mark_of_rows
from tocsin.server.register.models import Source
from tocsin.server.register.reading import holder_choices_for, sources_for


@dataclass(frozen=True, slots=True)
class _Picked:
    """Sources, what they are called together, and the words that meant none."""

    sources: list[Source]
    title: str
    strange: list[str]


def _picked(request: ReaderRequest, form: TogetherForm) -> _Picked:
    reader, given = request.reader, form.cleaned_data
    if device := request.GET.get("device"):
        row = get_object_or_404(devices_for(reader), pk=_identity(device))
        return _Picked(counted(inside(reader, row)), f"{row.name} {row.title}", [])
    if shipment := request.GET.get("shipment"):
        load = get_object_or_404(shipments_for(reader), pk=_identity(shipment))
        rows = sources_for(reader).filter(pk__in=load.loads.values("source"))
        return _Picked(list(rows[:MOST_PICKED]), f"{load.name} {load.reference}", [])
    if given["holder"] is not None:
        found = at_place(reader, given["holder"], given["place"])
        words = [given["holder"].name, given["place"]]
        return _Picked(found, ", ".join(filter(None, words)), [])
    lines = [line.strip() for line in given["sources"].splitlines() if line.strip()]
    found, strange = named(reader, lines)
    return _Picked(found, _("{n} sources").format(n=len(found)), strange)


def _identity(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


def _whole(picked: _Picked, on: dt.date) -> tuple[Together | None, str]:
    return together_or_why(picked.sources, on) if picked.sources else (None, "")


@require_GET
def together_page(request: ReaderRequest) -> HttpResponse:
    """Sum of A/D, category and what would change it."""
    form = TogetherForm(holder_choices_for(request.reader), request.GET or None)
    today = request.reader.at.date()
    picked = _Picked([], "", [])
    whole, fault, on = None, "", today
    if request.GET and form.is_valid():
        picked = _picked(request, form)
        on = form.cleaned_data["on"] or today
        whole, fault = _whole(picked, on)
    return render(
        request,
        "holdings/together.html",
        {
            "form": form,
            "picked": picked,
            "whole": whole,
            "fault": fault,
            "on": on,
            "device": request.GET.get("device", ""),
            "shipment": request.GET.get("shipment", ""),
            "asked": bool(request.GET),
            "most": MOST_PICKED,
            **list_values(request),
        },
    )


@require_GET
def together_csv(request: ReaderRequest) -> HttpResponse:
    """The same as a table: one row a source, the sum above."""
    form = TogetherForm(holder_choices_for(request.reader), request.GET or None)
    picked = _picked(request, form) if form.is_valid() else _Picked([], "", [])
    on = (form.cleaned_data.get("on") if form.is_valid() else None) or request.reader.at.date()
    whole, fault = _whole(picked, on)
    notes = [fault] if fault else []
    if whole is not None:
        total = whole.found.ratio_A_over_D
        notes = [f"on {on}: A/D {total}, category {whole.found.category}"]
        notes += [remark.message for remark in whole.found.remarks]
    own = Source.objects.filter(pk__in=[source.pk for source in picked.sources])
    return csv_answer(
        request.reader,
        "together",
        ("source", "holder", "what", "A_over_D", "category_alone", "D_not_verified"),
        (
            (
                *(part.source.name, part.source.holder.name, part.source.title),
                *(part.ratio_A_over_D, part.category),
                " ".join(value.nuclide for value in part.unverified),
            )
            for part in (whole.parts if whole is not None else ())
        ),
        mark=mark_of_rows(request.reader.realm, own),
        action="register.export",
        notes=notes,
    )
