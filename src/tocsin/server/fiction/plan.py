"""The street plan of the fictional city: made from the grid in which its backpacks walk.

``scripts/build_city_tiles.py`` writes it into ``data/city.pmtiles``, which the server hands out as
it would an operator's own tiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.scenario.city import City
from tocsin.scenario.demo import ICE_SHEET, ICE_SHEET_NOTE

FILE = Path(__file__).parent / "data" / "city.pmtiles"
SEED = 12
PARKS = ((1, 5), (2, 5), (6, 1))
"""Blocks without houses, counted from the south-west corner to the east and to the north."""
PLACES = ((2.0, 5.5, "Assembly Gardens"), (6.5, 1.5, "Works Green"), (4.5, 3.5, "Old Market"))
LAKE = ((-0.6, 9.1), (2.0, 9.4), (4.6, 9.0), (7.2, 9.6), (8.6, 9.2), (8.6, 10.6), (-0.6, 10.6))
"""Corners of the lake to the north, in blocks."""
ALONG_EAST = ("Anchor", "Bridge", "Chapel", "Dock", "Elm", "Foundry", "Garden", "Harbour", "Ice")
ALONG_NORTH = (
    *("First", "Second", "Third", "Fourth", "Fifth"),
    *("Sixth", "Seventh", "Eighth", "Ninth"),
)
WIDE = 4
"""Each so many streets one is a wide road."""
KERB_M, YARD_M, LEAST_HOUSE_M = 9.0, 4.0, 12.0
BEYOND = 0.7
"""Blocks by which each street goes on beyond the grid."""

Place = tuple[float, float]


def city_plan() -> dict[str, Any]:
    """Lines, areas and names of the city as GeoJSON."""
    lines = City().streets_m()
    x = sorted(start[0] for start, end in lines if start[0] == end[0])
    y = sorted(start[1] for start, end in lines if start[1] == end[1])
    dx, dy = x[1] - x[0], y[1] - y[0]
    features = [_area("water", [(a * dx, b * dy) for a, b in LAKE])]
    features += [
        _area("park", _rectangle(x[i], y[j], x[i + 1], y[j + 1], KERB_M)) for i, j in PARKS
    ]
    features += [_area("building", house) for house in _houses(x, y)]
    ends_x = (x[0] - BEYOND * dx, x[-1] + BEYOND * dx)
    ends_y = (y[0] - BEYOND * dy, y[-1] + BEYOND * dy)
    for k, name in enumerate(ALONG_EAST):
        features.append(_street(k, f"{name} Street", (ends_x[0], y[k]), (ends_x[1], y[k])))
    for k, name in enumerate(ALONG_NORTH):
        features.append(_street(k, f"{name} Avenue", (x[k], ends_y[0]), (x[k], ends_y[1])))
    for a, b, name in PLACES:
        place = _degrees([(a * dx, b * dy)])[0]
        features.append(_feature({"kind": "place", "name": name}, "Point", place))
    return {"type": "FeatureCollection", "note": ICE_SHEET_NOTE, "features": features}


def _street(number: int, name: str, start: Place, end: Place) -> dict[str, Any]:
    kind = "road" if number % WIDE == 0 else "street"
    return _feature({"kind": kind, "name": name}, "LineString", _degrees([start, end]))


def _houses(x: Sequence[float], y: Sequence[float]) -> Iterator[list[Place]]:
    """Rows of houses along both long sides of each block that is no park."""
    chance = np.random.default_rng(SEED)
    for i, (west, east) in enumerate(pairwise(x)):
        for j, (south, north) in enumerate(pairwise(y)):
            if (i, j) in PARKS:
                continue
            middle = 0.5 * (south + north)
            for low, high in ((south + KERB_M, middle - YARD_M), (middle + YARD_M, north - KERB_M)):
                at = west + KERB_M
                while east - KERB_M - at > LEAST_HOUSE_M:
                    width = min(float(chance.uniform(14.0, 38.0)), east - KERB_M - at)
                    depth = float(chance.uniform(0.55, 1.0)) * (high - low)
                    foot, top = (
                        (low, low + depth) if low < middle - YARD_M else (high - depth, high)
                    )
                    yield _rectangle(at, foot, at + width, top)
                    at += width + float(chance.uniform(0.0, 6.0))


def _rectangle(
    west: float, south: float, east: float, north: float, inside: float = 0.0
) -> list[Place]:
    w, s, e, n = west + inside, south + inside, east - inside, north - inside
    return [(w, s), (e, s), (e, n), (w, n)]


def _area(kind: str, corners: Sequence[Place]) -> dict[str, Any]:
    ring = _degrees([*corners, corners[0]])
    return _feature({"kind": kind}, "Polygon", [ring])


def _feature(properties: dict[str, str], kind: str, coordinates: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _degrees(places: Sequence[Place]) -> list[list[float]]:
    """Longitude and latitude, to a decimetre."""
    x, y = np.array(places).T
    latitude, longitude = ICE_SHEET.to_degrees(x, y)
    return [[round(b, 6), round(a, 6)] for a, b in zip(latitude, longitude, strict=True)]
