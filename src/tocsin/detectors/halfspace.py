"""Photons scattered back by thick matter: generations after the first, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expn

from tocsin.detectors.attenuation import material
from tocsin.detectors.compton import scattered_shares
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV

FloatArray = NDArray[np.float64]

# Layers of equal use: thin where photons still get out, ending where hardly any returns from.
LAYERS_G_CM2 = np.array([0.0, 1.5, 3.0, 6.0, 10.0, 16.0, 25.0, 40.0, 70.0])
MEAN_COSINE = 2 / 3  # of photons that meet a surface from an even field


@dataclass(frozen=True)
class HalfSpace:
    """Emission of a thick flat body by photons that scattered once in it and stayed.

    Parameters
    ----------
    mu_per_g : (n,) float
        Mass interaction coefficient at the photon bins, cm2/g.
    emitted : (n, layer, n) float
        Photons that leave in each bin, per photon that a first scattering sent out isotropically
        in a bin from a layer and that did not leave at once.
    """

    mu_per_g: FloatArray
    emitted: FloatArray

    def later_rows(self, scattered: FloatArray, mu_first_per_g: FloatArray) -> FloatArray:
        """Photons that leave after two or more scatterings, of each line.

        Parameters
        ----------
        scattered : (k, n) float
            First-scattered photons of every line in every bin.
        mu_first_per_g : (k,) float
            Mass coefficients of the lines: first scatterings are spread exponentially in depth.

        Returns
        -------
        (k, n) float
            Photons per bin.
        """
        slant = mu_first_per_g[:, None] / MEAN_COSINE
        passed = np.exp(-slant * LAYERS_G_CM2[None, :])
        layers = passed[:, :-1] - passed[:, 1:]
        out = np.zeros_like(scattered)
        for d in range(layers.shape[1]):
            out += (scattered * layers[:, d, None]) @ self.emitted[:, d, :]
        return out


def _transfer(mu_per_g: float) -> tuple[FloatArray, FloatArray]:
    """Chance to collide next in each layer, and to leave, from an even isotropic source in one.

    Exponential integrals of plane geometry: for layers of optical thickness ``a`` and ``b`` with a
    gap ``t``, ``[E3(t) - E3(t + a) - E3(t + b) + E3(t + a + b)] / (2 a)``.
    """
    tau = mu_per_g * LAYERS_G_CM2
    thick = np.diff(tau)
    low, high = tau[:-1], tau[1:]
    gap = np.maximum(low[None, :] - high[:, None], low[:, None] - high[None, :])
    gap = np.maximum(gap, 0.0)
    a, b = thick[:, None], thick[None, :]
    collide = (expn(3, gap) - expn(3, gap + a) - expn(3, gap + b) + expn(3, gap + a + b)) / (2 * a)
    np.fill_diagonal(collide, 1 - (0.5 - expn(3, thick)) / thick)
    leave = (expn(3, low) - expn(3, high)) / (2 * thick)
    return collide, leave


@cache
def half_space(name: str) -> HalfSpace:
    """Half-space of a material, computed once.

    With ``M_i(d)`` the emission of a photon of bin ``i`` that collides in layer ``d`` and
    ``P_j`` the collision and ``e_j`` the leakage probabilities of plane geometry,
    ``M_i = f_i sum_j K_ij [e_j delta_j + P_j M_j]``: lower bins first. Scattering after the first
    is taken as isotropic in direction (energies keep Klein-Nishina).
    """
    stuff = material(name)
    e = PHOTON_CENTRES_KEV
    mu = stuff.coefficients(e)
    kernel = scattered_shares(e, PHOTON_EDGES_KEV) * (mu.incoherent / mu.interaction)[:, None]
    per_g = mu.interaction / stuff.density_g_cm3
    n, layers = e.size, LAYERS_G_CM2.size - 1
    onward = np.zeros((n, layers, n))  # P_j M_j
    out = np.zeros((n, layers, n))  # e_j delta_j + P_j M_j
    for i in range(n):
        collide, leave = _transfer(float(per_g[i]))
        sent = np.tensordot(kernel[i, :i], out[:i], axes=(0, 0)) if i else np.zeros((layers, n))
        sent[:, i] += kernel[i, i] * leave
        # a scattering that stays in the same bin comes back to the same unknown
        colliding = np.linalg.solve(np.eye(layers) - kernel[i, i] * collide, sent)
        onward[i] = collide @ colliding
        out[i] = onward[i]
        out[i, :, i] += leave
    return HalfSpace(per_g, onward)
