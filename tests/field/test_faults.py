"""Clock and receiver go wrong in known ways: each is told, and no record goes missing for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from walks import BEGAN, walk

from tocsin.field.faults import ROLLOVER, Faults
from tocsin.spectra import Position, Record

NOW = BEGAN
HOUR = dt.timedelta(hours=1)
N, AT = 12, 6
"""Records of a walk, and where it goes wrong."""


def shifted(by: dt.timedelta, *, first: int = AT) -> list[Record]:
    """A walk whose clock is another from one record on."""
    return [
        r if k < first or r.start is None else replace(r, start=r.start + by)
        for k, r in enumerate(walk(N))
    ]


def at(moment: dt.datetime) -> list[Record]:
    """A walk whose clock begins anew in the middle."""
    return shifted(moment - (BEGAN + AT * dt.timedelta(seconds=1)))


def frozen() -> list[Record]:
    return [r if k < AT else replace(r, start=walk(N)[AT - 1].start) for k, r in enumerate(walk(N))]


def without() -> list[Record]:
    return [r if k < AT else replace(r, start=None) for k, r in enumerate(walk(N))]


CASES: dict[str, tuple[list[Record], str]] = {
    "week number of the receiver rolls over": (shifted(-ROLLOVER), "time-rollover"),
    "rolled over from the start": (shifted(-ROLLOVER, first=0), "time-rollover"),
    "an hour ahead": (shifted(HOUR), "time-jump"),
    "an hour behind": (shifted(-HOUR), "time-backwards"),
    "1970": (at(dt.datetime(1970, 1, 1, tzinfo=dt.UTC)), "time-epoch"),
    "1980, where GPS begins": (at(dt.datetime(1980, 1, 6, tzinfo=dt.UTC)), "time-epoch"),
    "2038": (at(dt.datetime(2038, 1, 19, 3, 14, 8, tzinfo=dt.UTC)), "time-jump"),
    "leap second: one second stands twice": (
        shifted(-dt.timedelta(seconds=1)),
        "time-frozen",
    ),
    "summer time in a local clock": (
        [replace(r, start=r.start.replace(tzinfo=None)) for r in shifted(HOUR) if r.start],
        "time-jump",
    ),
    "winter time in a local clock": (
        [replace(r, start=r.start.replace(tzinfo=None)) for r in shifted(-HOUR) if r.start],
        "time-backwards",
    ),
    "the clock stands still": (frozen(), "time-frozen"),
    "no time at all": (without(), "time-missing"),
}


def found(records: list[Record], *, live: bool) -> list[tuple[str, ...]]:
    faults = Faults()
    if not live:
        return [faults.of(r) for r in records]
    return [
        faults.of(r, elapsed_s=100.0 + k, now=NOW + dt.timedelta(seconds=k))
        for k, r in enumerate(records)
    ]


def test_a_good_walk_has_no_fault() -> None:
    assert found(walk(N), live=True) == [()] * N
    assert found(walk(N), live=False) == [()] * N


@pytest.mark.parametrize("name", CASES)
def test_each_wrong_clock_is_told(name: str) -> None:
    records, code = CASES[name]
    told = found(records, live=True)
    assert len(told) == N
    first = 0 if "from the start" in name else AT
    assert code in told[first], told
    assert told[:first] == [()] * first


@pytest.mark.parametrize("name", [n for n in CASES if "roll" not in n])
def test_a_replay_tells_them_by_the_lengths_of_the_records(name: str) -> None:
    records, _code = CASES[name]
    told = found(records, live=False)
    assert told[AT] != ()
    assert told[:AT] == [()] * AT


def test_a_pause_that_a_good_clock_shows_is_no_fault_of_a_live_clock() -> None:
    faults = Faults()
    first, second = walk(2)
    later = replace(second, start=BEGAN + dt.timedelta(seconds=300))
    assert faults.of(first, elapsed_s=0.0, now=BEGAN) == ()
    assert faults.of(later, elapsed_s=300.0, now=BEGAN + dt.timedelta(seconds=300)) == ()


def placed(*places: tuple[float, float] | None) -> list[tuple[str, ...]]:
    faults = Faults()
    return [
        faults.of(replace(r, position=None if p is None else Position(*p)))
        for r, p in zip(walk(len(places)), places, strict=True)
    ]


def test_a_place_without_a_fix_and_a_leap_are_told_and_the_way_goes_on() -> None:
    here = (46.28, -119.27)
    assert placed(here, (0.0, 0.0), here) == [(), ("place-zero",), ()]
    assert placed(here, (47.2, -119.27), here) == [(), ("place-jump",), ()]
    assert placed(here, None, (46.281, -119.27)) == [(), (), ()]
    assert placed((0.0, 179.9999), (0.0, -179.9999)) == [(), ()]
