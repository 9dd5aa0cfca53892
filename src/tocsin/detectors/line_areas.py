"""Narrow lines in simulated bins: their areas over what lies beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def take_out(
    counts: FloatArray, variance: FloatArray, places: Sequence[int], neighbours: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """Areas of lines that fill one bin each, and their variances.

    Parameters
    ----------
    counts, variance : (n,) float
        Changed: the bin of a line that is found gets what the bins beside it hold in the mean.
    places : sequence of int
        Bins of the lines.
    neighbours : sequence of int
        How many bins away those lie, on either side, that say what is below a line; bins of other
        lines are left out.

    Returns
    -------
    areas, variances : (k,) float
        Zero where the bin holds no more than those beside it.
    """
    areas, variances = np.zeros(len(places)), np.zeros(len(places))
    for i, place in enumerate(places):
        beside = [place + side * n for n in neighbours for side in (-1, 1)]
        beside = [b for b in beside if 0 <= b < counts.size and b not in places]
        if not 0 <= place < counts.size or not beside:
            continue
        below, spread = float(counts[beside].mean()), float(variance[beside].mean())
        if counts[place] > below:
            areas[i] = counts[place] - below
            variances[i] = variance[place] + spread / len(beside)
            counts[place], variance[place] = below, spread
    return areas, variances
