"""Non-detects in a fit: pseudo-observations by expectation propagation.

References
----------
T. P. Minka, Proc. 17th Conf. Uncertainty in Artificial Intelligence (2001) 362.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from tocsin.forensics.composition import Table
from tocsin.forensics.likelihood_density import masked_inverse

Array = NDArray[np.float64]
_DAMPING = 0.7


@dataclass(frozen=True, slots=True)
class Sites:
    """Pseudo-observations that stand for non-detects in the fit (expectation propagation).

    Each has the precision and the precision-weighted mean that make the first two moments of the
    truncated normal right; precision 0 says nothing.
    """

    precision: Array
    weighted: Array
    censored: NDArray[np.bool_]

    @classmethod
    def none(cls, table: Table) -> Sites:
        """Sites that say nothing yet."""
        zero = np.zeros(table.values.shape)
        return cls(zero, zero, table.censored)

    def pseudo(self, values: Array) -> tuple[Array, Array]:
        """Values with the pseudo-observations in place, and the extra variance of each part."""
        # A weak site is a very wide observation; the floor keeps its variance finite.
        tau = np.maximum(self.precision, 1e-9)
        filled = np.where(self.censored, self.weighted / tau, values)
        return filled, np.where(self.censored, 1.0 / tau, 0.0)

    def updated(self, table: Table, values: Array, upper: Array, scale: Array) -> Sites:
        """One damped sweep over all non-detects at once.

        ``values`` and ``upper`` are residuals; ``scale`` is the covariance of a sample about the
        expectation.
        """
        filled, extra = self.pseudo(values)
        seen = table.observed | self.censored
        inverse, _ = masked_inverse(scale + diagonal_matrices(extra), seen)
        gain = scale @ inverse
        mean = np.einsum("nij,nj->ni", gain, np.where(seen, filled, 0.0))
        variance = np.einsum("nii->ni", scale - gain @ scale)
        # Cavity: what the other parts say of this one.
        free = np.maximum(1.0 / np.maximum(variance, 1e-12) - self.precision, 1e-9)
        cavity_mean = (mean / np.maximum(variance, 1e-12) - self.weighted) / free
        width = 1.0 / np.sqrt(free)
        limit = np.where(self.censored, upper, 0.0)
        alpha = np.clip((limit - cavity_mean) / width, -30.0, 30.0)
        hazard = np.exp(-0.5 * alpha**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(alpha))
        tilted_mean = cavity_mean - width * hazard
        shrink = np.clip(1.0 - hazard * (hazard + alpha), 1e-6, 1.0 - 1e-9)
        tilted_variance = width**2 * shrink
        precision = np.maximum(1.0 / tilted_variance - free, 1e-9)
        weighted = tilted_mean / tilted_variance - cavity_mean * free
        keep = 1.0 - _DAMPING
        return Sites(
            np.where(self.censored, keep * self.precision + _DAMPING * precision, 0.0),
            np.where(self.censored, keep * self.weighted + _DAMPING * weighted, 0.0),
            self.censored,
        )


def diagonal_matrices(parts: Array) -> Array:
    """Diagonal matrices of rows, shape (n, p, p)."""
    answer = np.zeros((*parts.shape, parts.shape[1]))
    index = np.arange(parts.shape[1])
    answer[:, index, index] = parts
    return answer
