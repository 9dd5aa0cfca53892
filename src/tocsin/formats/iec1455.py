"""Own reader of IEC 1455 (1995), histograms of multichannel analysers in lines of 70 signs.

Every line begins with ``A004``. Line 1: system, 2: live time, real time, number of channels, 3:
start of the acquisition and of the sampling, 4: energy calibration, 5: width calibration, 6 to 9:
description, 11 to 22: pairs of energy and channel, 23 to 34: of energy and width, 35 to 46: of
energy and efficiency, 47 to 58: for the user, from 59 on: the number of a channel and the counts
of it and the next.

References
----------
IEC 1455:1995, Nuclear instrumentation - MCA histogram data interchange format for nuclear
spectroscopy, as described in becquerel (Lawrence Berkeley National Laboratory,
parsers/iec1455.py).
"""

from __future__ import annotations

import datetime as dt
import re

import numpy as np

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.n42_values import MAX_CHANNELS
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import (
    Calibrations,
    decoded,
    numbered_lines,
    printable,
    real,
    whole,
    wrong,
)
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    Instrument,
    Record,
    Recording,
    Spectrum,
)

PREFIX = "A004"
_FIRST_CHANNELS = 59
_MAX_LINE = 200
_DATE = re.compile(
    r"([0-9]{2})/([0-9]{2})/([0-9]{2})[ \t]+([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII
)
# Some writers leave no blank between two numbers.
_FLOAT = re.compile(r"[-+]?[0-9]*\.?[0-9]+[eE][-+]?[0-9]{2}|[-+]?[0-9]+(?:\.[0-9]*)?", re.ASCII)


def read_iec1455(data: bytes, limits: Limits) -> Recording:
    """Read a histogram.

    Raises
    ------
    ParseError
        When it ends before the stated number of channels, or a line is missing or damaged.
    """
    notes = Notes()
    lines = []
    for number, line in numbered_lines(decoded(data, notes)):
        if not line.startswith(PREFIX):
            raise wrong(f"does not begin with {PREFIX}", number)
        if len(line) > _MAX_LINE:
            raise wrong("is longer than a line of this format", number)
        lines.append((number, line[len(PREFIX) :]))
    if len(lines) < _FIRST_CHANNELS:
        raise ParseError("the file ends before its first channel: it is cut off", code="truncated")
    times = lines[1][1].split()
    if len(times) != 3:
        raise wrong("live time, real time and number of channels are asked for", lines[1][0])
    live = real(times[0], "live time", line=lines[1][0])
    duration = real(times[1], "real time", line=lines[1][0])
    channels = whole(times[2], "number of channels", line=lines[1][0])
    if not 1 <= channels <= MAX_CHANNELS:
        raise ParseError("a spectrum holds more channels than is believed", code="too_large")
    if live < 0 or duration < 0:
        raise wrong("a time is below zero", lines[1][0])
    if live > duration:
        notes.add("lengths_contradict", "the live time is longer than the real time")
    counts = _counts(lines[_FIRST_CHANNELS - 1 :], channels)
    remarks = [printable(line) for _, line in lines[5:9]]
    start, dates = _start(lines[2][1], notes)
    try:
        spectrum = Spectrum(counts, live, duration, _calibration(lines, notes))
    except InvalidInput as error:
        raise ParseError(f"a spectrum is not readable ({error})") from error
    system = lines[0][1].rstrip()
    return Recording(
        records=(Record((spectrum,), start, duration),),
        instrument=Instrument(model=printable(system), detectors=(DetectorInfo("", "Gamma"),)),
        warnings=notes.warnings(),
        remarks=tuple(filter(None, (*remarks, *dates))),
        file_format="iec-1455",
    )


def _counts(
    lines: list[tuple[int, str]], channels: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Counts of all channels; every line says with which channel it begins."""
    found: list[int] = []
    for number, line in lines:
        words = line.split()
        if len(words) < 2 or whole(words[0], "number of a channel", line=number) != len(found):
            raise ParseError(
                f"line {number}: channel {len(found)} is asked for: a line is missing or damaged",
                code="truncated",
            )
        found += [whole(word, "a channel", line=number) for word in words[1:]]
    # The last line may be filled up with zeros beyond the last channel.
    if len(found) < channels or any(found[channels:]) or len(found) >= channels + 5:
        raise ParseError(
            f"{channels} channels are stated, {len(found)} are there",
            code="truncated" if len(found) < channels else "unreadable",
        )
    return np.array(found[:channels], dtype=np.int64)


def _calibration(lines: list[tuple[int, str]], notes: Notes) -> EnergyCalibration | None:
    """From the coefficients, or else through the pairs of energy and channel."""
    coefficients = tuple(_floats(*lines[3]))
    if any(coefficients):
        return Calibrations(notes).polynomial(coefficients)
    values = [v for line in lines[10:22] for v in _floats(*line)]
    pairs = [(e, c) for e, c in zip(values[::2], values[1::2], strict=False) if e or c]
    energies, at = [p[0] for p in pairs], [p[1] for p in pairs]
    if len(set(at)) < 2 or len(set(at)) != len(at) or max(map(abs, values)) > 1e9:
        notes.add("calibration_missing", "a spectrum has no energy calibration: no energies")
        return None
    notes.add(
        "calibration_from_points",
        f"the file states {len(pairs)} pairs of energy and channel and no formula: "
        "a polynomial was laid through them",
    )
    fitted = np.polynomial.Polynomial.fit(at, energies, min(2, len(pairs) - 1)).convert()
    return Calibrations(notes).polynomial(tuple(float(c) for c in fitted.coef))


def _floats(number: int, line: str) -> list[float]:
    found = _FLOAT.findall(line)
    if "".join(found) != re.sub(r"\s", "", line):
        raise wrong("a list of numbers is not readable", number)
    return [real(text, "a coefficient", line=number) for text in found]


def _start(line: str, notes: Notes) -> tuple[dt.datetime | None, list[str]]:
    """Start of the acquisition, where the order of day and month can be known, and the texts.

    Files are written with either in front. Only a number above 12 tells which it is.
    """
    found = list(_DATE.finditer(line))
    texts = [
        f"{what} {printable(match[0])}"
        for what, match in zip(("acquisition started", "sample taken"), found, strict=False)
    ]
    if not found:
        notes.add("time_missing", "a record has no start time that can be read")
        return None, texts
    first, second = ([int(m[n]) for m in found] for n in (1, 2))
    if max(first) > 12 and max(second) > 12:
        notes.add("time_unreadable", "a record has no start time that can be read")
        return None, texts
    if max(first) <= 12 and max(second) <= 12 and first[0] != second[0]:
        notes.add("time_ambiguous", "day and month of the start cannot be told apart: unknown")
        return None, texts
    month, day = (first[0], second[0]) if max(first) <= 12 else (second[0], first[0])
    match = found[0]
    year = int(match[3]) + (1900 if int(match[3]) >= 70 else 2000)
    try:
        start = dt.datetime.fromisoformat(
            f"{year}-{month:02d}-{day:02d}T{match[4]}:{match[5]}:{match[6]}"
        )
    except ValueError:
        notes.add("time_unreadable", "a record has no start time that can be read")
        return None, texts
    return start, texts
