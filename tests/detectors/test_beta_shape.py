"""Beta spectra in the Coulomb field: known limits, and mean energies of an evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gamma, loggamma

from tocsin.detectors.beta import beta_spectrum
from tocsin.detectors.beta_shape import unique_beta_spectrum
from tocsin.errors import OutOfDomain
from tocsin.nuclear.companions import companion_rows

ELECTRON_keV = 510.99895


def test_without_charge_the_shape_is_that_of_the_momenta():
    for forbidden, factor in (
        (0, lambda p, q: np.ones_like(p)),
        (1, lambda p, q: p**2 + q**2),
        (2, lambda p, q: p**4 + 10 / 3 * p**2 * q**2 + q**4),
    ):
        t, shares = unique_beta_spectrum(
            500.0, points=200, daughter_z=0, mass_number=100, forbidden=forbidden
        )
        w = t / ELECTRON_keV + 1
        p, q = np.sqrt(w**2 - 1), (500.0 - t) / ELECTRON_keV
        wanted = p * w * q**2 * factor(p, q)
        assert shares == pytest.approx(wanted / wanted.sum(), rel=1e-9)


def test_light_nuclei_have_the_allowed_shape_of_the_plain_coulomb_factor():
    t, shares = unique_beta_spectrum(156.5, points=100, daughter_z=7, mass_number=14)
    also, plain = beta_spectrum(156.5, points=100, daughter_z=7)
    assert t == pytest.approx(also)
    assert shares == pytest.approx(plain, rel=0.01)


def mean_keV(name: str, z: int, forbidden: int) -> tuple[float, float]:
    """Mean energy of the most frequent branch: of the shape, and of ENSDF."""
    rows = [r for r in companion_rows("beta_branches.csv") if r["emitter"] == name]
    row = max(rows, key=lambda r: float(r["per_decay"]))
    assert row["mean_from"] == "ensdf"
    t, shares = unique_beta_spectrum(
        float(row["end_keV"]),
        points=2000,
        daughter_z=z,
        mass_number=int(name.split("-")[1]),
        forbidden=forbidden,
    )
    return float(t @ shares), float(row["mean_keV"])


@pytest.mark.parametrize(
    ("name", "z", "forbidden", "within"),
    [
        ("Sr-90", 39, 1, 0.003),
        ("Y-90", 40, 1, 0.003),
        ("Cs-137", 56, 1, 0.004),
        ("La-138", 58, 2, 0.008),
    ],
)
def test_mean_energies_are_those_of_the_evaluation(name, z, forbidden, within):
    """Unique forbidden transitions against ENSDF."""
    found, wanted = mean_keV(name, z, forbidden)
    assert found == pytest.approx(wanted, rel=within)


def test_the_evaluation_takes_potassium_for_twice_forbidden():
    """K-40 is third forbidden (4- to 0+); the mean energy of ENSDF is that of one degree less."""
    third, wanted = mean_keV("K-40", 20, 3)
    second, _ = mean_keV("K-40", 20, 2)
    assert second == pytest.approx(wanted, rel=0.003)
    assert third == pytest.approx(wanted * 1.043, rel=0.003)


def test_the_coulomb_factor_is_that_of_behrens_and_buehring():
    """Of the first forbidden unique shape over the allowed one: ``q^2 + lambda_2 p^2``."""
    z, a, end_keV = 58, 138, 1000.0
    t, allowed = unique_beta_spectrum(end_keV, points=400, daughter_z=z, mass_number=a)
    _, unique = unique_beta_spectrum(end_keV, points=400, daughter_z=z, mass_number=a, forbidden=1)
    charge = z / 137.036
    g1, g2 = np.sqrt(1 - charge**2), np.sqrt(4 - charge**2)
    w = t / ELECTRON_keV + 1
    p, q = np.sqrt(w**2 - 1), (end_keV - t) / ELECTRON_keV
    y, radius = charge * w / p, 1.2 * a ** (1 / 3) / 386.159
    waves = np.exp(2 * (loggamma(g2 + 1j * y) - loggamma(g1 + 1j * y)).real)
    lambda_2 = (2 + g2) / (2 * (1 + g1)) * 144 * (gamma(1 + 2 * g1) / gamma(1 + 2 * g2)) ** 2
    lambda_2 = lambda_2 * (2 * p * radius) ** (2 * (g2 - g1 - 1)) * waves
    ratio = unique / allowed / (q**2 + lambda_2 * p**2)
    assert ratio == pytest.approx(np.full(400, ratio[0]), rel=1e-9)


def test_the_coulomb_field_brings_a_heavy_nucleus_nearer_to_the_allowed_shape():
    means = {}
    for z in (0, 58):
        for forbidden in (0, 2):
            t, shares = unique_beta_spectrum(
                263.7, points=300, daughter_z=z, mass_number=138, forbidden=forbidden
            )
            means[z, forbidden] = float(t @ shares)
    assert means[58, 0] < means[58, 2] < means[0, 2]


def test_what_it_does_not_hold_for_is_refused():
    with pytest.raises(OutOfDomain, match="0 to 100"):
        unique_beta_spectrum(100.0, points=10, daughter_z=101, mass_number=250)
    with pytest.raises(OutOfDomain, match="0 to 3"):
        unique_beta_spectrum(100.0, points=10, daughter_z=10, mass_number=20, forbidden=4)
