"""Dates of sealed sources and their category."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import GTC
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.forensics import (
    Estimate,
    date_by_activity,
    date_by_pair,
    half_life_set,
)

TABLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "tables"
NUCLIDES = ["Co-60", "Cs-137", "Ir-192", "Se-75", "Am-241", "Sr-90", "Cs-134", "Eu-152", "Eu-154"]


@given(nuclide=st.sampled_from(NUCLIDES), halvings=st.floats(0.01, 12.0), k=st.floats(1.0, 4.0))
def test_a_decayed_source_has_the_age_of_its_decay(nuclide: str, halvings: float, k: float) -> None:
    half = half_life_set()[nuclide].value_y
    now = Estimate(1e12 * 2.0**-halvings, 1e10 * 2.0**-halvings)
    (found,) = date_by_activity(nuclide, now, {"new": Estimate(1e12, 1e10)}, k=k)
    assert found.age_y == pytest.approx(halvings * half, rel=1e-9)
    assert found.k == k


def test_each_candidate_has_its_date() -> None:
    found = date_by_activity(
        "Cs-137",
        Estimate(3.2e12, 1e11),
        {"A": Estimate(5e12, 2e11), "B": Estimate(2e12, 1e11), "C": Estimate(3.15e12, 1e11)},
        measured_on=dt.date(2024, 6, 1),
    )
    ages = {one.label: one for one in found}
    assert list(ages) == ["A", "B", "C"]
    assert ages["A"].date is not None
    assert ages["A"].date.year == 2005
    assert ages["B"].age_y is None
    assert "backwards" in ages["B"].warnings[0].message
    assert "within two standard uncertainties" in ages["C"].warnings[0].message


def test_uncertainty_is_that_of_the_gum_tree_calculator() -> None:
    halves = half_life_set()
    (found,) = date_by_activity("Co-60", Estimate(15.7, 0.5), {"new": Estimate(196.0, 6.0)})
    half = GTC.ureal(halves["Co-60"].value_y, halves["Co-60"].standard_uncertainty_y)
    answer = half / math.log(2.0) * GTC.log(GTC.ureal(196.0, 6.0) / GTC.ureal(15.7, 0.5))
    assert found.age_y == pytest.approx(GTC.value(answer), rel=1e-12)
    assert found.standard_uncertainty_y == pytest.approx(GTC.uncertainty(answer), rel=1e-9)

    pair = date_by_pair("Cs-134", "Cs-137", Estimate(0.001, 1e-4), Estimate(0.02, 0.004))
    constants = [
        math.log(2.0) / GTC.ureal(halves[n].value_y, halves[n].standard_uncertainty_y)
        for n in ("Cs-134", "Cs-137")
    ]
    ratio = GTC.log(GTC.ureal(0.02, 0.004) / GTC.ureal(0.001, 1e-4))
    answer = ratio / (constants[0] - constants[1])
    assert pair.age_y == pytest.approx(GTC.value(answer), rel=1e-12)
    assert pair.standard_uncertainty_y == pytest.approx(GTC.uncertainty(answer), rel=1e-9)


@given(age=st.floats(0.5, 40.0), start=st.floats(0.01, 10.0))
def test_pairs_give_back_their_age_either_way_round(age: float, start: float) -> None:
    halves = half_life_set()
    rate = halves["Eu-152"].constant_per_y - halves["Eu-154"].constant_per_y
    now = start * math.exp(-rate * age)
    found = date_by_pair("Eu-152", "Eu-154", Estimate(now, 0.0), Estimate(start, 0.0))
    turned = date_by_pair("Eu-154", "Eu-152", Estimate(1 / now, 0.0), Estimate(1 / start, 0.0))
    assert found.age_y == pytest.approx(age, rel=1e-9)
    assert turned.age_y == pytest.approx(age, rel=1e-9)
    assert found.warnings[0].code == "no_uncertainty"


def test_negative_and_equal_are_refused() -> None:
    with pytest.raises(InvalidInput):
        Estimate(0.0)
    with pytest.raises(InvalidInput, match="different"):
        date_by_pair("Cs-137", "137Cs", Estimate(1.0), Estimate(2.0))
