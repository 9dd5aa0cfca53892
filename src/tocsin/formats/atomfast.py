"""Own reader of AtomFast tracks: a JSON list of places with a dose rate, no spectra, no counts.

Every marker has ``d`` (dose rate in uSv/h), ``lat``, ``lng``, ``t`` (milliseconds since 1970,
UTC), and may have ``r`` (accuracy of the place in metres) and ``dv`` (number of the device). The
list stands alone or under ``markers``, ``points`` or ``data`` of an object.

References
----------
Layout as an open importer of the format has it (matveynator/chicha-isotope-map, 2024); no file of a
real instrument was at hand when this was written.
"""

from __future__ import annotations

from tocsin.errors import ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import (
    Json,
    decoded,
    json_real,
    json_value,
    printable,
    since_1970,
)
from tocsin.formats.time_order import sorted_by_time
from tocsin.spectra import DetectorInfo, DoseRate, Instrument, Record, Recording

_LISTS = ("markers", "points", "data")
_USED = frozenset(("d", "lat", "lng", "t", "r", "dv"))


def read_atomfast(data: bytes, limits: Limits) -> Recording:
    """Read a track.

    Raises
    ------
    ParseError
        When the document ends too early, or a marker lacks a value.
    """
    notes = Notes()
    document = json_value(decoded(data, notes))
    markers = document
    if isinstance(document, dict):
        markers = next((document[n] for n in _LISTS if isinstance(document.get(n), list)), None)
    if not isinstance(markers, list):
        raise ParseError("the document holds no list of markers")
    if not markers:
        raise ParseError("the track holds no marker", code="empty")
    records = [_record(marker, n, notes) for n, marker in enumerate(markers)]
    devices = {str(m["dv"]) for m in markers if isinstance(m.get("dv"), int | str)}
    return Recording(
        records=sorted_by_time(records, notes),
        instrument=Instrument(
            manufacturer="AtomFast",
            serial=", ".join(sorted(printable(d) for d in devices)),
            detectors=(DetectorInfo("", "Gamma"),),
        ),
        warnings=notes.warnings(),
        file_format="atomfast-json",
    )


def _record(marker: Json, number: int, notes: Notes) -> Record:
    if not isinstance(marker, dict):
        raise ParseError(f"marker {number} is no object")
    values = {}
    for name in ("d", "lat", "lng", "t"):
        if name not in marker:
            raise ParseError(f"marker {number} has no {name}")
        values[name] = json_real(marker[name], f"{name} of marker {number}")
    accuracy = json_real(marker["r"], f"r of marker {number}") if "r" in marker else None
    doses: tuple[DoseRate, ...] = (DoseRate(values["d"]),)
    if values["d"] < 0:
        notes.add("dose_rate_unreadable", "a dose rate is below zero: left out")
        doses = ()
    rest = (f"{printable(k)} {v!r}" for k, v in marker.items() if k not in _USED)
    return Record(
        start=since_1970(values["t"] / 1000.0, f"t of marker {number}"),
        position=position_of(
            values["lat"],
            values["lng"],
            notes,
            accuracy_m=accuracy if accuracy is None or accuracy >= 0 else None,
        ),
        dose_rates=doses,
        remarks=tuple(filter(None, (printable("; ".join(rest)),))),
    )
