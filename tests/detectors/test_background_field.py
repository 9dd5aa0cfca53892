"""Fields of flat layers: the limits that are known, an independent Monte-Carlo, cosmic photons."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detectors.attenuation import material
from tocsin.detectors.background import Layer, cosmic_field, fields, plane_fields
from tocsin.detectors.response import PHOTON_CENTRES_KEV
from tocsin.detectors.surroundings import inside_medium
from tocsin.errors import InvalidInput, NotFound, OutOfDomain

LINE = (np.array([1460.8]), np.ones(1))


def test_deep_inside_the_field_is_that_of_an_infinite_medium():
    layers = [Layer("concrete", 200, 1.0), Layer("concrete", 200, 1.0)]
    (field,) = plane_fields(layers, 1, [LINE])
    known = inside_medium(*LINE, medium="concrete")
    density = material("concrete").density_g_cm3
    assert field.intensities[0] == pytest.approx(known.intensities[0] * density, rel=1e-4)
    some = (PHOTON_CENTRES_KEV > 40) & (PHOTON_CENTRES_KEV < 1300)
    # the other one counts annihilation photons of later generations in their bin, not as a line
    some &= np.abs(PHOTON_CENTRES_KEV - 511) > 7
    ratio = field.continuum[some] / (known.continuum[some] * density)
    # one per cent where backscattered photons end within a bin
    assert np.all(np.abs(ratio - 1) < 0.015)


def test_ground_agrees_with_single_photons_in_energy():
    (field,) = plane_fields([Layer("soil", 80, 1.0), Layer("air", 1e-4)], 1, [LINE])
    rng = np.random.default_rng(7)
    energies, weights = _surface(rng, 400_000)
    for low, high in ((60, 150), (150, 400), (400, 800), (800, 1400)):
        inside = (energies > low) & (energies <= high)
        seen = weights[inside].sum()
        bins = (PHOTON_CENTRES_KEV > low) & (PHOTON_CENTRES_KEV <= high)
        # one over the cosine scatters more than its square root of counts says
        assert field.continuum[bins].sum() == pytest.approx(seen, rel=0.06)
    direct = weights[energies == LINE[0][0]].sum()
    assert field.intensities[0] == pytest.approx(direct, rel=0.04)


def _surface(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Energies and weights (fluence per decay and gram) of photons that leave 80 g/cm2 of soil."""
    soil = material("soil")
    depth = rng.random(n) * 80.0
    cosine = 2 * rng.random(n) - 1  # upward is positive
    energy = np.full(n, LINE[0][0])
    found_e, found_w = [], []
    while depth.size:
        mu = soil.coefficients(energy)
        way = -np.log(rng.random(depth.size)) * soil.density_g_cm3 / mu.interaction
        after = depth - way * cosine
        out = after < 0
        found_e.append(energy[out])
        found_w.append(80.0 / n / cosine[out])
        share = mu.incoherent / mu.interaction
        stays = ~out & (after < 80.0) & (rng.random(depth.size) < share)
        depth, cosine, energy = after[stays], cosine[stays], energy[stays]
        energy, turn = _scattered(rng, energy)
        phi = 2 * np.pi * rng.random(depth.size)
        across = np.sqrt(np.maximum((1 - cosine**2) * (1 - turn**2), 0.0))
        cosine = np.clip(cosine * turn + across * np.cos(phi), -1, 1)
        keep = energy > 25.0
        depth, cosine, energy = depth[keep], cosine[keep], energy[keep]
    return np.concatenate(found_e), np.concatenate(found_w)


def _scattered(rng: np.random.Generator, energy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Klein-Nishina by rejection: energies and cosines."""
    turn, left = np.zeros(energy.size), np.arange(energy.size)
    while left.size:
        trial = 2 * rng.random(left.size) - 1
        ratio = 1 / (1 + energy[left] / 510.99895 * (1 - trial))
        value = ratio**2 * (ratio + 1 / ratio - 1 + trial**2) / 2
        took = rng.random(left.size) < value
        turn[left[took]] = trial[took]
        left = left[~took]
    return energy / (1 + energy / 510.99895 * (1 - turn)), turn


def test_a_cover_takes_lines_away_and_leaves_scatter():
    bare = [Layer("soil", 150, 1.0), Layer("air", 100)]
    covered = [Layer("soil", 150, 1.0), Layer("water", 20), Layer("air", 100)]
    (open_field,) = plane_fields(bare, 1, [LINE])
    (below,) = plane_fields(covered, 2, [LINE])
    assert below.intensities[0] < 0.4 * open_field.intensities[0]
    share_open = open_field.intensities[0] / open_field.continuum.sum()
    assert below.intensities[0] / below.continuum.sum() < 0.8 * share_open
    assert np.all(below.continuum >= 0)


def test_bad_layers_are_refused_in_words():
    with pytest.raises(InvalidInput, match="areal density must be positive"):
        Layer("soil", 0.0)
    with pytest.raises(InvalidInput, match="negative"):
        Layer("soil", 1.0, -1.0)
    with pytest.raises(InvalidInput, match="does not lie between"):
        plane_fields([Layer("soil", 1.0, 1.0)], 1, [LINE])
    with pytest.raises(InvalidInput, match="no layer holds activity"):
        plane_fields([Layer("soil", 1.0), Layer("air", 1.0)], 1, [LINE])
    with pytest.raises(NotFound, match="no material 'cheese'"):
        plane_fields([Layer("cheese", 1.0, 1.0), Layer("air", 1.0)], 1, [LINE])


def test_kept_fields_tell_one_boundary_from_another(monkeypatch):
    keys = set()

    def noted(name: str, key: str, build: object) -> dict[str, np.ndarray]:
        keys.add((name, key))
        return {f"{part}-0": np.ones(1) for part in ("energies", "intensities", "continuum")}

    monkeypatch.setattr(fields, "cached_arrays", noted)
    layers = [["soil", 10.0, 1.0], ["water", 1.0, 0.0], ["air", 1.0, 0.0]]
    for above in (1, 2):
        fields._kept({"layers": layers, "above": above}, [LINE])
    assert len({name for name, _ in keys}) == len({key for _, key in keys}) == 2


def test_cosmic_photons_double_at_a_thousand_metres():
    # what the bound of the amount of cosmic photons is compared with
    sea, high = cosmic_field(0.0).photons, cosmic_field(1040.0).photons
    assert high.continuum.sum() / sea.continuum.sum() == pytest.approx(2.0, rel=0.03)


def test_cosmic_photons_are_those_of_the_table_and_grow_with_altitude():
    sea, high = cosmic_field(0.0).photons, cosmic_field(3000.0).photons
    at = int(np.argmin(np.abs(PHOTON_CENTRES_KEV - 1129.4)))
    width = np.diff(np.append(PHOTON_CENTRES_KEV[at - 1 : at + 1], 0.0))[0]
    assert sea.continuum[at] / width == pytest.approx(6.3e-6, rel=0.05)  # 1/cm2/s/keV
    assert 4 < high.continuum[at] / sea.continuum[at] < 8
    assert sea.intensities[0] == pytest.approx(5.9e-3, rel=0.05)  # line of 511 keV, 1/cm2/s
    with pytest.raises(OutOfDomain, match="outside -500 to 4000 m"):
        cosmic_field(9000.0)
