"""The HTML report in a real browser: quiet, closed, whole on a phone, by day and in the dark."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile import hostile_survey
from made_by_hand import Made, static_made, survey_made

from tocsin.report import render_html
from tocsin.spectra import RecordingWarning

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => window.violations.push(
    e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""


class Watched:
    """A page with everything it complained of or asked for."""

    def __init__(self, browser: Browser, path: Path, *, width: int, scheme: str) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        self.page: Page = self.context.new_page()
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.messages.append(m.text))
        self.page.on("pageerror", lambda e: self.messages.append(str(e)))
        self.page.on("dialog", lambda d: (self.messages.append(d.message), d.dismiss()))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.add_init_script(WATCH)
        self.page.goto(path.as_uri())
        self.page.wait_for_load_state("load")

    def check_is_quiet(self, path: Path) -> None:
        assert self.page.evaluate("window.violations") == []
        assert self.messages == []
        outside = [r for r in self.requests if not r.startswith("data:image/svg+xml;")]
        assert outside == [path.as_uri()]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    made: dict[str, Made] = {
        "survey": survey_made(n_record=420),
        "static": static_made(),
        "hostile": hostile_survey(),
    }
    for name, each in made.items():
        (folder / f"{name}.html").write_text(render_html(each.analysis, each.recording))
    quiet = dataclasses.replace(made["survey"].analysis, encounters=())
    (folder / "quiet.html").write_text(render_html(quiet, made["survey"].recording))
    warning = RecordingWarning("uncalibrated", "no usable energy calibration")
    blind = dataclasses.replace(made["static"].analysis, encounters=(), warnings=(warning,))
    (folder / "uncalibrated.html").write_text(render_html(blind, made["static"].recording))
    return {p.stem: p for p in folder.iterdir()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["survey", "static", "hostile", "quiet", "uncalibrated"])
def test_report_is_quiet_and_fits(
    chromium: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    watched = Watched(chromium, pages[name], width=width, scheme=scheme)
    watched.check_is_quiet(pages[name])
    page = watched.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    broken = "[...document.images].filter(i => !i.complete || i.naturalWidth === 0).length"
    assert page.evaluate(broken) == 0
    assert page.evaluate("document.images.length") >= 1
    assert page.title() != "owned"
    # The style sheet is in force: its hash is the one the policy allows.
    assert page.evaluate("getComputedStyle(document.querySelector('h2')).borderBottomWidth") == (
        "2px"
    )
    watched.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["survey", "static", "quiet", "uncalibrated"])
def test_report_passes_axe(
    chromium: Browser, axe: str, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    assert _axe_violations(chromium, axe, pages[name], width=width, scheme=scheme) == []


def test_axe_sees_what_is_wrong(chromium: Browser, axe: str, tmp_path: Path) -> None:
    """Control: a picture without words and a jump in the headings are found."""
    source = render_html(static_made().analysis)
    bad = source.replace("</main>", "<h5>deep</h5><img src='data:image/gif;base64,'></main>")
    path = tmp_path / "bad.html"
    path.write_text(bad)
    found = _axe_violations(chromium, axe, path, width=1280, scheme="light")
    assert {"image-alt", "heading-order"} <= set(found)


def _axe_violations(
    browser: Browser, axe: str, path: Path, *, width: int, scheme: str
) -> list[str]:
    """Names of the rules of axe that the page breaks (its policy is lifted for axe alone)."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate(axe)
    names = [str(v["id"]) for v in page.evaluate("axe.run()")["violations"]]
    context.close()
    return names


@pytest.mark.parametrize("name", ["survey", "static"])
def test_a_printed_page_cuts_nothing_off(
    chromium: Browser, pages: dict[str, Path], name: str
) -> None:
    """On paper nothing scrolls: no table and no figure may be wider than the sheet."""
    a4_px = 718  # 190 mm between margins of 10 mm, at 96 pixels to the inch
    watched = Watched(chromium, pages[name], width=a4_px, scheme="light")
    watched.page.emulate_media(media="print")
    wide = watched.page.evaluate(
        "w => [...document.querySelectorAll('table, img, pre, code')]"
        ".filter(e => e.getBoundingClientRect().right > w).map(e => e.tagName)",
        a4_px,
    )
    assert wide == []
    watched.context.close()


def _mean_brightness(page: Page) -> float:
    """Mean of the grey values of the first figure as it is seen, 0 to 255."""
    import io

    import numpy as np
    from PIL import Image

    shot = Image.open(io.BytesIO(page.locator("figure img").first.screenshot()))
    return float(np.asarray(shot.convert("L")).mean())


def test_figures_follow_the_theme(chromium: Browser, pages: dict[str, Path]) -> None:
    brightness = {}
    for scheme in ("light", "dark"):
        watched = Watched(chromium, pages["survey"], width=1280, scheme=scheme)
        brightness[scheme] = _mean_brightness(watched.page)
        watched.context.close()
    assert brightness["light"] > 200
    assert brightness["dark"] < 80


def test_the_watch_sees_a_violation(chromium: Browser, tmp_path: Path) -> None:
    """Control: a page under the same policy that does load and style is caught."""
    source = render_html(static_made().analysis)
    bad = source.replace(
        "</main>", '<p style="color:red">x</p><img src="http://127.0.0.1:9/x.png"></main>'
    )
    path = tmp_path / "bad.html"
    path.write_text(bad)
    watched = Watched(chromium, path, width=1280, scheme="light")
    seen = " ".join(watched.page.evaluate("window.violations"))
    assert "style-src" in seen
    assert "img-src" in seen
    watched.context.close()


def test_wide_parts_scroll_by_keyboard(chromium: Browser, pages: dict[str, Path]) -> None:
    watched = Watched(chromium, pages["survey"], width=360, scheme="light")
    frame = watched.page.locator("figure .scroll").first
    frame.focus()
    watched.page.keyboard.press("ArrowRight")
    watched.page.wait_for_timeout(300)
    assert frame.evaluate("e => e.scrollLeft") > 0
    watched.context.close()
