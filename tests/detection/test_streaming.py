"""The streaming contract as a property: save and load anywhere, in any company of records."""

from __future__ import annotations

import dataclasses
import datetime as dt
from functools import cache

import numpy as np
import survey_worlds as worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from test_detector import same

from tocsin.detection.detector import Detector
from tocsin.detection.encounters import DetectorEvent, RecordScored
from tocsin.spectra import EnergyCalibration, GrossCounts, Position, Record, Spectrum

KINDS = (
    "usual",
    "usual",
    "usual",
    "usual",
    "source",
    "zero",
    "flood",
    "neutrons only",
    "two crystals",
    "other channels",
    "uncalibrated",
    "no place",
    "far place",
    "no duration",
    "backwards",
    "nothing",
)


@cache
def shapes() -> tuple[np.ndarray, np.ndarray]:
    return worlds.natural(300.0).sum(axis=0), worlds.source("Cs-137")


def record_of(kind: str, k: int, seed: int) -> Record:
    """One record of a kind; the same seed and number give the same counts."""
    rng = np.random.default_rng([seed, k])
    natural, caesium = shapes()
    rate = natural + {"source": 250.0, "flood": 90_000.0}.get(kind, 0.0) * caesium
    usual = worlds.record(rng.poisson(rate), k, place=worlds.position(1.5 * k, 0.0), neutrons=1.0)
    spectrum = usual.spectra[0]
    match kind:
        case "zero":
            return worlds.record(np.zeros(worlds.N_CHANNEL, dtype=np.int64), k)
        case "neutrons only":
            gross = (GrossCounts("n", float(rng.poisson(1.0))),)
            return Record(real_time_s=1.0, start=usual.start, gross_counts=gross)
        case "two crystals":
            half = dataclasses.replace(spectrum, counts=rng.poisson(rate / 2), detector="b")
            return dataclasses.replace(usual, spectra=(spectrum, half))
        case "other channels":
            other = EnergyCalibration.polynomial((5.0, 24.0))
            counts = rng.poisson(rate.reshape(-1, 2).sum(axis=1))
            return dataclasses.replace(
                usual, spectra=(Spectrum(counts, 0.99, 1.0, other, "small"),)
            )
        case "uncalibrated":
            plain = dataclasses.replace(spectrum, calibration=None)
            return dataclasses.replace(usual, spectra=(plain,))
        case "no place":
            return dataclasses.replace(usual, position=None)
        case "far place":
            return dataclasses.replace(usual, position=Position(0.0, 0.0))
        case "no duration":
            timeless = dataclasses.replace(spectrum, live_time_s=None, real_time_s=None)
            return dataclasses.replace(usual, spectra=(timeless,), real_time_s=None)
        case "backwards":
            return dataclasses.replace(usual, start=worlds.START - dt.timedelta(days=2))
        case "nothing":
            return Record(real_time_s=1.0)
    return usual


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=5, max_size=25),
    before=st.integers(0, 40),
    splits=st.sets(st.integers(0, 80), min_size=1, max_size=4),
    seed=st.integers(0, 999),
)
def test_a_detector_loaded_anywhere_goes_on_as_if_it_had_never_stopped(
    kinds: list[str], before: int, splits: set[int], seed: int
) -> None:
    sequence = ["usual"] * before + kinds + ["usual"] * 15
    records = [record_of(kind, k, seed) for k, kind in enumerate(sequence)]
    whole, resumed = Detector(worlds.INSTRUMENT), Detector(worlds.INSTRUMENT)
    expected: list[DetectorEvent] = []
    got: list[DetectorEvent] = []
    for k, record in enumerate(records):
        if k in splits:
            state = resumed.save()
            assert state == whole.save()
            resumed = Detector.load(state)
            assert resumed.save() == state
        expected += whole.push(record)
        got += resumed.push(record)
    assert resumed.save() == whole.save()
    expected += whole.finish()
    got += resumed.finish()
    assert len(got) == len(expected)
    assert all(same(a, b) for a, b in zip(got, expected, strict=True))
    # whatever comes, every record is judged at most once and all numbers are finite
    scored = [e for e in expected if isinstance(e, RecordScored)]
    assert len({e.record for e in scored}) == len(scored)
    assert all(np.isfinite([e.statistic, e.gross_rate_cps]).all() for e in scored)


def test_two_runs_of_the_same_records_write_the_same_bytes() -> None:
    states = []
    for _ in range(2):
        detector = Detector(worlds.INSTRUMENT)
        for k in range(60):
            detector.push(record_of("source" if 45 <= k < 50 else "usual", k, 5))
        states.append(detector.save())
    assert states[0] == states[1]
