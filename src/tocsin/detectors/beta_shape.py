"""Shape of beta-minus spectra in the Coulomb field: allowed and unique forbidden transitions."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.special import factorial2, gamma, loggamma

from tocsin.detectors.beta import FINE_STRUCTURE
from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.errors import OutOfDomain

FloatArray = NDArray[np.float64]

COMPTON_LENGTH_FM = 386.159  # of the electron, over 2 pi
RADIUS_FM = 1.2  # of a nucleus, times the third root of its mass number
MOST_FORBIDDEN = 3
MOST_Z = 100


def unique_beta_spectrum(
    endpoint_keV: float, *, points: int, daughter_z: int, mass_number: int, forbidden: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Energies and shares of a beta-minus spectrum of an allowed or a unique forbidden transition.

    ``N(T) ~ p W q^2 sum_k F_k p^(2k-2) q^(2L-2k) / ((2k-1)! (2L-2k+1)!)``, ``k = 1 ... L``, with
    ``L = forbidden + 1``, the momenta ``p`` of the electron and ``q`` of the neutrino, and
    ``F_k``, the generalised Fermi function ``F_{k-1}`` times ``L_{k-1} = (k + gamma_k) / (2k)`` of
    a point nucleus, taken at its radius; ``gamma_k^2 = k^2 - (alpha Z)^2``.

    Parameters
    ----------
    endpoint_keV : float
        Largest kinetic energy.
    points : int
        Kinetic energies that stand for the spectrum, in the middle of as many even parts.
    daughter_z, mass_number : int
        Of the daughter nucleus, ``daughter_z`` from 0 to 100.
    forbidden : int
        0 for an allowed transition, 1 to 3 for a unique forbidden one.

    Returns
    -------
    energies_keV, shares : (n,) float
        Shares sum to one.

    Raises
    ------
    OutOfDomain
        For another charge or another degree.

    Notes
    -----
    Screening and exchange with the electrons of the atom, which matter below some ten keV, and the
    size of the nucleus beyond its radius are left out.

    References
    ----------
    Behrens, Buehring (1982), Electron Radial Wave Functions and Nuclear Beta Decay, Clarendon.
    Mougeot (2015), Phys. Rev. C 91, 055504, doi:10.1103/PhysRevC.91.055504: shapes with ``F_k`` set
    equal are systematically worse against measured ones than those with the right ``F_k``.
    """
    if not 0 <= daughter_z <= MOST_Z:
        raise OutOfDomain(f"charge {daughter_z} lies outside 0 to {MOST_Z}")
    if not 0 <= forbidden <= MOST_FORBIDDEN:
        raise OutOfDomain(f"a transition {forbidden} times forbidden lies outside 0 to 3")
    t = (np.arange(points) + 0.5) / points * endpoint_keV
    total = t / ELECTRON_MASS_KEV + 1
    p = np.sqrt(total**2 - 1)
    q = (endpoint_keV - t) / ELECTRON_MASS_KEV
    radius = RADIUS_FM * mass_number ** (1 / 3) / COMPTON_LENGTH_FM
    rank = forbidden + 1
    shape = np.zeros(points)
    for k in range(1, rank + 1):
        weight = factorial(2 * k - 1) * factorial(2 * (rank - k) + 1)
        fermi = _fermi(k, total, p, daughter_z, radius)
        shape += fermi * p ** (2 * k - 2) * q ** (2 * (rank - k)) / weight
    shape *= p * total * q**2
    return t, shape / shape.sum()


def _fermi(k: int, total: FloatArray, p: FloatArray, z: int, radius: float) -> FloatArray:
    """``F_{k-1} L_{k-1}`` of Behrens and Buehring for a point nucleus: one without charge."""
    charge = FINE_STRUCTURE * z
    g = np.sqrt(k**2 - charge**2)
    eta = charge * total / p
    front = (k * factorial2(2 * k - 1)) ** 2 * 4.0**k / gamma(1 + 2 * g) ** 2
    front *= (k + g) / (2 * k)  # of L
    logs = np.pi * eta + 2 * np.real(loggamma(g + 1j * eta))
    return np.asarray(front * (2 * p * radius) ** (2 * (g - k)) * np.exp(logs))
