"""Pages of devices: the list with their states, one device, enrolling, revoking."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_of_rows
from tocsin.server.ingest.ending_by_hand import end_survey, may_be_ended
from tocsin.server.ingest.enrolling import ACTION, enrol, revoke
from tocsin.server.ingest.forms import DeviceForm, ReasonForm
from tocsin.server.ingest.keeping import ACTION as KEEPING
from tocsin.server.ingest.models import SILENT_AFTER
from tocsin.server.ingest.reading import (
    count_records,
    device_for,
    devices_for,
    survey_for,
    surveys_for,
)
from tocsin.server.ingest.retention_models import Hold
from tocsin.server.marking.policy import decide, may

PAGE_ROWS = 50
MOST_REFUSALS = 20


@require_GET
def device_list(request: ReaderRequest) -> HttpResponse:
    """Devices with their state; the table asks again every few seconds."""
    page = Paginator(devices_for(request.reader), PAGE_ROWS).get_page(request.GET.get("page"))
    values = {
        "page": page,
        "may_enrol": may(request.reader, ACTION),
        "may_export": may(request.reader, "measurements.export"),
        "may_keep": may(request.reader, KEEPING),
        "silent_s": int(SILENT_AFTER.total_seconds()),
        "query": "",
    }
    return render(request, "ingest/devices.html", values)


@require_GET
def device_list_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "devices",
        ("name", "instrument", "fingerprint", "state", "last_seen", "enrolled", "revoked"),
        devices_for(request.reader),
        lambda d: (
            d.name,
            d.instrument,
            d.fingerprint,
            d.state.value,
            d.last_seen_at or "",
            d.created_at,
            d.revoked_at or "",
        ),
        action="ingest.export",
    )


@require_GET
def device(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One device: its key, its surveys, what was refused."""
    row = device_for(request.reader, pk)
    surveys = Paginator(surveys_for(request.reader, row), PAGE_ROWS)
    page = surveys.get_page(request.GET.get("page"))
    count_records(page.object_list)
    values = {
        "device": row,
        "page": page,
        "holdable": {s.pk for s in page if decide(request.reader, ACTION, row).allowed},
        "held": set(
            Hold.objects.filter(survey__device=row, lifted_at=None).values_list("survey", flat=True)
        ),
        "endable": {s.pk for s in page if may_be_ended(request.reader, s)},
        "refusals": row.refusals.all()[:MOST_REFUSALS],
        "may_revoke": row.revoked_at is None and decide(request.reader, ACTION, row).allowed,
        "query": "",
    }
    return render(request, "ingest/device.html", values)


@require_http_methods(["GET", "POST"])
def device_new(request: ReaderRequest) -> HttpResponse:
    """Enrol a device."""
    form = DeviceForm(request.POST or None, reader=request.reader)
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = form.cleaned_data
        circles = [uuid.UUID(str(pk)) for pk in given.pop("compartments", ())]
        try:
            row = enrol(request.reader, **given, compartments=circles)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The device is enrolled."))
            return redirect(row)
    status = 400 if form.errors else 200
    return render(request, "ingest/enrol.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
def device_revoke(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Revoke a device."""
    row = device_for(request.reader, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            revoke(request.reader, row, reason=form.cleaned_data["reason"])
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Nothing more is taken from this device."))
            return redirect(row)
    status = 400 if form.errors else 200
    return render(request, "ingest/revoke.html", {"form": form, "device": row}, status=status)


@require_http_methods(["GET", "POST"])
def survey_end(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """End a survey that its device will never end."""
    row = survey_for(request.reader, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            end_survey(request.reader, row, reason=form.cleaned_data["reason"])
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The survey is ended; its measurement will be here soon."))
            return redirect(row.device)
    status = 400 if form.errors else 200
    return render(request, "ingest/survey_end.html", {"form": form, "survey": row}, status=status)
