"""Error pages: what happened, without saying more than the reader may know."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.server.problems import problem


def _answer(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(problem(status, text), status=status)
    return render(request, "error.html", {"title": title, "text": text}, status=status)


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    """400."""
    return _answer(request, 400, _("Not understood"), _("The request could not be understood."))


def permission_denied(request: HttpRequest, exception: Any) -> HttpResponse:
    """403."""
    return _answer(request, 403, _("Not allowed"), _("None of your roles allows this."))


def not_found(request: HttpRequest, exception: Any) -> HttpResponse:
    """404, the same for what is absent and for what may not be seen."""
    return _answer(request, 404, _("Not found"), _("There is nothing here that you may see."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return _answer(
        request,
        500,
        _("A mistake of the server"),
        _("The server made a mistake; nothing was changed. It is in the log of the server."),
    )
