"""What is answered where the content of a file is missing or damaged: 410, and whom to tell."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.server.files.services import ContentGone

log = logging.getLogger(__name__)


def gone_text() -> str:
    """What a person is told; the name of the file is not in it."""
    return _(
        "The content of this file is missing on the server, or damaged. Whoever runs the server "
        "finds out more by the command tocsin verify."
    )


class GoneMiddleware:
    """Answers for every page that opens the content of a file; the API has its own answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say that the content is gone."""
        if not isinstance(error, ContentGone):
            return None
        log.error("the content of a file is gone", exc_info=error)
        values = {"title": _("The content is gone"), "text": gone_text()}
        return render(request, "error.html", values, status=410)
