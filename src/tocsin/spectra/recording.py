"""All that a file says: the instrument, its records, and what was noticed while reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tocsin.spectra.record import Record, SourceType


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """A detector as the file declares it (all text as written; empty where unknown)."""

    name: str
    kind: str = ""
    description: str = ""
    material: str = ""
    dimensions: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """The instrument as the file declares it.

    ``instrument_class`` is the N42 ``RadInstrumentClassCode``, for example ``"Backpack"``.
    """

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    instrument_class: str = ""
    detectors: tuple[DetectorInfo, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class InstrumentNuclide:
    """A nuclide that the instrument itself (or another program) reported; never our own answer."""

    name: str
    kind: str = ""
    confidence: str = ""
    activity_Bq: float | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class InstrumentResult:
    """Result that the instrument's own algorithm wrote into the file, kept as it is."""

    algorithm_name: str = ""
    algorithm_version: str = ""
    algorithm_creator: str = ""
    description: str = ""
    nuclides: tuple[InstrumentNuclide, ...] = ()
    alarms: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingWarning:
    """Something a reader should know: a stable code and one clear sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Content of one file.

    Parameters
    ----------
    records : tuple of Record
        In time order (file order where there are no times).
    derived : tuple of Record
        Records that the file declares as derived from others (summed, subtracted): kept, and left
        out of every sum so that nothing counts twice.
    file_format : str
        Format that the reader recognised, for example ``"n42-2012"``.
    sha256 : str
        Of the original bytes, in hexadecimal.
    """

    records: tuple[Record, ...]
    instrument: Instrument = field(default_factory=Instrument)
    derived: tuple[Record, ...] = ()
    results: tuple[InstrumentResult, ...] = ()
    warnings: tuple[RecordingWarning, ...] = ()
    remarks: tuple[str, ...] = ()
    uuid: str = ""
    file_name: str = ""
    file_format: str = ""
    sha256: str = ""
    realm: str = "LIVE"

    @property
    def background(self) -> tuple[Record, ...]:
        """Records that the file declares as background."""
        return tuple(r for r in self.records if r.source_type is SourceType.BACKGROUND)

    @property
    def measured(self) -> tuple[Record, ...]:
        """Records to be analysed: foreground, or of no stated purpose.

        A file that holds nothing else (a background recording) is analysed as it is.
        """
        chosen = tuple(r for r in self.records if r.is_measured)
        return chosen or self.background

    @property
    def kind(self) -> Literal["survey", "static"]:
        """``survey`` for a time series, ``static`` for one or a few long spectra.

        A series has at least ten measured records, or records of at most ten seconds beside at
        least four others of that length.
        """
        measured = self.measured
        if len(measured) >= SURVEY_RECORDS:
            return "survey"
        short = [
            r for r in measured if r.real_time_s is not None and r.real_time_s <= SHORT_RECORD_S
        ]
        return "survey" if len(short) >= SURVEY_SHORT_RECORDS else "static"


SURVEY_RECORDS = 10
SURVEY_SHORT_RECORDS = 5
SHORT_RECORD_S = 10.0
