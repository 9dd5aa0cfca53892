"""The register in Chromium: tables imported, a life in steps, losses reported on a phone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from live_server import LiveServer
from person_in_browser import PersonInBrowser
from PIL import Image

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


def a_book(path: Path) -> Path:
    """A spreadsheet whose register is on its second sheet."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Read me"
    first.append(["Sources of our works"])
    second = book.create_sheet("Sources")
    second.append(["Holder", "Nuclide", "Activity (GBq)", "Reference date", "Serial number"])
    for number in (1, 2):
        second.append(["Harbour Works 7", "Ir-192", 3700, dt.date(2026, 10, 1), f"BOOK-{number}"])
    book.save(path)
    return path


def a_photograph(path: Path) -> Path:
    Image.new("RGB", (640, 480), (180, 60, 40)).save(path, "JPEG")
    return path


def test_a_spreadsheet_then_a_life_in_several_steps_then_a_wrong_one(
    chromium: Browser, server: LiveServer, tmp_path: Path
) -> None:
    officer = PersonInBrowser(chromium, server.address, REGISTER)
    page = officer.sign_in()
    officer.open("/register/imports/new/")
    page.set_input_files("#id_file", a_book(tmp_path / "register.xlsx"))
    officer.press_button("main form button.primary")
    assert "Read me" in page.inner_text("main")
    page.select_option("#sheet", "Sources")
    officer.press_button("form[action$='/sheet/'] button")
    assert "2 of 2 rows without a fault" in page.inner_text("main")
    officer.press_button("form[action$='/apply/'] button")

    officer.open("/register/?text=BOOK-1")
    officer.press_button("main table th a")
    address = officer.path()

    def reports(kind: str, **fields: str) -> str:
        officer.open(f"{address}report/{kind}/")
        for name, value in fields.items():
            if page.locator(f"select[name={name}]").count():
                page.select_option(f"[name={name}]", value)
            else:
                page.fill(f"[name={name}]", value)
        officer.press_button("main form button.primary")
        return page.inner_text("main")

    assert "Crawler 2" in reports("installation", device="Crawler 2", device_serial="C-9")
    assert "wet wipe" in reports("leak_test", result="tight", test_type="wet wipe")
    assert "Pipeline 7" in reports("elsewhere", place="Pipeline 7")
    assert "back from elsewhere" in reports("return")
    assert "return to the maker" in reports("disuse", end_of_life="maker")
    assert "checked and correct" in reports("check").lower()
    assert "tight" in page.inner_text(".timeline")
    officer.press_button("a[href$='/steps/6/wrong/']")
    page.fill("[name=reason]", "It was another source.")
    officer.press_button("main form button.danger")
    text = page.inner_text("main")
    assert "corrected by step 8" in text
    assert "in use" in page.inner_text(".page-head")
    officer.open("/register/overdue/")
    assert "Invented for exercises" in page.inner_text("main")
    officer.check_is_quiet()
    officer.close()


def test_a_loss_is_reported_with_a_photograph_on_a_phone(
    chromium: Browser, server: LiveServer, tmp_path: Path
) -> None:
    phone = PersonInBrowser(chromium, server.address, HOLDER, width=360)
    page = phone.sign_in()
    phone.open("/register/?text=BOOK-2")
    phone.press_button("main table th a")
    before = len(phone.posts)
    phone.press_button("a[href$='/report/loss/']")
    page.fill("[name=note]", "The box is empty since this morning.")
    page.set_input_files("[name=photographs]", a_photograph(tmp_path / "box.jpg"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    phone.press_button("main form button.danger")
    assert len(phone.posts) - before == 1, "report and photograph go in one step"
    assert "lost" in page.inner_text(".page-head")
    assert page.locator("main img").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    phone.check_is_quiet()
    phone.close()
