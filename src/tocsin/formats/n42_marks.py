"""What N42 has no element for, carried in remarks that begin with ``Tocsin``.

The schema asks for values that a recording may not have (a start, a live time, a calibration of
three coefficients) and has no place for others (the time of a fix, a full-range-fraction form).
The writer then writes what the schema needs and says the truth in a remark; any other program
shows the remark, our reader restores the value. Each is ``Tocsin <what>: <JSON or word>``.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any, Protocol

from tocsin.errors import InvalidInput
from tocsin.formats.notes import Notes
from tocsin.spectra import DetectorInfo, EnergyCalibration, Instrument, Record

REALM = "Tocsin realm: "
RECORD = "Tocsin record: "
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


def plain(text: str) -> str:
    """No-break spaces back to spaces (the writer needs them for the schema's name pattern)."""
    return text.replace("\xa0", " ")


def realm_of(remarks: list[str]) -> tuple[str, list[str]]:
    """Realm that a document states, and the other remarks."""
    realm, rest = "LIVE", []
    for remark in remarks:
        word = remark.removeprefix(REALM).strip()
        if remark.startswith(REALM) and word in REALMS:
            realm = word
        elif remark:
            rest.append(remark)
    return realm, rest


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
        record = part.record
        absent = mark.get("absent", [])
        if "real_time" in absent:
            record = replace(record, real_time_s=None)
        if "title" in mark:
            record = replace(record, title=str(mark["title"]))
        if "remarks" in mark:
            record = replace(record, remarks=tuple(str(r) for r in mark["remarks"]))
        if "position_time" in mark and record.position is not None:
            when = dt.datetime.fromisoformat(str(mark["position_time"]))
            record = replace(record, position=replace(record.position, time=when))
        if "gross" in mark:
            record = replace(
                record,
                gross_counts=tuple(
                    replace(
                        g,
                        counts=None if "counts" in m.get("absent", []) else g.counts,
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
        part.record = record
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        notes.add("mark_unreadable", f"a Tocsin remark does not fit its measurement ({error})")


def _real(value: float | str | None) -> float | None:
    return None if value is None else float(value)


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


def detector_as_written(info: DetectorInfo, remarks: list[str]) -> DetectorInfo:
    """Restore the texts of a detector that the schema does not admit."""
    mark = _first(remarks, DETECTOR)
    if mark is None:
        return info
    fields = ("name", "kind", "description", "material", "dimensions")
    return replace(info, **{name: str(mark[name]) for name in fields if name in mark})
