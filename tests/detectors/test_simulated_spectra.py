"""Templates against spectra that another code simulated, and the figures of that comparison."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from tocsin.detectors import Resolution, Shield, material
from tocsin.detectors.construction import named_construction
from tocsin.detectors.photon_matrix_build import MatrixSettings
from tocsin.detectors.shield_matrix import shield_matrix
from tocsin.nuclear import load_library

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SETTINGS = MatrixSettings(energies=60, histories=20_000)
EDGES_keV = np.arange(0.0, 1001.0, 2.0)
CENTRES_keV = (EDGES_keV[1:] + EDGES_keV[:-1]) / 2
WIDTHS = Resolution(0.0, 0.6)


@pytest.fixture(scope="module")
def modules() -> Iterator[tuple[ModuleType, ModuleType]]:
    """The figures and the comparison of the score script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield (
            importlib.import_module("simulated_figures"),
            importlib.import_module("simulated_pairs"),
        )


@pytest.fixture(scope="module")
def figures(modules: tuple[ModuleType, ModuleType]) -> ModuleType:
    return modules[0]


@pytest.fixture(scope="module")
def radiacode(modules: tuple[ModuleType, ModuleType], shared_data: Path) -> Any:
    """The folder of the RadiaCode-102 with a small simulation of ours."""
    folder = shared_data / "reference_spectra" / "RadiaCode-102"
    if not folder.is_dir():
        pytest.skip("no reference spectra in ../shared/data/reference_spectra")
    return modules[1].Instrument(
        folder, named_construction("radiacode-102"), library=load_library(), settings=SETTINGS
    )


def made(peak: float, edge_keV: float, shelf: float) -> np.ndarray:
    """A peak at 662 keV on a continuum that falls at an edge, smeared."""
    sigma = float(WIDTHS.fwhm_keV(662.0)) / 2.3548
    gauss = np.diff(ndtr((EDGES_keV - 662.0) / sigma))
    return peak * gauss + shelf * ndtr((edge_keV - CENTRES_keV) / sigma) + 1.0


def test_an_amplitude_is_that_of_the_least_sum_of_differences(figures: ModuleType) -> None:
    rng = np.random.default_rng(7)
    ours = rng.uniform(1.0, 9.0, 50)
    theirs = 3.0 * ours
    theirs[:5] *= 10.0  # an excess in some bins must not lift the rest
    assert figures.best_scale(theirs, ours) == pytest.approx(3.0)
    theirs = rng.uniform(1.0, 9.0, 50)
    best = figures.best_scale(theirs, ours)
    least = np.abs(theirs - best * ours).sum()
    for other in np.linspace(0.1, 5.0, 200):
        assert np.abs(theirs - other * ours).sum() >= least - 1e-9


def test_areas_edges_and_heights_of_a_made_spectrum_come_back(figures: ModuleType) -> None:
    """Ours has 1.2 times the peak, the edge 6 keV higher and half the continuum for each count."""
    theirs, ours = made(1e5, 478.0, 300.0), made(1.2e5, 484.0, 180.0)
    one = np.array([662.0])
    lines = figures.Lines(one, np.ones(1), np.array([1e5]))
    sigma = np.sqrt(theirs)
    groups = figures.clear_groups(EDGES_keV, theirs, sigma, ours, lines, WIDTHS)
    assert len(groups) == 1
    # the sum within 1.25 FWHM holds 99.7 per cent, less what its flanks add to both sides
    assert groups[0].theirs == pytest.approx(1e5, rel=0.02)
    assert groups[0].ratio == pytest.approx(1.2, rel=0.002)
    edge = figures.compton_edge(EDGES_keV, theirs, ours, groups, lines, WIDTHS)
    assert edge is not None
    assert edge.place_keV == pytest.approx(6.0, abs=1.0)
    assert edge.shelf == pytest.approx(0.5, rel=0.03)
    assert edge.back == pytest.approx(0.5, rel=0.03)


def test_a_steepest_place_at_the_rim_of_the_search_is_no_edge(figures: ModuleType) -> None:
    """A continuum that falls more and more gently is steepest where the search begins."""
    ours = made(1e5, 478.0, 300.0)
    theirs = made(1e5, 478.0, 0.0) + 3e4 * np.exp(-CENTRES_keV / 150.0)
    lines = figures.Lines(np.array([662.0]), np.ones(1), np.array([1e5]))
    groups = figures.clear_groups(EDGES_keV, theirs, np.sqrt(theirs), ours, lines, WIDTHS)
    assert len(groups) == 1
    assert figures.compton_edge(EDGES_keV, ours, ours, groups, lines, WIDTHS) is not None
    assert figures.compton_edge(EDGES_keV, theirs, ours, groups, lines, WIDTHS) is None
    assert figures.compton_edge(EDGES_keV, ours, theirs, groups, lines, WIDTHS) is None


def test_a_peak_beside_another_one_is_not_compared(figures: ModuleType) -> None:
    theirs = made(1e5, 478.0, 300.0)
    lines = figures.Lines(np.array([662.0, 700.0]), np.ones(2), np.array([1e5, 3e4]))
    assert figures.clear_groups(EDGES_keV, theirs, np.sqrt(theirs), theirs, lines, WIDTHS) == ()


def test_a_median_tells_from_how_few_files_it_is(figures: ModuleType) -> None:
    """Figures that not every file has carry the number of files that have them."""
    score = importlib.import_module("score_simulated")
    groups = [
        figures.Group(e, e, 100.0, 100.0 * r) for e, r in ((100, 1.0), (300, 1.2), (400, 1.4))
    ]
    shared = {"misfit": 0.2, "with_surroundings": (0.1, 0.3)}
    edge = figures.Edge(662.0, 0.0, 0.8, None, 0.5)
    one = SimpleNamespace(**shared, peak_to_total=1.5, groups=groups, edge=edge)
    other = SimpleNamespace(**shared, peak_to_total=None, groups=[], edge=None)
    cells = score._medians([one, other]).split(" | ")
    assert cells == ["20.0", "10.0", "1.50 (1)", "30 (1)", "0.80 (1)", "", "0.50 (1)"]
    assert score._medians([one]).split(" | ")[3] == "30"


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("source", "nuclide", "misfit", "with_scatter"),
    [("Cs137_Unshielded", "Cs-137", 0.35, 0.22), ("Eu152_Unshielded", "Eu-152", 0.25, 0.18)],
)
def test_bare_templates_agree_with_the_other_code(
    radiacode: Any, source: str, nuclide: str, misfit: float, with_scatter: float
) -> None:
    """The files hold scatter from surroundings, which templates lack; the docs say how much."""
    pair = radiacode.pair(source, (nuclide,), {"bare": None})
    assert pair.noise < 0.02
    assert pair.misfit < misfit
    assert pair.with_surroundings[0] < with_scatter
    if nuclide == "Cs-137":
        assert pair.edge.shelf == pytest.approx(1.0, abs=0.2)


@pytest.mark.recordings
def test_a_layer_brings_a_shielded_template_nearer(radiacode: Any) -> None:
    iron = Shield("Fe", 3.0 * material("Fe").density_g_cm3)
    shells = {"bare": None, "Fe": shield_matrix(iron, energies=40, histories=5000)}
    bare = radiacode.pair("F18_Shielded", ("F-18",), {"bare": None})
    best = radiacode.pair("F18_Shielded", ("F-18",), shells)
    assert best.layer == "Fe"
    assert best.with_surroundings[0] < 0.2 < bare.misfit
