"""From records to an answer: background, encounters, identification, position.

``analyze`` answers for a whole recording; ``Detector`` takes one record after the other.
"""

from tocsin.detection.analysis import (
    ActivityEstimate,
    Analysis,
    Encounter,
    EncounterSpectrum,
    LineEvidence,
    Location,
    NuclideFinding,
    StripChart,
)
from tocsin.detection.analyze import AnalysisSettings, analyze
from tocsin.detection.detector import Detector, DetectorSettings
from tocsin.detection.identification import IdentificationSettings, identify

__all__ = [
    "ActivityEstimate",
    "Analysis",
    "AnalysisSettings",
    "Detector",
    "DetectorSettings",
    "Encounter",
    "EncounterSpectrum",
    "IdentificationSettings",
    "LineEvidence",
    "Location",
    "NuclideFinding",
    "StripChart",
    "analyze",
    "identify",
]
