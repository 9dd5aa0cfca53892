"""Which of the peaks of a region are dropped once it is fitted."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_spectra import FWHM

from tocsin.spectrometry.refine import RefineRules, prune
from tocsin.spectrometry.region import MOVE_FWHM, RegionFit, RegionProblem, fit_region
from tocsin.spectrometry.shape import NO_TAIL, profiles

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


def fitted(home_keV: float, area: float) -> RegionFit:
    """One peak that was proposed at a place, from which it goes so far as it may."""
    sigma = np.array([PEAK_FWHM_KEV / FWHM])
    shape = profiles(EDGES_KEV, np.array([PEAK_KEV]), sigma, NO_TAIL).value[0]
    return fit_region(
        RegionProblem(
            counts=np.round(area * shape + LEVEL),
            edges_keV=EDGES_KEV,
            centres_keV=np.array([home_keV]),
            areas=np.array([max(area, 100.0)]),
            sigma_keV=sigma,
            width_sigma=np.array([0.02]),
        )
    )


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_strong_peak_that_stands_at_its_end_is_kept(side: float) -> None:
    """Misplaced as it is, without it its counts would be nobody's."""
    home = PEAK_KEV + side * 1.3 * MOVE_FWHM * PEAK_FWHM_KEV
    fit = fitted(home, AREA)
    at_its_end = home - side * MOVE_FWHM * PEAK_FWHM_KEV
    assert fit.centres_keV[0] == pytest.approx(at_its_end, abs=1e-4)
    assert prune(fit, RULES).n_peak == 1


def test_a_peak_that_follows_nothing_is_dropped() -> None:
    assert prune(fitted(PEAK_KEV, 0.0), RULES).n_peak == 0
