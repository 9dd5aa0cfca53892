"""The answer: what an analysis of one recording says, and its public JSON form.

The JSON form is the versioned contract ``tocsin.analysis/1``. What only a picture needs (spectra,
strip chart) is kept beside it in the same objects and left out of the JSON.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.nuclear.classes import SourceClass, is_alarm
from tocsin.spectra import Instrument, RecordingWarning

SCHEMA = "tocsin.analysis/1"

FloatArray = NDArray[np.float64]
BackgroundUsed = Literal["file", "record", "tracked", "none"]


@dataclass(frozen=True, slots=True)
class LineEvidence:
    """One line that speaks for (or was expected of) a nuclide.

    ``found_energy_keV`` is where the peak sits on the file's own energy scale, before the gain was
    corrected; None where the line was expected and not seen.
    """

    energy_keV: float
    intensity: float
    net_counts: float
    net_counts_uncertainty: float
    found_energy_keV: float | None = None
    emitter: str = ""

    @property
    def significance(self) -> float:
        """Net counts over their standard uncertainty."""
        if self.net_counts_uncertainty <= 0:
            return 0.0
        return self.net_counts / self.net_counts_uncertainty


@dataclass(frozen=True, slots=True)
class NuclideFinding:
    """A nuclide that is named, with the probability that it is there and the reasons in words."""

    name: str
    nuclide_class: SourceClass
    confidence: float
    evidence: str
    lines: tuple[LineEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """Estimated place of a source (WGS 84 degrees) and radius of its 95 % region in metres."""

    latitude_deg: float
    longitude_deg: float
    radius_m_95: float


@dataclass(frozen=True, slots=True)
class ActivityEstimate:
    """Activity in Bq with its 95 % interval and what the figure assumes."""

    value_Bq: float
    low_95_Bq: float
    high_95_Bq: float
    assumes: str


@dataclass(frozen=True, slots=True)
class EncounterSpectrum:
    """Spectrum of an encounter beside its background, for the eye and for checking.

    Attributes
    ----------
    edges_keV : (n + 1,) float
        Channel edges on the file's own energy scale.
    counts, background_counts : (n,) float
        Counts of the encounter, and the background expected in the same live time.
    live_time_s : float
        Live time of the encounter's spectrum.
    model_counts : (n,) float, optional
        What the named nuclides and the background explain.
    gain : float
        Factor by which the energies were multiplied before lines were compared (1 = none).
    """

    edges_keV: FloatArray
    counts: FloatArray
    background_counts: FloatArray
    live_time_s: float
    model_counts: FloatArray | None = None
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Encounter:
    """A stretch of a survey over a threshold, or what a static spectrum shows above background."""

    first_record: int
    last_record: int
    peak_record: int
    start: dt.datetime | None
    end: dt.datetime | None
    statistic: float
    threshold: float
    false_alarm_rate_per_h: float | None
    source_class: SourceClass
    neutron: bool = False
    dose_rate_uSv_h: float | None = None
    nuclear_material: bool = False
    nuclides: tuple[NuclideFinding, ...] = ()
    location: Location | None = None
    activity: ActivityEstimate | None = None
    spectrum: EncounterSpectrum | None = None
    statistic_name: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """True for all classes but ``norm``: natural material is reported and is no alarm."""
        return is_alarm(self.source_class, neutron=self.neutron)


@dataclass(frozen=True, slots=True)
class StripChart:
    """Time series behind the encounters, one value per record.

    ``time_s`` counts from the first record; ``statistic`` and ``threshold`` are those of the
    detector, ``background_rate_cps`` what it expected.
    """

    time_s: FloatArray
    gross_rate_cps: FloatArray
    background_rate_cps: FloatArray
    statistic: FloatArray
    threshold: float
    neutron_rate_cps: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that ``tocsin analyze`` says of one file."""

    file: str
    sha256: str
    kind: Literal["survey", "static"]
    instrument: Instrument
    background_used: BackgroundUsed
    records: int
    live_time_s: float | None
    encounters: tuple[Encounter, ...]
    versions: dict[str, str]
    warnings: tuple[RecordingWarning, ...] = ()
    realm: str = "LIVE"
    strip: StripChart | None = field(default=None)
    spectrum: EncounterSpectrum | None = None

    def to_json(self) -> dict[str, Any]:
        """The public contract ``tocsin.analysis/1`` as plain JSON values."""
        return {
            "schema": SCHEMA,
            "realm": self.realm,
            "file": self.file,
            "sha256": self.sha256,
            "kind": self.kind,
            "instrument": {
                "manufacturer": self.instrument.manufacturer,
                "model": self.instrument.model,
                "class": self.instrument.instrument_class,
                "detectors": [d.name for d in self.instrument.detectors],
            },
            "background_used": self.background_used,
            "records": self.records,
            "live_time_s": _number(self.live_time_s, digits=6),
            "warnings": [{"code": w.code, "message": w.message} for w in self.warnings],
            "encounters": [encounter_json(e) for e in self.encounters],
            "versions": dict(self.versions),
        }


def encounter_json(encounter: Encounter) -> dict[str, Any]:
    """One entry of ``encounters`` of the public contract ``tocsin.analysis/1``."""
    location, activity = encounter.location, encounter.activity
    return {
        "first_record": encounter.first_record,
        "last_record": encounter.last_record,
        "peak_record": encounter.peak_record,
        "start": _time(encounter.start),
        "end": _time(encounter.end),
        "statistic": _number(encounter.statistic),
        "threshold": _number(encounter.threshold),
        "false_alarm_rate_per_h": encounter.false_alarm_rate_per_h,
        "neutron": encounter.neutron,
        "dose_rate_uSv_h": _number(encounter.dose_rate_uSv_h),
        "class": encounter.source_class,
        "nuclear_material": encounter.nuclear_material,
        "nuclides": [
            {
                "name": n.name,
                "class": n.nuclide_class,
                "confidence": round(n.confidence, 3),
                "evidence": n.evidence,
            }
            for n in encounter.nuclides
        ],
        "position": None
        if location is None
        else {
            "latitude": round(location.latitude_deg, 6),
            "longitude": round(location.longitude_deg, 6),
            "radius_m_95": _number(location.radius_m_95),
        },
        "activity_Bq": None
        if activity is None
        else {
            "value": _number(activity.value_Bq),
            "low_95": _number(activity.low_95_Bq),
            "high_95": _number(activity.high_95_Bq),
            "assumes": activity.assumes,
        },
    }


def _time(moment: dt.datetime | None) -> str | None:
    """ISO 8601; UTC as ``Z``; a time whose zone the file does not name stays without one."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _number(value: float | None, *, digits: int = 4) -> float | None:
    """Rounded to significant digits so that the last bits of a platform do not show."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
