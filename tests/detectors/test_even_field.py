"""Photons from all sides: the source, a detector in it, and what a background makes of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tocsin.detectors import material, named_model
from tocsin.detectors.array_cache import CACHE_VARIABLE
from tocsin.detectors.background import (
    BackgroundComponents,
    Field,
    Instrument,
    SimulatedField,
    born,
    fit_background,
)
from tocsin.detectors.background.born import born_inside
from tocsin.detectors.background.fields import cosmic_field
from tocsin.detectors.background.simulated import above
from tocsin.detectors.catalogue import construction_of
from tocsin.detectors.construction import named_construction
from tocsin.detectors.even_field import EvenField
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.photon_matrix_build import MatrixSettings, photon_matrix
from tocsin.detectors.point_scene import point_scene
from tocsin.detectors.response import PHOTON_CENTRES_KEV
from tocsin.detectors.slab import Photons
from tocsin.detectors.transport import Body, FieldSource, Physics, Scene, simulate
from tocsin.errors import InvalidInput, OutOfDomain
from tocsin.nuclear import load_library

DETECTOR = named_construction("nai-3x3in")
SMALL = MatrixSettings(energies=24, histories=4000)
STRAIGHT = Physics(rayleigh=False)
SIGMAS = 4.5
GRID_keV = np.linspace(8.0, 3100.0, 1547)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SimulatedField:
    """Matrices of few photons in a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield SimulatedField(DETECTOR, SMALL)


