"""Own reader of ERS, the European Radiometric and Spectrometry format, versions 1 and 2.

Lines of pairs "identifier value": a header (``H...`` origin, ``I...`` instruments), then points,
each opened by ``N`` (version 1) or ``PA`` (version 2), with time, place, results and spectra
(``#S``). In version 1 values stand in quotes with blanks between the pairs, in version 2 a
semicolon ends a pair. An identifier that ends in ``_+`` continues the one before.

References
----------
Version 1: Bucher et al., PSI Bericht 09-07, Paul Scherrer Institut, Villigen 2009. Version 2:
Butterweck et al., PSI Bericht 18-04, Villigen 2018 (ISSN 1019-0643).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import (
    decoded,
    numbered_lines,
    printable,
    real,
    text_counts,
    whole,
    wrong,
)
from tocsin.formats.time_order import note_steps_back, usual_step_s
from tocsin.spectra import (
    DetectorInfo,
    DoseRate,
    Instrument,
    Position,
    Record,
    Recording,
    Spectrum,
)

_VERSION = re.compile(r"V[ \t]+([0-9]{1,3}(?:\.[0-9]{1,3})?)")
_PAIR = re.compile(r'[ \t]*([^\s"]+)[ \t]+(?:"([^"]*)"|([^\s"]+))[ \t]*')
_SPECTRUM = re.compile(r"#S(?:_(D[0-9]{1,3}))?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(Z?)", re.ASCII)
_CLOCK = re.compile(
    r"([0-9]{1,2})[-:]([0-9]{1,2})[-:]([0-9]{1,2})(?:\.([0-9]{1,6}))?(Z?)", re.ASCII
)
_POINTS = ("N", "PA")
_USED = frozenset(
    "N PA CD CT CDT CD_S CT_S CDT_S PE PN PZ PP TL TR #SC".split()
)  # what a record has a place for; every other pair of a point is kept as a remark
_REALMS = {"EXERCISE": "EXERCISE", "TRAINING": "EXERCISE"}
_DOSE_RATE_VERSION = 2.0  # version 2 states uSv/h; files of version 1 differ from it by factors


@dataclass(slots=True)
class _Point:
    """Pairs of one point, as written."""

    line: int
    pairs: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, list[str]] = field(default_factory=dict)  # of continued values
    lines: dict[str, int] = field(default_factory=dict)
    last: str = ""


def read_ers(data: bytes, limits: Limits) -> Recording:
    """Read an ERS file.

    Raises
    ------
    ParseError
        When a line is no pair, or a number or a spectrum in it cannot be read.
    """
    notes = Notes()
    header, points = _points(decoded(data, notes))
    version = _version(header)
    if not points:
        raise ParseError("the ERS file holds a header and no point", code="truncated")
    builder = _Builder(header, version, notes, limits)
    records = builder.records(points)
    if not any(r.spectra or r.dose_rates for r in records):
        raise ParseError(
            "this ERS file holds results of an evaluation only, neither spectra nor a dose rate "
            "of a known unit: nothing to analyse"
        )
    note_steps_back(records, notes)
    notes.add("length_unknown", "this format does not state its length: a cut-off file looks whole")
    return Recording(
        records=tuple(records),
        instrument=builder.instrument(records),
        warnings=notes.warnings(),
        remarks=tuple(printable(f"{k} {v}") for k, v in header.items() if k != "V"),
        file_format=f"ers-{version:.1f}",
        realm=_REALMS.get(header.get("HMODE", "").upper(), "LIVE"),
    )


def _version(header: dict[str, str]) -> float:
    found = _VERSION.fullmatch(f"V {header.get('V', '')}")
    if found is None or not 1.0 <= float(found[1]) < 3.0:
        raise ParseError(f"ERS version {header.get('V', '')[:20]!r} is not known (1.0 and 2.0 are)")
    return float(found[1])


def _points(text: str) -> tuple[dict[str, str], list[_Point]]:
    """Pairs of the header, and those of every point."""
    header = _Point(0)
    points: list[_Point] = []
    for number, line in numbered_lines(text):
        line = line.lstrip()
        if line.startswith("/*"):
            continue
        name = re.split(r"[\s;]", line, maxsplit=1)[0]
        if name in _POINTS:
            points.append(_Point(number))
        if not points:
            _take(header, name, _unquoted(line[len(name) :], number), number)
            continue
        for key, value in _pairs(line, number):
            _take(points[-1], key, value, number)
    for point in (header, *points):
        for key, pieces in point.pieces.items():
            point.pairs[key] = " ".join(pieces)
    return header.pairs, points


def _pairs(line: str, number: int) -> list[tuple[str, str]]:
    if ";" in line:
        parts = [part.strip() for part in line.split(";")]
        found = [part.split(None, 1) for part in parts if part]
        if any(len(pair) != 2 for pair in found):
            raise wrong("a pair has no value", number)
        return [(name, _unquoted(value, number)) for name, value in found]
    if line.startswith("#"):
        name, _, value = line.partition(" ")
        return [(name, _unquoted(value, number))]
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(line):
        match = _PAIR.match(line, at)
        if match is None:
            raise wrong(f"no pair of identifier and value at {line[at : at + 30]!r}", number)
        pairs.append((match[1], match[2] if match[2] is not None else match[3]))
        at = match.end()
    return pairs


def _unquoted(value: str, number: int) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    if len(value) < 2 or not value.endswith('"'):
        raise ParseError(f"line {number}: a quoted value does not end", code="truncated")
    return value[1:-1]


def _take(point: _Point, name: str, value: str, number: int) -> None:
    """Add a pair, or continue the one before."""
    if name.endswith("_+"):
        name = name.removesuffix("_+")
        if name != point.last:
            raise wrong(f"{name}_+ continues nothing", number)
        point.pieces.setdefault(name, [point.pairs[name]]).append(value)
        return
    if name in point.pairs:
        raise wrong(f"{name} stands twice in one point", number)
    point.pairs[name] = value
    point.lines[name] = number
    point.last = name


class _Builder:
    """Makes records of points."""

    def __init__(
        self, header: dict[str, str], version: float, notes: Notes, limits: Limits
    ) -> None:
        self._header = header
        self._version = version
        self._notes = notes
        self._room = limits.max_values
        self._missing = header.get("MND", "").strip()
        self._in_degrees = "WGS84" in header.get("IPC", "WGS84").upper().replace("-", "") and (
            header.get("IPU", "deg").strip().lower() in ("deg", "degree", "degrees", "°")
        )
        self._in_metres = header.get("IPP", "").strip().lower() == "m"
        zone = header.get("HTZ", "").strip()
        self._zone: dt.tzinfo | None = None
        if zone and abs(real(zone, "the time zone HTZ")) <= 14:
            self._zone = dt.timezone(dt.timedelta(hours=float(zone)))
        stated = header.get("ISC", "").strip()
        self._channels = whole(stated, "the number of channels ISC") if stated else None

    def records(self, points: list[_Point]) -> list[Record]:
        """One record per point, in file order."""
        starts = [self._start(p) for p in points]
        step = usual_step_s(starts)
        if step is not None and not all("TR" in p.pairs for p in points):
            self._notes.add(
                "duration_from_clock",
                f"the file states no durations: the usual step of its clock, {step:g} s, is taken",
            )
        found = [self._record(p, at, step) for p, at in zip(points, starts, strict=True)]
        if len({s.n_channel for r in found for s in r.spectra}) > 1:
            self._notes.add(
                "channel_number_changes",
                "spectra of one detector differ in their number of channels: perhaps damaged",
            )
        if any(r.spectra for r in found):
            self._notes.add(
                "calibration_missing", "the format states no energy calibration: no energies"
            )
        return found

    def _record(self, point: _Point, start: dt.datetime | None, step: float | None) -> Record:
        pairs, line = point.pairs, point.line
        real_time = self._milliseconds(pairs.get("TR"), "TR", line)
        if real_time is None:
            real_time = step
        live_time = self._milliseconds(pairs.get("TL"), "TL", line)
        spectra = tuple(
            self._spectrum(match[1] or "", value, live_time, real_time, point.lines[name])
            for name, value in pairs.items()
            if (match := _SPECTRUM.fullmatch(name))
        )
        if "#SC" in pairs and real(pairs["#SC"], "#SC", line=line) != sum(s.total for s in spectra):
            self._notes.add("checksum_wrong", "counts of a spectrum do not add up to its check sum")
        kept = self._is_dose_rate(pairs)
        rest = (
            f"{name} {value}"
            for name, value in pairs.items()
            if name not in _USED and not _SPECTRUM.fullmatch(name) and not (kept and name == "DHSR")
        )
        return Record(
            spectra=spectra,
            start=start,
            real_time_s=real_time,
            position=self._position(pairs, line),
            dose_rates=(DoseRate(self._number(pairs["DHSR"], "DHSR", line)),) if kept else (),
            title=printable(pairs.get("PA", pairs.get("N", ""))),
            remarks=tuple(filter(None, (printable("; ".join(rest)),))),
        )

    def _is_dose_rate(self, pairs: dict[str, str]) -> bool:
        if not self._has(pairs, "DHSR"):
            return False
        if self._version < _DOSE_RATE_VERSION:
            self._notes.add(
                "unit_unknown", "DHSR of version 1 has no certain unit: kept as a remark"
            )
            return False
        if self._number(pairs["DHSR"], "DHSR", 0) < 0:
            self._notes.add("dose_rate_unreadable", "a dose rate is below zero: kept as a remark")
            return False
        return True

    def _has(self, pairs: dict[str, str], name: str) -> bool:
        return bool(pairs.get(name)) and pairs[name].strip() != self._missing

    def _number(self, text: str, what: str, line: int) -> float:
        """A number; some writers use a decimal comma."""
        if re.fullmatch(r"[-+]?[0-9]+,[0-9]+(?:[eE][-+]?[0-9]+)?", text.strip()):
            text = text.replace(",", ".")
        return real(text, what, line=line)

    def _milliseconds(self, text: str | None, what: str, line: int) -> float | None:
        if text is None or text.strip() == self._missing:
            return None
        value = self._number(text, what, line)
        if value < 0:
            raise wrong(f"{what} is below zero", line)
        return value / 1000.0

    def _spectrum(
        self, detector: str, text: str, live: float | None, duration: float | None, line: int
    ) -> Spectrum:
        counts = text_counts(text, line=line)
        if self._channels is not None and counts.size != self._channels:
            raise ParseError(
                f"line {line}: {self._channels} channels are stated, {counts.size} are there",
                code="truncated",
            )
        self._room -= counts.size
        if self._room < 0:
            raise ParseError(
                "the spectra hold more channels than the limit allows", code="too_large"
            )
        try:
            return Spectrum(counts, live, duration, None, detector)
        except InvalidInput as error:
            raise wrong(f"a spectrum is not readable ({error})", line) from error

    def _position(self, pairs: dict[str, str], line: int) -> Position | None:
        if not (self._has(pairs, "PE") and self._has(pairs, "PN")):
            return None
        east = self._number(pairs["PE"], "PE", line)
        north = self._number(pairs["PN"], "PN", line)
        if not self._in_degrees:
            self._notes.add(
                "coordinates_unknown", "coordinates are not degrees of WGS 84: not used"
            )
            return None
        height = self._number(pairs["PZ"], "PZ", line) if self._has(pairs, "PZ") else None
        accuracy = None
        if self._in_metres and self._has(pairs, "PP"):
            accuracy = abs(self._number(pairs["PP"], "PP", line))
        return position_of(north, east, self._notes, elevation_m=height, accuracy_m=accuracy)

    def _start(self, point: _Point) -> dt.datetime | None:
        """Beginning of the slice, or the time that is given for it."""
        pairs = point.pairs
        for tail in ("_S", ""):
            if f"CDT{tail}" in pairs:
                date, _, clock = pairs[f"CDT{tail}"].strip().partition(" ")
            elif f"CD{tail}" in pairs and f"CT{tail}" in pairs:
                date, clock = pairs[f"CD{tail}"].strip(), pairs[f"CT{tail}"].strip()
            else:
                continue
            found = self._moment(date, clock)
            if found is None:
                self._notes.add("time_unreadable", "a record has no start time that can be read")
            return found
        self._notes.add("time_missing", "a record has no start time that can be read")
        return None

    def _moment(self, date: str, clock: str) -> dt.datetime | None:
        day, hour = _DATE.fullmatch(date), _CLOCK.fullmatch(clock)
        if day is None or hour is None:
            return None
        zone: dt.tzinfo | None = dt.UTC if day[4] or hour[5] else self._zone
        text = (
            f"{day[1]}-{int(day[2]):02d}-{int(day[3]):02d}T{int(hour[1]):02d}:{int(hour[2]):02d}"
            f":{int(hour[3]):02d}.{(hour[4] or '0').ljust(6, '0')}"
        )
        try:
            return dt.datetime.fromisoformat(text).replace(tzinfo=zone)
        except ValueError:
            return None

    def instrument(self, records: list[Record]) -> Instrument:
        """The apparatus of the header; the third letter of its identifier says its kind."""
        kinds = {"IAP": "NaI"}
        name = next((k for k in self._header if re.fullmatch(r"IA[A-Z0-9].*", k)), "")
        model = printable(self._header.get(name, ""))
        detectors = dict.fromkeys(s.detector for r in records for s in r.spectra)
        return Instrument(
            model=model,
            detectors=tuple(
                DetectorInfo(d, "Gamma", model, kinds.get(name[:3], "")) for d in detectors
            ),
        )
