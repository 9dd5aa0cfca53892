"""The operator's map tiles by byte ranges."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pmtiles.tile import Compression, TileType
from pmtiles.writer import Writer

from tocsin.server import base_map
from tocsin.server.accounts.models import Person
from tocsin.server.base_map import tiles_trouble
from tocsin.server.console import map_tiles

TILE = b"a picture"


def archive_of(kind: TileType, compression: Compression = Compression.NONE) -> bytes:
    """An archive of one tile, as the library of the format writes it."""
    out = io.BytesIO()
    writer = Writer(out)
    writer.write_tile(0, TILE)
    told = {"tile_type": kind, "tile_compression": compression}
    writer.finalize(told | dict.fromkeys(PLACE, 0), {})
    return out.getvalue()


PLACE = (
    *("min_zoom", "max_zoom", "center_zoom", "min_lon_e7", "min_lat_e7"),
    *("max_lon_e7", "max_lat_e7", "center_lon_e7", "center_lat_e7"),
)
MADE = archive_of(TileType.PNG)
LAST = len(MADE) - 1
ADDRESS = "/map/tiles.pmtiles"


@pytest.fixture
def browser(
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    settings: Any,
    tmp_path: Path,
) -> Client:
    archive = tmp_path / "country.pmtiles"
    archive.write_bytes(MADE)
    settings.TOCSIN = replace(settings.TOCSIN, map_tiles=archive)
    return signed_in(person("officer"))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-15", 0, 15), ("bytes=130-400", 130, LAST), ("bytes=150-", 150, LAST)],
)
def test_a_range_is_answered_with_its_bytes(
    browser: Client, asked: str, first: int, last: int
) -> None:
    answer = browser.get(ADDRESS, headers={"range": asked})
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(MADE)}"
    assert answer.content == MADE[first : last + 1]


@pytest.mark.parametrize("asked", ["", "bytes=900-910", "bytes=-5", "bytes=0-1,4-5", "lines=0-1"])
def test_never_the_whole_archive_and_nothing_beyond_it(browser: Client, asked: str) -> None:
    headers = {"range": asked} if asked else {}
    answer = browser.get(ADDRESS, headers=headers)
    assert answer.status_code == 416
    assert answer.content == b""


def test_a_piece_is_bounded(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_tiles, "MOST_BYTES", 10)
    assert len(browser.get(ADDRESS, headers={"range": "bytes=0-99"}).content) == 10


def test_a_range_that_ends_before_it_begins_is_refused(browser: Client) -> None:
    assert browser.get(ADDRESS, headers={"range": "bytes=9-3"}).status_code == 416


def test_the_page_knows_the_archive_only_where_there_is_one(browser: Client, settings: Any) -> None:
    assert browser.get("/").context["map_tiles"] == ADDRESS
    settings.TOCSIN = replace(settings.TOCSIN, map_tiles=None)
    assert browser.get("/").context["map_tiles"] == ""
    assert browser.get(ADDRESS, headers={"range": "bytes=0-1"}).status_code == 404


def test_strangers_get_no_map(browser: Client, db: None) -> None:
    assert Client().get(ADDRESS, headers={"range": "bytes=0-1"}).status_code == 302


@pytest.mark.parametrize("kind", [TileType.MVT, TileType.PNG, TileType.JPEG, TileType.WEBP])
def test_pictures_and_vectors_can_be_drawn(kind: TileType, tmp_path: Path) -> None:
    archive = tmp_path / "a.pmtiles"
    archive.write_bytes(archive_of(kind))
    assert tiles_trouble(archive) == ""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no PMTiles"),
        (b"<html>" * 40, "no PMTiles"),
        (b"PMTiles\x02" + MADE[8:], "no PMTiles"),
        (MADE[: -len(TILE)], "ends before"),
        (archive_of(TileType.UNKNOWN), "neither vector"),
        (archive_of(TileType.MVT, Compression.ZSTD), "write it anew"),
        (MADE[:97] + bytes([Compression.BROTLI.value]) + MADE[98:], "write it anew"),
    ],
)
def test_what_is_no_archive_is_no_base_map_and_the_log_says_why(
    browser: Client,
    settings: Any,
    content: bytes,
    why: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = tmp_path / "broken.pmtiles"
    broken.write_bytes(content)
    settings.TOCSIN = replace(settings.TOCSIN, map_tiles=broken)
    with caplog.at_level(logging.WARNING, logger=base_map.__name__):
        assert browser.get("/").context["map_tiles"] == ""
        assert browser.get("/").context["map_tiles"] == ""
    assert [why in message for message in caplog.messages] == [True]
    assert browser.get(ADDRESS, headers={"range": "bytes=0-1"}).status_code == 404
    broken.write_bytes(MADE)
    assert browser.get("/").context["map_tiles"] == ADDRESS
    broken.unlink()
    assert browser.get("/").context["map_tiles"] == ""
