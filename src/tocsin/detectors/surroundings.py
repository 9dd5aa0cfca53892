"""Scatter from ground and walls: around a source, and inside the matter that is radioactive itself.

Two pictures, both without a fitted constant:

*one source above ground*: photons that reach the detector after scattering in the ground, for a
stated scene; the amplitude relative to the direct beam follows from the scene and may be freed.

*matter that holds the activity everywhere*: the slowing-down equation of an infinite medium,
``mu(E) phi(E) = S(E) + int mu_C(E') k(E' -> E) phi(E') dE'``, which describes the energies of
natural photons at the surface of ground well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.compton import ELECTRON_MASS_KEV, cos_angle, scattered_shares
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import Photons

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """Heights and distance for scatter from the ground.

    The defaults are a stated convention, not a measurement: a source and an instrument carried at
    the height of a table or a hip, a room's length apart. The shape hardly depends on them (the
    continuum lies between the back-scatter energy and a few tens of degrees); the amplitude does,
    and is free in templates.
    """

    source_height_m: float = 1.0
    detector_height_m: float = 1.0
    distance_m: float = 5.0
    ground: str = "concrete"
    extent_m: float = 30.0  # ground farther out than this adds less than one per cent
    n_side: int = 240  # a mesh of 0.25 m, fine against the heights


STANDARD_SCENE = Scene()
# Later generations start about as deep as their own mean free path: with equal coefficients the
# chance to leave a half-space is (1 - ln 2) / 2.
LATER_ESCAPE = 0.5 * (1 - float(np.log(2.0)))
N_ANGLE_BINS = 60


@cache
def _scene_factors(scene: Scene) -> tuple[FloatArray, FloatArray, float]:
    """Angle density of ground scatter relative to the direct beam.

    Returns
    -------
    cosines : (n,) float
        Centres of bins of the cosine of the scattering angle.
    density : (n,) float
        ``d^2 cos(a) dA / (r1^2 r2^2)`` per cosine.
    diffuse : float
        ``sum d^2 cos(a) cos(b) dA / (pi r1^2 r2^2)``: share of a diffusely re-emitting ground.
    """
    n, extent, d = scene.n_side, scene.extent_m, scene.distance_m
    mesh = (np.arange(n) + 0.5) / n * 2 * extent - extent
    x, y = np.meshgrid(mesh + d / 2, mesh, indexing="ij")
    h1, h2 = scene.source_height_m, scene.detector_height_m
    r1 = np.sqrt(x**2 + y**2 + h1**2)
    r2 = np.sqrt((x - d) ** 2 + y**2 + h2**2)
    # scalar product of the way to the ground point and the way on to the detector
    cos = (x * (d - x) - y**2 - h1 * h2) / (r1 * r2)
    area = (2 * extent / n) ** 2
    weight = d**2 * (h1 / r1) * area / (r1**2 * r2**2)
    edges = np.linspace(-1, 1, N_ANGLE_BINS + 1)
    density, _ = np.histogram(cos.ravel(), edges, weights=weight.ravel())
    diffuse = float((weight * h2 / r2).sum() / np.pi)
    return (edges[1:] + edges[:-1]) / 2, density / np.diff(edges), diffuse


@cache
def _later_generations(name: str) -> FloatArray:
    """Photons leaving a half-space per photon that interacts in it, from bin to bin."""
    mu = material(name).coefficients(PHOTON_CENTRES_KEV)
    kernel = scattered_shares(PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV)
    kernel *= (mu.incoherent / mu.interaction)[:, None]
    system = np.eye(PHOTON_CENTRES_KEV.size) - kernel * (1 - LATER_ESCAPE)
    return np.asarray(np.linalg.solve(system, kernel * LATER_ESCAPE))


def ground_scatter(
    energies_keV: FloatArray, intensities: FloatArray, *, scene: Scene = STANDARD_SCENE
) -> FloatArray:
    """Photon flux scattered from the ground, relative to the direct flux of a unit line.

    First scatterings: ``K_j G(cos_j) / (2 pi) * mu_C / mu / (1 + mu' / mu)`` with the Klein-Nishina
    share ``K_j`` of bin ``j`` and the scene's angle density ``G``, way in and way out taken as
    equally oblique. Later generations leave diffusely from the lit ground.

    Parameters
    ----------
    energies_keV, intensities : (k,) float
        Lines within 10 to 4000 keV, photons per decay.
    scene : Scene
        Where source and detector stand.

    Returns
    -------
    (n,) float
        Flux per bin of ``PHOTON_EDGES_KEV``, in units of the direct flux of intensity one.
    """
    ground = material(scene.ground)
    mu = ground.coefficients(energies_keV)
    after = ground.coefficients(PHOTON_CENTRES_KEV).interaction
    cosines, density, diffuse = _scene_factors(scene)
    cos = cos_angle(energies_keV[:, None], PHOTON_CENTRES_KEV[None, :])
    angle = np.interp(cos.ravel(), cosines, density).reshape(cos.shape)
    ratio = after[None, :] / mu.interaction[:, None]
    scattered = scattered_shares(energies_keV, PHOTON_EDGES_KEV)
    scattered *= (intensities * mu.incoherent / mu.interaction)[:, None]
    first = (scattered * angle / (1 + ratio)).sum(axis=0) / (2 * np.pi)
    # chance to leave after an exponential depth and an even direction (integral of u / (u + rho))
    leave = 0.5 * (1 - ratio * np.log1p(1 / ratio))
    later = (scattered * (1 - leave)).sum(axis=0) @ _later_generations(scene.ground)
    return np.asarray(first + later * diffuse)


@cache
def _slowing_down(name: str) -> FloatArray:
    """Collisions in bin j per first collision in bin i of an infinite medium."""
    mu = material(name).coefficients(PHOTON_CENTRES_KEV)
    n = PHOTON_CENTRES_KEV.size
    kernel = scattered_shares(PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV)
    kernel *= (mu.incoherent / mu.interaction)[:, None]
    at = int(np.searchsorted(PHOTON_EDGES_KEV, ELECTRON_MASS_KEV)) - 1
    kernel[:, at] += 2 * mu.pair / mu.interaction
    return np.asarray(np.linalg.inv(np.eye(n) - kernel))


def inside_medium(
    energies_keV: FloatArray, intensities: FloatArray, *, medium: str = "concrete"
) -> Photons:
    """Photon flux in an infinite medium that holds the sources evenly.

    Parameters
    ----------
    energies_keV, intensities : (k,) float
        Lines within 10 to 4000 keV, photons per decay.
    medium : str
        Material of the medium; its density cancels in the shape.

    Returns
    -------
    Photons
        Fluence per decay and unit volume: sharp lines (``I / mu``) and scattered photons.
    """
    stuff = material(medium)
    mu = stuff.coefficients(energies_keV)
    after = stuff.coefficients(PHOTON_CENTRES_KEV).interaction
    kernel = scattered_shares(energies_keV, PHOTON_EDGES_KEV)
    kernel *= (mu.incoherent / mu.interaction)[:, None]
    annihilation = 2 * float((intensities * mu.pair / mu.interaction).sum())
    source = intensities @ kernel
    at_511 = np.array([ELECTRON_MASS_KEV])
    # photons of 511 keV stay a line; their own collisions join the continuum
    mu_511 = stuff.coefficients(at_511)
    share_511 = scattered_shares(at_511, PHOTON_EDGES_KEV)[0]
    source = source + annihilation * share_511 * mu_511.incoherent / mu_511.interaction
    collisions = source @ _slowing_down(medium)
    return Photons(
        np.concatenate((energies_keV, at_511)),
        np.concatenate((intensities / mu.interaction, annihilation / mu_511.interaction)),
        collisions / after,
    )
