"""Texts that no database can hold are refused, not a fault of the server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tocsin.server.accounts.models import Person

NUL = "a\x00b"


@pytest.mark.parametrize("where", ["body", "key", "query"])
def test_nul_is_refused(
    person: Callable[..., Person], signed_in: Callable[[Person], Client], where: str
) -> None:
    browser = signed_in(person("supervisor"))
    given = {"title": NUL if where == "body" else "t", "reason": "tip", "note": "n"}
    if where == "key":
        given[NUL] = "x"
    if where == "query":
        answer = browser.get("/api/1/alarms", {"state": NUL})
    else:
        answer = browser.post("/api/1/alarms", given, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "not_understood"
