"""Own reader of ANSI N42.42-2012 (also written "N42-2011", after its name space)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import n42_marks, n42_results
from tocsin.formats.limits import Limits
from tocsin.formats.n42_values import (
    MAX_CHANNELS,
    duration_s,
    expand_counted_zeroes,
    moment,
    numbers,
)
from tocsin.formats.notes import Notes
from tocsin.spectra import (
    DetectorInfo,
    DoseRate,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    InstrumentResult,
    Position,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

NAMESPACE = "http://physics.nist.gov/N42/2011/N42"
_TOP = (
    "RadInstrumentInformation",
    "RadDetectorInformation",
    "RadItemInformation",
    "RadMeasurement",
    "DerivedData",
    "EnergyCalibration",
    "AnalysisResults",
    "RadInstrumentDataCreatorName",
)
_CLASSES = {
    "Foreground": SourceType.FOREGROUND,
    "Background": SourceType.BACKGROUND,
    "Calibration": SourceType.CALIBRATION,
    "IntrinsicActivity": SourceType.INTRINSIC,
}
_SIZES = (
    ("RadDetectorLengthValue", "length", "cm"),
    ("RadDetectorWidthValue", "width", "cm"),
    ("RadDetectorDepthValue", "depth", "cm"),
    ("RadDetectorDiameterValue", "diameter", "cm"),
    ("RadDetectorVolumeValue", "volume", "cc"),
)
_NEUTRON_NAME = re.compile(r"neutron|he-?3|\bn\d*$|nn\d|vnd", re.I)
_DOSE_RATE_UNITS = {
    "": 1.0, "usv/h": 1.0, "µsv/h": 1.0, "μsv/h": 1.0, "microsv/h": 1.0, "usvh": 1.0,
    "nsv/h": 1e-3, "msv/h": 1e3, "sv/h": 1e6,
}  # fmt: skip
_SPEED_UNITS = {"": 1.0, "m/s": 1.0, "mps": 1.0, "km/h": 1 / 3.6, "kph": 1 / 3.6, "mph": 0.44704}

Node = Any
_LOCAL: dict[Any, str] = {}  # names seen so far: asking lxml is cheap, cutting texts is not
_LOCAL_NAMES = 1000


@dataclass(slots=True)
class _Raw:
    """A spectrum whose calibration and detector are not resolved yet."""

    counts: NDArray[Any]
    live_time_s: float | None
    calibration: str
    detector: str


@dataclass(slots=True)
class _Part:
    """One measurement element, before it becomes a record."""

    record: Record
    raw: list[_Raw]
    is_derived: bool
    identity: str
    real_times: tuple[float | None, ...] | None = None
    silent: tuple[tuple[int, GrossCounts], ...] = ()


@dataclass(slots=True)
class _Document:
    limits: Limits
    notes: Notes
    uuid: str = ""
    creator: str = ""
    remarks: list[str] = field(default_factory=list)
    instrument: Instrument = field(default_factory=Instrument)
    detectors: dict[str, DetectorInfo] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    calibrations: dict[str, EnergyCalibration | None] = field(default_factory=dict)
    results: list[InstrumentResult] = field(default_factory=list)
    parts: list[_Part] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=dict)
    n_values: int = 0
    n_parts: int = 0


def read_n42(data: bytes, *, limits: Limits) -> tuple[Recording, int]:
    """Read an N42-2012 document.

    Parameters
    ----------
    data : bytes
        The document in an encoding that its XML declaration names.

    Returns
    -------
    recording : Recording
    parts : int
        Measurements and spectra that were read, to be compared with an independent count.

    Raises
    ------
    ParseError
        When the document is not well formed, or a number in it cannot be read.
    """
    document = _Document(limits, Notes())
    for element in _elements(data):
        _take(element, document)
    records, derived = _resolve(document)
    realm, mark, remarks = n42_marks.realm_of(document.remarks)
    notes = document.notes
    if not records and not derived:
        raise ParseError("no measurement with a spectrum, a count or a dose rate is in the file")
    recording = Recording(
        records=records,
        derived=derived,
        instrument=replace(
            document.instrument,
            detectors=tuple(
                info
                for identity, info in document.detectors.items()
                if identity not in document.aliases
            ),
        ),
        results=tuple(document.results),
        warnings=notes.warnings(),
        remarks=tuple(remarks),
        uuid=str(mark.get("uuid", document.uuid)),
        file_format="n42-2012",
        realm=realm,
    )
    return recording, document.n_parts


def _elements(data: bytes) -> Iterator[Node]:
    """Children of the root, one at a time, then the root itself (emptied)."""
    context = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        tag=[f"{{*}}{name}" for name in (*_TOP, "Remark", "RadInstrumentData")],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _event, element in context:
            parent = element.getparent()
            if parent is None:
                yield element
            elif parent.getparent() is None:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del parent[0]
    except etree.XMLSyntaxError as error:
        line = error.lineno if error.lineno else None
        raise ParseError(
            f"not well-formed XML ({_first_line(error.msg)})", code="unreadable", offset=line
        ) from error


def _first_line(text: str | None) -> str:
    return (text or "unknown error").splitlines()[0][:200]


def local(element: Node) -> str:
    """Name of an element without its name space."""
    tag = element.tag
    name = _LOCAL.get(tag)
    if name is None:
        name = tag.rpartition("}")[2] if isinstance(tag, str) else ""
        if len(_LOCAL) < _LOCAL_NAMES:
            _LOCAL[tag] = name
    return name


def text_of(parent: Node, name: str) -> str:
    """Text of the first child of that name, stripped; empty where there is none."""
    for child in parent:
        if local(child) == name:
            return (child.text or "").strip()
    return ""


def _take(element: Node, document: _Document) -> None:
    name = local(element)
    if name in ("RadMeasurement", "DerivedData"):
        document.parts.append(_part(element, document))
    elif name == "Remark":
        document.remarks.append((element.text or "").strip())
    elif name == "RadInstrumentInformation":
        document.instrument = instrument_of(element)
    elif name == "RadDetectorInformation":
        identity, info, alias = detector_of(element)
        document.detectors[identity] = info
        if alias:
            document.aliases.add(identity)
    elif name == "EnergyCalibration":
        document.calibrations[element.get("id", "")] = calibration_of(element, document.notes)
    elif name == "AnalysisResults":
        document.results.append(n42_results.read_result(element, document.notes))
    elif name == "RadItemInformation":
        description = text_of(element, "RadItemDescription")
        if description:
            document.remarks.append(f"Item: {description}")
    elif name == "RadInstrumentDataCreatorName":
        document.creator = (element.text or "").strip()
    elif name == "RadInstrumentData":
        document.uuid = element.get("n42DocUUID", "").strip()


# ------------------------------------------------------------------------------ measurements


def _count_part(document: _Document) -> None:
    document.n_parts += 1
    if document.n_parts > document.limits.max_records:
        raise ParseError("more records and spectra than the limit allows", code="too_large")


def _part(element: Node, document: _Document) -> _Part:
    notes = document.notes
    _count_part(document)
    found: dict[str, Any] = {"remarks": []}
    raw: list[_Raw] = []
    gross: list[GrossCounts] = []
    doses: list[DoseRate] = []
    for child in element:
        name = local(child)
        if name == "Spectrum":
            raw.append(_spectrum(child, document))
        elif name == "GrossCounts":
            gross.append(_gross(child, notes))
        elif name == "DoseRate":
            doses.extend(_dose(child, notes))
        elif name in ("RadInstrumentState", "RadDetectorState", "RadItemState"):
            if name == "RadInstrumentState" or "position" not in found:
                _state(child, found, notes)
        elif name == "Remark":
            found["remarks"].append((child.text or "").strip())
        elif name in ("ExposureRate", "TotalDose", "TotalExposure"):
            found["remarks"].append(f"{name}: {' '.join(''.join(child.itertext()).split())}")
        else:
            found[name] = (child.text or "").strip()
    real = _seconds(found.get("RealTimeDuration"), "RealTimeDuration", notes)
    start_text = found.get("StartDateTime", "")
    start = moment(start_text)
    if start is None:
        notes.add(
            "time_missing"
            if not start_text or start_text.startswith("1970-01-01")
            else "time_unreadable",
            "a record has no start time that can be read",
        )
    title, mark, remarks = n42_marks.split_remarks(found["remarks"])
    occupied = found.get("OccupancyIndicator", "").lower()
    record = Record(
        start=start,
        real_time_s=real,
        source_type=_CLASSES.get(found.get("MeasurementClassCode", ""), SourceType.UNKNOWN),
        position=found.get("position"),
        gross_counts=tuple(gross),
        dose_rates=tuple(doses),
        speed_m_s=found.get("speed"),
        occupied={"true": True, "1": True, "false": False, "0": False}.get(occupied),
        title=title,
        remarks=tuple(remarks),
    )
    part = _Part(record, raw, local(element) == "DerivedData", element.get("id", ""))
    if mark:
        n42_marks.apply(mark, part, notes)
    return part


def _seconds(text: str | None, name: str, notes: Notes) -> float | None:
    if not text:
        return None
    seconds = duration_s(text)
    if seconds is None:
        notes.add("duration_unreadable", f"{name} {text[:40]!r} is not a duration")
    return seconds


def _spectrum(element: Node, document: _Document) -> _Raw:
    _count_part(document)
    live: float | None = None
    counts: NDArray[Any] | None = None
    for child in element:
        name = local(child)
        if name == "ChannelData":
            if counts is not None or len(child):
                raise ParseError(
                    "a spectrum holds no single list of channels", offset=child.sourceline
                )
            counts = _channels(child, document)
        elif name == "LiveTimeDuration":
            live = _seconds(child.text, name, document.notes)
    if counts is None:
        document.notes.add("no_channels", "a spectrum element without channels was left out")
        counts = np.empty(0, dtype=np.int64)
    return _Raw(
        counts,
        live,
        element.get("energyCalibrationReference", ""),
        element.get("radDetectorInformationReference", ""),
    )


def _channels(element: Node, document: _Document) -> NDArray[Any]:
    room = document.limits.max_values - document.n_values
    try:
        counts = numbers(element.text or "")
        for key, value in element.attrib.items():
            if "compression" in key.lower():
                counts = _uncompressed(counts, value, min(MAX_CHANNELS, room), document.notes)
    except ParseError as error:
        if room < MAX_CHANNELS and "more than" in error.reason:
            error.code = "too_large"
        error.offset = element.sourceline
        raise
    if counts.size > min(room, MAX_CHANNELS):
        raise ParseError("the spectra hold more channels than the limit allows", code="too_large")
    document.n_values += counts.size
    return counts


def _uncompressed(counts: NDArray[Any], code: str, room: int, notes: Notes) -> NDArray[Any]:
    code = code.strip().lower()
    if code in ("countedzeroes", "countedzeros"):
        return expand_counted_zeroes(counts, max_channels=room, notes=notes)
    if code in ("", "none"):
        return counts
    raise ParseError(f"channels are compressed in an unknown way ({code[:40]!r})")


def _gross(element: Node, notes: Notes) -> GrossCounts:
    values = numbers(text_of(element, "CountData"))
    return GrossCounts(
        detector=element.get("radDetectorInformationReference", ""),
        counts=float(values.sum()) if values.size else None,
        live_time_s=_seconds(text_of(element, "LiveTimeDuration"), "LiveTimeDuration", notes),
        kind="",
    )


def _dose(element: Node, notes: Notes) -> Iterator[DoseRate]:
    for child in element:
        if local(child) != "DoseRateValue":
            continue
        factor = _DOSE_RATE_UNITS.get(child.get("units", "").strip().lower().replace(" ", ""))
        value = number(child.text)
        if factor is None or value is None or value < 0:
            notes.add("dose_rate_unreadable", "a dose rate has an unknown unit or is no number")
            continue
        yield DoseRate(value * factor, element.get("radDetectorInformationReference", ""))


def number(text: str | None) -> float | None:
    """One finite number, or None."""
    try:
        value = float((text or "").strip())
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _state(element: Node, found: dict[str, Any], notes: Notes) -> None:
    for vector in element:
        if local(vector) != "StateVector":
            continue
        for child in vector:
            name = local(child)
            if name == "GeographicPoint":
                position = _position(child, notes)
                if position is not None:
                    found["position"] = position
            elif name == "SpeedValue":
                speed = number(child.text)
                factor = _SPEED_UNITS.get(child.get("units", "").strip().lower())
                if speed is not None and factor is not None:
                    found["speed"] = speed * factor


def _position(element: Node, notes: Notes) -> Position | None:
    values = {local(child): number(child.text) for child in element}
    accuracy = values.get("GeoPointAccuracyValue")
    return position_of(
        values.get("LatitudeValue"),
        values.get("LongitudeValue"),
        notes,
        elevation_m=values.get("ElevationValue"),
        accuracy_m=accuracy if accuracy is None or accuracy >= 0 else None,
    )


def position_of(
    latitude: float | None,
    longitude: float | None,
    notes: Notes,
    *,
    elevation_m: float | None = None,
    accuracy_m: float | None = None,
) -> Position | None:
    """A position that can be true, or None with a note (0, 0 is what receivers without fix say)."""
    if latitude is None or longitude is None:
        return None
    if latitude == 0 and longitude == 0:
        notes.add("position_zero", "a position of exactly 0, 0 was taken as no fix")
        return None
    try:
        return Position(latitude, longitude, elevation_m, accuracy_m)
    except InvalidInput:
        notes.add("position_invalid", "a position outside +-90, +-180 degrees was left out")
        return None


# ------------------------------------------------------------------- instrument, calibration


def instrument_of(element: Node) -> Instrument:
    """``RadInstrumentInformation`` as an object, without detectors."""
    versions = tuple(
        (
            n42_marks.plain(text_of(child, "RadInstrumentComponentName")),
            n42_marks.plain(text_of(child, "RadInstrumentComponentVersion")),
        )
        for child in element
        if local(child) == "RadInstrumentVersion"
    )
    instrument = Instrument(
        manufacturer=n42_marks.plain(text_of(element, "RadInstrumentManufacturerName")),
        model=n42_marks.plain(text_of(element, "RadInstrumentModelName")),
        serial=n42_marks.plain(text_of(element, "RadInstrumentIdentifier")),
        instrument_class=text_of(element, "RadInstrumentClassCode"),
        versions=versions,
    )
    remarks = [(c.text or "").strip() for c in element if local(c) == "Remark"]
    return n42_marks.instrument_as_written(instrument, remarks)


def detector_of(element: Node) -> tuple[str, DetectorInfo, bool]:
    """Identity, description, and whether it is another name of a declared detector."""
    identity = element.get("id", "")
    sizes = []
    for tag, name, default_unit in _SIZES:
        for child in element:
            if local(child) == tag and (child.text or "").strip():
                unit = child.get("units", "").strip() or default_unit
                sizes.append(f"{name} {(child.text or '').strip()} {unit}")
    info = DetectorInfo(
        name=identity,
        kind=text_of(element, "RadDetectorCategoryCode"),
        description=text_of(element, "RadDetectorDescription"),
        material=text_of(element, "RadDetectorKindCode"),
        dimensions=", ".join(sizes),
    )
    remarks = [(c.text or "").strip() for c in element if local(c) == "Remark"]
    info, alias = n42_marks.detector_as_written(info, remarks)
    return identity, info, alias


def calibration_of(element: Node, notes: Notes) -> EnergyCalibration | None:
    """``EnergyCalibration`` as an object; None where it says nothing that can be used."""
    remarks = [(c.text or "").strip() for c in element if local(c) == "Remark"]
    marked = n42_marks.calibration_as_written(remarks)
    if marked is not None:
        return marked
    try:
        lists = {
            local(child): numbers(child.text or "").astype(float).tolist()
            for child in element
            if local(child).endswith("Values")
        }
        at, offset = lists.get("EnergyValues", []), lists.get("EnergyDeviationValues", [])
        if len(at) != len(offset):
            notes.add("calibration_unreadable", "deviation pairs of unequal number left out")
            at, offset = [], []
        pairs = tuple(zip(at, offset, strict=True))
        edges = lists.get("EnergyBoundaryValues", [])
        if edges:
            return EnergyCalibration("lower_channel_edges", tuple(edges), pairs)
        coefficients = lists.get("CoefficientValues", [])
        if any(coefficients[1:]):
            return EnergyCalibration("polynomial", tuple(coefficients), pairs)
    except (ParseError, InvalidInput) as error:
        notes.add("calibration_unreadable", f"an energy calibration cannot be read ({error})")
    return None


# -------------------------------------------------------------------------------- resolution


def _resolve(document: _Document) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Give every spectrum its calibration and detector; bring slices of detectors together."""
    names = {identity: info.name for identity, info in document.detectors.items()}
    kinds = {identity: info.kind.strip().lower() for identity, info in document.detectors.items()}
    records: list[Record] = []
    derived: list[Record] = []
    for part in document.parts:
        record = _complete(part, document, names, kinds)
        if not (record.spectra or record.gross_counts or record.dose_rates or record.count_rates):
            document.notes.add(
                "empty_measurement", "a measurement without any count or rate was left out"
            )
            continue
        target = derived if part.is_derived else records
        if target and not part.is_derived and _same_slice(target[-1], record):
            target[-1] = _joined(target[-1], record)
        else:
            target.append(record)
    return tuple(records), tuple(derived)


