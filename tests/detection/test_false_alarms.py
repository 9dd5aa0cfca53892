"""A short look at false alarms on every run of the suite; the long one is in tests/verify."""

from __future__ import annotations

import pytest
from false_alarms import count, poisson_interval

from tocsin.detection.settings import DetectorSettings
from tocsin.errors import InvalidInput
from tocsin.scenario import FAMILIES, Rain


def test_alarms_on_short_source_free_walks_are_about_as_many_as_stated() -> None:
    """Fifty minutes in all at twenty an hour: some seventeen alarms are due.

    The nominal rate is that high to have something to count in so short a time (higher still, and
    alarms would merge); the exact interval must meet half to twice nominal.
    """
    settings = DetectorSettings(false_alarm_rate_per_h=20.0, smallest_threshold=1.0)
    counts = [count(family, 0, 31, 480.0, settings) for family in (0, 2, 5, 8, 9)]
    hours = sum(c.hours for c in counts)
    low, high = poisson_interval(sum(c.alarms for c in counts))
    assert low < 2.0 * 20.0 * hours
    assert high > 0.5 * 20.0 * hours


def test_intervals_are_those_of_the_tables() -> None:
    # N. L. Johnson, S. Kotz, Discrete Distributions: 10 events, 4.795 to 18.390
    assert poisson_interval(10) == pytest.approx((4.7954, 18.3904), abs=1e-3)
    assert poisson_interval(0) == pytest.approx((0.0, 3.6889), abs=1e-3)


def test_families_and_rain_refuse_what_cannot_be() -> None:
    import numpy as np

    with pytest.raises(InvalidInput, match="duration_s"):
        FAMILIES[0].scene(np.random.default_rng(1), duration_s=5.0)
    for bad in ((0.0, 0.0, 1.0), (0.0, 60.0, 0.0), (float("nan"), 60.0, 1.0)):
        with pytest.raises(InvalidInput):
            Rain(*bad)
