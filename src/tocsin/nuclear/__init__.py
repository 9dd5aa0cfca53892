"""Room ``nuclear``: facts about nuclides with a source each, and decay."""

from tocsin.nuclear.classes import classify, gravest, nuclide_classes, primary_class
from tocsin.nuclear.decay import activities
from tocsin.nuclear.library import (
    DecayMode,
    EmissionLine,
    Evaluation,
    Nuclide,
    NuclideLibrary,
    Quantity,
    load_library,
)
from tocsin.nuclear.names import parse_nuclide

__all__ = [
    "DecayMode",
    "EmissionLine",
    "Evaluation",
    "Nuclide",
    "NuclideLibrary",
    "Quantity",
    "activities",
    "classify",
    "gravest",
    "load_library",
    "nuclide_classes",
    "parse_nuclide",
    "primary_class",
]
