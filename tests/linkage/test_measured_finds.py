"""Finds without a serial: what an instrument measured from outside against what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.linkage.link import Linker, Pair
from tocsin.linkage.things import read_thing

LOST = {
    "id": "S-1",
    "kind": "stolen",
    "nuclides": ["Ir-192"],
    "activities": [{"nuclide": "Ir-192", "Bq": 3.7e12}],
    "date": "2026-02-01",
    "manufacturers": ["Ostrava Iso"],
    "serials": ["IR1001"],
    "latitude": 14.7,
    "longitude": -17.4,
}
SEEN = {
    "id": "A-1",
    "kind": "found",
    "measured": [{"nuclide": "Ir-192", "low_95_Bq": 1.0e12, "high_95_Bq": 4.0e12}],
    "date": "2026-02-03",
    "latitude": 14.7,
    "longitude": -17.5,
}


def found(lost: dict[str, Any], seen: dict[str, Any], *, share: float = 0.1) -> Pair:
    linker = Linker([read_thing(lost)], [], expected_share=share)
    thing = read_thing(seen)
    (pair,) = linker.pairs(thing, linker.score(thing, keep_all=True, exhaustive=True))
    return pair


def bits(pair: Pair, field: str) -> float:
    return next(w.bits for w in pair.weights if w.field == field)


def test_a_find_that_fits_in_every_way_is_looked_at_and_never_linked_without_a_serial() -> None:
    pair = found(LOST, SEEN)
    assert pair.zone == "review"
    assert 0.02 < pair.probability < 0.95
    assert {w.field for w in pair.weights} == {"nuclides", "activity", "place", "time"}
    assert found(LOST, SEEN, share=0.9).zone == "review"


def test_less_than_expected_is_no_objection_and_says_why() -> None:
    faint = SEEN | {"measured": [{"nuclide": "Ir-192", "low_95_Bq": 1e8, "high_95_Bq": 4e8}]}
    pair = found(LOST, faint)
    assert pair.refused is None
    assert bits(pair, "activity") == 0.0
    assert "shielded" in next(w.why for w in pair.weights if w.field == "activity")
    assert pair.probability <= found(LOST, SEEN).probability


def test_more_than_decay_leaves_is_refused() -> None:
    # 74 days are one half-life of Ir-192: after ten of them 3.6 GBq are left
    late = SEEN | {"date": "2028-02-11"}
    pair = found(LOST, late)
    assert pair.refused is not None
    assert "Ir-192" in pair.refused
    assert pair.zone == "none"


@pytest.mark.parametrize(
    "change",
    [
        {"measured": [{"nuclide": "Cs-137", "low_95_Bq": 1e8, "high_95_Bq": 1e9}]},
        {"nuclides": ["Cs-137"], "measured": []},
    ],
)
def test_another_nuclide_is_refused(change: dict[str, Any]) -> None:
    assert found(LOST, SEEN | change).refused is not None


def test_near_is_worth_more_than_far() -> None:
    background = [read_thing(LOST | {"id": f"R{n}", "latitude": -40.0 + n}) for n in range(80)]
    weights = {}
    for name, latitude in (("near", 14.8), ("far", 52.0)):
        linker = Linker([read_thing(LOST)], background)
        thing = read_thing(SEEN | {"latitude": latitude})
        (pair,) = linker.pairs(thing, linker.score(thing, keep_all=True, exhaustive=True))
        weights[name] = bits(pair, "place")
    assert weights["near"] > 2.0 > 0.0 > weights["far"]


@pytest.mark.parametrize("value", [True, "1e9", -1.0, float("nan"), float("inf"), 0])
def test_what_cannot_be_an_activity_or_a_place_says_nothing(value: object) -> None:
    thing = read_thing(
        SEEN
        | {
            "measured": [{"nuclide": "Ir-192", "low_95_Bq": value, "high_95_Bq": value}],
            "latitude": 1e6 if value != 0 else None,
        }
    )
    assert thing.measured_Bq == ()
    assert thing.position is None
