"""A smooth continuum that no peak can hide in, and sums of squares with it fitted away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.sparse import csr_matrix, dia_matrix

FloatArray = NDArray[np.float64]

_DEGREE = 3
_RIDGE = 1e-9  # of the largest diagonal: keeps empty stretches solvable


@dataclass(frozen=True)
class Continuum:
    """Cubic splines in the peak coordinate, and weighted products with their part removed.

    The coordinate counts full widths at half maximum, so that one knot spacing serves all energies:
    a peak is one unit wide everywhere, the splines bend over ``spacing`` units.

    For columns ``X`` and data ``y`` with weights ``w`` the products ``X^T P X`` and ``X^T P y``,
    ``P = W - W B (B^T W B)^-1 B^T W``, are those of least squares with the coefficients of the
    splines ``B`` free: the continuum needs no shape and no sign.
    """

    basis: csr_matrix  # (n, m)
    factor: FloatArray  # banded Cholesky factor of B^T W B
    weights: FloatArray

    @classmethod
    def build(cls, position: FloatArray, weights: FloatArray, *, spacing: float) -> Continuum:
        """Splines over the bins at ``position`` (in FWHM) with knots ``spacing`` FWHM apart."""
        low, high = float(position[0]), float(position[-1])
        n_span = max(2, int(np.ceil((high - low) / spacing)))
        inner = np.linspace(low, high, n_span + 1)
        step = inner[1] - inner[0]
        left = inner[0] - step * np.arange(_DEGREE, 0, -1)
        right = inner[-1] + step * np.arange(1, _DEGREE + 1)
        knots = np.concatenate((left, inner, right))
        inside = np.clip(position, low, np.nextafter(high, low))
        basis = csr_matrix(BSpline.design_matrix(inside, knots, _DEGREE))
        normal = dia_matrix(basis.T @ csr_matrix(basis.multiply(weights[:, None])))
        m = basis.shape[1]
        banded = np.zeros((_DEGREE + 1, m))
        for diagonal, offset in zip(normal.data, normal.offsets, strict=True):
            if 0 <= offset <= _DEGREE:
                banded[_DEGREE - offset, : diagonal.size] = diagonal[:m]
        banded[_DEGREE] += _RIDGE * max(float(banded[_DEGREE].max()), 1e-300)
        return cls(basis, cholesky_banded(banded), weights)

    def _solve(self, right: FloatArray) -> FloatArray:
        return np.asarray(cho_solve_banded((self.factor, False), right))

    def reduce(self, columns: FloatArray) -> FloatArray:
        """``P X`` of columns ``(n, k)`` or of one column ``(n,)``."""
        weighted = (self.weights * columns.T).T
        correction = self.basis @ self._solve(np.asarray(self.basis.T @ weighted))
        return np.asarray(weighted - (self.weights * correction.T).T)

    def diagonal(self, rows: csr_matrix) -> FloatArray:
        """Diagonal ``(k,)`` of ``X^T P X`` of sparse columns given as rows ``(k, n)``."""
        weighted = csr_matrix(self.basis.multiply(self.weights[:, None]))
        cross = np.asarray(csr_matrix(rows @ weighted).toarray(), dtype=np.float64).T
        own = np.asarray(rows.multiply(rows) @ self.weights).ravel()
        return np.asarray(own - np.einsum("ij,ij->j", cross, self._solve(cross)))

    def level(self, residual: FloatArray) -> FloatArray:
        """The continuum itself, fitted to what the columns leave."""
        return np.asarray(self.basis @ self._solve(self.basis.T @ (self.weights * residual)))
