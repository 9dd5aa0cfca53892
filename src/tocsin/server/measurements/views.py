"""Pages of measurements: upload and its progress, list, one measurement, re-analysis, exports."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.formats.limits import MiB
from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_of_rows
from tocsin.server.marking.aggregation import PlacesWithheld
from tocsin.server.marking.policy import Reader, may
from tocsin.server.measurements import exports, services
from tocsin.server.measurements.analysing import Unanswerable
from tocsin.server.measurements.forms import MeasurementFilter, ReanalysisForm, UploadForm
from tocsin.server.measurements.models import Kind, Measurement, Upload
from tocsin.server.measurements.reading import (
    alarm_addresses,
    analyses_for,
    analysis_for,
    instruments_for,
    measurement_for,
    measurements_for,
    reanalyses_for,
    upload_for,
    uploads_for,
)
from tocsin.server.measurements.services import Refused
from tocsin.server.measurements.survey_data import marking_text

PAGE_ROWS = 50


def wants_json(request: ReaderRequest) -> bool:
    """Whether a script asks, which shows the answer itself."""
    return "application/json" in request.headers.get("Accept", "")


# Upload


@require_http_methods(["GET", "POST"])
def upload(request: ReaderRequest) -> HttpResponse:
    """Bring files: each is kept before it is acknowledged, and analysed in the background."""
    form = UploadForm(request.POST or None, request.FILES or None, reader=request.reader)
    if request.method == "POST":
        if form.is_valid():
            return _received(request, form)
        if wants_json(request):
            words = " ".join(str(e) for errors in form.errors.values() for e in errors)
            return _refusal("form", words)
    status = 400 if form.errors else 200
    return render(request, "measurements/upload.html", _upload_page(request, form), status=status)


def _upload_page(request: ReaderRequest, form: UploadForm) -> dict[str, Any]:
    limits = settings.TOCSIN
    used = services.used_bytes(request.reader.person, request.reader.realm)
    return {
        "form": form,
        "most_MiB": limits.upload_most_MiB,
        "used_MiB": used / MiB,
        "quota_MiB": limits.upload_quota_MiB,
    }


def _received(request: ReaderRequest, form: UploadForm) -> HttpResponse:
    given = form.cleaned_data
    rows: list[tuple[Upload, bool]] = []
    for file in given["file"]:
        try:
            rows.append(_keep(request.reader, file, given))
        except Refused as refused:
            if wants_json(request):
                return _refusal(refused.code, refused.message)
            form.add_error("file", f"{file.name}: {refused.message}")
    if wants_json(request):
        row, fresh = rows[0]
        title = row.name if fresh else _("{name}: already here").format(name=row.name)
        answer = {"url": row.get_absolute_url(), "title": title}
        return JsonResponse(answer, status=201 if fresh else 200)
    for row, fresh in rows:
        if not fresh:
            messages.info(
                request,
                _("{name} is already here; the same bytes are not kept twice.").format(
                    name=row.name
                ),
            )
    if form.errors:
        page = _upload_page(request, form) | {"kept": [row for row, _fresh in rows]}
        return render(request, "measurements/upload.html", page, status=400)
    return redirect(rows[0][0] if len(rows) == 1 else "measurements:uploads")


def _keep(reader: Reader, file: UploadedFile[Any], given: dict[str, Any]) -> tuple[Upload, bool]:
    # one byte more than allowed is enough to refuse it
    content = file.read(services.most_bytes() + 1)
    return services.upload(
        reader,
        content,
        name=file.name or "",
        title=given["title"],
        note=given["note"],
        level=given["level"],
        compartments=[uuid.UUID(str(pk)) for pk in given["compartments"]],
    )


def _refusal(code: str, message: str, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


@require_GET
def upload_list(request: ReaderRequest) -> HttpResponse:
    """Uploads and how far they are."""
    page = Paginator(uploads_for(request.reader), PAGE_ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "measurements/uploads.html",
        {"page": page, "unfinished": any(row.unfinished for row in page)},
    )


@require_GET
def upload_state(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One upload: how far it is, or why nothing came of it."""
    row = upload_for(request.reader, pk)
    found = measurement_of(row)
    if found is not None and not request.headers.get("HX-Request"):
        return redirect(found)
    return render(
        request,
        "measurements/upload_state.html",
        {
            "upload": row,
            "measurement": found,
            "may_upload": may(request.reader, "measurements.upload"),
        },
    )


def measurement_of(row: Upload) -> Measurement | None:
    """What came of an upload, None as long as nothing did."""
    return getattr(row, "measurement", None)


