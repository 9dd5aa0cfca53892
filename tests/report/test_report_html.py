"""The HTML report: self-contained, without script, safe from the file's text, complete."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hostile import hostile_survey
from made_by_hand import Made, survey_made

from tocsin.errors import InvalidInput
from tocsin.report import render_html
from tocsin.report.drawing import PALETTE
from tocsin.report.markup import Markup, element
from tocsin.report.stylesheet import STYLESHEET
from tocsin.spectra import RecordingWarning

ALLOWED = frozenset(
    "html head meta title style body header main footer section h1 h2 h3 p div span a code ul li "
    "table caption thead tbody tr th td dl dt dd figure figcaption img".split()
)


class Page(HTMLParser):
    """Elements, attributes and text of a page as a browser would see them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.style = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def images(page: Page) -> list[str]:
    head = "data:image/svg+xml;base64,"
    sources = [a["src"] for a in page.all("img")]
    assert all(s.startswith(head) for s in sources)
    return [base64.b64decode(s[len(head) :]).decode() for s in sources]


def check_is_closed(source: str) -> Page:
    """No script, handler, inline style, foreign load or unknown element anywhere."""
    page = Page(source)
    assert page.open == []
    assert {tag for tag, _ in page.elements} <= ALLOWED
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in ("style", "srcset", "background", "action", "formaction")
            if name == "href":
                assert re.fullmatch(r"#encounter-\d+", value)
            if name == "src":
                assert value.startswith("data:image/svg+xml;base64,")
    assert "url(" not in page.style
    assert "@import" not in page.style
    for svg in images(page):
        check_svg_is_closed(svg)
    return page


def check_svg_is_closed(svg: str) -> None:
    root = ET.fromstring(svg)  # noqa: S314  # our own figure, made a moment ago
    for node in root.iter():
        assert node.tag.rpartition("}")[2] not in ("script", "foreignObject", "a", "text")
        for name, value in node.attrib.items():
            local = name.rpartition("}")[2]
            assert not local.startswith("on")
            if local == "href":
                assert value.startswith(("#", "data:image/png;base64,"))
    assert "evil" not in svg


def test_the_page_is_closed_and_its_policy_fits(survey_page: str) -> None:
    page = check_is_closed(survey_page)
    policies = [
        a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"
    ]
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    ]
    names = [tag for tag, _ in page.elements]
    assert names.count("style") == 1
    # The policy must stand before anything it governs.
    assert names.index("style") > next(
        i for i, (_, a) in enumerate(page.elements) if "http-equiv" in a
    )


def test_hostile_text_stays_text() -> None:
    made = hostile_survey()
    source = render_html(made.analysis, made.recording)
    page = check_is_closed(source)
    assert "<script>document.title='owned'</script>" in page.text
    for dangerous in ("\x1b", "\x00", "\u202e", "\u2066", "\x07"):
        assert dangerous not in source
    assert "\\x1b[2J" in page.text
    assert "\\u202egnp.exe" in page.text
    assert "漢字" in page.text


def test_the_answer_is_on_the_page(survey: Made, survey_page: str) -> None:
    text = Page(survey_page).text
    for wanted in (
        "SYNTHETIC: computed data, not measured",
        "1 alarm: Cs-137 (industrial). 1 natural (NORM) encounter. 1 warning.",
        "41.2 (threshold 5.2, 1 false alarm per hour)",
        "2024-05-17 09:32:40 to 09:32:57 UTC",
        "records 160 to 176, strongest 168",
        "48.20180° N, 16.36000° E, within 21 m (95 %)",
        "310 MBq (95 %: 100 MBq to 920 MBq), assumes a bare source on the ground",
        "0.42 µSv/h",
        "■ industrial",
        "● natural (NORM)",
        "99\N{NO-BREAK SPACE}%",
        "661.7 keV seen at 28 sigma",
        "Gain correction: energies were multiplied by 1.0120",
        "1710 ± 61",
        "Ba-137m",
        "60 records have no position.",
        "Acme Rover 2",
        survey.analysis.sha256,
        "Easy ID 3.2",
        "Walk along the river, dry weather",
        "not endorsed by the IAEA",
        "Detection results are sensitive information",
        *survey.analysis.versions.values(),
    ):
        assert wanted in text, wanted


