"""What single encounters draw, beside numerical integrals over the data."""

import numba
import numpy as np
import pytest

from tocsin.detectors.transport.chance import start_stream, uniform
from tocsin.detectors.transport.encounters import (
    HC_keV_A,
    M_keV,
    broadened,
    compton,
    photoelectron_cosine,
    rayleigh,
)
from tocsin.detectors.transport.matter import _rows, matter_of

N = 100_000


@numba.njit
def drawn(matter, energy, kind, n, seed):
    state = np.zeros(2, dtype=np.uint64)
    start_stream(state, seed, 0, 0)
    out = np.zeros(n)
    for i in range(n):
        if kind == 0:
            out[i] = compton(matter, 0, energy, False, state)
        elif kind == 1:
            out[i] = compton(matter, 0, energy, True, state)
        elif kind == 2:
            out[i] = rayleigh(matter, 0, energy, state)
        elif kind == 3:
            out[i] = photoelectron_cosine(energy, state)
        elif kind == 4:
            out[i] = broadened(matter, 0, energy, 0.0, state)[0]
        else:
            out[i] = uniform(state)
    return out


COSINES = np.linspace(-1, 1, 200_001)


def klein_nishina(energy):
    ratio = 1 / (1 + energy / M_keV * (1 - COSINES))
    return ratio**2 * (ratio + 1 / ratio - (1 - COSINES**2))


def transfer(energy):
    return energy / HC_keV_A * np.sqrt((1 - COSINES) / 2)


def function_of(element, column, x):
    rows = _rows("scattering.csv")[element]
    at = np.log([float(r["x_per_angstrom"]) for r in rows])
    values = np.array([float(r[column]) for r in rows])
    return np.exp(np.interp(np.log(np.maximum(x, 1e-9)), at, np.log(np.maximum(values, 1e-12))))


def moments_agree(sample, density):
    density = density / density.sum()
    for power in (1, 2, 3):
        mean = np.sum(density * COSINES**power)
        sigma = np.sqrt((np.sum(density * COSINES ** (2 * power)) - mean**2) / sample.size)
        # one part in a thousand for the straight lines between the points of the tables
        assert abs(np.mean(sample**power) - mean) < 4.5 * sigma + 1e-3, power


@pytest.mark.parametrize("energy", [30.0, 661.657, 2614.5])
def test_free_compton_is_klein_nishina(energy):
    sample = drawn(matter_of(["Al|"]), energy, 0, N, np.uint64(1))
    moments_agree(sample, klein_nishina(energy))


@pytest.mark.parametrize(("name", "energy"), [("Ge", 20.0), ("Pb", 60.0), ("Pb", 661.657)])
def test_bound_compton_follows_the_scattering_function(name, energy):
    sample = drawn(matter_of([f"{name}|"]), energy, 1, N, np.uint64(2))
    s = function_of(name, "incoherent_S", transfer(energy))
    moments_agree(sample, klein_nishina(energy) * s)


@pytest.mark.parametrize(("name", "energy"), [("Ge", 20.0), ("Pb", 100.0), ("Al", 661.657)])
def test_coherent_scattering_follows_the_form_factor(name, energy):
    sample = drawn(matter_of([f"{name}|"]), energy, 2, N, np.uint64(3))
    f = function_of(name, "form_factor_F", np.maximum(transfer(energy), 0.005))
    moments_agree(sample, (1 + COSINES**2) * f**2)


@pytest.mark.parametrize("energy", [20.0, 500.0, 2000.0])
def test_photoelectrons_follow_sauter(energy):
    sample = drawn(matter_of(["Al|"]), energy, 3, N, np.uint64(4))
    beta = np.sqrt(1 - 1 / (1 + energy / M_keV) ** 2)
    moments_agree(sample, (1 - COSINES**2) / (1 - beta * COSINES) ** 4)


def test_broadening_gives_back_the_momenta_of_the_profiles():
    energy = 661.657
    after = drawn(matter_of(["Ge|"]), energy, 4, N, np.uint64(5))
    # momentum along the transfer from the energies, at 90 degrees, in atomic units
    pz = np.abs(energy * after / M_keV - (energy - after)) / np.hypot(energy, after) * 137.036
    rows = _rows("compton_profiles.csv")["Ge"]
    names = [k for k in rows[0] if k.startswith("J_")]
    p = np.array([float(k[2:]) for k in names])
    electrons = np.array([float(r["electrons"]) for r in rows])
    j = electrons @ np.array([[float(r[k]) for k in names] for r in rows])
    under = np.concatenate(([0.0], np.cumsum((j[1:] + j[:-1]) / 2 * np.diff(p))))
    for share in (0.25, 0.5, 0.75, 0.9):
        expected = np.interp(share * under[-1], under, p)
        spread = np.sqrt(share * (1 - share) / N)
        low, high = (np.interp((share + k * 4.5 * spread) * under[-1], under, p) for k in (-1, 1))
        assert low * 0.995 < np.quantile(pz, share) < high * 1.005, expected


def test_numbers_are_even_and_never_the_ends():
    sample = drawn(matter_of(["Al|"]), 100.0, 5, N, np.uint64(6))
    assert sample.min() > 0
    assert sample.max() < 1
    counts = np.histogram(sample, 50, (0, 1))[0]
    assert np.sum((counts - N / 50) ** 2 / (N / 50)) < 105  # chi-square of 49, p = 5e-6
    pairs = np.corrcoef(sample[:-1], sample[1:])[0, 1]
    assert abs(pairs) < 4.5 / np.sqrt(N)
