"""What people do on the sign-in library's pages is in the log, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from answers import PASSWORD
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf

NEW = "another sentence nobody guesses"


def actions() -> list[str]:
    return list(Leaf.objects.values_list("action", flat=True))


def test_signing_in_and_out_is_logged_a_wrong_password_is_not(
    person: Callable[..., Person],
) -> None:
    who = person("officer")
    browser = Client()
    wrong = browser.post("/account/login/", {"login": who.email, "password": "wrong"})
    assert wrong.status_code == 200
    assert actions() == []
    assert (
        browser.post("/account/login/", {"login": who.email, "password": PASSWORD}).status_code
        == 302
    )
    assert browser.post("/account/logout/").status_code == 302
    assert actions() == ["accounts.account_login", "accounts.account_logout"]
    assert {leaf.subject_id for leaf in Leaf.objects.all()} == {str(who.pk)}


def test_changes_of_password_and_second_factor_are_logged(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    who = person("officer")
    browser = signed_in(who)
    words = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert browser.post("/account/password/change/", words).status_code == 302
    browser = signed_in(Person.objects.get(pk=who.pk))
    page = browser.get("/account/second-factor/totp/activate/")
    assert page.status_code == 200
    secret = browser.session["mfa.totp.secret"]
    code = f"{hotp_value(secret, next(iter(yield_hotp_counters_from_time()))):06d}"
    done = browser.post("/account/second-factor/totp/activate/", {"code": code})
    assert done.status_code == 302
    assert Authenticator.objects.filter(user=who, type="totp").exists()
    assert {"accounts.account_change_password", "accounts.mfa_activate_totp"} <= set(actions())


@pytest.mark.django_db
def test_a_change_without_its_leaf_is_undone(
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    who = person("officer")
    browser = signed_in(who)

    def broken(**_values: object) -> None:
        raise RuntimeError("the log is away")

    monkeypatch.setattr("tocsin.server.people.signing_in.record", broken)
    words = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    with pytest.raises(RuntimeError):
        browser.post("/account/password/change/", words)
    assert Person.objects.get(pk=who.pk).check_password(PASSWORD)
