"""The natural background of a street: what the ground, the walls and the sky send to a detector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.signal import lfilter

from tocsin.errors import InvalidInput
from tocsin.nuclear import load_library
from tocsin.scenario.geometry import FloatArray, Walk
from tocsin.scenario.noise import ar1

COMPONENTS = ("K", "U", "Th", "cosmic")
"""The natural components of a scene: potassium, uranium and thorium series, cosmic and skyshine."""


@dataclass(frozen=True, slots=True)
class Material:
    """Change of the natural components by a building material or ground, as relative amounts.

    ``+0.3`` means 30 % more than the street's mean where the material fills the view, ``-0.2``
    means 20 % less.
    """

    name: str
    potassium: float
    uranium: float
    thorium: float
    cosmic: float = 0.0


# Contrasts with a mixed street, our own choice for synthetic scenes and no data about a place or a
# product: granite and brick carry more potassium, uranium and thorium than the mean, limestone and
# asphalt less, a crossing has fewer walls around it; a wall hides a part of the sky.
BRICK = Material("brick front", 0.35, 0.25, 0.20, -0.08)
CONCRETE = Material("concrete front", -0.12, 0.12, -0.10, -0.10)
GRANITE_PAVING = Material("granite paving", 0.45, 0.30, 0.40)
ASPHALT = Material("asphalt and limestone", -0.35, -0.20, -0.30)
LAWN = Material("lawn", -0.08, -0.06, 0.02)
OPEN_CROSSING = Material("crossing without buildings", -0.25, -0.22, -0.25, 0.06)
MATERIALS = (BRICK, CONCRETE, GRANITE_PAVING, ASPHALT, LAWN, OPEN_CROSSING)


@dataclass(frozen=True, slots=True)
class Patch:
    """A stretch of one material: its weight falls as a Gaussian of width ``radius_m``."""

    material: Material
    x_m: float
    y_m: float
    radius_m: float

    def __post_init__(self) -> None:
        if not (0.5 <= self.radius_m < math.inf):
            raise InvalidInput(f"radius_m must be 0.5 m or more, not {self.radius_m!r}")


@dataclass(frozen=True, slots=True)
class Rain:
    """A shower that brings radon progeny down on the street.

    Parameters
    ----------
    start_s, duration_s : float
        When it rains, in seconds after the start of the walk.
    rise : float
        Highest gamma rate of the progeny as a part of the mean rate of the uranium series.

    Notes
    -----
    Equal activities of Pb-214 and Bi-214 fall at a constant rate ``s`` while it rains:
    ``dA/dt = s - lambda A`` for Pb-214, ``dA/dt = s + lambda (A_Pb - A)`` for Bi-214 with their own
    decay constants; the gamma rate follows Bi-214, which gives most of the photons.
    """

    start_s: float
    duration_s: float
    rise: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and 0.0 < self.duration_s < math.inf):
            raise InvalidInput("rain needs a finite start and a positive duration in seconds")
        if not 0.0 < self.rise <= 5.0:
            raise InvalidInput(f"rise must lie within 0 and 5, not {self.rise!r}")

    def profile(self, times_s: FloatArray, step_s: float) -> FloatArray:
        """Rate ``(n,)`` at evenly spaced times, over the mean rate of the uranium series."""
        library = load_library()
        falls = (times_s >= self.start_s) & (times_s < self.start_s + self.duration_s)
        lead, bismuth = (
            math.exp(-math.log(2.0) * step_s / library[name].half_life_s)
            for name in ("Pb-214", "Bi-214")
        )
        source = falls.astype(np.float64)
        on_ground = lfilter([1.0], [1.0, -lead], source)
        rate = lfilter([1.0], [1.0, -bismuth], source + (1.0 - bismuth) * on_ground)
        return np.asarray(self.rise * rate / max(float(rate.max()), 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class StreetMap:
    """Natural background of a scene as a map plus slow fluctuations that no map explains.

    The rate of component ``k`` at place ``r`` and time ``t`` is
    ``rate_k * max(0.2, 1 + sum_p delta_kp exp(-|r - r_p|^2 / 2 s_p^2)) * exp(c(t) + u_k(t))``
    with ``c`` and ``u_k`` AR(1) noise. Cosmic and skyshine take no part in the noise: their rate
    follows the air pressure, which does not change within a walk.

    Parameters
    ----------
    rates_cps : tuple of four float
        Mean gamma rates of the components K, U, Th and cosmic in the scene's detector.
    patches : tuple of Patch
        Materials along the street.
    common_sd, common_tau_s : float
        Standard deviation (of the logarithm) and correlation time of the fluctuation that the
        three terrestrial components share.
    own_sd, own_tau_s : float
        The same of the fluctuation that each of them has alone.
    rain : Rain, optional
        A shower; its progeny lie on the ground, a component of its own.

    Notes
    -----
    The default fluctuations are our own choice, on top of a map that moves the gross rate by
    some 16 % (standard deviation). They move it by 1.2 % from one second to the next.
    """

    rates_cps: tuple[float, float, float, float]
    patches: tuple[Patch, ...] = ()
    common_sd: float = 0.03
    common_tau_s: float = 60.0
    own_sd: float = 0.04
    own_tau_s: float = 40.0
    rain: Rain | None = None

    def __post_init__(self) -> None:
        if len(self.rates_cps) != len(COMPONENTS) or not all(
            0.0 <= r < math.inf for r in self.rates_cps
        ):
            raise InvalidInput(f"rates_cps must be four rates >= 0 for {', '.join(COMPONENTS)}")
        for name in ("common_sd", "own_sd"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InvalidInput(f"{name} must lie within 0 and 1")
        for name in ("common_tau_s", "own_tau_s"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidInput(f"{name} must be a positive number of seconds")

    def map_factors(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Relative rates ``(4, n)`` of the components at places ``(n,)``, without fluctuation."""
        factors = np.ones((len(COMPONENTS), x_m.size))
        for patch in self.patches:
            squared = (x_m - patch.x_m) ** 2 + (y_m - patch.y_m) ** 2
            weight = np.exp(-squared / (2.0 * patch.radius_m**2))
            material = patch.material
            change = (material.potassium, material.uranium, material.thorium, material.cosmic)
            factors += np.asarray(change)[:, None] * weight
        # No street loses all of its ground: a fifth of the mean is left under any overlap.
        return np.maximum(factors, 0.2)

    def component_rates_cps(
        self, x_m: FloatArray, y_m: FloatArray, step_s: float, rng: np.random.Generator
    ) -> FloatArray:
        """Rates ``(4, n)`` of the components in each record in counts per second.

        Rain is not among them: its progeny are a component of their own, see `rain_cps`.
        """
        n = x_m.size
        noise = self.own_sd * ar1((3, n), step_s, self.own_tau_s, rng)
        noise += self.common_sd * ar1((1, n), step_s, self.common_tau_s, rng)
        fluctuation = np.ones((len(COMPONENTS), n))
        fluctuation[:3] = np.exp(noise)
        rates = np.asarray(self.rates_cps)[:, None]
        return np.asarray(rates * self.map_factors(x_m, y_m) * fluctuation, dtype=np.float64)

    def rain_cps(self, times_s: FloatArray, step_s: float) -> FloatArray:
        """Rate ``(n,)`` of radon progeny that rain has brought down; zero where it is dry."""
        if self.rain is None:
            return np.zeros(times_s.size)
        return self.rates_cps[COMPONENTS.index("U")] * self.rain.profile(times_s, step_s)


