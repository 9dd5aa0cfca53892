"""Light that is not proportional: exact limits, and single photons followed to their electrons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from photon_oracle import M, klein_nishina
from scipy.ndimage import gaussian_filter1d

from tocsin.detectors.attenuation import fluorescence, material
from tocsin.detectors.construction import named_construction
from tocsin.detectors.irradiation import named_irradiation
from tocsin.detectors.light import SCALE_KEV, Light, light_of
from tocsin.detectors.photon_matrix_build import MatrixSettings, photon_matrix
from tocsin.detectors.simulated_response import SimulatedResponse
from tocsin.errors import InvalidInput

# a curve made up for the tests: 20 % more light at 15 keV, less below; no crystal is meant
TABLE_keV = (1.0, 5.0, 15.0, 60.0, 200.0, 662.0, 3000.0)
TABLE = (0.85, 1.05, 1.2, 1.12, 1.05, 1.0, 0.97)


def curve(e: np.ndarray) -> np.ndarray:
    return e * np.interp(np.log(np.maximum(e, 1e-9)), np.log(TABLE_keV), TABLE)


def absorbed(stuff: str, energy_keV: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Light of each of ``n`` photons that are absorbed, electron by electron."""
    substance = material(stuff)
    light = np.zeros(n)
    who, energy = np.arange(n), np.full(n, energy_keV)
    while who.size:
        nothing = energy <= 10.0
        light += np.bincount(who[nothing], curve(energy[nothing]), n)
        who, energy = who[~nothing], energy[~nothing]
        mu = substance.coefficients(energy)
        draw = rng.random(who.size) * mu.interaction
        photo, pair = draw < mu.photo, draw >= mu.photo + mu.incoherent
        compton = ~photo & ~pair
        next_who, next_energy = [], []
        after, _ = klein_nishina(rng, energy[compton])
        light += np.bincount(who[compton], curve(energy[compton] - after), n)
        next_who.append(who[compton])
        next_energy.append(after)
        light += np.bincount(who[pair], 2 * curve((energy[pair] - 2 * M) / 2), n)
        next_who.append(np.repeat(who[pair], 2))
        next_energy.append(np.full(2 * int(pair.sum()), M))
        shares = substance.photo_shares(energy)
        which = rng.random(who.size)
        rest = photo.copy()
        for element, share in shares.items():
            here = photo & (which >= 0) & (which < share)
            which = np.where(which >= 0, which - share, which)
            which = np.where(here, -1.0, which)
            k = fluorescence().get(element)
            if k is None:
                continue
            bound = here & (energy > k.edge_keV) & (rng.random(who.size) < k.k_share)
            rest &= ~bound
            sends = bound & (rng.random(who.size) < k.k_yield)
            xray = np.where(rng.random(who.size) < k.beta_share, k.beta_keV, k.alpha_keV)
            light += np.bincount(who[bound], curve(energy[bound] - k.edge_keV), n)
            stays = bound & ~sends
            light += np.bincount(who[stays], curve(np.full(int(stays.sum()), k.edge_keV)), n)
            light += np.bincount(who[sends], curve(k.edge_keV - xray[sends]), n)
            next_who.append(who[sends])
            next_energy.append(xray[sends])
        light += np.bincount(who[rest], curve(energy[rest]), n)
        who, energy = np.concatenate(next_who), np.concatenate(next_energy)
    return light


def test_even_light_changes_no_energy() -> None:
    even = Light("NaI", (10.0, 1000.0), (1.0, 1.0))
    energies = np.array([-3.0, 0.0, 5.0, 20.0, 33.0, 34.0, 100.0, 661.657, 1500.0, 2614.5])
    assert even.photon_keV(energies) == pytest.approx(energies, rel=1e-6)
    assert even.electron_keV(energies) == pytest.approx(energies, rel=1e-6)
    assert even.electron_energy_keV(energies) == pytest.approx(energies, rel=1e-6)


