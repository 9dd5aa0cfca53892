"""The register in Chromium: a table imported by keyboard, a loss reported on a phone."""

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

REGISTER, HOLDER = "register@authority.example", "safety@harbour-works.example"
CONTACT = "contact@authority.example"
TABLE = (
    "Holder,Nuclide,Activity (GBq),Reference date,Maker,Model,Serial number,Place\n"
    "Harbour Works 7,Ir-192,3700,2026-10-01,Ostrava Iso,IR-7,PHONE-1,Pier 4\n"
    "Harbour Works 7,Ir-192,heavy,2026-10-01,Ostrava Iso,IR-7,PHONE-2,Pier 4\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[LiveServer]:
    running = LiveServer(tmp_path_factory.mktemp("register"))
    yield running
    running.close()


def test_from_a_table_to_a_loss_on_a_phone_to_an_incident(
    chromium: Browser, server: LiveServer, tmp_path: Path
) -> None:
    table = tmp_path / "sources.csv"
    table.write_text(TABLE, encoding="utf-8")
    officer = PersonInBrowser(chromium, server.address, REGISTER)
    officer.sign_in()
    page = officer.open("/register/")
    officer.enter("a[href='/register/imports/new/']")
    # the key that opens the system's own chooser is tried where recordings are uploaded
    officer.tab_to("#id_file")
    page.set_input_files("#id_file", table)
    officer.enter("main form button.primary")
    assert "1 of 2 rows without a fault" in page.inner_text("main")
    assert "heavy" in page.inner_text("main table")
    officer.enter("form[action$='/apply/'] button")
    assert "in the register" in page.inner_text("main")
    officer.check_is_quiet()
    officer.close()

    phone = PersonInBrowser(chromium, server.address, HOLDER, width=360)
    page = phone.sign_in()
    phone.open("/register/?text=PHONE-1")
    phone.press_button("main table th a")
    assert "Pier 4" in page.inner_text("main")
    before = len(phone.posts)
    phone.press_button("a[href$='/report/loss/']")
    assert "clocks" in page.inner_text("main .notice")
    page.fill("[name=note]", "Not in the store this morning; the door was open.")
    phone.press_button("main form button.danger")
    assert len(phone.posts) - before == 1, "one step sent reports a loss"
    assert "lost" in page.inner_text(".page-head")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    phone.check_is_quiet()
    phone.close()

    contact = PersonInBrowser(chromium, server.address, CONTACT)
    page = contact.sign_in()
    contact.open("/incidents/")
    contact.press_button("main table a")
    text = page.inner_text("main")
    assert "PHONE-1" in text
    assert "Telephone report of a loss or theft" in text
    assert "the door was open" in text
    contact.close()
