"""Paths in a crystal and Compton energies, against sampling and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photon_oracle import exit_distance, isotropic, klein_nishina

from tocsin.detectors import Crystal
from tocsin.detectors.compton import ELECTRON_MASS_KEV, cos_angle, scattered_shares
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.errors import InvalidInput

CRYSTALS = [
    Crystal("cylinder", 7.62, (7.62, 7.62)),
    Crystal("cylinder", 2.0, (8.0, 8.0)),
    Crystal("box", 1.0, (1.0, 1.0)),
    Crystal("box", 5.08, (10.16, 40.64)),
]


@pytest.mark.parametrize("crystal", CRYSTALS, ids=str)
def test_mean_chord_obeys_cauchy(crystal):
    length, weight = crystal.chords
    assert weight.sum() == pytest.approx(1)
    assert length @ weight == pytest.approx(crystal.mean_chord_cm, rel=3e-3)


@pytest.mark.parametrize("crystal", CRYSTALS, ids=str)
@pytest.mark.parametrize("mu_per_cm", [0.05, 0.5, 2.0])
def test_escape_agrees_with_random_sites(crystal, mu_per_cm):
    rng = np.random.default_rng(11)
    n = 100_000
    if crystal.shape == "box":
        xy = rng.uniform(-0.5, 0.5, (n, 2)) * np.array(crystal.face_cm)
    else:
        r = crystal.face_cm[0] / 2 * np.sqrt(rng.uniform(0, 1, n))
        phi = rng.uniform(0, 2 * np.pi, n)
        xy = np.stack((r * np.cos(phi), r * np.sin(phi)), axis=1)
    x = np.column_stack((xy, rng.uniform(0, crystal.depth_cm, n)))
    left = np.exp(-mu_per_cm * exit_distance(crystal, x, isotropic(rng, n)))
    sigma = left.std() / np.sqrt(n)
    # one per cent for the quadrature, four standard errors for the sampling
    assert crystal.escape(np.array([mu_per_cm]))[0] == pytest.approx(
        left.mean(), abs=0.01 * left.mean() + 4 * sigma
    )


@pytest.mark.parametrize("crystal", CRYSTALS, ids=str)
def test_an_opaque_body_loses_only_its_skin(crystal):
    mu = np.array([1e3, 1e5])
    assert crystal.escape(mu) * mu * crystal.mean_chord_cm == pytest.approx(1, rel=0.01)
    thin = crystal.escape(np.array([1e-9]))
    assert thin == pytest.approx(1, abs=1e-4)


@given(st.floats(1e-4, 1e4), st.floats(1.001, 10))
def test_escape_falls_with_the_coefficient(mu_per_cm, factor):
    low, high = CRYSTALS[0].escape(np.array([mu_per_cm, mu_per_cm * factor]))
    assert 0 < high <= low <= 1


@pytest.mark.parametrize("lengths", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, float("nan"))])
def test_a_crystal_without_size_is_refused(lengths):
    with pytest.raises(InvalidInput, match="positive"):
        Crystal("box", lengths[0], lengths[1:])


@given(st.floats(30, 3900))
def test_compton_shares_sum_to_one_and_lie_between_the_limits(energy_keV):
    shares = scattered_shares(np.array([energy_keV]), PHOTON_EDGES_KEV)[0]
    assert shares.sum() == pytest.approx(1)
    assert shares.min() >= -1e-12
    lowest = energy_keV / (1 + 2 * energy_keV / ELECTRON_MASS_KEV)
    seen = shares > 1e-9
    assert PHOTON_EDGES_KEV[1:][seen].min() >= lowest
    assert PHOTON_EDGES_KEV[:-1][seen].max() <= energy_keV


def test_compton_shares_agree_with_rejection_sampling():
    rng = np.random.default_rng(3)
    n = 200_000
    after, cos = klein_nishina(rng, np.full(n, 661.657))
    shares = scattered_shares(np.array([661.657]), PHOTON_EDGES_KEV)[0]
    counts, _ = np.histogram(after, PHOTON_EDGES_KEV)
    expected = shares * n
    big = expected > 50
    chi2 = ((counts - expected)[big] ** 2 / expected[big]).sum()
    k = int(big.sum())
    assert abs(chi2 - k) < 5 * np.sqrt(2 * k)
    assert cos_angle(np.full(n, 661.657), after) == pytest.approx(cos, abs=1e-9)
    assert (PHOTON_CENTRES_KEV * shares).sum() == pytest.approx(after.mean(), rel=5e-3)
