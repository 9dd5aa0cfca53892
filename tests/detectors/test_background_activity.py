"""What a crystal of lanthanum bromide holds itself: alphas, betas; and what is close by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tocsin.detectors import named_model
from tocsin.detectors.background import background_fields
from tocsin.detectors.background.alphas import alpha_deposits, beta_deposits, lanthanum_betas
from tocsin.detectors.folding import Folder
from tocsin.detectors.model import Resolution
from tocsin.nuclear import load_library

GRID_keV = np.linspace(8.0, 4200.0, 2097)


@pytest.fixture(scope="module")
def folder() -> Folder:
    model = named_model("labr3-1.5x1.5in")
    return Folder(replace(model, resolution=Resolution(0.01, 0.0, 1e-8)), GRID_keV)


def test_betas_have_the_energy_that_the_evaluation_says(folder):
    counts = beta_deposits(folder)
    # one of each per decay in truth: one branch that reaches the end has a little too much energy
    assert 1.8 < counts.sum() < 2.05
    mean_keV = float(counts @ folder.centres_keV)
    assert mean_keV == pytest.approx(491.59 + 446.24, rel=0.01)
    assert not counts[GRID_keV[:-1] > 1431].any()
    assert counts[(GRID_keV[:-1] > 1300) & (GRID_keV[:-1] < 1360)].sum() > 0


def test_betas_of_lanthanum_are_harder_than_allowed_ones():
    energies, shares = lanthanum_betas()
    assert shares.sum() == pytest.approx(1.0)
    assert energies[-1] < 263.7
    # allowed: 71 keV, forbidden without the Coulomb field: 114 keV
    assert 85.0 < energies @ shares < 105.0


def test_five_alphas_and_two_betas_per_decay_for_every_light(folder):
    betas = beta_deposits(folder)
    rows = alpha_deposits(folder, load_library())
    for row in rows.values():
        assert (row - betas).sum() == pytest.approx(5.0, rel=1e-3)
        assert (row - betas).min() > -1e-9
    # the alpha of Po-215, alone at 7386 keV, leaves no level: its light and nothing else
    row = rows["Ac-227 at light 0.3250 + 0.024/MeV"]
    highest = folder.centres_keV > 2520
    mean_keV = float(row[highest] @ folder.centres_keV[highest] / row[highest].sum())
    assert row[highest].sum() == pytest.approx(1.0, rel=1e-6)
    assert mean_keV == pytest.approx(7386.1 * (0.325 + 0.024 * 0.8861), abs=0.5)


def test_the_energy_of_levels_mostly_stays_in_the_crystal(folder):
    """Light of a third and all levels: what photons take away is a small part."""
    row = alpha_deposits(folder, load_library())["Ac-227 at light 0.3300 + 0.000/MeV"]
    energy_keV = float((row - beta_deposits(folder)) @ folder.centres_keV)
    light_keV = 0.33 * 31_600
    # levels hold some 450 keV per decay of Ac-227 (ENSDF groups)
    assert light_keV + 350 < energy_keV < light_keV + 600


def test_what_is_close_by_has_lines_and_nothing_scattered():
    found = {f.name: f for f in background_fields(load_library()) if f.name.endswith("close by")}
    assert len(found) == 4
    potassium = found["K-40, close by"]
    assert potassium.unit == "1/cm2/s"
    assert not potassium.photons.continuum.any()
    at = int(np.argmax(potassium.photons.intensities))
    assert potassium.photons.energies_keV[at] == pytest.approx(1460.82, abs=0.05)
    # photons per decay (ENSDF: 0.1066)
    assert potassium.photons.intensities[at] == pytest.approx(0.1066, rel=0.02)
