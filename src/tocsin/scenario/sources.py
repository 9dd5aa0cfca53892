"""What a scene hides: point sources, at rest or carried, and heaps of natural material."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.nuclear.classes import GRAVITY, SourceClass
from tocsin.scenario.geometry import FloatArray

NEAREST_M = 0.5
"""No path may bring the detector's centre nearer to a source: the far-field response ends there."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Material around a source, crossed by every photon on its way.

    Parameters
    ----------
    material : str
        Name in the material table of the detectors, for example ``"Pb"``, ``"Fe"``, ``"water"``.
    thickness_cm : float
        Positive, in cm.
    """

    material: str
    thickness_cm: float

    def __post_init__(self) -> None:
        if not 0.0 < self.thickness_cm < math.inf:
            raise InvalidInput(f"thickness_cm must be positive, not {self.thickness_cm!r}")


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Place of something that moves, ``time_s`` after the start of the walk."""

    time_s: float
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class PointSource:
    """A source small against its distance: sealed source, parcel, patient.

    Parameters
    ----------
    name : str
        What it is, in words; unique in the scene.
    nuclide : str
        Name in the nuclide library, for example ``"Cs-137"``. Progeny are taken in the state that
        the library gives for a source of that name.
    activity_Bq : float
        Activity of the named nuclide, positive.
    source_class : {"snm", "unknown", "industrial", "medical", "norm"}
        Class that an analysis ought to give.
    x_m, y_m, height_m : float
        Place in local metres and height above the ground.
    layers : tuple of Layer
        Housing or body, from the inside out.
    motion : tuple of Waypoint
        Track of a source that moves, in rising order of time; before the first and after the last
        waypoint it rests. Takes the place of ``x_m`` and ``y_m``, which are then ignored.
    """

    name: str
    nuclide: str
    activity_Bq: float
    source_class: SourceClass
    x_m: float
    y_m: float
    height_m: float = 1.0
    layers: tuple[Layer, ...] = ()
    motion: tuple[Waypoint, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or not self.nuclide:
            raise InvalidInput("a source needs a name and a nuclide")
        if not 0.0 < self.activity_Bq < math.inf:
            raise InvalidInput(f"activity_Bq must be positive, not {self.activity_Bq!r}")
        if self.source_class not in GRAVITY:
            raise InvalidInput(f"source_class must be one of {', '.join(GRAVITY)}")
        if not all(math.isfinite(v) for v in (self.x_m, self.y_m, self.height_m)):
            raise InvalidInput("x_m, y_m and height_m must be finite numbers")
        times = [w.time_s for w in self.motion]
        if any(b <= a for a, b in pairwise(times)):
            raise InvalidInput("motion: the times of the waypoints must rise")

    def place_at_m(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Place ``x``, ``y`` in local metres at times ``(n,)`` after the start of the walk."""
        if not self.motion:
            return np.full(time_s.shape, self.x_m), np.full(time_s.shape, self.y_m)
        at = [w.time_s for w in self.motion]
        return (
            np.asarray(np.interp(time_s, at, [w.x_m for w in self.motion]), dtype=np.float64),
            np.asarray(np.interp(time_s, at, [w.y_m for w in self.motion]), dtype=np.float64),
        )


@dataclass(frozen=True, slots=True)
class NormHeap:
    """A heap of natural material beside the street: granite, fertiliser, bricks.

    Parameters
    ----------
    name : str
        What it is, in words; unique in the scene.
    x_m, y_m : float
        Middle of the heap's face in local metres.
    length_m, height_m : float
        Size of the face that the walker sees; it is cut into patches of about 1 m.
    bearing_deg : float
        Direction in which the face runs, degrees counted from east towards north.
    potassium_Bq_kg, uranium_Bq_kg, thorium_Bq_kg : float
        Massic activities of K-40, and of U-238 and Th-232 each in equilibrium with its progeny.

    Notes
    -----
    The heap is thick: a photon that starts deep inside does not come out. A face of a thick layer
    of activity ``a`` per volume is as bright as a point source of ``a * area / mu``, because
    ``integral of exp(-mu s) ds = 1 / mu``; seen at a slant, area and path change together. The
    mass of the heap therefore plays no part.
    """

    name: str
    x_m: float
    y_m: float
    length_m: float
    height_m: float
    potassium_Bq_kg: float
    uranium_Bq_kg: float
    thorium_Bq_kg: float
    bearing_deg: float = 0.0

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidInput("a heap needs a name")
        for name in ("length_m", "height_m"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidInput(f"{name} must be positive, not {getattr(self, name)!r}")
        for name in ("potassium_Bq_kg", "uranium_Bq_kg", "thorium_Bq_kg"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise InvalidInput(f"{name} must be 0 or more, not {getattr(self, name)!r}")
        if not self.heads:
            raise InvalidInput(f"heap {self.name!r} holds no activity")
        if not all(math.isfinite(v) for v in (self.x_m, self.y_m, self.bearing_deg)):
            raise InvalidInput("x_m, y_m and bearing_deg must be finite numbers")

    @property
    def series(self) -> tuple[tuple[tuple[str, ...], float], ...]:
        """Members whose progeny the library follows by itself, with their massic activity."""
        return (
            (("K-40",), self.potassium_Bq_kg),
            (("U-238", "U-234", "Th-230", "Ra-226", "Pb-210"), self.uranium_Bq_kg),
            (("Th-232",), self.thorium_Bq_kg),
        )

    @property
    def massic_Bq_kg(self) -> dict[str, float]:
        """Massic activity by head of a series, of those that are there."""
        return {members[0]: massic for members, massic in self.series if massic > 0}

    @property
    def heads(self) -> tuple[str, ...]:
        """Heads of the natural series that the heap holds."""
        return tuple(self.massic_Bq_kg)

    def patches_m(self) -> FloatArray:
        """Middles ``(n, 3)`` of the patches of the face (x, y, height), all of one size."""
        along = max(1, math.ceil(self.length_m))
        up = max(1, math.ceil(self.height_m))
        s = (np.arange(along) + 0.5) / along * self.length_m - self.length_m / 2.0
        z = (np.arange(up) + 0.5) / up * self.height_m
        turn = math.radians(self.bearing_deg)
        grid_s, grid_z = np.meshgrid(s, z)
        return np.column_stack(
            (
                self.x_m + grid_s.ravel() * math.cos(turn),
                self.y_m + grid_s.ravel() * math.sin(turn),
                grid_z.ravel(),
            )
        )
