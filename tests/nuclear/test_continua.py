"""Which nuclides are known by a continuum."""

from __future__ import annotations

import warnings

import pytest

from tocsin.nuclear import continua, load_library
from tocsin.nuclear.companions import companion_rows
from tocsin.nuclear.continua import SPONTANEOUS_FISSION


@pytest.mark.parametrize(
    "name", ["Sr-90", "Y-90", "Sr-89", "P-32", "Pm-147", "Tl-204", "Kr-85", "Tc-99", "Bi-210"]
)
def test_pure_beta_emitters_are_known_by_bremsstrahlung(name: str) -> None:
    (found,) = continua(name)
    assert found.kind == "bremsstrahlung"
    assert name in found.carriers
    assert not found.neutrons
    assert found.beta_mean_keV is not None
    assert found.photons_keV is not None
    assert found.beta_mean_keV > 100.0 * found.photons_keV


@pytest.mark.parametrize(
    "name",
    # gammas beside the betas, progeny with gammas, or betas too soft to be seen
    ["Cs-137", "Co-60", "K-40", "I-131", "Ru-106", "Ce-144", "H-3", "Ni-63", "Pu-241", "Am-241"],
)
def test_others_are_not(name: str) -> None:
    assert continua(name) == ()


def test_strontium_alone_and_with_its_daughter() -> None:
    """Y-90 carries most of the energy and sets the end of the continuum, 2278.5(16) keV."""
    (together,) = continua("Sr-90")
    assert together.carriers == ("Sr-90", "Y-90")
    assert together.beta_largest_keV == pytest.approx(2279.0, abs=3.0)
    (fresh,) = continua("Sr-90", age_s=0.0)
    assert fresh.carriers == ("Sr-90",)
    assert fresh.beta_largest_keV == pytest.approx(545.9, abs=1.0)


def test_beta_energies_are_those_of_other_evaluations() -> None:
    """Mean energies as MIRD and DDEP give them, 1 %; Kr-85 is computed from an allowed shape."""
    means = {row["emitter"]: row for row in companion_rows("betas.csv")}
    for name, mean_keV in (("P-32", 695.0), ("Y-90", 933.0), ("Sr-90", 196.0), ("C-14", 49.5)):
        assert float(means[name]["mean_keV"]) == pytest.approx(mean_keV, rel=0.01)
        assert means[name]["mean_from"] == "ensdf"
    assert means["Kr-85"]["mean_from"] == "allowed shape"
    assert float(means["Kr-85"]["mean_keV"]) == pytest.approx(251.0, rel=0.12)


def test_fission_comes_with_neutrons() -> None:
    (found,) = continua("Cf-252")
    assert found.kind == "spontaneous fission"
    assert found.neutrons
    assert found.beta_mean_keV is None


def test_each_nuclide_of_the_fission_list_has_that_branch_in_a_second_evaluation() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = pytest.importorskip("radioactivedecay")
    library = load_library()
    for name in SPONTANEOUS_FISSION:
        assert "SF" in oracle.Nuclide(name).progeny(), name
        assert name in library
    for name in library:
        if any(mode.mode == "sf" for mode in library[name].decay_modes):
            assert name in SPONTANEOUS_FISSION, name
