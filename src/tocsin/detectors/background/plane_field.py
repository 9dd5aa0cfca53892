"""Photons between flat layers of matter that hold activity: ground below air, walls that face.

The transport equation of plane geometry, in photon bins and directions. Unlike
``surroundings.inside_medium`` it knows a surface, the air above it and how thick a wall is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.compton import ELECTRON_MASS_KEV, cos_angle, scattered_shares
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import Photons
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

N_DIRECTION = 8
"""Directions in each half space; 12 change the photons above ground by less than one per cent."""
N_FINE_DIRECTION = 64  # for photons that did not scatter, which have closed forms
N_ANGLE = 180  # scattering angles that are told apart
N_AZIMUTH = 64
FIRST_CELL_G_CM2, CELL_GROWTH, LARGEST_CELL_G_CM2 = 0.05, 1.5, 8.0
IN_BIN_LEFT = 1e-3  # of the photons that scatter within a bin, what is not followed further
AT_511 = int(np.searchsorted(PHOTON_EDGES_KEV, ELECTRON_MASS_KEV)) - 1


@dataclass(frozen=True, slots=True)
class Layer:
    """A flat layer without end to the sides.

    Parameters
    ----------
    material : str
        Name in the material data.
    areal_density_g_cm2 : float
        Thickness times density.
    activity : float
        Decays per gram, relative to the other layers; 0 for none.

    Raises
    ------
    InvalidInput
        When the areal density is not positive and finite, or the activity is negative.
    """

    material: str
    areal_density_g_cm2: float
    activity: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.areal_density_g_cm2 < 1e6:
            raise InvalidInput(
                f"layer of {self.material}: areal density must be positive, "
                f"not {self.areal_density_g_cm2!r} g/cm2"
            )
        if not 0 <= self.activity < np.inf:
            raise InvalidInput(f"layer of {self.material}: activity {self.activity!r} is negative")


def plane_fields(
    layers: Sequence[Layer], above: int, sources: Sequence[tuple[FloatArray, FloatArray]]
) -> list[Photons]:
    """Photon fluence at the boundary on top of layer ``above``.

    ``mu dN/dz + Sigma N = S/2 + scattered`` for the fluence ``N`` per direction cosine: bins of
    ``PHOTON_EDGES_KEV``, Gauss directions in each half space, cells with an even source (step
    characteristics). Scattered photons keep the angle that belongs to their loss of energy,
    averaged over the azimuth. Photons that did not scatter, and annihilation photons, are followed
    in closed form and stay lines.

    Parameters
    ----------
    layers : sequence of Layer
        From the lowest up; nothing comes back from below and above them all.
    above : int
        Number of layers below the boundary, at least 1 and fewer than all.
    sources : sequence of (energies_keV, intensities)
        Lines within 10 to 4000 keV, photons per decay; each is a problem of its own.

    Returns
    -------
    list of Photons
        Fluence in 1/cm2 per decay in a gram of matter of activity 1.

    Raises
    ------
    InvalidInput
        When the boundary is not between two layers, or no layer is active.

    Notes
    -----
    Coherent scattering, fluorescence of the layers, bremsstrahlung and the binding of electrons
    (beyond the incoherent coefficient) are left out. Valid from 20 to 3000 keV.

    References
    ----------
    Bell, Glasstone (1970), Nuclear Reactor Theory, chapter 5; the angular form of ground fields as
    in Beck, de Planque (1968), HASL-195.
    """
    if not 1 <= above < len(layers):
        raise InvalidInput(f"boundary {above} does not lie between two of {len(layers)} layers")
    if not any(layer.activity > 0 for layer in layers):
        raise InvalidInput("no layer holds activity")
    return _Stack(layers, above).solve(sources)


def _cells(thickness: float) -> FloatArray:
    """Widths of the cells of one layer, thin at both its faces."""
    widths: list[float] = []
    step, left = FIRST_CELL_G_CM2, thickness / 2
    while left > step:
        widths.append(step)
        left -= step
        step = min(step * CELL_GROWTH, LARGEST_CELL_G_CM2)
    widths.append(left)
    return np.array([*widths, *widths[::-1]])


@cache
def _directions() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cosines and weights of one half space, and the turn ``(angle, from, to)`` between all.

    Downward directions come first.
    """
    nodes, weights = np.polynomial.legendre.leggauss(N_DIRECTION)
    cosines, weights = (nodes + 1) / 2, weights / 2
    both = np.concatenate((-cosines[::-1], cosines))
    bounds = np.concatenate(([-1.0], np.cumsum(np.concatenate((weights[::-1], weights))) - 1.0))
    phi = (np.arange(N_AZIMUTH) + 0.5) / N_AZIMUTH * np.pi
    turn = np.zeros((N_ANGLE, both.size, both.size))
    for k, angle in enumerate((np.arange(N_ANGLE) + 0.5) / N_ANGLE * np.pi):
        across = np.sqrt(1 - both**2) * np.sin(angle)
        to = both[:, None] * np.cos(angle) + across[:, None] * np.cos(phi)[None, :]
        at = np.clip(np.searchsorted(bounds, to) - 1, 0, both.size - 1)
        for row in range(both.size):
            turn[k, row] = np.bincount(at[row], minlength=both.size) / N_AZIMUTH
    return cosines, weights, turn


