"""Room ``nuclear``: facts about nuclides with a source each, and decay."""

from tocsin.nuclear.classes import classify, gravest, nuclide_classes, primary_class
from tocsin.nuclear.coincidences import SumLine, sum_lines
from tocsin.nuclear.continua import Continuum, continua
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
from tocsin.nuclear.neutrons import NeutronLine, neutron_lines

__all__ = [
    "Continuum",
    "DecayMode",
    "EmissionLine",
    "Evaluation",
    "NeutronLine",
    "Nuclide",
    "NuclideLibrary",
    "Quantity",
    "SumLine",
    "activities",
    "classify",
    "continua",
    "gravest",
    "load_library",
    "neutron_lines",
    "nuclide_classes",
    "parse_nuclide",
    "primary_class",
    "sum_lines",
]
