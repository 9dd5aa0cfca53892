"""Photon fields from the cache against fields drawn afresh, and against the plain detector room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import survey_worlds as worlds

from tocsin.detection import source_fields as fields
from tocsin.detection.bank import build_shape_library
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Grid
from tocsin.detectors import array_cache, fold_lines, model_for
from tocsin.nuclear import load_library

FEW = ("Cs-137", "Tc-99m", "Ir-192")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three candidates only: drawing all takes seconds."""
    kept = tuple(c for c in fields.candidate_list() if c.name in FEW)
    monkeypatch.setattr(fields, "candidate_list", lambda: kept)


@pytest.mark.usefixtures("few")
def test_fields_from_the_cache_are_those_drawn_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(array_cache.CACHE_VARIABLE, str(tmp_path))
    library = load_library()
    read = fields.source_fields.__wrapped__
    first, second, fresh = read(library), read(library), fields.draw_fields(library)
    assert len(list(tmp_path.iterdir())) == 1
    assert set(fresh.nuclides) == set(FEW)
    for other in (first, second):
        assert other.deep.tobytes() == fresh.deep.tobytes()
        for name in FEW:
            a, b = other.nuclides[name], fresh.nuclides[name]
            assert (a.name, a.shields) == (b.name, b.shields)
            for kind in ("direct", "by_ground", "back", "sharp"):
                assert getattr(a, kind).tobytes() == getattr(b, kind).tobytes()


def test_a_bare_source_looks_like_its_folded_lines() -> None:
    """The grid of photons shifts lines by less than 0.6 %: shapes agree within a few per cent."""
    grid = Grid(worlds.EDGES_KEV, DetectorSettings())
    shapes = build_shape_library(worlds.INSTRUMENT, grid)
    model = model_for(worlds.INSTRUMENT, n_channel=256, edges_keV=worlds.EDGES_KEV)
    for name in FEW:
        lines = load_library().lines(name)
        exact = fold_lines(
            [line.energy_keV for line in lines],
            [line.intensity for line in lines],
            model,
            grid.edges_keV,
        )
        row = next(c for c in shapes.candidates if c.name == name).rows[0]
        assert np.abs(row - exact / exact.sum()).sum() < 0.06, name
