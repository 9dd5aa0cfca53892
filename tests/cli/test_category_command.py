"""``tocsin category``: the contract, aggregation, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tocsin.cli.main import app

CAESIUM = ["--nuclide", "Cs-137", "--activity-Bq", "4.1e12"]
ON = ["--on", "2026-01-01"]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["category", *words])


def answer(*words: str) -> dict[str, Any]:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_contract() -> None:
    told = answer(*CAESIUM, "--reference-date", "2001-06-01", *ON)
    assert told["category"] == 2
    assert told["activity_Bq_on"] == pytest.approx(2.33e12, rel=2e-3)
    assert told["ratio_A_over_D"] == pytest.approx(23.3, rel=2e-3)
    assert told["d_value"]["TBq"] == pytest.approx(0.1)
    assert told["d_value"]["verified"] is True
    assert told["d_value"]["source"]
    assert told["reasons"]
    assert told["next_change"]["category"] == 3


def test_sources_together_share_one_date_or_have_their_own() -> None:
    two = [*CAESIUM, "--nuclide", "Co-60", "--activity-Bq", "3e12"]
    one_date = answer(*two, "--reference-date", "2001-06-01", *ON)
    own = answer(*two, "--reference-date", "2001-06-01", "--reference-date", "2001-06-01", *ON)
    assert own == one_date
    assert one_date["ratio_A_over_D"] == pytest.approx(
        sum(c["ratio_A_over_D"] for c in one_date["contributions"])
    )
    assert one_date["d_value"] is None
    today = answer(*two)
    assert today["activity_Bq_on"] == pytest.approx(7.1e12)


def test_no_category_has_a_reason() -> None:
    unverified = answer("--nuclide", "Cs-134", "--activity-Bq", "1e12")
    assert unverified["category"] is None
    assert unverified["d_value"]["verified"] is False
    assert "unverified" in unverified["reasons"][0]
    exempt = answer("--nuclide", "Cs-137", "--activity-Bq", "1e3")
    assert exempt["category"] is None
    assert "exemption" in exempt["reasons"][0]


@pytest.mark.parametrize(
    "words",
    [
        ["--nuclide", "Qq-1", "--activity-Bq", "1"],
        ["--nuclide", "Cs-199", "--activity-Bq", "1"],
        ["--nuclide", "Cs-137"],
        ["--nuclide", "Cs-137", "--activity-Bq", "-1"],
        ["--nuclide", "Cs-137", "--activity-Bq", "much"],
        [*CAESIUM, "--on", "yesterday"],
        [*CAESIUM, "--reference-date", "2001-06-01", "--reference-date", "2001-06-01"],
        [*CAESIUM, "--mass-g", "3"],
        ["--material", "Pu"],
        ["--material", "Pu", "--mass-g", "3", *CAESIUM],
        ["--material", "U-235", "--mass-g", "3"],
        [],
    ],
)
def test_a_wrong_call_is_told(words: list[str]) -> None:
    assert run(*words).exit_code == 2
    assert run(*words, "--json").exit_code == 2


def test_people_are_told_too() -> None:
    done = run(*CAESIUM, "--reference-date", "2001-06-01", *ON)
    assert "On 2026-01-01: category 2, security level B" in done.output
    assert "category 3 from 2062" in done.output
    material = run("--material", "U-235", "--mass-g", "5000", "--u235-percent", "93")
    assert "category I" in material.output
    told = answer("--material", "Pu", "--mass-g", "500.5")
    assert told["category"] == "II"
