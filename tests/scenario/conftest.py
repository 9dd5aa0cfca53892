"""Walks that the tests of this room share: worked out once, because shapes take seconds."""

from __future__ import annotations

import numpy as np
import pytest
from plain_scenes import NOMINAL, plain_scene

from tocsin.scenario import demo_scene, simulate_walk
from tocsin.scenario.truth import Truth
from tocsin.spectra import Recording


@pytest.fixture(scope="session")
def demo() -> tuple[Recording, Truth]:
    return simulate_walk(demo_scene(), np.random.default_rng(7), seed=7)


@pytest.fixture(scope="session")
def flat_walk() -> Recording:
    """300 s of a constant scene."""
    return simulate_walk(plain_scene(), np.random.default_rng(3), perturbation=NOMINAL)[0]
