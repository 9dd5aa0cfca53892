"""The way of one device, thinned so that a long walk stays small and its hottest places stay."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tocsin.field.history import metres_between

STEP_M = 1.5
"""Places nearer to the last one are not kept: the jitter of a receiver is no way."""
MOST_POINTS = 600

Point = tuple[float, float, float | None]
"""Latitude and longitude in degrees, and the significance there."""


@dataclass(slots=True)
class Trail:
    """Points of a way. Only the last may still change; ``epoch`` grows when others do."""

    points: list[Point] = field(default_factory=list)
    epoch: int = 0

    def add(self, latitude_deg: float, longitude_deg: float, significance: float | None) -> None:
        """Take a place in; of places too near to each other the greatest significance stays."""
        if self.points:
            latitude, longitude, before = self.points[-1]
            step_m = math.hypot(*metres_between(latitude, longitude, latitude_deg, longitude_deg))
            if step_m < STEP_M:
                self.points[-1] = (latitude, longitude, _greater(before, significance))
                return
        self.points.append((latitude_deg, longitude_deg, significance))
        if len(self.points) > MOST_POINTS:
            self._thin()

    def since(self, epoch: int, known: int) -> tuple[int, list[Point]]:
        """What has changed for who knows the first ``known`` points of an epoch.

        Returns
        -------
        first, points
            The points from ``first`` on; ``first`` is 0 where all must be taken anew.
        """
        first = max(0, known - 1) if epoch == self.epoch else 0
        return first, self.points[first:]

    def _thin(self) -> None:
        """Of each two older points keep the one that stands out; the newest quarter stays."""
        newest = MOST_POINTS // 4
        old, new = self.points[:-newest], self.points[-newest:]
        pairs = zip(old[::2], old[1::2], strict=False)
        kept = [max(pair, key=_heat) for pair in pairs]
        self.points = kept + old[2 * len(kept) :] + new
        self.epoch += 1


def _heat(point: Point) -> float:
    return -math.inf if point[2] is None else point[2]


def _greater(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known) if known else None
