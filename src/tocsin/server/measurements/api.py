"""Measurements for programs: upload, list, answers, what the survey page draws, exports."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from tocsin.errors import NotFound
from tocsin.nuclear.classes import SourceClass
from tocsin.server.access import reader_of_request
from tocsin.server.answers import MOST_ROWS
from tocsin.server.marking.aggregation import PlacesWithheld
from tocsin.server.measurements import exports, services, survey_data
from tocsin.server.measurements.analysing import Unanswerable
from tocsin.server.measurements.api_answers import (
    ErrorOut,
    LinesOut,
    MeasurementList,
    MeasurementOut,
    ReanalysisIn,
    RequestOut,
    SpectrumOut,
    SurveyOut,
    UploadIn,
    UploadOut,
    WaterfallOut,
)
from tocsin.server.measurements.models import Analysis, Measurement, Reanalysis, Upload
from tocsin.server.measurements.reading import (
    alarm_addresses,
    analyses_for,
    analysis_for,
    measurement_for,
    measurements_for,
    reanalyses_for,
    upload_for,
)
from tocsin.server.measurements.services import Refused

router = Router(tags=["measurements"])


NOT_THERE = {"error": {"code": "not_found", "message": "There is nothing here that you may see."}}

Handler = Callable[..., Any]


def hidden_as_absent(handler: Handler) -> Handler:
    """Answer what is absent and what may not be seen in the same words."""

    @wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Http404:
            return Status(404, NOT_THERE)

    return wrapped


def _problem(row: Upload | Reanalysis) -> dict[str, str] | None:
    if not row.error_code:
        return None
    return {"code": row.error_code, "message": row.error_message}


def _upload(row: Upload) -> dict[str, Any]:
    found = getattr(row, "measurement", None)
    return {
        "id": row.pk,
        "name": row.name,
        "sha256": row.sha256,
        "size_bytes": row.size_bytes,
        "state": row.state,
        "progress": row.progress,
        "error": _problem(row),
        "measurement": found.pk if found else None,
        "created_at": row.created_at,
        "realm": row.realm,
        "level": row.level,
        "tlp": row.tlp,
    }


def _row(m: Measurement) -> dict[str, Any]:
    return {
        "id": m.pk,
        "title": m.title,
        "file": m.file.name,
        "sha256": m.sha256,
        "kind": m.kind,
        "instrument": m.instrument_name,
        "start": m.start_text or None,
        "records": m.records,
        "live_time_s": m.live_time_s,
        "source_class": m.source_class,
        "nuclides": m.nuclides,
        "encounters": m.encounter_count,
        "created_at": m.created_at,
        "realm": m.realm,
        "level": m.level,
        "tlp": m.tlp,
    }


def _analysis(a: Analysis) -> dict[str, Any]:
    return {
        "number": a.number,
        "created_at": a.created_at,
        "asked_by": a.created_by.name if a.created_by else "",
        "reason": a.reason,
        "background": a.background_id,
        "settings": a.settings,
        "answer": a.said,
    }


def _request(r: Reanalysis) -> dict[str, Any]:
    return {
        "id": r.pk,
        "state": r.state,
        "progress": r.progress,
        "reason": r.reason,
        "error": _problem(r),
    }


def _refused(error: Refused) -> Status[dict[str, Any]]:
    return Status(422, {"error": {"code": error.code, "message": error.message}})


@router.get("", response=MeasurementList, url_name="measurements_list")
def measurement_list(
    request: HttpRequest,
    source_class: Annotated[SourceClass | None, Query()] = None,
    kind: Annotated[Literal["survey", "static", "track"] | None, Query()] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> dict[str, Any]:
    """Measurements that I may see, the latest first."""
    rows = measurements_for(reader_of_request(request))
    if source_class is not None:
        rows = rows.filter(source_class=source_class)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return {
        "total": rows.count(),
        "offset": offset,
        "limit": limit,
        "measurements": [_row(m) for m in rows[offset : offset + limit]],
    }


@router.post(
    "/uploads",
    response={200: UploadOut, 201: UploadOut, 422: ErrorOut},
    url_name="measurements_uploads",
)
def upload(
    request: HttpRequest, file: Annotated[UploadedFile, File()], given: Annotated[UploadIn, Form()]
) -> Any:
    """Bring a file: 201 once it is kept, 200 where I already see an upload of the same bytes."""
    try:
        row, fresh = services.upload(
            reader_of_request(request),
            file.read(services.most_bytes() + 1),
            name=file.name or "",
            title=given.title,
            note=given.note,
            level=given.level,
        )
    except Refused as error:
        return _refused(error)
    return Status(201 if fresh else 200, _upload(row))


@router.get(
    "/uploads/{uuid:pk}",
    response={200: UploadOut, 404: ErrorOut},
    url_name="measurements_upload",
)
@hidden_as_absent
def upload_state(request: HttpRequest, pk: uuid.UUID) -> Any:
    """How far an upload is."""
    return _upload(upload_for(reader_of_request(request), pk))


@router.get("/{uuid:pk}", response={200: MeasurementOut, 404: ErrorOut}, url_name="measurement")
@hidden_as_absent
def measurement(request: HttpRequest, pk: uuid.UUID) -> Any:
    """A measurement with its analyses."""
    reader = reader_of_request(request)
    row = measurement_for(reader, pk)
    return _row(row) | {
        "note": row.note,
        "warnings": row.warnings,
        "analyses": [_analysis(a) for a in analyses_for(reader, row)],
        "requests": [_request(r) for r in reanalyses_for(reader, row)],
    }


@router.post(
    "/{uuid:pk}/analyses",
    response={202: RequestOut, 404: ErrorOut, 422: ErrorOut},
    url_name="measurement_analyses",
)
@hidden_as_absent
def ask_again(request: HttpRequest, pk: uuid.UUID, given: ReanalysisIn) -> Any:
    """Ask for another analysis beside the ones there are."""
    reader = reader_of_request(request)
    row = measurement_for(reader, pk)
    background = None if given.background is None else measurement_for(reader, given.background)
    try:
        wish = services.ask_again(
            reader,
            row,
            reason=given.reason,
            background=background,
            false_alarm_rate_per_h=given.false_alarm_rate_per_h,
        )
    except Refused as error:
        return _refused(error)
    return Status(202, _request(wish))


# What the survey page draws


First = Annotated[int | None, Query(ge=-(2**31), lt=2**31)]
Names = Annotated[str, Query(max_length=400)]
SURVEY: dict[int, Any] = {200: SurveyOut, 404: ErrorOut}
SPECTRUM: dict[int, Any] = {200: SpectrumOut, 400: ErrorOut, 404: ErrorOut}
LINES: dict[int, Any] = {200: LinesOut, 404: ErrorOut}


Number = Annotated[int, Query(ge=1, lt=2**31)]


@router.get("/{uuid:pk}/survey", response=SURVEY, url_name="measurement_survey", by_alias=True)
@hidden_as_absent
def survey(request: HttpRequest, pk: uuid.UUID, analysis: Number = 1) -> Any:
    """Everything but the spectra, with the encounters of the original or a later analysis."""
    reader = reader_of_request(request)
    row = measurement_for(reader, pk)
    shown = analysis_for(reader, row, analysis)
    return survey_data.survey(row, shown, alarms=alarm_addresses(reader, shown))


@router.get(
    "/{uuid:pk}/waterfall",
    response={200: WaterfallOut, 404: ErrorOut},
    url_name="measurement_waterfall",
    by_alias=True,
)
@hidden_as_absent
def waterfall(
    request: HttpRequest,
    pk: uuid.UUID,
    bins: Annotated[int, Query(ge=1, le=survey_data.MOST_BINS)] = survey_data.MOST_BINS,
    rows: Annotated[int, Query(ge=1, le=survey_data.MOST_ROWS)] = survey_data.MOST_ROWS,
) -> Any:
    """Counts over time and energy, rebinned for the eye."""
    return survey_data.waterfall(
        measurement_for(reader_of_request(request), pk), bins=bins, rows=rows
    )


@router.get(
    "/{uuid:pk}/spectrum", response=SPECTRUM, url_name="measurement_spectrum", by_alias=True
)
@hidden_as_absent
def spectrum(
    request: HttpRequest,
    pk: uuid.UUID,
    first: First = None,
    last: First = None,
    analysis: Number = 1,
) -> Any:
    """Counts of some records together, with the background that the analysis set against them."""
    reader = reader_of_request(request)
    row = measurement_for(reader, pk)
    try:
        return survey_data.spectrum(row, analysis_for(reader, row, analysis), first, last)
    except survey_data.OutOfRange as error:
        return Status(400, {"error": {"code": "out_of_range", "message": str(error)}})


@router.get(
    "/{uuid:pk}/reference-lines", response=LINES, url_name="measurement_lines", by_alias=True
)
@hidden_as_absent
def reference_lines(
    request: HttpRequest, pk: uuid.UUID, nuclides: Names = "", analysis: Number = 1
) -> Any:
    """Lines of the named nuclides, or of those that the encounters name."""
    reader = reader_of_request(request)
    shown = analysis_for(reader, measurement_for(reader, pk), analysis)
    names = [name.strip() for name in nuclides.split(",") if name.strip()]
    try:
        return survey_data.reference_lines(names or survey_data.named_by(shown))
    except NotFound as error:
        return Status(404, {"error": {"code": "unknown_nuclide", "message": str(error)}})


# Exports


@router.get(
    "/{uuid:pk}/files/{what}",
    url_name="measurement_file",
    response={403: ErrorOut, 404: ErrorOut, 410: ErrorOut, 503: ErrorOut},
)
@hidden_as_absent
def file(
    request: HttpRequest,
    pk: uuid.UUID,
    what: Literal["original", "n42", "csv", "geojson"],
    analysis: Number = 1,
) -> Any:
    """The original bytes, N42, a table of the spectra, or the encounters of one analysis."""
    reader = reader_of_request(request)
    row = measurement_for(reader, pk)
    try:
        answer: HttpResponse
        if what == "original":
            answer = exports.original(row)
        elif what == "n42":
            answer = exports.n42(row)
        elif what == "csv":
            answer = exports.table(row)
        else:
            answer = exports.places(reader, row, analysis_for(reader, row, analysis))
    except PlacesWithheld as withheld:
        return Status(403, {"error": {"code": "places_withheld", "message": str(withheld)}})
    except Unanswerable as error:
        return Status(503, {"error": {"code": error.code, "message": error.message}})
    services.tell_export(reader, row, what)
    return answer
