"""Which candidates are in a spectrum: non-negative mixtures, grown, exchanged and pruned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csc_matrix

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_INDEPENDENT = 1e-4  # of a column's own norm must be left when the others are fitted away


@dataclass(frozen=True)
class Fit:
    """Amounts of the columns in use.

    Attributes
    ----------
    chi2 : float
        Sum of squares left, priors included.
    base : (b,) float
        Amounts of what is always in.
    amounts : dict of int to (m,) float
        By candidate, amounts of its templates.
    inside : (n, p) float
        Whitened columns with positive amounts.
    residual : (n,) float
        Whitened data less the fit.
    """

    chi2: float
    base: FloatArray
    amounts: dict[int, FloatArray]
    inside: FloatArray
    residual: FloatArray


@dataclass(frozen=True)
class Mixture:
    """Whitened data with what is always in it and what may be.

    Attributes
    ----------
    data : (n,) float
        Whitened data: unit variance, independent.
    base : (n, b) float
        Whitened columns that are always offered.
    base_weight, base_value : (b,) float
        Prior of their amounts: inverse variance (0 for none) and expectation.
    columns, owner : (n, k) float, dense or sparse, and (k,) int
        Whitened templates by which candidates are chosen, and the candidate of each.
    templates : callable
        All whitened templates ``(n, m)`` of a candidate, once it is tried.
    penalty : (c,) float
        Cost of each candidate in chi-squared: twice the logarithm of prior odds against it.
    counted : (c,) bool
        Candidates that are nuclides of a source.
    company : float
        Cost of every counted candidate beside the first.
    """

    data: FloatArray
    base: FloatArray
    base_weight: FloatArray
    base_value: FloatArray
    columns: FloatArray | csc_matrix
    owner: IntArray
    templates: Callable[[int], FloatArray]
    penalty: FloatArray
    counted: BoolArray
    company: float

    @cached_property
    def _own(self) -> FloatArray:
        if isinstance(self.columns, csc_matrix):
            return np.asarray(self.columns.power(2).sum(axis=0), dtype=np.float64).ravel()
        return np.asarray(np.einsum("ij,ij->j", self.columns, self.columns))

    def fit(self, candidates: Sequence[int]) -> Fit:
        """Best non-negative amounts with the templates of some candidates."""
        parts = [self.templates(c) for c in candidates]
        every = np.concatenate((self.base, *parts), axis=1)
        b = self.base.shape[1]
        held = np.flatnonzero(self.base_weight > 0)
        rows = np.zeros((held.size, every.shape[1]))
        root = np.sqrt(self.base_weight[held])
        rows[np.arange(held.size), held] = root
        lit = np.any(every != 0.0, axis=1)  # the others do not depend on any amount
        amounts, _ = nnls(
            np.concatenate((every[lit], rows)),
            np.concatenate((self.data[lit], root * self.base_value[held])),
            maxiter=20 * every.shape[1] + 100,
        )
        residual = self.data - every @ amounts
        prior = self.base_weight @ (amounts[:b] - self.base_value) ** 2
        bounds = np.cumsum([b, *(p.shape[1] for p in parts)])
        return Fit(
            float(residual @ residual + prior),
            amounts[:b],
            {c: amounts[bounds[i] : bounds[i + 1]] for i, c in enumerate(candidates)},
            every[:, amounts > 0],
            residual,
        )

    def score(self, fit: Fit, candidates: Sequence[int]) -> float:
        """Chi-squared with the cost of the candidates."""
        paying = [float(self.penalty[c]) for c in candidates]
        beside = max(int(sum(self.counted[c] for c in candidates)) - 1, 0)
        return fit.chi2 + sum(paying) + self.company * beside

    def promising(
        self, fit: Fit, inside: Sequence[int], *, most: int, banned: frozenset[int]
    ) -> list[int]:
        """Candidates whose best single template explains most beside the fit, the best first."""
        q, _ = np.linalg.qr(fit.inside)
        slope = np.asarray(self.columns.T @ fit.residual)
        along = np.asarray(self.columns.T @ q).T
        free = self._own - np.einsum("ij,ij->j", along, along)
        usable = (slope > 0) & (free > _INDEPENDENT * self._own)
        gain = np.zeros(self.owner.size)
        gain[usable] = slope[usable] ** 2 / free[usable]
        best = np.zeros(self.penalty.size)
        np.maximum.at(best, self.owner, gain)
        best = best - self.penalty
        best[list({*inside, *banned})] = 0.0
        order = np.argsort(-best, kind="stable")[:most]
        return [int(c) for c in order if best[c] > 0]

    def search(
        self,
        start: Sequence[int],
        *,
        entry: float,
        most: int,
        shortlist: int,
        banned: frozenset[int] = frozenset(),
    ) -> tuple[list[int], Fit]:
        """Candidates one at a time, each tried in exchange for those that are in.

        Parameters
        ----------
        start : sequence of int
            Always in; neither counted nor exchanged.
        entry : float
            Fall of the score that lets a candidate in, and below whose loss one goes out again.
        most : int
            Candidates beside ``start``.
        shortlist : int
            Candidates fitted in full at each step.
        banned : frozenset of int
            Not tried.

        Returns
        -------
        candidates : list of int
            Those that came in.
        fit : Fit
            With them.
        """
        always = list(start)
        inside: list[int] = []
        fit = self.fit(always)
        now = self.score(fit, inside)
        while len(inside) < most:
            best = self._best(always, inside, fit, shortlist, banned)
            if best is None or now - best[0] < entry:
                break
            now, name, fit = best
            inside.append(name)
            inside, fit, now = self._exchange(always, inside, fit, now, entry, shortlist, banned)
        return inside, fit

    def _best(
        self,
        always: list[int],
        inside: list[int],
        fit: Fit,
        shortlist: int,
        banned: frozenset[int],
    ) -> tuple[float, int, Fit] | None:
        best: tuple[float, int, Fit] | None = None
        for c in self.promising(fit, [*always, *inside], most=shortlist, banned=banned):
            tried = self.fit([*always, *inside, c])
            score = self.score(tried, [*inside, c])
            if best is None or score < best[0]:
                best = (score, c, tried)
        return best

    def _exchange(
        self,
        always: list[int],
        inside: list[int],
        fit: Fit,
        now: float,
        entry: float,
        shortlist: int,
        banned: frozenset[int],
    ) -> tuple[list[int], Fit, float]:
        """Drop what is not needed any more, exchange one for another while that explains more."""
        moved = True
        while moved:
            moved = False
            for k in range(len(inside)):
                rest = inside[:k] + inside[k + 1 :]
                less = self.fit([*always, *rest])
                score = self.score(less, rest)
                if score - now < entry:
                    inside, fit, now, moved = rest, less, score, True
                    break
                best = self._best(always, rest, less, shortlist, banned | {inside[k]})
                if best is not None and best[0] < now - 1e-6:
                    now, name, fit = best
                    inside, moved = [*rest, name], True
                    break
        return inside, fit, now
