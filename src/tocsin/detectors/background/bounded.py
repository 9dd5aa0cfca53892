"""Least squares with bounds, on as few rows as there are numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

FloatArray = NDArray[np.float64]

TURNS_PER_NUMBER = 10


def bounded_least_squares(
    design: FloatArray, target: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, float]:
    """Numbers between bounds that bring ``design.T @ x`` closest to a target.

    The rows are first turned into a triangle that has the same sums of squares, so that each turn
    of the active set costs what the numbers cost and not what the channels cost. When the turns run
    out, what is found so far lies within the bounds too.

    Parameters
    ----------
    design : (m, n) float
        One row for each number.
    target : (n,) float
        What is to be reached.
    low, high : (m,) float
        Bounds, ``low < high``; infinite for none.

    Returns
    -------
    x : (m,) float
        The numbers, within the bounds.
    square : float
        Sum of squares that is left.

    References
    ----------
    Stark, Parker (1995), Computational Statistics 10, 129 (bounded-variable least squares).
    """
    m = design.shape[0]
    both = np.concatenate((design, target[None, :])).T
    triangle: FloatArray = np.asarray(np.linalg.qr(both, mode="r"), dtype=np.float64)
    found = lsq_linear(
        triangle[:, :m],
        triangle[:, m],
        (low, high),
        method="bvls",
        max_iter=TURNS_PER_NUMBER * m,
    )
    return np.clip(np.asarray(found.x, dtype=np.float64), low, high), float(2 * found.cost)
