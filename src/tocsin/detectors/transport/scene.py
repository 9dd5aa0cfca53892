"""Scenes: bodies inside bodies, each filled with one material."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import material_names
from tocsin.errors import InvalidInput, NotFound

FloatArray = NDArray[np.float64]
Point = tuple[float, float, float]

VACUUM = "vacuum"
TOUCH_cm = 1e-10
"""Bodies may touch: a face may lie this far on the wrong side by rounding. Far below ``NEAR_cm`` of
the flights: a face that lies farther behind the place of a photon would not be seen."""
_AXES = {"x": 0, "y": 1, "z": 2}
SPHERE, BOX, CYLINDER = 0, 1, 2


@dataclass(frozen=True)
class Body:
    """One body; what its children do not take up is filled with its material.

    Shells are made by nesting: a sphere of lead with a sphere of air inside is a shell of lead.

    Parameters
    ----------
    name : str
        Unique in the scene.
    shape : {"sphere", "box", "cylinder"}
        Boxes stand along the axes.
    size_cm : tuple of float
        Sphere ``(radius,)``; box ``(x, y, z)`` full lengths; cylinder ``(radius, length)``.
    material : str
        Name in the data file, or ``"vacuum"``.
    centre_cm : (float, float, float)
        In the coordinates of the scene.
    children : tuple of Body
        Bodies inside.
    axis : {"x", "y", "z"}
        Of a cylinder.
    density_g_cm3 : float, optional
        Instead of the density of the data file.

    Raises
    ------
    InvalidInput
        When a length is not positive or has the wrong number.
    NotFound
        For an unknown material.
    """

    name: str
    shape: Literal["sphere", "box", "cylinder"]
    size_cm: tuple[float, ...]
    material: str
    centre_cm: Point = (0.0, 0.0, 0.0)
    children: tuple[Body, ...] = field(default=())
    axis: Literal["x", "y", "z"] = "z"
    density_g_cm3: float | None = None

    def __post_init__(self) -> None:
        wanted = {"sphere": 1, "box": 3, "cylinder": 2}.get(self.shape)
        if wanted is None:
            raise InvalidInput(f"body {self.name!r}: no shape {self.shape!r}")
        if len(self.size_cm) != wanted:
            raise InvalidInput(
                f"body {self.name!r}: a {self.shape} has {wanted} sizes, got {self.size_cm}"
            )
        if not all(0 < s < 1e7 for s in self.size_cm):
            raise InvalidInput(f"body {self.name!r}: sizes must be positive, got {self.size_cm}")
        if not all(abs(c) < 1e7 for c in self.centre_cm):
            raise InvalidInput(f"body {self.name!r}: centre {self.centre_cm} is out of range")
        if self.axis not in _AXES:
            raise InvalidInput(f"body {self.name!r}: no axis {self.axis!r}")
        if self.density_g_cm3 is not None and not 0 < self.density_g_cm3 < 1000:
            raise InvalidInput(
                f"body {self.name!r}: density {self.density_g_cm3} g/cm3 is out of range"
            )
        if self.material != VACUUM and self.material not in material_names():
            raise NotFound(
                f"body {self.name!r}: no material {self.material!r}; known are "
                f"{VACUUM}, {', '.join(material_names())}"
            )

    @property
    def half_cm(self) -> FloatArray:
        """Half lengths of the enclosing box along the axes."""
        if self.shape == "sphere":
            return np.full(3, self.size_cm[0])
        if self.shape == "box":
            return np.array(self.size_cm) / 2
        half = np.full(3, self.size_cm[0])
        half[_AXES[self.axis]] = self.size_cm[1] / 2
        return half

    @property
    def bounding_radius_cm(self) -> float:
        """Radius of the sphere about the centre that encloses the body."""
        if self.shape == "sphere":
            return float(self.size_cm[0])
        if self.shape == "box":
            return float(np.linalg.norm(self.half_cm))
        return float(np.hypot(self.size_cm[0], self.size_cm[1] / 2))

    @property
    def volume_cm3(self) -> float:
        """Volume with the children."""
        if self.shape == "sphere":
            return 4 / 3 * np.pi * self.size_cm[0] ** 3
        if self.shape == "box":
            return float(np.prod(self.size_cm))
        return float(np.pi * self.size_cm[0] ** 2 * self.size_cm[1])

    def outside_by(self, points_cm: FloatArray) -> FloatArray:
        """How far points of shape (n, 3) lie beyond the surface, negative inside, in cm."""
        local = points_cm - np.array(self.centre_cm)
        if self.shape == "sphere":
            return np.asarray(np.linalg.norm(local, axis=1) - self.size_cm[0])
        if self.shape == "box":
            return np.asarray(np.max(np.abs(local) - self.half_cm, axis=1))
        along = _AXES[self.axis]
        across = [i for i in range(3) if i != along]
        radial = np.hypot(local[:, across[0]], local[:, across[1]]) - self.size_cm[0]
        return np.asarray(np.maximum(radial, np.abs(local[:, along]) - self.size_cm[1] / 2))

    def surface_points(self) -> FloatArray:
        """Points on the surface, (n, 3): every corner, rims and a net over curved faces."""
        turn = np.linspace(0, 2 * np.pi, 73)[:-1]
        if self.shape == "box":
            steps = np.linspace(-1, 1, 9)
            net = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
            points = net[np.max(np.abs(net), axis=1) == 1] * self.half_cm
        elif self.shape == "sphere":
            tilt = np.linspace(0, np.pi, 37)
            a, b = (v.ravel() for v in np.meshgrid(turn, tilt))
            points = self.size_cm[0] * np.stack(
                (np.sin(b) * np.cos(a), np.sin(b) * np.sin(a), np.cos(b)), axis=1
            )
        else:
            radius, length = self.size_cm
            rows = [(radius, z) for z in np.linspace(-length / 2, length / 2, 17)]
            rows += [(radius * f, z) for f in (0.0, 0.5) for z in (-length / 2, length / 2)]
            points = np.array([(r * np.cos(t), r * np.sin(t), z) for r, z in rows for t in turn])
            along = _AXES[self.axis]
            order = [0, 0, 0]
            for source, target in enumerate([i for i in range(3) if i != along]):
                order[target] = source
            order[along] = 2
            points = points[:, order]
        return np.asarray(points + np.array(self.centre_cm))


@dataclass(frozen=True)
class Scene:
    """A world, and the one body in it whose deposited energy is counted.

    Parameters
    ----------
    world : Body
        The outermost body; a photon that leaves it is gone.
    sensitive : str
        Name of the body that counts.

    Raises
    ------
    InvalidInput
        When names repeat, a child sticks out of its parent, or two children overlap. Overlap is
        looked for on a net of points on every surface, so a sliver between its points may pass.
    NotFound
        When no body has the name of the sensitive one.
    """

    world: Body
    sensitive: str

    def __post_init__(self) -> None:
        bodies = self.bodies
        names = [b.name for b, _ in bodies]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise InvalidInput(f"two bodies are named {', '.join(map(repr, twice))}")
        if self.sensitive not in names:
            raise NotFound(f"no body {self.sensitive!r}; the scene has {', '.join(names)}")
        if self.body(self.sensitive).material == VACUUM:
            raise InvalidInput(f"the sensitive body {self.sensitive!r} is empty")
        for parent, _ in bodies:
            for child in parent.children:
                out = float(np.max(parent.outside_by(child.surface_points())))
                if out > TOUCH_cm:
                    raise InvalidInput(
                        f"body {child.name!r} sticks {out:.3g} cm out of {parent.name!r}"
                    )
            for a, b in combinations(parent.children, 2):
                deep = max(_deepest(a, b), _deepest(b, a))
                if deep > TOUCH_cm:
                    raise InvalidInput(f"bodies {a.name!r} and {b.name!r} overlap by {deep:.3g} cm")

    @property
    def bodies(self) -> list[tuple[Body, int]]:
        """All bodies with the index of their parent, children of one parent side by side."""
        out = [(self.world, -1)]
        at = 0
        while at < len(out):
            out += [(child, at) for child in out[at][0].children]
            at += 1
        return out

    def body(self, name: str) -> Body:
        """Body by its name.

        Raises
        ------
        NotFound
            When there is none.
        """
        for body, _ in self.bodies:
            if body.name == name:
                return body
        names = ", ".join(b.name for b, _ in self.bodies)
        raise NotFound(f"no body {name!r}; the scene has {names}")

    def index(self, name: str) -> int:
        """Place of a body in ``bodies``."""
        return [b.name for b, _ in self.bodies].index(name)


def _deepest(a: Body, b: Body) -> float:
    """How deep points of body ``a``, its centre too, lie inside ``b``; negative for apart."""
    points = np.concatenate((a.surface_points(), [np.array(a.centre_cm)]))
    return float(np.max(-b.outside_by(points)))


def geometry_arrays(
    scene: Scene, materials: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The scene as numbers: kind, axis, material, parent, first child, children; and lengths.

    Returns
    -------
    codes : (n, 6) int
        Material -1 is vacuum; ``materials`` lists distinct (name, density) keys.
    lengths : (n, 6) float
        Centre, then the half lengths of the enclosing box, in cm.
    """
    bodies = scene.bodies
    codes = np.zeros((len(bodies), 6), dtype=np.int64)
    lengths = np.zeros((len(bodies), 6))
    for i, (body, parent) in enumerate(bodies):
        children = [j for j, (_, p) in enumerate(bodies) if p == i]
        codes[i] = (
            {"sphere": SPHERE, "box": BOX, "cylinder": CYLINDER}[body.shape],
            _AXES[body.axis],
            -1 if body.material == VACUUM else materials.index(filling(body)),
            parent,
            children[0] if children else 0,
            len(children),
        )
        lengths[i, :3] = body.centre_cm
        lengths[i, 3:] = body.half_cm
    return codes, lengths


def filling(body: Body) -> str:
    """Key of material and density of a body."""
    return f"{body.material}|{body.density_g_cm3 or ''}"
