"""Full-energy efficiency of germanium cylinders of any size, from one table."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

FloatArray = NDArray[np.float64]


@cache
def _table() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Logarithms of diameters, depths per diameter, energies; and of the efficiencies over them."""
    path = resources.files("tocsin.spectrometry") / "data" / "germanium_peaks.csv"
    with path.open(encoding="utf-8") as stream:
        rows = np.array([[float(x) for x in row] for row in list(csv.reader(stream))[1:]])
    axes = [np.unique(rows[:, i]) for i in range(3)]
    order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
    values = rows[order, 3].reshape([a.size for a in axes])
    across, ratio, energy = (np.log(a) for a in axes)
    return across, ratio, energy, np.log(values)


def sizes_cm() -> tuple[tuple[float, float], tuple[float, float]]:
    """Range of the table: diameters in cm, and depths per diameter."""
    across, ratio, _, _ = _table()
    ends = np.exp([[across[0], across[-1]], [ratio[0], ratio[-1]]])
    return (float(ends[0, 0]), float(ends[0, 1])), (float(ends[1, 0]), float(ends[1, 1]))


def log_peak_efficiency(
    diameter_cm: FloatArray, depth_per_diameter: FloatArray, energies_keV: FloatArray
) -> FloatArray:
    """Logarithm of the chance that a photon on the face counts in the peak.

    Interpolated in the logarithms of size and energy, within 0.02 up to a common factor of what
    the response of the crystal itself gives; sizes and energies beyond the table count as its ends.

    Parameters
    ----------
    diameter_cm, depth_per_diameter : (n,) float
        Sizes of the cylinders.
    energies_keV : (k,) float
        Photon energies.

    Returns
    -------
    (n, k) float
    """
    across, ratio, energy, values = _table()
    at = RegularGridInterpolator(
        (across, ratio), _at_energies(energy, values, energies_keV), method="linear"
    )
    points = np.stack(
        [
            np.clip(np.log(diameter_cm), across[0], across[-1]),
            np.clip(np.log(depth_per_diameter), ratio[0], ratio[-1]),
        ],
        axis=1,
    )
    return np.asarray(at(points), dtype=np.float64)


def _at_energies(energy: FloatArray, values: FloatArray, energies_keV: FloatArray) -> FloatArray:
    """The table's values at other energies, linear in the logarithm."""
    wanted = np.log(np.asarray(energies_keV, dtype=np.float64))
    flat = values.reshape(-1, energy.size)
    out = np.stack([np.interp(wanted, energy, row) for row in flat])
    return out.reshape(*values.shape[:2], wanted.size)
