"""Every page of the real server: quiet, accessible, usable by keyboard, and not too wide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from every_page import pages, walk
from live_server import LiveServer
from person_in_browser import PersonInBrowser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.recordings, pytest.mark.xdist_group("live-server")]

NARROW, WIDE = 360, 1280
LOGINS = (
    "contact@authority.example",
    "expert@laboratory.example",
    "officer@customs.example",
    "auditor@authority.example",
    "register@authority.example",
)
TOO_WIDE = """width => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > width + 1 && e.checkVisibility()
        && !e.closest('.table-frame, .maplibregl-map, pre, .visually-hidden'))
    .slice(0, 4).map(e => e.tagName + '.' + e.className)"""
OUT_OF_REACH = """() => [...document.querySelectorAll('main form')]
    .filter(form => form.checkVisibility())
    .flatMap(form => {
        const parts = [...form.elements].filter(e => e.type !== 'hidden' && e.checkVisibility()
            && e.tagName !== 'FIELDSET');
        const sends = parts.some(e => e.matches('button, [type=submit]') && !e.disabled)
            || document.querySelector(`[form="${form.id}"]`) !== null
            || form.querySelector('[data-submit-on-change]') !== null;
        const lost = parts.filter(e => e.tabIndex < 0 && !e.disabled).map(e => e.name);
        return sends && !lost.length ? [] : [`${form.action}: ${lost}`];
    })"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("pages"))
    try:
        server.play(recordings / "mobile_nsdd/Q67_Mobile.N42")
        yield server
    finally:
        server.close()


def bring_what_cannot_be_read(officer: PersonInBrowser, file: Path) -> None:
    """An upload whose own page stays, because no measurement comes of it."""
    file.write_text("no recording at all")
    page = officer.open("/measurements/upload/")
    page.set_input_files("input[type=file]", file)
    page.click("form[data-upload] button.primary")
    officer.press_button("ul.uploads a")
    page.wait_for_selector("#state [data-tone=alarm]", timeout=120_000)
    officer.watched.messages.clear()


def raise_a_dangerous_alarm(officer: PersonInBrowser) -> None:
    """An alarm with a response sheet; its page stays open."""
    page = officer.open("/alarms/inform/")
    page.fill("#title", "Neutrons at lane 3")
    page.select_option("#reason", "notice")
    page.fill("#note", "The portal of the harbour rang.")
    page.check("[name=neutron]")
    officer.press_button("main form button.primary")


def make_a_compartment(contact: PersonInBrowser) -> None:
    """A circle of people, of which its maker is the first."""
    page = contact.open("/sharing/")
    page.click("summary:has-text('New compartment')")
    form = "form[action$='/compartments'] "
    page.fill(f"{form}[name=code]", "HARBOUR")
    page.fill(f"{form}[name=name]", "People of the harbour")
    contact.press_button(f"{form}button.primary")


class Inspection:
    """Looks at the open page of a person and keeps what is wrong with it."""

    def __init__(self, axe: str) -> None:
        self.axe = axe
        self.faults: list[str] = []
        self.person: PersonInBrowser | None = None

    def __call__(self, route: str) -> None:
        """Look at the page."""
        assert self.person is not None
        page, watched = self.person.page, self.person.watched
        own = (f"{self.person.address}/", "data:image/", f"blob:{self.person.address}/")
        outside = [address for address in watched.requests if not address.startswith(own)]
        for said in (*page.evaluate("window.violations"), *watched.messages, *outside):
            self._fault(route, f"not quiet: {said}")
        watched.messages.clear()
        watched.requests.clear()
        for broken in watched.axe_violations(self.axe):
            self._fault(route, broken)
        for lost in page.evaluate(OUT_OF_REACH):
            self._fault(route, f"form out of reach of the keyboard: {lost}")
        page.set_viewport_size({"width": NARROW, "height": 800})
        page.wait_for_timeout(150)
        if page.evaluate("document.documentElement.scrollWidth") > NARROW:
            self._fault(route, f"scrolls sideways: {page.evaluate(TOO_WIDE, NARROW)}")
        page.set_viewport_size({"width": WIDE, "height": 900})

    def _fault(self, route: str, what: str) -> None:
        assert self.person is not None
        self.faults.append(f"{route} ({self.person.login}): {what}")


def test_every_page_is_quiet_accessible_reachable_by_keys_and_fits(
    chromium: Browser, axe: str, played: LiveServer, tmp_path: Path
) -> None:
    look = Inspection(axe)
    seen: set[str] = set()
    stranger = look.person = PersonInBrowser(chromium, played.address, "")
    walk(stranger, seen, look, first="/account/login/")
    stranger.close()
    for login in LOGINS:
        person = look.person = PersonInBrowser(chromium, played.address, login)
        person.sign_in()
        first = "/"
        if login.startswith("officer"):
            bring_what_cannot_be_read(person, tmp_path / "broken.n42")
            raise_a_dangerous_alarm(person)
            first = f"{person.path()}response/"
        if login.startswith("contact"):
            make_a_compartment(person)
        walk(person, seen, look, first=first)
        person.close()
    person = look.person = PersonInBrowser(
        chromium, played.address, "administrator@authority.example"
    )
    person.sign_in()
    person.open("/account/powers/")
    if person.page.locator("main form [name=reason]").count():
        # not at a second try: they are taken up for an hour
        person.page.fill("main form [name=reason]", "look at every page")
        person.press_button("main form button.primary")
    walk(person, seen, look)
    person.close()
    assert look.faults == []
    assert pages() - seen == set(), "no link leads to these pages"


def test_the_inspection_sees_what_is_wrong(chromium: Browser, axe: str, played: LiveServer) -> None:
    """Control: style, a picture without words, a lost field and a wide box are found."""
    look = Inspection(axe)
    person = look.person = PersonInBrowser(chromium, played.address, "")
    person.open("/account/login/")
    person.page.evaluate(
        "() => { document.querySelector('main').insertAdjacentHTML('beforeend',"
        '\'<p style="color:red">x</p><img src="data:image/gif;base64,">'
        "<form><input name=lost tabindex=-1></form>'); const box = document.createElement('div');"
        "box.style.width = '900px'; box.textContent = 'wide'; document.body.append(box); }"
    )
    look("account_login")
    person.close()
    said = "\n".join(look.faults)
    for wanted in ("style-src", "image-alt", "out of reach", "scrolls sideways"):
        assert wanted in said
