"""Own writer of ANSI N42.42-2012: valid by the schema, and nothing of a recording lost.

Whatever the schema has no place for goes into a remark that begins with ``Tocsin`` (see
:mod:`tocsin.formats.n42_marks`); other programs show it, our reader restores the value.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import Any

import numpy as np
from lxml import etree

from tocsin import __version__
from tocsin.errors import InvalidInput
from tocsin.formats import n42_marks, n42_reader
from tocsin.formats.n42_parts import (
    NS,
    add,
    calibration,
    detector,
    instrument,
    mark,
    result,
    shown,
)
from tocsin.formats.n42_values import compress_zeroes, decimal_text, duration_text, moment
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    Position,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_IDENTITY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
_OURS = re.compile(r"(?:instrument|cal-\d+|Sample\d+|Derived\d+)(?:-.*)?")
_CLASS_CODES = {
    SourceType.FOREGROUND: "Foreground",
    SourceType.BACKGROUND: "Background",
    SourceType.CALIBRATION: "Calibration",
    SourceType.INTRINSIC: "IntrinsicActivity",
    SourceType.UNKNOWN: "NotSpecified",
}
# The schema asks for a start in every measurement; the first moment of 1970 is what instruments
# write that have none, and readers know it.
_NO_TIME = "1970-01-01T00:00:00Z"
# It asks for a duration above zero, too: the exact one stands in a mark.
_LEAST_S = 1e-6
_MAX_ZONE = dt.timedelta(hours=14)  # xsd:dateTime

Node = Any
Mark = dict[str, Any]


def write_n42(
    recording: Recording, *, counted_zeroes: bool = True, written: dt.datetime | None = None
) -> bytes:
    """Write a recording as N42-2012.

    Parameters
    ----------
    recording : Recording
        What a reader returned, or a synthetic one (its realm is written and read back).
    counted_zeroes : bool
        Compress runs of empty channels.
    written : datetime, optional
        Time of writing for ``n42DocDateTime``; left out by default, so that the same recording
        gives the same bytes.

    Returns
    -------
    bytes
        UTF-8 XML, valid by the N42 schema 0.0.54. The document keeps the recording's UUID; without
        one it is derived from the sha256 of the original bytes, or of the written content.
        Warnings, file name and sha256 belong to the file that was read and are not written.

    Raises
    ------
    InvalidInput
        When the recording has no record at all.

    References
    ----------
    ANSI N42.42-2012, American National Standard Data Format for Radiation Detectors Used for
    Homeland Security; schema n42.xsd 0.0.54 of NIST.
    """
    if not (recording.records or recording.derived):
        raise InvalidInput("a recording without any record cannot be written")
    default: Any = {None: n42_reader.NAMESPACE}
    root = etree.Element(f"{NS}RadInstrumentData", nsmap=default)
    _root_remarks(root, recording)
    add(root, "RadInstrumentDataCreatorName", f"Tocsin {__version__}")
    instrument(root, recording.instrument)
    names = _Names(recording)
    for identity, info, alias in names.declared:
        detector(root, identity, info, alias=alias)
    calibrations = _Calibrations(root)
    writer = _Measurements(names, calibrations, counted_zeroes)
    bodies = [writer.element(r, f"Sample{n}") for n, r in enumerate(recording.records, 1)]
    bodies += [
        writer.element(r, f"Derived{n}", derived=True) for n, r in enumerate(recording.derived, 1)
    ]
    root.extend(bodies)
    everyone = " ".join(identity for identity, _info, _alias in names.declared)
    for what in recording.results:
        root.append(result(what, everyone))
    root.set("n42DocUUID", _uuid(recording, root))
    if written is not None:
        root.set("n42DocDateTime", written.isoformat())
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _root_remarks(root: Node, recording: Recording) -> None:
    add(root, "Remark", n42_marks.REALM + recording.realm)
    exact: Mark = {}
    if not all(_is_plain(r) for r in recording.remarks):
        exact["remarks"] = recording.remarks
    if recording.uuid and _UUID.fullmatch(recording.uuid) is None:
        exact["uuid"] = recording.uuid
    if recording.realm not in n42_marks.REALMS:
        raise InvalidInput(f"realm must be one of {n42_marks.REALMS}, not {recording.realm!r}")
    for remark in recording.remarks:
        if shown(remark):
            add(root, "Remark", shown(remark))
    if exact:
        mark(root, n42_marks.RECORDING, exact)


def _is_plain(remark: str) -> bool:
    """True when a remark comes back as it is: nothing is cut off it, or taken for a mark."""
    return bool(remark) and shown(remark) == remark and not remark.startswith(("Tocsin ", "Title:"))


def _uuid(recording: Recording, root: Node) -> str:
    if _UUID.fullmatch(recording.uuid):
        return recording.uuid
    digest = recording.sha256.lower()
    if re.fullmatch(r"[0-9a-f]{64}", digest) is None:
        digest = hashlib.sha256(etree.tostring(root)).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


class _Names:
    """Identities of the detectors, which XML wants unique and without blanks.

    A detector that gives both spectra and other counts (many files say so) is declared once more
    for the counts, as an alias with a category of its own.
    """

    def __init__(self, recording: Recording) -> None:
        self.declared: list[tuple[str, DetectorInfo, bool]] = []
        self._taken: set[str] = set()
        self._main: dict[str, tuple[str, str]] = {}  # name -> identity, kind
        self._aliases: dict[tuple[str, str], str] = {}
        for info in recording.instrument.detectors:
            if info.name not in self._main:
                self._declare(info, alias=False)
        for record in (*recording.records, *recording.derived):
            for s in record.spectra:
                self.of_spectrum(s.detector)
            for g in record.gross_counts:
                self.of_counts(g.detector, g.kind)
            for r in record.count_rates:
                self.of_counts(r.detector, "gamma")
            for d in record.dose_rates:
                self.of_any(d.detector)
        if not self.declared:
            self._declare(DetectorInfo("", "Gamma"), alias=True)

    def of_spectrum(self, name: str) -> str:
        """Identity for a spectrum: never one that stands for a neutron detector."""
        if name not in self._main:
            self._declare(DetectorInfo(name, "Gamma"), alias=True)
        identity, kind = self._main[name]
        return self._alias(name, "gamma") if kind == "neutron" else identity

    def of_counts(self, name: str, kind: str) -> str:
        """Identity for counts without a spectrum of a kind."""
        if name not in self._main:
            self._declare(DetectorInfo(name, kind), alias=True)
        identity, main_kind = self._main[name]
        return identity if main_kind == kind else self._alias(name, kind)

    def of_any(self, name: str) -> str:
        """Identity for whatever does not depend on the kind."""
        if name not in self._main:
            self._declare(DetectorInfo(name, "Gamma"), alias=True)
        return self._main[name][0]

    def _alias(self, name: str, kind: str) -> str:
        key = (name, kind)
        if key not in self._aliases:
            identity = self._identity(f"{name}-{kind}")
            self._aliases[key] = identity
            self.declared.append((identity, DetectorInfo(name, kind), True))
        return self._aliases[key]

    def _declare(self, info: DetectorInfo, *, alias: bool) -> None:
        identity = self._identity(info.name)
        self.declared.append((identity, info, alias))
        self._main[info.name] = (identity, info.kind.strip().lower())

    def _identity(self, name: str) -> str:
        """The name itself where XML takes it, else something near."""
        identity = name
        if _IDENTITY.fullmatch(name) is None or _OURS.fullmatch(name):
            identity = "detector-" + re.sub(r"[^A-Za-z0-9_.-]+", "_", name.strip())[:100]
        n, first = 2, identity.rstrip("-")
        identity = first
        while identity in self._taken:
            identity, n = f"{first}-{n}", n + 1
        self._taken.add(identity)
        return identity


class _Calibrations:
    """Every calibration once, in the order of first use."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._known: dict[tuple[EnergyCalibration | None, int], str] = {}
        self._last: tuple[EnergyCalibration | None, int, str] | None = None

    def identity(self, spectrum: Spectrum) -> str:
        """Identity of a spectrum's calibration; one without values stands for "none"."""
        what, n = spectrum.calibration, spectrum.n_channel
        if self._last is not None and self._last[0] is what and self._last[1] == n:
            return self._last[2]  # surveys share one object: no need to hash its edges again
        key = (what, 0 if what is None or what.kind == "polynomial" else n)
        if key not in self._known:
            identity = f"cal-{len(self._known) + 1}"
            self._known[key] = identity
            if what is None:
                add(self._root, "EnergyCalibration", id=identity)
            else:
                calibration(self._root, identity, what, n)
        self._last = (what, n, self._known[key])
        return self._known[key]


