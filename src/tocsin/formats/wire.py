"""Flat form in which a worker hands a recording over: a JSON header and raw number arrays.

Layout: 8 bytes of magic, header length (uint32, little-endian), header (JSON, UTF-8), then the
arrays in the order and with the lengths that the header states: whole counts (one of uint16,
uint32, int64), fractional counts (float64), calibration numbers (float64). Nothing in it can name
code; the receiving side checks every length and builds every object through its own constructor.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.believable import LONGEST_S
from tocsin.formats.display import MAX_REASON, one_line
from tocsin.formats.limits import Limits
from tocsin.spectra import (
    CountRate,
    DetectorInfo,
    DoseRate,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    InstrumentNuclide,
    InstrumentResult,
    Position,
    Record,
    Recording,
    RecordingWarning,
    SourceType,
    Spectrum,
)

MAGIC = b"TOCSIN\x00\x01"
_WHOLE = {"<u2": 2, "<u4": 4, "<i8": 8}

T = TypeVar("T")
Json = dict[str, Any]
Value = Any  # anything that JSON can hold, until it is checked


# ---------------------------------------------------------------------------------- writing


def encode(recording: Recording, *, expected: int | None, found: int | None) -> Iterator[bytes]:
    """Pieces of the answer for a recording that was read.

    Parameters
    ----------
    recording : Recording
        What was read.
    expected, found : int or None
        Spectra that an independent count saw in the bytes, and that the reader returned; None
        where the format does not allow an independent count.
    """
    whole: list[NDArray[np.int64]] = []
    real: list[NDArray[np.float64]] = []
    calibrations: dict[int, int] = {}
    numbers: list[float] = []
    table: list[Json] = []

    def calibration_index(calibration: EnergyCalibration | None) -> int:
        if calibration is None:
            return -1
        key = id(calibration)
        if key not in calibrations:
            calibrations[key] = len(table)
            table.append(
                {
                    "kind": calibration.kind,
                    "origin": calibration.origin,
                    "n": len(calibration.coefficients),
                    "pairs": len(calibration.deviation_pairs),
                }
            )
            numbers.extend(calibration.coefficients)
            for pair in calibration.deviation_pairs:
                numbers.extend(pair)
        return calibrations[key]

    def spectrum(s: Spectrum) -> list[Any]:
        is_whole = s.counts.dtype == np.int64
        if is_whole:
            whole.append(cast("NDArray[np.int64]", s.counts))
        else:
            real.append(cast("NDArray[np.float64]", s.counts))
        return [
            int(is_whole),
            s.n_channel,
            s.live_time_s,
            s.real_time_s,
            calibration_index(s.calibration),
            s.detector,
        ]

    body = dataclasses.asdict(dataclasses.replace(recording, records=(), derived=()))
    body["records"] = [_record_out(r, spectrum) for r in recording.records]
    body["derived"] = [_record_out(r, spectrum) for r in recording.derived]
    code = _narrowest(whole)
    header = {
        "ok": True,
        "recording": body,
        "calibrations": table,
        "whole": [code, sum(a.size for a in whole)],
        "real": sum(a.size for a in real),
        "numbers": len(numbers),
        "expected": expected,
        "found": found,
    }
    yield from _head(header)
    for counts in whole:
        yield counts.astype(code).tobytes()
    for fractional in real:
        yield fractional.astype("<f8").tobytes()
    yield np.array(numbers, dtype="<f8").tobytes()


def encode_error(error: ParseError) -> Iterator[bytes]:
    """The answer for a file that cannot be read."""
    yield from _head(
        {
            "ok": False,
            "code": error.code,
            "reason": one_line(error.reason, limit=MAX_REASON),
            "offset": error.offset,
        }
    )


def _head(header: Json) -> Iterator[bytes]:
    raw = json.dumps(header, allow_nan=False, separators=(",", ":")).encode("utf-8")
    yield MAGIC + struct.pack("<I", len(raw))
    yield raw


def _narrowest(arrays: Sequence[NDArray[np.int64]]) -> str:
    low = min((int(a.min()) for a in arrays if a.size), default=0)
    high = max((int(a.max()) for a in arrays if a.size), default=0)
    if low >= 0 and high < 1 << 16:
        return "<u2"
    return "<u4" if low >= 0 and high < 1 << 32 else "<i8"


def _time_out(value: dt.datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _record_out(record: Record, spectrum: Callable[[Spectrum], list[Any]]) -> Json:
    p = record.position
    out: Json = {
        "spectra": [spectrum(s) for s in record.spectra],
        "start": _time_out(record.start),
        "real_time_s": record.real_time_s,
        "source_type": record.source_type.value,
        "position": None
        if p is None
        else [p.latitude_deg, p.longitude_deg, p.elevation_m, p.accuracy_m, _time_out(p.time)],
    }
    if record.gross_counts:
        out["gross"] = [
            [g.detector, g.counts, g.live_time_s, g.real_time_s, g.kind]
            for g in record.gross_counts
        ]
    if record.dose_rates:
        out["dose"] = [[d.dose_rate_uSv_h, d.detector] for d in record.dose_rates]
    if record.count_rates:
        out["rates"] = [[r.count_rate_cps, r.detector] for r in record.count_rates]
    for name in ("speed_m_s", "occupied", "title", "remarks"):
        value = getattr(record, name)
        if value not in (None, "", ()):
            out[name] = value
    return out


# ---------------------------------------------------------------------------------- reading


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a worker said: a recording and the two counts of its spectra."""

    recording: Recording
    expected: int | None
    found: int | None