def random_patches(
    walk: Walk, rng: np.random.Generator, *, spacing_m: float = 28.0
) -> tuple[Patch, ...]:
    """House fronts and ground on both sides of a walk, one every ``spacing_m`` or so.

    Parameters
    ----------
    walk : Walk
        The street.
    rng : numpy.random.Generator
        Chooses materials, places and sizes.
    spacing_m : float
        Mean distance between two patches; a house front is about so long.

    Returns
    -------
    tuple of Patch
        At each corner of the street an open crossing, elsewhere a random material.
    """
    if not spacing_m > 0:
        raise InvalidInput(f"spacing_m must be positive, not {spacing_m!r}")
    patches = [Patch(OPEN_CROSSING, x, y, 12.0) for x, y in walk.vertices_m[1:-1]]
    closed = tuple(m for m in MATERIALS if m is not OPEN_CROSSING)
    corners = np.asarray(walk.vertices_m, dtype=np.float64)
    for (x0, y0), (x1, y1) in pairwise(corners):
        length = math.hypot(x1 - x0, y1 - y0)
        along = rng.uniform(0.3, 0.9) * spacing_m
        while along < length:
            side = rng.uniform(-10.0, 10.0)
            ux, uy = (x1 - x0) / length, (y1 - y0) / length
            material = closed[int(rng.integers(len(closed)))]
            patches.append(
                Patch(
                    material,
                    float(x0 + along * ux - side * uy),
                    float(y0 + along * uy + side * ux),
                    float(rng.uniform(9.0, 18.0)),
                )
            )
            along += spacing_m * rng.uniform(0.7, 1.3)
    return tuple(patches)
