"""The end of a run that a person or the system asks for: the record at hand is finished first.

A handler of signals runs in the main thread between two of its instructions. It may take no lock
that this thread may hold, and :meth:`threading.Event.set` takes the one that ``wait`` holds for a
moment: hence an object of its own, whose ``set`` writes one byte into a pipe.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tocsin.spectra import Record

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop(Protocol):
    """Says whether something is to end; :class:`threading.Event` and :class:`SignalStop` do."""

    def is_set(self) -> bool:
        """Whether it is."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, or so many seconds; whether it is set."""
        ...


class SignalStop:
    """Set for good once; may be set by a handler of signals whatever any thread is doing."""

    def __init__(self) -> None:
        self._set = False
        self._told, self._tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def __del__(self) -> None:
        """Let the pipe go with the last one who holds this."""
        for end in (getattr(self, "_told", None), getattr(self, "_tell", None)):
            if end is not None:
                os.close(end)

    def set(self) -> None:
        """Whoever waits goes on at once."""
        self._set = True
        with suppress(BlockingIOError):  # full: told often enough
            os.write(self._tell, b"x")

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._set

    def fileno(self) -> int:
        """Readable from the moment it is set: to be waited for beside something else."""
        return self._told

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or so many seconds; whether it is set."""
        if not self._set:
            poll = select.poll()
            poll.register(self._told, select.POLLIN)
            poll.poll(None if timeout is None else max(0.0, 1000.0 * timeout))
        return self._set


@contextmanager
def stopping() -> Iterator[SignalStop]:
    """What Ctrl-C and the system's request to end set; a second one ends at once.

    Outside the main thread, where no signal can be caught, it is set by nobody.
    """
    stop = SignalStop()

    def asked(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = [(number, signal.signal(number, asked)) for number in SIGNALS]
    try:
        yield stop
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def until(stop: Stop, records: Iterable[Record]) -> Iterator[Record]:
    """Records until they are to end; one that was taken before is still given."""
    for record in records:
        yield record
        if stop.is_set():
            return
