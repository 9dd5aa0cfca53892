"""Where a source stands before a detector, and what shells lie around the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tocsin.detectors.attenuation import material
from tocsin.detectors.construction import Construction
from tocsin.detectors.point_scene import point_scene
from tocsin.detectors.slab import Shield
from tocsin.detectors.transport import Body, PointSource, Scene
from tocsin.errors import InvalidInput, NotFound, OutOfDomain

LEAST_CM, MOST_CM = 0.1, 10_000.0
CAVITY_CM = 1.0
"""Radius of the room for the source inside a shell."""
LEAST_SHELL_CM = 1e-4
MOST_SHELL_CM = 100.0
SHELL = "shell"
OUTSIDE_CM = 1.0  # of nothing around a shell

DISTANCES_CM = {"near": 10.0, "room": 100.0, "far": 1000.0}
"""Distance classes, to the front face of the detector: on a table, across a table, across a road.
Between them the spectrum changes its size and hardly its shape."""

SHIELDINGS: dict[str, tuple[str, float] | None] = {
    "bare": None,
    "Al 3 mm": ("Al", 0.3),
    "PMMA 2 cm": ("PMMA", 2.0),
    "Fe 3 mm": ("Fe", 0.3),
    "Fe 1 cm": ("Fe", 1.0),
    "Fe 2 cm": ("Fe", 2.0),
    "Pb 1 mm": ("Pb", 0.1),
    "Pb 5 mm": ("Pb", 0.5),
    "Pb 1 cm": ("Pb", 1.0),
    "water 10 cm": ("water", 10.0),
    "tissue 10 cm": ("tissue", 10.0),
    "concrete 10 cm": ("concrete", 10.0),
}
"""What sources commonly come in: capsules, containers, a patient, a wall; material and centimetres.
A fixed list of our own, for templates; nothing searches over it."""


@dataclass(frozen=True, slots=True)
class Irradiation:
    """A point source on the axis of a detector, in air.

    Parameters
    ----------
    distance_cm : float
        From the source to the front face of the detector, 0.1 to 10,000 cm.

    Raises
    ------
    OutOfDomain
        For a distance outside these limits or that is no number.

    Notes
    -----
    Photons start within the cone around the detector: what air or surroundings scatter in from
    aside is not in the scene.
    """

    distance_cm: float

    def __post_init__(self) -> None:
        if not LEAST_CM <= self.distance_cm <= MOST_CM:
            raise OutOfDomain(
                f"a distance of {self.distance_cm:g} cm lies outside the range of validity, "
                f"{LEAST_CM:g} to {MOST_CM:g} cm from the front face"
            )

    @property
    def manifest(self) -> dict[str, Any]:
        """What a matrix says of it."""
        return {"distance_cm": self.distance_cm}

    def scene(self, detector: Construction) -> tuple[Scene, PointSource]:
        """Bodies and source for the photon transport."""
        return point_scene(detector, distance_cm=self.distance_cm)


def named_irradiation(distance: str) -> Irradiation:
    """Irradiation of a distance class.

    Raises
    ------
    NotFound
        When there is none of that name; the message lists them.
    """
    if distance not in DISTANCES_CM:
        raise NotFound(f"no distance class {distance!r}; known are {', '.join(DISTANCES_CM)}")
    return Irradiation(DISTANCES_CM[distance])


def named_shielding(name: str) -> Shield | None:
    """Layer by its name in ``SHIELDINGS``; None for none.

    Raises
    ------
    NotFound
        When there is none of that name; the message lists them.
    """
    if name not in SHIELDINGS:
        raise NotFound(f"no shielding {name!r}; known are {', '.join(SHIELDINGS)}")
    layer = SHIELDINGS[name]
    if layer is None:
        return None
    stuff, thick_cm = layer
    return Shield(stuff, thick_cm * material(stuff).density_g_cm3)


def shell_scene(shield: Shield) -> tuple[Scene, PointSource]:
    """A shell in empty space, and a source in the middle of its cavity of one centimetre.

    Raises
    ------
    InvalidInput
        When the shell is thinner than 1e-4 cm or thicker than a metre.
    """
    thick_cm = shield_thickness_cm(shield)
    if not LEAST_SHELL_CM <= thick_cm <= MOST_SHELL_CM:
        raise InvalidInput(
            f"a shell of {thick_cm:g} cm {shield.material} is outside {LEAST_SHELL_CM:g} to "
            f"{MOST_SHELL_CM:g} cm"
        )
    cavity = Body("cavity", "sphere", (CAVITY_CM,), "vacuum")
    outer_cm = CAVITY_CM + thick_cm
    shell = Body(SHELL, "sphere", (outer_cm,), shield.material, children=(cavity,))
    world = Body("world", "sphere", (outer_cm + OUTSIDE_CM,), "vacuum", children=(shell,))
    return Scene(world, SHELL), PointSource((0.0, 0.0, 0.0))


def shield_thickness_cm(shield: Shield) -> float:
    """Thickness of a layer at the density of the data file."""
    return shield.areal_density_g_cm2 / material(shield.material).density_g_cm3
