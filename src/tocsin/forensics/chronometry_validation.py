"""Validation cases of dating: inputs, result, expected value, tolerance, source and verdict.

Cases marked P compare with published numbers, those marked D with values derived from a published
or certified date. They run with ``tocsin age --validation`` and in the tests.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tocsin.forensics.chronometry import date_material, growth_ratio
from tocsin.forensics.chronometry_chain import direct_chain
from tocsin.forensics.chronometry_measurement import Amount, Amounts, Initial, Measurement, Ratio
from tocsin.forensics.chronometry_model import AgeModel
from tocsin.forensics.chronometry_result import ModelAge
from tocsin.forensics.chronometry_units import convert_amount, parse_unit
from tocsin.forensics.halflives import DAYS_PER_YEAR, half_life_set
from tocsin.forensics.sealed_sources import Estimate, date_by_activity


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of a validation case.

    Attributes
    ----------
    case : str
        ``G1`` ... with P (published) or D (derived).
    inputs : str
        What went in, in words.
    quantity : str
        What is compared, with its unit.
    result, expected, tolerance : float or str
        Numbers; words where the answer is a word.
    source : str
        Where the expected value is from.
    passed : bool or None
        Verdict; None where the data for it were not given.
    """

    case: str
    inputs: str
    quantity: str
    result: float | str
    expected: float | str
    tolerance: float | str
    source: str
    passed: bool | None

    def to_json(self) -> dict[str, Any]:
        """One row of ``tocsin age --validation --json``."""
        return {
            "case": self.case,
            "inputs": self.inputs,
            "quantity": self.quantity,
            "result": self.result,
            "expected": self.expected,
            "tolerance": self.tolerance,
            "source": self.source,
            "passed": self.passed,
        }


def _near(
    case: str,
    inputs: str,
    quantity: str,
    result: float,
    expected: float,
    tolerance: float,
    source: str,
) -> Check:
    passed = math.isfinite(result) and abs(result - expected) <= tolerance
    return Check(case, inputs, quantity, result, expected, tolerance, source, passed)


NIST = "NIST, Lavelle et al., Cs-137 radiochronometric measurements of a reference material"
DERIVED = "derived from the date with the half-lives of the set"


def _nist_source() -> ModelAge:
    unit = parse_unit("nmol/g")
    amounts = Amounts(Amount(1.546, 0.024 / 2, unit), Amount(0.7915, 0.0073 / 2, unit))
    measurement = Measurement(
        "Cs-137",
        "Ba-137",
        amounts,
        dt.date(2011, 7, 7),
        Initial(0.0),
        direct_chain("Cs-137", "Ba-137"),
    )
    return date_material(measurement)


def _g1() -> Iterator[Check]:
    inputs = "137Cs 0.7915(73), 137Ba* 1.546(24) nmol/g (k=2) on 2011-07-07"
    found = _nist_source()
    age, width, date = found.age_y or math.nan, found.expanded_uncertainty_y or 0.0, found.date
    yield _near("G1 P", inputs, "age, y", age, 46.947, 0.005, NIST)
    away = float("nan") if date is None else float((date - dt.date(1964, 6, 22)).days)
    yield _near("G1 P", inputs, "date less published 1964-06-22, d", away, 0.0, 40.0, NIST)
    yield _near("G1 P", inputs, "U (k=2), d", width * DAYS_PER_YEAR, 210.0, 5.0, NIST)
    spread = found.monte_carlo
    monte_carlo = (spread.standard_deviation if spread else None) or math.nan
    standard = found.standard_uncertainty_y or math.nan
    yield _near(
        "G1 P", inputs, "u by Monte Carlo over u by GUM", monte_carlo / standard, 1.0, 0.02,
        "JCGM 101:2008",
    )  # fmt: skip


def _g2() -> Iterator[Check]:
    half = half_life_set()["Cs-137"].value_y
    found = convert_amount(348.0, "kBq/g", "nmol/g", nuclide="Cs-137", half_life_y=half)
    inputs = "348 kBq/g of 137Cs, T 30.05 y"
    yield _near("G2 P", inputs, "137Cs, nmol/g", found, 0.7906, 0.003 * 0.7906, NIST)
    yield _near("G2 P", inputs, "against published, nmol/g", found, 0.7915, 0.0073, NIST)


def _g3() -> Iterator[Check]:
    inputs = "RGU-1: A(235U) 224(5), A(238U) 4941(99) Bq/kg (k=2), T 7.04e8 and 4.468e9 y"
    source = "IAEA RGU-1 certificate"
    ratio = 224.0 / 4941.0 * 7.04e8 / 4.468e9
    for quantity, value, expected in (
        ("n(235U)/n(238U)", _activities_to_atoms(224.0, 4941.0), 0.00714),
        ("235U, at%", 100.0 * ratio / (1.0 + ratio), 0.709),
    ):
        yield _near("G3 P", inputs, quantity, value, expected, 1e-3 * expected, source)
    relative = math.hypot(5.0 / 224.0, 99.0 / 4941.0)
    percent = 100.0 * ratio / (1.0 + ratio)
    yield _near(
        "G3 P", inputs, "natural 0.7204 at% within k=2", percent, 0.7204, percent * relative, source
    )


def _activities_to_atoms(first_Bq: float, second_Bq: float) -> float:
    """Atom ratio of U-235 to U-238 by the unit conversion of this room."""
    halves = half_life_set()
    amounts = [
        convert_amount(a, "Bq/kg", "mol/kg", nuclide=n, half_life_y=halves[n].value_y)
        for n, a in (("U-235", first_Bq), ("U-238", second_Bq))
    ]
    return amounts[0] / amounts[1]


