"""What an instrument writes for one time slice: spectra, neutrons, place and time."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum

from tocsin.errors import InvalidInput
from tocsin.spectra.spectrum import Spectrum


class SourceType(StrEnum):
    """What a record is for, as the file declares it (``RadMeasurement/MeasurementClassCode``)."""

    FOREGROUND = "foreground"
    BACKGROUND = "background"
    CALIBRATION = "calibration"
    INTRINSIC = "intrinsic"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Position:
    """Place of the instrument (WGS 84).

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Degrees, north and east positive; within +-90 and +-180.
    elevation_m : float, optional
        Height above the ellipsoid (N42 ``ElevationValue``) in metres.
    accuracy_m : float, optional
        Stated horizontal accuracy in metres, as the file has it.
    time : datetime, optional
        Time of the fix where it differs from the record's.
    """

    latitude_deg: float
    longitude_deg: float
    elevation_m: float | None = None
    accuracy_m: float | None = None
    time: dt.datetime | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.latitude_deg) and abs(self.latitude_deg) <= 90):
            raise InvalidInput(f"latitude_deg must lie within +-90, not {self.latitude_deg!r}")
        if not (math.isfinite(self.longitude_deg) and abs(self.longitude_deg) <= 180):
            raise InvalidInput(f"longitude_deg must lie within +-180, not {self.longitude_deg!r}")


@dataclass(frozen=True, slots=True)
class GrossCounts:
    """Counts of a detector without a spectrum (neutrons, Geiger-Mueller).

    ``counts`` None means that the detector is declared and wrote nothing.
    """

    detector: str
    counts: float | None
    live_time_s: float | None = None
    real_time_s: float | None = None
    kind: str = "neutron"


@dataclass(frozen=True, slots=True)
class CountRate:
    """Count rate as the instrument states it, in counts per second.

    Instruments smooth what they show, by laws that no file states: nothing may be claimed on it
    from counting statistics.
    """

    count_rate_cps: float
    detector: str = ""


@dataclass(frozen=True, slots=True)
class DoseRate:
    """Ambient dose rate as the instrument states it, in uSv/h."""

    dose_rate_uSv_h: float
    detector: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One time slice of all detectors of an instrument.

    Parameters
    ----------
    spectra : tuple of Spectrum
        One per crystal; may be empty (a neutron-only or rate-only record).
    count_rates : tuple of CountRate
        What the instrument shows as its count rate; not the counts of this slice.
    start : datetime, optional
        Beginning of the slice. Aware where the file names a zone; naive where it does not, and
        then its zone is unknown; None where the file has no time at all.
    real_time_s : float, optional
        Length of the slice in seconds.
    source_type : SourceType
        What the record is for.
    """

    spectra: tuple[Spectrum, ...] = ()
    start: dt.datetime | None = None
    real_time_s: float | None = None
    source_type: SourceType = SourceType.UNKNOWN
    position: Position | None = None
    gross_counts: tuple[GrossCounts, ...] = ()
    dose_rates: tuple[DoseRate, ...] = ()
    speed_m_s: float | None = None
    occupied: bool | None = None
    title: str = ""
    remarks: tuple[str, ...] = ()
    count_rates: tuple[CountRate, ...] = ()

    @property
    def is_measured(self) -> bool:
        """Whether it is to be analysed: foreground, or of no stated purpose."""
        return self.source_type in (SourceType.FOREGROUND, SourceType.UNKNOWN)

    @property
    def neutron_counts(self) -> float | None:
        """Sum over the neutron detectors; None where there is none or none was written."""
        values = [
            g.counts for g in self.gross_counts if g.kind == "neutron" and g.counts is not None
        ]
        return sum(values) if values else None

    @property
    def live_time_s(self) -> float | None:
        """Longest live time of the spectra in seconds, or the real time where none is stated."""
        times = [s.live_time_s for s in self.spectra if s.live_time_s is not None]
        return max(times) if times else self.real_time_s

    @property
    def other_counts(self) -> float | None:
        """Counts without a spectrum that are not of neutrons; None where nothing wrote any."""
        values = [
            g.counts for g in self.gross_counts if g.kind != "neutron" and g.counts is not None
        ]
        return sum(values) if values else None

    @property
    def total_counts(self) -> float:
        """Gamma counts summed over all spectra."""
        return float(sum(s.total for s in self.spectra))
