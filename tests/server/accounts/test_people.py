"""Invitations, roles, powers, tokens, and that a person shut out is out at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import ApiToken, Invitation, Person
from tocsin.server.accounts.roles import ELEVATED
from tocsin.server.accounts.services import (
    disable,
    elevate,
    end_role,
    grant,
    invite,
    invite_first_administrator,
    make_token,
)
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.policy import reader_of

NEW = "a long sentence nobody guesses"


def test_the_first_administrator_comes_in_once(db: None) -> None:
    token = invite_first_administrator()
    assert token is not None
    later = invite_first_administrator()
    assert later not in {None, token}
    browser = Client()
    assert browser.get(f"/account/invitation/{token}/").status_code == 404
    assert browser.get(f"/account/invitation/{later}/").status_code == 200
    answer = browser.post(f"/account/invitation/{later}/", {"password": "short", "again": "short"})
    assert answer.status_code == 200
    assert Invitation.objects.filter(used_at=None).count() == 2
    answer = browser.post(f"/account/invitation/{later}/", {"password": NEW, "again": NEW})
    assert (answer.status_code, answer["Location"]) == (302, "/account/second-factor/")
    assert Client().get(f"/account/invitation/{later}/").status_code == 404
    assert invite_first_administrator() is None


def test_a_link_ends_after_a_day(person: Callable[..., Person], clock: object) -> None:
    token = invite(person("officer"), actor="system:test")
    clock.move(hours=23, minutes=59)  # type: ignore[attr-defined]
    assert Client().get(f"/account/invitation/{token}/").status_code == 200
    clock.move(minutes=1)  # type: ignore[attr-defined]
    assert Client().get(f"/account/invitation/{token}/").status_code == 404


def test_powers_are_taken_up_for_an_hour(
    person: Callable[..., Person], signed_in: Callable[[Person], Client], clock: object
) -> None:
    who = person("administrator")
    browser = signed_in(who)
    assert browser.get("/people/").status_code == 403
    assert not reader_of(who).actions & ELEVATED
    elevate(who, reason="a new colleague")
    assert browser.get("/people/").status_code == 200
    clock.move(minutes=60)  # type: ignore[attr-defined]
    assert browser.get("/people/").status_code == 403
    with pytest.raises(InvalidInput):
        elevate(who, reason=" ")


def test_roles_end_at_once_and_nobody_gives_one_to_themselves(
    person: Callable[..., Person], clock: object
) -> None:
    who, other = person("officer"), person("administrator")
    assert "measurements.upload" in reader_of(who).actions
    row = who.assignments.get()
    end_role(row, actor=other, reason="moved")
    assert not reader_of(who).actions
    with pytest.raises(InvalidInput, match="themselves"):
        grant(other, "auditor", actor=other, reason="mine")
    leaf = Leaf.objects.get(action="accounts.end_role")
    assert leaf.content["reason"] == "moved"


def test_who_is_shut_out_is_out_at_once(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    who, other = person("officer"), person("administrator")
    browser = signed_in(who)
    row, token = make_token(
        who, name="script", realm="EXERCISE", scopes=["measurements.read"], days=1
    )
    header = {"Authorization": f"Bearer {token}"}
    assert browser.get("/").status_code == 200
    assert Client().get("/api/1/openapi.json", headers=header).status_code == 200
    disable(who, actor=other, reason="badge lost")
    assert browser.get("/")["Location"].startswith("/account/login/")
    assert Client().get("/api/1/openapi.json", headers=header).status_code == 401
    assert ApiToken.objects.get(pk=row.pk).ended_at is not None
    with pytest.raises(InvalidInput):
        disable(other, actor=other, reason="me")


def test_a_token_opens_no_more_than_its_scopes(person: Callable[..., Person]) -> None:
    who = person("expert")
    make_token(who, name="t", realm="EXERCISE", scopes=["alarms.read"], days=1)
    reader = reader_of(who, scopes=frozenset({"alarms.read", "accounts.manage"}))
    assert reader.actions == {"alarms.read"}
    for bad in (
        {"realm": "LIVE", "scopes": ["alarms.read"], "days": 1},
        {"realm": "EXERCISE", "scopes": ["no.such"], "days": 1},
        {"realm": "EXERCISE", "scopes": ["alarms.read"], "days": 0},
    ):
        with pytest.raises(InvalidInput):
            make_token(who, name="t", **bad)  # type: ignore[arg-type]


def test_pages_of_people_render(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    who = person("administrator", of="authority", kind="regulator")
    other = person("officer", name="<b>Ann</b>")
    elevate(who, reason="test")
    browser = signed_in(who)
    for address in (
        "/people/",
        "/people/?q=ann",
        "/people/organisations/",
        "/people/what-roles-may-do/",
        f"/people/{other.pk}/",
    ):
        answer = browser.get(address)
        assert answer.status_code == 200, address
        assert b"<b>Ann" not in answer.content
    wish = {"reason": "left", "wanted": "out"}
    for _twice in range(2):  # two administrators who press it together do not let them in again
        answer = browser.post(f"/people/{other.pk}/state", wish)
        assert answer.status_code == 302
    assert not Person.objects.get(pk=other.pk).is_active


def test_administrators_manage_their_own_organisation_the_regulators_all(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    own, other = person("officer"), person("officer", of="police")
    local = person("administrator")
    national = person("administrator", of="authority", kind="regulator")
    for who in (local, national):
        elevate(who, reason="test")
    assert signed_in(local).get(f"/people/{own.pk}/").status_code == 200
    assert signed_in(local).get(f"/people/{other.pk}/").status_code == 404
    assert other.name not in signed_in(local).get("/people/").content.decode()
    assert signed_in(local).get("/people/organisations/").status_code == 403
    answer = signed_in(local).post(f"/people/{other.pk}/state", {"reason": "x"})
    assert answer.status_code == 404
    assert signed_in(national).get(f"/people/{other.pk}/").status_code == 200


def test_a_link_does_not_go_round_the_second_factor(person: Callable[..., Person]) -> None:
    who = person("officer", realms=("LIVE",))
    Authenticator.objects.create(user=who, type="totp", data={"secret": "x"})
    _row, token = make_token(who, name="t", realm="LIVE", scopes=["alarms.read"], days=1)
    link = invite(who, actor="system:test")
    browser = Client()
    answer = browser.post(f"/account/invitation/{link}/", {"password": NEW, "again": NEW})
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/")
    assert browser.get("/").status_code == 302
    header = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/1/openapi.json", headers=header).status_code == 401


def test_a_token_ends_with_its_realm(person: Callable[..., Person]) -> None:
    who = person("expert", realms=("EXERCISE", "SYNTHETIC"))
    _row, token = make_token(who, name="t", realm="SYNTHETIC", scopes=["alarms.read"], days=1)
    header = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/1/openapi.json", headers=header).status_code == 200
    who.realms = ["EXERCISE"]
    who.save()
    assert Client().get("/api/1/openapi.json", headers=header).status_code == 401
    who.realms = []
    who.save()
    assert not reader_of(who).actions


def test_the_last_administrator_stays(person: Callable[..., Person]) -> None:
    only, boss = person("administrator"), person("officer")
    with pytest.raises(InvalidInput, match="last administrator"):
        end_role(only.assignments.get(), actor=boss, reason="x")
    with pytest.raises(InvalidInput, match="last administrator"):
        disable(only, actor=boss, reason="x")
    person("administrator")
    disable(only, actor=boss, reason="x")
    assert not Person.objects.get(pk=only.pk).is_active


def test_the_language_of_pages_is_that_of_notices(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    who = person("officer")
    browser = signed_in(who)
    assert browser.post("/language", {"language": "fr", "next": "/"}).status_code == 302
    assert Person.objects.get(pk=who.pk).language == "fr"
    browser.post("/language", {"language": "xx", "next": "/"})
    assert Person.objects.get(pk=who.pk).language == "fr"
