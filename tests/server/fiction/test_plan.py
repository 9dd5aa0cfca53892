"""The street map of the fictional city."""

from __future__ import annotations

import gzip
import importlib.util
import io
import math
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
from pmtiles.reader import MemorySource, Reader, all_tiles

from tocsin.scenario.city import City
from tocsin.scenario.demo import ICE_SHEET
from tocsin.server.configuration import FICTIONAL_TILES, read_configuration
from tocsin.server.fiction.plan import FILE, city_plan

SCRIPT = Path(__file__).parents[3] / "scripts" / "build_city_tiles.py"
GIVEN = {"TOCSIN_DATA": "/tmp/none", "TOCSIN_SECRET_KEY": "k" * 50}  # noqa: S108 - never made


def contents(archive: bytes) -> dict[tuple[int, int, int], Any]:
    """Each tile decoded by the library of the format, by zoom, column and row."""
    return {
        place: mapbox_vector_tile.decode(
            gzip.decompress(content), default_options={"y_coord_down": True}
        )
        for place, content in all_tiles(MemorySource(archive))
    }


@pytest.fixture(scope="module")
def kept() -> dict[tuple[int, int, int], Any]:
    """Tiles of the file that the package has."""
    return contents(FICTIONAL_TILES.read_bytes())


def test_the_file_is_what_the_city_gives(kept: dict[tuple[int, int, int], Any]) -> None:
    assert FICTIONAL_TILES == FILE
    spec = importlib.util.spec_from_file_location("build_city_tiles", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = io.BytesIO()
    script.write_archive(made)
    assert contents(made.getvalue()) == kept


def test_every_name_and_kind_of_the_plan_is_on_the_tiles(
    kept: dict[tuple[int, int, int], Any],
) -> None:
    names = {f["properties"]["name"] for f in city_plan()["features"] if "name" in f["properties"]}
    assert len(names) >= 20
    layers = [layer for (z, _x, _y), tile in kept.items() if z == 16 for layer in tile.items()]
    told = [f["properties"] for _name, layer in layers for f in layer["features"]]
    assert {p["name"] for p in told if "name" in p} == names
    assert {name for name, _layer in layers} == {
        *("roads", "buildings", "water", "landuse", "places"),
    }
    header = Reader(MemorySource(FICTIONAL_TILES.read_bytes())).header()
    assert (header["min_zoom"], header["max_zoom"]) == (11, 16)


def test_every_street_of_the_walks_lies_where_the_tiles_draw_it(
    kept: dict[tuple[int, int, int], Any],
) -> None:
    """The middle of each street: from metres to degrees to a tile, by the formula of the format."""
    z = 16
    for (x0, y0), (x1, y1) in City().streets_m():
        latitude, longitude = ICE_SHEET.to_degrees(0.4 * x0 + 0.6 * x1, 0.4 * y0 + 0.6 * y1)
        column = (float(longitude) + 180.0) / 360.0 * 2**z
        tan = math.tan(math.pi / 4 + math.radians(float(latitude)) / 2)
        row = (1.0 - math.log(tan) / math.pi) / 2.0 * 2**z
        place = (z, int(column), int(row))
        here = ((column % 1) * 4096, (row % 1) * 4096)
        roads = kept[place]["roads"]["features"]
        assert any(_near(f["geometry"]["coordinates"], here) for f in roads), (x0, y0)


def _near(line: list[list[float]], here: tuple[float, float]) -> bool:
    (ax, ay), (bx, by) = line
    along, across = (0, 1) if abs(bx - ax) > abs(by - ay) else (1, 0)
    low, high = sorted((line[0][along], line[1][along]))
    return low <= here[along] <= high and abs(line[0][across] - here[across]) < 12


def test_a_demonstration_has_the_city_unless_the_operator_gives_another(tmp_path: Path) -> None:
    demonstration = GIVEN | {"TOCSIN_DEMONSTRATION": "1"}
    assert read_configuration(GIVEN).map_tiles is None
    assert read_configuration(demonstration).map_tiles == FICTIONAL_TILES
    own = read_configuration(demonstration | {"TOCSIN_MAP_PLAN": "own.json"})
    assert (str(own.map_plan), own.map_tiles) == ("own.json", None)
    named = read_configuration(demonstration | {"TOCSIN_MAP_TILES": "own.pmtiles"})
    assert str(named.map_tiles) == "own.pmtiles"
    lies = tmp_path / "map" / "tiles.pmtiles"
    lies.parent.mkdir()
    lies.write_bytes(b"")
    there = read_configuration(demonstration | {"TOCSIN_DATA": str(tmp_path)})
    assert there.map_tiles == lies
