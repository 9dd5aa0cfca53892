"""Every other format, through the widest library there is, with its traps undone.

The library keeps numbers as 32-bit floats, has no place for time zones and elevations, and fills
in what a file does not have. This module takes from it only what the file said, adds what the
bytes say beside it, and compares the two; what nobody can know stays empty.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import SpecUtils
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import completeness, radiacode_spectrogram, radiacode_xml, sniff
from tocsin.formats.channel_sums import channel_sum
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.n42_values import MAX_CHANNELS, moment
from tocsin.formats.notes import Notes
from tocsin.formats.scan import XmlScan
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    InstrumentNuclide,
    InstrumentResult,
    Position,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

# In the order in which they are tried where nothing hints at a format: formats with a signature
# first, those that take almost any table of numbers last.
PARSERS: dict[str, str] = {
    "pcf": "Pcf",
    "chn": "Chn",
    "spc": "Spc",
    "cnf": "Cnf",
    "spe": "SpeIaea",
    "mps": "TracsMps",
    "aram": "Aram",
    "daily-file": "SPMDailyFile",
    "mca": "AmptekMca",
    "list-mode": "OrtecListMode",
    "spe-lsrm": "LsrmSpe",
    "multiact": "MultiAct",
    "phd": "Phd",
    "lzs": "Lzs",
    "json": "Json",
    "uri": "Uri",
    "radiacode-spectrogram": "RadiaCode",
    "exploranium": "Exploranium",
    "tka": "Tka",
    "text": "TxtOrCsv",
}
XML_PARSERS: dict[str, str] = {
    "n42-2006": "N42_2006",
    "radiacode-xml": "RadiaCode",
    "scan-data-xml": "ScanDataXml",
    "caen-gxml": "CaenHexagonGXml",
    "micro-raider": "MicroRaider",
    "aram": "Aram",
}
_SOURCE_TYPES = {
    "Foreground": SourceType.FOREGROUND,
    "Background": SourceType.BACKGROUND,
    "Calibration": SourceType.CALIBRATION,
    "IntrinsicActivity": SourceType.INTRINSIC,
}
# Class names of N42-2006 that mean exactly one class of N42-2012.
_CLASS_NAMES = {
    "RadionuclideIdentifier": "Radionuclide Identifier",
    "SpecPortal": "Spectroscopic Portal Monitor",
    "Portal": "Portal Monitor",
    "PortalMonitor": "Portal Monitor",
    "PersonalRadiationDetector": "Personal Radiation Detector",
    "NeutronHandheld": "Neutron Handheld",
    "GammaHandheld": "Gamma Handheld",
    "MobileSystem": "Mobile System",
}
_STARTS = re.compile(
    rb"<(?:[\w.-]+:)?(?:StartTime|StartDateTime)\b[^<>]{0,200}>\s*([0-9T:.+\-Z]{10,40})\s*<"
)
_COORDINATES = re.compile(
    rb"<(?:[\w.-]+:)?Coordinates\b[^<>]{0,200}>\s*([-+0-9.eE]{1,30})\s+([-+0-9.eE]{1,30})\s+([-+0-9.eE]{1,30})\s*<"
)
_CHANNELS_IN_TEXT = frozenset({"n42-2006", "radiacode-xml"})
_EXACT_FLOAT32 = 1 << 24
_LONG_TEXT = 4000
_FIRST_DAY = dt.date(1970, 1, 1)
_LIBRARY_ERRORS = (RuntimeError, ValueError, IndexError, OverflowError, UnicodeError)

Parsed = tuple[Recording, int | None, int | None]
Native = Any  # an object of the library: no types are shipped with it


@dataclass(slots=True)
class _Context:
    """What is known beside the library: the format, the bytes' own zones and heights."""

    file_format: str
    limits: Limits
    notes: Notes
    zones: dict[dt.datetime, dt.tzinfo | None]
    heights: dict[tuple[float, float], float]
    n_values: int = 0


