"""Where records come from: a recorded survey, or JSON lines that a program writes; and their pace.

A line of JSON is one record. All but ``counts`` may be left out; a time or
a place that cannot be read goes into a remark, and the record stays::

    {"start": "2026-05-01T09:00:00Z", "real_time_s": 1.0, "live_time_s": 0.98,
     "counts": [0, 3, 12], "calibration_keV": [0.0, 2.9, 0.0002], "detector": "A",
     "latitude": 46.28, "longitude": -119.27, "accuracy_m": 4.0,
     "neutrons": 0, "dose_rate_uSv_h": 0.09}

A line with ``{"instrument": {"manufacturer": "", "model": "", "serial": "", "class": ""}}`` in
front says what measures.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tocsin.detection.survey import walk_and_background
from tocsin.errors import InvalidInput
from tocsin.spectra import (
    DoseRate,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Recording,
    Spectrum,
)

LONGEST_LINE = 1 << 20
MOST_CHANNELS = 1 << 16
_LONGEST_WAIT_S = 3600.0
_LEAP_SECOND = re.compile(r"(T[0-9]{2}:[0-9]{2}):60")


@dataclass(slots=True)
class Feed:
    """Records in the order of time, and what is known before the first of them.

    Parameters
    ----------
    instrument : Instrument
        What measures; chooses the response behind the shapes.
    records : iterator of Record
        The walk; each is judged by the detector.
    background : tuple of Record
        Measured beforehand without a source: given to :meth:`tocsin.detection.Detector.seed`.
    others : tuple of Record
        What a file holds beside the walk (background, calibration): kept and sent, not judged.
    realm : str
        ``LIVE``, or what a recorded file says of itself.
    refused : list of str
        Why lines of a pipe could not be read; grows while the records are taken.
    """

    instrument: Instrument
    records: Iterator[Record]
    background: tuple[Record, ...] = ()
    others: tuple[Record, ...] = ()
    realm: str = "LIVE"
    refused: list[str] = field(default_factory=list)


def from_recording(recording: Recording) -> Feed:
    """The records of a recorded survey.

    Raises
    ------
    InvalidInput
        When it is no survey: there is nothing to walk through.
    """
    if recording.kind != "survey":
        raise InvalidInput(
            f"{recording.file_name or 'the recording'} is no survey: replay needs a series of "
            "records (tocsin analyze answers for a single spectrum)"
        )
    return feed_of(recording)


def feed_of(recording: Recording) -> Feed:
    """The records of any recording: what is to be judged, and what stands beside it."""
    series, background = walk_and_background(recording)
    walked = {id(record) for record in series}
    return Feed(
        instrument=recording.instrument,
        records=iter(series),
        background=tuple(background),
        others=tuple(r for r in recording.records if id(r) not in walked),
        realm=recording.realm,
    )


def from_lines(lines: Iterable[str]) -> Feed:
    """Records from lines of JSON, read as they come.

    The first line is waited for: it may say what the instrument is. A line that cannot be read is
    told in ``refused`` and stops nothing.
    """
    feed = Feed(Instrument(), iter(()))
    source = iter(lines)
    held: list[str] = []
    for line in source:
        if not line.strip():
            continue
        said = instrument_line(line)
        if said is None:
            held.append(line)
        else:
            feed.instrument = said
        break

    def records() -> Iterator[Record]:
        number = 0
        for line in held:
            number += 1
            yield from _one(line, number, feed.refused)
        for line in source:
            if line.strip():
                number += 1
                yield from _one(line, number, feed.refused)

    feed.records = records()
    return feed


def _one(line: str, number: int, refused: list[str]) -> Iterator[Record]:
    try:
        record = record_of(line)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        refused.append(f"record {number}: {error}")
        return
    yield record


def instrument_line(line: str) -> Instrument | None:
    """The instrument of a line that says what measures; None where it says nothing of the kind."""
    try:
        said = _object(line).get("instrument")
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    text = {k: str(said.get(k, ""))[:200] for k in ("manufacturer", "model", "serial", "class")}
    return Instrument(text["manufacturer"], text["model"], text["serial"], text["class"])


def _object(line: str) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise InvalidInput(f"the line is longer than {LONGEST_LINE} characters")
    value = json.loads(line, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise InvalidInput("the line is no JSON object")
    return value


def _no_constant(name: str) -> float:
    raise InvalidInput(f"{name} is no number")


def record_of(line: str) -> Record:
    """One record from one line.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the line is no record; the message says why.
    """
    said = _object(line)
    if "counts" not in said:
        raise InvalidInput("the record has no counts")
    counts = np.asarray(said["counts"])
    if counts.size > MOST_CHANNELS:
        raise InvalidInput(f"more than {MOST_CHANNELS} channels")
    real, live = _seconds(said, "real_time_s"), _seconds(said, "live_time_s")
    detector = str(said.get("detector", ""))[:100]
    coefficients = said.get("calibration_keV")
    calibration = None if coefficients is None else EnergyCalibration.polynomial(coefficients)
    remarks: list[str] = []
    place = _place(said, remarks)
    start = _moment(said.get("start"), remarks)
    neutrons, dose = said.get("neutrons"), said.get("dose_rate_uSv_h")
    return Record(
        spectra=(Spectrum(counts, live, real, calibration, detector),),
        start=start,
        real_time_s=real,
        position=place,
        gross_counts=()
        if neutrons is None
        else (GrossCounts("neutron", _finite(neutrons), live, real),),
        dose_rates=() if dose is None else (DoseRate(_finite(dose), detector),),
        remarks=tuple(remarks),
    )


def _moment(said: Any, remarks: list[str]) -> dt.datetime | None:
    """A time; counts are not lost because a clock is wrong: what it said goes into a remark."""
    if said is None:
        return None
    try:
        # a leap second has no place in this calendar: the second before it stands twice
        return dt.datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", said))
    except (TypeError, ValueError):
        remarks.append(f"start cannot be read: {str(said)[:60]}")
        return None


def _place(said: dict[str, Any], remarks: list[str]) -> Position | None:
    """A place; one that cannot be goes into a remark, and the record stays."""
    if said.get("latitude") is None or said.get("longitude") is None:
        return None
    accuracy = said.get("accuracy_m")
    try:
        return Position(
            float(said["latitude"]),
            float(said["longitude"]),
            accuracy_m=None if accuracy is None else _finite(accuracy),
        )
    except (TypeError, ValueError):
        where = f"{said['latitude']!s:.30} {said['longitude']!s:.30}"
        remarks.append(f"position cannot be: {where}")
        return None


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise InvalidInput("a finite number is expected")
    return number


def _seconds(said: dict[str, Any], name: str) -> float | None:
    if said.get(name) is None:
        return None
    number = _finite(said[name])
    if not 0.0 <= number < 86_400.0:
        raise InvalidInput(f"{name} must lie between 0 and a day")
    return number


def paced(
    records: Iterable[Record],
    speed: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Record]:
    """Records when they would have come: each at the end of its time slice.

    Parameters
    ----------
    records : iterable of Record
        Of a recorded survey.
    speed : float
        1 is true speed, 10 ten times as fast, 0 without waiting.
    clock, sleep : callable
        Of the waiting, in seconds.

    Notes
    -----
    Time passes by the start of the records where it rises, else by their length. A recorded pause
    of more than an hour is waited for an hour.
    """
    began, due_s = clock(), 0.0
    before: Record | None = None
    for record in records:
        if speed > 0:
            due_s += _step_s(before, record) / speed
            wait = began + due_s - clock()
            if wait > 0:
                sleep(wait)
            before = record
        yield record


def _step_s(before: Record | None, record: Record) -> float:
    """Seconds from the end of one record to the end of the next."""
    length = record.real_time_s or record.live_time_s or 0.0
    if before is None or before.start is None or record.start is None:
        return length
    if (before.start.tzinfo is None) != (record.start.tzinfo is None):
        return length
    ends = record.start - before.start
    before_s = before.real_time_s or before.live_time_s or 0.0
    step = ends.total_seconds() + length - before_s
    return min(step, _LONGEST_WAIT_S) if ends.total_seconds() >= 0 and step >= 0 else length
