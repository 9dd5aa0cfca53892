"""Upload and survey page of the real server in Chromium: by script, without it, and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_server import PASSWORD, LiveServer
from watched import WatchedPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.recordings]

OFFICER, EXPERT = "officer@customs.example", "expert@laboratory.example"
# Reading, analysing and naming on a machine that others use too.
ANALYSED_MS = 180_000
PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[LiveServer]:
    running = LiveServer(tmp_path_factory.mktemp("live"))
    yield running
    running.close()


@pytest.fixture
def opened(chromium: Browser, server: LiveServer) -> Iterator[Callable[..., WatchedPage]]:
    """Maker of browsers in which a person is signed in."""
    made: list[WatchedPage] = []

    def sign_in(who: str = OFFICER, *, width: int = 1280) -> WatchedPage:
        watched = WatchedPage(chromium, width=width)
        watched.context.set_default_timeout(PATIENCE_MS)
        made.append(watched)
        enter(watched.page, server, who)
        return watched

    yield sign_in
    for watched in made:
        watched.close()


def enter(page: Page, server: LiveServer, who: str) -> None:
    page.goto(f"{server.address}/account/login/")
    page.fill("input[name=login]", who)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{server.address}/")


@pytest.fixture(scope="module")
def survey(server: LiveServer, chromium: Browser, recordings: Path) -> str:
    """Address of the vehicle survey, uploaded by drag and drop's form and analysed."""
    watched = WatchedPage(chromium)
    watched.context.set_default_timeout(PATIENCE_MS)
    page = watched.page
    enter(page, server, OFFICER)
    page.goto(f"{server.address}/measurements/upload/")
    walk = recordings / "mobile_nsdd" / "Q67_Mobile.N42"
    broken = recordings / "README.md"
    page.set_input_files("#id_file", [str(walk), str(broken)])
    page.locator("form[data-upload] button.primary").click()
    page.locator(".uploads [data-done]").nth(1).wait_for()
    page.locator(".uploads a", has_text="Q67").click()
    page.locator("#state a[href^='/measurements/']", has_text="Open").click(timeout=ANALYSED_MS)
    page.locator("#survey[data-ready]").wait_for(state="attached")
    watched.check_is_quiet(server.address)
    address = page.url
    watched.close()
    return address


def test_islands_of_a_real_survey(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage], axe: str
) -> None:
    watched = opened()
    page = watched.open(survey, ready="#survey[data-ready]")
    for island in ("map", "strip", "waterfall", "spectrum"):
        assert page.locator(f"#{island} canvas").count() >= 1
    page.locator(".encounters button", has_text="Tc-99m").click()
    page.locator("#spectrum:not([aria-busy])", has_text="Records 96 to 131").wait_for()
    alarm = page.locator(".encounters a").first.get_attribute("href")
    assert alarm is not None
    assert alarm.startswith("/alarms/")
    assert watched.axe_violations(axe) == []
    watched.check_is_quiet(server.address)
    page.goto(f"{server.address}{alarm}")
    assert page.locator("h1").inner_text()


PAGES = (
    "/measurements/",
    "/measurements/upload/",
    "/measurements/uploads/",
    "/measurements/instruments/",
)


@pytest.mark.parametrize("width", [1280, 360])
def test_pages_are_accessible_quiet_and_no_wider_than_the_screen(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage], axe: str, width: int
) -> None:
    watched = opened(width=width)
    for path in PAGES:
        page = watched.open(f"{server.address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert watched.axe_violations(axe) == [], path
    watched.check_is_quiet(server.address)


def test_survey_page_at_360_pixels(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage]
) -> None:
    watched = opened(width=360)
    page = watched.open(survey, ready="#survey[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    watched.check_is_quiet(server.address)


def test_what_could_not_be_read_says_so(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage], axe: str
) -> None:
    watched = opened()
    page = watched.open(f"{server.address}/measurements/uploads/")
    page.locator("a", has_text="README.md").click()
    page.locator("h2", has_text="could not be read").wait_for(timeout=ANALYSED_MS)
    assert watched.axe_violations(axe) == []
    watched.check_is_quiet(server.address)


def test_upload_without_script(
    server: LiveServer, chromium: Browser, recordings: Path, survey: str
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    enter(page, server, OFFICER)
    page.goto(f"{server.address}/measurements/upload/")
    walk = recordings / "mobile_nsdd" / "Q67_Mobile.N42"
    page.set_input_files("#id_file", [str(walk), str(recordings / "truth.csv")])
    page.locator("form[data-upload] button.primary").click()
    page.wait_for_url(f"{server.address}/measurements/uploads/")
    assert "already here" in page.locator(".messages").inner_text()
    assert page.locator("a", has_text="truth.csv").count() == 1
    page.goto(survey)
    assert "Tc-99m" in page.locator("main").inner_text()
    assert page.locator("noscript").count() == 1
    context.close()


def test_another_analysis_by_keyboard(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage], axe: str
) -> None:
    watched = opened(EXPERT)
    page = watched.open(survey, ready="#survey[data-ready]")
    link = page.locator("a", has_text="Analyse again")
    link.focus()
    page.keyboard.press("Enter")
    page.locator("#id_reason").wait_for()
    assert watched.axe_violations(axe) == []
    page.locator("#id_background").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Look closer at the second rise")
    page.keyboard.press("Enter")
    page.wait_for_url(survey.split("?")[0])
    for _ in range(ANALYSED_MS // 1000):
        if page.locator("nav.tabs a").count() == 2:
            break
        page.wait_for_timeout(1000)
        page.reload()
    page.locator("nav.tabs a", has_text="Analysis 2").click()
    said = page.locator("main").inner_text()
    assert "Look closer at the second rise" in said
    assert "Expert on Call" in said
    page.locator("#survey[data-ready]").wait_for(state="attached")
    watched.check_is_quiet(server.address)
