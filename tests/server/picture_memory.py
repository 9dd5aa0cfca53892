"""What the process of a picture holds in memory is of another test: forgotten around each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tocsin.server.picture.runs import RUNS


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """What a process holds in memory is of another test."""
    RUNS.forget()
    yield
    RUNS.forget()
