"""Relative efficiency of an unknown object before a germanium detector, as one curve per guess.

What lies between the decay and the peak is not known: how thick the object is, what stands around
it, how large the crystal is and how thick its dead layer. A guess is a point of a space with a
standard normal distribution; each point is one curve over the energy. Peaks of one nuclide at
several energies then tell the likely guesses from the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.detectors import Crystal, DetectorModel, material
from tocsin.errors import InvalidInput
from tocsin.spectrometry.germanium import log_peak_efficiency

FloatArray = NDArray[np.float64]

OBJECT_G_CM2 = (0.01, 100.0)
"""Areal density of the object: from foil to what no 1 MeV photon crosses (13 mean free paths)."""
SHELLS = ("", "Al", "Fe", "Pb")
"""Materials that may stand around it, none among them, as likely as one another."""
SHELL_G_CM2 = (0.05, 30.0)
"""Areal density of the shell: from a sheet to 4 cm of steel."""
CRYSTAL_CM = (4.0, 9.0)
"""Diameter of an unknown germanium crystal, from small portable to large laboratory ones."""
DEPTH_PER_DIAMETER = (0.3, 1.2)
DEAD_CM = (0.0, 0.2)
"""Dead germanium before the crystal: the fourteen curves of :data:`FREE_SLOPE` ask for 0 to 0.2."""
FREE_SLOPE = 0.03
"""Standard deviation of the logarithm of the efficiency per unit of the logarithm of the energy,
left when size and dead layer are free: 0.023 over fourteen published germanium curves, 85 to
1100 keV (docs/science/uranium-enrichment.md)."""
KNOWN_SLOPE = (-0.08, 0.08)
"""Mean and standard deviation of the same where the maker's size is taken: the curves of eleven
detectors of known size fall faster than the model (the bore is not in it)."""
REFERENCE_KEV = 400.0
"""Energy about which the error of the curve turns; it drops out of every ratio."""
THICK = 1e-6
"""Optical thickness below which nothing is absorbed (the formulas would divide by zero)."""
DIMENSIONS = 8
"""Of the space of guesses."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Efficiency curves of some guesses.

    Attributes
    ----------
    efficiency : (n, k) float
        Of the object's photons, per guess and energy, up to a common factor.
    bare : (n, k) float
        Of photons that cross neither object nor shell.
    object_g_cm2, shell_g_cm2 : (n,) float
        Areal densities; 0 where there is no shell.
    """

    efficiency: FloatArray
    bare: FloatArray
    object_g_cm2: FloatArray
    shell_g_cm2: FloatArray


class CurveSpace:
    """Efficiency curves at fixed energies as a function of a point of the space of guesses.

    ``eps(E) = D(E) exp(-mu_Ge d) T(E) S(E) E^s``: full-energy efficiency of the crystal, its dead
    layer, transmission of the shell, escape from the object itself (a slab or a sphere, both as
    likely), and an error of the curve.

    Parameters
    ----------
    energies_keV : (k,) float
        40 to 2700 keV.
    model : DetectorModel
        Gives the layers before the crystal.
    crystal : Crystal, optional
        The germanium crystal where its size is known; else the size is guessed too.
    body : str
        Material that absorbs within the object.
    object_g_cm2 : (float, float)
        Areal density of the object, least and most.
    shells : tuple of str
        Materials that may stand around it, ``""`` for none.

    References
    ----------
    T. E. Sampson, T. A. Kelley, D. T. Vo, LA-14018 (2003): the physical model of FRAM, with the
    same factors. Escape from a sphere seen from afar: K. M. Case et al., Introduction to the
    Theory of Neutron Diffusion I (1953), escape probability.
    """

    def __init__(
        self,
        energies_keV: FloatArray,
        model: DetectorModel,
        *,
        crystal: Crystal | None = None,
        body: str = "U",
        object_g_cm2: tuple[float, float] = OBJECT_G_CM2,
        shells: tuple[str, ...] = SHELLS,
    ) -> None:
        if not 0.0 < object_g_cm2[0] < object_g_cm2[1]:
            raise InvalidInput(f"areal densities must be positive and rise, not {object_g_cm2}")
        self._range, self._count = object_g_cm2, len(shells)
        e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
        self.energies_keV, self.crystal = e, crystal
        self._log_energy = np.log(e / REFERENCE_KEV)
        self._window = np.log(model.window_transmission(e))
        self._object = _mass_coefficient(body, e)
        self._dead = material("Ge").coefficients(e).interaction
        self._bare = np.array([not n for n in shells])
        self._shells = np.stack(
            [_mass_coefficient(n, e) if n else np.zeros_like(e) for n in shells]
        )

    def curves(self, points: FloatArray) -> Curves:
        """Curves at points ``(n, DIMENSIONS)``, standard normal before any spectrum is seen."""
        share = ndtr(points)
        amount = _between(share[:, 0], self._range)
        which = np.minimum((share[:, 1] * self._count).astype(int), self._count - 1)
        shell = np.where(self._bare[which], 0.0, _between(share[:, 2], SHELL_G_CM2))
        if self.crystal is None:
            across = _between(share[:, 3], CRYSTAL_CM)
            ratio = _between(share[:, 4], DEPTH_PER_DIAMETER)
            slope = FREE_SLOPE * points[:, 6]
        else:
            across = np.full(len(points), self.crystal.face_cm[0])
            ratio = np.full(len(points), self.crystal.depth_cm / self.crystal.face_cm[0])
            slope = KNOWN_SLOPE[0] + KNOWN_SLOPE[1] * points[:, 6]
        dead = DEAD_CM[0] + (DEAD_CM[1] - DEAD_CM[0]) * share[:, 5]
        detector = (
            log_peak_efficiency(across, ratio, self.energies_keV)
            + self._window
            - dead[:, None] * self._dead
            + slope[:, None] * self._log_energy
        )
        bare = np.exp(detector)
        optical = np.maximum(amount[:, None] * self._object, THICK)
        escape = np.where(share[:, 7, None] < 0.5, slab_escape(optical), sphere_escape(optical))
        outside = np.exp(detector - shell[:, None] * self._shells[which])
        return Curves(np.asarray(outside * escape), np.asarray(bare), amount, shell)


def slab_escape(optical: FloatArray) -> FloatArray:
    """Share of photons that leave a slab of this optical thickness straight ahead."""
    return np.asarray(-np.expm1(-optical) / optical)


def sphere_escape(optical: FloatArray) -> FloatArray:
    """Share of photons that leave a sphere of this optical diameter, seen from afar.

    ``3 / (2 y) (1 - 2 / y^2 + (2 / y + 2 / y^2) exp(-y))``; the series ``1 - 3 y / 8`` where that
    would cancel.
    """
    y = np.maximum(optical, 1e-2)
    whole = 1.5 / y * (1.0 - 2.0 / y**2 + (2.0 / y + 2.0 / y**2) * np.exp(-y))
    return np.asarray(np.where(optical < 1e-2, 1.0 - 0.375 * optical, whole))


def _between(share: FloatArray, limits: tuple[float, float]) -> FloatArray:
    """Values spread evenly in the logarithm."""
    low, high = np.log(limits)
    return np.asarray(np.exp(low + share * (high - low)))


def _mass_coefficient(name: str, energies_keV: FloatArray) -> FloatArray:
    """Mass coefficient of everything that changes a photon's energy, in cm2/g."""
    layer = material(name)
    return np.asarray(layer.coefficients(energies_keV).interaction / layer.density_g_cm3)
