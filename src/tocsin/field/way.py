"""Which way to walk: from where the person is to where the source is thought to be."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from tocsin.detection.analysis import Location
from tocsin.field.history import metres_between
from tocsin.spectra import Position

LOOK_BACK_M = 6.0
"""Length of way from which the direction of walking is taken: longer than the error of a usual fix
(4 m in :class:`tocsin.detection.localisation.LocalisationSettings`), or it would be noise."""
STANDING_S = 15.0
"""Who has not gone that far in this time stands, and has no direction."""


@dataclass(frozen=True, slots=True)
class Way:
    """Distance and direction to the estimated place.

    Attributes
    ----------
    distance_m : float
        To the middle of the estimate.
    bearing_deg : float
        Clockwise from north.
    turn_deg : float, optional
        Clockwise from the direction of walking, within +-180; None for one who stands.
    radius_m : float
        Of the circle that holds the source with 95 % probability.
    inside : bool
        The person is within that circle: no direction is better than another.
    """

    distance_m: float
    bearing_deg: float
    turn_deg: float | None
    radius_m: float
    inside: bool


class Walk:
    """The last places of a person and the direction of walking that follows from them."""

    def __init__(self) -> None:
        self.here: Position | None = None
        self._places: deque[tuple[float, Position]] = deque()

    def step(self, at_s: float, place: Position) -> None:
        """Take a believed place in, ``at_s`` seconds after the start."""
        self.here = place
        self._places.append((at_s, place))
        while self._places[0][0] < at_s - STANDING_S:
            self._places.popleft()

    @property
    def heading_deg(self) -> float | None:
        """Direction of walking, clockwise from north; None for one who stands."""
        if self.here is None:
            return None
        for _, before in reversed(self._places):
            east, north = _metres(before, self.here)
            if math.hypot(east, north) >= LOOK_BACK_M:
                return math.degrees(math.atan2(east, north)) % 360.0
        return None

    def to(self, goal: Location) -> Way | None:
        """The way to a place; None where the person's own place is not known."""
        if self.here is None:
            return None
        east, north = metres_between(
            self.here.latitude_deg, self.here.longitude_deg, goal.latitude_deg, goal.longitude_deg
        )
        distance = math.hypot(east, north)
        bearing = math.degrees(math.atan2(east, north)) % 360.0
        heading = self.heading_deg
        turn = None if heading is None else (bearing - heading + 180.0) % 360.0 - 180.0
        return Way(distance, bearing, turn, goal.radius_m_95, distance <= goal.radius_m_95)


def _metres(a: Position, b: Position) -> tuple[float, float]:
    return metres_between(a.latitude_deg, a.longitude_deg, b.latitude_deg, b.longitude_deg)
