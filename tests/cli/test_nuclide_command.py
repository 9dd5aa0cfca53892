"""``tocsin nuclide``: spellings, near names, digits, and lines of weak emitters."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.cli.nuclide import half_life_text, near_names
from tocsin.errors import InvalidInput, NotFound
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


def test_nuclides_of_all_parts_of_the_library_can_be_shown() -> None:
    """Every seventh: light and heavy, stable daughters and long chains."""
    for name in list(load_library())[::7]:
        done = CliRunner().invoke(app, ["nuclide", name])
        assert done.exit_code == 0, name


def test_progeny_sums_and_escapes_stand_beside_the_lines() -> None:
    text = CliRunner().invoke(app, ["nuclide", "Th-232"]).stdout
    for part in ("In equilibrium with Th-232", "0.3594", "3197.70", "2103.5 (single)"):
        assert part in text, part
    answer = json.loads(CliRunner().invoke(app, ["nuclide", "Ra-226", "--json"]).stdout)
    slow = {row["name"] for row in answer["progeny_not_in_equilibrium"]}
    assert {"Pb-210", "Po-210"} <= slow
    ratio = {row["name"]: row["activity_ratio"] for row in answer["progeny_in_equilibrium"]}
    assert ratio["Bi-214"] == pytest.approx(1.0, abs=0.001)
    assert any(s["energy_keV"] == pytest.approx(1729.6, abs=0.1) for s in answer["sums"])
    assert any(e["kind"] == "double escape" for e in answer["escapes"])


def test_without_progeny_there_is_nothing_of_theirs() -> None:
    done = CliRunner().invoke(app, ["nuclide", "Sr-90", "--no-progeny", "--json"])
    answer = json.loads(done.stdout)
    assert answer["sums"] == []
    assert answer["continua"][0]["carriers"] == ["Sr-90"]


def test_a_continuum_is_said_where_it_is_the_signature() -> None:
    text = " ".join(CliRunner().invoke(app, ["nuclide", "Sr-90"]).stdout.split())
    assert "bremsstrahlung of Sr-90 and Y-90 up to 2278 keV" in text
    text = " ".join(CliRunner().invoke(app, ["nuclide", "Cf-252"]).stdout.split())
    assert "spontaneous fission: neutrons" in text
    assert "Continuum" not in CliRunner().invoke(app, ["nuclide", "Cs-137"]).stdout


def test_the_crystal_adds_its_x_ray_escapes() -> None:
    plain = CliRunner().invoke(app, ["nuclide", "Am-241"]).stdout
    assert "K-alpha" not in plain
    text = CliRunner().invoke(app, ["nuclide", "Am-241", "--crystal", "NaI"]).stdout
    assert "31.0 (I K-alpha)" in text
    wrong = CliRunner().invoke(app, ["nuclide", "Am-241", "--crystal", "cheese"])
    assert isinstance(wrong.exception, NotFound)


def test_lines_that_neutrons_excite() -> None:
    text = " ".join(CliRunner().invoke(app, ["nuclide", "Fe", "--neutrons"]).stdout.split())
    assert "7631.1" in text
    assert "unverified" in text
    answer = json.loads(CliRunner().invoke(app, ["nuclide", "--neutrons", "--json"]).stdout)
    assert answer["schema"] == "tocsin.neutron_lines/1"
    hydrogen = [n for n in answer["lines"] if n["nuclide"] == "H-1"]
    assert [n["verification"] for n in hydrogen] == ["read"]
    wrong = CliRunner().invoke(app, ["nuclide", "Cs-137", "--neutrons"])
    assert isinstance(wrong.exception, InvalidInput)


def test_a_name_is_asked_for() -> None:
    done = CliRunner().invoke(app, ["nuclide"])
    assert done.exit_code == 2
