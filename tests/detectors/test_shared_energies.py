"""Sharp energies on a grid keep their sum and their mean."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detectors.shared_energies import shared_energies

GRID_KEV = np.geomspace(10.0, 1000.0, 40)


def test_sum_and_mean_are_kept() -> None:
    random = np.random.default_rng(3)
    at, areas = random.uniform(10.0, 1000.0, 500), random.uniform(0.0, 2.0, 500)
    found = shared_energies(at, areas, GRID_KEV)
    assert found.sum() == pytest.approx(areas.sum())
    assert found @ GRID_KEV == pytest.approx(at @ areas)


def test_an_energy_stands_at_its_neighbours_and_at_the_end_where_it_lies_beyond() -> None:
    between = 0.25 * GRID_KEV[7] + 0.75 * GRID_KEV[8]
    found = shared_energies(np.array([between, GRID_KEV[3], 5.0, 2e3]), np.ones(4), GRID_KEV)
    wanted = np.zeros(40)
    wanted[[0, 3, 7, 8, 39]] = 1.0, 1.0, 0.25, 0.75, 1.0
    np.testing.assert_allclose(found, wanted, atol=1e-12)
