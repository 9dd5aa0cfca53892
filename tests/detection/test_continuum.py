"""Sources without lines: what their photons are."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detection.continuum_photons import bremsstrahlung, continuum_photons, fission_gammas
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.nuclear import load_library


def test_bremsstrahlung_ends_with_the_betas_and_falls_all_the_way() -> None:
    photons = bremsstrahlung(2279.0)
    per_keV = photons / np.diff(PHOTON_EDGES_KEV)
    inside = PHOTON_CENTRES_KEV < 2250.0
    assert np.all(np.diff(per_keV[inside]) < 0)
    assert photons[PHOTON_CENTRES_KEV > 2279.0].sum() == 0.0
    assert photons.sum() == pytest.approx(1.0)


def test_higher_betas_make_harder_photons() -> None:
    means = [float(bremsstrahlung(end) @ PHOTON_CENTRES_KEV) for end in (764.0, 1711.0, 2279.0)]
    assert means == sorted(means)


def test_fission_gammas_fall_as_published_above_one_mev() -> None:
    per_keV = fission_gammas() / np.diff(PHOTON_EDGES_KEV)
    low, high = (int(np.argmin(np.abs(PHOTON_CENTRES_KEV - e))) for e in (1500.0, 2500.0))
    step_MeV = (PHOTON_CENTRES_KEV[high] - PHOTON_CENTRES_KEV[low]) / 1000.0
    assert np.log(per_keV[low] / per_keV[high]) / step_MeV == pytest.approx(1.1, rel=0.02)


def test_every_source_of_the_list_is_drawn() -> None:
    names = [name for name, _ in continuum_photons(load_library())]
    assert names == ["Y-90", "P-32", "Tl-204", "Cf-252"]
