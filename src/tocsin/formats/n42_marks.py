"""What N42 has no element for, carried in remarks that begin with ``Tocsin``.

The schema asks for values that a recording may not have (a start, a live time, a calibration of
three coefficients) and has no place for others (the time of a fix, a full-range-fraction form).
The writer then writes what the schema needs and says the truth in a remark; any other program
shows the remark, our reader restores the value. Each is ``Tocsin <what>: <JSON or word>``.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import replace
from typing import Any, Protocol

from tocsin.errors import InvalidInput
from tocsin.formats.notes import Notes
from tocsin.spectra import (
    CountRate,
    DetectorInfo,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    InstrumentNuclide,
    InstrumentResult,
    Position,
    Record,
)

REALM = "Tocsin realm: "
RECORDING = "Tocsin recording: "
RECORD = "Tocsin record: "
RESULT = "Tocsin result: "
CALIBRATION = "Tocsin calibration: "
INSTRUMENT = "Tocsin instrument: "
DETECTOR = "Tocsin detector: "
TITLE = "Title: "
REALMS = ("LIVE", "EXERCISE", "SYNTHETIC", "PUBLIC")
_MAX_MARK = 1 << 20


class Part(Protocol):
    """What :func:`apply` changes."""

    record: Record
    raw: list[Any]
    real_times: tuple[float | None, ...] | None
    silent: tuple[tuple[int, GrossCounts], ...]


def plain(text: str) -> str:
    """No-break spaces back to spaces (the writer needs them for the schema's name pattern)."""
    return text.replace("\xa0", " ")


def realm_of(remarks: list[str]) -> tuple[str, dict[str, Any], list[str]]:
    """Realm that a document states, its mark, and the other remarks."""
    realm, mark, rest = "LIVE", {}, []
    for remark in remarks:
        word = remark.removeprefix(REALM).strip()
        found = _json(remark, RECORDING)
        if found is not None:
            mark = found
        elif remark.startswith(REALM) and word in REALMS:
            realm = word
        elif remark:
            rest.append(remark)
    exact = mark.get("remarks")
    if isinstance(exact, list):
        rest = [str(r) for r in exact]
    return realm, mark, rest


def split_remarks(remarks: list[str]) -> tuple[str, dict[str, Any], list[str]]:
    """Title, mark and other remarks of a measurement."""
    title, mark, rest = "", {}, []
    for remark in remarks:
        found = _json(remark, RECORD)
        if found is not None:
            mark = found
        elif remark.startswith(TITLE) and not title:
            title = remark.removeprefix(TITLE).strip()
        elif remark:
            rest.append(remark)
    return title, mark, rest


def _json(remark: str, prefix: str) -> dict[str, Any] | None:
    if not remark.startswith(prefix) or len(remark) > _MAX_MARK:
        return None
    try:
        found = json.loads(remark.removeprefix(prefix))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _first(remarks: list[str], prefix: str) -> dict[str, Any] | None:
    return next((m for m in (_json(r, prefix) for r in remarks) if m is not None), None)


def apply(mark: dict[str, Any], part: Part, notes: Notes) -> None:
    """Restore on a measurement what its mark says."""
    try:
        record = _with_texts(part.record, mark)
        if "real_time" in mark:
            record = replace(record, real_time_s=_real(mark["real_time"]))
        record = _with_state(record, mark)
        if "rates" in mark:
            record = _with_rates(record, mark["rates"])
        if "gross" in mark:
            record = replace(
                record,
                gross_counts=tuple(
                    replace(
                        g,
                        live_time_s=None if "live" in m.get("absent", []) else g.live_time_s,
                        real_time_s=_real(m.get("real")),
                    )
                    for g, m in zip(record.gross_counts, mark["gross"], strict=True)
                ),
            )
        if "spectra" in mark:
            for raw, m in zip(part.raw, mark["spectra"], strict=True):
                if "live" in m.get("absent", []):
                    raw.live_time_s = None
            part.real_times = tuple(
                _real(m["real"]) if "real" in m else record.real_time_s for m in mark["spectra"]
            )
        if "silent" in mark:
            part.silent = tuple(_silent(*entry) for entry in mark["silent"])
        part.record = record
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        notes.add("mark_unreadable", f"a Tocsin remark does not fit its measurement ({error})")


def _with_rates(record: Record, rates: list[Any]) -> Record:
    """Count rates in place of the counts of one second that stand for them, at the end."""
    shown = sum(1 for _rate, _detector, written in rates if written)
    if shown > len(record.gross_counts):
        raise ValueError("fewer counts than rates")
    kept = record.gross_counts[: len(record.gross_counts) - shown]
    values = [(_real(rate), str(detector)) for rate, detector, _written in rates]
    return replace(
        record,
        gross_counts=kept,
        count_rates=tuple(CountRate(r, d) for r, d in values if r is not None),
    )


def _with_texts(record: Record, mark: dict[str, Any]) -> Record:
    if "title" in mark:
        record = replace(record, title=str(mark["title"]))
    if "remarks" in mark:
        record = replace(record, remarks=tuple(str(r) for r in mark["remarks"]))
    return record


def _with_state(record: Record, mark: dict[str, Any]) -> Record:
    if "start" in mark:
        record = replace(record, start=dt.datetime.fromisoformat(str(mark["start"])))
    if "position" in mark:
        latitude, longitude, elevation, accuracy, when = mark["position"]
        place = Position(
            float(latitude),
            float(longitude),
            _real(elevation),
            _real(accuracy),
            None if when is None else dt.datetime.fromisoformat(str(when)),
        )
        record = replace(record, position=place)
    if "position_time" in mark and record.position is not None:
        fix = dt.datetime.fromisoformat(str(mark["position_time"]))
        record = replace(record, position=replace(record.position, time=fix))
    if "speed" in mark:
        record = replace(record, speed_m_s=_real(mark["speed"]))
    if "occupied" in mark:
        record = replace(record, occupied=bool(mark["occupied"]))
    return record


def _silent(
    at: int,
    detector: str,
    counts: float | None,
    live: float | None,
    real: float | None,
    kind: str,
) -> tuple[int, GrossCounts]:
    """A declared detector that wrote nothing (or a number below zero), and its place."""
    return int(at), GrossCounts(str(detector), _real(counts), _real(live), _real(real), str(kind))


def _real(value: float | str | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a number in a mark is not finite")
    return number


def calibration_as_written(remarks: list[str]) -> EnergyCalibration | None:
    """The exact calibration of a mark, or None where there is none that fits."""
    mark = _first(remarks, CALIBRATION)
    if mark is None:
        return None
    try:
        return EnergyCalibration(
            mark["form"],
            tuple(float(c) for c in mark["coefficients"]),
            tuple((float(e), float(o)) for e, o in mark.get("deviation_pairs", [])),
            mark.get("origin", "file"),
        )
    except (KeyError, TypeError, ValueError, InvalidInput):
        return None


def instrument_as_written(instrument: Instrument, remarks: list[str]) -> Instrument:
    """Restore the texts of an instrument that the schema does not admit."""
    mark = _first(remarks, INSTRUMENT)
    if mark is None:
        return instrument
    changes: dict[str, Any] = {
        name: str(mark[name])
        for name in ("manufacturer", "model", "serial", "instrument_class")
        if name in mark
    }
    if "versions" in mark:
        try:
            changes["versions"] = tuple((str(n), str(v)) for n, v in mark["versions"])
        except (TypeError, ValueError):
            return instrument
    return replace(instrument, **changes)


def detector_as_written(info: DetectorInfo, remarks: list[str]) -> tuple[DetectorInfo, bool]:
    """Restore the texts of a detector; the flag says that it is only another name for one."""
    mark = _first(remarks, DETECTOR)
    if mark is None:
        return info, False
    fields = ("name", "kind", "description", "material", "dimensions")
    restored = replace(info, **{name: str(mark[name]) for name in fields if name in mark})
    return restored, mark.get("alias") is True


def result_as_written(remarks: list[str]) -> InstrumentResult | None:
    """The exact result of a mark, or None where there is none that fits."""
    mark = _first(remarks, RESULT)
    if mark is None:
        return None
    try:
        return InstrumentResult(
            algorithm_name=str(mark["algorithm_name"]),
            algorithm_version=str(mark["algorithm_version"]),
            algorithm_creator=str(mark["algorithm_creator"]),
            description=str(mark["description"]),
            nuclides=tuple(
                InstrumentNuclide(
                    str(n["name"]),
                    str(n["kind"]),
                    str(n["confidence"]),
                    _real(n["activity_Bq"]),
                    str(n["remark"]),
                )
                for n in mark["nuclides"]
            ),
            alarms=tuple(str(a) for a in mark["alarms"]),
            remarks=tuple(str(r) for r in mark["remarks"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
