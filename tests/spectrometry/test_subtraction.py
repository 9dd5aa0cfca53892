"""Peaks less the background's: unbiased, honest, and zero where nothing was added."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_spectra import TruePeak, drawn, gaussian_counts

from tocsin.detectors import Resolution
from tocsin.errors import InvalidInput
from tocsin.spectrometry import (
    Subtracted,
    analyze_peaks,
    areas_at,
    limits_at,
    subtract_background,
)

CURVE = Resolution(0.6, 0.0018, 0.0)
EDGES = np.linspace(0.0, 3000.0, 8193)
NATURAL = {583.19: 900.0, 609.31: 800.0, 911.2: 500.0, 1460.82: 5000.0, 2614.5: 700.0}


def expected(*, time: float, source: dict[float, float]) -> np.ndarray:
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    out = time * (60.0 * np.exp(-middle / 400.0) + 0.5)
    for e, area in NATURAL.items():
        out += gaussian_counts(EDGES, TruePeak(e, time * area, float(CURVE.fwhm_keV(e))))
    for e, area in source.items():
        out += gaussian_counts(EDGES, TruePeak(e, time * area, float(CURVE.fwhm_keV(e))))
    return out


def spectra(random: np.random.Generator, source: dict[float, float]):
    ahead = drawn(expected(time=1.0, source=source), EDGES, random, live_time_s=600.0)
    behind = drawn(expected(time=2.5, source={}), EDGES, random, live_time_s=1500.0)
    return analyze_peaks(ahead, CURVE), analyze_peaks(behind, CURVE)


def test_natural_peaks_vanish_and_the_source_stays() -> None:
    """20 pairs: mean and scatter of what is left of peaks with and without a source."""
    random = np.random.default_rng(41)
    source = {661.66: 1500.0, 1460.82: 600.0}
    natural, added = [], []
    for _ in range(20):
        ahead, behind = spectra(random, source)
        for net in subtract_background(ahead, behind):
            for e in NATURAL:
                if abs(net.peak.energy_keV - e) < 1.0 and e not in source:
                    natural.append(net.area / net.area_uncertainty)
            for e, area in source.items():
                if abs(net.peak.energy_keV - e) < 1.0:
                    added.append((net.area - area) / net.area_uncertainty)
    assert len(natural) == 4 * 20
    assert len(added) == 2 * 20
    for pulls in (natural, added):
        n = len(pulls)
        assert abs(np.mean(pulls)) < 3.5 / np.sqrt(n) + 0.1
        assert abs(np.std(pulls) - 1.0) < 3.5 / np.sqrt(2 * n) + 0.1


def test_what_the_background_lacks_is_looked_up_with_its_uncertainty() -> None:
    ahead, behind = spectra(np.random.default_rng(42), {661.66: 1500.0})
    net = {round(n.peak.energy_keV): n for n in subtract_background(ahead, behind)}
    source, natural = net[662], net[1461]
    assert source.background_energy_keV is None
    assert source.background.uncertainty > 0
    assert abs(source.background.counts) < 4.0 * source.background.uncertainty
    assert natural.background_energy_keV == pytest.approx(1460.82, abs=0.2)
    assert natural.area_uncertainty > natural.peak.area_uncertainty


def test_an_unsure_scale_widens_what_is_left() -> None:
    ahead, behind = spectra(np.random.default_rng(43), {})
    sure = subtract_background(ahead, behind)
    unsure = subtract_background(ahead, behind, scale_relative_uncertainty=0.05)
    k = next(i for i, n in enumerate(sure) if abs(n.peak.energy_keV - 1460.8) < 1.0)
    assert unsure[k].area == sure[k].area
    extra = np.sqrt(unsure[k].area_uncertainty ** 2 - sure[k].area_uncertainty ** 2)
    assert extra == pytest.approx(0.05 * sure[k].background.counts)


def test_without_measuring_times_a_scale_must_be_given() -> None:
    random = np.random.default_rng(44)
    ahead = analyze_peaks(drawn(expected(time=1.0, source={}), EDGES, random), CURVE)
    with pytest.raises(InvalidInput, match="no measuring time"):
        subtract_background(ahead, ahead)
    same = subtract_background(ahead, ahead, scale=1.0)
    assert all(n.area == 0.0 for n in same if n.background_energy_keV is not None)
    with pytest.raises(InvalidInput, match="positive"):
        subtract_background(ahead, ahead, scale=0.0)


def test_limits_at_a_place_hold_in_repetition() -> None:
    """No peak at 800 keV: 5 % pass the threshold; a peak at the limit: 5 % do not."""
    random = np.random.default_rng(45)
    passed, missed = 0, 0
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    part = (middle > 700.0) & (middle < 900.0)
    edges = EDGES[np.flatnonzero(part)[0] : np.flatnonzero(part)[-1] + 2]
    base = np.full(edges.size - 1, 30.0)
    shape = gaussian_counts(edges, TruePeak(800.0, 1.0, float(CURVE.fwhm_keV(800.0))))
    area = areas_at(analyze_peaks(drawn(base, edges, random), CURVE), [800.0])[0]
    limit = limits_at(area).detection_limit
    assert limit is not None
    for there in (0.0, limit):
        for _ in range(150):
            analysis = analyze_peaks(drawn(base + there * shape, edges, random), CURVE)
            got = limits_at(areas_at(analysis, [800.0])[0])
            passed += there == 0.0 and got.recognised
            missed += there > 0.0 and not got.recognised
    room = 4.0 * np.sqrt(0.05 * 0.95 * 150)
    assert abs(passed - 7.5) < room
    assert abs(missed - 7.5) < room


def test_a_background_peak_raises_the_limits() -> None:
    ahead, behind = spectra(np.random.default_rng(46), {})
    area = areas_at(ahead, [1460.82])[0]
    taken = areas_at(behind, [1460.82])[0]
    scaled = Subtracted(0.4 * taken.area, 0.4 * taken.area_uncertainty)
    with_background = limits_at(area, background=scaled)
    without = limits_at(area)
    assert without.recognised
    assert not with_background.recognised
    assert with_background.decision_threshold > 3.0 * without.decision_threshold
    per_Bq = limits_at(area, background=scaled, per_count=0.2, factor_relative_uncertainty=0.1)
    assert per_Bq.decision_threshold == pytest.approx(0.2 * with_background.decision_threshold)
    assert per_Bq.detection_limit > 0.2 * with_background.detection_limit


def test_places_outside_are_refused() -> None:
    ahead, _ = spectra(np.random.default_rng(47), {})
    with pytest.raises(InvalidInput, match="outside of the channels"):
        areas_at(ahead, [5000.0])
    assert areas_at(ahead, []) == ()
