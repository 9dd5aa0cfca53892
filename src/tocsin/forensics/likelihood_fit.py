"""The fit of the two-level model by expectation maximisation, on whatever was measured.

A source with many samples counts as one source in the mean and the spread of the population; in
the spread within sources it counts by its samples, unless asked otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from tocsin.errors import InvalidInput
from tocsin.forensics.composition import Table
from tocsin.forensics.likelihood import TwoLevelModel, design_matrices
from tocsin.forensics.likelihood_density import masked_inverse
from tocsin.forensics.likelihood_sites import Sites, diagonal_matrices

Array = NDArray[np.float64]
Index = NDArray[np.intp]
MAX_ITERATIONS = 60
TOLERANCE = 2e-3
# Pseudo-observations that keep a covariance positive when a feature is nearly constant, and their
# size as a share of the total variance of the feature.
_FLOOR_COUNT = 2.0
_FLOOR_WITHIN = 0.02
_FLOOR_BETWEEN = 0.1
# Candidates for the weight of the pooled within-source covariance, in samples.
_POOLING = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 512.0)


def fit(
    table: Table,
    *,
    start: TwoLevelModel | None = None,
    equal_sources: bool = False,
    max_iterations: int = MAX_ITERATIONS,
) -> TwoLevelModel:
    """Fit the two-level model.

    Parameters
    ----------
    table : Table
        Samples of at least three sources, one of them with two samples.
    start : TwoLevelModel, optional
        A fit of nearly the same data, to begin from.
    equal_sources : bool
        True gives every source the same weight in what is pooled within sources. False weighs
        samples, which is more precise where small sources hardly show their spread.
    max_iterations : int
        Iterations of expectation maximisation; it ends earlier when no standard deviation moves
        by more than ``TOLERANCE`` of itself.

    Raises
    ------
    InvalidInput
        When there are too few sources or no repeated samples to tell the two levels apart.
    """
    sources, source_of = np.unique(np.array(table.sources), return_inverse=True)
    groups = tuple(sorted(set(table.groups)))
    counts = np.bincount(source_of)
    if len(sources) < 3 or counts.max() < 2:
        raise InvalidInput("a library needs three sources, and a source with two samples")
    first = np.array([int(np.flatnonzero(source_of == k)[0]) for k in range(len(sources))])
    group_of = np.array([groups.index(table.groups[i]) for i in first], dtype=np.intp)
    state = _State(table, source_of, group_of, len(groups), equal_sources=equal_sources)
    if start is not None:
        state.begin_from(start)
    for _ in range(max_iterations):
        before = np.sqrt(np.r_[np.diag(state.within), np.diag(state.between)])
        state.iterate()
        after = np.sqrt(np.r_[np.diag(state.within), np.diag(state.between)])
        if np.all(np.abs(after - before) <= TOLERANCE * before):
            break
    pooling = _pooling(state)
    samples = counts.astype(np.float64)[:, None, None]
    lots = [
        len({table.lots[i] for i in np.flatnonzero(source_of == k)}) for k in range(len(counts))
    ]
    return TwoLevelModel(
        table.names,
        tuple(str(s) for s in sources),
        groups,
        group_of,
        state.population,
        state.between,
        state.within,
        state.fixed,
        state.mean,
        state.covariance,
        (state.scatter + pooling * state.within) / (samples + pooling),
        # What repeats itself independently is the lot, not the sample.
        np.array(lots, dtype=np.float64) + pooling + 2.0,
        pooling,
    )


class _State:
    """Parameters and posteriors while the fit goes on."""

    def __init__(
        self, table: Table, source_of: Index, group_of: Index, groups: int, *, equal_sources: bool
    ) -> None:
        self.table, self.source_of, self.group_of, self.groups = table, source_of, group_of, groups
        n, p = table.values.shape
        q = table.random_design.shape[1]
        self.h = design_matrices(table.random_design, p)
        self.sources = len(group_of)
        per_source = n / self.sources / np.bincount(source_of)
        self.weight = per_source[source_of] if equal_sources else np.ones(n)
        seen = table.observed | table.censored
        rough = np.where(table.observed, table.values, np.where(table.censored, table.upper, 0.0))
        total = np.maximum(seen.sum(axis=0), 1)
        mean = rough.sum(axis=0) / total
        variance = (np.where(seen, rough - mean, 0.0) ** 2).sum(axis=0) / total
        variance = np.maximum(variance, 1e-8)
        self.floor_within = np.diag(_FLOOR_WITHIN * variance)
        self.floor_between = np.diag(_FLOOR_BETWEEN * np.tile(variance, q))
        self.within: Array = np.diag(0.3 * variance)
        self.between: Array = np.diag(0.5 * np.tile(variance, q))
        self.population = np.zeros((groups, p * q))
        self.population[:, :p] = mean
        self.fixed: Array = np.zeros((table.fixed_design.shape[1], p))
        self.mean = self.population[group_of]
        self.covariance = np.repeat(self.between[None], self.sources, axis=0)
        self.scatter = np.zeros((self.sources, p, p))
        self.row_scatter = np.zeros((n, p, p))
        self.sites = Sites.none(table)

    def begin_from(self, start: TwoLevelModel) -> None:
        """Take over the parameters of another fit; classes it lacks keep their own start."""
        self.within, self.between = start.within.copy(), start.between.copy()
        self.fixed = start.fixed.copy()
        if self.groups == len(start.groups):
            self.population = start.population_mean.copy()
        self.mean = self.population[self.group_of]

    def iterate(self) -> None:
        """One step: posteriors of the sources, expected scatter, new parameters."""
        t, h, g = self.table, self.h, self.source_of
        base = t.fixed_design @ self.fixed
        noise = self.within[None] + t.covariance
        values, extra = np.where(t.observed, t.values - base, 0.0), np.zeros_like(t.values)
        if t.censored.any():
            expected = np.einsum("npP,nP->np", h, self.mean[g])
            local = np.where(t.observed, values - expected, 0.0)
            self.sites = self.sites.updated(t, local, t.upper - base - expected, noise)
            filled, extra = self.sites.pseudo(local)
            values = np.where(t.censored, filled + expected, values)
        seen = t.observed | t.censored
        inverse, _ = masked_inverse(noise + diagonal_matrices(extra), seen)
        weighted = np.swapaxes(h, 1, 2) @ inverse
        precision = np.zeros((self.sources, *self.between.shape))
        pull = np.zeros((self.sources, len(self.between)))
        np.add.at(precision, g, weighted @ h)
        np.add.at(pull, g, np.einsum("nPq,nq->nP", weighted, values))
        prior = np.linalg.inv(self.between)
        self.covariance = np.linalg.inv(precision + prior)
        self.mean = np.einsum(
            "kPQ,kQ->kP", self.covariance, pull + self.population[self.group_of] @ prior
        )
        residual = np.where(seen, values - np.einsum("npP,nP->np", h, self.mean[g]), 0.0)
        spread = h @ self.covariance[g] @ np.swapaxes(h, 1, 2)
        gain = self.within[None] @ inverse
        second = residual[:, :, None] * residual[:, None, :] + spread
        scatter = self.within[None] - gain @ self.within[None]
        scatter = scatter + gain @ second @ np.swapaxes(gain, 1, 2)
        shift = np.einsum("npq,nq->np", gain, residual)
        self._maximise(scatter, shift)

    def _maximise(self, scatter: Array, shift: Array) -> None:
        t, n = self.table, len(self.table)
        pooled = np.einsum("n,npq->pq", self.weight, scatter) + _FLOOR_COUNT * self.floor_within
        free = max(n - self.sources, 1)
        self.within = shrunk(pooled / (self.weight.sum() + _FLOOR_COUNT), free)
        self.row_scatter = scatter
        self.scatter = np.zeros((self.sources, *self.within.shape))
        np.add.at(self.scatter, self.source_of, scatter)
        for k in range(self.groups):
            self.population[k] = self.mean[self.group_of == k].mean(axis=0)
        off = self.mean - self.population[self.group_of]
        between = off.T @ off + self.covariance.sum(axis=0) + _FLOOR_COUNT * self.floor_between
        degrees = max(self.sources - self.groups, 1)
        self.between = shrunk(between / (degrees + _FLOOR_COUNT), degrees)
        if t.fixed_design.shape[1]:
            c, target = t.fixed_design, shift + t.fixed_design @ self.fixed
            gram = c.T @ (self.weight[:, None] * c) + 1e-9 * np.eye(c.shape[1])
            found = np.linalg.solve(gram, c.T @ (self.weight[:, None] * target))
            self.fixed = np.asarray(found, dtype=np.float64)


def shrunk(covariance: Array, degrees: int) -> Array:
    r"""Covariance with its correlations drawn towards zero as far as their number demands.

    The weight of the diagonal is :math:`\sum (1 - r^2)^2 / \nu \,/ \sum r^2` over all pairs, the
    estimated variance of the correlations over their size (after Schäfer and Strimmer 2005, with
    the asymptotic variance of a correlation), at most 1.

    References
    ----------
    J. Schäfer, K. Strimmer, Stat. Appl. Genet. Mol. Biol. 4 (2005) 32, doi 10.2202/1544-6115.1175.
    """
    width = np.sqrt(np.diag(covariance))
    r = covariance / np.outer(width, width)
    pairs = r[np.triu_indices(len(r), 1)]
    size = float(np.sum(pairs**2))
    if size == 0.0:
        return covariance
    share = min(1.0, float(np.sum((1.0 - pairs**2) ** 2)) / degrees / size)
    drawn = (1.0 - share) * r
    np.fill_diagonal(drawn, 1.0)
    answer: Array = drawn * np.outer(width, width)
    return answer


def _pooling(state: _State) -> float:
    """Samples that the pooled within-source covariance counts for in that of one source.

    The candidate under which the scatters of all sources about their means are most probable: the
    marginal likelihood of an inverse-gamma prior about the pooled variance, feature by feature
    over what was measured. Expected scatter of missing parts would only repeat the pooled one.
    """
    seen = state.table.observed | state.table.censored
    each = np.where(seen, np.einsum("nii->ni", state.row_scatter), 0.0)
    scatter = np.zeros((state.sources, each.shape[1]))
    count = np.zeros_like(scatter)
    np.add.at(scatter, state.source_of, each)
    np.add.at(count, state.source_of, seen.astype(np.float64))
    pooled = np.diag(state.within)
    best, answer = -np.inf, _POOLING[-1]
    for candidate in _POOLING:
        shape, prior = candidate + 2.0, candidate * pooled
        total = float(
            np.sum(
                gammaln((shape + count) / 2)
                - gammaln(shape / 2)
                + shape / 2 * np.log(prior)
                - (shape + count) / 2 * np.log(prior + scatter)
            )
        )
        if total > best:
            best, answer = total, candidate
    return answer
