"""What a simulation counts: efficiencies and deposited energies, each with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """Means per photon of the source with one standard deviation, arrays over the energies."""

    value: FloatArray
    sigma: FloatArray


@dataclass(frozen=True, eq=False)
class Tally:
    """Result of a simulation, per photon that the source emits.

    Parameters
    ----------
    energies_keV : (k,) float
        Of the photons of the source.
    edges_keV : (n + 1,) float
        Bins of deposited energy.
    continuum, continuum_sigma : (k, n) float
        Chance to deposit an energy in the bin, the full energy left out, and one standard
        deviation; bins without a count have zero for both.
    full_energy : Estimate
        Chance to deposit all of the energy.
    total : Estimate
        Chance to deposit any energy.
    first_collision : Estimate
        Chance that the first interaction other than coherent scattering lies in the sensitive
        body.
    deposited_keV : Estimate
        Mean deposited energy in keV.
    leaving, leaving_sigma : (k, n) float
        Photons of changed energy, or of another origin, that leave the world in bins of their own
        energy, and one standard deviation; ``(k, 0)`` where they were not asked for. Two photons of
        one history (annihilation) are taken as independent.
    passed : Estimate
        Chance to leave the world with the energy of the source; zero where not asked for.
    histories : int
        Photons followed per energy.
    seed : int
        Seed of all streams.
    lost : int
        Photons given up because their walk did not end; zero where all is well.
    worst_imbalance_keV : float
        Largest difference between a photon's energy and what was found of it.
    """

    energies_keV: FloatArray
    edges_keV: FloatArray
    continuum: FloatArray
    continuum_sigma: FloatArray
    full_energy: Estimate
    total: Estimate
    first_collision: Estimate
    deposited_keV: Estimate
    leaving: FloatArray
    leaving_sigma: FloatArray
    passed: Estimate
    histories: int
    seed: int
    lost: int
    worst_imbalance_keV: float

    @property
    def spectrum(self) -> FloatArray:
        """Continuum with the full energies in their bins, (k, n)."""
        out = self.continuum.copy()
        width = self.edges_keV[1] - self.edges_keV[0]
        at = np.minimum((self.energies_keV / width).astype(int), out.shape[1] - 1)
        out[np.arange(at.size), at] += self.full_energy.value
        return out


def estimate(first: FloatArray, second: FloatArray, histories: int) -> Estimate:
    """Mean and its standard deviation from sums of weights and of their squares."""
    mean = first / histories
    variance = np.maximum(second / histories - mean**2, 0.0) / histories
    return Estimate(mean, np.sqrt(variance))
