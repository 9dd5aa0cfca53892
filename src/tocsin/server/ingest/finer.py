"""An alarm of a fast stream heard once more at the full rate, in pieces.

The records around it are those of a minute and a half: at ten a second the detector takes most of a
second for them. In one go every other survey would wait for that.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from tocsin.field.listening import Heard, Listener
from tocsin.spectra import Instrument, Record

AT_ONCE = 50
"""Records that are read together."""
Records = Callable[[int, int], Sequence[Record]]


class Finer:
    """A second hearing of the records around one alarm.

    Parameters
    ----------
    coarse : Heard
        What was said of it by the second, in the numbers of the walk.
    instrument : Instrument
        What measures.
    begin : int
        Number in the walk of the first record that is heard.
    lane : tuple of int
        Numbers of the first and the last of them in the lane of records.
    record : int
        Number in that lane of the record that ended the encounter.
    """

    def __init__(
        self, coarse: Heard, instrument: Instrument, begin: int, lane: tuple[int, int], record: int
    ) -> None:
        self.record = record
        self.heard = 0
        """Records so far."""
        self.coarse = coarse
        self._begin = begin
        self._next, self._last = lane
        self._read: deque[Record] = deque()
        self._listener = Listener(instrument)
        self._found: list[Heard] = []

    def go_on(self, records: Records, until_s: float) -> Heard | None:
        """Hear some more, at least one record; None where it has not come to its end.

        Parameters
        ----------
        records : callable
            Gives records by their first and last number in the lane of records.
        until_s : float
            By the clock that cannot be set.
        """
        while self._read or self._next <= self._last:
            if not self._read:
                last = min(self._next + AT_ONCE - 1, self._last)
                self._read.extend(records(self._next, last))
                self._next = last + 1
                continue
            record = self._read.popleft()
            self.heard += 1
            if record.is_measured:
                self._found += self._listener.hear(record)
            if time.monotonic() >= until_s:
                return None
        self._found += self._listener.end()
        return self._best()

    def _best(self) -> Heard:
        """The strongest of what lies where the alarm was, or what was said before."""
        coarse, begin = self.coarse, self._begin
        near = [
            h
            for h in self._found
            if h.stage == "closed"
            and h.said["first_record"] + begin <= coarse.said["last_record"]
            and coarse.said["first_record"] <= h.said["last_record"] + begin
            and h.is_alarm
        ]
        if not near:
            return coarse
        best = max(near, key=lambda h: h.statistic)
        moved = {
            name: best.said[name] + begin for name in ("first_record", "last_record", "peak_record")
        }
        # shorter records hold less: that they name nothing takes back no name
        names_less = best.said["class"] == "unknown" and not best.said["neutron"]
        said = coarse.said if names_less else best.said
        return replace(coarse, said=said | moved)
