"""Which candidates are in a spectrum: non-negative mixtures, grown, exchanged and pruned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

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
    columns : (m,) int
        Template columns in use.
    amounts : (m,) float
        Their amounts.
    inside : (n, p) float
        Whitened columns with positive amounts.
    residual : (n,) float
        Whitened data less the fit.
    """

    chi2: float
    base: FloatArray
    columns: IntArray
    amounts: FloatArray
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
    columns : (n, k) float
        Whitened templates.
    owner : (k,) int
        Candidate of each template.
    leads : (k,) bool
        Templates that speak for a candidate; the others only serve it once it is in.
    penalty : (c,) float
        Cost of each candidate in chi-squared: twice the logarithm of prior odds against it.
    company : float
        Cost of every counted candidate beside the first.
    counted : (c,) bool
        Candidates that are nuclides of a source.
    """

    data: FloatArray
    base: FloatArray
    base_weight: FloatArray
    base_value: FloatArray
    columns: FloatArray
    owner: IntArray
    leads: BoolArray
    penalty: FloatArray
    counted: BoolArray
    company: float

    @cached_property
    def _own(self) -> FloatArray:
        return np.asarray(np.einsum("ij,ij->j", self.columns, self.columns))

    @cached_property
    def _of(self) -> dict[int, IntArray]:
        return {int(c): np.flatnonzero(self.owner == c) for c in np.unique(self.owner)}

    def of(self, candidate: int) -> IntArray:
        """Columns of a candidate; empty where none was drawn."""
        return self._of.get(candidate, np.empty(0, dtype=np.int64))

    def fit(self, candidates: Sequence[int], *, without: IntArray | None = None) -> Fit:
        """Best non-negative amounts with the columns of some candidates."""
        parts = [self.of(c) for c in candidates]
        columns = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        if without is not None:
            columns = columns[~np.isin(columns, without)]
        every = np.concatenate((self.base, self.columns[:, columns]), axis=1)
        b = self.base.shape[1]
        held = np.flatnonzero(self.base_weight > 0)
        rows = np.zeros((held.size, every.shape[1]))
        root = np.sqrt(self.base_weight[held])
        rows[np.arange(held.size), held] = root
        amounts, _ = nnls(
            np.concatenate((every, rows)),
            np.concatenate((self.data, root * self.base_value[held])),
            maxiter=20 * every.shape[1],
        )
        positive = amounts > 0
        residual = self.data - every @ amounts
        prior = self.base_weight @ (amounts[:b] - self.base_value) ** 2
        return Fit(
            float(residual @ residual + prior),
            amounts[:b],
            columns,
            amounts[b:],
            every[:, positive],
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
        slope = self.columns.T @ fit.residual
        along = q.T @ self.columns
        free = self._own - np.einsum("ij,ij->j", along, along)
        usable = self.leads & (slope > 0) & (free > _INDEPENDENT * self._own)
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
