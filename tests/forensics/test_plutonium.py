"""Plutonium isotopics: lines, intervals on areas from formulas, whole spectra, refusals."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from isotopic_spectra import (
    Scene,
    aged_plutonium,
    decays_to_lines,
    plutonium_spectrum_lines,
    recordings,
    uranium_lines,
)
from scipy.stats import binom
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.detectors import Resolution, Shield, material, named_model
from tocsin.errors import OutOfDomain
from tocsin.forensics.plutonium import (
    PLUTONIUM,
    PlutoniumResult,
    measure_plutonium,
    summarized,
)
from tocsin.forensics.plutonium_fit import GroupArea, PlutoniumFit
from tocsin.forensics.plutonium_lines import PARTS, groups_of, plutonium_lines
from tocsin.formats import read
from tocsin.nuclear import load_library
from tocsin.spectra import EnergyCalibration, Instrument, Record, Recording, Spectrum
from tocsin.spectrometry.germanium import log_peak_efficiency
from tocsin.spectrometry.uranium_fit import NOTHING_KNOWN, Known

LIBRARY = load_library()
MODEL = named_model("generic-hpge")
LOW = {"Pu-238": 0.02, "Pu-239": 93.5, "Pu-240": 6.0, "Pu-241": 0.48}
HIGH = {"Pu-238": 1.2, "Pu-239": 60.0, "Pu-240": 28.0, "Pu-241": 10.8}


def fwhm_keV(energy_keV: float) -> float:
    return float(np.sqrt(0.8 + 0.0018 * energy_keV))


def per_hundred(masses: dict[str, float], name: str) -> float:
    return 100.0 * masses[name] / sum(masses[n] for n in PLUTONIUM)


def formula_areas(
    masses: dict[str, float], random: np.random.Generator, *, grams: float = 1e-3
) -> list[GroupArea]:
    """A slab of 4 g/cm2 behind 2 g/cm2 of iron before a crystal of 5.2 x 3.4 cm, written out."""
    groups = groups_of(plutonium_lines(LIBRARY), fwhm_keV)
    out = []
    for group in groups:
        expected = 0.0
        for x in group.lines:
            part = PARTS[x.part]
            atoms = grams * masses.get(part, 0.0) / float(part.split("-")[1])
            e = np.array([x.energy_keV])
            u, fe = (material(n) for n in ("U", "Fe"))
            y = float(u.coefficients(e).interaction[0]) / u.density_g_cm3 * 4.0
            iron = float(fe.coefficients(e).interaction[0]) / fe.density_g_cm3 * 2.0
            peak = np.exp(log_peak_efficiency(np.array([5.2]), np.array([0.65]), e)[0, 0])
            peak *= float(MODEL.window_transmission(e)[0]) * np.exp(-iron) * (1 - np.exp(-y)) / y
            rate = 6.02214e23 * atoms * LIBRARY[part].decay_constant_per_s
            expected += rate * x.strength * float(peak) * 200.0
        spread = float(np.sqrt(expected + 3000.0))
        out.append(GroupArea(group, expected + spread * random.standard_normal(), spread))
    return out


def answer(areas: list[GroupArea], known: Known = NOTHING_KNOWN) -> PlutoniumResult:
    fit = PlutoniumFit(areas, model=MODEL, shape_error=0.01, known=known, seed=1)
    return summarized(fit.draw(), tuple(areas), LIBRARY)


def test_the_lines_are_those_of_the_library_where_it_has_them() -> None:
    """Same evaluation, so the same intensity; the file only goes further down."""
    lines = plutonium_lines(LIBRARY)
    checked = 0
    for name in ("Pu-238", "Pu-239", "Pu-240", "Am-241"):
        for x in LIBRARY[name].lines:
            if x.kind == "gamma" and 121.9 < x.energy_keV < 215.0 and x.intensity > 1e-6:
                same = [
                    y
                    for y in lines
                    if PARTS[y.part] == name and abs(y.energy_keV - x.energy_keV) < 0.02
                ]
                assert len(same) == 1, (name, x.energy_keV)
                assert same[0].strength == pytest.approx(x.intensity, rel=1e-3)
                checked += 1
    assert checked == 11
    late = [x for x in lines if x.by_uranium_237 and abs(x.energy_keV - 208.0) < 0.1]
    # 0.212 photons per decay of U-237, which 2.4e-5 of the decays of Pu-241 lead to.
    assert late[0].strength == pytest.approx(0.212 * 2.4e-5, rel=0.01)


def test_the_data_file_is_the_one_of_its_manifest() -> None:
    folder = resources.files("tocsin.forensics") / "data" / "plutonium"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, entry in manifest.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"]


def test_groups_part_where_the_detector_does() -> None:
    lines = plutonium_lines(LIBRARY)
    sharp = {g.name for g in groups_of(lines, lambda _: 0.9)}
    blunt = groups_of(lines, lambda _: 2.5)
    assert {"148.6 keV", "152.7 keV", "160.3 keV", "203.6 keV", "208.0 keV", "413.7 keV"} <= sharp
    assert len(blunt) < 0.7 * len(sharp)
    for group in blunt:
        placed = group.energies_keV
        assert all(min(abs(x.energy_keV - e) for e in placed) <= 2.0 for x in group.lines)


@pytest.mark.parametrize(("start", "age"), [(LOW, 20.0), (HIGH, 6.0)])
def test_intervals_hold_the_truth_and_the_age(start: dict[str, float], age: float) -> None:
    random = np.random.default_rng(20261126)
    masses = aged_plutonium(start, age, LIBRARY)
    held = ages = 0
    for _ in range(4):
        r = answer(formula_areas(masses, random))
        for name in (*PLUTONIUM, "Am-241"):
            low, high = r.share(name).interval
            held += low <= per_hundred(masses, name) <= high
            assert r.share(name).seen, name
        assert r.age is not None
        assert r.age.age_y is not None
        assert r.age.standard_uncertainty_y is not None
        ages += abs(r.age.age_y - age) <= 2.0 * r.age.standard_uncertainty_y
        assert r.chi_squared < 3.0 * r.freedom
    # Below these, 95 % intervals fall once in a thousand runs.
    assert held >= binom.ppf(1e-3, 20, 0.95)
    assert ages >= binom.ppf(1e-3, 4, 0.95)


def test_the_shares_of_plutonium_sum_to_a_hundred_and_fewer_counts_widen() -> None:
    masses = aged_plutonium(LOW, 20.0, LIBRARY)
    areas = formula_areas(masses, np.random.default_rng(3))
    free = answer(areas)
    assert sum(free.share(n).mass_percent for n in PLUTONIUM) == pytest.approx(100.0, abs=0.3)
    known = answer(areas, Known(None, (3.0, 5.0), bare=False))

    def width(r: PlutoniumResult) -> float:
        low, high = r.share("Pu-240").interval
        return high - low

    # the ratios of neighbouring lines hardly need the object: knowing it must not widen
    assert width(known) < 1.02 * width(free)
    few = answer(formula_areas(masses, np.random.default_rng(3), grams=2e-5))
    assert width(few) > 1.5 * width(free)
    assert few.share("Pu-238").limit is not None


def test_uranium_mixed_in_is_told_apart_from_plutonium() -> None:
    masses = aged_plutonium(LOW, 10.0, LIBRARY) | {"U-235": 300.0}
    r = answer(formula_areas(masses, np.random.default_rng(4)))
    low, high = r.share("U-235").interval
    assert low <= 300.0 <= high
    assert r.share("Pu-240").interval[0] <= 6.0 <= r.share("Pu-240").interval[1]


def test_a_whole_spectrum_and_what_is_refused() -> None:
    """Spectra folded through the response; a fresh scintillator, uranium, and wide peaks."""
    random = np.random.default_rng(5)
    model = replace(MODEL, resolution=Resolution(0.8, 0.0018))
    masses = aged_plutonium(HIGH, 15.0, LIBRARY)
    lines = plutonium_spectrum_lines(masses, 100.0, LIBRARY)
    scene = Scene(lines, model, areal_g_cm2=8.0, shell=Shield("Fe", 2.0), seen=1e-5)
    ahead, behind = recordings(scene, LIBRARY, random)
    r = measure_plutonium(ahead, background=behind)
    for name in (*PLUTONIUM, "Am-241"):
        low, high = r.share(name).interval
        middle = 0.5 * (low + high)
        # One spectrum: twice the interval, which a normal error leaves once in 10,000.
        assert abs(per_hundred(masses, name) - middle) <= high - low, name
    assert r.age is not None
    assert r.age.age_y == pytest.approx(15.0, abs=4.0 * (r.age.standard_uncertainty_y or 0.0))
    assert {"plutonium_242_unseen", "equilibrium_assumed"} <= {w.code for w in r.warnings}
    with pytest.raises(OutOfDomain, match="two lines of Pu-239"):
        measure_plutonium(
            recordings(replace(scene, lines=uranium_lines(0.2, 50.0, LIBRARY)), LIBRARY, random)[0]
        )
    with pytest.raises(OutOfDomain, match="germanium"):
        measure_plutonium(wide_recording(random))


def wide_recording(random: np.random.Generator) -> Recording:
    """Counts of a scintillator: no peak narrower than 15 keV."""
    counts = random.poisson(200.0 * np.exp(-np.arange(1024.0) / 200.0) + 1.0).astype(float)
    calibration = EnergyCalibration("polynomial", (0.0, 3.0))
    spectrum = Spectrum(counts, live_time_s=100.0, real_time_s=100.0, calibration=calibration)
    instrument = Instrument(model="identiFINDER")
    return Recording(records=(Record(spectra=(spectrum,)),), instrument=instrument)


def test_lines_of_neptunium_239_and_a_missing_background_are_said() -> None:
    random = np.random.default_rng(6)
    masses = aged_plutonium(HIGH, 15.0, LIBRARY)
    lines = plutonium_spectrum_lines(masses, 100.0, LIBRARY)
    lines += decays_to_lines({"Np-239": 3e9}, LIBRARY)
    model = replace(MODEL, resolution=Resolution(0.8, 0.0018))
    scene = Scene(lines, model, areal_g_cm2=8.0, shell=Shield("Fe", 2.0), seen=1e-5)
    r = measure_plutonium(recordings(scene, LIBRARY, random)[0])
    assert {"americium_243", "no_background"} <= {w.code for w in r.warnings}


def test_the_command_on_simulated_plutonium_of_another_laboratory(shared_data: Path) -> None:
    """Its composition is not published; weapons or reactor, most of it must be Pu-239."""
    folder = shared_data / "reference_spectra" / "Detective-EX"
    source = folder / "Pu239_Shielded_100g.txt"
    if not source.is_file():
        pytest.skip("no reference spectra of plutonium in ../shared/data/reference_spectra")
    call = ["plutonium", str(source), "--background", str(folder / "background.txt")]
    done = CliRunner().invoke(app, [*call, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    shares = {s["nuclide"]: s for s in found["shares"]}
    assert found["schema"] == "tocsin.plutonium/1"
    assert shares["Pu-239"]["interval_95"][1] > 80.0
    assert shares["Pu-240"]["less_than"] is None or shares["Pu-240"]["less_than"] < 50.0
    assert found["age"]["age_y"] > 0.0
    done = CliRunner().invoke(app, call)
    assert "Americium was last removed" in done.output
    done = CliRunner().invoke(app, ["plutonium", str(folder / "U235_Unshielded.txt"), "--json"])
    assert done.exit_code == 2
    assert "Pu-239" in json.loads(done.stdout)["error"]["message"]


def test_a_pure_isotope_is_not_mistaken(shared_data: Path) -> None:
    path = shared_data / "reference_spectra" / "Detective-EX" / "Pu238_Unshielded.txt"
    if not path.is_file():
        pytest.skip("no reference spectra of plutonium in ../shared/data/reference_spectra")
    with pytest.raises(OutOfDomain, match="two lines of Pu-239"):
        measure_plutonium(read(path))