def _complete(
    part: _Part, document: _Document, names: dict[str, str], kinds: dict[str, str]
) -> Record:
    spectra: list[Spectrum] = []
    gross = [
        replace(g, detector=names.get(g.detector, g.detector), kind=_kind(g.detector, kinds))
        for g in part.record.gross_counts
    ]
    real_times = part.real_times or (part.record.real_time_s,) * len(part.raw)
    for raw, real in zip(part.raw, real_times, strict=True):
        detector = names.get(raw.detector, raw.detector)
        n = raw.counts.size
        if n == 0:
            continue
        if document.channels.setdefault(detector, n) != n:
            document.notes.add(
                "channel_number_changes",
                "spectra of one detector differ in their number of channels: perhaps damaged",
            )
        if kinds.get(raw.detector) == "neutron":
            gross.append(
                GrossCounts(detector, float(raw.counts.sum()), raw.live_time_s, real, "neutron")
            )
            continue
        calibration = document.calibrations.get(raw.calibration)
        if calibration is None and raw.calibration not in document.calibrations:
            calibration = _only(document.calibrations) if not raw.calibration else None
        if calibration is None:
            document.notes.add(
                "calibration_missing", "a spectrum has no energy calibration: no energies"
            )
        try:
            spectra.append(Spectrum(raw.counts, raw.live_time_s, real, calibration, detector))
        except InvalidInput as error:
            raise ParseError(f"a spectrum is not readable ({error})") from error
    for at, silent in part.silent:
        gross.insert(at, silent)
    doses = tuple(
        replace(d, detector=names.get(d.detector, d.detector)) for d in part.record.dose_rates
    )
    return replace(part.record, spectra=tuple(spectra), gross_counts=tuple(gross), dose_rates=doses)


