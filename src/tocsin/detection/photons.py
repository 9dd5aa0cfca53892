"""What surrounds a source, as operators on the photon grid; the same for every detector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors import Shield, material
from tocsin.detectors.compton import cos_angle, scattered_shares
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import self_absorption, shield_rows
from tocsin.detectors.surroundings import ground_rows

FloatArray = NDArray[np.float64]

# Layers between source and crystal (areal density in g/cm2): a thin scatterer to a body or goods,
# a steel can to a steel box, a lead foil to three centimetres of lead. What is fitted is a mixture
# of them, so that steps of about a factor of three suffice while layers are thin; behind thick ones
# the ratio of lines changes by orders of magnitude, and each step is a few half-value layers.
SHIELDS: tuple[tuple[Shield, ...], ...] = (
    (Shield("water", 3.0),),
    (Shield("water", 10.0),),
    (Shield("water", 30.0),),
    (Shield("Fe", 2.5),),
    (Shield("Fe", 15.0),),
    (Shield("Pb", 1.1),),
    (Shield("Pb", 4.5),),
    # containers of thick lead are clad in steel, which takes the photons below the K edge of lead
    (Shield("Pb", 9.0), Shield("Fe", 2.5)),
    (Shield("Pb", 14.0), Shield("Fe", 2.5)),
    (Shield("Pb", 20.0), Shield("Fe", 2.5)),
    (Shield("Pb", 27.0), Shield("Fe", 2.5)),
    (Shield("Pb", 35.0), Shield("Fe", 2.5)),
)
# Heavy metal is its own shield: lines are weakened inside it and its K X-rays come on top.
METAL: tuple[Shield, ...] = (Shield("U", 1.0), Shield("U", 20.0))

_NOTHING = np.zeros(PHOTON_CENTRES_KEV.size)


@dataclass(frozen=True, slots=True)
class Lines:
    """Sharp photon lines: energies in keV and photons per decay."""

    energies_keV: FloatArray
    intensities: FloatArray


@dataclass(frozen=True, slots=True)
class Outside:
    """Photons outside a layer: the source's own lines as weakened, new lines, scattered photons."""

    passed: FloatArray
    new: Lines
    continuum: FloatArray


def on_grid(energies_keV: FloatArray, intensities: FloatArray) -> FloatArray:
    """Photons of lines shared between the two nearest energies of the grid (1.2 % apart)."""
    return shared(energies_keV, intensities, PHOTON_CENTRES_KEV)


def shared(energies_keV: FloatArray, amounts: FloatArray, centres_keV: FloatArray) -> FloatArray:
    """Amounts at energies shared between the two nearest points of a rising grid.

    The mean energy is kept. Amounts outside the grid are dropped.
    """
    n = centres_keV.size
    inside = (energies_keV >= centres_keV[0]) & (energies_keV <= centres_keV[-1])
    e, a = energies_keV[inside], amounts[inside]
    low = np.clip(np.searchsorted(centres_keV, e, side="right") - 1, 0, n - 2)
    part = (e - centres_keV[low]) / (centres_keV[low + 1] - centres_keV[low])
    out = np.bincount(low, weights=a * (1 - part), minlength=n)
    return np.asarray(out + np.bincount(low + 1, weights=a * part, minlength=n))


@cache
def _rows(shield: Shield) -> tuple[FloatArray, FloatArray]:
    return shield_rows(PHOTON_CENTRES_KEV, shield)


def behind(lines: Lines, layers: tuple[Shield, ...]) -> Outside:
    """Photons of a source behind layers, the inner one first, per decay."""
    passed, new, continuum = lines.intensities, Lines(np.zeros(0), np.zeros(0)), _NOTHING
    for shield in layers:
        share = passing(lines.energies_keV, (shield,))
        new_keV, rows = _rows(shield)
        before = on_grid(lines.energies_keV, passed) + on_grid(new.energies_keV, new.intensities)
        out = (before + continuum) @ rows
        n = new_keV.size
        new = Lines(
            np.concatenate((new.energies_keV, new_keV)),
            np.concatenate((new.intensities * passing(new.energies_keV, (shield,)), out[:n])),
        )
        continuum = continuum * passing(PHOTON_CENTRES_KEV, (shield,)) + out[n:]
        passed = passed * share
    return Outside(passed, new, continuum)


def inside(lines: Lines, metal: Shield) -> Outside:
    """Photons of a source that is spread evenly in a layer, per decay.

    Photons that interact are taken to do so as if they came from outside.
    """
    new_keV, rows = _rows(metal)
    out = on_grid(lines.energies_keV, lines.intensities) @ rows
    n = new_keV.size
    share = self_absorption(lines.energies_keV, metal)
    return Outside(lines.intensities * share, Lines(new_keV, out[:n]), out[n:])


def passing(energies_keV: FloatArray, layers: tuple[Shield, ...]) -> FloatArray:
    """Share of photons that pass layers without an interaction."""
    depth = np.zeros_like(energies_keV)
    for shield in layers:
        stuff = material(shield.material)
        mu = stuff.coefficients(energies_keV).interaction
        depth += mu / stuff.density_g_cm3 * shield.areal_density_g_cm2
    return np.asarray(np.exp(-depth))


@cache
def _ground() -> FloatArray:
    return ground_rows(PHOTON_CENTRES_KEV)


def by_ground(lines: Lines) -> FloatArray:
    """Photons of a bare source that come by way of the ground, per bin of the photon grid."""
    return np.asarray(on_grid(lines.energies_keV, lines.intensities) @ _ground())


@cache
def _by_angle(low: float, high: float) -> FloatArray:
    shares = scattered_shares(PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV)
    angle = cos_angle(PHOTON_CENTRES_KEV[:, None], PHOTON_CENTRES_KEV[None, :])
    return np.asarray(np.where((angle >= low) & (angle < high), shares, 0.0))


def scattered(lines: Lines, cosines: tuple[float, float]) -> FloatArray:
    """Photons scattered once by angles whose cosine lies between two, per bin of the grid.

    Near -1 they come back from a wall right behind the instrument, near 1 from beside the way.
    """
    return np.asarray(on_grid(lines.energies_keV, lines.intensities) @ _by_angle(*cosines))
