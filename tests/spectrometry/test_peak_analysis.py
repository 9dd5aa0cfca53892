"""The whole chain on spectra with known peaks: found, unbiased, and few that are not there."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_spectra import TruePeak, drawn, gaussian_counts, tailed_counts
from scipy import stats

from tocsin.detectors import Resolution
from tocsin.errors import InvalidInput
from tocsin.spectrometry import PeakSettings, analyze_peaks
from tocsin.spectrometry.measured import MeasuredSpectrum

GERMANIUM = Resolution(0.6, 0.0018, 0.0)
SODIUM_IODIDE = Resolution(0.0, 2.5, 0.0008)


def falling(edges: np.ndarray, total: float, *, scale_keV: float = 500.0) -> np.ndarray:
    """Exponential continuum with so many counts."""
    middle = 0.5 * (edges[1:] + edges[:-1])
    shape = (np.exp(-middle / scale_keV) + 0.01) * np.diff(edges)
    return total * shape / shape.sum()


def nearest(analysis, energy_keV: float, within_keV: float):
    """Peak of the analysis at an energy, or None."""
    near = [p for p in analysis.peaks if abs(p.energy_keV - energy_keV) <= within_keV]
    return min(near, key=lambda p: abs(p.energy_keV - energy_keV)) if near else None


@pytest.mark.parametrize(
    ("channels", "curve", "total", "trials", "stated"),
    [
        (16_384, GERMANIUM, 3e3, 20, 1.0),
        (16_384, GERMANIUM, 1e6, 20, 1.0),
        (1_024, SODIUM_IODIDE, 3e2, 40, 1.0),
        (1_024, SODIUM_IODIDE, 1e4, 40, 1.0),
        (1_024, SODIUM_IODIDE, 1e6, 40, 1.0),
    ],
)
def test_false_peaks_on_a_smooth_continuum_are_no_more_than_stated(
    channels: int, curve: Resolution, total: float, trials: int, stated: float
) -> None:
    random = np.random.default_rng([21, channels, int(total)])
    edges = np.linspace(0.0, 3000.0, channels + 1)
    expected = falling(edges, total)
    settings = PeakSettings(false_peaks=stated)
    found = sum(
        len(analyze_peaks(drawn(expected, edges, random), curve, settings=settings).peaks)
        for _ in range(trials)
    )
    # 1 in 1000 for a rate that is a quarter above the stated one, the accuracy of its trial count.
    assert found <= stats.poisson.isf(1e-3, 1.25 * stated * trials)
    if total >= 1e4:
        assert found > 0.1 * stated * trials  # not silent either


@pytest.mark.parametrize(
    ("relative", "area", "continuum"),
    [
        (0.001, 1_000, 300),
        (0.003, 30, 0.3),
        (0.01, 10_000, 3_000),
        (0.03, 300, 30),
        (0.07, 100_000, 10_000),
        (0.2, 1_000_000, 100_000),
    ],
)
def test_areas_and_energies_of_found_peaks_are_unbiased(
    relative: float, area: float, continuum: float
) -> None:
    random = np.random.default_rng([22, int(1e4 * relative), int(area)])
    b = relative**2 * 661.7
    energies = np.array([300.0, 661.7, 1200.0, 2000.0] if relative < 0.1 else [300.0, 1400.0])
    fwhm = np.sqrt(b * energies)
    top = energies[-1] + 6.0 * fwhm[-1]
    edges = np.linspace(0.0, top, int(np.clip(4.0 * top / fwhm[0], 256, 16_384)) + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    expected = continuum * np.diff(edges) / fwhm.mean() * (1.5 - middle / top)
    for e, f in zip(energies, fwhm, strict=True):
        expected += gaussian_counts(edges, TruePeak(e, area, f))
    of_area, of_energy, ratio, n, extra = [], [], [], 0, 0
    for _ in range(24):
        got = analyze_peaks(drawn(expected, edges, random), Resolution(0.0, 1.3 * b, 0.0))
        extra += len(got.peaks)
        for e, f in zip(energies, fwhm, strict=True):
            n += 1
            peak = nearest(got, e, 0.7 * f)
            if peak is not None:
                extra -= 1
                of_area.append((peak.area - area) / peak.area_uncertainty)
                of_energy.append((peak.energy_keV - e) / peak.energy_uncertainty_keV)
                ratio.append(peak.area / area)
    k = len(of_area)
    assert k >= 0.97 * n
    assert extra <= 24  # at most one a spectrum, nearly all beside strong peaks
    # Beyond statistics: what the width taken from few peaks leaves, 2 % of the area at 30 counts.
    room = 3.5 * np.std(ratio) / np.sqrt(k) + 0.1 / np.sqrt(area)
    assert abs(np.mean(ratio) - 1.0) < room
    assert abs(np.mean(of_energy)) < 3.5 / np.sqrt(k) + 0.1
    for pull in (of_area, of_energy):
        assert 1.0 - 3.5 / np.sqrt(2 * k) - 0.1 < np.std(pull) < 1.0 + 3.5 / np.sqrt(2 * k) + 0.12


def test_a_peak_of_20_counts_is_found_where_it_can_be() -> None:
    """20 counts on half a count per width: 9 in 10 are found."""
    random = np.random.default_rng(23)
    b = 0.02**2 * 661.7
    f = np.sqrt(b * 661.7)
    edges = np.linspace(0.0, 1500.0, 801)
    expected = np.full(800, 0.5 * (edges[1] - edges[0]) / f)
    expected += gaussian_counts(edges, TruePeak(661.7, 20.0, f))
    found = sum(
        nearest(analyze_peaks(drawn(expected, edges, random), Resolution(0.0, b, 0.0)), 661.7, f)
        is not None
        for _ in range(60)
    )
    assert found >= stats.binom.ppf(1e-3, 60, 0.85)


@pytest.mark.parametrize(("gap", "least"), [(0.8, 0.9), (1.0, 0.95), (1.5, 0.95)])
def test_doublets_are_found_as_two(gap: float, least: float) -> None:
    """Two peaks of 30,000 counts among others that the width is learned from."""
    random = np.random.default_rng([24, int(10 * gap)])
    edges = np.linspace(0.0, 1000.0, 4097)
    expected = falling(edges, 2e5)
    for e in (150.0, 300.0, 450.0, 750.0, 900.0):
        expected += gaussian_counts(edges, TruePeak(e, 3e4, float(GERMANIUM.fwhm_keV(e))))
    f = float(GERMANIUM.fwhm_keV(600.0))
    expected += gaussian_counts(edges, TruePeak(600.0, 3e4, f))
    expected += gaussian_counts(edges, TruePeak(600.0 + gap * f, 3e4, f))
    both, pulls = 0, []
    for _ in range(12):
        got = analyze_peaks(drawn(expected, edges, random), GERMANIUM)
        pair = [p for p in got.peaks if 600.0 - f < p.energy_keV < 600.0 + (gap + 1.0) * f]
        if len(pair) == 2:
            both += 1
            pulls += [(p.area - 3e4) / p.area_uncertainty for p in pair]
    assert both >= least * 12 - 1
    assert abs(np.mean(pulls)) < 3.5 / np.sqrt(len(pulls)) + 0.15
    assert np.std(pulls) < 1.0 + 3.5 / np.sqrt(2 * len(pulls)) + 0.15


@pytest.mark.parametrize("gap", [2.4, 3.4, 4.0])
def test_a_weak_peak_beside_a_strong_one_is_found(gap: float) -> None:
    """2,500 counts beside 150,000, on 9,000 counts per width: 17 standard deviations of its own.

    The filter answers to the strong peak out to 3.4 widths, and the weak one stands on that flank.
    """
    random = np.random.default_rng([30, int(10 * gap)])
    edges = np.linspace(0.0, 2000.0, 12_289)
    f = float(GERMANIUM.fwhm_keV(950.0))
    expected = falling(edges, 1e5) + 9_000.0 * (edges[1] - edges[0]) / f
    for e in (300.0, 600.0, 950.0, 1300.0):
        expected += gaussian_counts(edges, TruePeak(e, 1.5e5, float(GERMANIUM.fwhm_keV(e))))
    expected += gaussian_counts(edges, TruePeak(950.0 + gap * f, 2_500.0, f))
    for _ in range(3):
        got = nearest(analyze_peaks(drawn(expected, edges, random), GERMANIUM), 950.0 + gap * f, f)
        assert got is not None
        assert abs(got.area - 2_500.0) < 4.0 * got.area_uncertainty


def test_single_peaks_stay_single() -> None:
    """Twelve strong single peaks, ten spectra: hardly a satellite beside them."""
    random = np.random.default_rng(25)
    edges = np.linspace(0.0, 2000.0, 8193)
    expected = falling(edges, 2e5)
    energies = np.linspace(150.0, 1850.0, 12)
    for e in energies:
        expected += gaussian_counts(edges, TruePeak(e, 1e5, float(GERMANIUM.fwhm_keV(e))))
    more = sum(
        len(analyze_peaks(drawn(expected, edges, random), GERMANIUM).peaks) - 12 for _ in range(10)
    )
    assert more <= 8


def test_the_tail_of_the_detector_is_learned_from_its_strong_peaks() -> None:
    random = np.random.default_rng(26)
    edges = np.linspace(0.0, 1500.0, 6001)
    expected = falling(edges, 1e5)
    for e in (300.0, 700.0, 1100.0):
        part = slice(int(4 * e) - 200, int(4 * e) + 120)
        true = TruePeak(e, 2e5, float(GERMANIUM.fwhm_keV(e)))
        expected[part] += tailed_counts(
            edges[part.start : part.stop + 1], true, fraction=0.2, length=2.0
        )
    measured = drawn(expected, edges, random)
    got = analyze_peaks(measured, GERMANIUM)
    assert got.tail.fraction == pytest.approx(0.2, abs=0.05)
    for e in (300.0, 700.0, 1100.0):
        peak = nearest(got, e, 1.0)
        assert peak is not None
        assert abs(peak.area - 2e5) < 4.0 * peak.area_uncertainty + 0.01 * 2e5
    without = analyze_peaks(measured, GERMANIUM, tails=False)
    assert without.tail.fraction == 0.0


@pytest.mark.parametrize("factor", [0.4, 0.7, 1.5, 2.5])
def test_widths_come_from_the_spectrum_where_the_instrument_is_not_known(factor: float) -> None:
    random = np.random.default_rng(27)
    edges = np.linspace(0.0, 2000.0, 8193)
    expected = falling(edges, 1e5)
    energies = (150.0, 350.0, 500.0, 800.0, 1200.0, 1600.0)
    for e in energies:
        expected += gaussian_counts(edges, TruePeak(e, 5e3, float(GERMANIUM.fwhm_keV(e))))
    start = Resolution(GERMANIUM.a_keV2 * factor**2, GERMANIUM.b_keV * factor**2, 0.0)
    got = analyze_peaks(drawn(expected, edges, random), start, assumed=True)
    for e in energies:
        assert got.fwhm_keV(e) == pytest.approx(float(GERMANIUM.fwhm_keV(e)), rel=0.06)
    assert all(nearest(got, e, 1.0) is not None for e in energies)


def test_the_same_spectrum_gives_the_same_answer() -> None:
    random = np.random.default_rng(28)
    edges = np.linspace(0.0, 1500.0, 1025)
    expected = falling(edges, 1e5) + gaussian_counts(edges, TruePeak(661.7, 3e3, 45.0))
    measured = drawn(expected, edges, random)
    one = analyze_peaks(measured, SODIUM_IODIDE)
    two = analyze_peaks(measured, SODIUM_IODIDE)
    assert one.peaks == two.peaks
    assert len(one.peaks) >= 1


def test_counts_that_are_doubled_have_the_same_peaks_with_doubled_areas() -> None:
    random = np.random.default_rng(29)
    edges = np.linspace(0.0, 1500.0, 1025)
    expected = falling(edges, 1e5) + gaussian_counts(edges, TruePeak(661.7, 3e3, 45.0))
    counts = random.poisson(expected).astype(float)
    one = analyze_peaks(MeasuredSpectrum(counts, edges), SODIUM_IODIDE)
    two = analyze_peaks(MeasuredSpectrum(counts, edges, count_scale=2.0), SODIUM_IODIDE)
    assert [p.significance for p in one.peaks] == [p.significance for p in two.peaks]
    assert [2 * p.area for p in one.peaks] == [p.area for p in two.peaks]
    assert [2 * p.area_uncertainty for p in one.peaks] == [p.area_uncertainty for p in two.peaks]


@pytest.mark.parametrize("counts", [np.zeros(1024), np.eye(1, 1024, 500)[0], np.ones(1024)])
def test_spectra_with_next_to_nothing_have_no_peaks_and_no_error(counts: np.ndarray) -> None:
    got = analyze_peaks(MeasuredSpectrum(counts, np.linspace(0.0, 3000.0, 1025)), SODIUM_IODIDE)
    assert got.peaks == ()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match="false_peaks"):
        PeakSettings(false_peaks=0.0)
    with pytest.raises(InvalidInput, match="lowest_keV"):
        PeakSettings(lowest_keV=50.0, highest_keV=40.0)
