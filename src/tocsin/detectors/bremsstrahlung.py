"""Bremsstrahlung of beta emitters whose signature it is: photons per decay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.beta import beta_spectrum
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.transport.encounters import RADIATED_PER_Z_MEV
from tocsin.nuclear import NuclideLibrary, continua
from tocsin.nuclear.companions import companion_rows

FloatArray = NDArray[np.float64]

STOPPER = "Fe"
"""Material that stops the betas: the steel of a capsule, a convention."""
N_BETA = 400  # kinetic energies of a beta spectrum


def bremsstrahlung_photons(
    name: str,
    *,
    library: NuclideLibrary,
    age_s: float | None = None,
    stopper: str = STOPPER,
) -> FloatArray:
    r"""Photons per decay in the bins of ``PHOTON_EDGES_KEV``; zero where lines are the signature.

    .. math:: \frac{dN}{dk} = n \int_k^Q N(T)\, \frac{2 Y(T) (T - k)}{T k}\, dT , \qquad
        Y = \frac{6\cdot10^{-4} Z T}{1 + 6\cdot10^{-4} Z T}

    Kramers' thick target and the radiated share of the photon transport (both recalled, not
    verified), ``T`` in MeV in ``Y``, ``Z`` averaged by mass over the stopper; ``n`` such that the
    mean energy of the betas per decay is that of ENSDF. One branch that reaches the largest energy
    stands for all, in the allowed shape without the Coulomb field of the nucleus and without the
    factor of forbidden decays.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.
    library : NuclideLibrary
        Where chain and continua come from.
    age_s : float, optional
        As in ``NuclideLibrary.lines``.
    stopper : str
        Material that stops the betas.

    Returns
    -------
    (n,) float
        Emitted photons before any layer.

    Raises
    ------
    NotFound, InvalidInput
        For an unknown nuclide or material.
    """
    photons = np.zeros(PHOTON_CENTRES_KEV.size)
    carriers = {
        emitter
        for continuum in continua(name, age_s=age_s, library=library)
        if continuum.kind == "bremsstrahlung"
        for emitter in continuum.carriers
    }
    if not carriers:
        return photons
    ratios = library.activity_ratios(name, age_s=age_s)
    z = material(stopper).mean_atomic_number
    width = np.diff(PHOTON_EDGES_KEV)
    k = PHOTON_CENTRES_KEV
    for row in companion_rows("betas.csv"):
        if row["emitter"] in carriers:
            kinetic, shares = beta_spectrum(float(row["largest_keV"]), points=N_BETA)
            betas = float(row["mean_keV"]) / float(kinetic @ shares) * ratios[row["emitter"]]
            part = RADIATED_PER_Z_MEV * z * kinetic / 1000.0
            radiated = part / (1 + part)
            left = np.maximum(kinetic[:, None] - k[None, :], 0.0)
            per_keV = 2 * radiated[:, None] * left / (kinetic[:, None] * k[None, :])
            photons += betas * (shares @ per_keV) * width
    return photons
