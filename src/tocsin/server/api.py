"""The API: everything that the pages do, for programs. Each app adds its router here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

import tocsin
from tocsin.server.alarms.api import router as alarms
from tocsin.server.duties.api import router as duties
from tocsin.server.incidents.api import router as incidents
from tocsin.server.marking.reading import TooMuchReading
from tocsin.server.measurements.api import router as measurements

api = NinjaAPI(
    title="Tocsin",
    version=tocsin.__version__,
    description="Measurements, alarms and what follows from them.",
    # the reader of the documentation would load its pages from another host
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
api.add_router("/measurements", measurements)
api.add_router("/alarms", alarms)
api.add_router("/incidents", incidents)
api.add_router("/duties", duties)


@api.exception_handler(TooMuchReading)
def _too_much(_request: HttpRequest, error: TooMuchReading) -> HttpResponse:
    raise error  # the middleware answers it, as for pages


@api.exception_handler(Exception)
def _server_error(request: HttpRequest, _error: Exception) -> HttpResponse:
    return api.create_response(request, {"detail": "The server made a mistake."}, status=500)