class _Measurements:
    """Records as ``RadMeasurement`` or ``DerivedData`` elements."""

    def __init__(self, names: _Names, calibrations: _Calibrations, compress: bool) -> None:
        self._names = names
        self._calibrations = calibrations
        self._compress = compress

    def element(self, record: Record, identity: str, *, derived: bool = False) -> Node:
        """One record."""
        exact: Mark = {}
        element = etree.Element(NS + ("DerivedData" if derived else "RadMeasurement"), id=identity)
        self._texts(element, record, exact)
        add(element, "MeasurementClassCode", _CLASS_CODES[record.source_type])
        add(element, "StartDateTime", _start_text(record, exact))
        real = record.real_time_s
        if not real:
            exact["real_time"] = real
            real = max((s.real_time_s or 0.0 for s in record.spectra), default=0.0) or _LEAST_S
        add(element, "RealTimeDuration", duration_text(real))
        self._spectra(element, record, identity, real, exact)
        self._gross(element, record, identity, real, exact)
        self._rates(element, record, identity, exact)
        for n, dose in enumerate(record.dose_rates, 1):
            self._dose(element, dose.dose_rate_uSv_h, dose.detector, f"{identity}-D{n}")
        if derived:
            _mark_state(record, exact)
        else:
            _state(element, record, exact)
            if record.occupied is not None:
                add(element, "OccupancyIndicator", "true" if record.occupied else "false")
        if exact:
            mark(element, n42_marks.RECORD, exact)
        return element

    def _texts(self, element: Node, record: Record, exact: Mark) -> None:
        if record.title:
            if shown(record.title) == record.title:
                add(element, "Remark", n42_marks.TITLE + record.title)
            else:
                exact["title"] = record.title
        if not all(_is_plain(r) for r in record.remarks):
            exact["remarks"] = record.remarks
        for remark in record.remarks:
            if shown(remark):
                add(element, "Remark", shown(remark))

    def _spectra(
        self, element: Node, record: Record, identity: str, real: float, exact: Mark
    ) -> None:
        marks: list[Mark] = []
        for n, s in enumerate(record.spectra, 1):
            if s.n_channel == 0:
                raise InvalidInput("a spectrum without channels cannot be written")
            note: Mark = {}
            live = s.live_time_s
            if live is None:
                note["absent"] = ["live"]
                live = s.real_time_s if s.real_time_s is not None else real
            if s.real_time_s != record.real_time_s:
                note["real"] = s.real_time_s
            marks.append(note)
            part = add(
                element,
                "Spectrum",
                id=f"{identity}-S{n}",
                radDetectorInformationReference=self._names.of_spectrum(s.detector),
                energyCalibrationReference=self._calibrations.identity(s),
            )
            add(part, "LiveTimeDuration", duration_text(live))
            counts: Any = s.counts
            squeezed = compress_zeroes(counts) if self._compress else counts
            if squeezed.size < counts.size:
                add(part, "ChannelData", _channels(squeezed), compressionCode="CountedZeroes")
            else:
                add(part, "ChannelData", _channels(counts), compressionCode="None")
        if any(marks):
            exact["spectra"] = marks

    def _gross(
        self, element: Node, record: Record, identity: str, real: float, exact: Mark
    ) -> None:
        marks: list[Mark] = []
        silent: list[list[Any]] = []
        for n, g in enumerate(record.gross_counts):
            if g.counts is None or g.counts < 0:
                # No element: a zero in its place would read as "nothing was there".
                silent.append([n, g.detector, g.counts, g.live_time_s, g.real_time_s, g.kind])
                continue
            note: Mark = {}
            if g.live_time_s is None:
                note["absent"] = ["live"]
            if g.real_time_s is not None:
                note["real"] = g.real_time_s
            marks.append(note)
            part = add(
                element,
                "GrossCounts",
                id=f"{identity}-G{n + 1}",
                radDetectorInformationReference=self._names.of_counts(g.detector, g.kind),
            )
            add(
                part,
                "LiveTimeDuration",
                duration_text(real if g.live_time_s is None else g.live_time_s),
            )
            add(part, "CountData", _one(g.counts))
        if any(marks):
            exact["gross"] = marks
        if silent:
            exact["silent"] = silent

    def _rates(self, element: Node, record: Record, identity: str, exact: Mark) -> None:
        """Count rates as counts of one second, for other programs; a mark says what they are."""
        marks: list[list[Any]] = []
        for n, rate in enumerate(record.count_rates, 1):
            fits = rate.count_rate_cps >= 0
            marks.append([rate.count_rate_cps, rate.detector, int(fits)])
            if not fits:
                continue
            part = add(
                element,
                "GrossCounts",
                id=f"{identity}-R{n}",
                radDetectorInformationReference=self._names.of_counts(rate.detector, "gamma"),
            )
            add(part, "LiveTimeDuration", duration_text(1.0))
            add(part, "CountData", _one(rate.count_rate_cps))
        if marks:
            exact["rates"] = marks

    def _dose(self, element: Node, rate: float, name: str, identity: str) -> None:
        part = add(
            element,
            "DoseRate",
            id=identity,
            radDetectorInformationReference=self._names.of_any(name),
        )
        add(part, "DoseRateValue", repr(float(rate)))


