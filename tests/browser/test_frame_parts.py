"""What every page carries, in a real browser: style, themes, keys, forms, upload, streams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from island_server import STATIC, IslandServer
from watched import WatchedPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
# Generous: the tests share the processors with each other
expect.set_options(timeout=30_000)

pytestmark = pytest.mark.browser

READY = "html.scripted"


@pytest.fixture
def server() -> Iterator[IslandServer]:
    assert (STATIC / "app.js").is_file(), (
        "the browser's bundle is not built: run `python hatch_build.py` (make test does)"
    )
    running = IslandServer()
    yield running
    running.stream_runs.set()
    running.close()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[WatchedPage]:
    opened = WatchedPage(chromium)
    yield opened
    opened.close()


def open_frame(watched: WatchedPage, server: IslandServer) -> Page:
    return watched.open(f"{server.address}/frame?theme=day", ready=READY)


@pytest.mark.parametrize("theme", ["day", "dark", "night"])
@pytest.mark.parametrize("width", [360, 1280])
def test_parts_are_quiet_fit_and_pass_axe(
    chromium: Browser, axe: str, server: IslandServer, width: int, theme: str
) -> None:
    watched = WatchedPage(chromium, width=width)
    page = watched.open(f"{server.address}/frame?theme={theme}", ready=READY)
    expect(page.locator("#live")).to_contain_text("reading")
    watched.check_is_quiet(server.address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.axe_violations(axe) == []
    watched.close()


def test_the_watch_sees_a_violation_and_an_outside_request(
    watched: WatchedPage, server: IslandServer
) -> None:
    """Control: what the other tests rely on is caught."""
    page = open_frame(watched, server)
    page.evaluate(
        """() => { const i = new Image(); i.src = 'http://127.0.0.1:9/x.png';
        document.body.append(i); const p = document.createElement('p');
        p.setAttribute('style', 'color: red'); document.body.append(p); }"""
    )
    page.wait_for_timeout(200)
    seen = " ".join(page.evaluate("window.violations"))
    assert "img-src" in seen
    assert "style-src" in seen
    with pytest.raises(AssertionError):
        watched.check_is_quiet(server.address)


def test_a_theme_shows_at_once_and_is_told_to_the_server(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_frame(watched, server)
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)
    with page.expect_request("**/theme") as told:
        page.select_option("[data-theme-select]", "night")
    assert page.evaluate(paper) != before
    assert told.value.post_data is not None
    assert "night" in told.value.post_data


def test_keys_are_listed_and_can_be_switched_off(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_frame(watched, server)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Alarms")
    dialog.get_by_label("Single keys work as shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press("g")
    assert page.url.endswith("/frame?theme=day")
    page.get_by_role("button", name="Keys ?").click()
    page.get_by_label("Single keys work as shortcuts").check()
    page.keyboard.press("Escape")
    with page.expect_request("**/alarms"):
        page.keyboard.press("g")


def test_what_opens_an_incident_is_asked_first(watched: WatchedPage, server: IslandServer) -> None:
    page = open_frame(watched, server)
    confirm = page.get_by_role("button", name="Confirm", exact=True)
    confirm.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Please confirm")
    expect(dialog).to_contain_text("It opens an incident.")
    page.keyboard.press("Enter")  # the cautious button has the focus
    expect(page.locator("dialog")).to_have_count(0)
    assert server.posted == []
    confirm.click()
    dialog.get_by_role("button", name="Yes, go on").click()
    page.wait_for_selector("#done")
    assert server.posted[0]["act"] == ["confirm"]


def test_a_form_is_sent_once_with_the_button_that_was_pressed(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_frame(watched, server)
    page.select_option("#reason", "medical")
    page.get_by_role("button", name="Innocent", exact=True).dblclick()
    page.wait_for_selector("#done")
    assert [p["act"] for p in server.posted] == [["innocent"]]
    assert server.posted[0]["reason"] == ["medical"]


def test_unsaved_words_are_guarded(watched: WatchedPage, server: IslandServer) -> None:
    page = open_frame(watched, server)
    asked: list[str] = []
    page.on("dialog", lambda d: (asked.append(d.type), d.accept()))
    page.click("#words")
    page.keyboard.type("seen on the left side")
    page.goto(f"{server.address}/frame?theme=dark")
    assert asked == ["beforeunload"]


def test_files_are_uploaded_with_progress_and_refusals_are_said_as_text(
    watched: WatchedPage, server: IslandServer, tmp_path: Path
) -> None:
    page = open_frame(watched, server)
    good, bad = tmp_path / "good.n42", tmp_path / "bad.txt"
    good.write_bytes(b"x" * 300_000)
    bad.write_text("no spectrum")
    page.set_input_files("#file", [good, bad])
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator(".uploads")).to_contain_text("Measurement of good.n42")
    expect(page.locator(".uploads .error")).to_contain_text("no reader knows <b>this</b> format")
    assert [name for name, _ in server.uploads] == ["good.n42", "bad.txt"]
    assert server.uploads[0][1] > 300_000
    assert page.get_by_role("link", name="Measurement of good.n42").is_visible()


def test_a_dropped_file_is_uploaded(watched: WatchedPage, server: IslandServer) -> None:
    page = open_frame(watched, server)
    page.evaluate(
        """() => { const data = new DataTransfer();
        data.items.add(new File(['abc'], 'dropped.n42'));
        const drop = new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
        document.querySelector('.drop').dispatchEvent(drop); }"""
    )
    expect(page.locator(".uploads")).to_contain_text("Measurement of dropped.n42")


def test_a_stream_that_stops_is_stale_within_its_limit_and_lives_again(
    watched: WatchedPage, server: IslandServer
) -> None:
    """The page says 2 s; the check allows for a loaded machine."""
    page = open_frame(watched, server)
    expect(page.locator("#live")).to_have_attribute("data-stream", "live")
    server.stream_runs.clear()
    expect(page.locator("#live")).to_have_attribute("data-stream", "stale", timeout=10_000)
    expect(page.locator(".stream-state")).to_contain_text("STALE")
    server.stream_runs.set()
    expect(page.locator("#live")).to_have_attribute("data-stream", "live", timeout=15_000)


def test_the_menu_of_a_telephone_opens_by_keyboard(chromium: Browser, server: IslandServer) -> None:
    watched = WatchedPage(chromium, width=360)
    page = open_frame(watched, server)
    assert not page.get_by_role("navigation", name="Main").is_visible()
    button = page.get_by_role("button", name="Menu")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Home"
    watched.close()


def test_without_script_everything_stands_there(chromium: Browser, server: IslandServer) -> None:
    context = chromium.new_context(
        viewport={"width": 360, "height": 800}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{server.address}/frame")
    assert page.get_by_role("navigation", name="Main").is_visible()
    page.select_option("#reason", "medical")
    page.get_by_role("button", name="Innocent", exact=True).click()
    page.wait_for_selector("#done")
    assert server.posted[0]["act"] == ["innocent"]
    context.close()


def test_paper_carries_the_marking_and_no_controls(
    watched: WatchedPage, server: IslandServer
) -> None:
    page = open_frame(watched, server)
    page.emulate_media(media="print")
    assert page.locator(".marking").is_visible()
    for control in (".main-nav", ".search", ".actions", "[data-help]"):
        assert not page.locator(control).first.is_visible()
    wide = page.evaluate(
        """() => [...document.querySelectorAll('table')]
        .filter(e => e.scrollWidth > e.parentElement.clientWidth + 1).length"""
    )
    assert wide == 0
