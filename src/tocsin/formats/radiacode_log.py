"""Own reader of RadiaCode poll logs (``.ndjson``): one JSON object per line.

Three kinds of lines: spectra (``timestamp``, ``duration``, ``calibration``, ``counts``), readings
(``type``, ``count_rate``, ``dose_rate``) and satellite fixes (``gnss``, ``lat``, ``lon``).

**Spectra are totals since the last reset.** Record n is what line n of the spectra has more than
line n - 1. Before the first line nothing is known: record 0 is empty and lasts 0 s, and the total
that the first line carries is kept as a derived record. After a reset a record is all that was
counted since.

The length of a record is the time between two lines by the clock of the computer, as long as the
counter of the instrument (whole seconds) agrees; where they part, the counter is right about how
long it counted. Readings have no clock that could be believed (they come in bursts, stamped a
tenth of a second apart): the last one before a spectrum line belongs to its record.

References
----------
Layout read from openly published logs (ckuethe/radiacode-tools, MIT). The instrument gives dose
rates in units of 1e4 uSv/h, as several open readers agree.
"""

from __future__ import annotations

import datetime as dt
import itertools
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.notes import Notes
from tocsin.formats.radiacode_track import radiacode
from tocsin.formats.strict_text import (
    Calibrations,
    Json,
    decoded,
    json_counts,
    json_real,
    json_value,
    numbered_lines,
    since_1970,
    wrong,
)
from tocsin.spectra import (
    CountRate,
    DoseRate,
    EnergyCalibration,
    Position,
    Record,
    Recording,
    Spectrum,
)

_USV_H = 1e4
_CLOCK_SLACK_S = 2.5  # both ends of a duration are cut to whole seconds; the rest is delay
_FIX_REACH_S = 2.0  # how far outside its slice a fix may lie
# A rate that would leave a slice empty once in a billion times, by Poisson's law.
_SURE_COUNTS = 21.0


@dataclass(slots=True)
class _Total:
    """One spectrum line, and the last reading before it."""

    line: int
    end: dt.datetime
    duration_s: float
    counts: NDArray[np.int64]
    calibration: EnergyCalibration | None
    reading: dict[str, float]


@dataclass(slots=True)
class _Log:
    totals: list[_Total] = field(default_factory=list)
    readings: list[tuple[dt.datetime, dict[str, float]]] = field(default_factory=list)
    fixes: list[tuple[dt.datetime, dict[str, Json], int]] = field(default_factory=list)
    serials: dict[str, None] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)


def read_poll_log(data: bytes, limits: Limits) -> Recording:
    """Read a log.

    Raises
    ------
    ParseError
        When a line is no JSON object, or a value in it cannot be read.
    """
    notes = Notes()
    log = _Log()
    calibrations = Calibrations(notes)
    room = limits.max_values
    pending: dict[str, float] = {}
    for number, line in numbered_lines(decoded(data, notes)):
        item = json_value(line, line=number)
        if not isinstance(item, dict):
            raise wrong("no object", number)
        if isinstance(item.get("serial_number"), str):
            log.serials[item["serial_number"]] = None
        if "counts" in item:
            total = _total(item, number, calibrations, pending)
            room -= total.counts.size
            if room < 0:
                raise ParseError(
                    "the spectra hold more channels than the limit allows", code="too_large"
                )
            log.totals.append(total)
            log.seen["spectra"] += 1
            pending = {}
        elif "gnss" in item:
            log.fixes.append((_moment(item.get("time"), "time", number), item, number))
            log.seen["satellite fixes"] += 1
        elif isinstance(item.get("type"), str) and ("count_rate" in item or "dose_rate" in item):
            reading = _reading(item, number)
            log.seen[f"readings of type {item['type'][:40]}"] += 1
            if item["type"] == "RealTimeData" and reading:
                pending = reading
                if item.get("time") is not None:
                    log.readings.append((_moment(item["time"], "time", number), reading))
        else:
            log.seen["other"] += 1
            notes.add("line_left_out", "a line is of an unknown kind and was left out")
    notes.add("length_unknown", "this format does not state its length: a cut-off file looks whole")
    return _recording(log, notes)


