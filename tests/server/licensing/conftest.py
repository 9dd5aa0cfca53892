"""The small State of the tests of licences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from licensing_world import World, made_world

from tocsin.server.accounts.models import Person


@pytest.fixture
def world(clock: object, person: Callable[..., Person]) -> World:
    return made_world(person)
