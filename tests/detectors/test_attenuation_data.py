"""The photon data: what the file says, where it comes from, and the traps of its sources."""

import hashlib
import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors import material, material_names
from tocsin.detectors.attenuation import fluorescence
from tocsin.errors import NotFound, OutOfDomain

DATA = resources.files("tocsin.detectors") / "data"


def mass_coefficient(name: str, energy_keV: float, *, coherent: bool) -> float:
    stuff = material(name)
    mu = stuff.coefficients([energy_keV])
    total = mu.interaction + (mu.coherent if coherent else 0)
    return float(total[0] / stuff.density_g_cm3)


@pytest.mark.parametrize(
    ("name", "energy_keV", "expected"),
    [
        # Hubbell & Seltzer (1995), NISTIR 5632, with coherent scattering
        ("Pb", 100.0, 5.549),
        ("Pb", 500.0, 0.1614),
        ("Pb", 1000.0, 0.07102),
        ("Pb", 3000.0, 0.04234),
        ("Fe", 1000.0, 0.05995),
        ("Al", 1000.0, 0.06146),
        ("water", 100.0, 0.1707),
        ("water", 1000.0, 0.07072),
        ("water", 2000.0, 0.04942),
        ("Cu", 60.0, 1.593),
    ],
)
def test_total_coefficients_are_those_of_the_nist_tables(name, energy_keV, expected):
    assert mass_coefficient(name, energy_keV, coherent=True) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("energy_keV", "expected"), [(661.657, 0.0767), (1173.2, 0.0537), (2614.5, 0.0379)]
)
def test_sodium_iodide_of_the_reference(energy_keV, expected):
    assert mass_coefficient("NaI", energy_keV, coherent=True) == pytest.approx(expected, rel=0.01)


def test_nothing_repeats_above_800_keV():
    """The trap of a sister package: it returns its last value for every higher energy."""
    e = np.array([700.0, 790.0, 800.0, 900.0, 1500.0, 2614.5])
    mu = material("NaI").coefficients(e)
    assert np.all(np.diff(mu.photo) < 0)
    assert np.all(np.diff(mu.incoherent) < 0)


@pytest.mark.parametrize("name", material_names())
def test_the_two_sources_meet_without_a_step(name):
    low, high = material(name).coefficients([789.9, 800.0]).interaction
    # 1.3 per cent in energy moves a coefficient by less than that; more would be a step
    assert abs(high / low - 1) < 0.02


def test_pair_production_starts_at_its_threshold():
    pair = material("Pb").coefficients([900.0, 1021.0, 1100.0, 2000.0, 3000.0]).pair
    assert pair[0] == 0
    assert pair[1] == 0
    assert np.all(np.diff(pair[1:]) > 0)


def test_the_iodine_edge_is_kept_sharp():
    below, above = material("NaI").coefficients([33.16, 33.18]).photo
    assert above / below > 4
    assert fluorescence()["I"].edge_keV == pytest.approx(33.17, abs=0.01)


@given(st.floats(10, 10_000), st.sampled_from(material_names()))
def test_every_coefficient_is_finite_and_not_negative(energy_keV, name):
    mu = material(name).coefficients([energy_keV])
    parts = np.concatenate((mu.photo, mu.incoherent, mu.coherent, mu.pair))
    assert np.all(np.isfinite(parts))
    assert np.all(parts >= 0)
    assert mu.interaction[0] > 0


@pytest.mark.parametrize("energy_keV", [5.0, 20_000.0, float("nan")])
def test_outside_the_table_is_an_error(energy_keV):
    with pytest.raises(OutOfDomain):
        material("NaI").coefficients([energy_keV])


def test_an_unknown_material_names_the_known():
    with pytest.raises(NotFound, match="NaI"):
        material("unobtainium")


@pytest.mark.parametrize("name", material_names())
def test_mass_fractions_sum_to_one(name):
    assert sum(material(name).mass_fractions.values()) == pytest.approx(1, abs=1e-5)
    assert material(name).source


def test_manifest_names_every_file_with_its_hash():
    manifest = json.loads((DATA / "manifest.json").read_text())
    files = {p.name for p in DATA.iterdir() if p.is_file() and p.name != "manifest.json"}
    assert set(manifest) == files
    for name, entry in manifest.items():
        assert entry["sha256"] == hashlib.sha256((DATA / name).read_bytes()).hexdigest(), name
        assert entry["source"]
        assert entry["licence"]
        assert entry["verification"]
