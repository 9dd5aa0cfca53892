"""The photon transport beside closed formulas, an independent oracle and its own statistics."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from tocsin.detectors import Crystal, material
from tocsin.detectors.transport import (
    Body,
    DiscSource,
    Physics,
    PointSource,
    Scene,
    VolumeSource,
    simulate,
)
from tocsin.detectors.transport.matter import _rows

sys.path.insert(0, str(Path(__file__).resolve().parent))
from photon_oracle import deposits
from transport_scenes import bare_nai, thin_ball

PLAIN = Physics(False, False, False, False, False, False)
STILL = Physics(electrons_travel=False, bremsstrahlung=False)
SIGMAS = 4.5  # of some hundred comparisons with fixed seeds none is expected beyond


def beyond(value: float, sigma: float, expected: float) -> float:
    return abs(value - expected) / sigma


def ray_integral(distance_cm: float, energy_keV: float) -> float:
    """First collisions in the bare 3x3 in NaI per photon, by quadrature over the polar angle."""
    mu = float(material("NaI").coefficients([energy_keV]).interaction[0])
    radius, length = 3.81, 7.62
    nodes, weights = np.polynomial.legendre.leggauss(400)
    total = 0.0
    rim = [0.0, np.arctan(radius / (distance_cm + length)), np.arctan(radius / distance_cm)]
    for low, high in pairwise(rim):
        angle = (high + low) / 2 + (high - low) / 2 * nodes
        leaves = np.minimum((distance_cm + length) / np.cos(angle), radius / np.sin(angle))
        path = leaves - distance_cm / np.cos(angle)
        part = -np.expm1(-mu * path) * np.sin(angle) / 2
        total += float(np.sum(weights * part)) * (high - low) / 2
    return total


@pytest.mark.parametrize(("stuff", "cm"), [("Pb", 1.0), ("Fe", 2.0), ("water", 10.0)])
def test_a_slab_lets_through_what_the_exponential_says(stuff, cm):
    slab = Body("slab", "box", (10, 10, cm), stuff, (0, 0, cm / 2))
    crystal = Body("crystal", "box", (10, 10, 20), "NaI", (0, 0, cm + 10))
    scene = Scene(Body("world", "box", (99, 99, 99), "vacuum", children=(slab, crystal)), "crystal")
    beam = DiscSource((0, 0, -5), (0, 0, 1), 0.5, parallel=True)
    energies = [150.0, 661.657, 2614.5]
    tally = simulate(scene, beam, energies, 40_000, seed=1, threads=1, physics=PLAIN)
    through = np.exp(-material(stuff).coefficients(energies).interaction * cm)
    caught = -np.expm1(-material("NaI").coefficients(energies).interaction * 20)
    spread = np.maximum(tally.first_collision.sigma, 1e-5)
    assert np.all(np.abs(tally.first_collision.value - through * caught) < SIGMAS * spread)


@pytest.mark.parametrize("distance_cm", [2.0, 10.0, 25.0])
def test_total_efficiency_is_the_ray_integral(distance_cm):
    scene, source = bare_nai(distance_cm)
    energies = [122.0, 661.657, 1332.5]
    tally = simulate(
        scene, source, energies, 150_000, seed=2, threads=1, physics=Physics(rayleigh=False)
    )
    expected = np.array([ray_integral(distance_cm, e) for e in energies])
    got = tally.first_collision
    assert np.all(np.abs(got.value - expected) < SIGMAS * got.sigma)
    assert got.value == pytest.approx(expected, rel=0.01)
    assert np.all(got.sigma / got.value < 0.005)


@pytest.mark.parametrize(
    ("stuff", "crystal", "energy_keV"),
    [
        ("NaI", Crystal("cylinder", 7.62, (7.62, 7.62)), 661.657),
        ("NaI", Crystal("cylinder", 7.62, (7.62, 7.62)), 2614.5),
        ("CsI", Crystal("box", 1.0, (1.0, 1.0)), 661.657),
        ("Ge", Crystal("cylinder", 6.0, (6.0, 6.0)), 1332.5),
    ],
)
def test_an_independent_walk_leaves_the_same_energies(stuff, crystal, energy_keV):
    width, depth = crystal.face_cm[0], crystal.depth_cm
    if crystal.shape == "cylinder":
        body = Body("crystal", "cylinder", (width / 2, depth), stuff, (0, 0, depth / 2))
        radius = width / 2
    else:
        body = Body("crystal", "box", (width, width, depth), stuff, (0, 0, depth / 2))
        radius = width / np.sqrt(2) + 1e-9
    scene = Scene(Body("world", "sphere", (50,), "vacuum", children=(body,)), "crystal")
    beam = DiscSource((0, 0, -1), (0, 0, 1), radius, parallel=True)
    n = 60_000
    tally = simulate(scene, beam, [energy_keV], n, seed=3, threads=1, physics=PLAIN)
    on_face = 1.0 if crystal.shape == "cylinder" else width**2 / (np.pi * radius**2)
    left = deposits(material(stuff), crystal, energy_keV, n, np.random.default_rng(4))
    bands = np.array([1e-9, 0.3, 0.6, 0.75, 0.9, 1 - 1e-6, 2.0]) * energy_keV
    theirs = np.histogram(left, bands)[0] / n
    centres = (tally.edges_keV[1:] + tally.edges_keV[:-1]) / 2
    ours = np.histogram(centres, bands, weights=tally.continuum[0])[0]
    ours[-1] += tally.full_energy.value[0]
    ours /= on_face
    for a, b in zip(ours[[0, 1, 5]], theirs[[0, 1, 5]], strict=True):
        sigma = np.sqrt(a * (1 - a) / n / on_face + b * (1 - b) / n)
        assert beyond(a, sigma, b) < SIGMAS


def test_the_reference_table_of_the_bare_crystal_comes_out():
    """Peak-to-total and escape peaks of an earlier prototype; electrons stayed where they were."""
    scene, source = bare_nai(10.0)
    energies = [59.5, 356.0, 661.657, 2614.5]
    tally = simulate(scene, source, energies, 60_000, seed=5, threads=1, physics=STILL)
    ratio = tally.full_energy.value / tally.total.value
    assert ratio == pytest.approx([0.892, 0.802, 0.572, 0.275], rel=0.02)
    assert tally.full_energy.value == pytest.approx([2.90e-2, 1.94e-2, 1.15e-2, 3.84e-3], rel=0.025)
    row = tally.continuum[3] / tally.total.value[3]
    single, double = 2614.5 - 510.999, 2614.5 - 2 * 510.999
    for at, expected in ((single, 0.052), (double, 0.023)):
        k = int(at)
        beside = (row[k - 3] + row[k + 3]) / 2
        assert row[k] - beside == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(
    ("stuff", "element", "energy_keV"), [("NaI", "I", 60.0), ("Pb", "Pb", 150.0)]
)
def test_vacancies_send_out_the_lines_of_the_data(stuff, element, energy_keV):
    """In a ball that every X-ray leaves, what is missing from the photo effect are its lines."""
    n = 400_000
    scene, source = thin_ball(stuff, density_g_cm3=0.01)
    tally = simulate(scene, source, [energy_keV], n, seed=6, threads=1, bin_keV=0.1, physics=STILL)
    stuff_mu = material(stuff).coefficients([energy_keV])
    scale = 0.01 / material(stuff).density_g_cm3
    photo = -np.expm1(-stuff_mu.interaction[0] * scale) * float(
        stuff_mu.photo[0] / stuff_mu.interaction[0]
    )
    photo *= float(material(stuff).photo_shares(np.array([energy_keV]))[element][0])
    shares = _rows("photo_shells.csv")[element]
    k_share = np.interp(
        energy_keV,
        [float(r["energy_keV"]) for r in shares],
        [float(r["K_share"]) for r in shares],
    )
    k_yield = float(_rows("xray_yields.csv")[element][0]["fluorescence_yield"])
    lines = [r for r in _rows("xray_lines.csv")[element] if r["shell"] == "K"]
    norm = sum(float(r["rate"]) for r in lines)
    # one L X-ray may follow from the shell that filled the K shell: at most 20 keV
    low = energy_keV - max(float(r["energy_keV"]) for r in lines) - 20
    high = energy_keV - min(float(r["energy_keV"]) for r in lines) + 0.1
    centres = (tally.edges_keV[1:] + tally.edges_keV[:-1]) / 2
    inside = (centres > low) & (centres < high)
    got = float(tally.continuum[0][inside].sum())
    expected = photo * k_share * k_yield
    sigma = np.sqrt(expected / n)
    assert norm == pytest.approx(1, abs=0.01)
    assert abs(got - expected) < SIGMAS * sigma + 0.03 * expected


def test_the_stated_uncertainty_is_that_of_repeated_runs():
    scene, source = bare_nai(10.0)
    runs = [
        simulate(scene, source, [661.657], 1500, seed=100 + s, threads=1, bin_keV=50.0)
        for s in range(60)
    ]
    for name in ("full_energy", "total", "first_collision", "deposited_keV"):
        values = np.array([getattr(r, name).value[0] for r in runs])
        sigmas = np.array([getattr(r, name).sigma[0] for r in runs])
        chi2 = float(np.sum(((values - values.mean()) / sigmas) ** 2))
        low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], len(runs) - 1)
        assert low < chi2 < high, name
    bins = np.array([r.continuum[0][:9] for r in runs])
    spread = np.array([r.continuum_sigma[0][:9] for r in runs]).mean(axis=0)
    ratio = bins.std(axis=0, ddof=1) / spread
    assert np.all((ratio > 0.65) & (ratio < 1.4))


def test_threads_and_repeats_change_no_bit():
    scene, source = bare_nai(10.0)
    runs = [simulate(scene, source, [356.0, 2614.5], 5003, seed=9, threads=t) for t in (1, 2, 3, 2)]
    for other in runs[1:]:
        assert np.array_equal(runs[0].continuum, other.continuum)
        assert np.array_equal(runs[0].continuum_sigma, other.continuum_sigma)
        for name in ("full_energy", "total", "first_collision", "deposited_keV"):
            assert np.array_equal(getattr(runs[0], name).value, getattr(other, name).value)
    other = simulate(scene, source, [356.0, 2614.5], 5003, seed=10, threads=1)
    assert not np.array_equal(runs[0].continuum, other.continuum)


def test_an_energy_gives_the_same_bits_whatever_else_is_asked():
    scene, source = bare_nai(10.0)
    alone = simulate(scene, source, [356.0], 5003, seed=9, threads=1)
    among = simulate(scene, source, [59.5, 2614.5, 356.0, 661.7], 5003, seed=9, threads=2)
    bins = alone.continuum.shape[1]
    assert np.array_equal(alone.continuum[0], among.continuum[2, :bins])
    assert np.array_equal(alone.continuum_sigma[0], among.continuum_sigma[2, :bins])
    assert not among.continuum[2, bins:].any()
    for name in ("full_energy", "total", "first_collision", "deposited_keV"):
        assert getattr(alone, name).value[0] == getattr(among, name).value[2]
        assert getattr(alone, name).sigma[0] == getattr(among, name).sigma[2]
    # neighbours in energy, down to the last bit, draw numbers of their own
    near = simulate(scene, source, [356.0, np.nextafter(356.0, 400.0)], 5003, seed=9, threads=1)
    assert not np.array_equal(near.continuum[0], near.continuum[1])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shape=st.sampled_from(["sphere", "box", "cylinder"]),
    axis=st.sampled_from(["x", "y", "z"]),
    size=st.floats(0.2, 5.0),
    stuffs=st.tuples(*[st.sampled_from(["NaI", "Pb", "air", "water", "vacuum", "CZT", "U"])] * 2),
    energy_keV=st.floats(10.5, 10_000.0),
    seed=st.integers(0, 2**64 - 1),
    inside=st.booleans(),
)
def test_no_energy_is_lost_or_made(shape, axis, size, stuffs, energy_keV, seed, inside):
    sizes = {"sphere": (size,), "box": (size, 2 * size, size), "cylinder": (size, 2 * size)}[shape]
    core = Body("core", "box", (0.3 * size, 0.2 * size, 0.1 * size), "Ge", axis="x")
    can = Body("can", shape, sizes, stuffs[0], children=(core,), axis=axis)
    scene = Scene(Body("world", "sphere", (20,), stuffs[1], children=(can,)), "core")
    source = VolumeSource("can") if inside else PointSource((0.0, 12.0, 1.0), aim="can")
    tally = simulate(scene, source, [energy_keV], 200, seed=seed, threads=1, bin_keV=10.0)
    assert tally.lost == 0
    assert tally.worst_imbalance_keV < 1e-6
    assert 0 <= tally.full_energy.value[0] <= tally.total.value[0] <= 1
    assert tally.deposited_keV.value[0] <= energy_keV


def test_electrons_and_bremsstrahlung_take_from_the_peak_of_a_small_crystal():
    body = Body("crystal", "box", (1, 1, 1), "CsI")
    scene = Scene(Body("world", "sphere", (20,), "vacuum", children=(body,)), "crystal")
    source = PointSource((0, 0, -5), aim="crystal")
    peaks = [
        simulate(scene, source, [2614.5], 600_000, seed=11, threads=1, physics=p).full_energy
        for p in (STILL, Physics(bremsstrahlung=False), Physics())
    ]
    assert peaks[0].value[0] > 1.05 * peaks[1].value[0] > 1.05 * peaks[2].value[0]


def test_a_line_source_on_its_axis_and_a_shell_around_it():
    """A shell of lead is a sphere in a sphere: what crosses it unhurt is the exponential."""
    ball = Body("ball", "sphere", (4.0,), "NaI")
    scene = Scene(
        Body(
            "world", "sphere", (60,), "vacuum",
            children=(
                Body("shell", "sphere", (2.0,), "Pb",
                     children=(Body("hollow", "sphere", (1.5,), "air"),)),
                Body("far", "sphere", (4.0,), "NaI", (0, 0, 30.0)),
            ),
        ),
        "far",
    )  # fmt: skip
    tally = simulate(
        scene, PointSource((0, 0, 0), aim="far"), [661.657], 40_000, seed=12, threads=1,
        physics=PLAIN,
    )  # fmt: skip
    mu = material("NaI").coefficients([661.657]).interaction[0]
    lead = material("Pb").coefficients([661.657]).interaction[0]
    # mean of 1 - exp(-mu chord) over the solid angle of the ball, by quadrature
    nodes, weights = np.polynomial.legendre.leggauss(200)
    most = np.arcsin(4.0 / 30.0)
    angle = most / 2 * (nodes + 1)
    chord = 2 * np.sqrt(np.maximum(16 - (30 * np.sin(angle)) ** 2, 0))
    share = np.sum(weights * -np.expm1(-mu * chord) * np.sin(angle) / 2) * most / 2
    got = tally.first_collision
    air = material("air").coefficients([661.657]).interaction[0]
    expected = share * np.exp(-lead * 0.5 - air * 1.5)
    assert beyond(got.value[0], got.sigma[0], expected) < SIGMAS
    assert ball.volume_cm3 == pytest.approx(4 / 3 * np.pi * 64)
