"""Which of the peaks of a region are dropped once it is fitted."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_spectra import FWHM
from numpy.typing import NDArray

from tocsin.spectrometry.refine import RefineRules, prune
from tocsin.spectrometry.region import MOVE_FWHM, RegionFit, RegionProblem, fit_region
from tocsin.spectrometry.shape import NO_TAIL, profiles

FloatArray = NDArray[np.float64]

EDGES_KEV = np.arange(500.0, 821.0)
PEAK_KEV, PEAK_FWHM_KEV, AREA = 660.0, 40.0, 20_000.0
LEVEL = 100.0
RULES = RefineRules(
    width=lambda energies_keV: np.full_like(energies_keV, PEAK_FWHM_KEV),
    width_log_sigma=0.02,
    least_sigma=4.0,
    continuum_error=0.0,
    shape_error=0.0,
)


def fitted(
    home_keV: float, area: float, bend: FloatArray | float = 0.0, at_keV: float = PEAK_KEV
) -> RegionFit:
    """One peak that was proposed at a place, from which it goes so far as it may."""
    sigma = np.array([PEAK_FWHM_KEV / FWHM])
    shape = profiles(EDGES_KEV, np.array([at_keV]), sigma, NO_TAIL).value[0]
    return fit_region(
        RegionProblem(
            counts=np.round(area * shape + LEVEL + bend),
            edges_keV=EDGES_KEV,
            centres_keV=np.array([home_keV]),
            areas=np.array([max(area, 100.0)]),
            sigma_keV=sigma,
            width_sigma=np.array([0.02]),
        )
    )


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_strong_peak_that_was_proposed_too_far_away_arrives(side: float) -> None:
    home = PEAK_KEV + side * 1.3 * MOVE_FWHM * PEAK_FWHM_KEV
    fit = fitted(home, AREA)
    at_its_end = home - side * MOVE_FWHM * PEAK_FWHM_KEV
    assert fit.centres_keV[0] == pytest.approx(at_its_end, abs=1e-4)
    assert fit.at_end[0]
    # where it stands says little of where it belongs
    assert fit.centre_uncertainty_keV[0] > abs(fit.centres_keV[0] - PEAK_KEV)
    (kept,) = prune(fit, RULES).centres_keV
    assert kept == pytest.approx(PEAK_KEV, abs=0.5)


def test_a_strong_peak_at_the_end_of_its_region_is_kept_where_nothing_else_describes_it() -> None:
    fit = fitted(770.0, AREA, at_keV=795.0)
    assert fit.at_end[0]
    assert prune(fit, RULES).at_end.tolist() == [True]


def test_a_bend_of_the_continuum_is_no_peak() -> None:
    middle = 0.5 * (EDGES_KEV[1:] + EDGES_KEV[:-1])
    fit = fitted(PEAK_KEV, 0.0, 3000.0 * ((middle - 810.0) / 310.0) ** 2)
    assert prune(fit, RULES).n_peak == 0


def test_a_peak_that_follows_nothing_is_dropped() -> None:
    assert prune(fitted(PEAK_KEV, 0.0), RULES).n_peak == 0
