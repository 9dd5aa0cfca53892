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
from tocsin.spectrometry.measured import MeasuredSpectrum, measured_spectrum

__all__ = [
    "FittedRegion",
    "MeasuredSpectrum",
    "Peak",
    "PeakAnalysis",
    "PeakSettings",
    "analyze_peaks",
    "measured_spectrum",
]
