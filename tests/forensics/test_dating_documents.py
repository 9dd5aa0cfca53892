"""The documents on dating tell what the data and the code tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.forensics import (
    Check,
    answer_case,
    chronometers,
    date_material,
    growth_ratio,
    half_life_set,
    half_life_set_names,
    read_case,
    validation_checks,
)
from tocsin.forensics.chronometry_measurement import Initial, Measurement, Ratio
from tocsin.forensics.spent_fuel_checks import burnup_checks

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOTE = (DOCS / "science" / "forensics-chronometry.md").read_text(encoding="utf-8")
TABLE = (DOCS / "validation" / "dating.md").read_text(encoding="utf-8")


def test_half_lives_of_the_note_are_those_of_the_set() -> None:
    rows = re.findall(r"^\| ([A-Z][a-z]?-\d+) \| ([\d.e]+)(?:\((\d+)\))?", NOTE, re.MULTILINE)
    assert len(rows) == 10
    for nuclide, value, digits in rows:
        found = half_life_set()[nuclide]
        assert float(value) == found.value_y
        if digits:
            decimals = len(value.partition(".")[2])
            sigma = int(digits) * 10.0**-decimals
            assert sigma == pytest.approx(found.standard_uncertainty_y)
        line = next(x for x in NOTE.splitlines() if x.startswith(f"| {nuclide} |"))
        assert ("unverified" in line) == (found.verification == "unverified")
    assert all(f"`{name}`" in NOTE for name in half_life_set_names())


@pytest.mark.parametrize(
    ("parent", "daughter", "age", "shift"),
    [
        ("U-234", "Th-230", 20.0, -3.6),
        ("Pu-241", "Am-241", 5.0, 0.5),
        ("Pu-238", "U-234", 5.0, -0.8),
    ],
)
def test_shifts_of_the_note_are_right(parent: str, daughter: str, age: float, shift: float) -> None:
    ratio = growth_ratio(parent, daughter, age)
    measured = Measurement(parent, daughter, Ratio(ratio, 0.0, "atom"), None, Initial(0.0))
    found = date_material(measured, samples=10_000)
    moved = {a.half_life_set: a.shift_d for a in found.alternatives}["ensdf"]
    assert moved == pytest.approx(shift, abs=0.051)


def test_the_note_counts_the_chronometers() -> None:
    assert f"Monte Carlo, {len(chronometers())} chronometers" in NOTE


def test_the_validation_table_is_that_of_the_code() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TABLE.splitlines()
        if re.match(r"\| G\d", line)
    ]
    told = {(r[0], r[1], r[2]): r for r in rows}
    checks: list[Check] = [*validation_checks(), *burnup_checks()]
    for check in checks:
        row = told.pop((check.case, check.inputs, check.quantity))
        assert row[-1] == "pass"
        for cell, value in zip(row[3:5], (check.result, check.expected), strict=True):
            if isinstance(value, str):
                assert cell == value
            else:
                assert float(cell) == pytest.approx(value, rel=2e-3)
    assert {key[0] for key in told} == {"G8 P"}


def test_the_case_of_the_figures_is_concordant() -> None:
    path = DOCS / "guide" / "plutonium-case.json"
    answer = answer_case(read_case(path.read_text(encoding="utf-8")), samples=10_000)
    assert answer.case.realm == "SYNTHETIC"
    assert answer.concordance is not None
    assert answer.concordance.concordant is True
    assert answer.ages[3].limit == "younger_than"