def _recording(log: _Log, notes: Notes) -> Recording:
    fixes = _Fixes(log, notes)
    derived: list[Record] = []
    if log.totals:
        records = _slices(log.totals, fixes, notes, derived)
    else:
        records = [
            Record(
                start=when,
                position=fixes.near(when, 0.0)[0],
                count_rates=_rates(reading),
                dose_rates=_doses(reading, notes),
            )
            for when, reading in log.readings
        ]
    if not records:
        raise ParseError("the log holds neither spectra nor readings", code="empty")
    lines = ", ".join(f"{n} {kind}" for kind, n in sorted(log.seen.items()))
    return Recording(
        records=tuple(records),
        derived=tuple(derived),
        instrument=radiacode(list(log.serials)),
        warnings=notes.warnings(),
        remarks=(f"lines of the log: {lines}",),
        file_format="radiacode-poll-log",
    )


def _total(
    item: dict[str, Json], line: int, calibrations: Calibrations, reading: dict[str, float]
) -> _Total:
    coefficients = item.get("calibration")
    if not isinstance(coefficients, list) or not 2 <= len(coefficients) <= 8:
        raise wrong("calibration is no list of coefficients", line)
    duration = json_real(item.get("duration"), "duration", line=line)
    if duration < 0:
        raise wrong("duration is below zero", line)
    return _Total(
        line,
        _moment(item.get("timestamp"), "timestamp", line),
        duration,
        json_counts(item["counts"], line=line),
        calibrations.polynomial(
            tuple(json_real(c, "a coefficient", line=line) for c in coefficients)
        ),
        reading,
    )


def _moment(value: Json, what: str, line: int) -> dt.datetime:
    """A time: seconds since 1970, or ISO 8601 with a zone."""
    if isinstance(value, str):
        try:
            when = dt.datetime.fromisoformat(value)
        except ValueError as error:
            raise wrong(f"{what} {value[:40]!r} is no time", line) from error
        if when.tzinfo is None:
            raise wrong(f"{what} {value[:40]!r} names no zone", line)
        return when
    return since_1970(json_real(value, what, line=line), what, line=line)


def _reading(item: dict[str, Json], line: int) -> dict[str, float]:
    return {
        name: json_real(item[name], name, line=line)
        for name in ("count_rate", "dose_rate")
        if item.get(name) is not None
    }


def _rates(reading: dict[str, float]) -> tuple[CountRate, ...]:
    rate = reading.get("count_rate")
    return () if rate is None or rate < 0 else (CountRate(rate),)


def _doses(reading: dict[str, float], notes: Notes) -> tuple[DoseRate, ...]:
    rate = reading.get("dose_rate")
    if rate is None:
        return ()
    if rate < 0:
        notes.add("dose_rate_unreadable", "a dose rate is below zero: left out")
        return ()
    return (DoseRate(rate * _USV_H),)


class _Fixes:
    """Satellite fixes in the order of time."""

    def __init__(self, log: _Log, notes: Notes) -> None:
        self._notes = notes
        usable = [f for f in log.fixes if self._is_fix(f[1])]
        if len(usable) < len(log.fixes):
            notes.add("no_fix", f"{len(log.fixes) - len(usable)} lines of the receiver hold no fix")
        self._fixes = sorted(usable, key=lambda f: f[0])
        self._times = [f[0] for f in self._fixes]

    @staticmethod
    def _is_fix(item: dict[str, Json]) -> bool:
        mode = item.get("mode")
        is_fix = item.get("gnss") is True and (not isinstance(mode, int) or mode >= 2)
        return is_fix and item.get("lat") is not None and item.get("lon") is not None

    def near(self, start: dt.datetime, length_s: float) -> tuple[Position | None, float | None]:
        """Place and speed (m/s) of the fix nearest to the middle of a slice, if one is there."""
        middle = start + dt.timedelta(seconds=length_s / 2)
        at = bisect_left(self._times, middle)
        best = min(
            self._fixes[max(0, at - 1) : at + 1],
            key=lambda f: abs(f[0] - middle),
            default=None,
        )
        if best is None:
            return None, None
        when, item, line = best
        if abs((when - middle).total_seconds()) > length_s / 2 + _FIX_REACH_S:
            return None, None
        values = {
            name: json_real(item[name], name, line=line)
            for name in ("lat", "lon", "alt", "speed")
            if item.get(name) is not None
        }
        place = position_of(
            values["lat"], values["lon"], self._notes, elevation_m=values.get("alt")
        )
        if place is not None:
            place = Position(place.latitude_deg, place.longitude_deg, place.elevation_m, time=when)
        return place, values.get("speed")