def read_other(data: bytes, *, path: str, limits: Limits, file_name: str) -> Parsed:
    """Read a file that is not XML."""
    first = sniff.guesses(data, file_name)
    order = [*first, *(name for name in PARSERS if name not in first)]
    spec, file_format = _load(path, order, file_name)
    context = _Context(file_format, limits, Notes(), {}, {})
    completeness.check_whole(data, file_format, context.notes)
    recording, found = _recording(spec, context)
    if file_format == "chn":
        recording = _with_counts(recording, completeness.chn_counts(data))
    if file_format == "radiacode-spectrogram":
        recording = radiacode_spectrogram.corrected(recording, data)
    return recording, completeness.expected_spectra(data, file_format), found


def _with_counts(recording: Recording, counts: NDArray[np.int64] | None) -> Recording:
    """The recording of one spectrum with the channels as the file has them."""
    if counts is None or len(recording.records) != 1 or len(recording.records[0].spectra) != 1:
        return recording
    (record,) = recording.records
    (spectrum,) = record.spectra
    if spectrum.n_channel != counts.size:
        raise ParseError("the spectrum has another number of channels than stated")
    whole = replace(record, spectra=(replace(spectrum, counts=counts),))
    return replace(recording, records=(whole,))


def read_xml(data: bytes, seen: XmlScan, *, path: str, limits: Limits, file_name: str) -> Parsed:
    """Read XML that is not N42-2012."""
    first = ["radiacode-xml"] if seen.root == "ResultDataFile" else []
    spec, file_format = _load(path, dict.fromkeys([*first, *XML_PARSERS]), file_name)
    zones, heights = _zones(data), _heights(data)
    context = _Context(file_format, limits, Notes(), zones, heights)
    recording, found = _recording(spec, context)
    recording = _compared(recording, data, context)
    expected: int | None = None
    if file_format == "n42-2006":
        # A library may split one spectrum in two; fewer than in the file is what must not be.
        expected = seen.with_data if found < seen.with_data else found
    if file_format == "radiacode-xml":
        expected = seen.with_data
        recording = radiacode_xml.corrected(recording, data)
    return recording, expected, found


def _compared(recording: Recording, data: bytes, context: _Context) -> Recording:
    """The recording with a warning where its counts are not those of the bytes."""
    notes = context.notes
    seen = channel_sum(data, notes)
    if not seen.well_formed:
        notes.add("not_well_formed", "the XML is damaged: a part of the file may be missing")
    parts = recording.records + recording.derived
    gross = sum(g.counts or 0.0 for r in parts for g in r.gross_counts)
    read = sum(r.total_counts for r in parts)
    if context.file_format not in _CHANNELS_IN_TEXT:
        return replace(recording, warnings=notes.warnings())
    # Some writers put neutron counts into channels: the library may take them out or leave them.
    if not any(
        math.isclose(seen.total, t, rel_tol=1e-5, abs_tol=0.5) for t in (read, read + gross)
    ):
        notes.add(
            "counts_differ",
            f"the channels in the file add up to {seen.total:.10g}, {read:.10g} counts were read",
        )
    return replace(recording, warnings=notes.warnings())


def warm_up(sample: bytes) -> None:
    """Run the library once, so that a worker need not import or open anything."""
    spec = SpecUtils.SpecFile()
    spec.loadFromN42(io.BytesIO(sample))
    context = _Context("n42-2006", Limits(), Notes(), {}, {})
    _recording(spec, context)
    str(np.float32(0.1))
    radiacode_xml.facts(b"<ResultDataFile/>")
    channel_sum(sample, Notes())


def _load(path: str, parsers: Iterable[str], file_name: str) -> tuple[Any, str]:
    """The library's object for a file, and the name of the format that fitted.

    By path and not by stream: that is the way on which all parsers work.
    """
    kinds = {**PARSERS, **XML_PARSERS}
    for name in parsers:
        spec = SpecUtils.SpecFile()
        try:
            spec.loadFile(path, getattr(SpecUtils.ParserType, kinds[name]), file_name)
        except _LIBRARY_ERRORS:
            continue
        if spec.numMeasurements() > 0:
            return spec, name
    spec = SpecUtils.SpecFile()
    try:
        spec.loadFile(path, SpecUtils.ParserType.Auto, file_name)
    except _LIBRARY_ERRORS as error:
        raise ParseError("no reader understands this file") from error
    return spec, "other"


