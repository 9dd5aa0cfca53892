"""Licences in Chromium: two officers issue one, a vendor checks a good order and a split one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer
from person_in_browser import PersonInBrowser

from tocsin.sealing import read_sheet

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live-server")]

FIRST, SECOND = "register@authority.example", "licences@authority.example"
BUYER, VENDOR = "safety@harbour-works.example", "sales@institute.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[LiveServer]:
    running = LiveServer(tmp_path_factory.mktemp("licences"))
    yield running
    running.close()


def test_from_a_proposal_to_a_good_order_and_a_split_one(
    chromium: Browser, server: LiveServer
) -> None:
    officer = PersonInBrowser(chromium, server.address, FIRST)
    page = officer.sign_in()
    officer.open("/licences/new/")
    page.fill("[name=holder]", "Harbour Works 7")
    page.fill("[name=number]", "L-BROWSER")
    page.fill("[name=valid_from]", "2026-01-01")
    page.fill("[name=valid_until]", "2036-01-01")
    page.fill("[name=reason]", "application and visit")
    page.fill("[name=limit0-what]", "Se-75")
    page.fill("[name=limit0-total]", "4 TBq")
    officer.press_button("main form button.primary")
    assert "another officer must decide" in page.inner_text("main")
    address = officer.path()
    officer.check_is_quiet()
    officer.close()

    second = PersonInBrowser(chromium, server.address, SECOND)
    page = second.sign_in()
    second.open("/")
    assert "Licences to confirm" in page.inner_text("main")
    second.open(address)
    page.fill("[name=answer]", "seen on the spot")
    second.press_button("button[value=confirm]")
    assert "in force" in page.inner_text(".page-head")
    second.check_is_quiet()
    second.close()

    buyer = PersonInBrowser(chromium, server.address, BUYER, width=360)
    page = buyer.sign_in()
    buyer.open(address)
    buyer.press_button("form[action$='/sheets/'] button")
    with page.expect_download() as coming:
        page.click("a[href$='.json'] >> nth=0")
    sheet = read_sheet(coming.value.path().read_bytes())
    assert sheet.content["number"] == "L-BROWSER"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    buyer.check_is_quiet()
    buyer.close()

    vendor = PersonInBrowser(chromium, server.address, VENDOR)
    page = vendor.sign_in()

    def ordered(number: str, activity: str) -> str:
        vendor.open("/licences/check/")
        page.fill("[name=sheet]", sheet.code())
        page.fill("[name=number]", number)
        page.fill("[name=line0-nuclide]", "Se-75")
        page.fill("[name=line0-activity]", activity)
        vendor.press_button("main form button.primary")
        return page.inner_text("main")

    assert "Confirmation code" in ordered("PO-1", "3 TBq")
    split = ordered("PO-2", "2 TBq")
    assert "Refused" in split
    assert "Together with other open orders" in split
    assert "3 TBq" not in split
    vendor.check_is_quiet()
    vendor.close()