def _one(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(float(value))


def _channels(counts: np.ndarray[Any, Any]) -> str:
    if counts.dtype == np.int64:
        return " ".join(map(str, counts.tolist()))
    return " ".join(map(repr, counts.tolist()))


def _start_text(record: Record, exact: Mark) -> str:
    if record.start is None:
        return _NO_TIME
    text = record.start.isoformat()
    zone = record.start.utcoffset()
    fits = zone is None or (abs(zone) <= _MAX_ZONE and zone.seconds % 60 == 0)
    if fits and not zone and zone is not None and not zone.microseconds:
        text = text.removesuffix("+00:00") + "Z"
    if not fits or moment(text) != record.start or zone != _zone(text):
        exact["start"] = record.start.isoformat()
        text = _NO_TIME
    return text


def _zone(text: str) -> dt.timedelta | None:
    when = moment(text)
    return None if when is None else when.utcoffset()


def _state(element: Node, record: Record, exact: Mark) -> None:
    p = record.position
    speed = record.speed_m_s
    if p is None and speed is None:
        return
    if p is not None and (p.latitude_deg, p.longitude_deg) == (0.0, 0.0):
        _mark_state(record, exact)
        return
    state = add(element, "RadInstrumentState", radInstrumentInformationReference="instrument")
    vector = add(state, "StateVector")
    if p is not None:
        _point(vector, p)
        if p.time is not None:
            exact["position_time"] = p.time.isoformat()
    if speed is not None:
        add(vector, "SpeedValue", repr(float(speed)), units="m/s")


def _point(vector: Node, p: Position) -> None:
    point = add(vector, "GeographicPoint")
    add(point, "LatitudeValue", decimal_text(p.latitude_deg))
    add(point, "LongitudeValue", decimal_text(p.longitude_deg))
    if p.elevation_m is not None:
        add(point, "ElevationValue", decimal_text(p.elevation_m))
    if p.accuracy_m is not None:
        add(point, "GeoPointAccuracyValue", decimal_text(p.accuracy_m))


def _mark_state(record: Record, exact: Mark) -> None:
    """State of a record for which the schema has no element."""
    p = record.position
    if p is not None:
        when = None if p.time is None else p.time.isoformat()
        exact["position"] = [p.latitude_deg, p.longitude_deg, p.elevation_m, p.accuracy_m, when]
    if record.speed_m_s is not None:
        exact["speed"] = record.speed_m_s
    if record.occupied is not None:
        exact["occupied"] = record.occupied
