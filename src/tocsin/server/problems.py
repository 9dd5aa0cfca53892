"""How the API says what is wrong, whichever part refuses."""

from __future__ import annotations

from typing import Any

from tocsin.errors import TocsinError

CODES = {
    400: "not_understood",
    401: "sign_in",
    403: "not_allowed",
    404: "not_found",
    409: "stored_unreadable",
    410: "content_gone",
    413: "too_large",
    422: "not_valid",
    429: "too_much",
    500: "server",
}


class StoredUnreadable(TocsinError):
    """A stored row holds what this version does not know, or what cannot have happened."""


def problem(status: int, text: str, **more: Any) -> dict[str, Any]:
    """Body of an error: ``error`` with code and message, ``detail`` with the message alone."""
    code = CODES.get(status, "refused")
    return {"detail": text, "error": {"code": code, "message": text}, **more}
