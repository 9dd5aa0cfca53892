"""The four islands of a survey in a real browser, under the server's policy."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from island_server import STATIC, IslandServer
from island_surveys import FIRST, LAST, N_RECORD, SECOND
from made_tiles import archive, road_tile
from PIL import Image
from pmtiles.tile import Compression, TileType
from pmtiles.writer import Writer
from watched import WatchedPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
# Generous: the tests share the processors with each other
expect.set_options(timeout=30_000)

pytestmark = pytest.mark.browser

MAGENTA = (210, 40, 200)
READY = "#survey[data-ready]"
THEMES = ("day", "dark", "night")


@pytest.fixture(scope="module")
def server() -> Iterator[IslandServer]:
    assert (STATIC / "survey.js").is_file(), (
        "the browser's bundle is not built: run `python hatch_build.py` (make test does)"
    )
    running = IslandServer()
    yield running
    running.close()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[WatchedPage]:
    opened = WatchedPage(chromium)
    yield opened
    opened.close()


def open_drive(watched: WatchedPage, server: IslandServer, what: str = "no-positions") -> Page:
    """Open a survey: one without a map, which is drawn slowly here, unless a test needs it."""
    return watched.open(f"{server.address}/survey/{what}", ready=READY)


def selected(page: Page) -> str:
    return page.inner_text(".selected-records")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280])
def test_islands_are_quiet_fit_and_pass_axe(
    chromium: Browser, axe: str, server: IslandServer, width: int, theme: str
) -> None:
    watched = WatchedPage(chromium, width=width)
    page = watched.open(f"{server.address}/survey/drive?theme={theme}", ready=READY)
    page.wait_for_selector("#map[data-ready]")
    page.wait_for_timeout(500)
    watched.check_is_quiet(server.address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("summary")
    assert watched.axe_violations(axe) == []
    watched.close()


def test_an_encounter_chosen_shows_in_all_four(watched: WatchedPage, server: IslandServer) -> None:
    page = open_drive(watched, server, "drive")
    page.wait_for_selector("#map[data-ready]")
    with page.expect_request(f"**/api/*/spectrum?first={FIRST}&last={LAST}"):
        page.get_by_role("button", name="Encounter 1: Cs-137", exact=False).first.click()
    assert selected(page).startswith(f"Records {FIRST} to {LAST}")
    expect(page.locator("#spectrum .caption").first).to_contain_text(f"Records {FIRST}")
    for island in ("#strip", "#waterfall"):
        assert "Record 103" in page.inner_text(f"{island} .readout")
    assert "46.28" in page.inner_text("#map .readout")
    assert page.locator(".encounter-marker[data-chosen]").inner_text() == "1"


def test_a_marker_on_the_map_chooses_its_encounter(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_drive(watched, server, "drive")
    page.get_by_role("button", name="Encounter 2: Tc-99m, medical", exact=True).click()
    assert selected(page).startswith(f"Records {SECOND[0]} to {SECOND[2]}")


def test_a_point_of_the_track_chooses_its_record(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_drive(watched, server, "drive")
    page.wait_for_selector("#map[data-ready]")
    page.wait_for_timeout(500)
    box = page.locator(".map-frame").bounding_box()
    marker = page.locator(".encounter-marker").first.bounding_box()
    assert box is not None
    assert marker is not None
    # A little below the first marker runs the track; look for it across the map.
    y = marker["y"] + 60
    x = box["x"] + 5
    while x < box["x"] + box["width"] and not selected(page).startswith("Record"):
        page.mouse.click(x, y)
        x += 8
    expect(page.locator(".selected-records")).to_have_text(re.compile("^Record "))


def drag(page: Page, island: str, start: float, end: float) -> None:
    """Drag over a part of the plot of an island, from one fraction of its time axis to another."""
    area = "#strip .u-over" if island == "strip" else f"#{island} .plot"
    page.locator(area).scroll_into_view_if_needed()
    box = page.locator(area).bounding_box()
    assert box is not None
    left, right = (70, 46) if island == "waterfall" else (0, 0)
    width = box["width"] - left - right
    y = box["y"] + 60
    page.mouse.move(box["x"] + left + start * width, y)
    page.mouse.down()
    page.mouse.move(box["x"] + left + (start + end) / 2 * width, y)
    page.mouse.move(box["x"] + left + end * width, y)
    page.mouse.up()


@pytest.mark.parametrize("island", ["strip", "waterfall"])
def test_a_dragged_range_is_the_range_of_the_spectrum(
    watched: WatchedPage, server: IslandServer, island: str
) -> None:
    page = open_drive(watched, server)
    with page.expect_request("**/spectrum?first=*") as asked:
        drag(page, island, 0.25, 0.5)
    first, last = (int(part.partition("=")[2]) for part in asked.value.url.split("?")[1].split("&"))
    assert first == pytest.approx(0.25 * N_RECORD, abs=2)
    assert last == pytest.approx(0.5 * N_RECORD, abs=2)
    assert selected(page).startswith(f"Records {first} to {last}")


def test_undo_takes_back_selections_and_zooms(watched: WatchedPage, server: IslandServer) -> None:
    page = open_drive(watched, server)
    page.keyboard.press("a")
    page.keyboard.press("a")
    assert selected(page).startswith(f"Records {SECOND[0]}")
    page.focus("#strip .plot")
    page.keyboard.press("+")
    page.keyboard.press("z")
    assert selected(page).startswith(f"Records {SECOND[0]}")
    page.keyboard.press("z")
    assert selected(page).startswith(f"Records {FIRST}")
    page.keyboard.press("z")
    assert selected(page) == "Whole survey"


def pressed(page: Page, name: str) -> str | None:
    return page.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed")


def test_every_key_of_the_list_does_what_it_says(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_drive(watched, server)
    for key, button in (("l", "Log"), ("r", "Lines"), ("b", "Background")):
        assert pressed(page, button) == "true"
        page.keyboard.press(key)
        assert pressed(page, button) == "false"
    page.keyboard.press("m")
    assert page.get_attribute(".islands", "data-large") == "map"
    page.keyboard.press("Space")
    expect(page.locator("#strip .readout")).to_contain_text(re.compile("Record [3-9] "))
    page.keyboard.press("Space")
    assert pressed(page, "Replay") == "false"
    page.keyboard.press("?")
    listed = page.inner_text("dialog")
    for key in ("L", "R", "B", "Space", "A", "M", "Z"):
        assert f"\n{key}\n" in listed
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_keys_belong_to_the_field_that_is_typed_into(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_drive(watched, server)
    page.focus("#add-nuclide")
    page.keyboard.type("lrb z")
    assert pressed(page, "Log") == "true"
    assert page.input_value("#add-nuclide") == "lrb z"


def test_the_whole_page_is_worked_by_keyboard(watched: WatchedPage, server: IslandServer) -> None:
    page = open_drive(watched, server)
    page.focus("#strip .plot")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert "Record 3 " in page.inner_text("#strip .readout")
    page.keyboard.press("Shift+PageDown")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+PageUp")
    assert selected(page).startswith("Records")
    value = page.get_attribute("#strip .plot", "aria-valuetext")
    assert value is not None
    assert "Count rate" in value
    page.focus("#spectrum .plot")
    page.keyboard.press("End")
    assert "Channel 511" in page.inner_text("#spectrum .readout")
    reached = page.evaluate(
        """() => [...document.querySelectorAll('main button, main a, main input, main select,'
             + 'main [tabindex]')].filter(e => !e.disabled && e.tabIndex < 0 && e.offsetParent
             && !e.closest('.maplibregl-map')).map(e => e.outerHTML)"""
    )
    assert reached == []


def test_spectrum_says_energy_channel_counts_and_background(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_drive(watched, server)
    page.focus("#spectrum .plot")
    for _ in range(2):
        page.keyboard.press("PageUp")
    said = page.locator("#spectrum .readout")
    for word in ("keV", "Channel 52", "Counts", "/s", "Background"):
        expect(said).to_contain_text(word)
    assert "drawn under" in page.inner_text("#spectrum")


def pixels_of_counts(page: Page) -> int:
    """Pixels in the colour of the counts in the lowest rows of the plot, where zeros lie."""
    # the spectrum is asked for by itself: the page is ready before it is drawn
    page.wait_for_selector("#spectrum .u-over")
    return int(
        page.evaluate(
            """async () => {
              for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
              const u = document.querySelector('#spectrum canvas'), c = u.getContext('2d');
              const box = document.querySelector('#spectrum .u-over').getBoundingClientRect();
              const all = u.getBoundingClientRect(), r = devicePixelRatio;
              const x = (box.right - all.left - 40) * r, y = (box.bottom - all.top - 3) * r;
              const d = c.getImageData(x, y, 30 * r, 6 * r).data;
              let n = 0;
              for (let i = 0; i < d.length; i += 4) if (d[i] < 60 && d[i + 2] > 100) n++;
              return n;
            }"""
        )
    )


def test_empty_channels_are_seen_on_the_logarithmic_scale(
    watched: WatchedPage, server: IslandServer
) -> None:
    """Above 2,700 keV there is nothing: the line lies on zero and is drawn."""
    page = open_drive(watched, server)
    assert pressed(page, "Log") == "true"
    assert pixels_of_counts(page) > 10


def test_a_nuclide_is_added_with_its_origin_and_a_wrong_name_is_said(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_drive(watched, server)
    page.fill("#add-nuclide", "Co-60")
    page.press("#add-nuclide", "Enter")
    expect(page.locator(".nuclides")).to_contain_text("Co-60")
    page.click("summary")
    table = page.inner_text("#spectrum table")
    for word in ("1,332.49", "Ba-137m", "ENSDF, September 2023", "test edition"):
        assert word in table
    page.fill("#add-nuclide", "Xx-1")
    page.press("#add-nuclide", "Enter")
    page.wait_for_selector(".line-chooser .error:not([hidden])")
    assert "Xx-1 is not in the library" in page.inner_text(".line-chooser .error")


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ("no-positions", "holds no positions"),
        ("no-calibration", "No usable energy calibration"),
        ("no-spectra", "holds no spectra"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_stands(
    watched: WatchedPage, server: IslandServer, what: str, word: str
) -> None:
    page = open_drive(watched, server, what)
    assert word in page.inner_text("#survey")
    assert page.locator("#strip canvas").count() == 1
    watched.check_is_quiet(server.address)


def test_a_static_spectrum_stands_alone(watched: WatchedPage, server: IslandServer) -> None:
    page = open_drive(watched, server, "static")
    expect(page.locator("#spectrum canvas")).to_have_count(1)
    assert page.locator("#strip, #map, #waterfall").count() == 0
    page.keyboard.press("l")
    assert pressed(page, "Log") == "false"
    watched.check_is_quiet(server.address)


def test_a_survey_that_may_not_be_seen_is_a_clear_word(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = watched.open(f"{server.address}/survey/hidden", ready="#survey .notice")
    assert "no such measurement" in page.inner_text("#survey")


def test_tiles_of_the_operator_are_read_by_ranges(
    watched: WatchedPage, server: IslandServer
) -> None:
    server.extra["/map/tiles.pmtiles"] = archive()
    tile = len(road_tile())
    page = watched.page
    pieces: list[int] = []
    page.on(
        "response",
        lambda r: r.url.endswith(".pmtiles") and pieces.append(int(r.headers["content-length"])),
    )
    address = f"{server.address}/survey/drive?tiles=/map/tiles.pmtiles"
    watched.open(address, ready="#map[data-ready]")
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("Tiles of the operator")
    page.wait_for_timeout(500)
    assert tile in pieces
    watched.check_is_quiet(server.address)


def test_pictures_of_the_operator_are_drawn(watched: WatchedPage, server: IslandServer) -> None:
    """A raster archive: the page finds out by itself what its tiles are."""
    picture, out = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (256, 256), MAGENTA).save(picture, "PNG")
    writer = Writer(out)
    writer.write_tile(0, picture.getvalue())
    writer.finalize(
        {
            **{"tile_type": TileType.PNG, "tile_compression": Compression.NONE},
            **{"min_zoom": 0, "max_zoom": 0, "center_zoom": 0},
            **{"min_lon_e7": -1_800_000_000, "max_lon_e7": 1_800_000_000},
            **{"min_lat_e7": -850_000_000, "max_lat_e7": 850_000_000},
            **{"center_lon_e7": 0, "center_lat_e7": 0},
        },
        {"attribution": "Pictures of the operator"},
    )
    server.extra["/map/tiles.pmtiles"] = out.getvalue()
    page = watched.open(
        f"{server.address}/survey/drive?tiles=/map/tiles.pmtiles", ready="#map[data-ready]"
    )
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("Pictures of the operator")
    chart = page.locator("#map canvas.maplibregl-canvas")
    ends = time.monotonic() + 60
    while (share := share_of(MAGENTA, chart.screenshot())) < 0.3 and time.monotonic() < ends:
        page.wait_for_timeout(250)
    assert share > 0.3
    watched.check_is_quiet(server.address)


def test_a_broken_archive_takes_away_the_tiles_and_not_the_map(
    watched: WatchedPage, server: IslandServer
) -> None:
    server.extra["/map/tiles.pmtiles"] = b"PMTiles\x02" + bytes(200)
    page = watched.open(
        f"{server.address}/survey/drive?tiles=/map/tiles.pmtiles", ready="#map[data-ready]"
    )
    expect(page.locator("#map canvas.maplibregl-canvas")).to_be_visible()
    watched.check_is_quiet(server.address)


def share_of(colour: tuple[int, int, int], png: bytes) -> float:
    """Part of a picture that has about this colour."""
    seen = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)
    return float(np.mean(np.abs(seen - np.array(colour)).max(axis=2) < 12))


def test_french_pages_speak_french(watched: WatchedPage, server: IslandServer) -> None:
    page = watched.open(f"{server.address}/survey/no-positions?lang=fr", ready=READY)
    words = page.inner_text("#survey")
    assert "Spectre" in words
    assert not {"Counts", "Record", "Undo"} & set(words.split())
