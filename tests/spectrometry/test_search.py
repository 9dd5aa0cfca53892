"""The matched filter sees each peak once, wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.spectrometry import MeasuredSpectrum
from tocsin.spectrometry.search import search
from tocsin.spectrometry.shape import FWHM_PER_SIGMA

EDGES_KEV = 3.0 * np.arange(1001)
BESIDE_FWHM = 0.9


def width(energies_keV: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a sodium iodide crystal: 7 per cent at 662 keV."""
    return np.asarray(0.07 * np.sqrt(np.maximum(energies_keV, 1.0) * 661.66))


def counts(energy_keV: float, beside: float) -> NDArray[np.float64]:
    """A strong peak with a weaker one beside it, on a falling continuum."""
    fwhm = float(width(np.array([energy_keV]))[0])
    middle = 0.5 * (EDGES_KEV[1:] + EDGES_KEV[:-1])
    peaks = [(20_000.0, energy_keV), (beside, energy_keV - BESIDE_FWHM * fwhm)]
    shape = sum(a * np.diff(ndtr((EDGES_KEV - e) * FWHM_PER_SIGMA / fwhm)) for a, e in peaks)
    return np.round(shape + 3000.0 * np.exp(-middle / 200.0) + 20.0)


@pytest.mark.parametrize("beside", [0.0, 8_000.0])
def test_a_strong_peak_is_found_once_wherever_it_stands(beside: float) -> None:
    """Also where two stretches of the filter meet, whose kernels put it at two places."""
    wrong = []
    for energy in np.arange(100.0, 1500.0, 1.3):
        measured = MeasuredSpectrum(counts(energy, beside), EDGES_KEV)
        found = search(measured, width, least_sigma=4.0, low=10, high=990)
        near = np.abs(found.energies_keV - energy) < 0.35 * width(np.array([energy]))
        if near.sum() != 1:
            wrong.append(round(float(energy), 1))
    assert wrong == []


def test_nothing_is_found_beyond_the_channels_that_are_used() -> None:
    measured = MeasuredSpectrum(counts(300.0, 0.0), EDGES_KEV)
    for low, high in [(101, 990), (10, 99)]:
        found = search(measured, width, least_sigma=4.0, low=low, high=high)
        assert np.all(found.energies_keV >= EDGES_KEV[low])
        assert np.all(found.energies_keV <= EDGES_KEV[high])
