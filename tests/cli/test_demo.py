"""``tocsin demo``: the words of its verdicts, and that nothing is called right that is not."""

from __future__ import annotations

import dataclasses

import pytest

from tocsin.cli.demo import _cells, false_alarm_note
from tocsin.detection.analysis import Analysis, Encounter
from tocsin.scenario import ComparisonRow
from tocsin.spectra import Instrument

FOUND = ComparisonRow(
    "found",
    None,
    0,
    named=("Cs-137",),
    answered_class="industrial",
    nuclide_right=True,
    class_right=True,
    location_error_m=12.3,
    inside_95=True,
)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "found, nuclide and class right"),
        ({"nuclide_right": False}, "found, nuclide WRONG"),
        ({"class_right": False}, "found, class WRONG"),
        ({"nuclide_right": False, "class_right": False}, "found, nuclide and class WRONG"),
        ({"nuclide_right": None, "named": ()}, "found, class right, no nuclide named"),
        ({"verdict": "missed", "encounter": None}, "MISSED"),
        ({"verdict": "false"}, "FALSE"),
    ],
)
def test_the_verdict_says_what_is_right_and_what_is_not(
    changes: dict[str, object], verdict: str
) -> None:
    row = dataclasses.replace(FOUND, **changes)  # type: ignore[arg-type]
    assert _cells(row)[-1] == verdict


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (True, "off by 12 m, inside its 95 % radius"),
        (False, "off by 12 m, OUTSIDE its 95 % radius"),
        (None, "off by 12 m"),
    ],
)
def test_the_place_is_held_against_its_radius(inside: bool | None, words: str) -> None:
    assert _cells(dataclasses.replace(FOUND, inside_95=inside))[2] == words


def test_the_note_counts_what_the_threshold_allows() -> None:
    encounter = Encounter(0, 0, 0, None, None, 9.0, 5.0, 1.0, "unknown")
    walk = Analysis(
        "w", "", "survey", Instrument(), "tracked", 780, 780.0, (encounter,), {}, realm="SYNTHETIC"
    )
    assert "1 false alarm per hour: 0.2 are to be expected in a walk of 13" in false_alarm_note(
        walk
    )
    assert false_alarm_note(dataclasses.replace(walk, encounters=())) == ""
