"""Invitations, roles, powers, tokens, and that a person shut out is out at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from answers import PASSWORD
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


def test_people_of_a_closed_organisation_are_out_at_once_until_it_is_opened(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    who, beside = person("officer", of="police"), person("officer")
    national = person("administrator", of="authority", kind="regulator")
    boss = signed_in(national)
    browser, neighbour = signed_in(who), signed_in(beside)
    row, token = make_token(who, name="t", realm="EXERCISE", scopes=["alarms.read"], days=9)
    header = {"Authorization": f"Bearer {token}"}
    link = invite(who, actor="system:test")
    address = f"/people/organisations/{who.organisation_id}/state"
    wish = {"reason": "licence withdrawn", "wanted": "closed"}
    assert boss.post(address, wish).status_code == 404, "without the powers taken up"
    elevate(national, reason="test")
    assert boss.post(address, {"wanted": "closed"}).status_code == 302
    assert browser.get("/").status_code == 200, "closed without a reason"
    assert boss.post(address, wish).status_code == 302
    assert boss.post(address, wish).status_code == 302
    assert browser.get("/")["Location"].startswith("/account/login/")
    assert Client().get("/api/1/openapi.json", headers=header).status_code == 401
    assert Client().get(f"/account/invitation/{link}/").status_code == 404
    assert ApiToken.objects.get(pk=row.pk).ended_at is not None
    assert neighbour.get("/").status_code == 200
    entrance = {"login": who.email, "password": PASSWORD}
    refused = Client().post("/account/login/", entrance)
    assert (refused.status_code, refused["Location"]) == (302, "/account/inactive/")
    # a session that somehow goes on opens nothing and leads to the sign-in page
    late = signed_in(who)
    assert late.get("/")["Location"].startswith("/account/login/")
    assert late.get("/account/login/").status_code == 200
    leaf = Leaf.objects.get(action="accounts.close_organisation")
    assert (leaf.actor, leaf.content["reason"]) == (f"person:{national.pk}", "licence withdrawn")
    assert boss.post(address, {"reason": "restored", "wanted": "open"}).status_code == 302
    assert signed_in(who).get("/").status_code == 200
    assert Client().get("/api/1/openapi.json", headers=header).status_code == 401
    assert Leaf.objects.filter(action="accounts.open_organisation").count() == 1


def test_who_may_not_close_an_organisation(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    national = person("administrator", of="authority", kind="regulator")
    local = person("administrator", of="police")
    for who in (national, local):
        elevate(who, reason="test")
    wish = {"reason": "x", "wanted": "closed"}
    own = f"/people/organisations/{national.organisation_id}/state"
    assert signed_in(local).post(own, wish).status_code == 404
    assert signed_in(national).post(own, wish).status_code == 302
    page = signed_in(national).get("/people/organisations/").content.decode()
    assert own not in page
    national.organisation.refresh_from_db()
    assert national.organisation.is_active
    unattended = signed_in(national)
    session = unattended.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0.0}]
    session.save()
    other = f"/people/organisations/{local.organisation_id}/state"
    assert "reauthenticate" in unattended.post(other, wish)["Location"]


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
