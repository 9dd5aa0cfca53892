"""Between the rows of a simulated matrix: which two, and what they are uncertain by together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Shares = tuple[IntArray, FloatArray, FloatArray]
"""Lower row ``(k,)``, sigma of the part from the lower and from the upper row ``(k, 2, m)``, and
weight ``(k,)`` of each of ``k`` energies."""


def between(nodes_keV: FloatArray, energies_keV: FloatArray) -> tuple[IntArray, FloatArray]:
    """Lower row and share of the upper one, straight in the logarithm of the energy.

    Parameters
    ----------
    nodes_keV : (n,) float
        Energies of the rows, rising, at least two.
    energies_keV : (k,) float
        Within the first and the last of them.
    """
    logs, at = np.log(nodes_keV), np.log(energies_keV)
    low = np.clip(np.searchsorted(logs, at, side="right") - 1, 0, logs.size - 2)
    return low, (at - logs[low]) / (logs[low + 1] - logs[low])


def cumulative(values: FloatArray) -> FloatArray:
    """Sums below every edge: ``(k, n)`` bins give ``(k, n + 1)``."""
    below = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=below[:, 1:])
    return below


def together(rows: int, parts: Iterable[Shares]) -> FloatArray:
    r"""Variance of a sum of energies that were mixed of the same simulated rows, ``(m,)``.

    .. math:: \sum_r \Big( \sum_{k \in r} w_k \sigma_{kr} \Big)^2

    Rows are independent of each other. What comes of one row rises and falls together, at most
    fully: its parts add up in sigma, so that the result is rather too large than too small.

    Parameters
    ----------
    rows : int
        Rows of the matrix.
    parts : iterable of Shares
        Weights are zero or more.
    """
    sums = sum((_by_row(rows, *part) for part in parts), np.zeros((rows, 1)))
    return np.asarray((sums**2).sum(axis=0))


def _by_row(rows: int, low: IntArray, sigma: FloatArray, weights: FloatArray) -> FloatArray:
    """What each row of the matrix gives, sigmas added, ``(rows, m)``."""
    at = np.stack((low, low + 1), axis=1).ravel()
    place = (at, np.arange(at.size))
    gather = csr_array((np.repeat(weights, 2), place), shape=(rows, at.size))
    return np.asarray(gather @ sigma.reshape(-1, sigma.shape[-1]))
