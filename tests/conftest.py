"""Fixtures that all tests share: the real recordings, and what is skipped without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared test data; the test is skipped by name where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder ../shared/data is absent: real test data not available")
    return SHARED_DATA


@pytest.fixture(scope="session")
def recordings(shared_data: Path) -> Path:
    """Folder of the real recordings."""
    return shared_data / "recordings"


@pytest.fixture(scope="session")
def short_walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic walk of ten minutes past three sources, written as N42."""
    from tocsin.scenario import demo_scene, simulate_walk, write_scenario

    recording, truth = simulate_walk(
        demo_scene(duration_s=600.0), np.random.default_rng(20260101), seed=20260101
    )
    return write_scenario(tmp_path_factory.mktemp("walk"), recording, truth=truth).walk
