"""How a process of the server learns that it is to end."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def told_to_end() -> threading.Event:
    """An event that the signals set by which a service manager or a terminal ends a process.

    However often they come: of Ctrl-C in a terminal a process hears twice, from the terminal and
    from the process that started it, and what is in hand is still finished.
    """
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return stop
