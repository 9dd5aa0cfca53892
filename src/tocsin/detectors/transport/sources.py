"""Where photons start: points, discs, volumes, if wished aimed at one body; fields of all sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.transport.scene import VACUUM, Body, Point, Scene
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]
POINT, DISC, VOLUME, FIELD = 0, 1, 2, 3
EVERYWHERE, AT_SPHERE, ALONG = 0, 1, 2


@dataclass(frozen=True)
class PointSource:
    """A point that sends photons evenly in all directions.

    Parameters
    ----------
    position_cm : (float, float, float)
        In the scene.
    aim : str, optional
        Only photons within the cone around this body are followed, and weighted with their share
        of all. What starts outside the cone and is scattered into the detector is then missing,
        so aim only where little stands around.
    """

    position_cm: Point
    aim: str | None = None


@dataclass(frozen=True)
class DiscSource:
    """A flat disc, as a source all over it or as the start of a parallel beam.

    Parameters
    ----------
    centre_cm, normal : (float, float, float)
        Place and direction; the normal need not have unit length.
    radius_cm : float
        Of the disc.
    parallel : bool
        True for a beam along the normal, False for photons in all directions.
    aim : str, optional
        As for a point; not with ``parallel``.
    """

    centre_cm: Point
    normal: Point
    radius_cm: float
    parallel: bool = False
    aim: str | None = None


@dataclass(frozen=True)
class VolumeSource:
    """Photons from everywhere in one body, its children left out, evenly in all directions.

    Parameters
    ----------
    body : str
        Name in the scene.
    aim : str, optional
        As for a point.
    """

    body: str
    aim: str | None = None


@dataclass(frozen=True)
class FieldSource:
    """Photons evenly from all directions, with the same fluence everywhere in a sphere.

    They start on the sphere and fly into it. A fluence of one photon per cm2 sends ``pi r^2`` of
    them through a sphere of radius ``r`` cm.

    Parameters
    ----------
    centre_cm : (float, float, float)
        In the scene.
    radius_cm : float
        Of the sphere. What stands outside of it takes nothing from the photons that come in, and
        sends back only what came out of the sphere.
    """

    centre_cm: Point
    radius_cm: float


Source = PointSource | DiscSource | VolumeSource | FieldSource


def source_arrays(scene: Scene, source: Source) -> tuple[NDArray[np.int64], FloatArray]:
    """The source as numbers: (kind, direction, body); centre, normal, radius, target, its radius.

    Raises
    ------
    InvalidInput
        For a place outside the world, a radius that is not positive, a normal without length.
    NotFound
        When a named body is not in the scene.
    """
    codes, numbers = np.zeros(3, dtype=np.int64), np.zeros(11)
    if isinstance(source, PointSource):
        codes[0] = POINT
        numbers[:3] = source.position_cm
    elif isinstance(source, DiscSource):
        codes[0] = DISC
        length = float(np.linalg.norm(source.normal))
        if not (length > 0 and np.isfinite(length)):
            raise InvalidInput(f"the normal {source.normal} of the disc has no direction")
        if not 0 < source.radius_cm < 1e7:
            raise InvalidInput(f"the radius of the disc must be positive, got {source.radius_cm}")
        if source.parallel and source.aim:
            raise InvalidInput("a parallel beam cannot be aimed at a body")
        numbers[:3], numbers[6] = source.centre_cm, source.radius_cm
        numbers[3:6] = np.array(source.normal) / length
        codes[1] = ALONG if source.parallel else EVERYWHERE
    elif isinstance(source, FieldSource):
        codes[0] = FIELD
        if not 0 < source.radius_cm < 1e7:
            raise InvalidInput(f"the radius of the field must be positive, got {source.radius_cm}")
        numbers[:3], numbers[6] = source.centre_cm, source.radius_cm
        sphere = Body("field", "sphere", (source.radius_cm,), VACUUM, source.centre_cm)
        if not (scene.world.outside_by(sphere.surface_points()) <= 0).all():
            raise InvalidInput("the sphere of the field sticks out of the world")
    else:
        codes[0] = VOLUME
        scene.body(source.body)
        codes[2] = scene.index(source.body)
    if codes[0] != VOLUME and not (scene.world.outside_by(numbers[None, :3]) <= 0).all():
        raise InvalidInput(f"the source at {tuple(numbers[:3].tolist())} cm is outside the world")
    if codes[0] == DISC and not (scene.world.outside_by(_rim(numbers)) <= 0).all():
        raise InvalidInput("the disc of the source sticks out of the world")
    if not isinstance(source, FieldSource) and source.aim:
        target = scene.body(source.aim)
        codes[1] = AT_SPHERE
        numbers[7:10], numbers[10] = target.centre_cm, target.bounding_radius_cm
    return codes, numbers


def _rim(numbers: FloatArray) -> FloatArray:
    """Points on the rim of a disc, (n, 3)."""
    normal = numbers[3:6]
    other = np.eye(3)[np.argmin(np.abs(normal))]
    a = np.cross(normal, other)
    a /= np.linalg.norm(a)
    b = np.cross(normal, a)
    turn = np.linspace(0, 2 * np.pi, 33)[:, None]
    rim: FloatArray = numbers[:3] + numbers[6] * (np.cos(turn) * a + np.sin(turn) * b)
    return rim