def _g4() -> Iterator[Check]:
    days = (dt.date(2014, 1, 15) - dt.date(2012, 7, 9)).days
    age = days / DAYS_PER_YEAR
    inputs = "IRMM-1000a/b made 2012-07-09 (date unverified), measured 2014-01-15"
    source = f"JRC95057; {DERIVED}"
    atoms = growth_ratio("U-234", "Th-230", age)
    yield _near("G4 D", inputs, "n(230Th)/n(234U)", atoms, 4.288e-6, 4.288e-10, source)
    activity = growth_ratio("U-234", "Th-230", age, kind="activity")
    yield _near("G4 D", inputs, "A(230Th)/A(234U)", activity, 1.3935e-5, 1.3935e-9, source)
    ratio = Ratio(4.288e-6, 8e-9, "atom")
    found = date_material(Measurement("U-234", "Th-230", ratio, dt.date(2014, 1, 15), Initial(0.0)))
    yield _near(
        "G4 D", inputs, "age from 4.288e-6, y", found.age_y or math.nan, 1.5195,
        0.5 / DAYS_PER_YEAR, source,
    )  # fmt: skip
    date = "" if found.date is None else found.date.isoformat()
    yield Check("G4 D", inputs, "date", date, "2012-07-09", "equal", source, date == "2012-07-09")


def _g5() -> Iterator[Check]:
    source = f"doi 10.1007/s00216-015-8880-2; {DERIVED}"
    for parent, daughter, expected in (
        ("Pu-241", "Am-241", 0.272575),
        ("Pu-238", "U-234", 0.040290),
        ("Pu-239", "U-235", 1.43757e-4),
        ("Pu-240", "U-236", 5.28372e-4),
    ):
        chain = direct_chain(parent, daughter)
        model = AgeModel(
            Measurement(parent, daughter, Ratio(expected, 0.0, "atom"), chain=chain),
            half_life_set(),
        )
        inputs = "Pu purified 2008-07-14, 5.000 y later; two members, no branch"
        # The expected numbers have six digits (0.040290 five): their last one adds to 1e-5.
        rounding = 0.5e-6 if expected > 1e-2 else 0.5e-9
        yield _near(
            "G5 D", inputs, f"n({daughter})/n({parent})", model.ratio_at(5.0), expected,
            1e-5 * expected + rounding, source,
        )  # fmt: skip
        for words, how in (("two members", chain), ("full chain", None)):
            measurement = Measurement(
                parent, daughter, Ratio(expected, 1e-3 * expected, "atom"), None, Initial(0.0), how
            )
            age = date_material(measurement).age_y or math.nan
            yield _near(
                "G5 D", inputs, f"age by {daughter}/{parent}, {words}, y", age, 5.0,
                0.5 / DAYS_PER_YEAR, source,
            )  # fmt: skip


def _g6() -> Iterator[Check]:
    inputs = "Co-60 head: 196 TBq new, 15.7 TBq in February 2000"
    source = "IAEA report on Samut Prakarn (2002), copies"
    (found,) = date_by_activity(
        "Co-60", Estimate(15.7e12), {"new": Estimate(196e12)}, measured_on=dt.date(2000, 2, 15)
    )
    yield _near("G6 P", inputs, "age, y", found.age_y or math.nan, 19.20, 0.5, source)
    date = found.date
    year = math.nan if date is None else date.year + (date.timetuple().tm_yday - 1) / DAYS_PER_YEAR
    yield _near("G6 P", inputs, "year of installation", year, 1980.9, 0.5, source)


def _g9() -> Iterator[Check]:
    source = "full chain with the defaults of radioactivedecay 0.6.1"
    for age, expected in ((18.9, 7.084e-7), (40.0, 3.166e-6)):
        found = growth_ratio("U-234", "Bi-214", age, kind="activity")
        inputs = f"U-234 pure {age:g} y ago"
        yield _near("G9 D", inputs, "A(214Bi)/A(234U)", found, expected, 0.01 * expected, source)


def _g10() -> Iterator[Check]:
    inputs = "10-y-old U that kept 1 % of the 230Th of 40 y before; R = 2.9348e-5"
    halves = half_life_set()
    kept = 0.01 * growth_ratio("U-234", "Th-230", 40.0)
    ratio = growth_ratio("U-234", "Th-230", 10.0, initial=kept, half_lives=halves)
    yield _near("G10 D", inputs, "n(230Th)/n(234U)", ratio, 2.9348e-5, 1e-9, "formula")
    found = date_material(Measurement("U-234", "Th-230", Ratio(2.9348e-5, 3e-8, "atom")))
    yield _near("G10 D", inputs, "model age, y", found.age_y or math.nan, 10.40, 0.01, "formula")
    codes = [w.code for w in found.warnings]
    said = "upper bound, check concordance" if "upper_bound" in codes else "nothing"
    expected = "upper bound, check concordance"
    yield Check("G10 D", inputs, "warning", said, expected, "equal", "formula", said == expected)
    corrected = date_material(
        Measurement("U-234", "Th-230", Ratio(ratio, 3e-8, "atom"), None, Initial(kept))
    )
    yield _near(
        "G10 D", inputs, "age with the initial 230Th stated, y", corrected.age_y or math.nan, 10.0,
        1e-3, "formula",
    )  # fmt: skip


CASES: tuple[Callable[[], Iterator[Check]], ...] = (_g1, _g2, _g3, _g4, _g5, _g6, _g9, _g10)


def validation_checks() -> tuple[Check, ...]:
    """Run every validation case of dating.

    Returns
    -------
    tuple of Check
        In the order of the cases.
    """
    return tuple(check for case in CASES for check in case())
