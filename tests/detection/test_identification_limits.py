"""What identification does at its limits: overload, impurities, smooth excess beside a series."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detection.candidates import Candidate
from tocsin.detection.evidence import Proof
from tocsin.detection.identification import IdentificationSettings, _may_be_smooth, identify
from tocsin.detection.source_lines import line_bank
from tocsin.detectors import named_model
from tocsin.nuclear import load_library
from tocsin.spectra import EnergyCalibration, Spectrum


def smooth_spectrum(total: float, live_time_s: float) -> Spectrum:
    energies = 3.0 * np.arange(1, 1025)
    shape = np.exp(-energies / 600.0)
    counts = np.rint(shape / shape.sum() * total).astype(np.int64)
    calibration = EnergyCalibration.polynomial((0.0, 3.0))
    return Spectrum(counts, live_time_s, live_time_s, calibration)


def test_an_overloaded_instrument_names_nothing_and_says_so() -> None:
    """A spectrum of sums has no peaks: 7e5 counts a second in one crystal."""
    model, library = named_model("generic-csi"), load_library()
    found = identify([smooth_spectrum(1.3e9, 1800.0)], None, model=model, library=library)
    assert found.source_class == "unknown"
    assert found.unknown
    assert found.findings == ()
    assert [w.code for w in found.warnings] == ["overload"]
    assert "overloaded" in found.reasons[0]
    # the same rate spread over crystals that each keep up is no overload
    limit = IdentificationSettings().overload_rate_cps
    crystals = [smooth_spectrum(0.9 * limit * 10.0, 10.0) for _ in range(3)]
    answer = identify(crystals, None, model=model, library=library)
    assert "overload" not in {w.code for w in answer.warnings}


@pytest.mark.parametrize(
    ("name", "impurity", "energy_keV"),
    [("I-125", "I-126", 666.3), ("Tl-201", "Tl-202", 439.5), ("Xe-133", "Xe-133m", 233.2)],
)
def test_a_nuclide_is_offered_with_and_without_its_impurity(
    name: str, impurity: str, energy_keV: float
) -> None:
    bank = line_bank(named_model("generic-hpge"), load_library())
    lines = bank.lines[bank.index(name)]
    at = int(np.argmin(np.abs(lines.energies_keV - energy_keV)))
    assert lines.energies_keV[at] == pytest.approx(energy_keV, abs=0.2)
    assert lines.emitters[at] == impurity
    of_line = lines.peaks[:, at] / lines.peaks.sum(axis=1)
    assert of_line.min() == 0.0
    assert of_line.max() > 0.5  # behind a thick shield only the impurity comes through


def test_a_series_sends_scattered_photons_of_its_own() -> None:
    def proof(name: str) -> Proof:
        return Proof(Candidate(name, "natural", True), 100.0, (), (), (), 1.0)

    assert _may_be_smooth([])
    assert _may_be_smooth([proof("K-40")])
    assert not _may_be_smooth([proof("K-40"), proof("Ra-226")])
    source = Proof(Candidate("Cs-137", "common", True), 100.0, (), (), (), 1.0)
    assert not _may_be_smooth([source])