@require_POST
def upload_again(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Try a failed file once more."""
    row = upload_for(request.reader, pk)
    try:
        services.try_again(request.reader, row)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect(row)


@require_GET
def upload_original(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """The bytes of an upload, also of one that could not be read."""
    return _original(request, upload_for(request.reader, pk))


# Lists


@require_GET
def measurement_list(request: ReaderRequest) -> HttpResponse:
    """Measurements with filters."""
    found = MeasurementFilter(
        request.GET, queryset=measurements_for(request.reader), reader=request.reader
    )
    page = Paginator(found.qs, PAGE_ROWS).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "measurements/list.html",
        {
            "filter": found,
            "page": page,
            "query": query.urlencode(),
            "may_upload": may(request.reader, "measurements.upload"),
            "may_export": may(request.reader, "measurements.export"),
        },
    )


@require_GET
def measurement_list_csv(request: ReaderRequest) -> HttpResponse:
    """The filtered list as a table."""
    found = MeasurementFilter(
        request.GET, queryset=measurements_for(request.reader), reader=request.reader
    )
    return csv_of_rows(
        request.reader,
        "measurements",
        (
            "id",
            "title",
            "file",
            "sha256",
            "kind",
            "instrument",
            "measured_at",
            "uploaded_at",
            "uploaded_by",
            "organisation",
            "records",
            "live_time_s",
            "class",
            "nuclides",
            "encounters",
            "level",
        ),
        found.qs,
        lambda m: (
            m.pk,
            m.title,
            m.file.name,
            m.sha256,
            m.kind,
            m.instrument_name,
            m.start_text,
            m.created_at,
            m.created_by.name if m.created_by else "",
            m.originator.short_name,
            m.records,
            m.live_time_s,
            m.source_class,
            m.nuclides,
            m.encounter_count,
            m.get_level_display(),
        ),
        action="measurements.export",
    )


@require_GET
def instrument_list(request: ReaderRequest) -> HttpResponse:
    """Instruments, as the recordings name them."""
    page = Paginator(instruments_for(request.reader), PAGE_ROWS).get_page(request.GET.get("page"))
    return render(request, "measurements/instruments.html", {"page": page})


# One measurement


@require_GET
def measurement(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """A measurement with one of its analyses: islands for a survey, a spectrum for the others."""
    reader = request.reader
    row = measurement_for(reader, pk)
    analyses = analyses_for(reader, row)
    wanted = request.GET.get("analysis", "1")
    shown = next((a for a in analyses if str(a.number) == wanted), analyses[0])
    encounters = list(shown.encounters.order_by("number"))
    alarms = alarm_addresses(reader, shown)
    return render(
        request,
        "measurements/measurement.html",
        {
            "measurement": row,
            "marking": marking_text(row),
            "analyses": analyses,
            "analysis": shown,
            "encounters": [(e, alarms.get(e.pk)) for e in encounters],
            "waiting": reanalyses_for(reader, row),
            "has_islands": row.kind != Kind.TRACK or row.has_positions,
            "may_export": may(reader, "measurements.export"),
            "may_reanalyse": may(reader, "measurements.reanalyse"),
        },
    )


@require_http_methods(["GET", "POST"])
def reanalyse(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask for another analysis beside the ones there are."""
    row = measurement_for(request.reader, pk)
    form = ReanalysisForm(request.POST or None, reader=request.reader, measurement=row)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            services.ask_again(
                request.reader,
                row,
                reason=given["reason"],
                background=given["background"],
                false_alarm_rate_per_h=given["rate"],
            )
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("Another analysis is on its way."))
            return redirect(row)
    return render(
        request,
        "measurements/reanalyse.html",
        {"form": form, "measurement": row},
        status=400 if form.errors else 200,
    )


# Exports


@require_GET
def original(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """The bytes as they came."""
    return _original(request, measurement_for(request.reader, pk))


def _original(request: ReaderRequest, row: Measurement | Upload) -> HttpResponse:
    answer = exports.original(row)
    services.tell_export(request.reader, row, "original")
    return answer


@require_GET
def n42(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """ANSI N42.42-2012."""
    return _written(request, pk, "n42")


@require_GET
def table(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One row for each spectrum."""
    return _written(request, pk, "csv")


def _written(request: ReaderRequest, pk: uuid.UUID, what: str) -> HttpResponse:
    row = measurement_for(request.reader, pk)
    try:
        answer = exports.n42(row) if what == "n42" else exports.table(row)
    except Unanswerable as error:  # a machine that cannot start the sandbox now
        messages.error(request, error.message)
        return redirect(row)
    services.tell_export(request.reader, row, what)
    return answer


@require_GET
def places(request: ReaderRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """Encounters of one analysis for a map."""
    row = measurement_for(request.reader, pk)
    analysis = analysis_for(request.reader, row, number)
    try:
        answer = exports.places(request.reader, row, analysis)
    except PlacesWithheld as withheld:
        messages.error(request, str(withheld))
        return redirect(row)
    services.tell_export(request.reader, row, "geojson")
    return answer
