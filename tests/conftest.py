"""Fixtures that all tests share: the real recordings, and what is skipped without them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# How long an example takes depends on what else the machine does: no test is a test of speed.
hypothesis.settings.register_profile("tocsin", deadline=None)
hypothesis.settings.load_profile("tocsin")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Test files of two rooms may bear one name (importlib mode), so what they share within a room is
# found by the folders of all rooms; after everything installed, so that nothing is hidden.
sys.path.extend(str(p) for p in sorted(Path(__file__).parent.iterdir()) if p.is_dir())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what failed at the first try of a test that has a second one."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first try of {report.nodeid}")
        terminalreporter.line(report.longreprtext)


def pytest_configure(config: pytest.Config) -> None:
    """Give one run of the tests, with all its workers, a cache of computed arrays of its own.

    Arrays that other code has left in the user's cache must not make a test green. Workers share
    the processors already: more threads in each only stand in each other's way.
    """
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="tocsin-test-cache-")
        os.environ["TOCSIN_CACHE"] = folder
        # settings are read when they are first imported: never the installation of this machine
        os.environ["TOCSIN_DATA"] = os.path.join(folder, "server")
        os.environ["DATABASE_URL"] = os.environ.get("TOCSIN_TEST_DATABASE_URL", "")
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        _read_settings_again()
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def _read_settings_again() -> None:
    """Settings from the environment above: the Django plugin has read them before this file."""
    from django.conf import settings
    from django.db import connections

    from tocsin.server.configuration import read_configuration

    settings.TOCSIN = read_configuration()
    settings.DATABASES = {"default": settings.TOCSIN.database}
    # what the handler of connections remembers of the former ones
    connections._settings = None
    connections.__dict__.pop("settings", None)
    if hasattr(connections._connections, "default"):
        del connections["default"]


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
