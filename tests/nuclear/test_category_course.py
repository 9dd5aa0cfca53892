"""The quick way to the day of the next category finds what the full computation finds."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import NotFound
from tocsin.nuclear import SourceActivity, category_course, next_change
from tocsin.nuclear.category_course import _exponentials

ON = dt.date(2026, 3, 3)
UNTIL = ON + dt.timedelta(days=100 * 365)
NUCLIDES = ("Cs-137", "Co-60", "Ir-192", "Am-241", "Sr-90", "Ni-63", "Kr-85", "Fe-55", "H-3")
OTHERS = ("Cf-252", "Ra-226", "Pu-238", "U-238", "Ba-133", "Cs-134", "Cm-244", "Th-228")


def asked(sources: list[SourceActivity]) -> tuple[dt.date, int | None] | None:
    try:
        return next_change(sources, on=ON, until=UNTIL)
    except NotFound:
        return None


@settings(max_examples=150)
@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from(NUCLIDES + OTHERS), st.floats(-6.0, 6.0), st.integers(-400, 20_000)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_it_agrees_with_the_full_computation(parts: list[tuple[str, float, int]]) -> None:
    sources = [
        SourceActivity(name, 10.0 ** (9.0 + power), ON - dt.timedelta(days=days))
        for name, power, days in parts
    ]
    quickly = asked(sources)
    with pytest.MonkeyPatch.context() as without:
        without.setattr(category_course, "_exponentials", lambda *_: None)
        assert asked(sources) == quickly


@pytest.mark.parametrize("nuclide", NUCLIDES)
def test_the_usual_nuclides_take_the_quick_way(nuclide: str) -> None:
    sources = [SourceActivity(nuclide, 1e12, dt.date(2020, 1, 1))]
    assert _exponentials(sources, ON, UNTIL) is not None


def test_a_quick_answer_that_is_wrong_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [SourceActivity("Cs-137", 4e12, dt.date(2020, 1, 1))]
    right = asked(sources)
    assert right is not None
    for wrong in (lambda _day: 2, lambda day: 2 if day < dt.date(2030, 1, 1) else 3):
        monkeypatch.setattr(category_course, "_exponentials", lambda *_, wrong=wrong: wrong)
        assert asked(sources) == right
