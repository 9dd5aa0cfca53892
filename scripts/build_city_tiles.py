"""Write the street map of the fictional city as PMTiles: vector tiles in the Protomaps scheme.

An operator's own archive of the same form takes its place (``TOCSIN_MAP_TILES``). Run it after a
change of :mod:`tocsin.server.fiction.plan`::

    python scripts/build_city_tiles.py
"""

from __future__ import annotations

import gzip
import math
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from shapely import STRtree
from shapely.geometry import box, mapping, shape

from tocsin.scenario.demo import ICE_SHEET_NOTE
from tocsin.server.fiction.plan import FILE, city_plan

FloatArray = NDArray[np.float64]

FIRST_ZOOM, LAST_ZOOM = 11, 16
"""Nearer, the browser draws the tiles of the last one larger."""
EXTENT = 4096
BEYOND = 64
"""Units of a tile by which lines and areas go on outside it, so that no seam is seen."""
HOUSES_FROM, NAMES_FROM = 13, 12
LAYER_OF = {"street": "roads", "road": "roads", "building": "buildings", "water": "water"}
LAYER_OF |= {"park": "landuse", "place": "places"}
KIND_OF = {"street": "minor_road", "road": "major_road", "place": "neighbourhood"}


def main() -> None:
    """Write the archive."""
    with FILE.open("wb") as stream:
        write_archive(stream)


def write_archive(stream: Any) -> None:
    """Write it into a stream of bytes."""
    writer = Writer(stream)
    tiles = {
        zxy_to_tileid(z, x, y): content
        for z in range(FIRST_ZOOM, LAST_ZOOM + 1)
        for (x, y), content in _tiles(z)
    }
    for number in sorted(tiles):
        # without the time of the making: the same city is the same file
        writer.write_tile(number, gzip.compress(tiles[number], mtime=0))
    west, south, east, north = _bounds()
    writer.finalize(
        {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_zoom": FIRST_ZOOM,
            "max_zoom": LAST_ZOOM,
            "min_lon_e7": round(west * 1e7),
            "min_lat_e7": round(south * 1e7),
            "max_lon_e7": round(east * 1e7),
            "max_lat_e7": round(north * 1e7),
            "center_zoom": HOUSES_FROM,
            "center_lon_e7": round((west + east) / 2 * 1e7),
            "center_lat_e7": round((south + north) / 2 * 1e7),
        },
        {
            "name": "The fictional city",
            "description": ICE_SHEET_NOTE,
            "attribution": "Streets: a made-up city at 75° S, 60° E",
            "vector_layers": [
                {"id": layer, "fields": {"kind": "String", "name": "String"}}
                for layer in sorted(set(LAYER_OF.values()))
            ],
        },
    )


def _shapes() -> list[tuple[dict[str, str], Any]]:
    """Properties and shape of everything, in degrees."""
    return [(f["properties"], shape(f["geometry"])) for f in city_plan()["features"]]


def _bounds() -> tuple[float, float, float, float]:
    boxes = [each.bounds for _properties, each in _shapes()]
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _tiles(z: int) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Tiles of one zoom that hold something, by column and row."""
    features = _shapes()
    flat = [shapely.transform(each, partial(_rows, z=z)) for _properties, each in features]
    tree = STRtree(flat)
    west, south, east, north = _bounds()
    (first_x, last_y), (last_x, first_y) = _rows(np.array([(west, south), (east, north)]), z)
    for x in range(int(first_x), int(last_x) + 1):
        for y in range(int(first_y), int(last_y) + 1):
            more = BEYOND / EXTENT
            frame = box(x - more, y - more, x + 1 + more, y + 1 + more)
            layers: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for k in sorted(tree.query(frame)):
                properties = features[k][0]
                kind = properties["kind"]
                if (kind == "building" and z < HOUSES_FROM) or (kind == "place" and z < NAMES_FROM):
                    continue
                part = flat[k].intersection(frame)
                if part.is_empty:
                    continue
                inside = shapely.transform(part, partial(_inside, corner=(x, y)))
                told = properties | {"kind": KIND_OF.get(kind, kind)}
                layers[LAYER_OF[kind]].append({"geometry": mapping(inside), "properties": told})
            if layers:
                content = mapbox_vector_tile.encode(
                    [{"name": name, "features": rows} for name, rows in sorted(layers.items())],
                    default_options={"y_coord_down": True, "extents": EXTENT},
                )
                yield (x, y), content


def _rows(places: FloatArray, z: int) -> FloatArray:
    """Longitude and latitude as columns and rows of tiles, from the north-west of the world."""
    longitude, latitude = places.T
    northing = np.arctanh(np.sin(np.radians(latitude)))
    columns = np.stack([(longitude + 180.0) / 360.0, (1.0 - northing / math.pi) / 2.0], axis=1)
    return np.asarray(columns * 2.0**z)


def _inside(places: FloatArray, corner: tuple[int, int]) -> FloatArray:
    """Columns and rows as units of one tile."""
    return np.asarray((places - np.array(corner)) * EXTENT)


if __name__ == "__main__":
    main()
