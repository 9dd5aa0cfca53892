"""The two-level model: a slow oracle for its densities, known truth for its fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tocsin.errors import InvalidInput
from tocsin.forensics.composition import Table
from tocsin.forensics.likelihood import TwoLevelModel, design_matrices
from tocsin.forensics.likelihood_fit import fit, shrunk

BETWEEN = np.array([[0.5, 0.3, 0.0], [0.3, 0.6, 0.1], [0.0, 0.1, 0.4]])
WITHIN = np.array([[0.10, 0.04, 0.0], [0.04, 0.08, -0.02], [0.0, -0.02, 0.12]])
MEAN = np.array([1.0, -2.0, 3.0])


def table_of(
    values: np.ndarray, sources: np.ndarray, limit: float = -np.inf, u: float = 0.02
) -> Table:
    """Samples with everything measured; values below ``limit`` become non-detects."""
    n, p = values.shape
    below = values < limit
    return Table(
        tuple("abcdefgh"[:p]),
        np.where(below, 0.0, values),
        ~below,
        np.where(below, limit, np.inf),
        np.broadcast_to(u**2 * np.eye(p), (n, p, p)).copy(),
        np.ones((n, 1)),
        np.zeros((n, 0)),
        tuple(f"s{i}" for i in range(n)),
        tuple(f"source {k:03d}" for k in sources),
        tuple(f"lot {i}" for i in range(n)),
        ("",) * n,
    )


def world(rng: np.random.Generator, sources: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    centre = rng.multivariate_normal(MEAN, BETWEEN, sources)
    k = np.repeat(np.arange(sources), samples)
    noise = rng.multivariate_normal(np.zeros(3), WITHIN, len(k))
    return centre[k] + noise + rng.normal(scale=0.02, size=(len(k), 3)), k


def model_of_truth(centres: np.ndarray, counts: int) -> TwoLevelModel:
    """The model with the true parameters and nearly normal predictions."""
    k = len(centres)
    within = np.linalg.inv(counts * np.linalg.inv(WITHIN))
    return TwoLevelModel(
        ("a", "b", "c"),
        tuple(f"source {i:03d}" for i in range(k)),
        ("",),
        np.zeros(k, dtype=np.intp),
        MEAN[None],
        BETWEEN,
        WITHIN,
        np.zeros((0, 3)),
        centres,
        np.repeat(within[None], k, axis=0),
        np.repeat(WITHIN[None], k, axis=0),
        np.full(k, 1e9),
        1.0,
    )


def test_joint_density_agrees_with_one_large_normal_distribution() -> None:
    """Samples in turn, each sharpening the source, is the same as all at once."""
    rng = np.random.default_rng(5)
    values, _ = world(rng, 1, 4)
    table = table_of(values, np.zeros(4, dtype=int))
    missing = rng.random((4, 3)) < 0.3
    table = replace(table, observed=~missing)
    centre = rng.normal(size=(2, 3)) + MEAN
    model = model_of_truth(centre, 5)
    h = np.vstack([np.eye(3)] * 4)
    noise = np.kron(np.eye(4), WITHIN + 0.02**2 * np.eye(3))
    seen = np.flatnonzero(~missing.ravel())
    for source in (0, 1):
        total = h @ model.source_covariance[source] @ h.T + noise
        oracle = stats.multivariate_normal(
            (h @ centre[source])[seen], total[np.ix_(seen, seen)]
        ).logpdf(values.ravel()[seen])
        # 1e9 degrees of freedom leave differences of log-gamma functions of some 1e-6.
        assert model.joint_log_densities(table)[0][source] == pytest.approx(float(oracle), abs=1e-4)


def test_the_fit_finds_the_spreads_of_a_large_world() -> None:
    values, k = world(np.random.default_rng(6), 300, 4)
    model = fit(table_of(values, k))
    # Relative standard error of a variance from n is sqrt(2/n): 8 % for 300 sources, 4 % for 900
    # degrees of freedom; four of them, and the floor of 2 in 300 pseudo-observations.
    np.testing.assert_allclose(np.diag(model.between), np.diag(BETWEEN), rtol=0.35)
    np.testing.assert_allclose(np.diag(model.within), np.diag(WITHIN), rtol=0.2)
    np.testing.assert_allclose(model.population_mean[0], MEAN, atol=4 * np.sqrt(0.6 / 300))
    r = model.between[0, 1] / np.sqrt(model.between[0, 0] * model.between[1, 1])
    assert r == pytest.approx(0.3 / np.sqrt(0.3), abs=4 * 0.7 / np.sqrt(300))


def test_missing_values_do_not_bias_the_fit() -> None:
    rng = np.random.default_rng(7)
    values, k = world(rng, 200, 4)
    table = table_of(values, k)
    whole = fit(table)
    gaps = fit(replace(table, observed=table.observed & (rng.random(values.shape) > 0.4)))
    np.testing.assert_allclose(np.diag(gaps.between), np.diag(whole.between), rtol=0.25)
    np.testing.assert_allclose(np.diag(gaps.within), np.diag(whole.within), rtol=0.25)
    np.testing.assert_allclose(gaps.population_mean, whole.population_mean, atol=0.15)


def test_non_detects_do_not_bias_the_fit_but_half_the_limit_does() -> None:
    values, k = world(np.random.default_rng(8), 150, 4)
    column, limit = values[:, :1], MEAN[0] - 0.3
    assert 0.25 < np.mean(column < limit) < 0.45
    whole = fit(table_of(column, k))
    censored = fit(table_of(column, k, limit))
    replaced = fit(table_of(np.where(column < limit, limit - np.log(2.0), column), k))
    left_out = table_of(column, k, limit)
    ignored = fit(replace(left_out, upper=np.full(column.shape, np.inf)))

    def off(model: TwoLevelModel) -> tuple[float, float]:
        return (
            abs(float(model.population_mean[0, 0] - whole.population_mean[0, 0])),
            abs(float(np.log(model.within[0, 0] / whole.within[0, 0]))),
        )

    assert off(censored)[0] < 0.08
    assert off(censored)[1] < 0.25
    assert off(ignored)[0] > 3 * off(censored)[0]
    assert off(replaced)[1] > 2 * off(censored)[1]


def test_known_measurement_uncertainty_is_not_taken_for_spread_within() -> None:
    rng = np.random.default_rng(9)
    values, k = world(rng, 150, 4)
    noisy = values + rng.normal(scale=0.4, size=values.shape)
    aware = fit(table_of(noisy, k, u=0.4))
    unaware = fit(table_of(noisy, k, u=0.02))
    # Analysis of variance on the complete data is the oracle; truth lies 12 % (k = 1) around it.
    moments = noisy.reshape(150, 4, 3).var(axis=1, ddof=1).mean(axis=0) - 0.4**2
    np.testing.assert_allclose(np.diag(aware.within), moments, rtol=0.15)
    assert np.all(np.diag(unaware.within) > 2 * np.diag(WITHIN))


def test_slopes_of_sources_and_common_curvature_are_found() -> None:
    rng = np.random.default_rng(10)
    sources, samples = 60, 8
    k = np.repeat(np.arange(sources), samples)
    x = rng.uniform(-1, 1, len(k))
    level, slope = rng.normal(2.0, 0.7, sources), rng.normal(-1.0, 0.3, sources)
    y = level[k] + slope[k] * x + 0.5 * x**2 + rng.normal(scale=0.1, size=len(k))
    table = replace(
        table_of(y[:, None], k, u=0.01),
        random_design=np.column_stack([np.ones(len(k)), x]),
        fixed_design=(x**2)[:, None],
    )
    model = fit(table)
    assert model.fixed[0, 0] == pytest.approx(0.5, abs=0.06)
    assert model.population_mean[0, 1] == pytest.approx(-1.0, abs=4 * 0.3 / np.sqrt(sources))
    assert np.corrcoef(model.source_mean[:, 1], slope)[0, 1] > 0.9
    assert design_matrices(table.random_design, 1).shape == (len(k), 1, 2)


def test_a_source_with_a_wide_spread_gets_a_wider_prediction() -> None:
    rng = np.random.default_rng(11)
    k = np.repeat(np.arange(20), 12)
    width = np.where(np.arange(20) < 10, 0.05, 0.5)
    y = rng.normal(size=20)[k] + rng.normal(size=len(k)) * width[k]
    model = fit(table_of(y[:, None], k, u=0.01))
    found = np.sqrt(model.source_within[:, 0, 0])
    assert np.median(found[10:]) > 2.5 * np.median(found[:10])


def test_correlations_are_drawn_to_zero_only_where_they_are_weak_or_few() -> None:
    strong = np.array([[1.0, 0.9], [0.9, 4.0]])
    strong[0, 1] = strong[1, 0] = 1.8
    assert shrunk(strong, 100)[0, 1] == pytest.approx(1.8, rel=0.02)
    weak = np.array([[1.0, 0.1], [0.1, 1.0]])
    assert shrunk(weak, 5)[0, 1] == 0.0
    np.testing.assert_allclose(np.diag(shrunk(strong, 3)), np.diag(strong))


def test_equal_sources_takes_the_weight_off_a_dominant_source() -> None:
    rng = np.random.default_rng(12)
    k = np.r_[np.zeros(300, dtype=int), np.repeat(np.arange(1, 31), 4)]
    width = np.where(k == 0, 1.0, 0.1)
    y = rng.normal(size=31)[k] + rng.normal(size=len(k)) * width
    table = table_of(y[:, None], k, u=0.01)
    by_sample = float(fit(table).within[0, 0])
    by_source = float(fit(table, equal_sources=True).within[0, 0])
    assert by_source < 0.2 * by_sample


def test_a_library_that_cannot_tell_the_levels_apart_is_refused() -> None:
    values, k = world(np.random.default_rng(13), 5, 2)
    with pytest.raises(InvalidInput, match="three sources"):
        fit(table_of(values[:4], k[:4]))
    with pytest.raises(InvalidInput, match="two samples"):
        fit(table_of(values[::2], k[::2]))
    model = fit(table_of(values, k))
    with pytest.raises(InvalidInput, match="different features"):
        model.source_log_density(table_of(values[:, :2], k), 0)
