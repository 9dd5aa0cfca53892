"""How a process of the server learns that it is to end."""

from __future__ import annotations

import signal
from types import FrameType

from tocsin.field.stopping import SignalStop


def told_to_end() -> SignalStop:
    """What the signals set by which a service manager or a terminal ends a process.

    However often they come: of Ctrl-C in a terminal a process hears twice, from the terminal and
    from the process that started it, and what is in hand is still finished.
    """
    stop = SignalStop()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return stop
