"""Beta spectra in the Coulomb field: known limits, and mean energies of an evaluation."""

from __future__ import annotations

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("name", "z"),
    [("Sr-90", 39), ("Y-90", 40)],
)
def test_mean_energies_are_those_of_the_evaluation(name, z):
    """First forbidden unique transitions against ENSDF."""
    row = next(r for r in companion_rows("betas.csv") if r["emitter"] == name)
    t, shares = unique_beta_spectrum(
        float(row["largest_keV"]),
        points=2000,
        daughter_z=z,
        mass_number=int(name.split("-")[1]),
        forbidden=1,
    )
    assert t @ shares == pytest.approx(float(row["mean_keV"]), rel=0.01)


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
