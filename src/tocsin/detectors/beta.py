"""Shape of a beta-minus spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

FINE_STRUCTURE = 1 / 137.036
CLOSE = 1e-10  # of the end point, to which a mean energy is met
MOST_STEPS = 200
WIDEST_STEP = 5.0


def beta_spectrum(
    endpoint_keV: float, *, points: int, daughter_z: int = 0, mean_keV: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Energies and shares of a beta-minus spectrum: the allowed shape, perhaps tilted.

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
    mean_keV : float, optional
        Mean kinetic energy that is known. The shape is multiplied by ``exp(a T)`` with the ``a``
        that gives this mean: of all shapes with it, the one nearest to the allowed one. It stands
        for the factor of forbidden decays.

    Returns
    -------
    energies_keV, shares : (n,) float
        Shares sum to one.

    Raises
    ------
    InvalidInput
        When the mean is not between zero and the end point.

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
    shares = shape / shape.sum()
    if mean_keV is None:
        return t, shares
    if not t[0] < mean_keV < t[-1]:
        raise InvalidInput(
            f"a beta spectrum up to {endpoint_keV:g} keV has no mean energy of {mean_keV:g} keV"
        )
    return t, _tilted(t / endpoint_keV, shares, mean_keV / endpoint_keV)


def _tilted(at: FloatArray, shares: FloatArray, mean: float) -> FloatArray:
    """Shares times an exponential such that their mean is the one given; Newton's method."""
    tilt, tilted = 0.0, shares
    for _ in range(MOST_STEPS):
        tilted = shares * np.exp(tilt * (at - mean))
        tilted = tilted / tilted.sum()
        found = float(tilted @ at)
        if abs(found - mean) < CLOSE:
            break
        step = (mean - found) / float(tilted @ (at - found) ** 2)
        tilt += float(np.clip(step, -WIDEST_STEP, WIDEST_STEP))
    return np.asarray(tilted)
