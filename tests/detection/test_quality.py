"""Checks before any claim of statistics."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import survey_worlds as worlds

from tocsin.detection.encounters import DataGap
from tocsin.detection.quality import (
    DispersionTracker,
    clock_warnings,
    dead_time_warning,
    dispersion_warning,
    gap_warnings,
    not_counts_warning,
    position_warnings,
    usable_positions,
)
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Grid
from tocsin.spectra import Position, Record, Recording, Spectrum


def tracker_of(factor: int, seed: int, n: int = 60, drift: float = 0.0) -> DispersionTracker:
    rng = np.random.default_rng(seed)
    grid = Grid(worlds.EDGES_KEV, DetectorSettings())
    rates = worlds.natural(1000.0).sum(axis=0)
    tracker = DispersionTracker()
    for k in range(n):
        counts = factor * rng.poisson(rates * (1 + drift * np.sin(k / 15)))
        tracker.update(grid.reduce(worlds.record(counts, k, live_time_s=1.0), k))
    return tracker


def test_poisson_counts_have_dispersion_one() -> None:
    estimates = [tracker_of(1, seed).estimate for seed in range(8)]
    # 59 differences in some 55 bins: standard uncertainty sqrt(3 / 3200) = 0.03 each
    assert np.mean(estimates) == pytest.approx(1.0, abs=0.03)
    assert all(tracker_of(1, seed, drift=0.2).dispersion == 1.0 for seed in range(4))
    assert dispersion_warning(tracker_of(1, 1)) is None


def test_doubled_counts_are_found_by_divisor_and_by_variance() -> None:
    tracker = tracker_of(2, 3)
    assert tracker.common_divisor == 2
    assert tracker.estimate == pytest.approx(2.0, abs=0.2)
    assert tracker.dispersion >= 2.0
    warning = dispersion_warning(tracker)
    assert warning is not None
    assert "multiple of 2" in warning.message


def test_over_dispersion_without_a_divisor_is_found() -> None:
    rng = np.random.default_rng(5)
    grid = Grid(worlds.EDGES_KEV, DetectorSettings())
    rates = worlds.natural(1000.0).sum(axis=0)
    tracker = DispersionTracker()
    for k in range(80):
        counts = rng.poisson(rates) + rng.poisson(rates) * rng.integers(0, 2, rates.size)
        tracker.update(grid.reduce(worlds.record(counts, k), k))
    assert tracker.common_divisor == 1
    assert tracker.dispersion > 1.2


def placed(positions: list[Position | None]) -> list[Record]:
    return [Record(real_time_s=1.0, position=p) for p in positions]


def test_positions_that_cannot_be_are_left_out() -> None:
    track: list[Position | None] = [worlds.position(10.0 * k, 0.0) for k in range(20)]
    track[5] = Position(0.0, 0.0)
    track[9] = Position(48.2, 17.4)
    track[12] = None
    records = placed(track)
    usable = usable_positions(records)
    assert len(usable) == 17
    assert records[5] not in usable
    codes = {w.code for w in position_warnings(records)}
    assert codes == {"position-missing", "position-not-believed"}
    assert position_warnings(placed([worlds.position(k, 0) for k in range(9)])) == []
    assert position_warnings(placed([None] * 4)) == []


def test_clock_faults_are_named() -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    starts = [start + dt.timedelta(seconds=k) for k in (0, 1, 2, 1, 2, 200_000)]
    records = [Record(start=s, real_time_s=1.0) for s in starts] + [Record(real_time_s=1.0)]
    codes = [w.code for w in clock_warnings(records)]
    assert codes == ["time-missing", "time-backwards", "time-jump"]
    assert clock_warnings(records[:3]) == []


def test_live_time_equal_to_real_time_is_unknown_dead_time() -> None:
    def recording(live_time_s: float | None) -> Recording:
        spectrum = Spectrum(np.arange(10), live_time_s=live_time_s, real_time_s=1.0)
        return Recording((Record((spectrum,)),) * 3)

    for unknown in (1.0, 0.9995, None):
        warning = dead_time_warning(recording(unknown))
        assert warning is not None
        assert warning.code == "dead-time-unknown"
    assert dead_time_warning(recording(0.97)) is None


def test_gaps_and_fractions_are_told_in_words() -> None:
    gaps = [DataGap(k, overload=False) for k in (3, 4, 5, 9)] + [DataGap(20, overload=True)]
    blind, over = gap_warnings(gaps)
    assert blind.code == "drop-out"
    assert "records 3-5, 9" in blind.message
    assert over.code == "overload"
    fractional = Record((Spectrum(np.array([1.5, 2.0])),))
    warning = not_counts_warning(Recording((fractional,)))
    assert warning is not None
    assert warning.code == "not-counts"
    assert not_counts_warning(Recording((Record((Spectrum(np.array([1, 2])),)),))) is None
