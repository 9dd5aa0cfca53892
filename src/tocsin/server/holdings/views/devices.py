"""Pages of devices."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_of_rows
from tocsin.server.holdings.forms import DeviceCorrectionForm, DeviceForm, DeviceReportForm
from tocsin.server.holdings.models import Device, Kind
from tocsin.server.holdings.reading import (
    PLACES,
    counted,
    devices_for,
    inside,
    names_of,
    seen_sources,
)
from tocsin.server.holdings.services.devices import (
    DeviceEntry,
    correct_device,
    possible,
    put_in,
    register_device,
    report_device,
    take_out,
)
from tocsin.server.holdings.services.writing import number_of
from tocsin.server.holdings.together import together
from tocsin.server.holdings.views.frame import (
    DANGER,
    PAGE_ROWS,
    list_values,
    row_values,
    typed_words,
)
from tocsin.server.register.life import HELD, MISSING, Status
from tocsin.server.register.practices import NAMES
from tocsin.server.register.reading import sources_for

MOST_CHOICES = 200
NEWEST = ("-created_at", "pk")


def _filtered(request: ReaderRequest) -> QuerySet[Device]:
    rows = devices_for(request.reader).exclude(status=Status.WITHDRAWN)
    for word in typed_words(request).split():
        rows = rows.filter(
            Q(maker__icontains=word)
            | Q(model__icontains=word)
            | Q(serial__icontains=word)
            | Q(place__icontains=word)
            | Q(holder__name__icontains=word)
        )
    return rows


def _counting(request: ReaderRequest) -> QuerySet[Device]:
    inside_it = seen_sources(request.reader, "insides__source")
    return _filtered(request).annotate(sources_in=inside_it).order_by(*NEWEST)


@require_GET
def device_list(request: ReaderRequest) -> HttpResponse:
    """Devices, the newest entry first."""
    rows = _counting(request)
    return render(
        request,
        "holdings/devices.html",
        {
            "page": Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
            "text": typed_words(request),
            "missing": MISSING,
            **list_values(request),
        },
    )


@require_GET
def device_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "devices",
        (
            *("device", "maker", "model", "serial", "practice", "status", "since"),
            *("holder", "sources_in_it"),
        ),
        _counting(request),
        lambda d: (
            *(d.name, d.maker, d.model, d.serial, d.practice, d.status, str(d.since)),
            *(d.holder.name, d.sources_in),
        ),
        action="register.export",
        places=PLACES,
    )


@require_GET
def device(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One device: what is in it, how dangerous together, its life."""
    row = get_object_or_404(devices_for(request.reader), pk=pk)
    sources = inside(request.reader, row)
    return render(
        request,
        "holdings/device.html",
        {
            "device": row,
            "practice_name": NAMES.get(row.practice, ""),
            "sources": sources,
            "whole": together(counted(sources), request.reader.at.date()),
            "held": HELD,
            "missing": row.status in MISSING,
            "steps": [
                {"kind": k.value, "label": k.label, "danger": k in DANGER}
                for k in possible(request.reader, row)
                if k is not Kind.CORRECTION
            ],
            "may_correct": Kind.CORRECTION in possible(request.reader, row),
            **row_values(request, row),
        },
    )


@require_http_methods(["GET", "POST"])
def device_new(request: ReaderRequest) -> HttpResponse:
    """Enter a device."""
    form = DeviceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            row = register_device(request.reader, given.pop("holder"), DeviceEntry(**given))
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is registered.").format(name=row.name))
            return redirect(row)
    return _entry_page(request, form, None)


@require_http_methods(["GET", "POST"])
def device_correct(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Correct what is written of a device."""
    row = get_object_or_404(devices_for(request.reader), pk=pk)
    if Kind.CORRECTION not in possible(request.reader, row):
        raise Http404
    names = ("maker", "model", "serial", "practice", "place")
    initial: dict[str, Any] = {name: getattr(row, name) for name in names}
    initial["seen"] = number_of(row)
    form = DeviceCorrectionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        reason, seen = given.pop("reason"), given.pop("seen")
        try:
            correct_device(request.reader, row, DeviceEntry(**given), reason=reason, seen=seen)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is corrected.").format(name=row.name))
            return redirect(row)
    return _entry_page(request, form, row)


def _entry_page(request: ReaderRequest, form: DeviceForm, row: Device | None) -> HttpResponse:
    return render(
        request,
        "holdings/entry.html",
        {
            "form": form,
            "title": _("Correct {name}").format(name=row.name) if row else _("Enter a device"),
            "back": row.get_absolute_url() if row else "",
            "list": "holdings:devices",
            **names_of(request.reader, "device"),
        },
    )


@require_http_methods(["GET", "POST"])
def device_report(request: ReaderRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """Report what befell a device, and with it each source in it."""
    row = get_object_or_404(devices_for(request.reader), pk=pk)
    asked = next((k for k in possible(request.reader, row) if k.value == kind), None)
    if asked is None or asked is Kind.CORRECTION:
        raise Http404
    sources = inside(request.reader, row)
    form = DeviceReportForm(
        asked,
        request.reader.at.date(),
        _choices(request, row, asked),
        request.POST or None,
        initial={"source": request.GET.get("source", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            _reported(request, row, asked, dict(form.cleaned_data))
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Reported: {what}.").format(what=asked.label))
            still = devices_for(request.reader).filter(pk=row.pk).exists()
            return redirect(row) if still else redirect("holdings:devices")
    return render(
        request,
        "holdings/report.html",
        {
            "row": row,
            "form": form,
            "kind": asked,
            "danger": asked in DANGER,
            "with_it": counted(sources) if asked not in {Kind.PUT_IN, Kind.TAKEN_OUT} else [],
            **row_values(request, row),
        },
    )


def _choices(request: ReaderRequest, row: Device, kind: Kind) -> list[tuple[str, str]]:
    if kind is Kind.TAKEN_OUT:
        found = inside(request.reader, row)
    elif kind is Kind.PUT_IN:
        rows = sources_for(request.reader).filter(holder=row.holder_id, status__in=HELD)
        found = list(rows.filter(inside=None).order_by("serial", "pk")[:MOST_CHOICES])
    else:
        return []
    return [(str(s.pk), f"{s.name} {s.title}") for s in found]


def _reported(request: ReaderRequest, row: Device, kind: Kind, given: dict[str, Any]) -> None:
    day: dt.date = given.pop("happened_on")
    if kind not in {Kind.PUT_IN, Kind.TAKEN_OUT}:
        report_device(request.reader, row, kind, happened_on=day, **given)
        return
    source = get_object_or_404(sources_for(request.reader), pk=given["source"])
    step = put_in if kind is Kind.PUT_IN else take_out
    step(request.reader, row, source, happened_on=day, note=given["note"])
