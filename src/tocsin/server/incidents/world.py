"""A map of the world as an SVG: the outline that Tocsin carries, and points to a tenth of a degree.

The outline is of Natural Earth (public domain) by way of world-atlas, as built for the map of
surveys; here it is drawn to half a degree, since no point on it is finer than a tenth.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tocsin.server.incidents.models import Incident

WIDTH, HEIGHT = 720, 300
"""Two points of the drawing are one degree; the map ends at 85 degrees north and 65 south."""
SCALE = 2
NORTH_DEGREES = 85.0
LEAST_POINTS = 4


@dataclass(frozen=True, slots=True)
class Dot:
    """Incidents at one place.

    Parameters
    ----------
    x, y : float
        In points of the drawing.
    radius : float
    rows : tuple of Incident
    """

    x: float
    y: float
    radius: float
    rows: tuple[Incident, ...]


def position(latitude: float, longitude: float) -> tuple[float, float]:
    """Place of a point in the drawing, where degrees are equally long."""
    return (longitude + 180.0) * SCALE, (NORTH_DEGREES - latitude) * SCALE


def dots(rows: Iterable[Incident]) -> list[Dot]:
    """Dots of incidents that have a place; those at one place are one dot, larger by their root."""
    by_place: dict[tuple[float, float], list[Incident]] = {}
    for row in rows:
        if row.latitude is not None and row.longitude is not None:
            by_place.setdefault(position(row.latitude, row.longitude), []).append(row)
    return [
        Dot(x, y, round(min(12.0, 3.0 + len(found) ** 0.5), 1), tuple(found))
        for (x, y), found in sorted(by_place.items(), key=lambda item: -len(item[1]))
    ]


@cache
def outline() -> str:
    """Path of the land; empty where the browser's part was not built."""
    source = files("tocsin.server") / "static" / "tocsin" / "world.json"
    try:
        world: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    parts = []
    for feature in world["features"]:
        shape = feature["geometry"]
        polygons = shape["coordinates"]
        for polygon in [polygons] if shape["type"] == "Polygon" else polygons:
            parts += [text for ring in polygon if (text := _ring(ring))]
    return "".join(parts)


def _ring(ring: list[list[float]]) -> str:
    points: list[tuple[int, int]] = []
    for longitude, latitude in ring:
        x, y = position(latitude, longitude)
        point = (round(x), round(y))
        if not points or point != points[-1]:
            points.append(point)
    if len(set(points)) < LEAST_POINTS:
        return ""
    first, *others = points
    return f"M{first[0]} {first[1]}L" + " ".join(f"{x} {y}" for x, y in others) + "Z"
