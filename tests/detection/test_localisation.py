"""Positions: error and coverage of the 95 % region, and what happens without a usable track."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import survey_worlds as worlds

from tocsin.detection.detector import Detector
from tocsin.detection.encounters import EncounterClosed
from tocsin.detection.localisation import locate
from tocsin.spectra import Position, Recording


def closed_of(recording: Recording) -> list[EncounterClosed]:
    detector = Detector(recording.instrument)
    events = [e for r in recording.records for e in detector.push(r)] + detector.finish()
    return [e for e in events if isinstance(e, EncounterClosed)]


def offset_m(recording: Recording, north_m: float) -> tuple[float, float] | None:
    best = max(closed_of(recording), key=lambda e: e.statistic, default=None)
    place = locate(best) if best is not None else None
    if place is None:
        return None
    north = (place.latitude_deg - worlds.LATITUDE) * worlds.METRES_PER_DEGREE - north_m
    east = (place.longitude_deg - worlds.LONGITUDE) * worlds.METRES_PER_DEGREE
    return math.hypot(north, east * math.cos(math.radians(worlds.LATITUDE))), place.radius_m_95


def test_the_region_holds_the_source_about_as_often_as_it_says() -> None:
    inside = []
    for seed in range(24):
        rng = np.random.default_rng(100 + seed)
        stand_off = float(np.exp(rng.uniform(np.log(3.0), np.log(15.0))))
        recording = worlds.walk(
            rng, seconds=130, at_s=80, name="Cs-137", net_cps=250.0, stand_off_m=stand_off
        )
        result = offset_m(recording, stand_off)
        assert result is not None
        inside.append(result[0] <= result[1])
    # binomial(24, 0.95): fewer than 20 has a probability of 0.6 %
    assert sum(inside) >= 20


def test_a_closer_pass_gives_a_smaller_region() -> None:
    near = offset_m(
        worlds.walk(np.random.default_rng(1), name="Cs-137", net_cps=500.0, stand_off_m=4.0), 4.0
    )
    far = offset_m(
        worlds.walk(np.random.default_rng(1), name="Cs-137", net_cps=500.0, stand_off_m=25.0), 25.0
    )
    assert near is not None
    assert far is not None
    assert near[1] < far[1]
    assert near[0] < 10.0


def test_without_positions_there_is_no_place() -> None:
    recording = worlds.walk(np.random.default_rng(2), name="Cs-137", net_cps=400.0)
    bare = tuple(dataclasses.replace(r, position=None) for r in recording.records)
    closed = closed_of(dataclasses.replace(recording, records=bare))
    assert closed
    assert locate(closed[0]) is None


def test_zero_and_teleported_fixes_are_not_used() -> None:
    recording = worlds.walk(np.random.default_rng(3), name="Cs-137", net_cps=500.0)
    records = list(recording.records)
    records[98] = dataclasses.replace(records[98], position=Position(0.0, 0.0))
    records[101] = dataclasses.replace(records[101], position=Position(40.0, 16.4))
    result = offset_m(dataclasses.replace(recording, records=tuple(records)), 6.0)
    assert result is not None
    assert result[0] <= result[1]
    assert result[1] < 60.0


def test_the_error_that_the_receiver_states_widens_the_region() -> None:
    recording = worlds.walk(np.random.default_rng(4), name="Cs-137", net_cps=800.0)
    poor = tuple(
        dataclasses.replace(r, position=dataclasses.replace(r.position, accuracy_m=25.0))
        for r in recording.records
        if r.position is not None
    )
    assert len(poor) == len(recording.records)
    result = offset_m(dataclasses.replace(recording, records=poor), 6.0)
    assert result is not None
    # 95 % of a circular normal law of 25 m on each axis
    assert result[1] > 25.0 * math.sqrt(-2.0 * math.log(0.05))