def decode(raw: bytes | bytearray, *, limits: Limits, file: str = "") -> Answer:
    """Check an answer and build the recording from it.

    Raises
    ------
    ParseError
        The error that the worker reported, or ``"unreadable"`` when the answer itself is not well
        formed (a worker that was taken over could send anything).
    """
    try:
        return _decode(memoryview(raw), limits)
    except ParseError as error:
        error.file = file
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        raise ParseError(
            f"the worker's answer is not well formed ({type(error).__name__})",
            code="unreadable",
            file=file,
        ) from error


def _decode(raw: memoryview, limits: Limits) -> Answer:
    if len(raw) < 12 or raw[:8] != MAGIC:
        raise InvalidInput("no answer")
    (length,) = struct.unpack("<I", raw[8:12])
    if length > min(limits.max_header_bytes, len(raw) - 12):
        raise InvalidInput("header is cut off, or larger than allowed")
    header = json.loads(bytes(raw[12 : 12 + length]), parse_constant=_no_constant)
    if header["ok"] is not True:
        offset = header["offset"]
        raise ParseError(
            one_line(_text(header["reason"]), limit=MAX_REASON),
            code=one_line(_text(header["code"]), limit=MAX_REASON),
            offset=None if offset is None else int(offset),
        )
    source = _Arrays(raw[12 + length :], header, limits)
    body = header["recording"]
    parts = [r for name in ("records", "derived") for r in body[name]]
    if sum(1 + len(r["spectra"]) + len(r.get("gross", ())) for r in parts) > limits.max_records:
        raise InvalidInput("too many records and spectra")
    recording = Recording(
        records=tuple(_record_in(r, source) for r in body["records"]),
        derived=tuple(_record_in(r, source) for r in body["derived"]),
        instrument=_instrument_in(body["instrument"]),
        results=tuple(_result_in(r) for r in body["results"]),
        warnings=tuple(
            RecordingWarning(_text(w["code"]), _text(w["message"])) for w in body["warnings"]
        ),
        remarks=_texts(body["remarks"]),
        uuid=_text(body["uuid"]),
        file_name=_text(body["file_name"]),
        file_format=_text(body["file_format"]),
        sha256=_text(body["sha256"]),
        realm=_text(body["realm"]),
    )
    source.finish()
    return Answer(recording, _maybe(header["expected"], int), _maybe(header["found"], int))


class _Arrays:
    """Hands the arrays out in order and refuses to hand out more than there is."""

    def __init__(self, raw: memoryview, header: Json, limits: Limits) -> None:
        code, n_whole = header["whole"]
        n_real, n_numbers = int(header["real"]), int(header["numbers"])
        n_whole = int(n_whole)
        if code not in _WHOLE or min(n_whole, n_real, n_numbers) < 0:
            raise InvalidInput("array lengths are wrong")
        if n_whole + n_real + n_numbers > limits.max_values:
            raise InvalidInput("too many channels")
        width = _WHOLE[code]
        if len(raw) != width * n_whole + 8 * (n_real + n_numbers):
            raise InvalidInput("length of the arrays does not match the header")
        self._whole = np.frombuffer(raw, dtype=code, count=n_whole)
        self._real = np.frombuffer(raw, dtype="<f8", count=n_real, offset=width * n_whole)
        self._numbers = np.frombuffer(
            raw, dtype="<f8", count=n_numbers, offset=width * n_whole + 8 * n_real
        )
        self._at = [0, 0]
        self.calibrations: list[EnergyCalibration] = []
        at = 0
        for entry in header["calibrations"]:
            n, pairs = int(entry["n"]), int(entry["pairs"])
            if min(n, pairs) < 0 or at + n + 2 * pairs > n_numbers:
                raise InvalidInput("calibration table is wrong")
            values = self._numbers[at : at + n + 2 * pairs].tolist()
            at += n + 2 * pairs
            self.calibrations.append(_calibration_in(entry, values[:n], values[n:]))
        if at != n_numbers:
            raise InvalidInput("calibration table is wrong")

    def take(self, is_whole: bool, n: int) -> NDArray[Any]:
        array: NDArray[Any] = self._whole if is_whole else self._real
        at = self._at[is_whole]
        if n < 0 or at + n > array.size:
            raise InvalidInput("a spectrum reaches beyond the arrays")
        self._at[is_whole] = at + n
        part = array[at : at + n]
        return part.astype(np.int64) if is_whole else part

    def finish(self) -> None:
        if self._at != [self._real.size, self._whole.size]:
            raise InvalidInput("arrays are longer than the spectra")


