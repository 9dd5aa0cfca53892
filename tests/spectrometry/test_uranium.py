"""Enrichment: bias and coverage on areas from formulas, refusals, spectra of known enrichment."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, norm

from tocsin.detectors import Crystal, material, named_model
from tocsin.detectors.model import crystal_response
from tocsin.errors import OutOfDomain
from tocsin.formats import read
from tocsin.nuclear import load_library
from tocsin.spectra import (
    EnergyCalibration,
    Instrument,
    Record,
    Recording,
    Spectrum,
)
from tocsin.spectrometry.relative_efficiency import slab_escape, sphere_escape
from tocsin.spectrometry.uranium import UraniumResult, measure_uranium, summarized
from tocsin.spectrometry.uranium_fit import NOTHING_KNOWN, AreaFit, Known
from tocsin.spectrometry.uranium_lines import ENRICHMENT, NetArea

LIBRARY = load_library()
MODEL = named_model("generic-hpge")
CRYSTAL = Crystal("cylinder", 5.0, (5.0, 5.0))
NAME = re.compile(r"U235_.*_(\d{4})\.txt$")


def fwhm_keV(energy_keV: float) -> float:
    return float(np.sqrt(1.2 + 0.0018 * energy_keV))


def efficiency(energy_keV: float, *, uranium_g_cm2: float, iron_g_cm2: float) -> float:
    """A slab of uranium behind iron before a bare crystal, written out."""

    def mass(name: str) -> float:
        m = material(name)
        c = m.coefficients([energy_keV])
        return float((c.photo + c.incoherent + c.pair)[0]) / m.density_g_cm3

    y = mass("U") * uranium_g_cm2
    peak = float(crystal_response("Ge", CRYSTAL).deposit(np.array([energy_keV])).peaks[0, 0])
    peak *= float(MODEL.window_transmission([energy_keV])[0])
    return peak * (1.0 - np.exp(-y)) / y * np.exp(-mass("Fe") * iron_g_cm2)


def activity_per_u238(weight: float) -> float:
    """Activity of U-235 over that of U-238 by weight fraction, without U-234."""
    atoms = weight / 235.0 / ((1.0 - weight) / 238.0)
    return atoms * LIBRARY["U-238"].half_life_s / LIBRARY["U-235"].half_life_s


def true_areas(
    weight: float, *, at_186: float, radium: float = 0.0, **object_: float
) -> dict[str, float]:
    """Expected net counts by feature; ``radium`` is its activity over that of U-235."""
    parts = {
        "U-235": ("U-235", "Th-231"),
        "U-238": ("Th-234", "Pa-234m"),
        "Ra-226": ("Ra-226", "Pb-214", "Bi-214"),
    }
    activity = {"U-235": 1.0, "U-238": 1.0 / activity_per_u238(weight), "Ra-226": radium}
    out = {}
    for f in ENRICHMENT:
        at = [e for _, e in f.lines]
        low, high = min(at) - 0.5 * fwhm_keV(at[0]), max(at) + 0.5 * fwhm_keV(at[0])
        out[f.name] = sum(
            activity[part] * line.intensity * efficiency(line.energy_keV, **object_)
            for part, emitters in parts.items()
            for n in emitters
            for line in LIBRARY[n].lines
            if low <= line.energy_keV <= high
        )
    one = LIBRARY["U-235"].lines
    strength = max(x.intensity for x in one if abs(x.energy_keV - 185.7) < 0.5)
    scale = at_186 / (strength * efficiency(185.713, **object_))
    return {name: scale * value for name, value in out.items()}


def measured(
    expected: dict[str, float], random: np.random.Generator, continuum: float
) -> list[NetArea]:
    out = []
    for f in ENRICHMENT:
        spread = float(np.sqrt(expected[f.name] + continuum))
        out.append(NetArea(f, expected[f.name] + spread * random.standard_normal(), spread))
    return out


def answer(areas: list[NetArea], known: Known = NOTHING_KNOWN) -> UraniumResult:
    fit = AreaFit(
        areas, [], fwhm_keV=fwhm_keV, shape_error=0.01, model=MODEL, known=known,
        library=LIBRARY, seed=1,
    )  # fmt: skip
    return summarized(fit.draw(own_radium=True), tuple(areas), LIBRARY)


OBJECTS = [(0.0072, 30.0, 0.5), (0.045, 3.0, 2.0), (0.4, 0.3, 0.5), (0.9, 8.0, 1.0)]
"""Weight share of U-235, uranium and iron along the line of sight in g/cm2."""
RUNS = 5


def test_intervals_hold_the_truth() -> None:
    random = np.random.default_rng(20261126)
    held = 0
    for weight, uranium, iron in OBJECTS:
        expected = true_areas(weight, at_186=3e4, uranium_g_cm2=uranium, iron_g_cm2=iron)
        offsets = []
        for _ in range(RUNS):
            r = answer(measured(expected, random, 2000.0))
            low, high = r.weight_interval
            held += low <= 100.0 * weight <= high
            offsets.append((r.weight_percent - 100.0 * weight) / r.expanded_uncertainty)
            assert r.chi_squared < 35.0
        # The unknown curve is the same in all runs, so the mean may be off by its whole part.
        assert abs(float(np.mean(offsets))) < 1.0
    # Below this (15 of 20) a 95 % interval falls once in a thousand times.
    assert held >= binom.ppf(1e-3, RUNS * len(OBJECTS), 0.95)


def test_more_counts_narrow_the_interval_and_knowledge_does() -> None:
    random = np.random.default_rng(3)
    object_ = {"uranium_g_cm2": 3.0, "iron_g_cm2": 1.0}
    few = answer(measured(true_areas(0.05, at_186=1e3, **object_), random, 2000.0))
    areas = measured(true_areas(0.05, at_186=1e5, **object_), random, 2000.0)
    many = answer(areas)
    known = answer(areas, Known(CRYSTAL, (2.0, 4.5)))
    assert known.expanded_uncertainty < 0.9 * many.expanded_uncertainty
    assert known.weight_interval[0] <= 5.0 <= known.weight_interval[1]
    assert many.expanded_uncertainty < 0.7 * few.expanded_uncertainty
    assert many.category == "low enriched"
    assert sum(many.probabilities.values()) == pytest.approx(1.0)


def test_radium_is_taken_off_the_186_keV_peak() -> None:
    """As much radium in the peak as a quarter: without the correction the truth would be missed."""
    random = np.random.default_rng(4)
    object_ = {"uranium_g_cm2": 1.0, "iron_g_cm2": 0.5}
    without = true_areas(0.01, at_186=5e4, **object_)
    with_radium = true_areas(0.01, at_186=5e4, radium=5.0, **object_)
    share = 1.0 - without["185.7 keV"] / with_radium["185.7 keV"]
    assert 0.15 < share < 0.4
    r = answer(measured(with_radium, random, 2000.0))
    # Radon kept (0.7 to 1) and the curve from 186 to 609 keV leave the share itself rough: with
    # this seed 0.32 for 0.24. What is stated of the uranium is the interval.
    assert r.radium_share == pytest.approx(share, rel=0.5)
    assert r.weight_interval[0] <= 1.0 <= r.weight_interval[1]


def test_a_peak_that_is_mostly_radium_is_refused() -> None:
    mostly = true_areas(0.0072, at_186=2e3, radium=60.0, uranium_g_cm2=1.0, iron_g_cm2=0.5)
    with pytest.raises(OutOfDomain, match="radium"):
        answer(measured(mostly, np.random.default_rng(5), 500.0))


def test_no_uranium_238_gives_a_lower_limit() -> None:
    expected = true_areas(0.97, at_186=3e3, uranium_g_cm2=1.0, iron_g_cm2=0.5)
    r = answer(measured(expected, np.random.default_rng(6), 900.0))
    assert r.limit == "at_least"
    assert r.limit_percent is not None
    assert r.limit_percent < 97.0
    assert r.category == "high enriched"


def test_peaks_that_no_curve_explains_widen_the_interval() -> None:
    """The 163 keV peak twice as large as its neighbours allow."""
    expected = true_areas(0.05, at_186=1e5, uranium_g_cm2=3.0, iron_g_cm2=0.5)
    good = answer(measured(expected, np.random.default_rng(9), 2000.0))
    expected["163.4 keV"] *= 2.0
    bad = answer(measured(expected, np.random.default_rng(9), 2000.0))
    assert bad.chi_squared > 5.0 * bad.freedom > good.chi_squared
    assert bad.expanded_uncertainty > 1.2 * good.expanded_uncertainty


def test_escape_formulas_agree_with_sampling() -> None:
    """Straight ways out of a slab and a sphere, sampled."""
    random = np.random.default_rng(7)
    depth = random.random(200_000)
    radius = random.random(200_000) ** (1 / 3)
    cosine = 2.0 * random.random(200_000) - 1.0
    way = 0.5 * (-radius * cosine + np.sqrt(1.0 - radius**2 * (1.0 - cosine**2)))
    for y in (1e-3, 0.02, 0.5, 3.0, 20.0):
        for formula, path in ((slab_escape, depth), (sphere_escape, way)):
            share = np.exp(-y * path)
            spread = float(share.std() / np.sqrt(share.size))
            assert float(formula(np.array([y]))[0]) == pytest.approx(
                float(share.mean()), abs=4 * spread + 1e-5
            )


def recording(counts: np.ndarray, *, model: str) -> Recording:
    calibration = EnergyCalibration("polynomial", (0.0, 0.4))
    spectrum = Spectrum(counts, live_time_s=1000.0, real_time_s=1001.0, calibration=calibration)
    return Recording(records=(Record(spectra=(spectrum,)),), instrument=Instrument(model=model))


def synthetic(areas: dict[str, float], width: float, random: np.random.Generator) -> np.ndarray:
    """Poisson counts of a smooth continuum with the features' first lines on it."""
    edges = 0.4 * np.arange(4097)
    middle = 0.5 * (edges[1:] + edges[:-1])
    expected = 40.0 * np.exp(-middle / 400.0) + 0.5
    for f in ENRICHMENT:
        energy = f.lines[-1][1] if f.part != "U-238" else f.lines[0][1]
        sigma = width * fwhm_keV(energy) / (2.0 * np.sqrt(2.0 * np.log(2.0)))
        expected += areas[f.name] * np.diff(norm.cdf(edges, energy, sigma))
    return random.poisson(expected).astype(float)


