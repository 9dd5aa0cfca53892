"""One weighted fit of everything at once: background, candidates, artefacts, continuum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csr_matrix

from tocsin.detection.binning import BinnedSpectrum, smooth
from tocsin.detection.continuum import Continuum

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_INDEPENDENT = 1e-4  # of a template's own norm must be left when the others are fitted away


@dataclass(frozen=True, slots=True)
class Solution:
    """Amounts of the active columns and what they explain."""

    amounts: FloatArray
    gain: float  # reduction of chi-squared against the continuum (and background) alone


class JointFit:
    """Least squares on one spectrum with a free continuum and a growing set of columns.

    Parameters
    ----------
    binned : BinnedSpectrum
        Counts and background.
    templates : (k, n_bin) sparse
        All candidate templates, one a row.
    spacing_fwhm : float
        Knot spacing of the continuum.
    model_error : float
        Relative error of the model in every bin, added in quadrature to counting statistics.
    background_error : float
        Relative uncertainty of the background's scale.
    """

    def __init__(
        self,
        binned: BinnedSpectrum,
        templates: csr_matrix,
        *,
        spacing_fwhm: float,
        model_error: float,
        background_error: float,
    ) -> None:
        level = np.maximum(smooth(binned.counts, 1), 1.0)
        variance = level + binned.background_variance + (model_error * level) ** 2
        self.binned = binned
        self.templates = templates
        self.variance = variance
        self.continuum = Continuum.build(binned.position, 1.0 / variance, spacing=spacing_fwhm)
        self.diagonal = self.continuum.diagonal(templates)
        self.columns = np.zeros((binned.n_bin, 0))
        self._reduced = np.zeros((binned.n_bin, 0))
        self._cross = np.zeros((templates.shape[0], 0))
        self._gram = np.zeros((0, 0))
        self._prior_weight = np.zeros(0)
        self._prior_value = np.zeros(0)
        self.data = binned.counts.copy()
        if binned.has_background:
            # the scale may move by a few of its uncertainties to either side, and not below zero
            low = min(3.0 * background_error, 1.0)
            self.data = self.data - (1.0 - low) * binned.background
            self._append(binned.background[:, None], 1.0 / background_error**2, low)
        self.reduced_data = self.continuum.reduce(self.data)
        self.correlation = np.asarray(templates @ self.reduced_data)

    def _append(self, columns: FloatArray, prior_weight: float, prior_value: float) -> None:
        reduced = self.continuum.reduce(columns)
        side = self.columns.T @ reduced
        self._gram = np.block([[self._gram, side], [side.T, columns.T @ reduced]])
        self.columns = np.concatenate((self.columns, columns), axis=1)
        self._reduced = np.concatenate((self._reduced, reduced), axis=1)
        self._cross = np.concatenate((self._cross, self.templates @ reduced), axis=1)
        n = columns.shape[1]
        self._prior_weight = np.append(self._prior_weight, np.full(n, prior_weight))
        self._prior_value = np.append(self._prior_value, np.full(n, prior_value))

    def add(self, columns: FloatArray) -> IntArray:
        """Add columns to the active set; returns their positions in it."""
        start = self.columns.shape[1]
        if columns.shape[1]:
            self._append(columns, 0.0, 0.0)
        return np.arange(start, self.columns.shape[1])

    def normal(self) -> tuple[FloatArray, FloatArray]:
        """Normal matrix and right-hand side of the active columns, priors included."""
        gram = self._gram + np.diag(self._prior_weight)
        right = self.columns.T @ self.reduced_data + self._prior_weight * self._prior_value
        return gram, right

    def solve(self, *, without: IntArray | None = None) -> Solution:
        """Non-negative amounts of the active columns, those of ``without`` held at zero."""
        gram, right = self.normal()
        use = np.ones(right.size, dtype=bool)
        if without is not None:
            use[without] = False
        amounts = np.zeros(right.size)
        if use.any():
            amounts[use] = solve_nonnegative(gram[np.ix_(use, use)], right[use])
        gain = float(2 * right @ amounts - amounts @ gram @ amounts)
        return Solution(amounts, gain)

    def gains(self, solution: Solution) -> FloatArray:
        """Fall of chi-squared that each template would bring beside the active columns.

        ``(t^T P r)^2 / (t^T P t - projection on the active support)``, zero where the amount would
        be negative or the template is already explained by the active ones.
        """
        support = np.flatnonzero(solution.amounts > 0)
        residual = self.correlation - self._cross @ solution.amounts
        free = self.diagonal.copy()
        if support.size:
            gram, _ = self.normal()
            inner = gram[np.ix_(support, support)]
            cross = self._cross[:, support]
            solved = np.linalg.lstsq(inner, cross.T, rcond=1e-12)[0]
            free = free - np.einsum("ij,ji->i", cross, solved)
        usable = (residual > 0) & (free > _INDEPENDENT * np.maximum(self.diagonal, 1e-300))
        usable &= self.diagonal > 0
        out = np.zeros_like(residual)
        out[usable] = residual[usable] ** 2 / free[usable]
        return out

    def free_amounts(
        self, extra: FloatArray, solution: Solution, *, without: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Amounts and uncertainties of ``extra`` columns beside the active ones, signs free.

        The active columns of ``without`` are left out, the others with a positive amount stay in.
        """
        keep = solution.amounts > 0
        keep[without] = False
        base, reduced = self.columns[:, keep], self._reduced[:, keep]
        extra_reduced = self.continuum.reduce(extra)
        n = base.shape[1]
        gram = np.block(
            [
                [base.T @ reduced + np.diag(self._prior_weight[keep]), base.T @ extra_reduced],
                [extra.T @ reduced, extra.T @ extra_reduced],
            ]
        )
        right = np.concatenate(
            (
                base.T @ self.reduced_data + (self._prior_weight * self._prior_value)[keep],
                extra.T @ self.reduced_data,
            )
        )
        inverse = np.linalg.pinv(gram, rcond=1e-12, hermitian=True)
        amounts = inverse @ right
        sigma = np.sqrt(np.maximum(np.diag(inverse), 0.0))
        return amounts[n:], sigma[n:]

    def expected(self, solution: Solution) -> FloatArray:
        """Modelled counts per bin, continuum and background included."""
        explained = self.columns @ solution.amounts
        offset = self.binned.counts - self.data
        return offset + explained + self.continuum.level(self.data - explained)


def solve_nonnegative(gram: FloatArray, right: FloatArray) -> FloatArray:
    """Minimise ``a^T G a - 2 q^T a`` over ``a >= 0`` (Lawson & Hanson, by a square root of G)."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scaled = gram * scale[:, None] * scale[None, :]
    values, vectors = np.linalg.eigh(scaled)
    kept = values > 1e-10 * max(float(values.max()), 1e-300)
    root = np.sqrt(values[kept])
    matrix = root[:, None] * vectors[:, kept].T
    target = (vectors[:, kept].T @ (right * scale)) / root
    amounts, _ = nnls(matrix, target, maxiter=50 * max(1, right.size))
    return np.asarray(amounts * scale)
