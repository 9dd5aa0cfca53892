"""Photons that a source sends out, and which of its lines matter behind a layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from tocsin.detectors.attenuation import material
from tocsin.detectors.bremsstrahlung import bremsstrahlung_photons
from tocsin.detectors.energy_nodes import HIGH_KEV, LOW_KEV
from tocsin.detectors.irradiation import shield_thickness_cm
from tocsin.detectors.response import PHOTON_EDGES_KEV
from tocsin.detectors.slab import Shield
from tocsin.nuclear import NuclideLibrary, weak_lines

FloatArray = NDArray[np.float64]

LEAST_SHARE = 1e-7
"""Lines are left out behind a layer that bring less than this share of the energy that passes it
unchanged: so little that what they scatter and the X-rays they make are nothing beside the rest."""


@dataclass(frozen=True, eq=False)
class SourcePhotons:
    """Photons of 20 to 3000 keV per decay of a nuclide with its progeny.

    Attributes
    ----------
    name : str
        Canonical name.
    chain : mapping of str to float
        Members with their activity per activity of the nuclide.
    energies_keV, intensities : (k,) float
        Lines, those too weak for the nuclide library among them.
    continuum : (n,) float
        Bremsstrahlung in the bins of ``PHOTON_EDGES_KEV``.
    lines_outside : float
        Photons per decay of lines below 20 and above 3000 keV, which are left out.
    """

    name: str
    chain: Mapping[str, float]
    energies_keV: FloatArray
    intensities: FloatArray
    continuum: FloatArray
    lines_outside: float

    @property
    def shines(self) -> bool:
        """Whether there is any photon."""
        return bool(self.intensities.any() or self.continuum.any())

    def kept(self, shield: Shield | None) -> NDArray[np.bool_]:
        """Which lines matter behind a layer, ``(k,)``; none for a bare source.

        Parameters
        ----------
        shield : Shield, optional
            The layer.
        """
        with np.errstate(divide="ignore"):
            arriving = np.log(self.energies_keV * self.intensities)
        if shield is not None and arriving.size:
            mu = material(shield.material).coefficients(self.energies_keV).interaction
            # in logarithms: thick layers leave less than a float can hold
            arriving = arriving - mu * shield_thickness_cm(shield)
        if not np.any(np.isfinite(arriving)):
            return np.zeros(arriving.size, dtype=bool)
        return np.asarray(arriving > logsumexp(arriving) + np.log(LEAST_SHARE))


def source_photons(
    name: str, *, library: NuclideLibrary, age_s: float | None = None
) -> SourcePhotons:
    """Lines and bremsstrahlung of a nuclide.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.
    library : NuclideLibrary
        Where chain and lines come from.
    age_s : float, optional
        Time since the nuclide was pure; None for progeny in practical equilibrium.

    Raises
    ------
    NotFound, InvalidInput
        For an unknown nuclide, or an age that is none or leaves nothing of it.
    """
    chain = {n: r for n, r in library.activity_ratios(name, age_s=age_s).items() if r > 0.0}
    lines = [(x.energy_keV, x.intensity) for x in library.lines(name, age_s=age_s)]
    weak = weak_lines()
    lines += [
        (x.energy_keV, ratio * x.intensity)
        for member, ratio in chain.items()
        for x in weak.get(member, ())
    ]
    energies = np.array([energy for energy, _ in lines], dtype=np.float64)
    intensities = np.array([intensity for _, intensity in lines], dtype=np.float64)
    inside = (energies >= LOW_KEV) & (energies <= HIGH_KEV)
    continuum = bremsstrahlung_photons(name, library=library, age_s=age_s)
    low, high = PHOTON_EDGES_KEV[:-1], PHOTON_EDGES_KEV[1:]
    continuum[(low < LOW_KEV) | (high > HIGH_KEV)] = 0.0
    return SourcePhotons(
        name=library[name].name,
        chain=chain,
        energies_keV=energies[inside],
        intensities=intensities[inside],
        continuum=continuum,
        lines_outside=float(intensities[~inside].sum()),
    )
