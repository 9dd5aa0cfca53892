"""The stated sigma of templates against other seeds of detector and shell."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from tocsin.detectors import template_library_build
from tocsin.detectors.array_cache import CACHE_VARIABLE
from tocsin.detectors.construction import named_construction
from tocsin.detectors.irradiation import named_irradiation, named_shielding
from tocsin.detectors.line_areas import take_out
from tocsin.detectors.photon_matrix_build import MatrixSettings, photon_matrix
from tocsin.detectors.shield_matrix import shield_matrix
from tocsin.detectors.simulated_response import SimulatedResponse
from tocsin.detectors.simulated_rows import between, together
from tocsin.nuclear import load_library

DETECTOR = named_construction("nai-3x3in")
EDGES_keV = np.linspace(0, 3072, 257)
CENTRES_keV = (EDGES_keV[1:] + EDGES_keV[:-1]) / 2
MOST, LEAST = 1.3, 0.3
"""Of the reduced chi-square: no more, so that the sigma covers; no less, so that it says much."""


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


def reduced_chi_square(counts: np.ndarray, sigma: np.ndarray, where: np.ndarray) -> float:
    """Differences of all pairs of seeds, ``(s, m)``, in the channels with enough counts."""
    use = where & (sigma.mean(axis=0) < 0.2 * counts.mean(axis=0))
    assert use.sum() >= 3
    one, two = np.triu_indices(len(counts), 1)
    apart = (counts[one] - counts[two])[:, use]
    return float(np.mean(apart**2 / (sigma[one] ** 2 + sigma[two] ** 2)[:, use]))


@pytest.mark.parametrize(
    ("name", "low_keV", "band_keV"),
    [
        ("Pb 1 mm", 600, (64, 96)),  # X-rays of lead
        ("Pb 1 mm", 2540, (494, 530)),  # annihilation
        ("Fe 1 cm", 600, (110, 560)),  # scattered
    ],
)
def test_the_counting_of_the_shell_is_covered(
    name: str, low_keV: float, band_keV: tuple[float, float]
) -> None:
    """Eight lines that share rows of the shell, a detector without much noise of its own."""
    near = named_irradiation("near")
    matrix = photon_matrix(DETECTOR, near, MatrixSettings(energies=60, histories=40_000))
    response = SimulatedResponse(DETECTOR, matrix, EDGES_keV)
    lines = response.lines(low_keV + 10.0 * np.arange(8))
    layer = named_shielding(name)
    assert layer is not None
    found = []
    for seed in range(1, 21):
        shell = shield_matrix(layer, energies=40, histories=4000, seed=seed)
        found.append(response.expected(lines, np.ones(8), shield=shell))
    counts, sigma = (np.array([getattr(f, of) for f in found]) for of in ("counts", "sigma"))
    where = (band_keV[0] < CENTRES_keV) & (band_keV[1] > CENTRES_keV)
    assert LEAST < reduced_chi_square(counts, sigma, where) < MOST


def test_libraries_of_other_seeds_differ_by_the_stated_sigma(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nuclides, shieldings = ("Cs-137", "Eu-152", "Ra-226", "Sr-90"), ("bare", "Fe 1 cm", "Pb 1 mm")
    built = []
    for seed in range(1, 13):
        other = partial(shield_matrix, histories=2000, seed=seed)
        monkeypatch.setattr(template_library_build, "shield_matrix", other)
        one = template_library_build.build_library(
            DETECTOR, EDGES_keV, library=load_library(), nuclides=nuclides, shieldings=shieldings,
            distance="near", settings=MatrixSettings(energies=60, histories=4000, seed=seed),
        )  # fmt: skip
        built.append(one)
    counts = np.array([one.counts for one in built], dtype=np.float64)
    sigma = np.array([one.sigma for one in built], dtype=np.float64)
    found = {
        (nuclide, shielding): reduced_chi_square(counts[:, i, j], sigma[:, i, j], CENTRES_keV > 20)
        for i, nuclide in enumerate(nuclides)
        for j, shielding in enumerate(shieldings)
    }
    assert max(found.values()) < MOST, found
    assert min(found.values()) > LEAST, found


def test_parts_of_one_row_add_up_and_rows_are_independent() -> None:
    low = np.array([0, 0, 1])
    sigma = np.array([[[3.0], [0.0]], [[1.0], [2.0]], [[4.0], [0.0]]])
    # row 0: 3 + 2 * 1; row 1: 2 * 2 + 0.5 * 4; row 2: nothing
    assert together(3, [(low, sigma, np.array([1.0, 2.0, 0.5]))]) == pytest.approx([25 + 36])
    again = [(low[:1], sigma[:1], np.ones(1)), (low[1:], sigma[1:], np.array([2.0, 0.5]))]
    assert together(3, again) == pytest.approx([25 + 36])
    assert together(3, [(low[:0], sigma[:0], np.ones(0))]) == pytest.approx([0])


def test_between_two_rows_is_straight_in_the_logarithm() -> None:
    low, part = between(np.array([10.0, 100.0, 1000.0]), np.array([10.0, 10**1.5, 100.0, 1000.0]))
    assert low.tolist() == [0, 0, 1, 1]
    assert part == pytest.approx([0, 0.5, 0, 1])


def test_lines_are_taken_out_with_their_variance() -> None:
    counts, variance = np.full(20, 4.0), np.full(20, 1.0)
    counts[10], variance[10] = 14.0, 9.0
    counts[12], variance[12] = 44.0, 16.0  # beside the first, and no measure for it
    areas, variances = take_out(counts, variance, [10, 12, 15, 40], (1, 2))
    assert areas == pytest.approx([10, 40, 0, 0])
    # the bins 8, 9 and 11; the bins 11, 13 and 14
    assert variances == pytest.approx([9 + 1 / 3, 16 + 1 / 3, 0, 0])
    assert counts == pytest.approx(4.0)
    assert variance == pytest.approx(1.0)


def test_every_line_of_a_shell_has_a_variance() -> None:
    layer = named_shielding("Pb 1 mm")
    assert layer is not None
    kept = shield_matrix(layer, energies=40, histories=1000)
    assert np.array_equal(kept.lines_variance > 0, kept.lines > 0)
    assert kept.lines.any()
