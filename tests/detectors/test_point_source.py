"""Absolute efficiencies: against solid angles, random rays, a Monte-Carlo and the definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tocsin.detectors.attenuation import material
from tocsin.detectors.construction import Bore, named_construction
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.point_scene import point_scene
from tocsin.detectors.point_source import point_efficiency, ray_efficiency, rays
from tocsin.detectors.transport import simulate
from tocsin.errors import InvalidInput, OutOfDomain

CYLINDER = Crystal("cylinder", 6.0, (5.0, 5.0))
BOX = Crystal("box", 2.0, (3.0, 8.0))


@pytest.mark.parametrize("distance_cm", [0.2, 3.0, 50.0])
def test_the_weights_are_the_solid_angle(distance_cm: float) -> None:
    disc = (1 - distance_cm / np.hypot(distance_cm, 2.5)) / 2
    assert rays(CYLINDER, None, distance_cm)[2].sum() == pytest.approx(disc, rel=1e-12)
    a, b, d = 1.5, 4.0, distance_cm
    rectangle = 4 * np.arctan(a * b / (d * np.sqrt(a * a + b * b + d * d))) / (4 * np.pi)
    tolerance = 2e-3 if distance_cm < 1 else 1e-9
    assert rays(BOX, None, distance_cm)[2].sum() == pytest.approx(rectangle, rel=tolerance)


@pytest.mark.parametrize(
    ("crystal", "bore"), [(CYLINDER, None), (CYLINDER, Bore(1.5, 4.0)), (BOX, None)]
)
def test_the_paths_are_those_of_random_rays(crystal: Crystal, bore: Bore | None) -> None:
    """Oracle: photons in random directions, followed in steps of 0.01 cm."""
    rng = np.random.default_rng(7)
    d, mu, step, n = 4.0, 0.4, 0.01, 4000
    lowest = d / np.sqrt(d * d + max(crystal.face_cm) ** 2 / 2)
    cosine = rng.uniform(lowest, 1.0, n)
    azimuth = rng.uniform(0, 2 * np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    length = np.zeros(n)
    for t in np.arange(step / 2, 2 * (d + crystal.depth_cm), step):
        x, y, z = t * sine * np.cos(azimuth), t * sine * np.sin(azimuth), t * cosine
        inside = (z > d) & (z < d + crystal.depth_cm)
        if crystal.shape == "cylinder":
            inside &= np.hypot(x, y) < crystal.face_cm[0] / 2
        else:
            inside &= (abs(x) < crystal.face_cm[0] / 2) & (abs(y) < crystal.face_cm[1] / 2)
        if bore is not None:
            hole = (np.hypot(x, y) < bore.diameter_cm / 2) & (
                z > d + crystal.depth_cm - bore.depth_cm
            )
            inside &= ~hole
        length += step * inside
    seen = -np.expm1(-mu * length) * (1 - lowest) / 2
    _, chord, weight = rays(crystal, bore, d)
    expected = float(-np.expm1(-mu * chord) @ weight)
    # the sides of a box lie beyond the cone only where its corner does: the cone covers them
    assert abs(seen.mean() - expected) < 4 * seen.std() / np.sqrt(n) + 2e-3 * expected


def test_a_bare_crystal_agrees_with_a_monte_carlo() -> None:
    """Absolute peak of a bare 3x3 in NaI (figures of docs/science/detector-models.md)."""
    bare = replace(named_construction("nai-3x3in"), layers=())
    known = {10.0: {59.5: 2.90e-2, 661.7: 1.15e-2, 2614.5: 3.84e-3}, 25.0: {1332.5: 1.40e-3}}
    for distance_cm, values in known.items():
        found = ray_efficiency(bare, distance_cm=distance_cm, energies_keV=list(values))
        assert found.full_energy_peak == pytest.approx(list(values.values()), rel=0.03)


@pytest.mark.parametrize("name", ["nai-3x3in", "radiacode-102", "hpge-40pct", "nai-2x4x16in"])
def test_rays_and_followed_photons_agree(name: str) -> None:
    """First interactions within one per cent of the rays; peaks as docs/science tells."""
    detector, e = named_construction(name), np.array([59.5, 344.0, 1332.5, 2614.5])
    scene, source = point_scene(detector, distance_cm=10.0)
    tally = simulate(scene, source, e, 100_000, seed=5)
    by_rays = ray_efficiency(detector, distance_cm=10.0, energies_keV=e)
    difference = tally.first_collision.value - by_rays.total
    assert np.all(abs(difference) < 4 * tally.first_collision.sigma + 0.01 * by_rays.total)
    found = point_efficiency(detector, distance_cm=10.0, energies_keV=e, histories=100_000)
    apart = abs(by_rays.full_energy_peak / found.full_energy_peak - 1)
    # electrons that leave decide above 1 MeV; the stated uncertainty holds half of this itself
    assert np.all(apart < np.array([0.03, 0.03, 0.08, 0.18]) + 3 * found.statistical)
    assert np.all(found.total > by_rays.total * 0.99)
    assert np.all(found.relative_uncertainty > found.statistical)


def test_the_stated_uncertainty_covers_the_statistics() -> None:
    """Pulls of independent runs against a long one are those of a normal number."""
    detector = named_construction("labr3-1.5x1.5in")
    scene, source = point_scene(detector, distance_cm=10.0)
    e = [122.0, 661.7, 1332.5]
    long = simulate(scene, source, e, 1_000_000, seed=99).full_energy
    short = [simulate(scene, source, e, 20_000, seed=s).full_energy for s in range(20)]
    pulls = [(x.value - long.value) / np.hypot(x.sigma, long.sigma) for x in short]
    assert abs(np.mean(pulls)) < 4 / np.sqrt(60)
    assert 0.7 < np.std(pulls) < 1.3


def test_the_same_question_gives_the_same_answer() -> None:
    detector = named_construction("czt-1cm3")
    first, second = (
        point_efficiency(detector, distance_cm=5, energies_keV=[662.0], histories=5000)
        for _ in range(2)
    )
    assert first.full_energy_peak[0] == second.full_energy_peak[0]


def test_what_no_simulated_photon_reaches_is_still_answered() -> None:
    found = point_efficiency(
        named_construction("hpge-40pct"), distance_cm=10, energies_keV=[20.0], histories=1000
    )
    assert 0 < found.full_energy_peak[0] < 1e-6
    assert np.isfinite(found.relative_uncertainty[0])
    detector = named_construction("nai-2x2in")
    lead = replace(detector.layers[0], material="Pb", density_g_cm3=11.35, front_cm=2.0)
    behind = replace(detector, layers=(*detector.layers, lead))
    found = point_efficiency(behind, distance_cm=10, energies_keV=[20.0], histories=100)
    assert 0 <= found.full_energy_peak[0] < 1e-250
    assert np.isfinite(found.relative_uncertainty[0])


def test_a_40_per_cent_detector_has_its_relative_efficiency_by_definition() -> None:
    found = point_efficiency(
        named_construction("hpge-40pct"), distance_cm=25.0, energies_keV=[1332.5]
    )
    assert found.full_energy_peak[0] / 1.2e-3 == pytest.approx(0.40, rel=0.03)


def test_layers_weaken_and_their_uncertainty_counts() -> None:
    detector = named_construction("nai-3x3in")
    bare = replace(detector, layers=())
    e = [30.0, 662.0]
    with_layers = ray_efficiency(detector, distance_cm=100.0, energies_keV=e)
    # the same place of the crystal, the thickness of the layers filled with air
    without = ray_efficiency(bare, distance_cm=100.0 + detector.front_cm, energies_keV=e)
    optical = sum(layer.attenuation_per_cm(e) * layer.front_cm for layer in detector.layers)
    seen = with_layers.total / without.total
    assert seen == pytest.approx(np.exp(-optical), rel=2e-3)
    surer = replace(
        detector, layers=tuple(replace(x, relative_uncertainty=0.0) for x in detector.layers)
    )
    sure = ray_efficiency(surer, distance_cm=100.0, energies_keV=e).relative_uncertainty
    assert with_layers.relative_uncertainty[0] > 1.2 * sure[0]
    assert np.all(sure > 0.015)


def test_far_away_the_efficiency_falls_with_the_square_and_the_air() -> None:
    detector = named_construction("nai-2x2in")
    near, far = (
        ray_efficiency(detector, distance_cm=d, energies_keV=[662.0]) for d in (500.0, 1000.0)
    )
    d = np.array([500.0, 1000.0]) + detector.front_cm
    air = float(np.exp(-material("air").coefficients([662.0]).interaction[0] * 500.0))
    # the crystal is met as if it stood somewhat behind its face
    assert far.total[0] / near.total[0] == pytest.approx(air * (d[0] / d[1]) ** 2, rel=0.01)


def test_outside_the_validity_is_refused() -> None:
    detector = named_construction("nai-2x2in")
    for energy in (19.9, 3000.1, float("nan")):
        with pytest.raises(OutOfDomain, match="20 to 3000 keV"):
            point_efficiency(detector, distance_cm=10, energies_keV=[100.0, energy])
    with pytest.raises(InvalidInput, match="at least one"):
        point_efficiency(detector, distance_cm=10, energies_keV=[])
    for distance in (0.0, -1.0, 1e6):
        with pytest.raises(OutOfDomain, match="front face"):
            point_efficiency(detector, distance_cm=distance, energies_keV=[662.0])
    with pytest.raises(InvalidInput, match="distance"):
        point_efficiency(detector, distance_cm=float("nan"), energies_keV=[662.0])
