"""Exact significance: sums over Poisson probabilities, limits, agreement of the two branches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tocsin.spectrometry.significance import excess_p, excess_sigma


@pytest.mark.parametrize(
    ("n", "off", "tau"), [(5, 3, 2.0), (20, 1, 4.0), (12, 40, 5.0), (1, 7, 3.5)]
)
def test_p_is_the_binomial_tail_of_two_counts(n: int, off: int, tau: float) -> None:
    """Off counts ``m`` in ``tau`` times the window: expected m / tau, uncertainty sqrt(m) / tau."""
    expected = off / tau
    wanted = stats.binom.sf(n - 1, n + off, 1.0 / (1.0 + tau))
    assert float(excess_p(n, expected, np.sqrt(off) / tau)) == pytest.approx(wanted, rel=1e-9)


def test_a_known_background_gives_the_poisson_tail() -> None:
    for n, b in ((3, 0.2), (15, 6.0), (130, 100.0)):
        assert float(excess_p(n, b, 0.0)) == pytest.approx(stats.poisson.sf(n - 1, b), rel=1e-9)


def test_no_counts_prove_nothing() -> None:
    assert float(excess_p(0.0, 3.0, 1.0)) == 1.0
    assert float(excess_sigma(0.0, 3.0, 1.0)) < 0.0


def test_sigma_is_the_quantile_and_grows_beyond_what_p_can_hold() -> None:
    assert float(excess_sigma(40.0, 20.0, 2.0)) == pytest.approx(
        stats.norm.isf(float(excess_p(40.0, 20.0, 2.0)))
    )
    counts = np.geomspace(30.0, 1e7, 400)
    sigma = excess_sigma(counts, np.full(400, 10.0), np.full(400, 1.0))
    assert np.all(np.isfinite(sigma))
    assert np.all(np.diff(sigma) > 0)
    # The branches meet: no jump beyond the local slope where the second takes over.
    steps = np.diff(sigma)
    assert steps.max() < 3.0 * np.median(steps[np.argmax(steps) - 5 : np.argmax(steps) + 6])


def test_false_alarms_are_no_more_frequent_than_p_says() -> None:
    """20,000 trials without an effect, window and side counts drawn: conservative, not idle."""
    random = np.random.default_rng(5)
    tau, b = 3.0, 4.0
    n, off = random.poisson(b, 20_000), random.poisson(tau * b, 20_000)
    p = excess_p(n, np.maximum(off, 1) / tau, np.sqrt(np.maximum(off, 1)) / tau)
    for level in (0.1, 0.01, 0.001):
        rate = float(np.mean(p <= level))
        room = 4.0 * np.sqrt(level / 20_000)
        assert level / 6.0 - room < rate < level + room