def test_every_figure_has_its_words(survey_page: str) -> None:
    page = Page(survey_page)
    assert len(page.all("figure")) == len(page.all("figcaption")) == len(page.all("img")) == 5
    alternatives = [a["alt"] for a in page.all("img")]
    for begin in ("Strip chart of 420 records", "Waterfall of 420", "Map of the track: 362 places"):
        assert sum(a.startswith(begin) for a in alternatives) == 1
    assert sum(a.startswith("Spectrum of encounter") for a in alternatives) == 2
    assert len(page.all("table")) == len(page.all("caption")) == 6


def test_headings_rise_one_step_at_a_time(survey_page: str) -> None:
    levels = [int(t[1]) for t, _ in Page(survey_page).elements if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1


def test_same_analysis_same_bytes(survey: Made, survey_page: str) -> None:
    """In another process too, with another hash seed and another matplotlib setting."""
    program = (
        "import sys, hashlib, matplotlib; sys.path.insert(0, sys.argv[1]);"
        "matplotlib.rcParams['font.size'] = 20; matplotlib.rcParams['axes.grid'] = True;"
        "from made_by_hand import survey_made; from tocsin.report import render_html;"
        "made = survey_made(n_record=420);"
        "page = render_html(made.analysis, made.recording).encode();"
        "print(hashlib.sha256(page).hexdigest())"
    )
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", program, folder],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "77"},
    )
    assert done.stdout.strip() == hashlib.sha256(survey_page.encode()).hexdigest()


def test_a_time_of_creation_is_printed_when_it_is_given(static: Made) -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    page = render_html(static.analysis, static.recording, created=moment)
    assert "Report made 2026-01-02 03:04:05 UTC." in page


def test_a_static_spectrum_has_no_time_series(static: Made) -> None:
    page = Page(render_html(static.analysis, static.recording))
    assert "Strip chart" not in page.text
    assert "LIVE: live measurement" in page.text
    assert len(page.all("img")) == 1
    assert "1332.5" in page.text


def test_a_quiet_static_spectrum_is_still_drawn(static: Made) -> None:
    spectrum = static.analysis.encounters[0].spectrum
    quiet = dataclasses.replace(static.analysis, encounters=(), spectrum=spectrum)
    page = Page(render_html(quiet, static.recording))
    assert "No alarm: nothing was identified above background." in page.text
    assert [a["alt"].split(":")[0] for a in page.all("img")] == ["Spectrum of the recording"]


def test_only_the_gravest_spectra_are_drawn_and_it_says_so(survey: Made) -> None:
    many = dataclasses.replace(survey.analysis, encounters=survey.analysis.encounters[::-1] * 3)
    page = Page(render_html(many, None, max_spectra=2))
    drawn = [a["alt"] for a in page.all("img") if a["alt"].startswith("Spectrum")]
    assert len(drawn) == 2
    assert all("Cs-137" in a for a in drawn)
    assert page.text.count("Spectrum not drawn: only the 2 gravest are.") == 4


def test_of_one_class_the_strongest_spectrum_is_drawn(survey: Made) -> None:
    weak, strong = (
        dataclasses.replace(survey.analysis.encounters[0], statistic=s) for s in (7.0, 70.0)
    )
    several = dataclasses.replace(survey.analysis, encounters=(weak, strong, weak))
    page = Page(render_html(several, None, max_spectra=1))
    drawn = [a["alt"] for a in page.all("img") if a["alt"].startswith("Spectrum")]
    assert [a.split(",")[0] for a in drawn] == ["Spectrum of encounter 2"]


def test_a_warning_takes_the_green_from_a_quiet_verdict(survey: Made) -> None:
    quiet = dataclasses.replace(survey.analysis, encounters=())
    silent = dataclasses.replace(quiet, warnings=())
    for analysis, tone in ((survey.analysis, "alarm"), (quiet, "note"), (silent, "calm")):
        classes = [a.get("class", "") for a in Page(render_html(analysis)).all("p")]
        assert f"verdict verdict-{tone}" in classes


