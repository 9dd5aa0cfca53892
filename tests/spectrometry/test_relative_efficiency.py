"""Table of germanium crystals against the response itself; curves; draws that adapt."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from tocsin.detectors import Crystal, named_model
from tocsin.detectors.model import crystal_response
from tocsin.errors import InvalidInput
from tocsin.spectrometry.germanium import log_peak_efficiency, sizes_cm
from tocsin.spectrometry.importance import ENOUGH, adapted_points
from tocsin.spectrometry.relative_efficiency import DIMENSIONS, CurveSpace

ENERGIES_KEV = np.array([60.0, 92.0, 186.0, 414.0, 1001.0, 2000.0])
MODEL = named_model("generic-hpge")


@pytest.mark.parametrize(("across", "ratio"), [(4.0, 0.65), (5.0, 0.55), (8.0, 0.4)])
def test_the_table_agrees_with_the_response_of_the_crystal(across: float, ratio: float) -> None:
    """On a node of the table exactly, between nodes within 0.02 up to a common factor."""
    body = Crystal("cylinder", across * ratio, (across, across))
    true = np.log(crystal_response("Ge", body).deposit(ENERGIES_KEV).peaks[:, 0])
    got = log_peak_efficiency(np.array([across]), np.array([ratio]), ENERGIES_KEV)[0]
    off = got - true
    on_node = (across, ratio) == (4.0, 0.65)
    assert np.all(np.abs(off - off.mean()) < (0.005 if on_node else 0.02))
    assert abs(float(off.mean())) < 0.03


def test_sizes_beyond_the_table_count_as_its_ends() -> None:
    (least, most), (flat, deep) = sizes_cm()
    assert least < 4.0 < 9.0 < most
    assert flat <= 0.3 < 1.2 <= deep
    sizes = np.array([most, 2.0 * most])
    rows = log_peak_efficiency(sizes, np.array([0.5, 0.5]), ENERGIES_KEV)
    assert np.array_equal(rows[0], rows[1])


def test_each_coordinate_bends_the_curve_the_way_it_should() -> None:
    """Low over high energy: thick uranium, shells, dead layers and deep crystals lower it."""
    space = CurveSpace(np.array([92.0, 1001.0]), MODEL)
    middle = np.zeros((1, DIMENSIONS))

    def ratio(**shift: float) -> float:
        at = middle.copy()
        # Without a shell unless one is asked for: the first quarter of the second coordinate.
        at[0, 1] = shift.get("around", -1.5)
        at[0, 0] = shift.get("amount", -0.5)
        at[0, 2:] = [
            shift.get(n, 0.0) for n in ("grams", "across", "ratio", "dead", "slope", "form")
        ]
        c = space.curves(at)
        return float(c.efficiency[0, 0] / c.efficiency[0, 1])

    plain = ratio()
    assert ratio(amount=1.0) < 0.7 * plain
    assert ratio(around=2.0, grams=0.5) < 0.5 * plain  # lead
    assert ratio(dead=1.0) < 0.95 * plain
    assert ratio(ratio=1.0) < 0.8 * plain
    assert ratio(slope=1.0) == pytest.approx(plain * (92.0 / 1001.0) ** 0.03, rel=1e-6)


def test_a_known_object_is_not_guessed() -> None:
    space = CurveSpace(ENERGIES_KEV, MODEL, object_g_cm2=(2.0, 4.0), shells=("",))
    points = np.random.default_rng(1).standard_normal((500, DIMENSIONS))
    c = space.curves(points)
    assert 2.0 <= c.object_g_cm2.min() < c.object_g_cm2.max() <= 4.0
    assert not c.shell_g_cm2.any()
    with pytest.raises(InvalidInput, match="areal densities"):
        CurveSpace(ENERGIES_KEV, MODEL, object_g_cm2=(4.0, 2.0))


def test_adapted_draws_find_a_narrow_posterior() -> None:
    """A normal likelihood in six dimensions, so narrow that the prior alone has one point in it."""
    dimensions, narrow = 6, 0.1
    at = np.array([1.2, -0.7, 0.3, 0.0, -1.5, 0.9])
    correlated = narrow**2 * (0.5 * np.eye(dimensions) + 0.5)
    likelihood = multivariate_normal(at, correlated)
    points = adapted_points(lambda p: np.asarray(likelihood.logpdf(p)), dimensions, seed=5)
    posterior = np.linalg.inv(np.linalg.inv(correlated) + np.eye(dimensions))
    mean = posterior @ np.linalg.solve(correlated, at)
    log_weight = points.log_likelihood + points.log_weight
    weight = np.exp(log_weight - log_weight.max())
    evidence = float(np.mean(np.exp(log_weight)))
    weight /= weight.sum()
    got = weight @ points.at
    spread = (points.at - got).T @ ((points.at - got) * weight[:, None])
    assert points.effective >= ENOUGH
    tolerance = 5.0 * np.sqrt(np.diag(posterior) / points.effective)
    assert np.all(np.abs(got - mean) < tolerance)
    assert np.diag(spread) == pytest.approx(np.diag(posterior), rel=0.3)
    exact = float(
        multivariate_normal(np.zeros(dimensions), correlated + np.eye(dimensions)).pdf(at)
    )
    assert evidence == pytest.approx(exact, rel=5.0 / np.sqrt(points.effective))
