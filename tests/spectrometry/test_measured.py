"""Spectra added up with honest statistics: nothing lost, nothing correlated, nothing believed."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.errors import InvalidInput, Uncalibrated
from tocsin.spectra import EnergyCalibration, Spectrum
from tocsin.spectrometry import measured_spectrum
from tocsin.spectrometry.measured import thinned

CALIBRATION = EnergyCalibration.polynomial([0.0, 3.0])


def spectrum(counts, *, gain: float = 3.0, live_s: float = 10.0, detector: str = "A") -> Spectrum:
    return Spectrum(counts, live_s, live_s, EnergyCalibration.polynomial([0.0, gain]), detector)


def test_one_calibration_adds_channel_by_channel() -> None:
    random = np.random.default_rng(1)
    one, two = random.poisson(5.0, (2, 256))
    got = measured_spectrum([spectrum(one), spectrum(two)])
    assert np.array_equal(got.counts, one + two)
    assert got.live_time_s == 20.0
    assert got.warnings == ()


def test_two_detectors_at_once_measure_no_longer() -> None:
    counts = np.full(64, 3) + np.arange(64)
    got = measured_spectrum([spectrum(counts, detector="A"), spectrum(counts, detector="B")])
    assert got.live_time_s == 10.0


def test_other_calibrations_are_joined_without_losing_or_splitting_counts() -> None:
    random = np.random.default_rng(2)
    one, two = random.poisson(40.0, 256), random.poisson(9.0, 256)
    got = measured_spectrum([spectrum(one), spectrum(two, gain=2.9)])
    assert got.counts.sum() == one.sum() + two.sum()
    assert np.array_equal(got.counts, np.rint(got.counts))
    assert [w.code for w in got.warnings] == ["calibrations_joined"]
    again = measured_spectrum([spectrum(one), spectrum(two, gain=2.9)])
    assert np.array_equal(got.counts, again.counts)


def test_thinned_counts_stay_poisson_and_independent() -> None:
    """Dispersion of each new channel is 1, neighbours are uncorrelated: 4 standard errors each."""
    random = np.random.default_rng(3)
    old, new = np.arange(0.0, 101.0, 1.0), np.arange(0.0, 101.0, 0.7)
    many = np.array([thinned(random.poisson(6.0, 100), old, new, random) for _ in range(1500)])[
        :, 1:-2
    ]
    n = many.shape[0]
    assert np.allclose(many.mean(), 6.0 * 0.7, rtol=4.0 / np.sqrt(6.0 * 0.7 * n * many.shape[1]))
    dispersion = many.var(axis=0, ddof=1) / many.mean(axis=0)
    assert abs(dispersion.mean() - 1.0) < 4.0 * np.sqrt(2.0 / n / many.shape[1])
    neighbours = [np.corrcoef(many[:, i], many[:, i + 1])[0, 1] for i in range(many.shape[1] - 1)]
    assert abs(np.mean(neighbours)) < 4.0 / np.sqrt(n * len(neighbours))


def test_doubled_counts_are_halved_and_said() -> None:
    counts = 2 * np.random.default_rng(4).poisson(7.0, 256)
    got = measured_spectrum([spectrum(counts)])
    assert got.count_scale == 2.0
    assert np.array_equal(got.counts, counts / 2)
    assert [w.code for w in got.warnings] == ["counts_multiplied"]


def test_counts_times_a_constant_are_whole_again() -> None:
    whole = np.random.default_rng(5).poisson(7.0, 256)
    got = measured_spectrum([spectrum(whole * 0.317)])
    assert got.count_scale == pytest.approx(0.317)
    assert np.allclose(got.counts, whole)
    assert [w.code for w in got.warnings] == ["counts_scaled"]


def test_smoothed_counts_get_their_measured_scatter() -> None:
    random = np.random.default_rng(6)
    raw = 0.37 * random.poisson(200.0, 1024) + 1e-3 * random.standard_normal(1024)
    got = measured_spectrum([spectrum(raw)])
    assert [w.code for w in got.warnings] == ["counts_not_whole"]
    assert got.count_scale == pytest.approx(0.37, rel=0.2)


def test_what_was_subtracted_before_is_refused() -> None:
    with pytest.raises(InvalidInput, match="subtracted"):
        measured_spectrum([spectrum(np.array([3.5, -1.0, 4.0, 2.0]))])


def test_no_spectrum_and_no_calibration_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no spectrum"):
        measured_spectrum([])
    bare = Spectrum(np.arange(10), 1.0, 1.0, None)
    with pytest.raises(Uncalibrated):
        measured_spectrum([bare])
    got = measured_spectrum([bare], in_channels=True)
    assert got.unit == "channel"
    assert got.edges_keV[-1] == 10.0
    with pytest.raises(InvalidInput, match="numbers of channels"):
        measured_spectrum([bare, Spectrum(np.arange(11), 1.0, 1.0, None)], in_channels=True)
