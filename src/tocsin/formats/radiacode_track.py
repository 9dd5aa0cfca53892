"""Own reader of RadiaCode tracks (``.rctrk``): places with count rate and dose rate, no spectra.

The application for Android writes a table with tabs, that for iOS a JSON document. The table gives
every moment twice: as a count of 100 ns since 1601 (UTC), and as clock time; their difference is
the zone. Its dose rates are in microroentgen per hour, which the instrument shows as a hundredth
of that in uSv/h; those of JSON are in uSv/h unless a flag ``sv`` (once ``isSievert``) is false.
Markers in JSON are in no order.

References
----------
Layout read from files of both kinds (openly published tracks of RadiaCode-101 and -102); columns
and flags of other editions as three open readers of the format agree on them.
"""

from __future__ import annotations

import datetime as dt
import re

from tocsin.errors import ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import (
    Json,
    decoded,
    json_real,
    json_value,
    numbered_lines,
    printable,
    real,
    since_1970,
    whole,
    wrong,
)
from tocsin.formats.time_order import sorted_by_time
from tocsin.spectra import (
    CountRate,
    DetectorInfo,
    DoseRate,
    Instrument,
    Record,
    Recording,
)

_FILETIME_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
_NEEDED = ("Timestamp", "Latitude", "Longitude", "DoseRate", "CountRate")
_QUARTER = dt.timedelta(minutes=15)  # zones are whole quarters of an hour
_SLACK = dt.timedelta(seconds=1)  # the clock time is cut to seconds
_PER_USV = 100.0  # microroentgen per uSv, as the instrument itself counts
_CAESIUM_IODIDE = frozenset(("101", "102", "103"))  # the model with a G has another crystal
_SERIAL = re.compile(r"RC-([0-9]{3}[A-Z]?)(?:-|\b)")


def radiacode(serials: list[str]) -> Instrument:
    """The instrument that a serial number such as RC-103-000070 belongs to."""
    shown = [printable(s) for s in serials if s.strip()]
    kind = _SERIAL.match(shown[0]) if shown else None
    crystal = "CsI" if kind is not None and kind[1] in _CAESIUM_IODIDE else ""
    return Instrument(
        manufacturer="RadiaCode",
        model=f"RadiaCode-{kind[1]}" if kind is not None else "RadiaCode",
        serial=", ".join(shown),
        detectors=(DetectorInfo("", "Gamma", material=crystal),),
    )


def read_track_text(data: bytes, limits: Limits) -> Recording:
    """Read the table of the Android application.

    Raises
    ------
    ParseError
        When a line has another number of cells than the second line names, or holds no number.
    """
    notes = Notes()
    lines = numbered_lines(decoded(data, notes))
    if len(lines) < 3:
        raise ParseError("the track holds no marker", code="truncated")
    head = lines[0][1].removeprefix("Track:").split("\t")
    names = [name.strip() for name in lines[1][1].split("\t")]
    missing = [name for name in _NEEDED if name not in names]
    if missing or len(set(names)) != len(names):
        raise ParseError(f"line 2 does not name the columns of a track ({', '.join(missing)})")
    notes.add("length_unknown", "this format does not state its length: a cut-off file looks whole")
    rows = [(n, _row(line, names, n)) for n, line in lines[2:]]
    records = [_from_row(row, n, notes) for n, row in rows]
    return Recording(
        records=sorted_by_time(records, notes),
        instrument=radiacode(head[1:2]),
        warnings=notes.warnings(),
        remarks=tuple(printable(text) for text in (head[0], *head[2:]) if text.strip()),
        file_format="radiacode-track",
    )


def _row(line: str, names: list[str], number: int) -> dict[str, str]:
    cells = line.split("\t")
    # The comment is the last column of most editions; programs cut blanks off the end of a line.
    cells += [""] * (1 if len(cells) == len(names) - 1 else 0)
    if len(cells) != len(names):
        raise ParseError(
            f"line {number}: {len(names)} cells are named, {len(cells)} are there",
            code="truncated",
        )
    return dict(zip(names, (cell.strip() for cell in cells), strict=True))


