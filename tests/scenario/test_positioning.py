from __future__ import annotations

import numpy as np
import pytest

from tocsin.errors import InvalidInput
from tocsin.scenario import GnssModel
from tocsin.scenario.noise import ar1

N = 60_000


def test_ar1_is_stationary_with_its_correlation_time():
    z = ar1((400, 600), 1.0, 20.0, np.random.default_rng(1))
    # 400 independent rows: the variance at one time has a relative deviation of sqrt(2/400)
    for at in (0, 1, 300, 599):
        assert z[:, at].var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / 400))
    correlation = np.mean(z[:, :-20] * z[:, 20:]) / np.mean(z**2)
    assert correlation == pytest.approx(np.exp(-1), abs=0.04)


def test_positions_err_as_much_as_the_model_says():
    model = GnssModel(wander_m=3.0, wander_tau_s=10.0, jitter_m=1.0, lost_fraction=0.0)
    zero = np.zeros(N)
    x, y, lost = model.observe(zero, zero, 1.0, np.random.default_rng(2))
    assert not lost.any()
    # N / (2 tau) independent values: 3,000, relative deviation of the variance 2.6 %
    for axis in (x, y):
        assert axis.var() == pytest.approx(10.0, rel=0.11)
    assert np.mean(np.hypot(x, y) < model.accuracy_m) == pytest.approx(0.68, abs=0.04)


def test_fixes_are_lost_in_stretches():
    model = GnssModel(lost_fraction=0.1, lost_mean_s=8.0)
    zero = np.zeros(N)
    _, _, lost = model.observe(zero, zero, 1.0, np.random.default_rng(3))
    begins = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    # some 750 stretches of geometric length: 4 % deviation of their mean
    assert lost.sum() / begins == pytest.approx(8.0, rel=0.15)
    assert lost.mean() == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize(
    "values", [{"wander_m": -1.0}, {"lost_fraction": 1.0}, {"lost_mean_s": 0.5}]
)
def test_what_is_out_of_range_is_refused(values):
    with pytest.raises(InvalidInput):
        GnssModel(**values)