@pytest.mark.parametrize("stuff", ["NaI", "CsI"])
def test_peaks_stand_where_single_photons_put_them(stuff: str) -> None:
    light = Light(stuff, TABLE_keV, TABLE)
    rng = np.random.default_rng(11)
    scale = absorbed(stuff, SCALE_KEV, 40_000, rng).mean() / SCALE_KEV
    for energy in (25.0, 45.0, 122.0, 356.0, 1332.5, 2614.5):
        found = absorbed(stuff, energy, 40_000, rng)
        expected = found.mean() / scale
        # the grid of photon energies is 1.2 % wide, which smears the edges
        tolerance = 4.5 * found.std() / np.sqrt(found.size) / scale + 1.5e-3 * energy
        assert abs(float(light.photon_keV(energy)) - expected) < tolerance, energy
    assert float(light.photon_keV(SCALE_KEV)) == pytest.approx(SCALE_KEV)


def test_electrons_go_there_and_back() -> None:
    light = Light("CsI", TABLE_keV, TABLE)
    energies = np.geomspace(0.5, 3000.0, 50)
    apparent = light.electron_keV(energies)
    assert light.electron_energy_keV(apparent) == pytest.approx(energies, rel=1e-6)
    ratio = apparent / energies
    assert ratio[np.argmin(np.abs(energies - 15))] / ratio[-1] == pytest.approx(
        1.2 / 0.97, rel=0.01
    )


def test_a_model_with_a_table_moves_its_peaks(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path_factory.mktemp("cache")))
    plain = named_construction("nai-2x2in")
    assert light_of(plain) is None
    bent = replace(plain, light_keV=TABLE_keV, light=TABLE)
    matrix = photon_matrix(
        plain, named_irradiation("near"), MatrixSettings(energies=60, histories=4000)
    )
    edges = np.linspace(0.0, 800.0, 801)
    centres = (edges[1:] + edges[:-1]) / 2
    light = light_of(bent)
    assert light is not None
    for energy in (59.54, SCALE_KEV):
        spectra = [
            SimulatedResponse(d, matrix, edges).lines([energy]).counts[0] for d in (plain, bent)
        ]
        places = [centres[np.argmax(np.where(centres > 0.8 * energy, s, 0.0))] for s in spectra]
        assert places[0] == pytest.approx(energy, abs=1.0)
        assert places[1] == pytest.approx(float(light.photon_keV(energy)), abs=1.5)
        assert spectra[1].sum() == pytest.approx(spectra[0].sum(), rel=2e-3)
    # photons between lines move with them
    photons = SimulatedResponse(bent, matrix, edges)._of_bins
    bin_60 = int(np.argmin(np.abs(photons.energies_keV - 59.5)))
    top = centres[int(np.argmax(photons.counts[bin_60]))]
    assert top == pytest.approx(float(light.photon_keV(59.5)), abs=1.5)


def test_a_model_with_a_table_moves_its_continuum(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path_factory.mktemp("cache")))
    plain = named_construction("hpge-40pct")
    bent = replace(plain, light_keV=TABLE_keV, light=TABLE)
    matrix = photon_matrix(
        plain, named_irradiation("near"), MatrixSettings(energies=60, histories=20_000)
    )
    light = light_of(bent)
    assert light is not None
    edge = 477.3  # of 661.657 keV
    # one electron gives less light than the several of a photon, on which the scale is set
    moved = float(light.electron_keV(edge))
    assert moved < edge - 10
    edges = np.arange(420.0, 521.0, 1.0)
    centres = (edges[1:] + edges[:-1]) / 2
    for detector, expected in ((plain, edge), (bent, moved)):
        counts = SimulatedResponse(detector, matrix, edges).lines([SCALE_KEV]).counts[0]
        slope = np.gradient(gaussian_filter1d(counts, 2.0))
        place = centres[5:-5][np.argmin(slope[5:-5])]
        assert place == pytest.approx(expected, abs=3.0)


@pytest.mark.parametrize(
    ("energies", "light", "said"),
    [
        ((10.0,), (1.0,), "two energies or more"),
        ((10.0, 20.0), (1.0,), "one value for each"),
        ((20.0, 10.0), (1.0, 1.0), "rise"),
        ((0.0, 10.0), (1.0, 1.0), "positive"),
        ((10.0, 20.0), (1.0, 0.0), "positive"),
        ((10.0, 20.0), (1.0, np.nan), "positive"),
        ((10.0, 11.0), (1.0, 0.5), "less light than one of less energy"),
    ],
)
def test_tables_that_cannot_be_are_refused(
    energies: tuple[float, ...], light: tuple[float, ...], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        Light("NaI", energies, light)
