"""A new energy scale: right where it can be known, refused where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_spectra import TruePeak, drawn, gaussian_counts

from tocsin.detectors import Resolution
from tocsin.errors import InvalidInput, Uncalibrated
from tocsin.spectrometry import MeasuredSpectrum, analyze_peaks, recalibrate
from tocsin.spectrometry.width import in_channels

CURVE = Resolution(0.6, 0.0018, 0.0)
LINES = (238.632, 351.932, 583.187, 609.312, 911.204, 1120.287, 1460.82, 1764.494, 2614.511)


def off_scale(true_keV, *, offset: float, gain: float, bend: float):
    """Energy on the file's scale of a true energy ``offset + gain x + bend x^2``."""
    rest = np.asarray(true_keV, dtype=float) - offset
    if bend == 0.0:
        return rest / gain
    return (np.sqrt(gain**2 + 4.0 * bend * rest) - gain) / (2.0 * bend)


def analysis_of(places, areas, random, *, curve=CURVE, top=3000.0, channels=8192):
    edges = np.linspace(0.0, top, channels + 1)
    expected = np.full(channels, 20.0)
    for e, a in zip(places, areas, strict=True):
        expected += gaussian_counts(edges, TruePeak(float(e), a, float(curve.fwhm_keV(e))))
    return analyze_peaks(drawn(expected, edges, random), curve)


def test_a_linear_scale_is_found_with_its_true_uncertainty() -> None:
    """Energy at 661.657 keV on the new scale, 24 spectra: unbiased, pulls of about one."""
    random = np.random.default_rng(31)
    places = off_scale(LINES, offset=-1.3, gain=1.0021, bend=0.0)
    there = float(off_scale(661.657, offset=-1.3, gain=1.0021, bend=0.0))
    got, pulls = [], []
    for _ in range(24):
        scale = recalibrate(analysis_of(places, np.full(9, 4e3), random), LINES)
        assert [m.line_keV for m in scale.matched] == list(LINES)
        energy, unsure = scale.energy_keV(there)
        got.append(energy - 661.657)
        pulls.append((energy - 661.657) / unsure)
    assert abs(np.mean(got)) < 3.5 * np.std(got) / np.sqrt(24)
    # The stated uncertainty holds a hundredth of a width beside counting: it may be too wide here.
    assert 0.3 < np.std(pulls) < 1.0 + 3.5 / np.sqrt(48)


def test_a_quadratic_scale_needs_its_form() -> None:
    random = np.random.default_rng(32)
    places = off_scale(LINES, offset=0.5, gain=1.0, bend=3e-6)
    analysis = analysis_of(places, np.full(9, 2e4), random)
    with pytest.raises(Uncalibrated, match="do not lie on a linear scale"):
        recalibrate(analysis, LINES, form="linear")
    scale = recalibrate(analysis, LINES, form="quadratic")
    assert scale.chi_squared < 3.0 * scale.freedom
    for line, place in zip(LINES, places, strict=True):
        assert scale.energy_keV(float(place))[0] == pytest.approx(line, abs=0.1)
    edges = scale.calibration.edges_keV(8192)
    assert np.all(np.diff(edges) > 0)
    place = off_scale(1000.0, offset=0.5, gain=1.0, bend=3e-6)
    got = np.interp(place, np.linspace(0.0, 3000.0, 8193), edges)
    assert got == pytest.approx(1000.0, abs=0.1)


def test_other_peaks_and_missing_lines_do_not_mislead() -> None:
    """Twelve strangers among the peaks, three of nine lines absent, gain off by two per cent."""
    random = np.random.default_rng(33)
    places = off_scale(np.array(LINES), offset=2.0, gain=1.02, bend=0.0)
    seen = places[[0, 2, 3, 4, 6, 8]]
    strangers = random.uniform(150.0, 2500.0, 12)
    everything = np.concatenate([seen, strangers])
    analysis = analysis_of(everything, np.full(18, 5e3), random)
    scale = recalibrate(analysis, LINES)
    assert scale.energy_keV(1000.0)[0] == pytest.approx(1022.0, abs=0.2)
    assert len(scale.matched) >= 6
    assert 351.932 in scale.missed_keV or 351.932 in [m.line_keV for m in scale.matched]


def test_a_spectrum_without_a_scale_gets_one() -> None:
    random = np.random.default_rng(34)
    curve = Resolution(0.0, 2.5, 0.0008)
    edges = np.linspace(0.0, 2800.0, 1025)
    expected = 400.0 * np.exp(-np.arange(1024) / 250.0) + 3.0
    lines = (59.541, 661.657, 1173.228, 1332.492)
    for e, area in zip(lines, (3e4, 3e4, 2e4, 2e4), strict=True):
        expected += gaussian_counts(edges, TruePeak(e, area, float(curve.fwhm_keV(e))))
    counts = random.poisson(expected).astype(float)
    bare = MeasuredSpectrum(counts, np.arange(1025.0), unit="channel")
    analysis = analyze_peaks(bare, in_channels(curve, 1024), assumed=True, tails=False)
    scale = recalibrate(analysis, lines)
    assert scale.energy_keV(1024.0)[0] == pytest.approx(2800.0, rel=0.005)
    assert scale.freedom == 2


def test_one_line_among_many_peaks_is_ambiguous() -> None:
    random = np.random.default_rng(35)
    analysis = analysis_of(np.linspace(1400.0, 1520.0, 5), np.full(5, 5e3), random)
    with pytest.raises(Uncalibrated, match="more than one way"):
        recalibrate(analysis, [1460.82], form="gain")


def test_one_line_and_one_peak_give_a_gain() -> None:
    random = np.random.default_rng(36)
    analysis = analysis_of([1450.0], [5e3], random)
    scale = recalibrate(analysis, [1460.82], form="gain")
    assert scale.coefficients[0] == pytest.approx(1460.82 / 1450.0, rel=1e-4)
    assert scale.freedom == 0


def test_lines_that_are_not_there_are_refused() -> None:
    random = np.random.default_rng(37)
    analysis = analysis_of([300.0, 1460.0], [5e3, 5e3], random)
    with pytest.raises(Uncalibrated):
        recalibrate(analysis, [661.657, 1173.228, 1332.492])


def test_wrong_calls_say_what_is_wrong() -> None:
    random = np.random.default_rng(38)
    analysis = analysis_of([300.0, 1460.0], [5e3, 5e3], random)
    with pytest.raises(InvalidInput, match="needs 3 lines"):
        recalibrate(analysis, [300.0, 1460.0], form="quadratic")
    with pytest.raises(InvalidInput, match="positive, finite and different"):
        recalibrate(analysis, [300.0, 300.0])
    with pytest.raises(InvalidInput, match="form must be"):
        recalibrate(analysis, [300.0, 1460.0], form="cubic")  # type: ignore[arg-type]
