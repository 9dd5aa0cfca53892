"""The page on the server's own condition."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from tocsin.server.access import ReaderRequest
from tocsin.server.clock import now
from tocsin.server.health.condition import condition
from tocsin.server.ingest.keeping import ACTION as KEEPING
from tocsin.server.marking.policy import may


def page(request: ReaderRequest) -> HttpResponse:
    """All readings, what is not well first."""
    rows = sorted(condition(now()), key=lambda reading: reading.good)
    values = {
        "rows": rows,
        "well": all(row.good for row in rows),
        "at": now(),
        "may_keep": may(request.reader, KEEPING),
    }
    return render(request, "health.html", values)