def test_a_whole_spectrum_and_what_is_refused() -> None:
    random = np.random.default_rng(8)
    areas = true_areas(0.2, at_186=2e4, uranium_g_cm2=2.0, iron_g_cm2=0.5)
    r = measure_uranium(recording(synthetic(areas, 1.0, random), model="generic HPGe Detective"))
    assert r.weight_interval[0] <= 20.0 <= r.weight_interval[1]
    codes = {w.code for w in r.warnings}
    assert {"equilibrium_assumed", "no_background"} <= codes
    none = dict.fromkeys(areas, 0.0)
    with pytest.raises(OutOfDomain, match="two lines of uranium"):
        measure_uranium(recording(synthetic(none, 1.0, random), model="Detective"))
    with pytest.raises(OutOfDomain, match="germanium"):
        measure_uranium(recording(synthetic(areas, 12.0, random), model="identiFINDER"))


def test_detective_spectra_of_known_enrichment(shared_data: Path) -> None:
    folder = shared_data / "reference_spectra" / "Detective-EX"
    files = sorted(p for p in folder.glob("U235_*.txt") if NAME.search(p.name))
    if not files:
        pytest.skip("no reference spectra of uranium in ../shared/data/reference_spectra")
    background = read(folder / "background.txt")
    held = 0
    for path in files[::3] + files[-1:]:
        match = NAME.search(path.name)
        assert match is not None
        true = int(match[1]) / 100.0
        r = measure_uranium(read(path), background=background)
        assert r.chi_squared / r.freedom < 3.0, path.name
        # None of them is far off: not even an interval of half the width more.
        reach = 1.5 * r.expanded_uncertainty
        assert abs(r.weight_percent - true) <= reach, path.name
        held += r.weight_interval[0] <= true <= r.weight_interval[1]
    assert held >= binom.ppf(1e-3, len(files[::3]) + 1, 0.95)
