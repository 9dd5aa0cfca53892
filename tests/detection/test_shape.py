"""Identification by shape: names, refusal, natural explanations."""

from __future__ import annotations

import numpy as np
import pytest
import survey_worlds as worlds

from tocsin.detection.bank import build_shape_library
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.shape import ShapeProblem, ShapeResult, identify_shape
from tocsin.detection.slices import Grid

GRID = Grid(worlds.EDGES_KEV, DetectorSettings())
LIVE_S = 6.0


def bins(counts: np.ndarray) -> np.ndarray:
    return np.add.reduceat(counts[: GRID.stop], GRID.starts)


def explain(net: np.ndarray, seed: int, *, spectral: bool = True, **more: object) -> ShapeResult:
    rng = np.random.default_rng(seed)
    rate = worlds.natural(1000.0).sum(axis=0)
    counts = bins(rng.poisson(rate * LIVE_S + net).astype(float))
    known = bins(rng.poisson(rate * 120.0).astype(float)) / 120.0
    problem = ShapeProblem(
        counts=counts,
        rate_cps=np.maximum(known, 1e-3),
        live_time_s=LIVE_S,
        background_time_s=120.0,
        dispersion=1.0,
        duration_s=LIVE_S,
        peak_rate_cps=float(more.get("peak", counts.sum() / LIVE_S)),
        spectral=spectral,
        overloaded=bool(more.get("overloaded", False)),
    )
    return identify_shape(problem, build_shape_library(worlds.INSTRUMENT, GRID))


@pytest.mark.parametrize(
    ("name", "source_class"),
    [
        ("Cs-137", "industrial"),
        ("Co-60", "industrial"),
        ("Am-241", "industrial"),
        ("Ba-133", "industrial"),
        ("Co-57", "industrial"),
        ("Tc-99m", "medical"),
        ("I-131", "medical"),
        ("F-18", "medical"),
    ],
)
def test_strong_sources_are_named(name: str, source_class: str) -> None:
    result = explain(4000.0 * worlds.source(name), seed=1)
    assert [f.name for f in result.findings] == [name]
    assert result.source_class == source_class
    assert 0.5 < result.findings[0].confidence <= 0.9
    assert result.model_counts is not None
    assert "chi-squared" in result.findings[0].evidence


def test_two_nuclides_are_both_named() -> None:
    result = explain(5000.0 * worlds.source("Cs-137") + 5000.0 * worlds.source("Co-60"), seed=2)
    assert {f.name for f in result.findings} == {"Cs-137", "Co-60"}


def test_more_of_nature_is_natural() -> None:
    for seed in range(4):
        net = 0.6 * LIVE_S * worlds.natural(1000.0)[2]
        result = explain(net, seed=seed, spectral=False)
        assert result.source_class == "norm"


def test_potassium_alone_is_natural() -> None:
    result = explain(3000.0 * worlds.source("K-40"), seed=3)
    assert result.source_class == "norm"


def test_a_short_strong_rise_of_radium_alone_is_a_source() -> None:
    result = explain(60_000.0 * worlds.source("Ra-226"), seed=4)
    assert result.source_class == "industrial"
    assert [f.name for f in result.findings] == ["Ra-226"]


def test_overload_names_nothing() -> None:
    for more in ({"overloaded": True}, {"peak": 2e5}):
        result = explain(50_000.0 * worlds.source("Cs-137"), seed=5, **more)
        assert result.source_class == "unknown"
        assert result.findings == ()


def test_a_smooth_continuum_is_never_a_named_nuclide() -> None:
    centres = 0.5 * (worlds.EDGES_KEV[1:] + worlds.EDGES_KEV[:-1])
    for temperature in (60.0, 120.0, 250.0):
        shape = np.where(centres > 30, np.exp(-centres / temperature), 0.0)
        for amount in (1000.0, 5000.0):
            result = explain(amount * shape / shape.sum(), seed=6)
            assert result.findings == (), (temperature, amount)


def test_probabilities_are_a_distribution() -> None:
    result = explain(800.0 * worlds.source("Cs-137"), seed=7)
    assert sum(result.probabilities.values()) == pytest.approx(1.0)
    assert min(result.probabilities.values()) >= 0.0
