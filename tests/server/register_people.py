"""Fixtures: a register of the authority with one holder whose people have accounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from register_entries import GIVEN

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import holder_named
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.services import register_source


@pytest.fixture
def officer(clock: object, person: Callable[..., Person]) -> Reader:
    """An officer of the register."""
    return reader_of(person("register_officer", of="authority", kind="regulator", clearance=2))


@pytest.fixture
def works(clock: object, person: Callable[..., Person]) -> Reader:
    """Somebody who works for a holder."""
    return reader_of(person("holder", of="works", clearance=2))


@pytest.fixture
def holder(officer: Reader, works: Reader) -> Holder:
    """The holder for which that person works."""
    body: Organisation = works.person.organisation
    return holder_named(officer, "Harbour Works", organisation=body)


@pytest.fixture
def source(officer: Reader, holder: Holder) -> Source:
    """A radiography source of that holder."""
    return register_source(officer, entry_of(GIVEN, today=now().date()))


@pytest.fixture
def few_places(data_folder: Path) -> None:
    """The rule of a State in which two places together are too many already."""
    data_folder.mkdir(parents=True, exist_ok=True)
    (data_folder / "aggregation.json").write_text(
        '{"schema": "tocsin.aggregation/1", "places": {"most": 0, "source": "test",'
        ' "verification": "default"}}'
    )
