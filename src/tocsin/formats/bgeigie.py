"""Own reader of bGeigie logs, the format of Safecast that other pedestrian loggers share.

A line is a sentence as of satellite receivers: ``$BNRDD,device,time,counts in 60 s,counts in 5
s,total, validity,ddmm.mmmm,N,dddmm.mmmm,E,altitude,validity of the fix,satellites,100 x HDOP*check
sum``. The check sum is the exclusive or of everything between ``$`` and ``*``. Lines with ``#``
are header.

A slice is the 5 s that end at the stated time; its counts are counts, not a rate. A log stays in
the order of its lines: where the clock is lost or jumps, that order is the only one known.

References
----------
Safecast, bGeigie library, and CzechRad (SURO), description of the log format (both on GitHub,
2024).
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
import re

from tocsin.errors import ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import decoded, numbered_lines, printable
from tocsin.formats.time_order import note_steps_back
from tocsin.spectra import (
    DetectorInfo,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Recording,
)

SENTENCE = re.compile(
    r"\$(?P<header>[A-Z][A-Z0-9]{3,6}),(?P<device>[0-9]{1,6}),(?P<time>[0-9TZ:.+-]{10,30}),"
    r"(?P<minute>[0-9]{1,7}),(?P<counts>[0-9]{1,7}),(?P<total>[0-9]{1,12}),(?P<valid>[AV]),"
    r"(?P<lat>[0-9]{4}\.[0-9]{1,6}),(?P<north>[NS]),(?P<lon>[0-9]{4,5}\.[0-9]{1,6}),(?P<east>[EW]),"
    r"(?P<altitude>-?[0-9]{1,5}(?:\.[0-9]{1,3})?),(?P<fix>[AV]),"
    r"(?P<satellites>[0-9]{1,2}),(?P<hdop>[0-9]{1,5}(?:\.[0-9]{1,3})?)",
    re.ASCII,
)
_CHECKED = re.compile(r"\$([^$*]*)\*([0-9A-Fa-f]{2})")
_SLICE_S = 5.0
_CLOCK_LOST = dt.date(2000, 1, 1)  # what the clock shows before it was ever set


def read_bgeigie(data: bytes, limits: Limits) -> Recording:
    """Read a log.

    A line that is damaged stays a record without counts, time and place, with the line as a remark:
    the numbers of the other records do not change, and nothing in it is believed.

    Raises
    ------
    ParseError
        When no line can be read.
    """
    notes = Notes()
    records: list[Record] = []
    remarks: list[str] = []
    devices: dict[str, None] = {}
    notes.add("length_unknown", "this format does not state its length: a cut-off file looks whole")
    good = 0
    for number, line in numbered_lines(decoded(data, notes)):
        if line.startswith("#"):
            remarks.append(printable(line.lstrip("# ")))
            continue
        sentence = _sentence(line, notes)
        if sentence is None:
            if not line.lstrip().startswith("$"):
                raise ParseError(f"line {number}: neither a header nor a sentence of a log")
            records.append(_damaged(line))
            continue
        good += 1
        devices[f"{sentence['header']} {sentence['device']}"] = None
        records.append(_record(sentence, notes))
    if not good:
        raise ParseError("no line of the log can be read: damaged, or of an unknown edition")
    note_steps_back(records, notes)
    return Recording(
        records=tuple(records),
        instrument=Instrument(
            manufacturer="Safecast" if next(iter(devices)).startswith("BN") else "",
            model="bGeigie",
            serial=", ".join(devices),
            instrument_class="Gamma Handheld",
            detectors=(DetectorInfo("", "Gamma", "Geiger-Mueller counter", "GMT"),),
        ),
        warnings=notes.warnings(),
        remarks=tuple(filter(None, remarks)),
        file_format="bgeigie-log",
    )


def _sentence(line: str, notes: Notes) -> re.Match[str] | None:
    checked = _CHECKED.fullmatch(line.strip())
    if checked is None:
        notes.add("line_damaged", "a line is no complete sentence: nothing in it is believed")
        return None
    if functools.reduce(operator.xor, checked[1].encode("utf-8"), 0) != int(checked[2], 16):
        notes.add("checksum_wrong", "the check sum of a line is wrong: nothing in it is believed")
        return None
    sentence = SENTENCE.fullmatch(f"${checked[1]}")
    if sentence is None:
        notes.add("line_damaged", "a line is no complete sentence: nothing in it is believed")
    return sentence


def _damaged(line: str) -> Record:
    return Record(
        gross_counts=(GrossCounts("", None, kind="gamma"),),
        remarks=(f"damaged line: {printable(line, limit=200)}",),
    )


def _record(sentence: re.Match[str], notes: Notes) -> Record:
    return Record(
        start=_start(sentence["time"], notes),
        real_time_s=_SLICE_S,
        position=_position(sentence, notes),
        gross_counts=(
            GrossCounts("", float(sentence["counts"]), _SLICE_S, _SLICE_S, kind="gamma"),
        ),
        remarks=(
            f"counts in 60 s {sentence['minute']} ({sentence['valid']}), total {sentence['total']}"
            f", satellites {sentence['satellites']}, HDOP {_hdop(sentence['hdop']):g}",
        ),
    )


def _hdop(text: str) -> float:
    """Dilution of precision; most editions write a hundred times its value."""
    return float(text) if "." in text else int(text) / 100


def _start(text: str, notes: Notes) -> dt.datetime | None:
    """Beginning of the five seconds that end at the stated time."""
    try:
        end = dt.datetime.fromisoformat(text)
        start = end - dt.timedelta(seconds=_SLICE_S)
    except (ValueError, OverflowError):
        notes.add("time_unreadable", "a record has no start time that can be read")
        return None
    if end.date() == _CLOCK_LOST:
        notes.add("clock_lost", "a record is stamped 2000-01-01: the clock was lost, time unknown")
        return None
    return start


def _position(sentence: re.Match[str], notes: Notes) -> Position | None:
    if sentence["fix"] != "A":
        notes.add("no_fix", "a record has no satellite fix: no position")
        return None
    return position_of(
        _degrees(sentence["lat"], negative=sentence["north"] == "S"),
        _degrees(sentence["lon"], negative=sentence["east"] == "W"),
        notes,
        elevation_m=float(sentence["altitude"]),
    )


def _degrees(text: str, *, negative: bool) -> float:
    """Degrees of ``ddmm.mmmm``: whole degrees, then minutes in two digits and a fraction."""
    minutes = text.index(".") - 2
    value = int(text[:minutes]) + float(text[minutes:]) / 60.0
    return -value if negative else value
