"""Simulated matrices: the same bits, between the rows, on disk; shells."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tocsin.detectors import Shield, material
from tocsin.detectors.array_cache import CACHE_VARIABLE
from tocsin.detectors.construction import named_construction
from tocsin.detectors.energy_nodes import energy_nodes_keV
from tocsin.detectors.folding import folder_for
from tocsin.detectors.irradiation import (
    SHIELDINGS,
    Irradiation,
    named_irradiation,
    named_shielding,
    shell_scene,
)
from tocsin.detectors.photon_matrix import PEAKS_KEV, PhotonMatrix, split_peaks
from tocsin.detectors.photon_matrix_build import MatrixSettings, matrix_key, photon_matrix
from tocsin.detectors.point_source import ray_efficiency
from tocsin.detectors.response import PHOTON_EDGES_KEV
from tocsin.detectors.shield_matrix import shield_matrix
from tocsin.detectors.simulated_response import SimulatedResponse
from tocsin.detectors.transport import Physics, simulate
from tocsin.errors import InvalidInput, NotFound, OutOfDomain

DETECTOR = named_construction("nai-3x3in")
NEAR = named_irradiation("near")
SETTINGS = MatrixSettings(energies=60, histories=20_000)
SMALL = MatrixSettings(energies=16, histories=1000)
EDGES_keV = np.linspace(0, 3072, 1025)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> PhotonMatrix:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        return photon_matrix(DETECTOR, NEAR, SETTINGS)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def same(a: PhotonMatrix, b: PhotonMatrix) -> bool:
    arrays = [field.name for field in fields(a) if field.name != "manifest"]
    return a.manifest == b.manifest and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays
    )


def test_the_same_question_gives_the_same_bits(cache: Path) -> None:
    first = photon_matrix(DETECTOR, NEAR, SMALL, threads=1)
    kept = photon_matrix(DETECTOR, NEAR, SMALL, threads=2, progress=lambda *_: pytest.fail("cache"))
    assert same(first, kept)
    for file in cache.glob("photon-matrix-*.npz"):
        file.unlink()
    told: list[tuple[int, int]] = []
    again = photon_matrix(
        DETECTOR, NEAR, SMALL, threads=2, progress=lambda *x: told.append((x[0], x[1]))
    )
    assert same(first, again)
    assert told[-1] == (16, 16)
    # a row is what a simulation of its energy alone gives
    scene, source = NEAR.scene(DETECTOR)
    alone = simulate(scene, source, [first.energies_keV[9]], 1000, seed=SMALL.seed, threads=1)
    assert alone.full_energy.value[0] == first.peaks[9, 0]
    other = photon_matrix(DETECTOR, NEAR, MatrixSettings(energies=16, histories=1000, seed=1))
    assert not np.array_equal(other.peaks, first.peaks)


def test_the_hash_follows_what_photons_meet_and_nothing_else() -> None:
    key = matrix_key(DETECTOR, NEAR, SMALL)
    assert key != matrix_key(DETECTOR, NEAR, SETTINGS)
    assert key != matrix_key(DETECTOR, Irradiation(10.5), SMALL)
    assert key != matrix_key(named_construction("nai-2x2in"), NEAR, SMALL)
    assert key == matrix_key(replace(DETECTOR, title="another word"), NEAR, SMALL)


def test_energies_keep_a_pair_about_every_edge() -> None:
    nodes = energy_nodes_keV(["NaI"], 120)
    assert nodes.size == 120
    assert (nodes[0], nodes[-1]) == (20.0, 3000.0)
    assert np.all(np.diff(nodes) > 0)
    at = np.searchsorted(nodes, 33.1694)
    assert nodes[at] / nodes[at - 1] == pytest.approx(1.008, abs=1e-3)
    with pytest.raises(InvalidInput, match="at least 6"):
        energy_nodes_keV(["NaI"], 5)


def test_total_efficiency_is_that_of_the_ray_integral(matrix: PhotonMatrix) -> None:
    use = matrix.energies_keV >= 30  # below, coherent scattering takes more: see the next test
    e, found = matrix.energies_keV[use], matrix.first_collision[use]
    apart = found / ray_efficiency(DETECTOR, distance_cm=10.0, energies_keV=e).total - 1
    assert abs(apart.mean()) < 0.01
    assert np.all(np.abs(apart) < 0.01 + 3 * matrix.first_collision_sigma[use] / found)


def test_what_rays_lack_at_low_energies_is_coherent_scattering() -> None:
    e = np.array([20.0, 22.0, 24.0])
    rays = ray_efficiency(DETECTOR, distance_cm=10.0, energies_keV=e).total
    scene, source = NEAR.scene(DETECTOR)
    without = simulate(scene, source, e, 400_000, seed=8, physics=Physics(rayleigh=False))
    assert without.first_collision.value / rays == pytest.approx(1, abs=0.01)
    followed = simulate(scene, source, e, 400_000, seed=8).first_collision
    assert np.all(followed.value / rays < 1 - 3 * followed.sigma / rays)


@pytest.mark.parametrize(
    ("energy_keV", "allowed"),
    [(45.0, 0.05), (122.06, 0.04), (300.0, 0.04), (661.657, 0.05), (1332.5, 0.05), (2614.5, 0.06)],
)
def test_a_line_between_the_rows_is_that_of_a_direct_simulation(
    matrix: PhotonMatrix, energy_keV: float, allowed: float
) -> None:
    """Sum of the differences per channel over the counts: counting and interpolation together."""
    scene, source = NEAR.scene(DETECTOR)
    tally = simulate(scene, source, [energy_keV], 100_000, seed=77)
    direct, sigma = tally.continuum[0].copy(), tally.continuum_sigma[0].copy()
    escapes, _ = split_peaks(energy_keV, direct, sigma, tally.edges_keV)
    rows = matrix.rows([energy_keV], tally.edges_keV)
    assert rows.peaks[0, 0] == pytest.approx(tally.full_energy.value[0], rel=0.04)
    total = rows.peaks.sum() + rows.continuum.sum()
    assert total == pytest.approx(tally.total.value[0], rel=0.02)
    if energy_keV > 2000:
        assert rows.peaks[0, 1] == pytest.approx(escapes[0], rel=0.12)
    folder = folder_for(DETECTOR.model, EDGES_keV)
    below = np.concatenate(([0.0], np.cumsum(direct)))
    wanted = folder.blur @ np.diff(np.interp(EDGES_keV, tally.edges_keV, below))
    areas = np.array([tally.full_energy.value[0], *escapes])
    wanted = wanted + folder.peaks(energy_keV - np.array(PEAKS_KEV), areas)
    found = SimulatedResponse(DETECTOR, matrix, EDGES_keV).lines([energy_keV]).counts[0]
    assert np.abs(found - wanted).sum() / wanted.sum() < allowed


def test_edge_and_escapes_stay_in_place_between_rows() -> None:
    """Rows with a sharp edge, hump and X-ray escape, and a line in the middle between two."""
    energies = np.array([600.0, 700.0])
    edges = np.arange(0.0, 711.0)
    continuum = np.zeros((2, 710))
    for row, e in zip(continuum, energies, strict=True):
        back = e / (1 + 2 * e / 510.99895)
        row[: int(e - back)] = 1e-5  # up to the Compton edge
        row[int(back)] += 1e-4
        row[int(e - 28.6)] += 1e-4  # an X-ray of iodine is gone
    zeros = np.zeros_like(continuum)
    one, three = np.ones(2), np.ones((2, 3))
    rows = PhotonMatrix(
        energies, edges, continuum, zeros, three, three, one, one, one, one, {}
    ).rows([650.0], edges)
    got = rows.continuum[0]
    edge = 650.0 - 650.0 / (1 + 2 * 650.0 / 510.99895)
    assert got[int(edge) - 4] == pytest.approx(1e-5, rel=0.1)
    assert got[int(edge) + 3] < 1e-7
    assert got[int(650 - edge) - 2 : int(650 - edge) + 3].sum() > 1e-4
    assert got[int(650 - 28.6) - 2 : int(650 - 28.6) + 3].sum() == pytest.approx(1e-4, rel=0.02)


def test_escape_peaks_are_taken_out_of_the_bins() -> None:
    edges = np.arange(0.0, 2002.0)
    counts, sigma = np.full(2001, 1e-6), np.full(2001, 1e-7)
    counts[1489] += 3e-4
    counts[978] += 1e-4
    areas, sigmas = split_peaks(2000.5, counts, sigma, edges)
    assert areas == pytest.approx([3e-4, 1e-4])
    assert counts == pytest.approx(1e-6)
    assert np.all(sigmas > 1e-7)
    assert not split_peaks(1000.0, counts, sigma, edges)[0].any()


def test_what_lies_outside_is_refused(matrix: PhotonMatrix) -> None:
    with pytest.raises(OutOfDomain, match="20 to 3000"):
        matrix.rows([19.0], matrix.edges_keV)
    with pytest.raises(OutOfDomain, match="10000 cm"):
        Irradiation(0.0)
    with pytest.raises(OutOfDomain):
        Irradiation(float("nan"))
    with pytest.raises(NotFound, match="known are near, room, far"):
        named_irradiation("moon")
    with pytest.raises(NotFound, match="Pb 1 cm"):
        named_shielding("gold")
    with pytest.raises(InvalidInput, match="histories"):
        MatrixSettings(histories=10)
    with pytest.raises(InvalidInput, match="is that of"):
        SimulatedResponse(named_construction("nai-2x2in"), matrix, EDGES_keV)
    with pytest.raises(InvalidInput, match="shell of"):
        shell_scene(Shield("Pb", 1e6))


def test_a_source_far_away_shrinks_with_the_square_of_the_distance(cache: Path) -> None:
    room = photon_matrix(DETECTOR, named_irradiation("room"), SMALL)
    far = photon_matrix(DETECTOR, named_irradiation("far"), SMALL)
    high = room.energies_keV > 600
    air = np.exp(-material("air").coefficients(room.energies_keV[high]).interaction * 900)
    ratio = far.total[high] / room.total[high] / air
    # the middle of the crystal counts, some 4 cm behind the face
    assert np.median(ratio) == pytest.approx((104.0 / 1004.0) ** 2, rel=0.08)


@pytest.mark.parametrize(("name", "energy_keV"), [("Pb 5 mm", 661.66), ("water 10 cm", 661.66)])
def test_a_shell_between_its_rows_is_that_of_a_direct_simulation(
    cache: Path, name: str, energy_keV: float
) -> None:
    shield = named_shielding(name)
    assert shield is not None
    found = shield_matrix(shield, energies=40).leaving(np.array([energy_keV]))
    scene, source = shell_scene(shield)
    tally = simulate(scene, source, [energy_keV], 100_000, seed=5, leaving=True)
    # coherent scattering lengthens the way a little
    assert found.passed[0] == pytest.approx(tally.passed.value[0], rel=0.02)
    direct = tally.leaving[0].sum()
    assert found.scattered[0].sum() + found.lines[0].sum() == pytest.approx(direct, rel=0.03)
    bands = np.array([20, 100, 180, 250, 350, 500, 600, 655.0])
    below = np.concatenate(([0.0], np.cumsum(tally.leaving[0])))
    wanted = np.diff(np.interp(bands, tally.edges_keV, below))
    below = np.concatenate(([0.0], np.cumsum(found.scattered[0])))
    got = np.diff(np.interp(bands, PHOTON_EDGES_KEV, below))
    lines = np.histogram(found.line_energies_keV, bands, weights=found.lines[0])[0]
    assert got + lines == pytest.approx(wanted, rel=0.12, abs=0.004)
    assert not found.scattered[0][PHOTON_EDGES_KEV[:-1] > energy_keV].any()


def test_photons_that_leave_are_all_accounted_for() -> None:
    shield = named_shielding("Fe 1 cm")
    assert shield is not None
    scene, source = shell_scene(shield)
    tally = simulate(scene, source, [661.66], 20_000, seed=3, leaving=True)
    plain = simulate(scene, source, [661.66], 20_000, seed=3)
    assert plain.leaving.shape == (1, 0)
    assert np.array_equal(plain.continuum, tally.continuum)  # counting changes no bit
    centres = (tally.edges_keV[1:] + tally.edges_keV[:-1]) / 2
    away = tally.leaving[0] @ centres + tally.passed.value[0] * 661.66
    # electrons that leave the shell carry the rest
    assert away + tally.deposited_keV.value[0] == pytest.approx(661.66, rel=0.003)
    mu = material("Fe").coefficients([661.66]).interaction[0]
    assert tally.passed.value[0] == pytest.approx(np.exp(-mu), abs=4 * tally.passed.sigma[0])


def test_thick_lead_shows_its_x_rays_and_annihilation(cache: Path) -> None:
    shield = named_shielding("Pb 1 mm")
    assert shield is not None
    found = shield_matrix(shield, energies=40).leaving(np.array([150.0, 2614.5]))
    at = found.line_energies_keV
    k_alpha = (at > 72) & (at < 76)
    assert found.lines[0][k_alpha].sum() > 0.015
    assert found.lines[0][at > 500].sum() == 0
    assert found.lines[1][at > 500].sum() > 0.003


def test_every_shielding_of_the_list_has_a_scene() -> None:
    for name in SHIELDINGS:
        shield = named_shielding(name)
        assert (shield is None) == (name == "bare")
        if shield is not None:
            assert shell_scene(shield)[0].sensitive == "shell"
