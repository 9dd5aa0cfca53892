"""The exact security headers, on every answer."""

from __future__ import annotations

import pytest
from django.test import Client

CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/", "/health", "/account/login/", "/nowhere", "/api/1/nowhere", "/static/no.css"]
)
def test_headers(address: str) -> None:
    answer = Client().get(address)
    assert {p.strip() for p in answer["Content-Security-Policy"].split(";") if p.strip()} == CSP
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "camera=()" in answer["Permissions-Policy"]
    if not address.startswith("/static/"):
        assert answer["Cache-Control"] == "no-store"
