"""``tocsin nuclide``: spellings, near names, digits, and lines of weak emitters."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.cli.nuclide import half_life_text, near_names
from tocsin.nuclear import load_library

YEAR_S = 365.25 * 86400.0


@pytest.mark.parametrize("name", ["Cs-137", "cs137", "137Cs", "CS 137", "caesium-137", "¹³⁷Cs"])
def test_every_customary_spelling_finds_it(name: str) -> None:
    done = CliRunner().invoke(app, ["nuclide", name])
    assert done.exit_code == 0
    assert "Cs-137" in done.stdout
    assert "661.65" in done.stdout


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("cs", "Cs-137"), ("Cs-1377", "Cs-137"), ("U-23", "U-235"), ("Tc-99n", "Tc-99m")],
)
def test_a_wrong_name_is_answered_with_near_ones(wrong: str, near: str) -> None:
    from tocsin.errors import NotFound

    done = CliRunner().invoke(app, ["nuclide", wrong])
    assert isinstance(done.exception, NotFound)
    assert near in str(done.exception)


def test_what_is_like_nothing_gets_no_suggestion() -> None:
    assert near_names("hello world", list(load_library())) == []
    assert near_names("", list(load_library())) == []


@pytest.mark.parametrize(
    ("value_s", "sigma_s", "text"),
    [
        (30.0794 * YEAR_S, 0.09 * YEAR_S, "30.079 ± 0.090 y"),
        (7.03985e8 * YEAR_S, 1.0e6 * YEAR_S, "(7.040 ± 0.010) × 10⁸ y"),
        (7.04e8 * YEAR_S, None, "7.04 × 10⁸ y"),
        (24109.5 * YEAR_S, 30 * YEAR_S, "24110 ± 30 y"),
        (0.3e-6, None, "3 × 10⁻⁷ s"),
        (153.12, 0.06, "2.5520 ± 0.0010 min"),
        (6.0072 * 3600, 0.0009 * 3600, "6.00720 ± 0.00090 h"),
    ],
)
def test_half_lives_are_rounded_to_their_uncertainty(
    value_s: float, sigma_s: float | None, text: str
) -> None:
    assert half_life_text(value_s, sigma_s) == text


def test_a_weak_emitter_shows_its_lines_and_says_what_is_left_out() -> None:
    text = CliRunner().invoke(app, ["nuclide", "Pu-239"]).stdout
    assert "129.296" in text
    assert "weaker lines are left out" in " ".join(text.split())
    assert "unverified" in text
    everything = json.loads(
        CliRunner().invoke(app, ["nuclide", "Pu-239", "--json", "--min-intensity", "0"]).stdout
    )
    library = load_library()
    assert len(everything["lines"]) == len(library.lines("Pu-239"))
    assert everything["nuclear_material"] is True
    assert everything["class_basis"]["verification"] == "unverified"


def test_a_nuclide_without_photons_is_shown() -> None:
    done = CliRunner().invoke(app, ["nuclide", "H-3", "--no-progeny"])
    assert done.exit_code == 0
    assert "No photon line" in done.stdout


def test_every_nuclide_of_the_library_can_be_shown() -> None:
    for name in load_library():
        done = CliRunner().invoke(app, ["nuclide", name])
        assert done.exit_code == 0, name
