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
LEAST_WIDTH = 60.0
"""Thirty degrees: nearer, half a degree of the outline would show as steps."""


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


def drawn(rows: Iterable[Incident]) -> tuple[View, list[Dot]]:
    """The part of the world with the incidents in it, and their dots in its scale."""
    found = dots(rows)
    view = view_of(found)
    return view, [Dot(dot.x, dot.y, round(dot.radius * view.scale, 2), dot.rows) for dot in found]


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


@dataclass(frozen=True, slots=True)
class View:
    """The part of the drawing that is shown, near the dots; ``scale`` keeps dots and lines thin."""

    x: float
    y: float
    width: float
    height: float

    @property
    def scale(self) -> float:
        """How much smaller than the whole drawing it is."""
        return self.width / WIDTH

    @property
    def box(self) -> str:
        """As an SVG wants it."""
        return f"{self.x:.1f} {self.y:.1f} {self.width:.1f} {self.height:.1f}"


def view_of(found: list[Dot]) -> View:
    """The part of the world that holds all dots with some land around them."""
    if not found:
        return View(0.0, 0.0, WIDTH, HEIGHT)
    left, right = min(dot.x for dot in found), max(dot.x for dot in found)
    top, bottom = min(dot.y for dot in found), max(dot.y for dot in found)
    wanted = max(right - left, (bottom - top) * WIDTH / HEIGHT) * 1.4
    width = min(float(WIDTH), max(wanted, LEAST_WIDTH))
    height = width * HEIGHT / WIDTH
    x = min(max(0.0, (left + right - width) / 2), WIDTH - width)
    y = min(max(0.0, (top + bottom - height) / 2), HEIGHT - height)
    return View(x, y, width, height)


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
