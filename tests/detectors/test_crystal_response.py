"""The fast response against the Monte-Carlo oracle, published figures and its own sums."""

import numpy as np
import pytest
from photon_oracle import deposits

from tocsin.detectors import Crystal, material
from tocsin.detectors.electrons import extrapolated_range_g_cm2, leave_probability
from tocsin.detectors.model import crystal_response
from tocsin.detectors.response import PHOTON_EDGES_KEV, CrystalResponse

NAI_3X3 = Crystal("cylinder", 7.62, (7.62, 7.62))
NAI_LOG = Crystal("box", 5.08, (10.16, 40.64))
CUBE = Crystal("box", 1.0, (1.0, 1.0))
HPGE = Crystal("cylinder", 5.0, (6.5, 6.5))


class ElectronsStay(CrystalResponse):
    """The response without electron escape, as the oracle has it."""

    def _electron_loss(self, energies_keV):
        return np.zeros_like(energies_keV)


@pytest.mark.parametrize("incidence", ["face", "isotropic", "inside"])
@pytest.mark.parametrize(
    ("name", "crystal"),
    [("NaI", NAI_3X3), ("CsI", CUBE), ("LaBr3", CUBE), ("CZT", CUBE), ("Ge", HPGE)],
)
def test_every_interaction_is_accounted_for(name, crystal, incidence):
    energies = np.array([20.0, 33.0, 34.0, 59.5, 122.0, 511.0, 661.7, 1022.5, 1460.8, 2614.5, 3000])
    out = crystal_response(name, crystal).deposit(energies, incidence=incidence)
    total = out.peaks.sum(axis=1) + out.continuum.sum(axis=1)
    assert total == pytest.approx(out.interacting, rel=1e-6)
    assert out.peaks.min() >= 0
    assert out.continuum.min() >= -1e-12
    assert np.all(out.interacting <= 1)


@pytest.mark.parametrize(
    ("name", "crystal", "energy_keV", "model_error"),
    [
        # what the even spread of later generations costs, as docs/science/detectors.md states it
        ("NaI", NAI_3X3, 661.657, 0.015),
        ("NaI", NAI_3X3, 2614.5, 0.02),
        ("NaI", NAI_LOG, 1332.5, 0.03),
        ("CsI", CUBE, 661.657, 0.04),
        ("Ge", HPGE, 661.657, 0.02),
        ("Ge", HPGE, 1332.5, 0.03),
    ],
)
def test_peak_and_total_agree_with_the_oracle(name, crystal, energy_keV, model_error):
    n = 60_000
    left = deposits(material(name), crystal, energy_keV, n, np.random.default_rng(2026))
    fast = ElectronsStay(material(name), crystal).deposit(np.array([energy_keV]))
    total = float((left > 0).mean())
    assert fast.interacting[0] == pytest.approx(total, abs=4 * np.sqrt(total * (1 - total) / n))
    # the oracle has no X-rays: what the fast response loses by them belongs to its peak
    peak = float(fast.peaks[0, :-2].sum())
    seen = float((left > energy_keV - 1e-6).mean())
    assert peak == pytest.approx(seen, abs=model_error * seen + 4 * np.sqrt(seen / n))


def test_the_shape_of_the_continuum_agrees_with_the_oracle():
    n, energy = 60_000, 1332.5
    left = deposits(material("NaI"), NAI_3X3, energy, n, np.random.default_rng(5))
    fast = ElectronsStay(material("NaI"), NAI_3X3).deposit(np.array([energy]))
    escaped = np.concatenate(([0.0], np.cumsum(fast.continuum[0])))
    for low, high, model_error in (
        (30, 300, 0.03),
        (300, 600, 0.03),
        (600, 900, 0.03),
        (900, 1100, 0.03),
        (1140, 1300, 0.7),  # the valley below the peak holds under one per cent, and too much
    ):
        share = np.interp([energy - high, energy - low], PHOTON_EDGES_KEV, escaped)
        seen = float(((left > low) & (left <= high)).mean())
        tolerance = model_error * seen + 4 * np.sqrt(seen / n)
        assert share[1] - share[0] == pytest.approx(seen, abs=tolerance)


def test_escape_peaks_of_thorium_c_double_prime():
    n = 100_000
    left = deposits(material("NaI"), NAI_3X3, 2614.5, n, np.random.default_rng(8))
    fast = ElectronsStay(material("NaI"), NAI_3X3).deposit(np.array([2614.5]))
    for column, lost in ((-2, 511.0), (-1, 1022.0)):
        seen = float((np.abs(left - 2614.5 + lost) < 0.1).mean())
        assert fast.peaks[0, column] == pytest.approx(seen, abs=4 * np.sqrt(seen / n))
    # independent prototype of the reference: 5.2 and 2.3 per cent of the total
    assert fast.peaks[0, -2] / fast.interacting[0] == pytest.approx(0.052, abs=0.002)
    assert fast.peaks[0, -1] / fast.interacting[0] == pytest.approx(0.023, abs=0.001)


