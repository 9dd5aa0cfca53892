"""The achieved false-alarm rate on 120 hours without a source: ten families, twelve hours each.

    make verify    # or: pytest -m verify -s tests/verify/test_false_alarm_hours.py

Takes about half an hour on two idle processors. The table goes into docs/science/detection.md.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import pytest
from false_alarms import Count, count, poisson_interval

from tocsin.detection.settings import DetectorSettings
from tocsin.scenario import FAMILIES

HOURS = int(os.environ.get("TOCSIN_FALSE_ALARM_HOURS", "12"))
SEED = 20_260_901


def table(counts: list[Count]) -> str:
    """One line for each family, and one for all."""
    lines = ["| family | hours | alarms per hour (95 %) | natural encounters per hour |"]
    lines.append("|---|---|---|---|")
    for k in [*range(len(FAMILIES)), None]:
        part = [c for c in counts if k is None or c.family == k]
        hours, alarms = sum(c.hours for c in part), sum(c.alarms for c in part)
        low, high = poisson_interval(alarms)
        name = "all" if k is None else FAMILIES[k].name
        natural = sum(c.natural for c in part)
        lines.append(
            f"| {name} | {hours:.1f} | {alarms / hours:.2f} ({low / hours:.2f} to "
            f"{high / hours:.2f}) | {natural / hours:.2f} |"
        )
    return "\n".join(lines)


@pytest.mark.verify
def test_the_false_alarm_rate_is_what_is_stated() -> None:
    settings = DetectorSettings()
    tasks = list(product(range(len(FAMILIES)), range(HOURS)))
    with ProcessPoolExecutor() as pool:
        futures = [pool.submit(count, f, n, SEED, 3600.0, settings) for f, n in tasks]
        counts = [f.result() for f in futures]
    hours, alarms = sum(c.hours for c in counts), sum(c.alarms for c in counts)
    sys.stdout.write("\n" + table(counts) + "\n")
    sys.stdout.write(
        f"crossings by statistic: {dict(sum((c.by_statistic for c in counts), Counter()))}\n"
    )
    sys.stdout.write(f"what the alarms said: {dict(sum((c.names for c in counts), Counter()))}\n")
    low, high = poisson_interval(alarms)
    nominal = settings.false_alarm_rate_per_h
    assert hours >= 100.0
    assert low / hours > 0.5 * nominal
    assert high / hours < 2.0 * nominal
