"""Whole measured spectra against templates: what is fitted, and the figures of the comparison."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tocsin.detectors import Resolution
from tocsin.detectors.construction import named_construction
from tocsin.detectors.folding import scatter_continuum
from tocsin.detectors.irradiation import Irradiation
from tocsin.detectors.photon_matrix import PhotonMatrix
from tocsin.detectors.photon_matrix_build import MatrixSettings, photon_matrix
from tocsin.detectors.simulated_response import SimulatedResponse
from tocsin.detectors.source_photons import source_photons
from tocsin.formats import Reader
from tocsin.nuclear import load_library

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SETTINGS = MatrixSettings(energies=60, histories=20_000)
DETECTOR = named_construction("radiacode-102")
FILE_keV = np.arange(0.0, 1501.0, 3.0)
COUNTS = 400_000.0
SIGMAS = 4.5
"""Allowed deviation: once in 150,000 by counting alone."""


@pytest.fixture(scope="module")
def modules() -> Iterator[dict[str, ModuleType]]:
    """The modules of the score script."""
    names = ("continuum_fit", "continuum_sources", "score_continuum", "simulated_pairs")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield {name: importlib.import_module(name) for name in names}


@pytest.fixture(scope="module")
def fit(modules: dict[str, ModuleType]) -> ModuleType:
    return modules["continuum_fit"]


@pytest.fixture(scope="module")
def matrix() -> PhotonMatrix:
    return photon_matrix(DETECTOR, Irradiation(10.0), SETTINGS)


def emission(modules: dict[str, ModuleType], name: str) -> Any:
    """Photons of a nuclide."""
    pairs = modules["simulated_pairs"]
    source = source_photons(name, library=load_library())
    return modules["continuum_fit"].Emission(*pairs.emitted(source, None))


def recorded(
    modules: dict[str, ModuleType],
    source: Any,
    matrix: PhotonMatrix,
    *,
    gain: float = 1.0,
    offset_keV: float = 0.0,
    share: float = 0.0,
    wider: float = 1.0,
) -> Any:
    """A made recording with counting noise: a template, scatter of a share, on a wrong scale."""
    edges = (FILE_keV - offset_keV) / gain
    w = DETECTOR.resolution
    widths = Resolution(w.a_keV2 * wider**2, w.b_keV * wider**2, w.c * wider**2)
    detector = replace(DETECTOR, resolution=widths)
    response = SimulatedResponse(detector, matrix, edges)
    template = response.expected(response.lines(source.energies_keV), source.photons).counts
    around = scatter_continuum(source.energies_keV, source.photons, detector.model, edges)
    inside = edges[:-1] >= modules["continuum_fit"].FROM_KEV
    mean = (1 - share) * template / template[inside].sum()
    mean = COUNTS * (mean + share * around / around[inside].sum())
    counts = np.random.default_rng(20261127).poisson(np.maximum(mean, 0.0)).astype(float)
    return modules["continuum_sources"].Net(FILE_keV, counts, counts, 1.0)


def test_scale_width_and_share_of_a_made_recording_come_back(
    modules: dict[str, ModuleType], fit: ModuleType, matrix: PhotonMatrix
) -> None:
    """Nothing is left of the misfit but counting, and what the scale is uncertain by."""
    source = emission(modules, "Eu-152")
    net = recorded(modules, source, matrix, gain=0.985, offset_keV=5.0, share=0.2, wider=1.1)
    found = fit.compared(net, source, detector=DETECTOR, matrix=matrix)
    # a hundredth of a width is what every place is taken to be uncertain by, at 122 and 344 keV
    doubt = 0.01 * DETECTOR.resolution.fwhm_keV(np.array([122.0, 344.0]))
    slope = np.hypot(*doubt) / (344.0 - 122.0)
    assert found.scale.gain == pytest.approx(0.985, abs=SIGMAS * slope)
    assert found.scale.offset_keV == pytest.approx(
        5.0, abs=SIGMAS * np.hypot(doubt[0], 122 * slope)
    )
    for energy_keV in (122.0, 344.0):
        width = float(found.scale.resolution.fwhm_keV(energy_keV))
        assert width == pytest.approx(
            1.1 * float(DETECTOR.resolution.fwhm_keV(energy_keV)), rel=0.05
        )
    assert found.share == pytest.approx(0.2, abs=0.02)
    assert found.with_scatter.rms < 0.02
    assert found.template.rms > 4 * found.with_scatter.rms


def test_a_recording_on_its_own_scale_differs_by_counting_alone(
    modules: dict[str, ModuleType], fit: ModuleType, matrix: PhotonMatrix
) -> None:
    source = emission(modules, "Cs-137")
    net = recorded(modules, source, matrix)
    found = fit.compared(net, source, detector=DETECTOR, matrix=matrix)
    bands = found.template.measured.size
    # place and width of the peak are read with an uncertainty, which adds to counting
    assert found.template.chi_square < bands + SIGMAS * np.sqrt(2 * bands) + 20
    assert found.edge_keV == pytest.approx(0.0, abs=5.0)
    alone, scattered, sigma = found.peak_to_total
    assert abs(alone - 1) < SIGMAS * sigma
    assert abs(scattered - 1) < SIGMAS * sigma + found.share
    for name in ("shelf", "valley", "back"):
        assert found.region(name).alone == pytest.approx(1.0, abs=0.05)


def test_a_continuum_that_is_a_quarter_too_high_is_told(
    modules: dict[str, ModuleType], fit: ModuleType, matrix: PhotonMatrix
) -> None:
    """Made with 1.25 times the continuum for every count of the peak, compared without it."""
    source = emission(modules, "Cs-137")
    higher = replace(matrix, continuum=1.25 * matrix.continuum)
    net = recorded(modules, source, higher)
    found = fit.compared(net, source, detector=DETECTOR, matrix=matrix)
    true = fit.compared(net, source, detector=DETECTOR, matrix=higher)
    assert found.region("shelf").alone == pytest.approx(1.25, abs=0.04)
    assert found.region("back").alone == pytest.approx(1.25, abs=0.04)
    assert true.region("shelf").alone == pytest.approx(1.0, abs=0.04)
    # peak p and continuum c of the counts as made: p / (p + c) over p / (p + c / 1.25)
    peak = true.peak_to_total[0]
    assert found.peak_to_total[0] < peak
    share = sum(true._area(true.measured, s)[0] for s in true.clear) / true.template.measured.sum()
    expected = share + (1 - share) / 1.25
    assert found.peak_to_total[0] / peak == pytest.approx(expected, rel=0.01)
    assert found.template.rms > 0.05 > true.template.rms


def test_the_misfit_is_the_relative_difference_less_counting(fit: ModuleType) -> None:
    """Bands that differ by 10 per cent up and down have a misfit of 10 per cent, without: none."""
    rng = np.random.default_rng(3)
    expected = rng.uniform(500.0, 5000.0, 400)
    edges = np.arange(401.0)
    sign = np.where(np.arange(400) % 2, 1.0, -1.0)
    for wrong in (0.0, 0.1):
        mean = expected * (1 + wrong * sign)
        measured = rng.poisson(mean).astype(float)
        model = fit.Model(edges, measured, mean, expected, 0)
        # chi-square scatters by sqrt(2 n + 4 of what the difference adds)
        weight = float(np.sum(expected**2 / mean))
        spread = np.sqrt(2 * 400 + 4 * wrong**2 * weight)
        assert abs(model.chi_square - 400 - wrong**2 * weight) < SIGMAS * spread
        assert abs(model.rms**2 - wrong**2) < SIGMAS * spread / weight
        if not wrong:
            assert model.reduced == pytest.approx(1.0, abs=SIGMAS * np.sqrt(2 / 400))
    expected[:] = 1000.0
    measured = expected.copy()
    measured[17] = 1500.0
    worst = fit.Model(edges, measured, expected, expected, 0).worst
    assert (worst.low_keV, worst.high_keV, worst.ratio) == (17.0, 18.0, 1.5)


def test_bands_are_whole_channels(fit: ModuleType) -> None:
    coarse = np.arange(1.9, 1500.0, 9.46)
    starts = fit.band_starts(coarse, 40.0, 700.0)
    assert np.all(np.diff(starts) >= 1)
    assert abs(coarse[starts[0]] - 40.0) <= 9.46 / 2
    assert abs(coarse[starts[-1]] - 700.0) <= 9.46 / 2 + 5.0


def test_peaks_that_meet_are_summed_together(
    modules: dict[str, ModuleType], fit: ModuleType
) -> None:
    lines_type = importlib.import_module("simulated_figures").Lines
    widths = Resolution(400.0, 0.0)  # 20 keV everywhere
    e = np.array([300.0, 340.0, 600.0, 640.0, 900.0])
    areas = np.array([100.0, 50.0, 80.0, 4.0, 1.0])
    spans = fit.peak_spans(lines_type(e, areas, areas), widths)
    # 640 keV is too weak to move the sides of 600 keV, 900 keV to be summed
    assert [s[:2] for s in spans] == [(300.0, 340.0), (600.0, 600.0)]


def test_a_distance_follows_the_square_of_the_way(modules: dict[str, ModuleType]) -> None:
    distance_of = modules["score_continuum"].distance_of
    inside = DETECTOR.front_cm + 0.5
    assert distance_of(DETECTOR, 10.0, 1.0) == pytest.approx(10.0)
    ratio = ((10.0 + inside) / (20.0 + inside)) ** 2
    assert distance_of(DETECTOR, 10.0, ratio) == pytest.approx(20.0)


@pytest.mark.recordings
def test_every_recording_of_one_nuclide_is_compared_or_left_out_with_a_reason(
    modules: dict[str, ModuleType], recordings: Path
) -> None:
    table = modules["continuum_sources"]
    compared = {s.path.relative_to(recordings).as_posix() for s in table.sources()}
    with (recordings / "truth.csv").open(encoding="utf-8") as stream:
        named = [
            row["file"]
            for row in csv.DictReader(stream)
            if row["kind"] == "static" and (row["must"] or row["one_of"])
        ]
    assert len(named) > 30
    for file in named:
        assert file in compared or any(file.startswith(n) for n in table.LEFT_OUT), file


@pytest.mark.recordings
def test_a_recording_of_the_background_has_no_net_counts(
    modules: dict[str, ModuleType], recordings: Path
) -> None:
    """File 02 of the office is the background record of its folder."""
    table = modules["continuum_sources"]
    path = next(recordings.glob("suro_rc101/01*/*/02*.xml"))
    source = table.Source("office", path, ("K-40",), named_construction("radiacode-101"), (10.0,))
    with Reader() as reader:
        net = table.read_net(reader, source)
    assert net.variance.sum() > 0
    assert np.abs(net.counts).max() < 1e-6 * net.variance.sum()


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("title", "distance_cm", "edge_keV"),
    [
        # an edge may stand off by a quarter of the peak width there: light is not proportional
        ("Cs-137, RadiaCode-101, 25", 10.0, 18.0),
        ("Ba-133, OSASP HPGe, A2", None, 3.0),
    ],
)
def test_a_measured_spectrum_has_more_scatter_than_the_template(
    modules: dict[str, ModuleType],
    recordings: Path,
    title: str,
    distance_cm: float,
    edge_keV: float,
) -> None:
    """The claims of the page: surroundings are missing, edge and distance are as stated."""
    source = next(s for s in modules["continuum_sources"].sources() if s.title == title)
    with Reader() as reader:
        found = modules["score_continuum"].compare(source, reader, load_library(), SETTINGS)
    c = found.comparison
    assert c.with_scatter.rms < 0.8 * c.template.rms
    assert 0.1 < c.share < 0.5
    alone, scattered, sigma = c.peak_to_total
    # surroundings only add counts beside the peaks
    assert alone + SIGMAS * sigma < scattered < 1.0
    back = c.region("back")
    assert back.alone > back.scattered > 1.0
    assert abs(c.edge_keV) <= edge_keV
    if distance_cm is not None:
        # placing the source repeats to 30 per cent of the counts
        assert found.distance_cm == pytest.approx(distance_cm, rel=0.15)
