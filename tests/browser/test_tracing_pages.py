"""The loop in Chromium: stolen, walked past, candidate beside the alarm, accepted, recovered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer
from person_in_browser import PersonInBrowser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live-server")]

REGISTER, CONTACT = "register@authority.example", "contact@authority.example"
STEAL = """
import django, sys, pathlib; django.setup()
from tocsin.server.fiction import theft
from tocsin.server.fiction.playing import bring_walk, caller
address, walk = sys.argv[1:]
quiet = lambda line: None
officer, holder = "register@authority.example", "safety@harbour-works.example"
source = theft.steal(caller(address, officer), caller(address, holder), say=quiet)
bring_walk(caller(address, "officer@customs.example"), pathlib.Path(walk), say=quiet)
print(source["id"])
"""
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[LiveServer]:
    running = LiveServer(tmp_path_factory.mktemp("tracing"))
    yield running
    running.close()


def test_a_stolen_source_is_found_by_the_walk_and_recovered(
    chromium: Browser, server: LiveServer, short_walk: Path
) -> None:
    stolen = server.told(STEAL, str(short_walk))

    contact = PersonInBrowser(chromium, server.address, CONTACT)
    page = contact.sign_in()
    page = contact.open("/tracing/missing/")
    assert "Norvik LV-4" in page.inner_text("main table")
    assert page.locator("main tbody tr").first.inner_text().count("category 2") == 1
    page = contact.open("/alarms/?class=industrial")
    alarm = page.locator("main tbody a").first.get_attribute("href")
    assert alarm is not None
    page = contact.open(alarm)
    for _ in range(PATIENCE_MS // 1000):
        if page.locator("#candidates li a").count():
            break
        page.wait_for_timeout(1000)
        page = contact.open(alarm)
    assert "Norvik LV-4" in page.inner_text("#candidates")
    contact.press_button("#candidates li a")
    assert page.locator("main svg[role=img]").count() == 1
    page.fill("#reason", "serial number read behind the fence")
    contact.press_button("button[value=accepted]")
    assert "accepted" in page.inner_text("main .timeline").lower()
    candidate = contact.path()
    contact.check_is_quiet()

    officer = PersonInBrowser(chromium, server.address, REGISTER)
    officer.sign_in()
    page = officer.open(candidate)
    assert "still missing" in page.inner_text("main")
    officer.press_button(f"a[href^='/register/{stolen}/report/recovery']")
    assert page.input_value("#id_note").startswith("C-")
    officer.press_button("main form button.primary")
    assert "stored" in page.inner_text("main .page-head")
    officer.check_is_quiet()
    officer.close()

    page = contact.open(f"/register/{stolen}/")
    incident = page.locator("main a[href^='/incidents/']").first.get_attribute("href")
    assert incident is not None
    page = contact.open(incident)
    told = page.inner_text("main")
    assert "recovery" in told
    assert "judged by a person" in told
    contact.check_is_quiet()
    contact.close()
