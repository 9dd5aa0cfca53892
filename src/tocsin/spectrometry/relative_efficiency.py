"""Relative efficiency of an unknown uranium object before a germanium detector, as many guesses.

What lies between the decay and the peak is not known: how thick the uranium is, what stands around
it, how large the crystal is. Each guess is one curve over the energy; peaks of one nuclide at
several energies then tell the likely guesses from the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc

from tocsin.detectors import Crystal, DetectorModel, material
from tocsin.detectors.model import crystal_response

FloatArray = NDArray[np.float64]

URANIUM_G_CM2 = (0.01, 100.0)
"""Areal density of the uranium: from foil to what no 1 MeV photon crosses (13 mean free paths)."""
SHELLS = ("", "Al", "Fe", "Pb")
"""Materials that may stand around it, none among them, as likely as one another."""
SHELL_G_CM2 = (0.05, 30.0)
"""Areal density of the shell: from a sheet to 4 cm of steel."""
CRYSTALS_CM = ((5.0, 3.0), (5.0, 5.0), (6.5, 5.0), (7.0, 7.0), (8.5, 3.0))
"""Diameter and depth of germanium crystals, from the smallest portable to large laboratory ones."""
CURVE_ERROR = 0.15
"""Standard deviation of the logarithm of the efficiency per unit of the logarithm of the energy,
over the crystal's model: measured with Eu-152, Ho-166m and Se-75 of another laboratory's detector
(docs/science/uranium-enrichment.md)."""
REFERENCE_KEV = 400.0
"""Energy about which the error of the curve turns; it drops out of every ratio."""
THICK = 1e-6
"""Optical thickness below which nothing is absorbed (the formulas would divide by zero)."""


@dataclass(frozen=True, slots=True, eq=False)
class Guesses:
    """Efficiency curves, all equally likely before the spectrum is seen.

    Attributes
    ----------
    efficiency : (n, k) float
        Of the object's photons, per guess and energy, up to a common factor.
    bare : (n, k) float
        Of photons that do not come out of the uranium.
    uranium_g_cm2 : (n,) float
        Areal density of the uranium.
    shell_g_cm2 : (n,) float
        Areal density of the shell, 0 where there is none.
    """

    efficiency: FloatArray
    bare: FloatArray
    uranium_g_cm2: FloatArray
    shell_g_cm2: FloatArray


def guess_efficiencies(
    energies_keV: FloatArray,
    model: DetectorModel,
    *,
    crystal: Crystal | None = None,
    log2_guesses: int = 14,
    seed: int = 0,
) -> Guesses:
    """Relative efficiencies at some energies under guesses that fill the space of objects evenly.

    ``eps(E) = D(E) T(E) S(E) E^s``: full-energy efficiency of the crystal, transmission of the
    shell, escape from the uranium itself (a slab or a sphere, both as likely), and an error of the
    curve.

    Parameters
    ----------
    energies_keV : (k,) float
        20 to 3000 keV.
    model : DetectorModel
        Gives the layers before the crystal.
    crystal : Crystal, optional
        The germanium crystal where it is known; else its size is guessed too.
    log2_guesses : int
        Logarithm to the base 2 of the number of guesses.
    seed : int
        Of the scrambling of the Sobol sequence.

    References
    ----------
    T. E. Sampson, T. A. Kelley, D. T. Vo, LA-14018 (2003): the physical model of FRAM, with the
    same factors. Escape from a sphere seen from afar: K. M. Case et al., Introduction to the
    Theory of Neutron Diffusion I (1953), escape probability.
    """
    e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
    cube = qmc.Sobol(6, seed=seed).random_base2(log2_guesses)
    cube = np.clip(cube, 1e-9, 1.0 - 1e-9)
    uranium = _between(cube[:, 0], URANIUM_G_CM2)
    which = np.minimum((cube[:, 1] * len(SHELLS)).astype(int), len(SHELLS) - 1)
    shell = np.where(which == 0, 0.0, _between(cube[:, 2], SHELL_G_CM2))
    bodies = (
        [crystal]
        if crystal is not None
        else [Crystal("cylinder", depth, (across, across)) for across, depth in CRYSTALS_CM]
    )
    body = np.minimum((cube[:, 3] * len(bodies)).astype(int), len(bodies) - 1)
    peaks = np.stack([crystal_response("Ge", b).deposit(e).peaks[:, 0] for b in bodies])
    through = np.stack(
        [_mass_coefficient(name, e) if name else np.zeros_like(e) for name in SHELLS]
    )
    slope = CURVE_ERROR * ndtri(cube[:, 4])
    detector = peaks[body] * model.window_transmission(e)
    detector = detector * np.exp(slope[:, None] * np.log(e / REFERENCE_KEV))
    optical = np.maximum(uranium[:, None] * _mass_coefficient("U", e), THICK)
    escape = np.where(cube[:, 5, None] < 0.5, slab_escape(optical), sphere_escape(optical))
    outside = detector * np.exp(-shell[:, None] * through[which])
    return Guesses(np.asarray(outside * escape), np.asarray(detector), uranium, shell)


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
