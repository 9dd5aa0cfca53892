"""The API: everything that the pages do, for programs. Each app adds its router here."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

import tocsin
from tocsin.server import errors
from tocsin.server.alarms.api import router as alarms
from tocsin.server.console.api import router as search
from tocsin.server.documents.api import router as documents
from tocsin.server.duties.api import router as duties
from tocsin.server.files.gone import gone_text
from tocsin.server.files.services import ContentGone
from tocsin.server.holdings.api import router as holdings
from tocsin.server.incidents.api import router as incidents
from tocsin.server.ingest.api import router as ingest
from tocsin.server.licensing.api import router as licences
from tocsin.server.marking.reading import TooMuchReading
from tocsin.server.measurements.api import router as measurements
from tocsin.server.oversight.api import router as oversight
from tocsin.server.picture.api import router as picture
from tocsin.server.problems import StoredUnreadable, problem
from tocsin.server.register.api import router as register
from tocsin.server.statistics.api import router as statistics
from tocsin.server.tracing.api import router as tracing
from tocsin.server.transparency.api import router as transparency

log = logging.getLogger(__name__)


class ReadableParser(Parser):
    """Refuses the character NUL, which no text needs and PostgreSQL cannot hold."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Content of a JSON body."""
        body = super().parse_body(request)
        if _holds_nul(body):
            raise HttpError(400, "a text holds the character NUL")
        return body

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> Any:
        """Content of a query or a form."""
        if _holds_nul(dict(data.lists())):
            raise HttpError(400, "a text holds the character NUL")
        return super().parse_querydict(data, list_fields, request)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(k) or _holds_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


api = NinjaAPI(
    parser=ReadableParser(),
    title="Tocsin",
    version=tocsin.__version__,
    description="Measurements, alarms and what follows from them.",
    # the reader of the documentation would load its pages from another host
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
api.add_router("/documents", documents)
api.add_router("/register", register)
api.add_router("/licences", licences)
api.add_router("/oversight", oversight)
api.add_router("/holdings", holdings)
api.add_router("/measurements", measurements)
api.add_router("/alarms", alarms)
api.add_router("/ingest", ingest)
api.add_router("/incidents", incidents)
api.add_router("/tracing", tracing)
api.add_router("/statistics", statistics)
api.add_router("/picture", picture)
api.add_router("/duties", duties)
api.add_router("/search", search)
api.add_router("/log", transparency)


@api.exception_handler(TooMuchReading)
@api.exception_handler(StoredUnreadable)
def _told_by_middleware(_request: HttpRequest, error: Exception) -> HttpResponse:
    raise error  # the middleware answers it, as for pages


@api.exception_handler(ValidationError)
def _not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = [f"{'.'.join(map(str, e.get('loc', ())))}: {e.get('msg', '')}" for e in error.errors]
    body = problem(422, "; ".join(found)[:1000] or "not valid", problems=found)
    return api.create_response(request, body, status=422)


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    status = error.status_code
    return api.create_response(request, problem(status, str(error)), status=status)


@api.exception_handler(MultiPartParserError)
@api.exception_handler(SuspiciousOperation)
def _not_understood(request: HttpRequest, _error: Exception) -> HttpResponse:
    # a body without its boundary, too many fields: faults of the caller, as on pages
    return api.create_response(request, problem(400, "Cannot parse request body"), status=400)


@api.exception_handler(ContentGone)
def _gone(request: HttpRequest, _error: Exception) -> HttpResponse:
    log.exception("the content of a file is gone")
    return api.create_response(request, problem(410, gone_text()), status=410)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, _error: Http404) -> HttpResponse:
    return errors.not_found(request, None)


@api.exception_handler(Exception)
def _server_error(request: HttpRequest, _error: Exception) -> HttpResponse:
    log.exception("a request to the API failed")
    text = "The server made a mistake; nothing was changed. It is in the log of the server."
    return api.create_response(request, problem(500, text), status=500)