# ------------------------------------------------------------------------------- the mapping


def _recording(spec: Native, context: _Context) -> tuple[Recording, int]:
    """Value objects of what the library holds, and the number of spectra among its parts."""
    notes = context.notes
    measurements = spec.measurements()
    if len(measurements) > context.limits.max_records:
        raise ParseError("more records than the limit allows", code="too_large")
    calibrations: dict[Any, EnergyCalibration | None] = {}
    records: list[Record] = []
    derived: list[Record] = []
    found = 0
    for is_derived, group in (
        (bool(key[0]), list(group))
        for key, group in itertools.groupby(
            measurements, key=lambda m: (m.derivedDataProperties() != 0, m.sampleNumber())
        )
    ):
        record, n = _record(group, context, calibrations)
        found += n
        if record.spectra or record.gross_counts:
            (derived if is_derived else records).append(record)
    for text in _texts(spec.parseWarnings, notes):
        notes.add("reader_remark", text)
    instrument = _instrument(spec, notes, measurements)
    return (
        Recording(
            records=tuple(records),
            derived=tuple(derived),
            instrument=instrument,
            results=_results(spec, notes),
            warnings=notes.warnings(),
            remarks=_texts(spec.remarks, notes),
            file_format=context.file_format,
        ),
        found,
    )


def _text(get: Callable[[], Any], notes: Notes) -> str:
    """A text of the library; bytes that are no UTF-8 become empty with a note."""
    try:
        value = str(get())
    except UnicodeDecodeError:
        notes.add("text_unreadable", "a text in the file is in an unknown encoding")
        return ""
    value = "".join(c if c.isprintable() else " " for c in value).strip()
    if len(value) > _LONG_TEXT:
        notes.add("text_shortened", f"a text of {len(value)} signs was cut to {_LONG_TEXT}")
        value = value[:_LONG_TEXT]
    return value


def _texts(get: Callable[[], Any], notes: Notes) -> tuple[str, ...]:
    try:
        values = list(get())
    except UnicodeDecodeError:
        notes.add("text_unreadable", "a text in the file is in an unknown encoding")
        return ()
    texts = (_text(lambda v=v: v, notes) for v in values)  # type: ignore[misc]
    return tuple(t for t in texts if t)


def _short(value: float) -> float:
    """The shortest decimal that is the same 32-bit float: 0.999492, not 0.9994919896."""
    return float(str(np.float32(value)))


def _seconds(value: float) -> float | None:
    return _short(value) if math.isfinite(value) and value > 0 else None


def _record(
    group: Sequence[Any], context: _Context, calibrations: dict[Any, EnergyCalibration | None]
) -> tuple[Record, int]:
    notes = context.notes
    spectra: list[Spectrum] = []
    gross: list[GrossCounts] = []
    found = 0
    for m in group:
        name = _text(m.detectorName, notes)
        if m.numGammaChannels() > 0:
            found += 1
            spectra.append(_spectrum(m, name, context, calibrations))
        if m.containedNeutron():
            counts = float(m.neutronCountsSum())
            gross.append(GrossCounts(name, _short(counts) if math.isfinite(counts) else None))
    first = group[0]
    start = _start(first, context)
    if start is None:
        notes.add("time_missing", "a record has no start time that can be read")
    real = max((_seconds(m.realTime()) or 0.0 for m in group), default=0.0)
    remarks = dict.fromkeys(text for m in group for text in _texts(m.remarks, notes) if text)
    return (
        Record(
            spectra=tuple(spectra),
            start=start,
            real_time_s=real or None,
            source_type=_source_type(group),
            position=_position(group, context),
            gross_counts=tuple(gross),
            speed_m_s=next(
                (_short(s) for s in (m.speed() for m in group) if math.isfinite(s) and s != 0),
                None,
            ),
            occupied=_occupied(group),
            title=_text(first.title, notes),
            remarks=tuple(remarks),
        ),
        found,
    )


