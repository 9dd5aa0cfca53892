"""Room ``nuclear``: facts about nuclides with a source each, and decay."""

from tocsin.nuclear.betas import BetaBranch, beta_branches
from tocsin.nuclear.category_course import next_change
from tocsin.nuclear.category_data import DValue, d_values, source_boundaries
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
from tocsin.nuclear.material_category import MaterialCategory, material_category
from tocsin.nuclear.names import parse_nuclide
from tocsin.nuclear.neutrons import NeutronLine, neutron_lines
from tocsin.nuclear.source_category import (
    CategoryRemark,
    Contribution,
    SourceActivity,
    SourceCategory,
    source_category,
    source_category_json,
    source_nuclide,
)
from tocsin.nuclear.units import CURIE_Bq
from tocsin.nuclear.weak_lines import WeakLine, weak_lines

__all__ = [
    "BetaBranch",
    "CURIE_Bq",
    "CategoryRemark",
    "Continuum",
    "Contribution",
    "DValue",
    "DecayMode",
    "EmissionLine",
    "Evaluation",
    "MaterialCategory",
    "NeutronLine",
    "Nuclide",
    "NuclideLibrary",
    "Quantity",
    "SourceActivity",
    "SourceCategory",
    "SumLine",
    "WeakLine",
    "activities",
    "beta_branches",
    "classify",
    "continua",
    "d_values",
    "gravest",
    "load_library",
    "material_category",
    "neutron_lines",
    "next_change",
    "nuclide_classes",
    "parse_nuclide",
    "primary_class",
    "source_boundaries",
    "source_category",
    "source_category_json",
    "source_nuclide",
    "sum_lines",
    "weak_lines",
]
