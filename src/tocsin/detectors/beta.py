"""Shape of a beta-minus spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.compton import ELECTRON_MASS_KEV

FloatArray = NDArray[np.float64]

FINE_STRUCTURE = 1 / 137.036


def beta_spectrum(
    endpoint_keV: float, *, points: int, daughter_z: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Energies and shares of an allowed beta-minus spectrum.

    ``N(T) ~ p W (Q - T)^2 F``, ``F = x / (1 - exp(-x))`` with ``x = 2 pi Z alpha W / p``.

    Parameters
    ----------
    endpoint_keV : float
        Largest kinetic energy.
    points : int
        Kinetic energies that stand for the spectrum.
    daughter_z : int
        Charge of the daughter nucleus; zero leaves the Coulomb field out (``F = 1``), which lifts
        the low end.

    Returns
    -------
    energies_keV, shares : (n,) float
        Shares sum to one.

    References
    ----------
    Fermi (1934), Z. Phys. 88, 161, doi:10.1007/BF01351864.
    """
    t = (np.arange(points) + 0.5) / points * endpoint_keV
    total = t / ELECTRON_MASS_KEV + 1
    momentum = np.sqrt(total**2 - 1)
    shape = momentum * total * (endpoint_keV - t) ** 2
    if daughter_z:
        x = 2 * np.pi * daughter_z * FINE_STRUCTURE * total / momentum
        shape = shape * x / -np.expm1(-x)
    return t, shape / shape.sum()
