"""Sharp energies on a grid: each shared between its two neighbours, so that its mean stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def shared_energies(at_keV: FloatArray, areas: FloatArray, grid_keV: FloatArray) -> FloatArray:
    """Areas at the places of a grid.

    Parameters
    ----------
    at_keV, areas : (k,) float
        Energies, and what stands at each. What lies beyond the grid stands at its end.
    grid_keV : (n,) float
        Rising energies, two at least.

    Returns
    -------
    (n,) float
        Their sum is that of the areas.
    """
    n = grid_keV.size
    low = np.clip(np.searchsorted(grid_keV, at_keV, side="right") - 1, 0, n - 2)
    upper = np.clip((at_keV - grid_keV[low]) / (grid_keV[low + 1] - grid_keV[low]), 0.0, 1.0)
    out = np.bincount(low, areas * (1 - upper), minlength=n)
    return np.asarray(out + np.bincount(low + 1, areas * upper, minlength=n))
