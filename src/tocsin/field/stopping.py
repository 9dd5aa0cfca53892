"""The end of a run that a person or the system asks for: the record at hand is finished first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from tocsin.spectra import Record

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and the system's request to end set; a second one ends at once.

    Outside the main thread, where no signal can be caught, the event is set by nobody.
    """
    stop = threading.Event()

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


def until(stop: threading.Event, records: Iterable[Record]) -> Iterator[Record]:
    """Records until the event is set; one that was taken before is still given."""
    for record in records:
        yield record
        if stop.is_set():
            return
