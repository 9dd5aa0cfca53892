"""The made-up city: one place for all walkers, in which the first one meets what is hidden."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detection import analyze
from tocsin.errors import InvalidInput
from tocsin.scenario import simulate_walk
from tocsin.scenario.city import BLOCK_EAST_M, BLOCK_NORTH_M, City
from tocsin.scenario.sources import PointSource

CITY = City(1)


@pytest.mark.parametrize("walker", [1, 2, 12, 200])
def test_every_way_keeps_to_the_streets_and_lasts_as_asked(walker: int) -> None:
    walk = CITY.walk(walker, 900.0)
    assert walk.duration_s == pytest.approx(900.0)
    for x, y in walk.vertices_m[:-1]:
        assert x % BLOCK_EAST_M == 0.0
        assert y % BLOCK_NORTH_M == 0.0
    assert CITY.walk(walker, 900.0) == walk


def test_walkers_of_one_city_meet_the_same_people_at_the_same_time() -> None:
    times = np.arange(0.0, 600.0, 7.0)
    by_name: dict[str, PointSource] = {}
    for walker in range(1, 13):
        for source in CITY.scene(walker).sources:
            if isinstance(source, PointSource):
                before = by_name.setdefault(source.name, source)
                assert np.array_equal(before.place_at_m(times), source.place_at_m(times))
    assert "lost level gauge" in by_name
    assert len(by_name) > 3


def test_nobody_is_walked_into() -> None:
    # a scene that brings a walker within 0.5 m of a source is refused
    for seed in range(1, 4):
        for walker in range(1, 21):
            City(seed).scene(walker, duration_s=1800.0)


def test_the_first_walker_finds_the_gauge_and_meets_a_patient() -> None:
    recording, _truth = simulate_walk(
        CITY.scene(1, duration_s=360.0), np.random.default_rng(5), seed=5
    )
    found = [
        (e.source_class, {n.name for n in e.nuclides})
        for e in analyze(recording).encounters
        if e.is_alarm and e.nuclides
    ]
    assert ("industrial", {"Cs-137"}) in found
    assert ("medical", {"Tc-99m"}) in found
    assert recording.realm == "SYNTHETIC"


@pytest.mark.parametrize(
    ("walker", "duration_s"), [(0, 600.0), (1001, 600.0), (1, 59.0), (1, 36_001.0)]
)
def test_what_is_no_walk_is_refused(walker: int, duration_s: float) -> None:
    with pytest.raises(InvalidInput):
        CITY.walk(walker, duration_s)
