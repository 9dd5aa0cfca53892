"""What is grave asks who it is again, once the last time is ten minutes ago."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from tocsin.server.accounts.models import Person


def test_step_up(
    clock: Callable[[], object],
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(person("administrator"))
    assert browser.get("/account/powers/").status_code == 200
    clock.move(minutes=9, seconds=59)  # type: ignore[attr-defined]
    assert browser.get("/account/powers/").status_code == 200
    clock.move(seconds=1)  # type: ignore[attr-defined]
    answer = browser.get("/account/powers/")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/account/reauthenticate/?next=%2Faccount%2Fpowers%2F",
    )
    refused = browser.post("/account/powers/", {"reason": "x"})
    assert refused["Location"].startswith("/account/reauthenticate/")
    assert browser.get("/").status_code == 200


def test_a_form_that_is_only_sent_leads_back_to_its_page(
    clock: Callable[[], object],
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(person("supervisor"))
    clock.move(minutes=11)  # type: ignore[attr-defined]
    page = {"Referer": "http://testserver/sharing/?a=1"}
    answer = browser.post("/sharing/agreements", {}, headers=page)
    assert answer["Location"].endswith("?next=%2Fsharing%2F%3Fa%3D1")
    elsewhere = {"Referer": "https://outside.example/sharing/"}
    answer = browser.post("/sharing/agreements", {}, headers=elsewhere)
    assert answer["Location"].endswith("?next=%2F")
