"""Dating reports: numbers as people read them, figures that stay the same, text that is inert."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from tocsin.forensics import CaseAnswer, answer_case, read_case
from tocsin.report.age_document import age_document
from tocsin.report.age_figures import draw_ages, draw_ingrowth
from tocsin.report.age_wording import age_text, plus_minus, verdict_of_ages
from tocsin.report.webpage import render_page

CREATED = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def chronometer(value: float, **more: object) -> dict[str, Any]:
    ratio = {"value": value, "standard_uncertainty": 0.003 * value, "kind": "atom"} | more
    return {"parent": "U-234", "daughter": "Th-230", "ratio": ratio, "initial_daughter": 0}


def answered(*chronometers: dict[str, Any], **more: object) -> CaseAnswer:
    case = {"chronometers": list(chronometers), "measured_on": "2020-01-01"} | more
    return answer_case(read_case(json.dumps(case)), samples=10_000)


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (1.51948, 0.005893, "1.5195 ± 0.0059"),
        (46.947, 0.5749, "46.95 ± 0.57"),
        (245620.0, 130.0, "245620 ± 130"),
        (7.04e8, 1e6, "7.040e+08 ± 1e+06"),
        (5.0, None, "5"),
        (5.0, 0.0, "5"),
    ],
)
def test_uncertainty_has_two_digits_and_the_value_as_many_places(
    value: float, width: float | None, text: str
) -> None:
    shown = plus_minus(value, width)
    if "e+" in text:
        assert float(shown.split(" ")[0]) == value
    else:
        assert shown == text


def test_figures_are_the_same_each_time_and_alternative_texts_name_the_ages() -> None:
    answer = answered(chronometer(2e-5), chronometer(2.01e-5), chronometer(3e-5, less_than=True))
    first, second = draw_ages(answer), draw_ages(answer)
    assert first is not None
    assert second is not None
    assert first.svg == second.svg
    assert "younger than" in first.alternative
    curves = draw_ingrowth(answer.ages)
    assert curves is not None
    assert b"<script" not in curves.svg
    assert "Th-230/U-234" in curves.alternative


def test_without_an_age_there_is_no_figure() -> None:
    answer = answered(chronometer(0.9))
    assert draw_ages(answer) is None
    assert draw_ingrowth(answer.ages) is None
    assert age_text(answer.ages[0]) == "no age"
    assert "no age" in verdict_of_ages(answer)


def test_many_chronometers_are_not_all_drawn_and_the_caption_says_so() -> None:
    answer = answered(*(chronometer(2e-5 * (1 + 0.001 * i)) for i in range(8)))
    drawn = draw_ingrowth(answer.ages)
    assert drawn is not None
    assert "2 chronometers are not drawn" in drawn.caption


def test_a_hostile_title_is_shown_and_not_obeyed() -> None:
    answer = answered(
        chronometer(2e-5), title="<script>alert(1)</script>\u202e\x1b[2J", realm="EXERCISE"
    )
    page = render_page(age_document(answer, sha256="0" * 64, created=CREATED))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "EXERCISE: exercise" in page


def test_discordance_is_the_first_thing_said() -> None:
    answer = answered(chronometer(2e-5), chronometer(5e-5))
    document = age_document(answer, sha256="0" * 64, created=CREATED)
    assert document.blocks[0]["tone"] == "note"
    assert document.blocks[0]["text"].startswith("DISCORDANT")
    words = json.dumps(document.blocks)
    assert "Incomplete purification" in words
    assert "Second reader" in words


def test_an_upper_bound_says_so_in_the_first_line() -> None:
    unknown = chronometer(2.9348e-5) | {"initial_daughter": None}
    case = json.dumps(unknown | {"measured_on": "2020-01-01"})
    assert "UPPER BOUND" in verdict_of_ages(answer_case(read_case(case), samples=10_000))
    case = json.dumps(chronometer(2.9348e-5) | {"measured_on": "2020-01-01"})
    assert "UPPER BOUND" not in verdict_of_ages(answer_case(read_case(case), samples=10_000))
