"""Bremsstrahlung of beta particles that are stopped in a capsule: photons per decay."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.beta import beta_spectrum
from tocsin.detectors.electrons import extrapolated_range_g_cm2
from tocsin.detectors.radiation_yield import radiation_yield
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.shared_energies import shared_energies
from tocsin.nuclear import NuclideLibrary, beta_branches
from tocsin.nuclear.names import split_nuclide

FloatArray = NDArray[np.float64]

STOPPER = "Fe"
"""Material that stops the betas: the steel of a capsule, a convention."""
N_BETA = 200  # kinetic energies of a branch
LEAST_BETAS = 1e-3  # per decay: a branch of fewer makes no wall thicker
KINETIC_KEV = np.geomspace(10.0, 12_000.0, 600)
"""Kinetic energies that the branches of a nuclide are added up on. Below, electrons make no photon
of the lowest bin; above, none of the library reaches."""


def bremsstrahlung_photons(
    name: str,
    *,
    library: NuclideLibrary,
    age_s: float | None = None,
    stopper: str = STOPPER,
) -> FloatArray:
    r"""Photons per decay in the bins of ``PHOTON_EDGES_KEV``, of all betas of a nuclide's chain.

    .. math:: \frac{dN}{dk} = \sum_b n_b \int_k^{Q_b} N_b(T)\, \frac{2 Y(T) (T - k)}{T k}\,
        e^{-\tau(k) (R(Q) - R(T) / 2)}\, dT

    Kramers' thick target (recalled, not verified) with the radiated share ``Y`` of ESTAR. Each
    branch ``b`` has its end point, number and mean energy of ENSDF; its shape is the allowed one
    with the Coulomb field of the daughter, tilted to that mean. The wall is as thick as the range
    ``R`` of the fastest betas of the chain, photons start at half the range of their electron, and
    what the photo effect (``tau``) takes on the straight way out is lost.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.
    library : NuclideLibrary
        Where the chain comes from.
    age_s : float, optional
        As in ``NuclideLibrary.lines``.
    stopper : str
        Element that stops the betas, one of those of :func:`radiation_yield`.

    Returns
    -------
    (n,) float
        Photons outside the wall; zero where nothing of the chain sends out betas.

    Raises
    ------
    NotFound, InvalidInput
        For an unknown nuclide or element.

    Notes
    -----
    Not in it: positrons, conversion electrons (of Cs-137 a tenth of the decays, 624 keV), internal
    bremsstrahlung, and what the wall scatters of its own photons.
    """
    photons = np.zeros(PHOTON_CENTRES_KEV.size)
    ratios = library.activity_ratios(name, age_s=age_s)
    there = {member: ratio for member, ratio in ratios.items() if ratio > 0.0}
    branches = [(b.end_keV, r * b.per_decay) for m, r in there.items() for b in beta_branches(m)]
    many = [end for end, betas in branches if betas >= LEAST_BETAS]
    fastest_keV = max(many or [end for end, _ in branches], default=0.0)
    if fastest_keV <= KINETIC_KEV[0]:
        return photons
    per_electron = _per_electron(stopper, fastest_keV)
    for member, ratio in there.items():
        found = ratio * (_betas(member) @ per_electron)
        # a beta between two kinetic energies of the grid goes to the upper one too
        end_keV = max((b.end_keV for b in beta_branches(member)), default=0.0)
        found[PHOTON_EDGES_KEV[:-1] >= end_keV] = 0.0
        photons += found
    return photons


@cache
def _betas(emitter: str) -> FloatArray:
    """Betas per decay of one emitter at ``KINETIC_KEV``; shared, not to be written to."""
    betas = np.zeros(KINETIC_KEV.size)
    for branch in beta_branches(emitter):
        kinetic, shares = beta_spectrum(
            branch.end_keV,
            points=N_BETA,
            daughter_z=split_nuclide(emitter)[0] + 1,
            mean_keV=branch.mean_keV,
        )
        fast = kinetic >= KINETIC_KEV[0]
        on_grid = shared_energies(kinetic[fast], shares[fast], KINETIC_KEV)
        betas += branch.per_decay * on_grid
    betas.flags.writeable = False
    return betas


def range_g_cm2(stopper: str, kinetic_keV: FloatArray) -> FloatArray:
    """Extrapolated range of electrons in the stopper."""
    stuff = material(stopper)
    return extrapolated_range_g_cm2(
        kinetic_keV,
        atomic_number=stuff.mean_atomic_number,
        atomic_weight=stuff.mean_atomic_weight,
    )


@lru_cache(maxsize=16)
def _per_electron(stopper: str, fastest_keV: float) -> FloatArray:
    """Photons in each bin of one electron of each kinetic energy, behind a wall for the fastest."""
    t = KINETIC_KEV[:, None]
    low, high = (np.minimum(edges, t) for edges in (PHOTON_EDGES_KEV[:-1], PHOTON_EDGES_KEV[1:]))
    radiated = radiation_yield(stopper, KINETIC_KEV)[:, None]
    born = 2 * radiated * (np.log(high / low) - (high - low) / t)
    stuff = material(stopper)
    photo_cm2_g = stuff.coefficients(PHOTON_CENTRES_KEV).photo / stuff.density_g_cm3
    wall = range_g_cm2(stopper, np.array([fastest_keV]))
    way = np.maximum(wall - range_g_cm2(stopper, KINETIC_KEV) / 2, 0.0)
    return np.asarray(born * np.exp(-way[:, None] * photo_cm2_g))
