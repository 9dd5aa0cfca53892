"""The operator's map tiles by byte ranges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.console import map_tiles

ADDRESS = "/map/tiles.pmtiles"


@pytest.fixture
def browser(
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    settings: Any,
    tmp_path: Path,
) -> Client:
    archive = tmp_path / "country.pmtiles"
    archive.write_bytes(bytes(range(200)))
    settings.TOCSIN = replace(settings.TOCSIN, map_tiles=archive)
    return signed_in(person("officer"))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-15", 0, 15), ("bytes=190-400", 190, 199), ("bytes=150-", 150, 199)],
)
def test_a_range_is_answered_with_its_bytes(
    browser: Client, asked: str, first: int, last: int
) -> None:
    answer = browser.get(ADDRESS, headers={"range": asked})
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/200"
    assert answer.content == bytes(range(first, last + 1))


@pytest.mark.parametrize("asked", ["", "bytes=200-210", "bytes=-5", "bytes=0-1,4-5", "lines=0-1"])
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
