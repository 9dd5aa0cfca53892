"""A made-up city for live walks: a grid of streets, its people, and as many walkers as wanted.

Everything in it is shared: two walkers of one seed see the same houses, the same heap, the same
people at the same time, so that several backpacks can be sent through one event.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.scenario.demo import ICE_SHEET, ICE_SHEET_NOTE, STREET_RATES_CPS
from tocsin.scenario.geometry import Walk
from tocsin.scenario.scene import Scene
from tocsin.scenario.sources import Layer, NormHeap, PointSource, Waypoint
from tocsin.scenario.street import Patch, StreetMap, random_patches

# The plan of the city and the numbers of its people are our own choice and describe no place.
BLOCK_EAST_M, BLOCK_NORTH_M = 120.0, 90.0
STREETS_EAST, STREETS_NORTH = 9, 9
"""So many streets lead east, and so many north."""
SPEED_M_S = 1.2
FINDER = 1
"""The way of this walker leads past the lost gauge, some two minutes after the start."""
MOST_WALKERS = 1000
SHORTEST_S, LONGEST_S = 60.0, 36_000.0
_FIRST_S = 600.0
PATIENTS = 6
_GAUGE_AFTER_M, _PATIENT_AFTER_M, _HEAP_AFTER_M = 150.0, 330.0, 520.0
"""Places on the way of the first walker: far enough from each other to be met one by one."""
_KERB_M = 5.0
_CORNER_M = 12.0
_SEEN_M = 400.0
_LENGTHS = {
    (1, 0): BLOCK_EAST_M,
    (-1, 0): BLOCK_EAST_M,
    (0, 1): BLOCK_NORTH_M,
    (0, -1): BLOCK_NORTH_M,
}

Corner = tuple[int, int]
Line = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class City:
    """One city: its seed decides houses, ways and people.

    Parameters
    ----------
    seed : int
        Another seed makes another city.
    """

    seed: int = 1

    def streets_m(self) -> tuple[Line, ...]:
        """The middle of each street from end to end, in metres around :data:`ICE_SHEET`."""
        width = (STREETS_NORTH - 1) * BLOCK_EAST_M
        height = (STREETS_EAST - 1) * BLOCK_NORTH_M
        east = [((0.0, k * BLOCK_NORTH_M), (width, k * BLOCK_NORTH_M)) for k in range(STREETS_EAST)]
        north = [
            ((k * BLOCK_EAST_M, 0.0), (k * BLOCK_EAST_M, height)) for k in range(STREETS_NORTH)
        ]
        return (*east, *north)

    def walk(self, walker: int, duration_s: float) -> Walk:
        """The way of a walker: from corner to corner through the city.

        Parameters
        ----------
        walker : int
            From 1.
        duration_s : float
            How long it lasts, 60 to 36,000 s.
        """
        if not 1 <= walker <= MOST_WALKERS:
            raise InvalidInput(f"walker must lie within 1 and {MOST_WALKERS}, not {walker!r}")
        if not SHORTEST_S <= duration_s <= LONGEST_S:
            raise InvalidInput(
                f"duration_s must lie within {SHORTEST_S:g} and {LONGEST_S:g}, not {duration_s!r}"
            )
        chance = np.random.default_rng([self.seed, 1, walker])
        at = (int(chance.integers(STREETS_NORTH)), int(chance.integers(STREETS_EAST)))
        corners = [_place(at)]
        before: Corner = (0, 0)
        left_m = duration_s * SPEED_M_S
        while left_m > 1e-6:
            ways = [w for w in _LENGTHS if _inside(at, w) and w != (-before[0], -before[1])]
            way = ways[int(chance.integers(len(ways)))]
            step_m = min(_LENGTHS[way], left_m)
            x, y = corners[-1]
            corners.append((x + way[0] * step_m, y + way[1] * step_m))
            at, before = (at[0] + way[0], at[1] + way[1]), way
            left_m -= step_m
        return Walk(tuple(corners), speed_m_s=SPEED_M_S)

    def gauge(self) -> PointSource:
        """A caesium level gauge in its lead housing, lost beside the way of the first walker."""
        x, y, along = _beside(self.walk(FINDER, _FIRST_S), _GAUGE_AFTER_M)
        return PointSource(
            name="lost level gauge",
            nuclide="Cs-137",
            activity_Bq=3.7e8,
            source_class="industrial",
            x_m=x - along[1] * (_KERB_M + 2.0),
            y_m=y + along[0] * (_KERB_M + 2.0),
            height_m=0.6,
            layers=(Layer("Pb", 2.5), Layer("Fe", 0.5)),
        )

    def heap(self) -> NormHeap:
        """Granite blocks beside the way of the first walker, some seven minutes after the start."""
        x, y, along = _beside(self.walk(FINDER, _FIRST_S), _HEAP_AFTER_M)
        return NormHeap(
            name="heap of granite blocks",
            x_m=x - along[1] * _KERB_M,
            y_m=y + along[0] * _KERB_M,
            length_m=12.0,
            height_m=2.5,
            potassium_Bq_kg=1300.0,
            uranium_Bq_kg=80.0,
            thorium_Bq_kg=110.0,
            bearing_deg=math.degrees(math.atan2(along[1], along[0])),
        )

    def patients(self, duration_s: float) -> tuple[PointSource, ...]:
        """People after a scan; each goes up and down the pavement of one block."""
        chance = np.random.default_rng([self.seed, 2])
        found = [self._patient(k, chance, duration_s) for k in range(PATIENTS - 1)]
        # one of them lives where the first walker passes, so that a single walk meets a patient
        x, y, along = _beside(self.walk(FINDER, _FIRST_S), _PATIENT_AFTER_M)
        here = (x + along[1] * _KERB_M, y - along[0] * _KERB_M)
        return (*found, _resting(PATIENTS, here))

    def scene(
        self,
        walker: int = FINDER,
        *,
        duration_s: float = 900.0,
        sources: tuple[PointSource | NormHeap, ...] | None = None,
    ) -> Scene:
        """What one walker goes through.

        Parameters
        ----------
        walker : int
            From 1.
        duration_s : float
            Length of the walk, 60 to 36,000 s.
        sources : tuple, optional
            What is hidden; by default the gauge, the heap and the patients. Give every walker the
            same. What never comes nearer than 400 m is left out of the scene.

        Returns
        -------
        Scene
            For :func:`tocsin.scenario.simulate_walk`.
        """
        walk = self.walk(walker, duration_s)
        if sources is None:
            sources = (self.gauge(), self.heap(), *self.patients(duration_s))
        return Scene(
            name=f"city, walker {walker}",
            anchor=ICE_SHEET,
            place_note=ICE_SHEET_NOTE,
            walk=walk,
            street=StreetMap(STREET_RATES_CPS, self._near(walk)),
            sources=tuple(s for s in sources if _comes_near(walk, s)),
        )

    def _near(self, walk: Walk) -> tuple[Patch, ...]:
        """Houses and ground of the whole city that the walk can tell from the mean."""
        chance = np.random.default_rng([self.seed, 3])
        patches = [p for line in self.streets_m() for p in random_patches(Walk(line), chance)]
        x, y = walk.position_at_m(np.arange(0.0, walk.duration_s, 5.0))
        return tuple(
            p
            for p in patches
            # at five widths a Gaussian is 4e-6 of its height
            if np.min(np.hypot(x - p.x_m, y - p.y_m)) < 5.0 * p.radius_m + 6.0
        )

    def _patient(self, k: int, chance: np.random.Generator, duration_s: float) -> PointSource:
        eastward = bool(chance.integers(2))
        corner = (int(chance.integers(STREETS_NORTH - 1)), int(chance.integers(STREETS_EAST - 1)))
        side = _KERB_M if chance.integers(2) else -_KERB_M
        x, y = _place(corner)
        length = (BLOCK_EAST_M if eastward else BLOCK_NORTH_M) - 2.0 * _CORNER_M
        one_way_s = length / 0.9
        turns = []
        for n in range(math.ceil(duration_s / one_way_s) + 1):
            along = _CORNER_M + (length if n % 2 else 0.0)
            place = (x + along, y + side) if eastward else (x + side, y + along)
            turns.append(Waypoint(n * one_way_s, *place))
        nuclide, activity_Bq = _SCANS[k % len(_SCANS)]
        return _person(k + 1, nuclide, activity_Bq, (turns[0].x_m, turns[0].y_m), tuple(turns))


_SCANS = (("Tc-99m", 2.5e7), ("I-131", 1.0e7), ("F-18", 2.0e7))
"""Nuclides of diagnosis and treatment with what may be left in a person hours or days later."""


def _resting(number: int, place: tuple[float, float]) -> PointSource:
    return _person(number, "Tc-99m", 2.5e7, place, ())


def _person(
    number: int,
    nuclide: str,
    activity_Bq: float,
    place: tuple[float, float],
    motion: tuple[Waypoint, ...],
) -> PointSource:
    return PointSource(
        name=f"patient {number}",
        nuclide=nuclide,
        activity_Bq=activity_Bq,
        source_class="medical",
        x_m=place[0],
        y_m=place[1],
        height_m=1.1,
        layers=(Layer("tissue", 9.0),),
        motion=motion,
    )


def _place(corner: Corner) -> tuple[float, float]:
    return corner[0] * BLOCK_EAST_M, corner[1] * BLOCK_NORTH_M


def _inside(at: Corner, way: Corner) -> bool:
    return 0 <= at[0] + way[0] < STREETS_NORTH and 0 <= at[1] + way[1] < STREETS_EAST


def _beside(walk: Walk, at_m: float) -> tuple[float, float, tuple[float, float]]:
    """A place on the way after some metres, away from corners, and the direction of the way."""
    gone = 0.0
    for (x0, y0), (x1, y1) in pairwise(walk.vertices_m):
        length = math.hypot(x1 - x0, y1 - y0)
        if gone + length >= at_m:
            ux, uy = (x1 - x0) / length, (y1 - y0) / length
            along = min(max(at_m - gone, 2 * _CORNER_M), length - 2 * _CORNER_M)
            return x0 + along * ux, y0 + along * uy, (ux, uy)
        gone += length
    raise InvalidInput(f"the walk is shorter than {at_m:g} m")


def _comes_near(walk: Walk, source: PointSource | NormHeap) -> bool:
    times = np.arange(0.0, walk.duration_s, 2.0)
    x, y = walk.position_at_m(times)
    if isinstance(source, PointSource):
        there_x, there_y = source.place_at_m(times)
    else:
        there_x, there_y = np.full(1, source.x_m), np.full(1, source.y_m)
    return bool(np.min(np.hypot(x - there_x, y - there_y)) < _SEEN_M)
