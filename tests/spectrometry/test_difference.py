"""Comparison of two spectra: no difference where there is none, the right one where there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tocsin.errors import InvalidInput
from tocsin.spectrometry.difference import compare_spectra
from tocsin.spectrometry.measured import MeasuredSpectrum

EDGES = np.linspace(0.0, 3000.0, 1025)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])


def expected(*, counts: float, peaks: tuple[tuple[float, float], ...] = ()) -> np.ndarray:
    """Falling continuum of so many counts, with peaks (energy in keV, area) of 6 % width."""
    shape = np.exp(-CENTRES / 400.0)
    total = counts * shape / shape.sum()
    for energy, area in peaks:
        sigma = 0.06 * energy / 2.355
        total = total + area * np.diff(stats.norm.cdf(EDGES, energy, sigma))
    return total


def drawn(mean: np.ndarray, seed: int, *, live_s: float = 100.0, gain: float = 1.0):
    counts = np.random.default_rng(seed).poisson(mean).astype(float)
    return MeasuredSpectrum(counts, EDGES * gain, live_time_s=live_s)


@pytest.mark.parametrize("compared", ["rate", "shape"])
def test_equal_spectra_give_even_p_values(compared: str) -> None:
    """Over 300 pairs the p-values are uniform, and regions are as rare as stated."""
    p_values, with_regions = [], 0
    for seed in range(300):
        one = drawn(expected(counts=2e4, peaks=((662.0, 900.0),)), 2 * seed)
        other = drawn(3.0 * expected(counts=2e4, peaks=((662.0, 900.0),)), 2 * seed + 1, live_s=300)
        answer = compare_spectra(one, other, compared=compared)
        p_values.append(answer.p_value)
        with_regions += bool(answer.regions)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-4
    # stated: 1 % of pairs at the most; 11 or more of 300 has a probability below 1e-4 then
    assert with_regions <= 10


def test_an_added_peak_is_found_where_it_is() -> None:
    one = drawn(expected(counts=5e4, peaks=((1173.0, 600.0),)), 1)
    other = drawn(expected(counts=5e4), 2)
    answer = compare_spectra(one, other)
    assert answer.p_value < 1e-6
    assert any(r.low_keV < 1173.0 < r.high_keV and r.significance > 5 for r in answer.regions)
    assert all(1050.0 < r.low_keV < r.high_keV < 1300.0 for r in answer.regions)
    found = max(answer.regions, key=lambda r: r.significance)
    assert 300.0 < found.excess < 750.0


def test_exchange_turns_the_signs() -> None:
    one = drawn(expected(counts=5e4, peaks=((1173.0, 900.0),)), 3)
    other = drawn(expected(counts=5e4), 4)
    there, back = compare_spectra(one, other), compare_spectra(other, one)
    assert np.allclose(there.residuals, -back.residuals, atol=1e-9)
    assert there.chi_squared == pytest.approx(back.chi_squared)
    assert [r.significance > 0 for r in there.regions] == [r.significance < 0 for r in back.regions]


def test_rate_and_shape_are_different_questions() -> None:
    one = drawn(expected(counts=4e4), 5)
    other = drawn(1.2 * expected(counts=4e4), 6)
    assert compare_spectra(one, other, compared="rate").p_value < 1e-6
    shape = compare_spectra(one, other, compared="shape")
    assert shape.p_value > 1e-3
    assert shape.scale == pytest.approx(1 / 1.2, abs=5 * shape.scale_uncertainty)


def test_a_gain_shift_is_found_and_taken_out() -> None:
    peaks = ((662.0, 9000.0), (1461.0, 3000.0))
    one = drawn(expected(counts=2e5, peaks=peaks), 7)
    other = drawn(expected(counts=2e5, peaks=peaks), 8, gain=1.02)
    assert compare_spectra(one, other).p_value < 1e-6
    aligned = compare_spectra(one, other, align=True)
    assert aligned.gain == pytest.approx(1 / 1.02, abs=0.001)
    assert aligned.p_value > 1e-4


def test_doubled_counts_do_not_make_a_difference() -> None:
    """A file that counts every photon twice holds counts divided by two and says so."""
    one = drawn(2.0 * expected(counts=4e4), 9)
    half = drawn(expected(counts=4e4), 10)
    other = MeasuredSpectrum(half.counts, EDGES, count_scale=2.0, live_time_s=100.0)
    assert compare_spectra(one, other).p_value > 1e-3


def test_what_cannot_be_compared_is_refused() -> None:
    one = drawn(expected(counts=4e4), 11)
    channels = MeasuredSpectrum(one.counts, EDGES, live_time_s=1.0, unit="channel")
    with pytest.raises(InvalidInput, match="no calibration"):
        compare_spectra(one, channels)
    timeless = MeasuredSpectrum(one.counts, EDGES)
    with pytest.raises(InvalidInput, match="live times"):
        compare_spectra(one, timeless)
    far = MeasuredSpectrum(one.counts, EDGES + 5000.0, live_time_s=1.0)
    with pytest.raises(InvalidInput, match="no range"):
        compare_spectra(one, far)
    empty = MeasuredSpectrum(np.zeros(1024), EDGES, live_time_s=100.0)
    with pytest.raises(InvalidInput):
        compare_spectra(empty, empty)
