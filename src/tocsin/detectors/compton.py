"""Compton scattering on a grid of photon energies (Klein-Nishina, electrons at rest)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

ELECTRON_MASS_KEV = 510.99895
"""Rest energy of the electron in keV (CODATA 2022)."""


def photon_grid_keV(high_keV: float, *, low_keV: float, relative_step: float) -> FloatArray:
    """Edges of the bins in which scattered photons are followed.

    One-keV bins as long as they are wider than ``relative_step`` of the energy, then a constant
    ratio. The Compton edge of a template is sharp to that step.
    """
    turn = 1.0 / relative_step
    fine = np.arange(low_keV, min(turn, high_keV), 1.0)
    n = max(2, int(np.ceil(np.log(high_keV / fine[-1]) / relative_step)) + 1)
    return np.concatenate((fine, np.geomspace(fine[-1], high_keV, n)[1:]))


def cos_angle(energy_keV: FloatArray, scattered_keV: FloatArray) -> FloatArray:
    """Cosine of the scattering angle, from ``1/E' - 1/E = (1 - cos) / m``; clipped to +-1."""
    cosine = 1.0 - ELECTRON_MASS_KEV * (1.0 / scattered_keV - 1.0 / energy_keV)
    return np.clip(cosine, -1.0, 1.0)


def _antiderivative(e: FloatArray, u: FloatArray) -> FloatArray:
    """Integral over E' of ``E'/E + E/E' - sin^2``, in closed form."""
    m = ELECTRON_MASS_KEV
    a = 1.0 + m / e
    return np.asarray(
        u * u / (2 * e) + e * np.log(u) - u + a * a * u - 2 * a * m * np.log(u) - m * m / u
    )


def scattered_shares(energies_keV: FloatArray, edges_keV: FloatArray) -> FloatArray:
    """Share of Compton-scattered photons in every bin.

    The Klein-Nishina cross-section differential in the scattered energy,
    ``d sigma / dE' ~ E'/E + E/E' - sin^2``, integrated analytically over each bin between the
    back-scatter energy ``E / (1 + 2E/m)`` and ``E``. Bins below the grid count in its first bin.

    Parameters
    ----------
    energies_keV : (k,) float
        Energies before scattering.
    edges_keV : (n + 1,) float
        Bin edges of the energy after it.

    Returns
    -------
    (k, n) float
        Rows sum to one for energies within the grid.

    References
    ----------
    Klein, Nishina (1929), Z. Phys. 52, 853, doi:10.1007/BF01366453.
    """
    e = np.asarray(energies_keV, dtype=np.float64)[:, None]
    lowest = e / (1 + 2 * e / ELECTRON_MASS_KEV)
    low_edges = edges_keV.copy()
    low_edges[0] = 0.0
    u = np.clip(low_edges[None, :], lowest, e)
    cumulative = _antiderivative(e, u) - _antiderivative(e, lowest)
    return np.diff(cumulative, axis=1) / (_antiderivative(e, e) - _antiderivative(e, lowest))
