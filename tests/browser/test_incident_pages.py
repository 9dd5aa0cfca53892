"""Incidents in Chromium: reported on a phone, stated, shown as known on a day, released by two."""

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

REGISTER, CONTACT = "register@authority.example", "contact@authority.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[LiveServer]:
    running = LiveServer(tmp_path_factory.mktemp("incidents"))
    yield running
    running.close()


def test_from_a_report_on_a_phone_to_a_release_by_two(
    chromium: Browser, server: LiveServer
) -> None:
    phone = PersonInBrowser(chromium, server.address, REGISTER, width=360)
    page = phone.sign_in()
    phone.open("/incidents/")
    phone.press_button("a[href='/incidents/new/']")
    page.fill("[name=title]", "Gauge fallen from a lorry")
    page.select_option("[name=kind]", "loss")
    page.fill("[name=object-nuclide]", "Cs-137")
    page.fill("[name=object-device_serials]", "PHONE-77")
    page.fill("[name=original]", "The driver called at nine.")
    phone.press_button("main form button.primary")
    assert "Gauge fallen from a lorry" in page.inner_text("h1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    incident = phone.path()
    phone.open(f"{incident}release/")
    page.check("[name=field][value=kind]")
    page.select_option("#audience", "partners")
    page.fill("#reason", "the neighbour may have it")
    phone.press_button("form[action$='/ask/'] button.primary")
    assert "waits for a second person" in page.inner_text("main")
    assert page.locator("button", has_text="Release it").count() == 0
    phone.check_is_quiet()
    phone.close()

    contact = PersonInBrowser(chromium, server.address, CONTACT)
    page = contact.sign_in()
    contact.open("/incidents/?text=phone-77")
    contact.press_button("main table a")
    contact.press_button("a[href$='/facts/']")
    page.select_option("[name=kind]", "theft")
    page.fill("[name=reason]", "the straps were cut")
    contact.press_button("main form button.primary")
    text = page.inner_text("main")
    assert "theft" in text
    assert "the straps were cut" in text
    contact.open(f"{incident}history/?on={dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)}")
    assert "Nothing was known" in page.inner_text("main")
    contact.open("/incidents/inbox/")
    assert "the neighbour may have it" in page.inner_text("main")
    contact.open("/incidents/map/?kind=theft")
    assert page.locator("main svg circle").count() > 1
    contact.check_is_quiet()
    contact.close()
