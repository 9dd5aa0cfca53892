"""Scatter from the surroundings, against sampling and the conservation of energy."""

import numpy as np
import pytest
from photon_oracle import klein_nishina, turned

from tocsin.detectors.attenuation import material
from tocsin.detectors.compton import cos_angle, scattered_shares
from tocsin.detectors.halfspace import MEAN_COSINE, half_space
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.surroundings import Scene, ground_scatter, inside_medium


def sampled_albedo(name: str, energy_keV: float, n: int) -> tuple[float, float]:
    """Photons that come back from a half-space: after one scattering, after more."""
    rng = np.random.default_rng(17)
    stuff = material(name)
    sine = np.sqrt(1 - MEAN_COSINE**2)
    d = np.tile([sine, 0.0, MEAN_COSINE], (n, 1))
    z, e, generation = np.zeros(n), np.full(n, energy_keV), 0
    once = more = 0
    while e.size:
        mu = stuff.coefficients(e)
        z = z + rng.exponential(1, e.size) / mu.interaction * d[:, 2]
        out = z < 0
        if generation == 1:
            once += int(out.sum())
        elif generation > 1:
            more += int(out.sum())
        alive = ~out & (rng.uniform(0, 1, e.size) < mu.incoherent / mu.interaction)
        z, d, e = z[alive], d[alive], e[alive]
        e, cos = klein_nishina(rng, e)
        d = turned(rng, d, cos)
        keep = e > 12
        z, d, e = z[keep], d[keep], e[keep]
        generation += 1
    return once / n, more / n


@pytest.mark.parametrize("name", ["concrete", "tissue"])
@pytest.mark.parametrize("energy_keV", [140.0, 661.7, 1250.0])
def test_later_generations_of_the_albedo(name, energy_keV):
    """Within 30 per cent: directions after the first scattering are taken as isotropic."""
    stuff = material(name)
    e = np.array([energy_keV])
    mu = stuff.coefficients(e)
    scattered = scattered_shares(e, PHOTON_EDGES_KEV) * (mu.incoherent / mu.interaction)[:, None]
    rows = half_space(name).later_rows(scattered, mu.interaction / stuff.density_g_cm3)
    later = rows.sum(axis=0)
    _, more = sampled_albedo(name, energy_keV, 30_000)
    assert later.sum() == pytest.approx(more, rel=0.30)


@pytest.mark.parametrize("energy_keV", [60.0, 661.7, 1460.8, 2614.5])
def test_an_infinite_medium_absorbs_what_it_emits(energy_keV):
    """Energy: emitted per volume = what photo effect, Compton electrons and pairs take up."""
    stuff = material("concrete")
    out = inside_medium(np.array([energy_keV]), np.ones(1), medium="concrete")

    def absorbed(e, flux):
        mu = stuff.coefficients(e)
        mean_after = scattered_shares(e, PHOTON_EDGES_KEV) @ PHOTON_CENTRES_KEV
        taken = mu.photo * e + mu.incoherent * (e - mean_after) + mu.pair * (e - 1021.998)
        return float(flux @ taken)

    total = absorbed(out.energies_keV, out.intensities)
    total += absorbed(PHOTON_CENTRES_KEV, out.continuum)
    assert total == pytest.approx(energy_keV, rel=0.01)


def test_scattered_photons_outnumber_direct_ones_in_ground():
    out = inside_medium(np.array([1460.8]), np.ones(1))
    assert out.continuum.sum() > 3 * out.intensities[0]
    soft = PHOTON_CENTRES_KEV < 200
    assert out.continuum[soft].sum() > 0.3 * out.continuum.sum()
    assert out.continuum[PHOTON_CENTRES_KEV < 20].sum() < 0.02 * out.continuum.sum()


def test_ground_scatter_scales_with_the_lines_and_keeps_below_them():
    one = ground_scatter(np.array([661.657]), np.ones(1))
    two = ground_scatter(np.array([661.657]), 2 * np.ones(1))
    assert two == pytest.approx(2 * one)
    assert one[PHOTON_EDGES_KEV[:-1] > 662].sum() == 0
    assert one.min() >= 0


def test_a_lone_body_gives_only_back_scatter_in_its_first_generation():
    """Far above the ground the body behind the detector is left: angles above 90 degrees."""
    high = Scene(source_height_m=3000.0, detector_height_m=3000.0)
    flux = ground_scatter(np.array([661.657]), np.ones(1), scene=high)
    sideways = 661.657 / (1 + 661.657 / 510.99895)
    below = flux[PHOTON_CENTRES_KEV < sideways].sum()
    assert below > 0.85 * flux.sum()
    cos = cos_angle(np.array([661.657]), np.array([sideways]))
    assert cos[0] == pytest.approx(0, abs=1e-9)
