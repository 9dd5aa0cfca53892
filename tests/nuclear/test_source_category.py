"""Categories of sources: the published values, aggregation, decay across a boundary."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import (
    SourceActivity,
    activities,
    d_values,
    load_library,
    next_change,
    source_boundaries,
    source_category,
    source_nuclide,
)
from tocsin.nuclear.category_data import NOT_FOR_DECISIONS
from tocsin.nuclear.source_category import LEAST_GROWN, _long_lived_progeny, progeny_may_matter

DAY = dt.date(2026, 1, 1)


def rows(shared_data: Path, name: str) -> list[dict[str, str]]:
    text = (shared_data / "tables" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(
    ("activity_TBq", "category"),
    [(29.9999, 2), (30.0, 1), (0.3, 2), (0.03, 3), (0.0299, 4), (0.0003, 4), (0.000299, 5)],
)
def test_boundaries_of_categories_belong_to_the_graver(activity_TBq: float, category: int) -> None:
    """Co-60, D = 0.03 TBq."""
    assert source_category({"Co-60": activity_TBq * 1e12}).category == category


def test_the_sixteen_values_of_the_european_directive(shared_data: Path) -> None:
    table = rows(shared_data, "eu_hass_annex_iii.csv")
    assert len(table) == 16
    for row in table:
        at = float(row["activity_TBq"]) * 1e12
        found = source_category({row["nuclide"]: at})
        assert (found.category, found.ratio_A_over_D) == (3, pytest.approx(1.0, rel=1e-12)), row
        assert source_category({row["nuclide"]: at * (1.0 - 1e-9)}).category == 4, row


def test_the_sixteen_thresholds_of_the_united_states(shared_data: Path) -> None:
    table = rows(shared_data, "us_category1_2_thresholds.csv")
    assert len(table) == 16
    for row in table:
        for category in (1, 2):
            at = float(row[f"category{category}_TBq"]) * 1e12
            assert source_category({row["nuclide"]: at}).category == category, row
            below = source_category({row["nuclide"]: at * (1.0 - 1e-9)})
            assert below.category == category + 1, row


def test_the_table_is_that_of_the_law(shared_data: Path) -> None:
    for row in rows(shared_data, "d_values_hass_strlschv2018.csv"):
        known = d_values()[row["nuclide"]]
        assert known.value_Bq == (float(row["D_TBq"]) * 1e12 if row["D_TBq"] else None)
        assert known.exemption_Bq == float(row["exemption_activity_Bq"])
        assert (known.note, known.with_progeny) == (row["note"], row["with_progeny"] == "1")
    bounds = rows(shared_data, "source_category_boundaries.csv")[:4]
    assert [b.least_A_over_D for b in source_boundaries()[:4]] == [
        float(row["lower_A_over_D"]) for row in bounds
    ]
    assert [b.security_level for b in source_boundaries()] == ["A", "B", "C", None, None]


def test_activities_that_lie_together_are_added() -> None:
    single = source_category({"Co-60": 0.02e12})
    both = source_category({"Co-60": 0.02e12, "Cs-137": 0.05e12})
    assert (single.category, both.category) == (4, 3)
    assert both.ratio_A_over_D == pytest.approx(0.02 / 0.03 + 0.05 / 0.1)
    split = [SourceActivity("Cs-137", 0.05e12), SourceActivity("137Cs", 0.05e12)]
    assert source_category(split).category == 3
    assert source_category(split).activity_Bq == pytest.approx(0.1e12)


@given(parts=st.lists(st.floats(1e3, 1e15), min_size=1, max_size=6))
def test_more_is_never_less_grave(parts: list[float]) -> None:
    ratio = 0.0
    for count in range(1, len(parts) + 1):
        found = source_category([SourceActivity("Ir-192", a) for a in parts[:count]])
        assert found.ratio_A_over_D is not None
        assert found.ratio_A_over_D >= ratio
        ratio = found.ratio_A_over_D


def test_decay_crosses_a_boundary_on_the_day_that_is_told() -> None:
    """Cs-137, 4.1 TBq in June 2001: A/D 23.3 on the first of January 2026."""
    source = [SourceActivity("Cs-137", 4.1e12, dt.date(2001, 6, 1))]
    found = source_category(source, on=DAY)
    assert (found.category, found.security_level) == (2, "B")
    assert found.activity_Bq == pytest.approx(2.33e12, rel=2e-3)
    half_life_d = load_library()["Cs-137"].half_life_s / 86400.0
    assert found.ratio_A_over_D == pytest.approx(
        41.0 * 2.0 ** (-(DAY - dt.date(2001, 6, 1)).days / half_life_d), rel=1e-12
    )
    day, category = next_change(source, on=DAY)
    assert category == 3
    assert source_category(source, on=day - dt.timedelta(days=1)).category == 2
    assert source_category(source, on=day).category == 3


@given(
    start_TBq=st.floats(1e-6, 1e4),
    nuclide=st.sampled_from(["Co-60", "Ir-192", "Cs-137", "Se-75", "Am-241", "Sr-90", "Kr-85"]),
    days=st.integers(0, 20_000),
)
def test_the_next_change_is_the_first(start_TBq: float, nuclide: str, days: int) -> None:
    source = [SourceActivity(nuclide, start_TBq * 1e12, dt.date(2000, 1, 1))]
    on = dt.date(2000, 1, 1) + dt.timedelta(days=days)
    now = source_category(source, on=on).category
    try:
        day, category = next_change(source, on=on)
    except NotFound:
        assert source_category(source, on=dt.date(9999, 12, 31)).category == now
        return
    assert day > on
    assert category != now
    assert source_category(source, on=day).category == category
    assert source_category(source, on=day - dt.timedelta(days=1)).category == now


def test_what_cannot_be_judged_says_so() -> None:
    unverified = source_category({"Cs-134": 1e12})
    assert (unverified.category, unverified.ratio_A_over_D) == (None, None)
    assert "unverified" in unverified.remarks[0].message
    misprinted = source_category({"Mn-52m": 1e12})
    assert misprinted.category is None
    assert "misprinted" in misprinted.remarks[0].message
    absent = source_category({"Xe-133m": 1e12})
    assert "does not make it harmless" in absent.remarks[0].message
    exempt = source_category({"Co-60": 1e4})
    assert (exempt.category, source_category({"Co-60": 1.1e5}).category) == (None, 5)
    assert exempt.remarks[0].code == "below_exemption"
    partly = source_category({"Cs-137": 1e12, "Cs-134": 1e15})
    assert partly.category == 2
    assert {"at_least", "d_value_not_used"} <= {r.code for r in partly.remarks}
    hidden = source_category({"Cs-137": 1.0, "Cs-134": 1e15})
    assert (hidden.category, hidden.ratio_A_over_D) == (None, None)
    assert "below_exemption" not in {r.code for r in hidden.remarks}
    kept_out = {n for n, d in d_values().items() if d.confidence in NOT_FOR_DECISIONS}
    assert kept_out >= {"Mn-52m", "Ge-68", "Ir-194n", "Cs-134", "Ba-133"}


def test_an_unlimited_quantity_is_never_dangerous_but_may_be_above_exemption() -> None:
    name = next(n for n, d in d_values().items() if d.value_Bq is None and d.verified)
    found = source_category({name: 1e18})
    assert (found.category, found.ratio_A_over_D) == (5, 0.0)


def test_progeny_that_outlives_its_parent() -> None:
    """D of Pu-241 includes progeny, until Am-241 outweighs it; Cm-244 counts its Pu-240."""
    old = [SourceActivity("Pu-241", 1e14, dt.date(1960, 1, 1))]
    found = source_category(old, on=DAY)
    assert {c.nuclide for c in found.contributions} == {"Pu-241", "Am-241"}
    assert "progeny_dominates" in {r.code for r in found.remarks}
    assert found.category == 2
    young = [SourceActivity("Pu-241", 1e14, dt.date(2025, 6, 1))]
    assert {c.nuclide for c in source_category(young, on=DAY).contributions} == {"Pu-241"}
    curium = [SourceActivity("Cm-244", 1e12, dt.date(1950, 1, 1))]
    grown = {c.nuclide: c for c in source_category(curium, on=DAY).contributions}
    assert grown["Pu-240"].grown_from == "Cm-244"
    ratio = load_library()["Cm-244"].half_life_s / load_library()["Pu-240"].half_life_s
    left = grown["Cm-244"].activity_Bq
    assert grown["Pu-240"].activity_Bq == pytest.approx((1e12 - left) * ratio, rel=0.02)


def test_before_the_reference_date_and_without_a_half_life() -> None:
    grown_back = source_category([SourceActivity("Ir-192", 1e10, DAY)], on=dt.date(2025, 1, 1))
    assert grown_back.activity_Bq > 2e11
    assert "before_reference" in {r.code for r in grown_back.remarks}
    with pytest.raises(InvalidInput, match="cannot be traced back"):
        source_category([SourceActivity("Tc-99m", 1e10, DAY)], on=dt.date(1990, 1, 1))
    still = source_category([SourceActivity("Cf-254", 1e10, dt.date(2020, 1, 1))], on=DAY)
    assert still.activity_Bq == 1e10
    assert "not_decayed" in {r.code for r in still.remarks}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Am-241/Be", "Am-241"),
        ("Am-241/Be-9", "Am-241"),
        ("Pu-239/Be", "Pu-239"),
        ("Am241/Li", "Am-241"),
        ("Sr-90 (Y-90)", "Sr-90"),
        ("Sr-90 + Y-90", "Sr-90"),
        ("Sr-90/Y-90", "Sr-90"),
        ("Am-241:Be", "Am-241"),
        ("cs137", "Cs-137"),
    ],
)
def test_sources_are_known_as_they_are_written(written: str, name: str) -> None:
    assert source_nuclide(written) == name


@pytest.mark.parametrize("written", ["", "Qq-1", "Cs-199", "Cs-137 + Co-60", "Am-241/Xx"])
def test_what_names_no_source_is_refused(written: str) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        source_nuclide(written)


def test_impossible_activities_are_refused() -> None:
    for activity in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput):
            source_category({"Co-60": activity})
    with pytest.raises(InvalidInput, match="too large"):
        source_category({"Co-60": 1.7e308, "Cs-137": 1.7e308}).activity_Bq  # noqa: B018
    with pytest.raises(InvalidInput, match="date asked about"):
        source_category([SourceActivity("Co-60", 1e9, DAY)])


@given(
    nuclide=st.sampled_from(["Pu-241", "Am-241", "Cm-244", "Cf-252", "U-232", "Ac-227", "Ra-228"]),
    years=st.floats(0.1, 3000.0),
)
def test_progeny_that_is_left_out_would_not_have_counted(nuclide: str, years: float) -> None:
    """The bound that saves solving the chain, against the solved chain."""
    elapsed_s = years * 365.25 * 86400.0
    solved = activities({nuclide: 1e12}, elapsed_s=elapsed_s)
    own = d_values()[nuclide].value_Bq
    assert own is not None
    for member in _long_lived_progeny(nuclide):
        known = d_values()[member]
        if known.value_Bq is None or not known.verified:
            continue
        ratio = solved[member] / known.value_Bq
        if ratio > LEAST_GROWN * solved[nuclide] / own:
            assert progeny_may_matter(nuclide, 1e12, solved[nuclide], elapsed_s)
