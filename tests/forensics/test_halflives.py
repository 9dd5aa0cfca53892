"""Half-life sets and atomic masses: the numbers, their sources, and what is unverified."""

from __future__ import annotations

import hashlib
import json
from importlib import resources

import pytest
import radioactivedecay

from tocsin.errors import NotFound, ParseError
from tocsin.forensics import chronometry_data, half_life_set, half_life_set_names
from tocsin.forensics.chronometry_data import atomic_mass_u
from tocsin.forensics.halflives import SECONDS_PER_YEAR
from tocsin.nuclear import load_library

# Values of the literature, typed in apart from the data file.
PROPOSED = {
    "U-234": (245_620, 130, "read"),
    "Th-230": (75_584, 55, "read"),
    "U-235": (7.04e8, 1e6, "library"),
    "U-238": (4.468e9, 3e6, "library"),
    "Pa-231": (32_670, 130, "unverified"),
    "Pu-238": (87.74, 0.03, "unverified"),
    "Pu-239": (24_110, 11, "unverified"),
    "Pu-240": (6561, 7, "library"),
    "Pu-241": (14.325, 0.012, "unverified"),
    "Am-241": (432.6, 0.6, "library"),
    "Cs-137": (30.05, 0.08, "read"),
    "Sr-90": (28.80, 0.07, "unverified"),
    "Co-60": (5.2711, 0.0008, "unverified"),
    "Ra-226": (1600, 7, "library"),
}


@pytest.mark.parametrize("nuclide", PROPOSED)
def test_the_default_set_holds_the_proposed_values(nuclide: str) -> None:
    value, sigma, state = PROPOSED[nuclide]
    found = half_life_set()[nuclide]
    assert found.value_y == pytest.approx(value, rel=1e-6)
    assert found.standard_uncertainty_y == pytest.approx(sigma, rel=1e-3)
    assert found.verification == state
    assert found.source


def test_the_default_comes_first_and_others_can_be_named() -> None:
    names = half_life_set_names()
    assert names[0] == half_life_set().name == "forensic-2026"
    older = half_life_set("cheng-2000")
    assert older["U-234"].value_y == 245_250
    assert older["U-234"].standard_uncertainty_y == 245
    assert older["Pu-241"] == half_life_set()["Pu-241"]
    with pytest.raises(NotFound, match="known: forensic-2026"):
        half_life_set("mine")


@pytest.mark.parametrize("source", ["ensdf", "ukdd-12"])
def test_sets_of_the_library_are_its_evaluations(source: str) -> None:
    library, chosen = load_library(), half_life_set(source)
    for nuclide in library:
        evaluation = next(
            (e for e in library[nuclide].half_life.evaluations if e.source == source), None
        )
        if evaluation is not None:
            assert chosen[nuclide].value_y * SECONDS_PER_YEAR == pytest.approx(evaluation.value)
            assert source in chosen[nuclide].source


def test_a_missing_uncertainty_is_borrowed_and_says_so() -> None:
    found = half_life_set()["U-236"]
    assert found.value_y == 2.343e7
    assert found.note == "uncertainty borrowed from ensdf"
    assert found.standard_uncertainty_y == pytest.approx(2.343e7 * 4e4 / 2.342e7, rel=1e-3)


def test_every_source_and_state_is_explained() -> None:
    document = json.loads(chronometry_data.chronometry_file("half_life_sets.json"))
    for entry in document["sets"].values():
        for value, _, source, state, _ in entry["values"].values():
            assert value > 0
            assert source in document["sources"]
            assert state in document["verification"]
            if "recalled" in document["sources"][source]:
                assert state == "unverified"


def test_atomic_masses_are_those_of_the_evaluation() -> None:
    """The same AME2020 as radioactivedecay carries it, which here is an oracle only."""
    data = radioactivedecay.DEFAULTDATA
    compared = 0
    # Its Ta-178 is the state about 100 keV above, whose order to the other is not settled.
    for nuclide in set(load_library()) - {"Ta-178"}:
        if nuclide in data.nuclide_dict and not nuclide[-1].isalpha():
            oracle = float(data.scipy_data.atomic_masses[data.nuclide_dict[nuclide]])
            assert atomic_mass_u(nuclide) == pytest.approx(oracle, rel=1e-7), nuclide
            compared += 1
    assert compared > 250
    assert atomic_mass_u("Ba-137m") == atomic_mass_u("Ba-137")
    with pytest.raises(NotFound):
        atomic_mass_u("Og-294")


def test_data_that_was_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = resources.files("tocsin.forensics") / "data" / "chronometry"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    chronometry_data.chronometry_file.cache_clear()
    monkeypatch.setattr(chronometry_data.hashlib, "sha256", lambda _: hashlib.md5(b""))  # noqa: S324
    with pytest.raises(ParseError, match="does not match its manifest"):
        chronometry_data.chronometry_file("chronometers.json")
    monkeypatch.undo()
    chronometry_data.chronometry_file.cache_clear()
