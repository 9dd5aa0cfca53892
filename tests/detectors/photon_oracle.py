"""A slow, obvious Monte-Carlo of photons in a crystal: the oracle of the fast response.

It shares the attenuation data with what it checks, and nothing else: photons are followed one
interaction at a time, positions and directions in three dimensions.
"""

from __future__ import annotations

import numpy as np

from tocsin.detectors.attenuation import Material
from tocsin.detectors.geometry import Crystal

M = 510.99895


def exit_distance(crystal: Crystal, x: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Distance to the surface; the beam axis is z, the crystal centred on it from z = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = np.where(d[:, 2] > 0, (crystal.depth_cm - x[:, 2]) / d[:, 2], -x[:, 2] / d[:, 2])
        ahead = np.where(d[:, 2] == 0, np.inf, ahead)
        if crystal.shape == "box":
            half = np.array(crystal.face_cm) / 2
            side = np.where(d[:, :2] > 0, (half - x[:, :2]), (-half - x[:, :2])) / d[:, :2]
            side = np.where(d[:, :2] == 0, np.inf, side).min(axis=1)
        else:
            a = (d[:, :2] ** 2).sum(axis=1)
            b = (x[:, :2] * d[:, :2]).sum(axis=1)
            c = (x[:, :2] ** 2).sum(axis=1) - (crystal.face_cm[0] / 2) ** 2
            side = np.where(a > 0, (-b + np.sqrt(np.maximum(b * b - a * c, 0))) / a, np.inf)
    return np.maximum(np.minimum(ahead, side), 0)


def isotropic(rng: np.random.Generator, n: int) -> np.ndarray:
    cos = rng.uniform(-1, 1, n)
    phi = rng.uniform(0, 2 * np.pi, n)
    sin = np.sqrt(1 - cos * cos)
    return np.stack((sin * np.cos(phi), sin * np.sin(phi), cos), axis=1)


def klein_nishina(rng: np.random.Generator, e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scattered energy and cosine, by rejection from a uniform cosine."""
    cos = np.empty(e.size)
    todo = np.arange(e.size)
    while todo.size:
        c = rng.uniform(-1, 1, todo.size)
        p = 1 / (1 + e[todo] / M * (1 - c))
        accept = rng.uniform(0, 2, todo.size) < p * p * (p + 1 / p - 1 + c * c)
        cos[todo[accept]] = c[accept]
        todo = todo[~accept]
    return e / (1 + e / M * (1 - cos)), cos


def turned(rng: np.random.Generator, d: np.ndarray, cos: np.ndarray) -> np.ndarray:
    phi = rng.uniform(0, 2 * np.pi, cos.size)
    helper = np.where(np.abs(d[:, 2:3]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    u = np.cross(d, helper)
    u /= np.linalg.norm(u, axis=1)[:, None]
    v = np.cross(d, u)
    sin = np.sqrt(1 - cos * cos)
    return cos[:, None] * d + sin[:, None] * (np.cos(phi)[:, None] * u + np.sin(phi)[:, None] * v)


def deposits(
    material: Material, crystal: Crystal, energy_keV: float, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Energy left by each of ``n`` photons of a broad parallel beam on the front face."""
    if crystal.shape == "box":
        xy = rng.uniform(-0.5, 0.5, (n, 2)) * np.array(crystal.face_cm)
    else:
        r = crystal.face_cm[0] / 2 * np.sqrt(rng.uniform(0, 1, n))
        phi = rng.uniform(0, 2 * np.pi, n)
        xy = np.stack((r * np.cos(phi), r * np.sin(phi)), axis=1)
    x = np.column_stack((xy, np.zeros(n)))
    d = np.tile([0.0, 0.0, 1.0], (n, 1))
    e = np.full(n, energy_keV)
    owner = np.arange(n)
    out = np.zeros(n)
    while e.size:
        mu = material.coefficients(np.maximum(e, 10.0))
        path = rng.exponential(1, e.size) / mu.interaction
        stays = path < exit_distance(crystal, x, d)
        x, d, e, owner = (x + path[:, None] * d)[stays], d[stays], e[stays], owner[stays]
        photo, pair = (mu.photo / mu.interaction)[stays], (mu.pair / mu.interaction)[stays]
        u = rng.uniform(0, 1, e.size)
        absorbed = (u < photo) | (e < 10.0)
        paired = ~absorbed & (u < photo + pair)
        scattered = ~absorbed & ~paired
        np.add.at(out, owner[absorbed], e[absorbed])
        np.add.at(out, owner[paired], e[paired] - 2 * M)
        after, cos = klein_nishina(rng, e[scattered])
        np.add.at(out, owner[scattered], e[scattered] - after)
        way = isotropic(rng, int(paired.sum()))
        x = np.concatenate((x[scattered], x[paired], x[paired]))
        d = np.concatenate((turned(rng, d[scattered], cos), way, -way))
        owner = np.concatenate((owner[scattered], owner[paired], owner[paired]))
        e = np.concatenate((after, np.full(2 * way.shape[0], M)))
    return out


def behind_layer(
    material: Material,
    areal_density_g_cm2: float,
    energy_keV: float,
    n: int,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Photons of ``n`` that leave a plane layer directly, and scattered ones (no X-rays, no pairs).

    The layer stands for one that encloses its source: what leaves on the inner side enters again
    with the same slant. Photons below 10 keV are dropped.
    """
    thickness = areal_density_g_cm2 / material.density_g_cm3
    e, z, hit = np.full(n, energy_keV), np.zeros(n), np.zeros(n, dtype=bool)
    d = np.tile([0.0, 0.0, 1.0], (n, 1))
    direct = scattered = 0
    while e.size:
        mu = material.coefficients(e)
        z = z + rng.exponential(size=e.size) / mu.interaction * d[:, 2]
        direct += int(np.sum((z > thickness) & ~hit))
        scattered += int(np.sum((z > thickness) & hit))
        crosses = z < 0
        d[crosses, 2] *= -1
        z[crosses] = 0.0
        compton = rng.random(e.size) < mu.incoherent / mu.interaction
        scatters = ~crosses & compton
        e[scatters], cos = klein_nishina(rng, e[scatters])
        d[scatters] = turned(rng, d[scatters], cos)
        hit |= scatters
        stays = (z <= thickness) & (crosses | compton) & (e > 10.0)
        e, z, d, hit = e[stays], z[stays], d[stays], hit[stays]
    return direct, scattered
