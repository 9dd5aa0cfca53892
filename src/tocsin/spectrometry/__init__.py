"""Room ``spectrometry``: what stands in a spectrum, before anybody says which nuclide it is.

Peaks with energies, widths and areas and their uncertainties, an energy scale from known lines,
net areas above a background, detection limits, and the lines that a peak may be. Nothing here
decides; see docs/science/spectrometry.md for formulas, figures and limits.
"""

from tocsin.spectrometry.analysis import (
    FittedRegion,
    Peak,
    PeakAnalysis,
    PeakSettings,
    analyze_peaks,
)
from tocsin.spectrometry.annotation import Possible, annotate
from tocsin.spectrometry.forced import AreaAt, Subtracted, areas_at, limits_at
from tocsin.spectrometry.limits import (
    CharacteristicLimits,
    characteristic_limits,
    counting_uncertainty,
)
from tocsin.spectrometry.measured import MeasuredSpectrum, measured_spectrum
from tocsin.spectrometry.peaklist import Choice, PeakList, list_peaks
from tocsin.spectrometry.recalibration import Recalibration, recalibrate
from tocsin.spectrometry.subtraction import NetPeak, subtract_background

__all__ = [
    "AreaAt",
    "CharacteristicLimits",
    "Choice",
    "FittedRegion",
    "MeasuredSpectrum",
    "NetPeak",
    "Peak",
    "PeakAnalysis",
    "PeakList",
    "PeakSettings",
    "Possible",
    "Recalibration",
    "Subtracted",
    "analyze_peaks",
    "annotate",
    "areas_at",
    "characteristic_limits",
    "counting_uncertainty",
    "limits_at",
    "list_peaks",
    "measured_spectrum",
    "recalibrate",
    "subtract_background",
]
