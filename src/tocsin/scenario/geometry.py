"""Where things are: local metres around an anchor, and a walk along a polyline in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

# Defining constants of the World Geodetic System 1984 (NGA.STND.0036, edition 1.0.0, 2014).
WGS84_SEMI_MAJOR_M = 6_378_137.0
WGS84_FLATTENING = 1.0 / 298.257_223_563


@dataclass(frozen=True, slots=True)
class Anchor:
    """Place on the ellipsoid where the local metres of a scene begin.

    ``x`` points east and ``y`` north, both in metres along the surface. The conversion uses the
    two radii of curvature at the anchor and is a plane: a point ``(x, y)`` is misplaced by about
    ``x y tan(latitude) / 6.4e6 m`` (0.6 m at 1 km by 1 km and 75 degrees), which all distances in
    a scene share, because they are reckoned in the plane.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        WGS-84 degrees; the latitude within +-85, because east loses its meaning at a pole.
    elevation_m : float
        Height above the ellipsoid in metres.

    Raises
    ------
    InvalidInput
        When the place is outside these ranges.

    References
    ----------
    Snyder, J. P. (1987), Map Projections: A Working Manual, USGS Professional Paper 1395, pp.
    24-25 (radii of curvature), doi:10.3133/pp1395.
    """

    latitude_deg: float
    longitude_deg: float
    elevation_m: float = 0.0

    def __post_init__(self) -> None:
        if not abs(self.latitude_deg) <= 85:
            raise InvalidInput(f"latitude_deg must lie within +-85, not {self.latitude_deg!r}")
        if not abs(self.longitude_deg) <= 180:
            raise InvalidInput(f"longitude_deg must lie within +-180, not {self.longitude_deg!r}")
        if not math.isfinite(self.elevation_m):
            raise InvalidInput("elevation_m must be a finite number")

    @property
    def _metres_per_degree(self) -> tuple[float, float]:
        phi = math.radians(self.latitude_deg)
        e2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
        w2 = 1.0 - e2 * math.sin(phi) ** 2
        meridian_m = WGS84_SEMI_MAJOR_M * (1.0 - e2) / w2**1.5
        prime_vertical_m = WGS84_SEMI_MAJOR_M / math.sqrt(w2)
        return (
            math.radians(prime_vertical_m * math.cos(phi)),
            math.radians(meridian_m),
        )

    def to_degrees(self, x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Latitudes and longitudes in degrees of points ``(n,)`` in local metres.

        Longitudes come back within -180 and 180, also for a scene astride the antimeridian.
        """
        east, north = self._metres_per_degree
        longitude = self.longitude_deg + np.asarray(x_m, dtype=np.float64) / east
        latitude = self.latitude_deg + np.asarray(y_m, dtype=np.float64) / north
        return latitude, (longitude + 180.0) % 360.0 - 180.0

    def to_metres(
        self, latitude_deg: FloatArray, longitude_deg: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Local metres ``x`` east and ``y`` north of places ``(n,)`` in degrees."""
        east, north = self._metres_per_degree
        turn = (np.asarray(longitude_deg, dtype=np.float64) - self.longitude_deg + 180.0) % 360.0
        return (
            (turn - 180.0) * east,
            (np.asarray(latitude_deg, dtype=np.float64) - self.latitude_deg) * north,
        )


@dataclass(frozen=True, slots=True)
class Stop:
    """The walker stands still for ``duration_s`` after ``distance_m`` of walking."""

    distance_m: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Walk:
    """A person who walks along a polyline at constant speed and stops here and there.

    Parameters
    ----------
    vertices_m : tuple of (float, float)
        Corners ``(x, y)`` of the street in local metres, at least two.
    speed_m_s : float
        Walking speed; 0.1 to 40 (a slow vehicle is a walk too).
    stops : tuple of Stop
        Stops in any order; each within the length of the polyline.
    detector_height_m : float
        Height of the detector's centre above the ground.

    Raises
    ------
    InvalidInput
        When a value is out of its range.
    """

    vertices_m: tuple[tuple[float, float], ...]
    speed_m_s: float = 1.2
    stops: tuple[Stop, ...] = ()
    detector_height_m: float = 1.2

    def __post_init__(self) -> None:
        points = np.asarray(self.vertices_m, dtype=np.float64)
        if points.ndim != 2 or points.shape[0] < 2 or points.shape[1] != 2:
            raise InvalidInput("vertices_m must be at least two pairs (x, y) in metres")
        if not np.all(np.isfinite(points)):
            raise InvalidInput("vertices_m must be finite numbers")
        if not np.all(np.hypot(*np.diff(points, axis=0).T) > 0):
            raise InvalidInput("vertices_m: two corners that follow each other must differ")
        if not 0.1 <= self.speed_m_s <= 40.0:
            raise InvalidInput(f"speed_m_s must lie within 0.1 and 40, not {self.speed_m_s!r}")
        if not 0.0 <= self.detector_height_m <= 10.0:
            raise InvalidInput(
                f"detector_height_m must lie within 0 and 10, not {self.detector_height_m!r}"
            )
        for stop in self.stops:
            if not (0.0 <= stop.distance_m <= self.length_m and 0.0 < stop.duration_s < math.inf):
                raise InvalidInput(
                    f"a stop must lie on the {self.length_m:.1f} m of the walk and last some "
                    f"seconds, not {stop!r}"
                )

    @property
    def length_m(self) -> float:
        """Length of the polyline in metres."""
        return float(np.hypot(*np.diff(np.asarray(self.vertices_m), axis=0).T).sum())

    @property
    def duration_s(self) -> float:
        """Time from the first corner to the last, stops included."""
        return self.length_m / self.speed_m_s + sum(s.duration_s for s in self.stops)

    def distance_at_m(self, time_s: FloatArray) -> FloatArray:
        """Metres walked ``(n,)`` at times ``(n,)`` after the start; held at both ends."""
        knots_t, knots_d = [0.0], [0.0]
        for stop in sorted(self.stops, key=lambda s: s.distance_m):
            knots_t.append(knots_t[-1] + (stop.distance_m - knots_d[-1]) / self.speed_m_s)
            knots_d.append(stop.distance_m)
            knots_t.append(knots_t[-1] + stop.duration_s)
            knots_d.append(stop.distance_m)
        knots_t.append(knots_t[-1] + (self.length_m - knots_d[-1]) / self.speed_m_s)
        knots_d.append(self.length_m)
        return np.asarray(np.interp(time_s, knots_t, knots_d), dtype=np.float64)

    def position_at_m(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Place ``x``, ``y`` in local metres at times ``(n,)`` after the start."""
        points = np.asarray(self.vertices_m, dtype=np.float64)
        along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
        distance = self.distance_at_m(time_s)
        return (
            np.asarray(np.interp(distance, along, points[:, 0]), dtype=np.float64),
            np.asarray(np.interp(distance, along, points[:, 1]), dtype=np.float64),
        )

    def heading_at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Unit vector of the direction of walking (east, north) at times ``(n,)``.

        During a stop the walker keeps the direction of the street.
        """
        points = np.asarray(self.vertices_m, dtype=np.float64)
        steps = np.diff(points, axis=0)
        lengths = np.hypot(*steps.T)
        along = np.cumsum(lengths)
        leg = np.minimum(
            np.searchsorted(along, self.distance_at_m(time_s), side="right"), lengths.size - 1
        )
        unit = steps / lengths[:, None]
        return unit[leg, 0], unit[leg, 1]
