"""Photons of a source, and which of its lines matter behind a layer."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detectors import Shield, material
from tocsin.detectors.irradiation import named_shielding
from tocsin.detectors.source_photons import LEAST_SHARE, source_photons
from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import load_library

LIBRARY = load_library()


def test_lines_of_a_source_are_those_of_the_library_and_weaker_ones() -> None:
    found = source_photons("Am-241", library=LIBRARY)
    at = np.flatnonzero(np.abs(found.energies_keV - 59.5409) < 0.01)
    assert found.intensities[at].sum() == pytest.approx(0.359, abs=0.002)
    at = np.flatnonzero(np.abs(found.energies_keV - 662.4) < 0.01)
    assert found.intensities[at].sum() == pytest.approx(3.64e-6, rel=0.01)
    assert found.energies_keV.min() >= 20
    assert found.lines_outside > 0.1  # L X-rays
    # of an impure parent only what has grown in: Pu-241 of a year
    young = source_photons("Pu-241", library=LIBRARY, age_s=3.156e7)
    grown = young.intensities[np.abs(young.energies_keV - 662.4) < 0.01].sum()
    assert grown == pytest.approx(3.64e-6 * young.chain["Am-241"], rel=0.01)


def test_what_matters_is_what_arrives() -> None:
    found = source_photons("Am-241", library=LIBRARY)
    thick = named_shielding("Pb 1 cm")
    bare, behind = found.kept(None), found.kept(thick)
    low, high = (
        np.abs(found.energies_keV - 59.54) < 0.01,
        np.abs(found.energies_keV - 722.01) < 0.01,
    )
    assert bare[low].all()
    assert not behind[low].any()
    assert behind[high].all()
    weakest = np.abs(found.energies_keV - 801.94) < 0.01
    assert found.intensities[weakest] == pytest.approx(1.36e-8, rel=0.01)
    assert behind[weakest].all()
    mu = material("Pb").coefficients(found.energies_keV).interaction
    arriving = found.energies_keV * found.intensities * np.exp(-mu)
    assert behind == pytest.approx(arriving > LEAST_SHARE * arriving.sum())


def test_a_layer_that_lets_next_to_nothing_through_keeps_the_hardest() -> None:
    found = source_photons("Cs-137", library=LIBRARY)
    kept = found.kept(Shield("Pb", 1135.0))  # a metre: exp(-120)
    assert kept.any()
    assert found.energies_keV[kept].min() > 600


def test_sources_without_lines_and_without_photons() -> None:
    beta = source_photons("P-32", library=LIBRARY)
    assert not beta.intensities.any()
    assert beta.shines
    assert not beta.kept(None).any()
    nothing = source_photons("H-3", library=LIBRARY)
    assert not nothing.shines
    with pytest.raises(NotFound):
        source_photons("Fe-56", library=LIBRARY)
    with pytest.raises(InvalidInput, match="nothing of Tc-99m is left"):
        source_photons("Tc-99m", library=LIBRARY, age_s=1e9)
