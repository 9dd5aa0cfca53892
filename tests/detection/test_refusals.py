"""What says nothing of chance names nothing, with every kind of detector."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detection.identification import identify
from tocsin.detection.line_cells import _artefacts
from tocsin.detectors import model_names, named_model
from tocsin.nuclear import load_library
from tocsin.spectra import EnergyCalibration, Spectrum


@pytest.mark.parametrize("material", ["NaI", "Ge"])
@pytest.mark.parametrize(
    ("level", "subtract", "code"), [(400.0, True, "subtracted"), (0.02, False, "too_few_counts")]
)
def test_nothing_is_named(material: str, level: float, subtract: bool, code: str) -> None:
    generator = np.random.default_rng(5)
    mean = np.full(1024, level)
    counts = generator.poisson(mean) - mean * subtract
    spectrum = Spectrum(
        counts=counts,
        calibration=EnergyCalibration(kind="polynomial", coefficients=(0.0, 3.0)),
        live_time_s=600.0,
        real_time_s=600.0,
    )
    models = (named_model(name) for name in model_names())
    model = next(m for m in models if m.material == material)
    answer = identify([spectrum], None, model=model, library=load_library())
    assert not answer.findings
    assert [w.code for w in answer.warnings] == [code]


def test_escapes_of_a_line_beyond_the_end_need_its_nuclide() -> None:
    energies, fwhm = np.array([583.2, 1592.5]), np.array([2.0, 2.5])
    areas = np.array([1000.0, 300.0])
    assert _artefacts(energies, areas, fwhm, "Ge", 2000.0).tolist() == [False, True]
    assert not _artefacts(energies[1:], areas[1:], fwhm[1:], "Ge", 2000.0).any()