def _calibration_in(entry: Json, values: list[float], pairs: list[float]) -> EnergyCalibration:
    kind, origin = entry["kind"], entry["origin"]
    if kind not in ("polynomial", "full_range_fraction", "lower_channel_edges"):
        raise InvalidInput("unknown calibration kind")
    if origin not in ("file", "assumed"):
        raise InvalidInput("unknown calibration origin")
    return EnergyCalibration(
        kind, tuple(values), tuple(zip(pairs[::2], pairs[1::2], strict=True)), origin
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput("text expected")
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise InvalidInput("list expected")
    return tuple(_text(v) for v in values)


def _maybe(value: Value, convert: Callable[[Value], T]) -> T | None:
    return None if value is None else convert(value)


def _finite(value: Value) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise InvalidInput("a finite number is expected")
    return number


def _no_constant(name: str) -> float:
    raise InvalidInput(f"{name} is no number")


def _seconds(value: Value) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not 0.0 <= number < LONGEST_S:
        raise InvalidInput("a time in seconds is out of range")
    return number


def _time_in(value: Value) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(_text(value))


def _record_in(entry: Json, source: _Arrays) -> Record:
    spectra = []
    for is_whole, n, live, real, calibration, detector in entry["spectra"]:
        index = int(calibration)
        if not -1 <= index < len(source.calibrations):
            raise InvalidInput("a spectrum names a calibration that is not there")
        spectra.append(
            Spectrum(
                counts=source.take(bool(is_whole), int(n)),
                live_time_s=_seconds(live),
                real_time_s=_seconds(real),
                calibration=None if index < 0 else source.calibrations[index],
                detector=_text(detector),
            )
        )
    place = entry["position"]
    occupied = entry.get("occupied")
    return Record(
        spectra=tuple(spectra),
        start=_time_in(entry["start"]),
        real_time_s=_seconds(entry["real_time_s"]),
        source_type=SourceType(entry["source_type"]),
        position=None
        if place is None
        else Position(
            float(place[0]),
            float(place[1]),
            _maybe(place[2], _finite),
            _maybe(place[3], _finite),
            _time_in(place[4]),
        ),
        gross_counts=tuple(
            GrossCounts(
                _text(g[0]), _maybe(g[1], _finite), _seconds(g[2]), _seconds(g[3]), _text(g[4])
            )
            for g in entry.get("gross", [])
        ),
        dose_rates=tuple(DoseRate(_finite(d[0]), _text(d[1])) for d in entry.get("dose", [])),
        speed_m_s=_maybe(entry.get("speed_m_s"), _finite),
        occupied=None if occupied is None else bool(occupied),
        title=_text(entry.get("title", "")),
        remarks=_texts(entry.get("remarks", [])),
        count_rates=tuple(CountRate(_finite(r[0]), _text(r[1])) for r in entry.get("rates", [])),
    )


def _instrument_in(entry: Json) -> Instrument:
    return Instrument(
        manufacturer=_text(entry["manufacturer"]),
        model=_text(entry["model"]),
        serial=_text(entry["serial"]),
        instrument_class=_text(entry["instrument_class"]),
        detectors=tuple(
            DetectorInfo(**{name: _text(value) for name, value in d.items()})
            for d in entry["detectors"]
        ),
        versions=tuple((_text(name), _text(version)) for name, version in entry["versions"]),
    )


def _result_in(entry: Json) -> InstrumentResult:
    return InstrumentResult(
        algorithm_name=_text(entry["algorithm_name"]),
        algorithm_version=_text(entry["algorithm_version"]),
        algorithm_creator=_text(entry["algorithm_creator"]),
        description=_text(entry["description"]),
        nuclides=tuple(
            InstrumentNuclide(
                name=_text(n["name"]),
                kind=_text(n["kind"]),
                confidence=_text(n["confidence"]),
                activity_Bq=_maybe(n["activity_Bq"], _finite),
                remark=_text(n["remark"]),
            )
            for n in entry["nuclides"]
        ),
        alarms=_texts(entry["alarms"]),
        remarks=_texts(entry["remarks"]),
    )
