"""Lines of a pipe, until it ends or the run does: a silent program holds up no end."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

from tocsin.field.records import LONGEST_LINE
from tocsin.field.stopping import SignalStop

_AT_ONCE = 1 << 16


def lines_until(stop: SignalStop, pipe: int) -> Iterator[str]:
    """Lines as they come.

    Parameters
    ----------
    stop : SignalStop
        Ends the waiting at once when it is set.
    pipe : int
        Descriptor of the open file.

    Notes
    -----
    A bad byte spoils its line and no more. Of a line that is longer than any record only so much is
    kept that it is told as too long.
    """
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.register(stop, select.POLLIN)
    held = b""
    while True:
        poll.poll()
        if stop.is_set():
            return
        part = os.read(pipe, _AT_ONCE)
        *whole, rest = part.split(b"\n")
        for end in whole:
            yield (held + end).decode(errors="replace")
            held = b""
        held = (held + rest)[: LONGEST_LINE + 1]
        if not part:
            if held:
                yield held.decode(errors="replace")
            return
