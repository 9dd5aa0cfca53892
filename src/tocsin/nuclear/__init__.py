"""Room ``nuclear``: facts about nuclides with a source each, and decay."""

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
    "load_library",
    "parse_nuclide",
]
