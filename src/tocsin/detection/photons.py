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
# a steel can to a steel box, a lead foil to nine centimetres of lead. What is fitted is a mixture
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
    (Shield("Pb", 46.0), Shield("Fe", 2.5)),
    (Shield("Pb", 60.0), Shield("Fe", 2.5)),
    (Shield("Pb", 78.0), Shield("Fe", 2.5)),
    (Shield("Pb", 100.0), Shield("Fe", 2.5)),
)
# Heavy metal is its own shield: lines are weakened inside it and its K X-rays come on top.
METAL: tuple[Shield, ...] = (Shield("U", 1.0), Shield("U", 20.0))

# Layers up to which photons are followed at once (g/cm2): a mean free path or two where photons of
# that material's shields matter.
_THIN = {"water": 10.0, "Fe": 5.0, "Pb": 2.3}
_X_RAYS_KEV = 120.0  # above the K X-rays of all elements


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


@cache
def _layer(shield: Shield) -> FloatArray:
    """Photons of the grid before and behind a thin layer, K X-rays of the layer left out.

    Whether X-rays of a shield come out depends on a can around it; they are free beside.
    """
    new_keV, rows = _rows(shield)
    n = new_keV.size
    out = rows[:, n:] + np.diag(passing(PHOTON_CENTRES_KEV, (shield,)))
    for line in np.flatnonzero(new_keV > _X_RAYS_KEV):
        out += rows[:, line, None] * on_grid(new_keV[line : line + 1], np.ones(1))[None, :]
    return np.asarray(out)


@cache
def _scattered_through(layers: tuple[Shield, ...]) -> FloatArray:
    """Photons of the grid that come out of layers and are not those that went in.

    A thick layer is taken as a pile of thin ones, because later generations of photons are taken to
    start evenly spread within a layer.
    """
    total = np.eye(PHOTON_CENTRES_KEV.size)
    for shield in layers:
        n = int(np.ceil(shield.areal_density_g_cm2 / _THIN[shield.material]))
        thin = _layer(Shield(shield.material, shield.areal_density_g_cm2 / n))
        total = total @ np.linalg.matrix_power(thin, n)
    return np.asarray(total - np.diag(passing(PHOTON_CENTRES_KEV, layers)))


def behind(lines: Lines, layers: tuple[Shield, ...]) -> Outside:
    """Photons of a source behind layers, the inner one first, per decay."""
    passed = lines.intensities * passing(lines.energies_keV, layers)
    continuum = on_grid(lines.energies_keV, lines.intensities) @ _scattered_through(layers)
    return Outside(passed, Lines(np.zeros(0), np.zeros(0)), np.maximum(continuum, 0.0))


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
