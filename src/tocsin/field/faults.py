"""What is wrong with the time and the place of a record: told, never mended, no reason to drop it.

The clock of the record is compared with the time that has passed: on a clock that cannot be set
where records are live, by the lengths of the records where they are replayed. What a clock says
absolutely is judged against the device's own clock where records are live.
"""

from __future__ import annotations

import datetime as dt
import math

from tocsin.detection.quality import FASTEST_M_S
from tocsin.field.history import metres_between
from tocsin.spectra import Position, Record

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
"""Clocks without a time begin in 1970 (Unix) or 1980 (GPS): an earlier day than this is none."""
ROLLOVER = dt.timedelta(weeks=1024)
"""Receivers with a ten-bit week number jump by so much (IS-GPS-200: weeks count modulo 1024)."""
ROLLOVER_NEAR = dt.timedelta(days=1)
OFF_S = 60.0
"""Live: a record that differs by more from the device's clock has another time."""
STEP_LIVE_S = 5.0
"""Live: slack between the steps of two clocks; programs and radios deliver late by seconds."""
STEP_REPLAYED_S = 60.0
"""Replayed: a pause may be meant; one of more than a minute is told."""

CODES = (
    "time-missing",
    "time-epoch",
    "time-rollover",
    "time-off",
    "time-frozen",
    "time-backwards",
    "time-jump",
    "place-zero",
    "place-jump",
)
"""Everything that :class:`Faults` can say of a record."""


class Faults:
    """Remembers the records before, and says what is wrong with the next one."""

    def __init__(self) -> None:
        self._start: dt.datetime | None = None
        self._length_s = 0.0
        self._elapsed_s: float | None = None
        self._place: Position | None = None
        self._since_place_s = 0.0

    def of(
        self,
        record: Record,
        *,
        elapsed_s: float | None = None,
        now: dt.datetime | None = None,
    ) -> tuple[str, ...]:
        """Codes of what is wrong with a record, in the order of :data:`CODES`.

        Parameters
        ----------
        record : Record
            The next one.
        elapsed_s : float, optional
            When it came, on a clock that cannot be set; None where it is replayed.
        now : datetime, optional
            The device's own clock when it came, aware; None where it is replayed.
        """
        found = [*self._time(record, elapsed_s, now), *self._where(record)]
        return tuple(found)

    def _time(self, record: Record, elapsed_s: float | None, now: dt.datetime | None) -> list[str]:
        length_s = record.real_time_s or record.live_time_s or 0.0
        before, before_s, before_elapsed = self._start, self._length_s, self._elapsed_s
        start = aware(record.start)
        if start is not None:
            self._start, self._length_s, self._elapsed_s = start, length_s, elapsed_s
        else:
            # the next known time is as much later as this record is long
            self._length_s += length_s
            return ["time-missing"]
        found = _absolute(start, now)
        if before is None:
            return found
        step_s = (start - before).total_seconds()
        live = elapsed_s is not None and before_elapsed is not None
        expected_s = elapsed_s - before_elapsed if live else before_s  # type: ignore[operator]
        slack_s = STEP_LIVE_S if live else STEP_REPLAYED_S
        if step_s == 0.0 and before_s > 0.0:
            found.append("time-frozen")
        elif step_s < 0.0:
            found.append("time-backwards")
        elif step_s - expected_s > slack_s:
            found.append("time-jump")
        return found

    def _where(self, record: Record) -> list[str]:
        self._since_place_s += record.real_time_s or record.live_time_s or 0.0
        place = record.position
        if place is None:
            return []
        if abs(place.latitude_deg) <= 1e-6 and abs(place.longitude_deg) <= 1e-6:
            return ["place-zero"]
        reach_m = FASTEST_M_S * max(self._since_place_s, 1.0)
        before = self._place
        if before is not None:
            way_m = metres_between(
                before.latitude_deg, before.longitude_deg, place.latitude_deg, place.longitude_deg
            )
            if math.hypot(*way_m) > reach_m:
                return ["place-jump"]
        self._place, self._since_place_s = place, 0.0
        return []


def aware(moment: dt.datetime | None) -> dt.datetime | None:
    """For steps alone a time without a zone counts as UTC."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=dt.UTC)


def _absolute(start: dt.datetime, now: dt.datetime | None) -> list[str]:
    if start < EARLIEST:
        return ["time-epoch"]
    if now is None:
        return []
    off = start - now
    if abs(abs(off) - ROLLOVER) <= ROLLOVER_NEAR:
        return ["time-rollover"]
    return ["time-off"] if abs(off.total_seconds()) > OFF_S else []