def _spectrum(
    m: Native, name: str, context: _Context, calibrations: dict[Any, EnergyCalibration | None]
) -> Spectrum:
    notes = context.notes
    n = int(m.numGammaChannels())
    context.n_values += n
    if n > MAX_CHANNELS or context.n_values > context.limits.max_values:
        raise ParseError("the spectra hold more channels than the limit allows", code="too_large")
    counts = np.array(m.gammaCounts(), dtype=np.float64)
    if counts.size != n or not np.all(np.isfinite(counts)):
        raise ParseError("a spectrum holds counts that are no finite numbers")
    if counts.size and counts.max() >= _EXACT_FLOAT32:
        notes.add("counts_rounded", "counts above 16,777,216 are rounded to 24 bits")
    live, real = _seconds(m.liveTime()), _seconds(m.realTime())
    if context.file_format.startswith("radiacode") and live is not None:
        live = None
        notes.add("live_time_unknown", "this format states no live time")
    calibration = _calibration(m, name, counts, notes, calibrations, context.file_format)
    try:
        return Spectrum(counts, live, real, calibration, name)
    except InvalidInput as error:
        raise ParseError(f"a spectrum is not readable ({error})") from error


def _calibration(
    m: Native,
    name: str,
    counts: NDArray[np.float64],
    notes: Notes,
    known: dict[Any, EnergyCalibration | None],
    file_format: str,
) -> EnergyCalibration | None:
    kind = m.energyCalibrationModel()
    coefficients = tuple(m.calibrationCoeffs())
    key = (name, str(kind), coefficients, counts.size)
    if key not in known:
        known[key] = _new_calibration(m, kind, coefficients, counts.size, notes, file_format)
    return known[key]


def _new_calibration(
    m: Native,
    kind: Native,
    coefficients: tuple[float, ...],
    n: int,
    notes: Notes,
    file_format: str,
) -> EnergyCalibration | None:
    types = SpecUtils.EnergyCalType
    if kind == types.InvalidEquationType or len(coefficients) < 2:
        notes.add("calibration_missing", "a spectrum has no energy calibration: no energies")
        return None
    exact = tuple(_short(c) for c in coefficients)
    try:
        if kind == types.UnspecifiedUsingDefaultPolynomial:
            notes.add(
                "calibration_assumed",
                "the file has no energy calibration; the energies shown are invented",
            )
            return EnergyCalibration("polynomial", exact, origin="assumed")
        if kind == types.LowerChannelEdge:
            return EnergyCalibration("lower_channel_edges", exact)
        if exact[:2] == (0.0, 1.0) and not any(exact[2:]) and not file_format.startswith("n42"):
            notes.add(
                "calibration_placeholder",
                "the calibration is the placeholder 0, 1 (channel number as energy): not believed",
            )
            return EnergyCalibration("polynomial", exact, origin="assumed")
        form = "full_range_fraction" if kind == types.FullRangeFraction else "polynomial"
        plain = EnergyCalibration(form, exact)  # type: ignore[arg-type]
        return _with_deviation(m, plain, n)
    except InvalidInput:
        notes.add("calibration_unreadable", "an energy calibration is not made of finite numbers")
        return None


def _with_deviation(m: Native, plain: EnergyCalibration, n: int) -> EnergyCalibration:
    """The calibration itself, or its edges where the file adds deviation pairs to it.

    The library's Python face does not show deviation pairs, but its channel energies have them.
    """
    energies = np.array(m.channelEnergies(), dtype=np.float64)
    if energies.size not in (n, n + 1):
        return plain
    expected = plain.edges_keV(n)[: energies.size]
    span = max(1.0, float(np.abs(expected).max()))
    if not np.all(np.isfinite(energies)) or np.allclose(energies, expected, atol=2e-5 * span):
        return plain
    return EnergyCalibration("lower_channel_edges", tuple(_short(e) for e in energies))


