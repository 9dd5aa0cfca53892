"""The terminal report: 80 columns, no colour needed, no text of the file obeyed."""

from __future__ import annotations

import dataclasses
import io

import pytest
from hostile import hostile_survey
from made_by_hand import Made
from rich.console import Console

from tocsin.detection.analysis import Encounter
from tocsin.report import summary_line, terminal_report, verdict
from tocsin.spectra import RecordingWarning


def printed(renderable: object, *, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
    ).print(renderable)
    return out.getvalue()


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(survey: Made, width: int) -> None:
    lines = printed(terminal_report(survey.analysis), width=width).splitlines()
    assert max(len(line) for line in lines) <= width


def test_everything_is_said_without_colour(survey: Made) -> None:
    text = one_line(printed(terminal_report(survey.analysis)))
    assert "\x1b" not in text
    for wanted in (
        "SYNTHETIC: computed data, not measured",
        "1 alarm: Cs-137 (industrial). 1 natural (NORM) encounter. 1 warning.",
        "1. ■ Cs-137 (industrial) [ALARM]",
        "2. ● K-40 (natural, NORM) [no alarm]",
        "records 160 to 176, strongest 168",
        "41.2 (threshold 5.2, 1 false alarm per hour)",
        "within 21 m (95 %)",
        "661.7 keV (1710 ± 61 counts); not confirmed: 32.2 keV",
        "gps_dropouts: 60 records have no position.",
        "nuclide_library 2026.1",
        "not endorsed by the IAEA",
    ):
        assert wanted in text, wanted


@pytest.mark.parametrize("colour", [False, True])
def test_text_of_the_file_is_never_obeyed(colour: bool) -> None:
    analysis = hostile_survey().analysis
    text = printed(terminal_report(analysis), colour=colour)
    text += printed(summary_line(analysis), colour=colour)
    assert "\x1b[2J" not in text
    assert "\x1b]8" not in text
    assert "\u202e" not in text
    assert "\x07" not in text
    assert "[bold red]x[/]" in text.replace("\n", " ")


def test_the_summary_names_file_and_answer(survey: Made, static: Made) -> None:
    assert one_line(printed(summary_line(survey.analysis), width=200)) == (
        "ALARM walk along the river.n42 SYNTHETIC, 1 alarm: Cs-137 (industrial), "
        "1 natural (NORM) encounter, 1 warning"
    )
    quiet = dataclasses.replace(static.analysis, encounters=())
    assert one_line(printed(summary_line(quiet))) == "clear co60.spe nothing above background"


def test_what_could_not_be_judged_is_not_called_clear(static: Made) -> None:
    warning = RecordingWarning("uncalibrated", "no usable energy calibration")
    blind = dataclasses.replace(static.analysis, encounters=(), warnings=(warning,))
    assert one_line(printed(summary_line(blind))) == (
        "? co60.spe 1 warning, no answer: see its warnings"
    )
    assert verdict(blind) == (
        "No answer, which is no all-clear: no usable energy calibration. 1 warning."
    )


def test_a_survey_without_energies_says_what_was_judged(survey: Made) -> None:
    warning = RecordingWarning("uncalibrated", "only total rates are judged")
    blind = dataclasses.replace(survey.analysis, encounters=(), warnings=(warning,))
    assert verdict(blind) == (
        "No alarm: nothing rose above the threshold. Only total rates could be judged. 1 warning."
    )


def test_a_long_list_of_reasons_is_cut_and_says_so(static: Made) -> None:
    reasons = (*tuple(f"X-{i} not named: too weak" for i in range(40)), "a peak is not explained")
    encounter = dataclasses.replace(static.analysis.encounters[0], reasons=reasons)
    analysis = dataclasses.replace(static.analysis, encounters=(encounter,))
    text = one_line(printed(terminal_report(analysis)))
    assert "Why a peak is not explained X-0 not named: too weak" in text
    assert "... and 35 reasons more (--html shows them)" in text
    assert "X-5 not named" not in text


def _encounter(**changes: object) -> Encounter:
    plain = Encounter(0, 0, 0, None, None, 9.0, 5.0, None, "unknown")
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def test_the_verdict_speaks_plainly(survey: Made) -> None:
    natural = survey.analysis.encounters[1]

    def said(*encounters: Encounter) -> str:
        return verdict(dataclasses.replace(survey.analysis, encounters=encounters, warnings=()))

    assert said() == "No alarm: nothing rose above the threshold."
    assert said(natural) == "No alarm. 1 natural (NORM) encounter."
    assert said(_encounter()) == "1 alarm: unidentified (unknown)."
    assert said(_encounter(neutron=True)) == "1 alarm: unidentified (unknown), neutrons."
    assert said(dataclasses.replace(natural, neutron=True)) == (
        "1 alarm: K-40 (natural, NORM), with neutrons."
    )
    assert said(_encounter(source_class="snm", nuclear_material=True)) == (
        "1 alarm: unidentified (special nuclear material), nuclear material."
    )
    assert said(*[_encounter()] * 6).startswith("6 alarms: ")
    assert said(*[_encounter()] * 6).endswith("; and 2 more.")
