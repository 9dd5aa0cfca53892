"""Scatter from ground and walls: around a source, and inside the matter that is radioactive itself.

Two pictures, both without a fitted constant:

*one source above ground*: photons that reach the detector after scattering in the ground or in a
body behind the detector, for a stated scene; the amplitude relative to the direct beam follows from
the scene and may be freed.

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
from tocsin.detectors.halfspace import half_space
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import Photons

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """Ground below source and detector, and a body behind the detector.

    The defaults are a stated convention, not a measurement: source and instrument carried at the
    height of a table or a hip, a room's length apart, and a trunk behind the instrument, which
    gives the back-scatter peak. The shape depends on them little, the amplitude much; in templates
    it is free.
    """

    source_height_m: float = 1.0
    detector_height_m: float = 1.0
    distance_m: float = 5.0
    ground: str = "concrete"
    extent_m: float = 30.0  # ground farther out than this adds less than one per cent
    body: str = "tissue"
    body_behind_m: float = 0.15
    body_width_m: float = 0.4
    body_height_m: float = 0.6
    n_side: int = 240  # mesh points a side: 0.25 m of ground, fine against the heights


STANDARD_SCENE = Scene()
N_ANGLE_BINS = 60
_ANGLE_EDGES = np.linspace(-1, 1, N_ANGLE_BINS + 1)


@dataclass(frozen=True, slots=True)
class _Surface:
    """How a lit surface shows the source to the detector, relative to the direct beam.

    ``density`` is ``d^2 cos(a) dA / (r1^2 r2^2)`` per cosine of the scattering angle in
    ``N_ANGLE_BINS`` bins, ``diffuse`` the same with ``cos(b) / pi``, summed: the share of a surface
    that re-emits evenly.
    """

    material: str
    density: FloatArray
    diffuse: float


@cache
def _surfaces(scene: Scene) -> tuple[_Surface, _Surface]:
    """Ground and body of a scene; the source is the origin, the detector at ``(d, 0, 0)``."""
    n, d = scene.n_side, scene.distance_m
    even = (np.arange(n) + 0.5) / n * 2 - 1
    x, y = np.meshgrid(even * scene.extent_m + d / 2, even * scene.extent_m, indexing="ij")
    h1, h2 = scene.source_height_m, scene.detector_height_m
    # heights count from the ground: to it and back from it the way falls by h1 and rises by h2
    ground = _surface(
        scene.ground,
        to=(x, y, np.full_like(x, -h1)),
        back=(d - x, -y, np.full_like(x, h2)),
        normal_axis=2,
        area=(2 * scene.extent_m / n) ** 2,
    )
    across, up = np.meshgrid(
        even * scene.body_width_m / 2, even * scene.body_height_m / 2, indexing="ij"
    )
    behind = np.full_like(across, scene.body_behind_m)
    body = _surface(
        scene.body,
        to=(d + behind, across, up),
        back=(-behind, -across, -up),
        normal_axis=0,
        area=scene.body_width_m * scene.body_height_m / n**2,
    )
    return ground, body


def _surface(
    name: str,
    *,
    to: tuple[FloatArray, FloatArray, FloatArray],
    back: tuple[FloatArray, FloatArray, FloatArray],
    normal_axis: int,
    area: float,
) -> _Surface:
    r1 = np.sqrt(sum((v * v for v in to), np.zeros_like(to[0])))
    r2 = np.sqrt(sum((v * v for v in back), np.zeros_like(to[0])))
    cos = sum((v * w for v, w in zip(to, back, strict=True)), np.zeros_like(r1)) / (r1 * r2)
    d2 = (to[0] + back[0]) ** 2 + (to[1] + back[1]) ** 2 + (to[2] + back[2]) ** 2
    weight = d2 * np.abs(to[normal_axis]) / r1 * area / (r1**2 * r2**2)
    density, _ = np.histogram(cos.ravel(), _ANGLE_EDGES, weights=weight.ravel())
    diffuse = float((weight * np.abs(back[normal_axis]) / r2).sum() / np.pi)
    return _Surface(name, density / np.diff(_ANGLE_EDGES), diffuse)


def ground_scatter(
    energies_keV: FloatArray, intensities: FloatArray, *, scene: Scene = STANDARD_SCENE
) -> FloatArray:
    """Photon flux scattered from ground and body, relative to the direct flux of a unit line.

    First scatterings: ``K_j G(cos_j) / (2 pi) * mu_C / mu / (1 + mu' / mu)`` with the Klein-Nishina
    share ``K_j`` of bin ``j`` and the angle density ``G`` of each surface, way in and way out taken
    as equally oblique. Later generations leave evenly from the lit surface.

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
    return np.asarray(intensities @ ground_rows(energies_keV, scene=scene))


def ground_rows(energies_keV: FloatArray, *, scene: Scene = STANDARD_SCENE) -> FloatArray:
    """:func:`ground_scatter` of one photon of every energy, shape ``(k, n)``."""
    cos = cos_angle(energies_keV[:, None], PHOTON_CENTRES_KEV[None, :])
    shares = scattered_shares(energies_keV, PHOTON_EDGES_KEV)
    centres = (_ANGLE_EDGES[1:] + _ANGLE_EDGES[:-1]) / 2
    flux = np.zeros_like(shares)
    for surface in _surfaces(scene):
        stuff = material(surface.material)
        mu = stuff.coefficients(energies_keV)
        after = stuff.coefficients(PHOTON_CENTRES_KEV).interaction
        angle = np.interp(cos.ravel(), centres, surface.density).reshape(cos.shape)
        ratio = after[None, :] / mu.interaction[:, None]
        scattered = shares * (mu.incoherent / mu.interaction)[:, None]
        flux += scattered * angle / (1 + ratio) / (2 * np.pi)
        later = half_space(surface.material).later_rows(
            scattered, mu.interaction / stuff.density_g_cm3
        )
        flux += later * surface.diffuse
    return flux


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

    What ``background_components``, the survey detection and scenarios draw the natural background
    from. To take a measured background apart there is ``background.fields``, which knows a surface,
    air above it and how thick a wall is.

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