@pytest.mark.parametrize(
    ("energy_keV", "expected"),
    [(59.5, 0.892), (356.0, 0.802), (661.7, 0.580), (1332.5, 0.400), (2614.5, 0.275)],
)
def test_peak_to_total_of_a_bare_3x3(energy_keV, expected):
    """Another Monte-Carlo code, point source at 10 or 25 cm instead of a parallel beam."""
    out = crystal_response("NaI", NAI_3X3).deposit(np.array([energy_keV]))
    assert out.peaks[0, 0] / out.interacting[0] == pytest.approx(expected, rel=0.035)


def test_the_iodine_escape_peak_shows_just_above_the_edge():
    out = crystal_response("NaI", NAI_3X3).deposit(np.array([33.0, 34.0, 60.0, 200.0]))
    xray = out.peaks[:, 1:-2].sum(axis=1)
    assert xray[0] == 0
    assert xray[1] > xray[2] > xray[3] > 0
    # the generic 3x3 of another laboratory loses 16 per cent of its peak from 30 to 35 keV
    assert 0.13 < xray[1] < 0.25


def test_more_crystal_catches_more():
    energies = np.array([100.0, 661.7, 1460.8, 2614.5])
    sizes = [crystal_response("NaI", Crystal("cylinder", s, (s, s))) for s in (1.0, 2.5, 5.0, 10.0)]
    peaks = np.array([r.deposit(energies).peaks[:, 0] for r in sizes])
    assert np.all(np.diff(peaks, axis=0) > 0)
    rates = np.array([r.deposit(np.array([661.7])).interacting[0] for r in sizes])
    assert np.all(np.diff(rates) > 0)


def test_the_peak_falls_with_the_energy_above_the_edge():
    energies = np.geomspace(200, 3000, 60)
    peak = crystal_response("CsI", CUBE).deposit(energies).peaks[:, 0]
    assert np.all(np.diff(peak) < 0)


def test_electrons_leave_small_crystals_and_not_large_ones():
    # Tabata et al. (1972): about 0.40 g/cm2 for 1 MeV in aluminium
    reach = extrapolated_range_g_cm2(np.array([1000.0]), atomic_number=13, atomic_weight=26.98)
    assert reach[0] == pytest.approx(0.40, abs=0.02)
    energies = np.array([0.0, 100.0, 1000.0, 3000.0])
    small = leave_probability(energies, stuff=material("CsI"), mean_chord_cm=2 / 3)
    large = leave_probability(energies, stuff=material("CsI"), mean_chord_cm=5.0)
    assert small[0] == 0
    assert np.all(np.diff(small) > 0)
    assert np.all(small[1:] > large[1:])
    kept = crystal_response("CsI", CUBE).deposit(np.array([2614.5])).peaks[0, 0]
    bare = ElectronsStay(material("CsI"), CUBE).deposit(np.array([2614.5])).peaks[0, 0]
    assert 0.5 < kept / bare < 0.95


GENERIC = {
    # folder: material, depth and width in cm, aluminium before the crystal in g/cm2
    "NaI 1x1": ("NaI", 2.54, 1.7, 0.3),
    "NaI 10%": ("NaI", 5.1, 3.05, 1.1),
    "NaI 25%": ("NaI", 5.0, 4.45, 0.7),
    "NaI 3x3": ("NaI", 7.6, 6.35, 0.5),
    "LaBr 5%": ("LaBr3", 2.9, 2.55, 0.4),
    "HPGe 20%": ("Ge", 3.57, 4.57, 0.25),
}


@pytest.mark.recordings
@pytest.mark.parametrize("name", GENERIC)
def test_intrinsic_peak_efficiency_of_generic_detectors(recordings, name):
    """Another laboratory's calculation; widths there are fitted, so 20 per cent is all it shows."""
    stuff, depth, width, aluminium = GENERIC[name]
    lines = (recordings / "drf" / "GenericGadrasDetectors" / name / "Efficiency.csv").read_text()
    rows = [line.split(",")[:2] for line in lines.splitlines()[2:] if line.strip()]
    table = np.array([[float(v) for v in row] for row in rows])
    energies = np.array([100.0, 200.0, 450.0, 661.66, 1000.0, 1332.5])
    theirs = np.exp(np.interp(np.log(energies), np.log(table[:, 0]), np.log(table[:, 1] + 1e-9)))
    window = material("Al")
    mu = window.coefficients(energies).interaction / window.density_g_cm3
    peak = crystal_response(stuff, Crystal("cylinder", depth, (width, width)))
    ours = 100 * peak.deposit(energies).peaks[:, 0] * np.exp(-mu * aluminium)
    assert ours / theirs == pytest.approx(1, abs=0.20)
    assert np.median(ours / theirs) == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("energy_keV", [60.0, 661.7])
def test_isotropic_field_agrees_with_the_chords(energy_keV):
    """Total by the chords of the body: ``1 - <exp(-mu chord)>``."""
    length, weight = NAI_LOG.chords
    mu = material("NaI").coefficients([energy_keV]).interaction[0]
    out = crystal_response("NaI", NAI_LOG).deposit(np.array([energy_keV]), incidence="isotropic")
    assert out.interacting[0] == pytest.approx(-np.expm1(-mu * length) @ weight, rel=2e-3)