@cache
def _scatter() -> tuple[FloatArray, NDArray[np.int64]]:
    """Klein-Nishina shares from bin to bin and the number of the angle that goes with each."""
    e = PHOTON_CENTRES_KEV
    shares = scattered_shares(e, PHOTON_EDGES_KEV)
    angle = np.arccos(cos_angle(e[:, None], e[None, :])) / np.pi * N_ANGLE
    return shares, np.clip(angle.astype(np.int64), 0, N_ANGLE - 1)


class _Stack:
    """Layers cut into cells, with what does not depend on the source."""

    def __init__(self, layers: Sequence[Layer], above: int) -> None:
        parts = [_cells(layer.areal_density_g_cm2) for layer in layers]
        self._names = [layer.material for layer in layers]
        self._layer_of = np.repeat(np.arange(len(layers)), [p.size for p in parts])
        self._widths = np.concatenate(parts)
        self._activity = np.array([layer.activity for layer in layers])[self._layer_of]
        self._at = int(sum(p.size for p in parts[:above]))
        e = PHOTON_CENTRES_KEV
        self._total = self._per_gram(e)
        stuff = [material(name) for name in self._names]
        mu = [s.coefficients(e) for s in stuff]
        rho = np.array([s.density_g_cm3 for s in stuff])[:, None]
        self._incoherent = np.stack([m.incoherent for m in mu]) / rho
        self._pair = np.stack([m.pair for m in mu]) / rho

    def _per_gram(self, energies_keV: FloatArray) -> FloatArray:
        """Interaction coefficient in cm2/g, ``(layer, k)``."""
        stuff = [material(name) for name in self._names]
        return np.stack([s.coefficients(energies_keV).interaction / s.density_g_cm3 for s in stuff])

    def solve(self, sources: Sequence[tuple[FloatArray, FloatArray]]) -> list[Photons]:
        n, n_source = PHOTON_CENTRES_KEV.size, len(sources)
        cosines, weights, turn = _directions()
        both = np.concatenate((weights[::-1], weights))
        shares, angle = _scatter()
        lines = np.zeros((n, n_source))
        for s, (energies, intensities) in enumerate(sources):
            at = np.clip(np.searchsorted(PHOTON_EDGES_KEV, energies) - 1, 0, n - 1)
            np.add.at(lines[:, s], at, intensities)
        cells = self._widths.size
        collided = np.zeros((n_source, cells, n, both.size))  # collisions that scatter
        pairs = np.zeros((n_source, cells))
        out = np.zeros((n_source, n))
        annihilation = np.zeros((n_source, cells))
        for g in range(n - 1, -1, -1):
            total = self._total[self._layer_of, g]
            scatters = self._incoherent[self._layer_of, g]
            born = self._activity * lines[g][:, None]
            if g == AT_511:
                annihilation = 2 * pairs
                born = born + annihilation
            from_lines, _ = self._sweep(total, cosines, np.broadcast_to(
                (born / 2)[:, :, None], (n_source, cells, both.size)
            ))  # fmt: skip
            source = np.zeros((n_source, cells, both.size))
            into = np.flatnonzero(shares[g + 1 :, g]) + g + 1
            if into.size:
                moved = shares[into, g][:, None, None] * turn[angle[into, g]]
                rows = collided[:, :, into, :].reshape(n_source * cells, -1)
                source = (rows @ moved.reshape(-1, both.size)).reshape(source.shape) / both
            stays = shares[g, g] * turn[angle[g, g]] / both
            field, edge = self._sweep(total, cosines, source)
            again_share = float(shares[g, g] * (scatters / total).max())
            turns = int(np.ceil(np.log(IN_BIN_LEFT) / np.log(max(again_share, 1e-6))))
            for _ in range(turns):
                again = ((from_lines + field) * both * scatters[:, None]) @ stays
                field, edge = self._sweep(total, cosines, source + again)
            out[:, g] = edge @ both
            flux = from_lines + field
            collided[:, :, g, :] = flux * both * scatters[:, None]
            pairs += self._pair[self._layer_of, g] * (flux @ both)
        return [self._gathered(sources[s], annihilation[s], out[s]) for s in range(n_source)]

    def _sweep(
        self, total: FloatArray, cosines: FloatArray, source: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Mean fluence of every cell ``(s, z, d)`` and fluence at the boundary ``(s, d)``."""
        m = cosines.size
        mean, edge = np.empty_like(source), np.zeros((source.shape[0], 2 * m))
        depth = (total * self._widths)[:, None] / cosines
        passed = np.exp(-depth)
        kept = -np.expm1(-depth) / depth
        full = source / total[:, None]
        cells = self._widths.size
        for upward in (False, True):
            own = slice(m, None) if upward else slice(0, m)
            order = range(cells) if upward else range(cells - 1, -1, -1)
            flip = slice(None) if upward else slice(None, None, -1)
            now = np.zeros((source.shape[0], m))
            for z in order:
                if z == self._at and upward:
                    edge[:, own] = now
                level = full[:, z, own]
                mean[:, z, own] = level + (now - level) * kept[z, flip]
                now = level + (now - level) * passed[z, flip]
                if z == self._at and not upward:
                    edge[:, own] = now
        return mean, edge

    def _gathered(
        self, source: tuple[FloatArray, FloatArray], pairs: FloatArray, continuum: FloatArray
    ) -> Photons:
        energies, intensities = source
        at_511 = np.array([ELECTRON_MASS_KEV])
        direct = intensities * self._unscattered(energies, self._activity)
        more = self._unscattered(at_511, pairs)
        return Photons(
            np.concatenate((energies, at_511)), np.concatenate((direct, more)), continuum
        )

    def _unscattered(self, energies_keV: FloatArray, born: FloatArray) -> FloatArray:
        """Fluence ``(k,)`` at the boundary of photons born in the cells, in closed form."""
        nodes, weights = np.polynomial.legendre.leggauss(N_FINE_DIRECTION)
        cosines, weights = ((nodes + 1) / 2) ** 2, weights * (nodes + 1) / 2
        total = self._per_gram(energies_keV)[self._layer_of]
        depth = total * self._widths[:, None]
        out = np.zeros(energies_keV.size)
        for cells in (range(self._at - 1, -1, -1), range(self._at, self._widths.size)):
            way = np.zeros(energies_keV.size)
            for z in cells:
                if born[z] > 0:
                    left = np.exp(-way[:, None] / cosines)
                    left *= -np.expm1(-depth[z][:, None] / cosines)
                    out += born[z] / 2 / total[z] * (left @ weights)
                way = way + depth[z]
        return out
