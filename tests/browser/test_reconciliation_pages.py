"""A reconciliation in Chromium: opened at a desk, answered on a phone by labels, closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer
from person_in_browser import PersonInBrowser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live-server")]

REGISTER, HOLDER = "register@authority.example", "safety@harbour-works.example"
YEAR = dt.datetime.now(dt.UTC).year + 1
"""The fictional State reconciles the present year itself."""
CAMERA = """label => {
    window.BarcodeDetector = class {
        async detect() { return [{ rawValue: label }]; }
    };
    const picture = document.createElement('canvas');
    const brush = picture.getContext('2d');
    setInterval(() => brush.fillRect(0, 0, 9, 9), 100);
    navigator.mediaDevices.getUserMedia = async () => picture.captureStream(5);
}"""
"""A camera that sees one label: Chromium on this system has no reader of codes."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[LiveServer]:
    running = LiveServer(tmp_path_factory.mktemp("reconciliation"))
    yield running
    running.close()


def enter_sources(officer: PersonInBrowser) -> None:
    """Four sources of the holder whose people have accounts."""
    given = {
        "holder": "Harbour Works 7",
        "nuclide": "Ir-192",
        "activity": "3700 GBq",
        "reference_date": "2026-10-01",
        "place": "Pier 4",
    }
    for number in range(4):
        page = officer.open("/register/new/")
        for name, value in (given | {"serial": f"LABEL-{number}"}).items():
            page.fill(f"main [name={name}]", value)
        officer.press_button("main form button.primary")
        assert f"LABEL-{number}" in page.inner_text("h1")


def open_year(officer: PersonInBrowser) -> str:
    """Open the reconciliation; the path of its page."""
    page = officer.open("/oversight/reconciliations/")
    officer.enter("a[href='/oversight/reconciliations/new/']")
    page.fill("[name=year]", str(YEAR))
    officer.enter("main form button.primary")
    assert f"Reconciliation {YEAR}" in page.inner_text("h1")
    return officer.path()


def test_from_opening_to_closing_with_one_discrepancy(
    chromium: Browser, server: LiveServer
) -> None:
    officer = PersonInBrowser(chromium, server.address, REGISTER)
    officer.sign_in()
    enter_sources(officer)
    overview = open_year(officer)
    officer.check_is_quiet()

    phone = PersonInBrowser(chromium, server.address, HOLDER, width=360)
    page = phone.sign_in()
    phone.open("/oversight/reconciliations/")
    phone.press_button(f"main li a:has-text('{YEAR}')")
    own_list = phone.path()
    rows = page.locator("main table tbody tr")
    sources = rows.locator("th a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    names = rows.locator("th a").all_inner_texts()
    assert len(sources) >= 4, "the holder has too few sources to try each way"
    labels = [s.replace("/register/", "/oversight/label/") for s in sources]

    # the phone's own camera opens what the label holds
    for label in labels[:-3]:
        phone.open(label)
        phone.press_button("main form button.primary")
        assert phone.path() == own_list
    assert "label scanned" in page.inner_text("main table")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    # the page's own camera reads one more, on the label of a server that had another name
    page.add_init_script(f"({CAMERA})('https://elsewhere.example{labels[-3]}')")
    phone.open(own_list)
    phone.press_button("text=Scan with the camera")
    assert f"Confirmed: {names[-3]}" in page.inner_text("main")

    # typed, as it stands on the label
    phone.open(own_list)
    page.fill("#code", names[-2].lower())
    phone.press_button("form[data-scan] button.primary")
    assert f"Confirmed: {names[-2]}" in page.inner_text("main")

    # one is not there
    row = page.locator("main table tbody tr", has_text=names[-1])
    phone.followed(lambda: row.locator("a:has-text('Not here')").click())
    page.fill("[name=note]", "Sent back to the maker in spring; nobody reported it.")
    phone.press_button("main form button.danger")
    assert "Report: loss" in page.inner_text("main")
    phone.open(own_list)
    phone.press_button("text=The list is complete")
    assert "complete" in page.inner_text(".page-head")
    phone.check_is_quiet()
    phone.close()

    page = officer.page
    officer.open(f"{overview}?state=unsettled")
    officer.enter("main table th a")
    officer.enter("main table td a[href*='/discrepancies/']")
    assert "Sent back to the maker" in page.inner_text("main")
    officer.enter("a[href$='/settle/']")
    page.select_option("[name=ending]", "moved")
    page.fill("[name=note]", "The maker has confirmed the receipt.")
    officer.enter("main form button.primary")
    officer.open(overview)
    officer.enter("a[href$='/close/']")
    page.fill("[name=note]", "The others are inspected this year.")
    officer.enter("main form button.danger")
    assert "closed" in page.inner_text(".page-head")
    officer.check_is_quiet()
    officer.close()
