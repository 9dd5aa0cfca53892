"""Texts of N42 turned into numbers: channel lists, durations, times. No structure here."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import ParseError
from tocsin.formats.notes import Notes

# Largest spectrum that is believed; instruments write 65,536 channels at most.
MAX_CHANNELS = 1 << 17
_EXACT = 1 << 53  # beyond this a count is no longer exact as a double
_DURATION = re.compile(
    r"P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:([\d.]+(?:[eE][+-]?\d+)?)S)?)?"
)
_DIGITS_AND_SPACE = b"0123456789 \t\r\n"


def numbers(text: str) -> NDArray[np.int64] | NDArray[np.float64]:
    """Values of a list of numbers: int64 where every value is written as a whole number.

    Raises
    ------
    ParseError
        When something in the list is not a finite number.
    """
    try:
        raw = text.encode("ascii")
    except UnicodeEncodeError as error:
        raise ParseError("a list of numbers holds other signs than digits") from error
    if not raw.translate(None, _DIGITS_AND_SPACE):
        if not raw.strip():
            return np.empty(0, dtype=np.int64)
        # Only digits and blanks: the fast reader cannot misunderstand anything.
        values = _fast(raw)
        if values is not None:
            return values
    if b"_" in raw:
        raise ParseError("a list of numbers holds other signs than digits")
    try:
        real = np.array([float(token) for token in raw.split()], dtype=np.float64)
    except ValueError as error:
        raise ParseError(f"a list of numbers is not readable ({error})") from error
    if not np.all(np.isfinite(real)):
        raise ParseError("a list of numbers holds a value that is not finite")
    return real


def _fast(raw: bytes) -> NDArray[np.int64] | None:
    values = np.fromstring(raw, dtype=np.int64, sep=" ")
    # A value that does not fit is clipped to the largest: leave those to the slow way.
    return None if values.size and int(values.max()) >= _EXACT else values


def expand_counted_zeroes(
    values: NDArray[Any], *, max_channels: int = MAX_CHANNELS, notes: Notes | None = None
) -> NDArray[Any]:
    """Undo the compression in which a zero is followed by the length of its run.

    A zero at the very end, or one that another zero follows, stands for itself, as some writers
    mean it; it is noted.

    Raises
    ------
    ParseError
        When a run length is no positive whole number, or the result has more than
        ``max_channels`` channels; checked before anything is expanded.

    References
    ----------
    ANSI N42.42-2012, ``ChannelData`` with ``compressionCode="CountedZeroes"``.
    """
    zero_at = (values == 0).nonzero()[0]
    if zero_at.size and zero_at[-1] == values.size - 1:
        zero_at = zero_at[:-1]
        _note_zero(notes)
    if not zero_at.size:
        return _bounded(values, max_channels)
    run_at = zero_at + 1
    if (values[run_at] == 0).any():
        _note_zero(notes)
        run_at = np.flatnonzero(_runs_one_by_one(values == 0))
        zero_at = run_at - 1
    runs = values[run_at]
    if runs.size and (runs.min() < 1 or (runs.dtype.kind == "f" and (runs % 1 != 0).any())):
        raise ParseError("a run of counted zeroes has no whole, positive length")
    # The largest run first: the sum of runs that are all within the bound cannot overflow.
    if runs.size and (runs.max() > max_channels or runs.sum() > max_channels):
        raise ParseError(f"counted zeroes expand to more than {max_channels} channels")
    repeats = np.ones(values.size, dtype=np.int64)
    repeats[zero_at] = 0
    repeats[run_at] = runs
    filled = values.copy()
    filled[run_at] = 0
    return _bounded(filled.repeat(repeats), max_channels)


def _note_zero(notes: Notes | None) -> None:
    if notes is not None:
        notes.add(
            "zero_without_run",
            "counted zeroes hold a zero without the length of its run, taken as one empty channel",
        )


def _runs_one_by_one(zero: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which values are run lengths, where zeroes follow zeroes (the slow, obvious way)."""
    run = np.zeros(zero.size, dtype=bool)
    at = 0
    while at < zero.size:
        if zero[at] and at + 1 < zero.size and not zero[at + 1]:
            run[at + 1] = True
            at += 1
        at += 1
    return run


def _bounded(values: NDArray[Any], max_channels: int) -> NDArray[Any]:
    if values.size > max_channels:
        raise ParseError(f"a spectrum has more than {max_channels} channels")
    return values


def compress_zeroes(counts: NDArray[Any]) -> NDArray[Any]:
    """Counted-zeroes form of a spectrum (see :func:`expand_counted_zeroes`)."""
    if counts.size == 0:
        return counts
    zero = counts == 0
    starts = np.flatnonzero(zero & ~np.concatenate(([False], zero[:-1])))
    ends = np.flatnonzero(zero & ~np.concatenate((zero[1:], [False]))) + 1
    keep = ~zero
    keep[starts] = True
    at = np.cumsum(keep)[starts]
    return np.insert(counts[keep], at, (ends - starts).astype(counts.dtype))


def duration_s(text: str) -> float | None:
    """Seconds of an ``xsd:duration`` without years and months; None where it is not one."""
    text = text.strip()
    if text.startswith("PT") and text.endswith("S"):
        try:
            seconds = float(text[2:-1])
        except ValueError:
            pass
        else:
            return seconds if math.isfinite(seconds) and seconds >= 0 else None
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT"):
        return None
    try:
        days, hours, minutes, seconds = (float(g or 0) for g in match.groups())
    except ValueError:
        return None
    total = 86400 * days + 3600 * hours + 60 * minutes + seconds
    return total if math.isfinite(total) else None


def duration_text(seconds: float) -> str:
    """``xsd:duration`` of a number of seconds, without an exponent and without loss."""
    return f"PT{decimal_text(seconds)}S"


def decimal_text(value: float) -> str:
    """Shortest decimal text that reads back as the same number, never with an exponent."""
    if value == 0:
        return "0"
    return np.format_float_positional(value, unique=True, trim="-")


def moment(text: str) -> dt.datetime | None:
    """Date and time as written: aware with a zone, naive without; None where it is not one.

    The first day of 1970 is what instruments write that have no time: it reads as None.
    """
    text = text.strip()
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) < 16 or when.date() == dt.date(1970, 1, 1):
        return None
    return when
