"""The one flow in a real browser, on the real server: from a vehicle survey to an incident.

People of the fictional State play it with the real drive-by of a mobile detector; the server runs
in processes of its own. Each page that they meet must be quiet: no violation of the policy, no
message of the browser, no request to anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from live_server import PASSWORD, LiveServer
from person_in_browser import PersonInBrowser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
# Generous: the tests share the processors with each other
expect.set_options(timeout=60_000)

pytestmark = [pytest.mark.browser, pytest.mark.recordings, pytest.mark.xdist_group("live-server")]

SURVEY = "mobile_nsdd/Q67_Mobile.N42"
MOST_ACTIONS = 4
"""Steps in which an officer must be able to close a medical alarm."""
ANALYSIS_MS = 300_000
BEND = """step => {
    const form = document.querySelector("form[action$='/information/']");
    form.action = form.action.replace("information", step);
    form.querySelector("select").add(new Option("medical", "medical", true, true));
    const text = document.createElement("textarea");
    text.name = "evidence";
    text.value = form.querySelector("[name=note]").value = "so I think";
    form.append(text);
    form.submit();
}"""


@dataclass
class Played:
    """What the flow left behind."""

    server: LiveServer
    medical: str = ""
    unknown: str = ""
    neutron: str = ""
    incident: str = ""
    people: dict[str, PersonInBrowser] = field(default_factory=dict)


@pytest.fixture(scope="module")
def state(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    server = LiveServer(tmp_path_factory.mktemp("state"))
    played = Played(server)
    for name, login in (
        ("officer", "officer@customs.example"),
        ("expert", "expert@laboratory.example"),
        ("contact", "contact@authority.example"),
    ):
        played.people[name] = PersonInBrowser(chromium, server.address, login)
    yield played
    for person in played.people.values():
        person.close()
    server.close()


def test_1_an_officer_brings_a_survey_by_keys_and_sees_it_analysed(
    state: Played, recordings: Path
) -> None:
    officer = state.people["officer"]
    page = officer.open("/")
    assert officer.path() == "/account/login/"
    officer.type_into("#id_login", officer.login)
    officer.type_into("#id_password", PASSWORD)
    officer.enter("form button.primary")
    assert officer.path() == "/"
    officer.enter("a[href='/measurements/']")
    officer.enter("a[href='/measurements/upload/']")
    officer.choose_file_by_keys("input[type=file]", recordings / SURVEY)
    officer.type_into("#id_note", "Drive past the harbour")
    officer.tab_to("form[data-upload] button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("ul.uploads a")).to_be_visible()
    officer.enter("ul.uploads a")
    opened = "#state a[href^='/measurements/']:not([href*='uploads'])"
    page.wait_for_selector(opened, timeout=ANALYSIS_MS)
    officer.enter(opened)
    expect(page.locator("#survey .island")).to_have_count(4)
    expect(page.locator("#survey .island[data-ready]").first).to_be_visible()
    for name in ("Map", "Spectrum", "Count rate over time", "Waterfall"):
        expect(page.get_by_role("region", name=name, exact=True)).to_be_visible()
    encounters = page.locator("article", has=page.locator("h3"))
    medical = encounters.filter(has_text="Tc-99m").first
    state.medical = medical.get_by_role("link", name="Open the alarm").get_attribute("href") or ""
    grave = encounters.filter(has=page.locator("h3 .badge[data-class=unknown]")).first
    state.unknown = grave.get_by_role("link", name="Open the alarm").get_attribute("href") or ""
    assert state.medical.startswith("/alarms/")
    assert state.unknown.startswith("/alarms/")
    assert state.medical != state.unknown
    officer.check_is_quiet()


def test_2_the_officer_closes_the_medical_alarm_in_four_actions(state: Played) -> None:
    officer = state.people["officer"]
    page = officer.open(state.medical)
    before = len(officer.posts)
    officer.enter("form[action$='/acknowledged/'] button")
    officer.press_button("form[action$='/repeat_pass/'] button")
    officer.press_button("form[action$='/reproduced/'] button")
    page.select_option("#innocent-reason", "medical")
    page.fill("#innocent-evidence", "Tc-99m, letter of the hospital seen")
    officer.press_button("form[action$='/innocent/'] button[name=close]")
    expect(page.locator(".page-head .badge[data-state=closed]")).to_be_visible()
    assert len(officer.posts) - before <= MOST_ACTIONS
    officer.check_is_quiet()


def test_3_the_officer_cannot_close_a_neutron_alarm_alone(state: Played) -> None:
    officer = state.people["officer"]
    page = officer.open("/alarms/")
    officer.press_button("a[href='/alarms/inform/']")
    page.fill("#title", "Pager of a portal reported neutrons")
    page.select_option("#reason", "notice")
    page.fill("#note", "The harbour's portal rang for neutrons at lane 3.")
    page.check("[name=neutron]")
    officer.press_button("main form button.primary")
    state.neutron = officer.path()
    assert re.fullmatch(r"/alarms/[0-9a-f-]{36}/", state.neutron)
    expect(page.locator("main")).to_contain_text("two persons close it")
    deciding = ("innocent", "false", "close_proposed", "closed", "confirmed", "area_released")
    for step in deciding:
        expect(page.locator(f"form[action$='/{step}/']")).to_have_count(0)
    # What the page does not offer the server refuses too: an offered form, bent by hand
    for step in ("innocent", "closed"):
        officer.followed(partial(page.evaluate, BEND, step))
        expect(page.locator("[role=alert]")).to_contain_text("Not done.")
        # the browser itself reports the refusal by its status
        told = officer.watched.messages.pop()
        assert "status of 4" in told
        officer.open(state.neutron)
        expect(page.locator(".page-head .badge[data-state=event]")).to_be_visible()
    officer.check_is_quiet()


def test_4_the_expert_opens_the_spectrum_and_confirms_by_keys(state: Played) -> None:
    officer, expert = state.people["officer"], state.people["expert"]
    officer.open(state.unknown)
    officer.press_button("form[action$='/acknowledged/'] button")
    if not officer.page.locator("#expert_called-reason").is_visible():
        officer.page.click("summary:has-text('Call the expert')")
    officer.page.select_option("#expert_called-reason", "not_identified")
    officer.press_button("form[action$='/expert_called/'] button")
    page = expert.sign_in()
    expert.press_button("a[href^='/alarms/']")
    expert.press_button(f"a[href='{state.unknown}']")
    expert.press_button("dl.facts a[href^='/measurements/']")
    expect(page.get_by_role("region", name="Spectrum", exact=True)).to_be_visible()
    expect(page.locator("#survey .island")).to_have_count(4)
    expert.open(state.unknown)
    expert.enter("form[action$='/expert_took/'] button")
    if not page.locator("#confirmed-reason").is_visible():
        expert.tab_to("summary:has(+ form[action$='/confirmed/'])")
        page.keyboard.press("Enter")
    expert.type_into("#confirmed-reason", "Source without")
    expert.type_into("#confirmed-evidence", "Spectrum of the encounter read against the background")
    expert.type_into("#confirmed-confidence", "80")
    expert.tab_to("#confirmed-exclude + label input")
    page.keyboard.press("Space")
    expert.tab_to("form[action$='/confirmed/'] button")
    page.keyboard.press("Enter")
    expert.enter("dialog[open] button.primary")
    expect(page.locator(".page-head .badge[data-state=confirmed]")).to_be_visible()
    officer.check_is_quiet()
    expert.check_is_quiet()


def test_5_the_incident_has_everything_attached(state: Played) -> None:
    contact = state.people["contact"]
    page = contact.sign_in()
    contact.press_button("a[href^='/incidents/']")
    contact.press_button("main table a[href^='/incidents/']")
    state.incident = contact.path()
    attached = page.locator("section", has=page.get_by_role("heading", name="Attached"))
    expect(attached.locator(f"a[href='{state.unknown}']")).to_be_visible()
    measured = attached.locator("a[href^='/measurements/']").first
    expect(measured).to_be_visible()
    address = measured.get_attribute("href") or ""
    contact.open(address)
    assert urlsplit(page.url).path == urlsplit(address).path
    expect(page.locator("h1")).to_contain_text("Q67_Mobile.N42")
    contact.check_is_quiet()