def _only(calibrations: dict[str, EnergyCalibration | None]) -> EnergyCalibration | None:
    """The calibration of a file that has one and does not say which spectrum it is for."""
    return next(iter(calibrations.values())) if len(calibrations) == 1 else None


def _kind(detector: str, kinds: dict[str, str]) -> str:
    declared = kinds.get(detector, "")
    if declared:
        return declared
    return "neutron" if _NEUTRON_NAME.search(detector) else "gamma"


def _same_slice(last: Record, new: Record) -> bool:
    """True when two measurements are the same time slice of different detectors."""
    if last.start is None or last.start != new.start or last.source_type != new.source_type:
        return False
    if (last.start.tzinfo is None) != (new.start is None or new.start.tzinfo is None):
        return False
    if last.real_time_s != new.real_time_s:
        return False
    before = {s.detector for s in last.spectra} | {g.detector for g in last.gross_counts}
    after = {s.detector for s in new.spectra} | {g.detector for g in new.gross_counts}
    return bool(after) and not before & after


def _joined(last: Record, new: Record) -> Record:
    return replace(
        last,
        spectra=last.spectra + new.spectra,
        gross_counts=last.gross_counts + new.gross_counts,
        dose_rates=last.dose_rates + new.dose_rates,
        count_rates=last.count_rates + new.count_rates,
        position=last.position or new.position,
        speed_m_s=last.speed_m_s if last.speed_m_s is not None else new.speed_m_s,
        occupied=last.occupied if last.occupied is not None else new.occupied,
        title=last.title or new.title,
        remarks=last.remarks + tuple(r for r in new.remarks if r not in last.remarks),
    )