def _source_type(group: Sequence[Any]) -> SourceType:
    kinds = {str(m.sourceType()).rpartition(".")[2] for m in group}
    known = {_SOURCE_TYPES[k] for k in kinds if k in _SOURCE_TYPES}
    return known.pop() if len(known) == 1 else SourceType.UNKNOWN


def _occupied(group: Sequence[Any]) -> bool | None:
    states = {str(m.occupied()).rpartition(".")[2] for m in group}
    if "Occupied" in states:
        return True
    return False if "NotOccupied" in states else None


def _start(m: Native, context: _Context) -> dt.datetime | None:
    when = m.startTime()
    if not isinstance(when, dt.datetime) or when.date() == _FIRST_DAY:
        return None
    when = when.replace(tzinfo=None)
    zone = context.zones.get(when)
    return when.replace(tzinfo=zone) if zone is not None else when


def _position(group: Sequence[Any], context: _Context) -> Position | None:
    for m in group:
        if not m.hasGpsInfo():
            continue
        latitude, longitude = float(m.latitude()), float(m.longitude())
        height = context.heights.get((latitude, longitude))
        position = position_of(latitude, longitude, context.notes, elevation_m=height)
        if position is not None:
            when = m.positionTime()
            if isinstance(when, dt.datetime) and when.date() != _FIRST_DAY:
                position = replace(position, time=when)
            return position
    return None


def _instrument(spec: Native, notes: Notes, measurements: Sequence[Any]) -> Instrument:
    name = _text(spec.instrumentType, notes)
    kinds: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    for m in measurements:
        detector = _text(m.detectorName, notes)
        if m.numGammaChannels() > 0:
            kinds[detector] = "Gamma"
        elif m.containedNeutron():
            kinds.setdefault(detector, "Neutron")
        if detector not in descriptions:
            descriptions[detector] = _text(m.detectorType, notes)
    return Instrument(
        manufacturer=_text(spec.manufacturer, notes),
        model=_text(spec.instrumentModel, notes),
        serial=_text(spec.instrumentId, notes),
        instrument_class=_CLASS_NAMES.get(name, name),
        detectors=tuple(
            DetectorInfo(name=d, kind=k, description=descriptions.get(d, ""))
            for d, k in kinds.items()
        ),
    )


def _results(spec: Native, notes: Notes) -> tuple[InstrumentResult, ...]:
    nuclides = []
    for r in spec.detectorAnalysisResults():
        nuclide = _text(lambda r=r: _value(r.nuclide), notes)  # type: ignore[misc]
        activity = float(_value(r.activity))
        if not nuclide:
            continue
        nuclides.append(
            InstrumentNuclide(
                name=nuclide,
                kind=_text(lambda r=r: _value(r.nuclideType), notes),  # type: ignore[misc]
                confidence=_text(lambda r=r: _value(r.idConfidence), notes),  # type: ignore[misc]
                activity_Bq=_short(activity) if math.isfinite(activity) and activity > 0 else None,
                remark=_text(lambda r=r: _value(r.remark), notes),  # type: ignore[misc]
            )
        )
    return (InstrumentResult(nuclides=tuple(nuclides)),) if nuclides else ()


def _value(attribute: Native) -> Native:
    return attribute() if callable(attribute) else attribute


def _zones(data: bytes) -> dict[dt.datetime, dt.tzinfo | None]:
    """Zone that the file itself names for each start time, where it names one only."""
    zones: dict[dt.datetime, dt.tzinfo | None] = {}
    for match in _STARTS.finditer(data):
        when = moment(match.group(1).decode("ascii"))
        if when is None:
            continue
        clock = when.replace(tzinfo=None)
        if clock in zones and zones[clock] != when.tzinfo:
            zones[clock] = None
        else:
            zones[clock] = when.tzinfo
    return zones


def _heights(data: bytes) -> dict[tuple[float, float], float]:
    """Elevation that the file gives beside each pair of coordinates."""
    heights: dict[tuple[float, float], float] = {}
    for match in _COORDINATES.finditer(data):
        try:
            latitude, longitude, height = (float(g) for g in match.groups())
        except ValueError:
            continue
        if math.isfinite(height):
            heights[(latitude, longitude)] = height
    return heights
