"""Photons of sources without lines: bremsstrahlung of beta particles, prompt gammas of fission."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.nuclear import NuclideLibrary
from tocsin.nuclear.continua import continua

FloatArray = NDArray[np.float64]

FISSION = "Cf-252"
"""Stands for every source of fission: their prompt gammas look the same."""
BETAS = "Sr-90"
"""Stands for every emitter of betas without lines: what betas make in matter looks the same."""
_BETA_EMITTERS = ("Y-90", "P-32", "Tl-204")
"""Ends of their spectra: 2.3, 1.7 and 0.8 MeV. One of them is close to any other."""
_POINTS = 200
# Prompt gammas of fission: shares up to 0.3 MeV, up to 1 MeV and above, and the fall per MeV in the
# two upper ranges, after the measurements of Maienschein as the fission library of LLNL has them
# (Verbeke, Hagmann and Wright, UCRL-AR-228518); taken as even below.
_FISSION_KEV = (85.0, 300.0, 1000.0, 8000.0)
_FISSION_SHARE = (0.1537, 0.5577, 0.2886)
_FISSION_FALL = (0.0, 2.3e-3, 1.1e-3)


def continuum_photons(library: NuclideLibrary) -> Iterator[tuple[str, FloatArray]]:
    """Emitter, and photons in the bins of the photon grid, of each source."""
    for emitter in _BETA_EMITTERS:
        if emitter in library:
            ends = [c.beta_largest_keV for c in continua(emitter, library=library)]
            if ends and ends[0]:
                yield emitter, bremsstrahlung(ends[0])
    yield FISSION, fission_gammas()


def bremsstrahlung(end_keV: float) -> FloatArray:
    """Photons of betas that are stopped in matter, in the bins of the photon grid, sum one.

    Kramers' law, ``dN/dk ~ T/k - 1`` for electrons of kinetic energy ``T``, over an allowed beta
    spectrum without the Coulomb field. Material and shape of the stopper change the soft end,
    which absorbers change as well.
    """
    energy = (np.arange(_POINTS) + 0.5) * end_keV / _POINTS
    momentum = np.sqrt(energy * (energy + 2.0 * ELECTRON_MASS_KEV))
    betas = momentum * (energy + ELECTRON_MASS_KEV) * (end_keV - energy) ** 2
    k = PHOTON_CENTRES_KEV
    per_keV = np.maximum(energy[:, None] / k[None, :] - 1.0, 0.0)
    photons = (betas @ per_keV) * np.diff(PHOTON_EDGES_KEV)
    return np.asarray(photons / photons.sum())


def fission_gammas() -> FloatArray:
    """Prompt gammas of fission in the bins of the photon grid, sum at most one."""
    below = np.zeros(PHOTON_EDGES_KEV.size)
    at = PHOTON_EDGES_KEV
    for low, high, share, fall in zip(
        _FISSION_KEV[:-1], _FISSION_KEV[1:], _FISSION_SHARE, _FISSION_FALL, strict=True
    ):
        inside = np.clip(at, low, high) - low
        if fall == 0.0:
            below += share * inside / (high - low)
        else:
            below += share * np.expm1(-fall * inside) / np.expm1(-fall * (high - low))
    return np.diff(below)
