"""The page on the server's own condition."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from tocsin.server.access import ReaderRequest
from tocsin.server.clock import now
from tocsin.server.health.condition import condition


def page(request: ReaderRequest) -> HttpResponse:
    """All readings, what is not well first."""
    rows = sorted(condition(now()), key=lambda reading: reading.good)
    return render(
        request, "health.html", {"rows": rows, "well": all(row.good for row in rows), "at": now()}
    )