def _slices(
    totals: list[_Total], fixes: _Fixes, notes: Notes, derived: list[Record]
) -> list[Record]:
    """Differences of successive totals."""
    first = totals[0]
    if len(totals) == 1:
        start = _before(first)
        return [_record(first, first.counts, start, first.duration_s, fixes, notes)]
    if first.duration_s > 0 or first.counts.any():
        notes.add(
            "total_before",
            f"the first spectrum holds all that was counted in the {first.duration_s:.0f} s before "
            "the log began: kept as a derived record",
        )
        total = Spectrum(first.counts, None, first.duration_s, first.calibration)
        derived.append(
            Record((total,), _before(first), first.duration_s, title="total before the log")
        )
    nothing = np.zeros_like(first.counts)
    records = [_record(first, nothing, first.end, 0.0, fixes, notes)]
    high_cps = 0.0
    for before, now in itertools.pairwise(totals):
        counts, start, length_s = _difference(before, now, notes)
        remark = ""
        if counts.any():
            high_cps = float(counts.sum()) / length_s if length_s > 0 else 0.0
        elif high_cps * length_s >= _SURE_COUNTS:
            notes.add(
                "overload", "no counts right after a high rate: overload or drop-out, not calm"
            )
            remark = "no counts while the clock ran: overload or drop-out, not calm"
        records.append(_record(now, counts, start, length_s, fixes, notes, remark))
    return records


def _before(total: _Total) -> dt.datetime:
    try:
        return total.end - dt.timedelta(seconds=total.duration_s)
    except OverflowError as error:
        raise wrong("duration is longer than time itself", total.line) from error


def _difference(
    before: _Total, now: _Total, notes: Notes
) -> tuple[NDArray[np.int64], dt.datetime, float]:
    """Counts, beginning and length of what lies between two totals."""
    same = now.counts.size == before.counts.size
    if not same:
        notes.add(
            "channel_number_changes",
            "spectra of one detector differ in their number of channels: perhaps damaged",
        )
    if not same or now.duration_s < before.duration_s or (now.counts < before.counts).any():
        notes.add("counter_reset", "the instrument was set back to zero: counts before it are lost")
        return now.counts, _before(now), now.duration_s
    counted_s = now.duration_s - before.duration_s
    clock_s = (now.end - before.end).total_seconds()
    if clock_s < 0:
        notes.add("time_backwards", "the clock of the computer runs backwards")
    if clock_s >= 0 and abs(clock_s - counted_s) <= _CLOCK_SLACK_S:
        return now.counts - before.counts, before.end, clock_s
    notes.add(
        "clocks_differ",
        f"the counter ran {counted_s:.0f} s while the clock of the computer ran {clock_s:.0f} s",
    )
    return now.counts - before.counts, before.end, counted_s


def _record(
    total: _Total,
    counts: NDArray[np.int64],
    start: dt.datetime,
    length_s: float,
    fixes: _Fixes,
    notes: Notes,
    remark: str = "",
) -> Record:
    place, speed = fixes.near(start, length_s)
    try:
        spectrum = Spectrum(counts, None, length_s, total.calibration)
    except InvalidInput as error:
        raise wrong(f"a spectrum is not readable ({error})", total.line) from error
    return Record(
        spectra=(spectrum,),
        start=start,
        real_time_s=length_s,
        position=place,
        dose_rates=_doses(total.reading, notes),
        count_rates=_rates(total.reading),
        speed_m_s=speed,
        remarks=(remark,) if remark else (),
    )