def test_without_recording_or_places_the_page_stands(survey: Made) -> None:
    assert "Strip chart" in render_html(survey.analysis)
    records = tuple(dataclasses.replace(r, position=None) for r in survey.recording.records)
    nowhere = dataclasses.replace(survey.recording, records=records)
    assert "no track can be drawn" in render_html(survey.analysis, nowhere)


def test_an_empty_survey_stands() -> None:
    made = survey_made(n_record=60)
    bare = dataclasses.replace(made.analysis, encounters=(), strip=None, warnings=())
    records = tuple(dataclasses.replace(r, spectra=()) for r in made.recording.records)
    page = render_html(bare, dataclasses.replace(made.recording, records=records))
    assert "No alarm: nothing rose above the threshold." in page
    assert "Waterfall" not in page


def test_reports_do_not_load_matplotlib_before_they_draw() -> None:
    program = "import sys, tocsin.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("p", {"style": "x"}), ("p", {"onclick": "x"}), ("script", {}), ("p><b", {})],
)
def test_markup_refuses_what_a_report_must_not_hold(name: str, attributes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        element(name, **attributes)


def test_markup_escapes_text_and_attributes_once() -> None:
    inner = element("b", "<&>")
    assert element("p", inner, title='"<') == Markup(
        '<p title="&quot;&lt;"><b>&lt;&amp;&gt;</b></p>'
    )


def test_an_uncalibrated_spectrum_gets_no_verdict_and_no_energies(static: Made) -> None:
    """What could not be judged is neither an alarm nor clear."""
    warning = RecordingWarning("uncalibrated", "no usable energy calibration: no nuclide is named")
    blind = dataclasses.replace(static.analysis, encounters=(), warnings=(warning,))
    page = Page(render_html(blind, static.recording))
    assert "No answer, which is no all-clear: no usable energy calibration" in page.text
    assert "No alarm" not in page.text
    assert [a["alt"].split(":")[0] for a in page.all("img")] == ["Spectrum by channel"]


def test_neutrons_are_called_quiet_only_where_they_were_counted(survey: Made, static: Made) -> None:
    assert "not above background" in render_html(survey.analysis)
    assert survey.analysis.strip is not None
    deaf = dataclasses.replace(survey.analysis.strip, neutron_rate_cps=None)
    for analysis in (dataclasses.replace(survey.analysis, strip=deaf), static.analysis):
        assert "Neutrons" not in render_html(analysis)


def test_all_reasons_are_on_the_page_the_important_ones_first(static: Made) -> None:
    reasons = (*tuple(f"X-{i} not named: too weak" for i in range(40)), "a peak is not explained")
    encounter = dataclasses.replace(static.analysis.encounters[0], reasons=reasons)
    text = Page(render_html(dataclasses.replace(static.analysis, encounters=(encounter,)))).text
    at = [text.index(r) for r in ("a peak is not explained", "X-0 not named", "X-39 not named")]
    assert at == sorted(at)


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2 of a colour ``#rrggbb``."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["day", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(theme: int) -> None:
    """4.5 to 1 for text on every paper it stands on (WCAG 2.2, 1.4.3), lines of figures 3 to 1."""
    values = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", STYLESHEET.split("@media")[theme]))
    pairs = [(ink, paper) for ink in ("ink", "soft", "link") for paper in ("paper", "card")]
    pairs += [(k, f"{k}-paper") for k in ("alarm", "calm", "note")]
    pairs += [("alarm", "card"), ("calm", "card"), ("ink", "note-paper")]
    for ink, paper in pairs:
        assert _contrast(values[ink], values[paper]) >= 4.5, (ink, paper)
    paper = PALETTE["paper"][theme]
    for role in ("ink", "soft_ink", "threshold"):
        assert _contrast(PALETTE[role][theme], paper) >= 4.5, role
    for role in ("signal", "background", "model", "neutron"):
        assert _contrast(PALETTE[role][theme], paper) >= 3.0, role
