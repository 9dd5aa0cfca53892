"""Security headers that Django does not set by itself, on every answer."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)


WITH_CAMERA = PERMISSIONS.replace("camera=()", "camera=(self)")
"""For a page on which a person scans labels."""


class HeadersMiddleware:
    """Adds isolation, permissions and, for all that is not a static file, no-store."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the headers."""
        response = self.get_response(request)
        # a page with a camera says so itself
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Cross-Origin-Embedder-Policy"] = "require-corp"
        if not request.path.startswith("/static/"):
            response["Cache-Control"] = "no-store"
        return response