def _from_row(row: dict[str, str], line: int, notes: Notes) -> Record:
    stamp = whole(row["Timestamp"], "Timestamp", line=line)
    try:
        start = _FILETIME_EPOCH + dt.timedelta(microseconds=stamp // 10)
    except OverflowError as error:
        raise wrong("Timestamp is no time", line) from error
    zone = _zone(start, row.get("Time", ""))
    if zone is not None:
        start = start.astimezone(zone)
    optional = {
        name: real(row[name], name, line=line) if row.get(name) else None
        for name in ("Accuracy", "Altitude")
    }
    accuracy = optional["Accuracy"]
    return Record(
        start=start,
        position=position_of(
            real(row["Latitude"], "Latitude", line=line),
            real(row["Longitude"], "Longitude", line=line),
            notes,
            elevation_m=optional["Altitude"],
            accuracy_m=accuracy if accuracy is None or accuracy >= 0 else None,
        ),
        count_rates=_count_rate(real(row["CountRate"], "CountRate", line=line), notes),
        dose_rates=_dose_rate(real(row["DoseRate"], "DoseRate", line=line) / _PER_USV, notes),
        remarks=_remarks(row),
    )


def _remarks(row: dict[str, str]) -> tuple[str, ...]:
    texts = [printable(row.get("Comment", ""))]
    if row.get("Temperature"):
        texts.append(f"Temperature {printable(row['Temperature'])}")
    return tuple(filter(None, texts))


def _zone(moment: dt.datetime, clock: str) -> dt.tzinfo | None:
    """Zone of the clock time beside a moment; None where it does not fit any."""
    try:
        local = dt.datetime.fromisoformat(clock).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    ahead = local - moment.replace(microsecond=0)
    quarters = round(ahead / _QUARTER)
    if abs(ahead - quarters * _QUARTER) > _SLACK or abs(quarters) > 14 * 4:
        return None
    return dt.timezone(quarters * _QUARTER)


def _count_rate(rate_cps: float, notes: Notes) -> tuple[CountRate, ...]:
    if rate_cps < 0:
        notes.add("count_rate_unreadable", "a count rate is below zero: left out")
        return ()
    return (CountRate(rate_cps),)


def _dose_rate(rate_uSv_h: float, notes: Notes) -> tuple[DoseRate, ...]:
    if rate_uSv_h < 0:
        notes.add("dose_rate_unreadable", "a dose rate is below zero: left out")
        return ()
    return (DoseRate(rate_uSv_h),)


def read_track_json(data: bytes, limits: Limits) -> Recording:
    """Read the JSON document of the iOS application.

    Raises
    ------
    ParseError
        When the document ends too early, or a marker lacks a value.
    """
    notes = Notes()
    document = json_value(decoded(data, notes))
    markers = document.get("markers") if isinstance(document, dict) else None
    if not isinstance(markers, list):
        raise ParseError("the document holds no list of markers")
    if not markers:
        raise ParseError("the track holds no marker", code="empty")
    scale = 1.0
    for flag in ("sv", "isSievert"):
        if flag in document:
            scale = 1.0 if document[flag] is True else 1.0 / _PER_USV
    records = [_from_marker(m, n, scale, notes) for n, m in enumerate(markers)]
    devices = document.get("devices")
    serials = [d for d in devices if isinstance(d, str)] if isinstance(devices, list) else []
    title = document.get("title")
    identity = document.get("id")
    return Recording(
        records=sorted_by_time(records, notes),
        instrument=radiacode(serials),
        warnings=notes.warnings(),
        remarks=(printable(title),) if isinstance(title, str) and printable(title) else (),
        uuid=printable(identity) if isinstance(identity, str) else "",
        file_format="radiacode-track-json",
    )


def _from_marker(marker: Json, number: int, scale: float, notes: Notes) -> Record:
    if not isinstance(marker, dict):
        raise ParseError(f"marker {number} is no object")
    values = {}
    for name in ("date", "lat", "lon", "countRate", "doseRate"):
        if name not in marker:
            raise ParseError(f"marker {number} has no {name}")
        values[name] = json_real(marker[name], f"{name} of marker {number}")
    accuracy = json_real(marker["acc"], f"acc of marker {number}") if "acc" in marker else None
    return Record(
        start=since_1970(values["date"], f"date of marker {number}"),
        position=position_of(
            values["lat"],
            values["lon"],
            notes,
            accuracy_m=accuracy if accuracy is None or accuracy >= 0 else None,
        ),
        count_rates=_count_rate(values["countRate"], notes),
        dose_rates=_dose_rate(values["doseRate"] * scale, notes),
    )
