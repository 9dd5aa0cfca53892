from __future__ import annotations

import numpy as np
import pytest

from tocsin.errors import InvalidInput
from tocsin.scenario import Patch, StreetMap, Walk, random_patches
from tocsin.scenario.street import GRANITE_PAVING, OPEN_CROSSING

RATES = (400.0, 260.0, 590.0, 450.0)


def test_a_material_changes_its_components_where_it_lies():
    street = StreetMap(RATES, (Patch(GRANITE_PAVING, 50.0, 0.0, 10.0),))
    factors = street.map_factors(np.array([50.0, 60.0, 500.0]), np.zeros(3))
    assert factors[:, 0].tolist() == pytest.approx([1.45, 1.30, 1.40, 1.0])
    assert factors[0, 1] == pytest.approx(1 + 0.45 * np.exp(-0.5))
    assert factors[:, 2].tolist() == pytest.approx([1, 1, 1, 1])


def test_a_street_never_loses_all_of_its_ground():
    heap = tuple(Patch(OPEN_CROSSING, 0.0, 0.0, 5.0) for _ in range(10))
    assert StreetMap(RATES, heap).map_factors(np.zeros(1), np.zeros(1)).min() == pytest.approx(0.2)


def test_fluctuations_have_their_size_and_leave_the_sky_alone():
    street = StreetMap(RATES, common_sd=0.03, common_tau_s=6.0, own_sd=0.04, own_tau_s=4.0)
    n = 40_000
    zero = np.zeros(n)
    rates = street.component_rates_cps(zero, zero, 1.0, np.random.default_rng(4))
    logs = np.log(rates[:3] / np.array(RATES)[:3, None])
    # at least n / 12 independent values: variance to 2.5 %
    assert logs.var(axis=1).tolist() == pytest.approx([0.0025] * 3, rel=0.1)
    shared = np.mean(logs[0] * logs[1])
    assert shared == pytest.approx(0.0009, rel=0.25)
    assert np.all(rates[3] == 450.0)


def test_random_patches_follow_the_street_and_its_corners():
    walk = Walk(((0.0, 0.0), (300.0, 0.0), (300.0, 200.0)))
    patches = random_patches(walk, np.random.default_rng(5))
    assert 12 <= len(patches) <= 25
    crossings = [p for p in patches if p.material is OPEN_CROSSING]
    assert [(p.x_m, p.y_m) for p in crossings] == [(300.0, 0.0)]
    for patch in patches:
        assert min(abs(patch.y_m), abs(patch.x_m - 300.0)) <= 10.0
    again = random_patches(walk, np.random.default_rng(5))
    assert again == patches


@pytest.mark.parametrize(
    "bad",
    [
        lambda: StreetMap((1.0, 2.0, 3.0)),
        lambda: StreetMap((1.0, 2.0, 3.0, -1.0)),
        lambda: StreetMap(RATES, own_sd=2.0),
        lambda: StreetMap(RATES, own_tau_s=0.0),
        lambda: Patch(GRANITE_PAVING, 0.0, 0.0, 0.0),
    ],
)
def test_what_is_out_of_range_is_refused(bad):
    with pytest.raises(InvalidInput):
        bad()
