"""Text to values, strictly: what is not exactly a number or a time is an error that says where."""

from __future__ import annotations

import codecs
import datetime as dt
import json
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.n42_values import MAX_CHANNELS, numbers
from tocsin.formats.notes import Notes
from tocsin.spectra import EnergyCalibration

Json = Any  # anything that JSON can hold, until it is checked

_REAL = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,19}", re.ASCII)
_LINE_END = re.compile(r"\r\n|\n|\r")
_EXACT = 1 << 53
_LATEST_S = 253_402_300_799  # the last second of the year 9999


def decoded(data: bytes, notes: Notes) -> str:
    """Text of a file: UTF-8, or with a note that some texts in it are in an unknown encoding.

    Raises
    ------
    ParseError
        When the file holds zero bytes: it is no text.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\x00" in data:
        raise ParseError("zero bytes in a text file: it is damaged", offset=data.index(b"\x00"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        notes.add("text_unreadable", "a text in the file is in an unknown encoding")
        return data.decode("utf-8", "replace")


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """Lines that are not blank, each with its number (from 1)."""
    every = enumerate(_LINE_END.split(text), 1)
    return [(number, line) for number, line in every if line.strip()]


def printable(text: str, *, limit: int = 2000) -> str:
    """A text of the file made fit for a remark: one line of printable signs."""
    text = text[:limit]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text.strip()


def real(text: str, what: str, *, line: int | None = None) -> float:
    """A finite decimal number.

    Raises
    ------
    ParseError
        Naming the line and what the number was to be.
    """
    text = text.strip()
    if _REAL.fullmatch(text) is None or not math.isfinite(float(text)):
        raise wrong(f"{what} {text[:40]!r} is no number", line)
    return float(text)


def whole(text: str, what: str, *, line: int | None = None) -> int:
    """A whole number from 0 to 19 digits."""
    text = text.strip()
    if _WHOLE.fullmatch(text) is None:
        raise wrong(f"{what} {text[:40]!r} is no whole number", line)
    return int(text)


def wrong(reason: str, line: int | None) -> ParseError:
    """The error for a value that cannot be read."""
    reason = "".join(c if c.isprintable() else "\ufffd" for c in reason)
    return ParseError(reason if line is None else f"line {line}: {reason}")


def json_value(text: str, *, line: int | None = None) -> Json:
    """One JSON value; no NaN, no infinity, no name twice in one object."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except json.JSONDecodeError as error:
        at_end = error.pos >= len(text.rstrip())
        code = "truncated" if at_end else "unreadable"
        where = f"line {line if line is not None else error.lineno}"
        raise ParseError(f"{where}: not readable as JSON ({error.msg})", code=code) from error
    except (ValueError, RecursionError) as error:
        raise wrong(f"not readable as JSON ({str(error)[:80]})", line) from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _no_doubles(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def json_real(value: Json, what: str, *, line: int | None = None) -> float:
    """A finite number out of JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"{what} is no number", line)
    if not math.isfinite(value) or abs(value) > 1e300:
        raise wrong(f"{what} is no number", line)
    return float(value)


def json_counts(value: Json, *, line: int | None = None) -> NDArray[np.int64]:
    """Channels of a spectrum out of JSON: whole numbers from 0 to 2**53."""
    if not isinstance(value, list) or not value:
        raise wrong("a spectrum is no list of channels", line)
    if len(value) > MAX_CHANNELS:
        raise ParseError("a spectrum holds more channels than is believed", code="too_large")
    if not all(type(v) is int and 0 <= v < _EXACT for v in value):
        raise wrong("a channel is no whole number of counts", line)
    return np.array(value, dtype=np.int64)


def text_counts(text: str, *, line: int | None = None) -> NDArray[Any]:
    """Channels of a spectrum out of a text with blanks between."""
    try:
        values = numbers(text)
    except ParseError as error:
        raise wrong(error.reason, line) from error
    if values.size > MAX_CHANNELS:
        raise ParseError("a spectrum holds more channels than is believed", code="too_large")
    if values.size == 0:
        raise wrong("a spectrum holds no channel", line)
    return values


def since_1970(seconds: float, what: str, *, line: int | None = None) -> dt.datetime:
    """Time of a count of seconds since 1970 (UTC)."""
    if not 0 <= seconds <= _LATEST_S:
        raise wrong(f"{what} {seconds!r} is no time", line)
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)


class Calibrations:
    """One object per calibration of a file, however often it is written there."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._known: dict[tuple[object, ...], EnergyCalibration | None] = {}

    def polynomial(
        self,
        coefficients: tuple[float, ...],
        deviation_pairs: tuple[tuple[float, float], ...] = (),
    ) -> EnergyCalibration | None:
        """The calibration of these coefficients in keV; None, with a note, where they say nothing.

        The placeholder "channel number as energy" is kept and not believed, as everywhere.
        """
        key = (coefficients, deviation_pairs)
        if key not in self._known:
            self._known[key] = self._new(coefficients, deviation_pairs)
        return self._known[key]

    def _new(
        self, coefficients: tuple[float, ...], pairs: tuple[tuple[float, float], ...]
    ) -> EnergyCalibration | None:
        if not any(coefficients[1:]):
            self._notes.add(
                "calibration_missing", "a spectrum has no energy calibration: no energies"
            )
            return None
        try:
            if coefficients[:2] == (0.0, 1.0) and not any(coefficients[2:]):
                self._notes.add(
                    "calibration_placeholder",
                    "the calibration is the placeholder 0, 1 (channel number as energy): "
                    "not believed",
                )
                return EnergyCalibration("polynomial", coefficients, origin="assumed")
            return EnergyCalibration("polynomial", coefficients, pairs)
        except InvalidInput:
            self._notes.add(
                "calibration_unreadable", "an energy calibration is not made of finite numbers"
            )
            return None
