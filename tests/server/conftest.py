"""The server's tests: a fresh database each, on SQLite or where TOCSIN_TEST_DATABASE_URL points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.internal.userkit import user_id_to_str
from answers import PASSWORD
from django.core.signals import request_finished, request_started
from django.db import connection
from django.test import Client
from django.utils import translation

from tocsin.server.accounts.models import Assignment, Organisation, Person
from tocsin.server.clock import now, running_on


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **parts: float) -> None:
        """Move on by days, hours, minutes or seconds."""
        self.at += timedelta(**parts)


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: Any) -> Path:
    """A data folder of its own for each test."""
    from dataclasses import replace

    # a deliberately slow hash has no place in tests
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.TOCSIN = replace(settings.TOCSIN, data=tmp_path / "data", demonstration=True)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def language_of_the_test() -> Iterator[None]:
    """English at the start of each test: a request in French leaves its language in the process."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def connection_of_the_test_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream gives its connection back between beats; a test's holds the test's transaction."""
    monkeypatch.setattr("tocsin.server.marking.listening.close_old_connections", lambda: None)


@pytest.fixture
def as_on_a_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A request begins outside a transaction: that of the test does not count as the page's own."""
    around: list[int] = []

    class Connection:
        @property
        def in_atomic_block(self) -> bool:
            return not around or len(connection.savepoint_ids) > around[0]

    def begins(**_given: Any) -> None:
        around[:] = [len(connection.savepoint_ids)]

    def ends(**_given: Any) -> None:
        around.clear()

    monkeypatch.setattr("tocsin.server.audit.services.connection", Connection())
    request_started.connect(begins)
    request_finished.connect(ends)
    yield
    request_started.disconnect(begins)
    request_finished.disconnect(ends)


@pytest.fixture
def clock() -> Iterator[SetClock]:
    """The server's clock, standing at noon of a working day."""
    held = SetClock(datetime(2026, 3, 3, 12, 0, tzinfo=UTC))
    with running_on(held):
        yield held


@pytest.fixture
def organisation(db: None) -> Callable[..., Organisation]:
    """Maker of organisations."""

    def make(short_name: str = "customs", kind: str = "customs") -> Organisation:
        found, _made = Organisation.objects.get_or_create(
            short_name=short_name,
            defaults={
                "name": short_name.title(),
                "kind": kind,
                "country": "XX",
                "created_at": now(),
            },
        )
        return found

    return make


@pytest.fixture
def person(organisation: Callable[..., Organisation]) -> Callable[..., Person]:
    """Maker of people with roles."""
    count = 0

    def make(
        *roles: str,
        of: str = "customs",
        clearance: int = 1,
        realms: tuple[str, ...] = ("EXERCISE",),
        name: str = "",
        kind: str = "customs",
    ) -> Person:
        nonlocal count
        count += 1
        who = Person(
            email=f"person{count}@{of}.example",
            name=name or f"Person {count}",
            organisation=organisation(of, kind),
            clearance=clearance,
            realms=list(realms),
            created_at=now(),
        )
        who.set_password(PASSWORD)
        who.save()
        for role in roles:
            Assignment.objects.create(person=who, role=role, valid_from=now())
        return who

    return make


@pytest.fixture
def signed_in(client: Client) -> Callable[[Person], Client]:
    """Maker of browsers in which a person is signed in."""

    def make(who: Person) -> Client:
        browser = Client()
        browser.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = browser.session
        record = {
            "method": "password",
            "at": now().timestamp(),
            "email": who.email,
            "reauthenticated": True,
        }
        session["account_authentication_methods"] = [record]
        session["account_authentication_methods_user"] = user_id_to_str(who)
        session.save()
        return browser

    return make
