"""A detector: a crystal behind a window, with a resolution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.response import CrystalResponse
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

FWHM_PER_SIGMA = 2 * float(np.sqrt(2 * np.log(2)))


@dataclass(frozen=True, slots=True)
class Resolution:
    """Peak width ``FWHM(E) = sqrt(a + b E + c E^2)``.

    ``a`` (keV^2) stands for noise, ``b`` (keV) for the statistics of charge carriers and photons,
    ``c`` for what grows with the energy (non-uniform light, summed crystals).

    Raises
    ------
    InvalidInput
        When a term is negative or all are zero.
    """

    a_keV2: float
    b_keV: float
    c: float = 0.0

    def __post_init__(self) -> None:
        terms = (self.a_keV2, self.b_keV, self.c)
        if min(terms) < 0 or max(terms) <= 0:
            raise InvalidInput(f"resolution terms must not be negative nor all zero: {terms}")

    def fwhm_keV(self, energy_keV: ArrayLike) -> FloatArray:
        """Full width at half maximum in keV, shape of the energies."""
        e = np.asarray(energy_keV, dtype=np.float64)
        return np.sqrt(self.a_keV2 + self.b_keV * np.abs(e) + self.c * e * e)


@dataclass(frozen=True)
class DetectorModel:
    """Generic model of a detector class.

    Parameters
    ----------
    key : str
        Name in the data file.
    name : str
        Words for a reader.
    material : str
        Crystal material.
    crystal : Crystal
        Size and shape; the beam comes from the front.
    resolution : Resolution
        Peak width.
    window : tuple of (str, float)
        Layers before the crystal: material and areal density in g/cm2.
    intrinsic : str
        Name of the crystal's own activity component, empty where there is none.
    source : str
        Where the values come from, with their verification state.
    assumed : bool
        True when the instrument was not recognised and a generic model stands in.

    Notes
    -----
    Not a validated response: see :class:`tocsin.detectors.response.CrystalResponse` for what is
    left out. Valid from 20 to 3000 keV.
    """

    key: str
    name: str
    material: str
    crystal: Crystal
    resolution: Resolution
    window: tuple[tuple[str, float], ...] = ()
    intrinsic: str = ""
    source: str = ""
    assumed: bool = False

    @property
    def size(self) -> str:
        """Size of the crystal in words."""
        a, b = self.crystal.face_cm
        if self.crystal.shape == "cylinder":
            return f"cylinder {a:g} cm across, {self.crystal.depth_cm:g} cm deep"
        return f"box {a:g} x {b:g} cm, {self.crystal.depth_cm:g} cm deep"

    @property
    def response(self) -> CrystalResponse:
        """Response of the bare crystal, computed once per material and crystal."""
        return crystal_response(self.material, self.crystal)

    def fwhm_keV(self, energy_keV: ArrayLike) -> FloatArray:
        """Full width at half maximum in keV, shape of the energies."""
        return self.resolution.fwhm_keV(energy_keV)

    def window_transmission(self, energy_keV: ArrayLike) -> FloatArray:
        """Share of photons that pass the layers before the crystal unscattered."""
        e = np.atleast_1d(np.asarray(energy_keV, dtype=np.float64))
        optical = np.zeros_like(e)
        for name, areal_density_g_cm2 in self.window:
            layer = material(name)
            mu = layer.coefficients(e).interaction
            optical += mu / layer.density_g_cm3 * areal_density_g_cm2
        return np.asarray(np.exp(-optical))

    def full_energy_efficiency(self, energy_keV: ArrayLike) -> FloatArray:
        """Chance that a photon on the front face counts in the full-energy peak.

        Parameters
        ----------
        energy_keV : (k,) float
            Photon energies, 20 to 3000 keV.

        Returns
        -------
        (k,) float
            Intrinsic efficiency, window included.
        """
        e = np.atleast_1d(np.asarray(energy_keV, dtype=np.float64))
        return self.response.deposit(e).peaks[:, 0] * self.window_transmission(e)

    def total_efficiency(self, energy_keV: ArrayLike) -> FloatArray:
        """Chance that a photon on the front face leaves any energy, shape ``(k,)``."""
        e = np.atleast_1d(np.asarray(energy_keV, dtype=np.float64))
        return self.response.deposit(e).interacting * self.window_transmission(e)


@cache
def crystal_response(material_name: str, crystal: Crystal) -> CrystalResponse:
    """Response of a crystal, shared by all models of that crystal."""
    return CrystalResponse(material(material_name), crystal)
