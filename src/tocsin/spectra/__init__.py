"""Value objects of spectrometry: spectrum, energy calibration, record, recording.

Nothing here reads a file or decides anything: the objects hold what an instrument wrote, check that
it is well formed and give it names with units.
"""

from tocsin.spectra.calibration import EnergyCalibration
from tocsin.spectra.record import CountRate, DoseRate, GrossCounts, Position, Record, SourceType
from tocsin.spectra.recording import (
    DetectorInfo,
    Instrument,
    InstrumentNuclide,
    InstrumentResult,
    Recording,
    RecordingWarning,
)
from tocsin.spectra.spectrum import Spectrum, as_counts, rebin

__all__ = [
    "CountRate",
    "DetectorInfo",
    "DoseRate",
    "EnergyCalibration",
    "GrossCounts",
    "Instrument",
    "InstrumentNuclide",
    "InstrumentResult",
    "Position",
    "Record",
    "Recording",
    "RecordingWarning",
    "SourceType",
    "Spectrum",
    "as_counts",
    "rebin",
]