def ball_integral(energy_keV: float, crystal_cm: float, shell_cm: float) -> float:
    """First collisions in a ball of NaI in a shell of iron, per fluence: rays by their distance."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    b = crystal_cm / 2 * (nodes + 1)
    inner = 2 * np.sqrt(crystal_cm**2 - b**2)
    before = np.sqrt((crystal_cm + shell_cm) ** 2 - b**2) - inner / 2
    nai = material("NaI").coefficients([energy_keV]).interaction[0]
    iron = material("Fe").coefficients([energy_keV]).interaction[0]
    rays = np.exp(-iron * before) * -np.expm1(-nai * inner) * 2 * np.pi * b
    return float(weights @ rays * crystal_cm / 2)


@pytest.mark.parametrize("centre_cm", [(0.0, 0.0, 0.0), (4.0, -3.0, 5.0)])
def test_total_efficiency_in_a_field_is_the_ray_integral(centre_cm):
    """Wherever the ball lies in the sphere: the fluence is the same everywhere in it."""
    ball = Body("ball", "sphere", (1.5,), "NaI", centre_cm)
    shell = Body("shell", "sphere", (1.8,), "Fe", centre_cm, children=(ball,))
    world = Body("world", "sphere", (11,), "vacuum", children=(shell,))
    field = FieldSource((0.0, 0.0, 0.0), 10.0)
    energies = np.array([122.0, 661.657, 2614.5])
    plain = Physics(False, False, False, False, False, False)
    tally = simulate(
        Scene(world, "ball"), field, energies, 1_500_000, seed=3, threads=2, physics=plain
    )
    expected = np.array([ball_integral(e, 1.5, 0.3) for e in energies])
    scale = np.pi * field.radius_cm**2
    got, sigma = tally.first_collision.value * scale, tally.first_collision.sigma * scale
    assert np.all(sigma / got < 0.015)
    assert np.all(np.abs(got - expected) < SIGMAS * sigma)


def test_a_field_comes_evenly_from_all_directions():
    """A plate of any attitude sees the same: all that meets it stops, twice its face over four."""
    seen = []
    for size in ((6.0, 6.0, 0.5), (6.0, 0.5, 6.0), (0.5, 6.0, 6.0)):
        plate = Body("plate", "box", size, "Pb")
        world = Body("world", "sphere", (6,), "vacuum", children=(plate,))
        tally = simulate(
            Scene(world, "plate"), FieldSource((0.0, 0.0, 0.0), 5.0), [60.0], 100_000, seed=4,
            threads=2, physics=STRAIGHT,
        )  # fmt: skip
        seen.append((tally.first_collision.value[0], tally.first_collision.sigma[0]))
    surface = 2 * (36 + 3 + 3)
    for value, sigma in seen:
        assert abs(value - surface / 4 / (np.pi * 25)) < SIGMAS * sigma


def test_a_bare_crystal_collides_as_often_as_the_deterministic_response_says():
    bare = replace(DETECTOR, layers=())
    around = EvenField()
    scene, source = around.scene(bare)
    energies = np.array([60.0, 200.0, 661.657, 2614.5])
    tally = simulate(scene, source, energies, 150_000, seed=5, threads=2, physics=STRAIGHT)
    wanted = bare.model.response.deposit(energies, incidence="isotropic").interacting
    wanted = wanted * bare.crystal.surface_cm2 / 4
    got = tally.first_collision.value * around.area_cm2(bare)
    sigma = tally.first_collision.sigma * around.area_cm2(bare)
    assert np.all(np.abs(got - wanted) < 0.005 * wanted + SIGMAS * sigma)


def test_more_matter_in_the_same_place():
    once, often = EvenField(), EvenField(16.0)
    assert once.area_cm2(DETECTOR) == often.area_cm2(DETECTOR)
    scenes = [one.scene(DETECTOR) for one in (once, often)]
    light, dense = ({b.name: b for b, _ in scene.bodies} for scene, _ in scenes)
    assert light["crystal"] == dense["crystal"]
    layer = DETECTOR.layers[0]
    name = f"0 {layer.part}"
    assert dense[name].density_g_cm3 == pytest.approx(16 * layer.density_g_cm3)
    assert light[name].size_cm == dense[name].size_cm
    first = [
        simulate(scene, source, [40.0, 2614.5], 20_000, seed=6, threads=2).first_collision.value
        for scene, source in scenes
    ]
    assert first[1][0] < 0.6 * first[0][0]
    assert first[1][1] > 0.7 * first[0][1]


def test_what_cannot_be_is_refused():
    world = Body("world", "sphere", (5,), "vacuum", children=(Body("ball", "sphere", (1,), "NaI"),))
    scene = Scene(world, "ball")
    with pytest.raises(InvalidInput, match="sticks out of the world"):
        simulate(scene, FieldSource((0.0, 0.0, 1.0), 4.5), [100.0], 10)
    with pytest.raises(InvalidInput, match="radius of the field must be positive"):
        simulate(scene, FieldSource((0.0, 0.0, 0.0), 0.0), [100.0], 10)
    for amount in (0.0, 21.0, float("nan")):
        with pytest.raises(OutOfDomain, match=r"0\.01 to 20"):
            EvenField(amount)
    layer = replace(DETECTOR.layers[0], density_g_cm3=113.5)
    mistyped = replace(DETECTOR, layers=(layer,))
    with pytest.raises(InvalidInput, match=r"density 113\.5 g/cm3 is out of range"):
        EvenField().scene(mistyped)
    with pytest.raises(InvalidInput, match=r"density 113\.5 g/cm3 is out of range"):
        point_scene(mistyped, distance_cm=10.0)


def line_field(energy_keV: float, *, continuum_at_keV: float = 0.0) -> Field:
    """One photon per cm2 and s of one energy, and one in the bin of another."""
    continuum = np.zeros(PHOTON_CENTRES_KEV.size)
    if continuum_at_keV:
        continuum[np.argmin(np.abs(PHOTON_CENTRES_KEV - continuum_at_keV))] = 1.0
    photons = Photons(np.array([energy_keV]), np.array([1.0]), continuum)
    return Field("a line", "test", "1", photons)


def test_deposits_of_a_line_and_of_a_bin_are_those_of_the_matrix(small):
    around = EvenField(4.0)
    matrix = photon_matrix(DETECTOR, around, SMALL)
    row = int(np.searchsorted(matrix.energies_keV, 1400.0))
    energy = float(matrix.energies_keV[row])
    area = around.area_cm2(DETECTOR)
    one = small.seen([line_field(energy)], GRID_keV, (1.0, 4.0))[0, 1]
    low = matrix.continuum[row][:8].sum()  # below the grid
    assert one.sum() == pytest.approx((matrix.total[row] - low) * area, rel=1e-3)
    at = int(np.searchsorted(GRID_keV, energy)) - 1
    assert one[at - 1 : at + 2].sum() == pytest.approx(matrix.peaks[row, 0] * area, rel=0.02)
    both = small.seen([line_field(energy, continuum_at_keV=energy)], GRID_keV, (4.0,))[0, 0]
    assert both.sum() == pytest.approx(2 * one.sum(), rel=0.03)
    assert not small.seen([line_field(3500.0)], GRID_keV, (1.0,)).any()
    rest = above([line_field(3500.0, continuum_at_keV=300.0), cosmic_field()], 3000.0)
    assert rest[0].photons.intensities.tolist() == [1.0]
    assert not rest[0].photons.continuum.any()
    assert not rest[1].photons.continuum[PHOTON_CENTRES_KEV < 3000].any()
    assert rest[1].photons.continuum.any()


def test_a_detector_is_the_same_where_photons_meet_the_same():
    same = SimulatedField(replace(DETECTOR, title="another word"), SMALL)
    assert same == SimulatedField(DETECTOR, SMALL)
    assert hash(same) == hash(SimulatedField(DETECTOR, SMALL))
    assert same != SimulatedField(named_construction("nai-2x2in"), SMALL)
    assert same != SimulatedField(DETECTOR)


def test_photons_born_in_a_bare_crystal_are_those_of_the_deterministic_response(
    tmp_path, monkeypatch
):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    detector = named_construction("labr3-1.5x1.5in")
    bare = replace(detector, layers=())
    energies = np.array([788.742, 1435.8])
    settings = MatrixSettings(histories=30_000)
    found = born_inside(bare, 1.0, energies, settings)
    whole = found.peaks.sum(axis=1) + found.continuum.sum(axis=1)
    assert whole == pytest.approx(found.interacting, rel=1e-6)
    wanted = bare.model.response.deposit(energies, incidence="inside")
    assert found.interacting == pytest.approx(wanted.interacting, rel=0.01)
    # bremsstrahlung takes from the peak, Doppler and binding hardly
    ratio = found.peaks[:, 0] / wanted.peaks[:, 0]
    assert np.all((ratio > 0.85) & (ratio < 1.02))
    # what layers scatter back counts too, or comes in from outside of them
    behind = born_inside(detector, 16.0, energies, settings)
    assert np.all(behind.interacting > found.interacting)
    again = born_inside(bare, 1.0, energies, settings)
    assert np.array_equal(found.continuum, again.continuum)


EDGES_keV = np.linspace(0.0, 3000.0, 513)


def test_a_background_is_drawn_from_the_simulated_field(small):
    model, library = named_model("nai-3x3in"), load_library()
    assert construction_of(model) == DETECTOR
    plain = BackgroundComponents(model, EDGES_keV, library=library)
    background = BackgroundComponents(model, EDGES_keV, library=library, simulated=small)
    assert (plain.response, background.response) == ("deterministic", "simulated")
    assert background.components == plain.components
    for instrument in (Instrument(), Instrument(size=0.2), Instrument(size=-0.2, layers=0.5)):
        ratio = background.counts(instrument).sum(axis=1) / plain.counts(instrument).sum(axis=1)
        assert np.all((ratio > 0.85) & (ratio < 1.15))
    k = [c.name for c in plain.components].index("K-40, ground")
    peak = (EDGES_keV[:-1] > 1400) & (EDGES_keV[1:] < 1520)
    # bremsstrahlung takes some; the rows are counted to two per cent
    ratio = background.counts()[k, peak].sum() / plain.counts()[k, peak].sum()
    assert ratio == pytest.approx(0.98, abs=0.06)
    low = (EDGES_keV[:-1] > 150) & (EDGES_keV[1:] < 250)
    # what can and light guide scatter forward and back is more than they take
    ratio = background.counts()[k, low].sum() / plain.counts()[k, low].sum()
    assert 1.0 < ratio < 1.1
    amounts = np.array([300.0 if c.name.endswith("thick walls") else 0.0 for c in plain.components])
    drawn = np.random.default_rng(3).poisson(amounts @ background.counts() * 100)
    fit = fit_background(background, drawn, 100.0)
    assert fit.response == "simulated"
    assert fit.misfit.reduced_chi_square < 1.2


def test_a_model_is_built_as_its_file_or_as_that_of_its_detector():
    assert construction_of(named_model("inspector-1000")) == named_construction("labr3-1.5x1.5in")
    assert construction_of(named_model("trans-spec")) is None
    sized = replace(named_model("generic-nai"), crystal=Crystal("cylinder", 7.62, (7.62, 7.62)))
    found = construction_of(sized)
    assert found is not None
    assert found.crystal == sized.crystal
    assert found.layers == named_construction("nai-2x2in").layers
    # its matrices stand beside those of the file and do not push them away
    assert found.name == "nai-2x2in, cylinder of 7.62 x 7.62 x 7.62 cm"
    assert found.model.crystal == sized.crystal
    bored = replace(named_model("hpge-40pct"), crystal=Crystal("cylinder", 3.0, (6.0, 6.0)))
    assert construction_of(bored) is None


def test_nobody_knows_how_a_detector_is_built_that_only_stands_in():
    stand_in = named_model("generic-nai", assumed=True)
    assert construction_of(stand_in) is None
    assert construction_of(replace(stand_in, assumed=False)) == named_construction("nai-2x2in")


def test_what_is_kept_of_photons_born_inside_follows_from_the_code_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    asked = (named_construction("labr3-1.5x1.5in"), 1.0, np.array([788.742]), SMALL)
    found = born_inside(*asked)
    (first,) = tmp_path.glob("born-*.npz")
    monkeypatch.setattr(born, "_own_digest", lambda: "of other code")
    again = born_inside(*asked)
    (second,) = tmp_path.glob("born-*.npz")
    assert first != second
    assert np.array_equal(found.continuum, again.continuum)
    monkeypatch.undo()
    code = Path(born.__file__).read_bytes()
    assert born._own_digest() == hashlib.sha256(code).hexdigest()
