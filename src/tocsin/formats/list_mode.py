"""Own reader of ORTEC list mode (``.Lis``): every pulse with its time, cut into slices of a second.

A header of 256 bytes, then words of 32 bits. Style 1 (digiBASE): the top bit says that a word is
the time (31 bits, us); else it is a pulse: 10 bits of height, 21 bits of time. Style 4
(digiBASE-E): the two top bits say pulse (12 bits of height at 17, time in 80 ns), real time or
live time (both 30 bits, 10 ms), or pulses at the external input. Style 2 (DSPEC Pro) is refused.

Slices are a second long, or as much longer as it takes to stay within the limit on channels.

References
----------
ORTEC, "MAESTRO List Mode File Formats" and digiBASE-E manual, appendix B, as far as both are open.
No file of a real instrument was at hand: sums are checked against a second reader of the format.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import Calibrations, printable
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    Instrument,
    Record,
    Recording,
    Spectrum,
)

_HEADER = struct.Struct("<iid80s9s16s80sB4s3fB3fii2f9x")
MAGIC = struct.pack("<i", -13)
_DIGIBASE, _DIGIBASE_E = 1, 4
_CHANNELS = {_DIGIBASE: 1024, _DIGIBASE_E: 4096}
_ROLL_US = 1 << 21  # the time of a digiBASE pulse rolls over
_CLOCK_US = 1 << 31  # so does that of its time words
_OLE = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - local time of the computer, as the header has it
_OLE_LAST_DAY = 2_958_465.0  # 9999-12-31

Words = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Pulses:
    """Times in seconds since the first word, channels, and live time as it ran."""

    time_s: NDArray[np.float64]
    channel: Words
    end_s: float
    live_at_s: NDArray[np.float64] | None = None
    live_s: NDArray[np.float64] | None = None


def read_list_mode(data: bytes, limits: Limits) -> Recording:
    """Read a list.

    Raises
    ------
    ParseError
        When the header or the last word is not complete, or the style is unknown.
    """
    notes = Notes()
    if len(data) < _HEADER.size:
        raise ParseError("the file ends inside its header: it is cut off", code="truncated")
    (_magic, style, started, address, mcb, serial, text, has_energies, unit, *numbers) = (
        _HEADER.unpack_from(data)
    )
    a0, a1, a2, _has_shape, _s0, _s1, _s2, _gain, _identity, real_s, _live_s = numbers
    if style not in _CHANNELS:
        raise ParseError(f"list mode of style {style} is not supported (1 and 4 are)")
    if (len(data) - _HEADER.size) % 4:
        raise ParseError("the file ends inside a word: it is cut off", code="truncated")
    words = np.frombuffer(data, "<u4", offset=_HEADER.size).astype(np.int64)
    pulses = _digibase(words) if style == _DIGIBASE else _digibase_e(words, notes)
    if not pulses.channel.size:
        raise ParseError("the list holds no pulse", code="empty")
    notes.add("length_unknown", "this format does not state its length: a cut-off file looks whole")
    if not (math.isfinite(real_s) and real_s >= 0):
        raise ParseError("the real time of the header is no time")
    if real_s and abs(real_s - pulses.end_s) > max(2.0, 0.02 * real_s):
        notes.add(
            "lengths_contradict",
            f"the header states {real_s:.1f} s, the list runs over {pulses.end_s:.1f} s",
        )
    calibration = _calibration(has_energies, unit, (a0, a1, a2), notes)
    return Recording(
        records=tuple(
            _slices(pulses, _CHANNELS[style], calibration, _start(started, notes), limits, notes)
        ),
        instrument=Instrument(
            manufacturer="ORTEC",
            model="digiBASE" if style == _DIGIBASE else "digiBASE-E",
            serial=_text(serial),
            detectors=(DetectorInfo("", "Gamma"),),
        ),
        warnings=notes.warnings(),
        remarks=tuple(
            f"{name}: {_text(raw)}"
            for name, raw in (("Description", text), ("Device", address), ("Type", mcb))
            if _text(raw)
        ),
        file_format="ortec-list-mode",
    )


def _text(raw: bytes) -> str:
    return printable(raw.split(b"\x00")[0].decode("latin-1"))


def _start(days: float, notes: Notes) -> dt.datetime | None:
    """Start in local time of an unknown zone, from days since 1899-12-30."""
    if not (math.isfinite(days) and 1.0 < days < _OLE_LAST_DAY):
        notes.add("time_missing", "a record has no start time that can be read")
        return None
    return _OLE + dt.timedelta(seconds=round(days * 86400.0, 3))


def _calibration(
    is_valid: int, unit: bytes, terms: tuple[float, ...], notes: Notes
) -> EnergyCalibration | None:
    scale = {b"MeV": 1000.0}.get(unit.split(b"\x00")[0].strip(), 1.0)
    usable = is_valid and all(math.isfinite(t) for t in terms)
    exact = tuple(float(str(np.float32(t))) * scale for t in terms) if usable else (0.0, 0.0)
    return Calibrations(notes).polynomial(exact)


def _digibase(words: Words) -> _Pulses:
    """Pulses of style 1; the live time is not in the list."""
    is_time = words >= 1 << 31
    clock = words[is_time] & 0x7FFFFFFF
    if not clock.size:
        raise ParseError("the list holds no time")
    falls = np.diff(clock) < 0
    if (falls & ~((clock[:-1] > 3 * _CLOCK_US // 4) & (clock[1:] < _CLOCK_US // 4))).any():
        raise ParseError("the clock of the list runs backwards: it is damaged")
    rolled = np.concatenate(([0], np.cumsum(falls)))
    clock = clock + _CLOCK_US * rolled
    pulses = words[~is_time]
    height, low = (pulses >> 21) & 0x3FF, pulses & 0x1FFFFF
    # The time word before each pulse; for pulses in front of the first, that one.
    before = np.cumsum(is_time)[~is_time] - 1
    known = clock[np.maximum(before, 0)]
    ahead = (low - known) % _ROLL_US
    # A pulse may be written a little after the time word that follows it.
    ahead = np.where((before < 0) | (ahead > 3 * _ROLL_US // 4), ahead - _ROLL_US, ahead)
    times = known + ahead
    first = min(int(clock[0]), int(times.min())) if times.size else int(clock[0])
    last = max(int(clock[-1]), int(times.max())) if times.size else int(clock[-1])
    # Heights count from 1; a height of 0 belongs into the first channel, too.
    return _Pulses((times - first) / 1e6, np.maximum(height - 1, 0), (last - first) / 1e6)


def _digibase_e(words: Words, notes: Notes) -> _Pulses:
    """Pulses of style 4, with the live time as it ran."""
    kind = words >> 30
    clock = words[kind == 2] & 0x3FFFFFFF
    if not clock.size:
        raise ParseError("the list holds no time")
    if (np.diff(clock) < 0).any():
        raise ParseError("the clock of the list runs backwards: it is damaged")
    first = int(clock[0])
    running = np.cumsum(kind == 2) - 1
    is_pulse = kind == 3
    known = clock[np.maximum(running[is_pulse], 0)] - first
    times = 0.01 * known + 80e-9 * (words[is_pulse] & 0x1FFFF)
    is_live = kind == 1
    live = 0.01 * (words[is_live] & 0x3FFFFFFF)
    live_at = 0.01 * (clock[np.maximum(running[is_live], 0)] - first)
    end = float(max(times.max(initial=0.0), 0.01 * (int(clock.max()) - first)))
    external = int(np.count_nonzero(kind == 0))
    if external:
        notes.add("external_pulses", f"{external} pulses at the external input are not kept")
    return _Pulses(times, (words[is_pulse] >> 17) & 0xFFF, end, live_at, live)


def _slices(
    pulses: _Pulses,
    channels: int,
    calibration: EnergyCalibration | None,
    start: dt.datetime | None,
    limits: Limits,
    notes: Notes,
) -> list[Record]:
    most = max(1, min(limits.max_records // 2, limits.max_values // channels))
    length = 1.0
    while pulses.end_s / length >= most:
        length *= 2.0
    if length > 1.0:
        notes.add("slices_long", f"the list is long: cut into slices of {length:g} s")
    n = max(1, math.ceil(pulses.end_s / length))
    at = np.clip((pulses.time_s / length).astype(np.int64), 0, n - 1)
    table: NDArray[Any] = np.bincount(
        at * channels + pulses.channel, minlength=n * channels
    ).reshape(n, channels)
    live = _live_times(pulses, n, length)
    records = []
    for k in range(n):
        real = min(length, pulses.end_s - k * length) if pulses.end_s > k * length else 0.0
        spectrum = Spectrum(table[k], live[k], real, calibration)
        begin = None if start is None else start + dt.timedelta(seconds=k * length)
        records.append(Record((spectrum,), begin, real))
    return records


def _live_times(pulses: _Pulses, n: int, length: float) -> list[float | None]:
    """Live time of every slice from the counter of the instrument, where there is one."""
    at, live = pulses.live_at_s, pulses.live_s
    if at is None or live is None or live.size < 2 or (np.diff(live) < 0).any():
        return [None] * n
    if (np.diff(at) < 0).any():
        return [None] * n
    edges = np.minimum(np.arange(n + 1) * length, pulses.end_s)
    return [float(v) for v in np.maximum(np.diff(np.interp(edges, at, live)), 0.0)]
