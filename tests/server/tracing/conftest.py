"""A register of the authority with one holder, and its point of contact."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from register_people import holder, officer, source, works

from tocsin.server.accounts.models import Person
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source
from tocsin.server.register.services import report

__all__ = ["contact", "holder", "officer", "source", "stolen", "works"]


@pytest.fixture
def contact(clock: object, person: Callable[..., Person]) -> Reader:
    """The point of contact of the authority."""
    return reader_of(person("point_of_contact", of="authority", clearance=2))


@pytest.fixture
def stolen(works: Reader, source: Source) -> Source:
    """The source, reported stolen by its holder ten days after the clock's last delivery."""
    report(
        works, source, Kind.THEFT, happened_on=source.created_at.date(), note="gone from the van"
    )
    source.refresh_from_db()
    return source
