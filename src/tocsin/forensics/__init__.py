"""Room ``forensics``: what found material is, how old it is, where it may come from."""

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
from tocsin.forensics.concordance import Concordance, SampleAges, date_sample
from tocsin.forensics.halflives import HalfLife, HalfLifeSet, half_life_set, half_life_set_names

__all__ = [
    "Amount",
    "Amounts",
    "Chronometer",
    "Concordance",
    "HalfLife",
    "HalfLifeSet",
    "Initial",
    "Measurement",
    "ModelAge",
    "Ratio",
    "SampleAges",
    "SharedPart",
    "chronometers",
    "convert_amount",
    "date_material",
    "date_sample",
    "growth_ratio",
    "half_life_set",
    "half_life_set_names",
    "ingrowth_curve",
    "parse_unit",
]
