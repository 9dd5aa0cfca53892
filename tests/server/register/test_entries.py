"""What people type: units, days, several nuclides, and all that is wrong said at once."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from register_entries import GIVEN, TODAY

from tocsin.errors import InvalidInput
from tocsin.server.register.entries import UNITS_Bq, activity_of, day_of, entry_of


@pytest.mark.parametrize(
    ("text", "unit", "Bq"),
    [
        ("3.7 GBq", "", 3.7e9),
        ("3,7 GBq", "", 3.7e9),
        ("8 mCi", "", 2.96e8),
        ("8mCi", "", 2.96e8),
        ("10", "Ci", 3.7e11),
        ("1 000 000", "Bq", 1e6),
        ("1,000,000 Bq", "", 1e6),
        ("4.1e12 Bq", "", 4.1e12),
        ("50 µCi", "", 1.85e6),
        ("50 uCi", "", 1.85e6),
        ("2 MBq", "GBq", 2e6),
        ("1.234,5 GBq", "", 1.2345e12),
        ("1,234.5 GBq", "", 1.2345e12),
        ("0,185 GBq", "", 1.85e8),
    ],
)
def test_activities(text: str, unit: str, Bq: float) -> None:
    assert activity_of(text, unit) == pytest.approx(Bq, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GBq",
        "-1 Bq",
        "0 Bq",
        "much Bq",
        "1 Sv",
        "inf Bq",
        "nan Bq",
        "1,850 MBq",
        "5 MCi",
        "5 mBq",
        "1,2,3 Bq",
        "1.2.3 Bq",
    ],
)
def test_what_is_no_activity(text: str) -> None:
    with pytest.raises(InvalidInput):
        activity_of(text, "")


@given(value=st.floats(1e-3, 1e6), unit=st.sampled_from(sorted(UNITS_Bq)))
def test_a_number_and_its_unit_come_back(value: float, unit: str) -> None:
    assert math.isclose(activity_of(f"{value!r} {unit}", ""), value * UNITS_Bq[unit], rel_tol=1e-12)
    assert math.isclose(activity_of(repr(value), unit), value * UNITS_Bq[unit], rel_tol=1e-12)


@given(text=st.text(max_size=60), unit=st.text(max_size=10))
def test_no_text_breaks_it(text: str, unit: str) -> None:
    for ask in (lambda: activity_of(text, unit), lambda: day_of(text, "day", TODAY)):
        try:
            ask()
        except InvalidInput:
            continue


def test_days() -> None:
    assert day_of("2026-01-31", "day", TODAY) == dt.date(2026, 1, 31)
    assert day_of("31.01.2026", "day", TODAY) == dt.date(2026, 1, 31)
    assert day_of("2026-01-31T00:00:00", "day", TODAY) == dt.date(2026, 1, 31)
    assert day_of("12/31/2025", "day", TODAY) == dt.date(2025, 12, 31)
    assert day_of("31/12/2025", "day", TODAY) == dt.date(2025, 12, 31)
    assert day_of("", "day", TODAY) is None
    for text in ("2026-03-04", "1850-01-01", "31.02.2026", "soon", "2020-01-311", "03/04/2020"):
        with pytest.raises(InvalidInput):
            day_of(text, "day", TODAY)


def test_two_nuclides_of_one_source() -> None:
    entry = entry_of(
        GIVEN | {"nuclide": "Cs-137; Am-241/Be", "activity": "0.3; 1.48", "unit": "GBq"},
        today=TODAY,
    )
    assert [c["nuclide"] for c in entry.contents] == ["Cs-137", "Am-241"]
    assert [c["activity_Bq"] for c in entry.contents] == pytest.approx([3e8, 1.48e9])
    assert {c["reference_date"] for c in entry.contents} == {"2026-01-15"}


def test_all_faults_are_told_at_once() -> None:
    wrong = GIVEN | {"holder": "", "nuclide": "Qq-1", "made_on": "2027-01-01", "latitude": "97"}
    with pytest.raises(InvalidInput) as told:
        entry_of(wrong, today=TODAY)
    for part in ("holder", "Qq-1", "2027-01-01", "97"):
        assert part in str(told.value)
    for missing in ("nuclide", "activity", "reference_date"):
        with pytest.raises(InvalidInput):
            entry_of(GIVEN | {missing: ""}, today=TODAY)
    with pytest.raises(InvalidInput, match="in use"):
        entry_of(GIVEN | {"status": "disposed"}, today=TODAY)
    with pytest.raises(InvalidInput, match="practice"):
        entry_of(GIVEN | {"practice": "juggling"}, today=TODAY)


@given(st.dictionaries(st.sampled_from(sorted(GIVEN)), st.text(max_size=40), max_size=len(GIVEN)))
def test_no_row_of_a_table_breaks_it(changed: dict[str, str]) -> None:
    try:
        entry_of(GIVEN | changed, today=TODAY)
    except InvalidInput:
        return
