"""A register of the authority, two officers, and a holder with three sources and a person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from register_entries import GIVEN
from register_people import few_places

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import holder_named
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.services import register_source

__all__ = ["few_places", "holder", "officer", "second", "sources", "works"]


def _officer(person: Callable[..., Person]) -> Reader:
    return reader_of(person("register_officer", of="authority", kind="regulator", clearance=2))


@pytest.fixture
def officer(clock: object, person: Callable[..., Person]) -> Reader:
    """An officer of the register."""
    return _officer(person)


@pytest.fixture
def second(officer: Reader, person: Callable[..., Person]) -> Reader:
    """Another officer of the same register."""
    return _officer(person)


@pytest.fixture
def works(clock: object, person: Callable[..., Person]) -> Reader:
    """Somebody who works for the holder."""
    return reader_of(person("holder", of="works", clearance=2))


@pytest.fixture
def holder(officer: Reader, works: Reader) -> Holder:
    """The holder for which that person works."""
    return holder_named(officer, "Harbour Works", organisation=works.person.organisation)


@pytest.fixture
def sources(officer: Reader, holder: Holder) -> list[Source]:
    """Three radiography sources of that holder."""
    return [
        register_source(
            officer,
            entry_of(GIVEN | {"serial": f"IR100{number}"}, today=now().date()),
        )
        for number in range(3)
    ]
