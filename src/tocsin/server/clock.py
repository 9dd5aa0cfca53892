"""The one clock of the server, so that tests and exercises can set the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Present time, with its zone (UTC)."""
    return _source() if _source is not None else datetime.now(UTC)


@contextmanager
def running_on(source: Callable[[], datetime]) -> Iterator[None]:
    """Let the server take its time from another clock within the block.

    Parameters
    ----------
    source : callable
        Gives times with a zone.
    """
    global _source
    before = _source
    _source = source
    try:
        yield
    finally:
        _source = before
