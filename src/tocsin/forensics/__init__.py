"""Room ``forensics``: what found material is, how old it is, where it may come from."""

from tocsin.forensics.case import Case, read_case
from tocsin.forensics.case_answer import CaseAnswer, answer_case
from tocsin.forensics.chronometry import (
    Chronometer,
    chronometers,
    date_material,
    growth_ratio,
    ingrowth_curve,
)
from tocsin.forensics.chronometry_measurement import (
    Amount,
    Amounts,
    Initial,
    Measurement,
    Ratio,
    SharedPart,
)
from tocsin.forensics.chronometry_result import ModelAge
from tocsin.forensics.chronometry_units import convert_amount, parse_unit
from tocsin.forensics.chronometry_validation import Check, validation_checks
from tocsin.forensics.concordance import Concordance, SampleAges, date_sample
from tocsin.forensics.halflives import HalfLife, HalfLifeSet, half_life_set, half_life_set_names
from tocsin.forensics.sealed_sources import (
    Estimate,
    SourceAge,
    date_by_activity,
    date_by_pair,
)

__all__ = [
    "Amount",
    "Amounts",
    "Case",
    "CaseAnswer",
    "Check",
    "Chronometer",
    "Concordance",
    "Estimate",
    "HalfLife",
    "HalfLifeSet",
    "Initial",
    "Measurement",
    "ModelAge",
    "Ratio",
    "SampleAges",
    "SharedPart",
    "SourceAge",
    "answer_case",
    "chronometers",
    "convert_amount",
    "date_by_activity",
    "date_by_pair",
    "date_material",
    "date_sample",
    "growth_ratio",
    "half_life_set",
    "half_life_set_names",
    "ingrowth_curve",
    "parse_unit",
    "read_case",
    "validation_checks",
]
