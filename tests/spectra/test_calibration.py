"""Energy calibration: the three forms, deviation pairs, and what is not usable."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput, Uncalibrated
from tocsin.spectra import EnergyCalibration, Spectrum, rebin


def test_polynomial_edges_are_the_polynomial_at_whole_channels() -> None:
    calibration = EnergyCalibration.polynomial((1.0, 3.0, 0.01))
    assert calibration.edges_keV(3) == pytest.approx([1.0, 4.01, 7.04, 10.09])


def test_full_range_fraction_follows_its_formula() -> None:
    calibration = EnergyCalibration("full_range_fraction", (1.0, 3000.0, -20.0, 5.0, 2.0))
    edges = calibration.edges_keV(100)
    x = 0.37
    expected = 1.0 + 3000.0 * x - 20.0 * x**2 + 5.0 * x**3 + 2.0 / (1 + 60 * x)
    assert edges[37] == pytest.approx(expected)


def test_edges_without_the_last_are_closed_with_the_width_before() -> None:
    calibration = EnergyCalibration("lower_channel_edges", (0.0, 1.0, 3.0))
    assert calibration.edges_keV(3) == pytest.approx([0.0, 1.0, 3.0, 5.0])


def test_edges_of_another_length_are_refused() -> None:
    calibration = EnergyCalibration("lower_channel_edges", (0.0, 1.0, 3.0))
    with pytest.raises(InvalidInput, match="3 channel edges for 7 channels"):
        calibration.edges_keV(7)


def test_deviation_pairs_are_met_exactly_and_held_outside() -> None:
    calibration = EnergyCalibration.polynomial(
        (0.0, 1.0), deviation_pairs=((100.0, 2.0), (500.0, -3.0), (900.0, 1.0))
    )
    at = calibration.energies_keV(np.array([10.0, 100.0, 500.0, 900.0, 1000.0]), n_channel=1024)
    assert at == pytest.approx([12.0, 102.0, 497.0, 901.0, 1001.0])


@pytest.mark.parametrize(
    "calibration",
    [
        EnergyCalibration.polynomial((0.0, 0.0)),
        EnergyCalibration.polynomial((0.0, -1.0)),
        EnergyCalibration.polynomial((0.0, 3.0), origin="assumed"),
        EnergyCalibration.polynomial((0.0, 1.0, -0.01)),
    ],
)
def test_a_calibration_that_nothing_may_be_named_from(calibration: EnergyCalibration) -> None:
    assert not calibration.is_usable(100)
    with pytest.raises(Uncalibrated):
        _ = Spectrum(np.ones(100, dtype=int), calibration=calibration).edges_keV


@pytest.mark.parametrize("bad", [(float("nan"), 1.0), (1.0,), (0.0, float("inf"))])
def test_coefficients_must_be_finite_and_enough(bad: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput):
        EnergyCalibration.polynomial(bad)


@given(gain=st.floats(0.5, 2.0), slope=st.floats(0.1, 20.0), offset=st.floats(-50.0, 50.0))
def test_scaling_multiplies_every_energy(gain: float, slope: float, offset: float) -> None:
    calibration = EnergyCalibration.polynomial(
        (offset, slope), deviation_pairs=((10.0, 1.0), (20.0, -1.0))
    )
    np.testing.assert_allclose(
        calibration.scaled(gain).edges_keV(64), gain * calibration.edges_keV(64), atol=1e-9
    )


@given(
    counts=st.lists(st.integers(0, 1000), min_size=1, max_size=50),
    cuts=st.lists(st.floats(-10.0, 200.0), min_size=2, max_size=30, unique=True),
)
def test_rebinning_keeps_what_lies_inside(counts: list[int], cuts: list[float]) -> None:
    edges = np.linspace(0.0, 150.0, len(counts) + 1)
    new = np.sort(cuts)
    moved = rebin(counts, edges, new)
    assert np.all(moved >= -1e-9)
    if new[0] <= 0 and new[-1] >= 150:
        assert moved.sum() == pytest.approx(sum(counts))
    slow = [
        sum(
            c * max(0.0, min(hi, b) - max(lo, a)) / (b - a)
            for c, a, b in zip(counts, edges[:-1], edges[1:], strict=True)
        )
        for lo, hi in itertools.pairwise(new)
    ]
    np.testing.assert_allclose(moved, slow, atol=1e-6)


def test_counts_keep_their_kind() -> None:
    assert Spectrum(np.array([1.0, 2.0])).is_integer
    assert not Spectrum(np.array([1.5, 2.0])).is_integer
    assert not Spectrum(np.array([-1, 2])).is_integer


def test_a_live_time_equal_to_the_real_time_is_unknown_dead_time() -> None:
    assert Spectrum(np.ones(4, dtype=int), 0.9995, 1.0).dead_time_fraction is None
    assert Spectrum(np.ones(4, dtype=int), 0.9, 1.0).dead_time_fraction == pytest.approx(0.1)


def test_deviation_pairs_of_almost_one_energy_are_refused() -> None:
    with pytest.raises(InvalidInput, match="closer than"):
        EnergyCalibration.polynomial([0.0, 3.0], deviation_pairs=[(0.0, 0.0), (1e-300, 1.0)])
