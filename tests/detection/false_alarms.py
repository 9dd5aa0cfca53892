"""Alarms counted on walks and drives without any source, with their exact Poisson interval."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tocsin.detection.settings import DetectorSettings
from tocsin.detection.survey import analyze_survey
from tocsin.nuclear import load_library
from tocsin.scenario import FAMILIES, simulate_walk


@dataclass(frozen=True)
class Count:
    """What happened in one recording without a source."""

    family: int
    hours: float
    alarms: int
    natural: int
    by_statistic: Counter[str]
    names: Counter[str]


def count(
    family: int, number: int, seed: int, duration_s: float, settings: DetectorSettings
) -> Count:
    """Simulate and analyse one recording; the same arguments give the same count."""
    rng = np.random.default_rng([seed, number, family])
    scene = FAMILIES[family].scene(rng, duration_s=duration_s)
    recording, _ = simulate_walk(scene, rng)
    encounters, _, _, _ = analyze_survey(
        recording, background=None, settings=settings, library=load_library()
    )
    alarms = [e for e in encounters if e.is_alarm]
    return Count(
        family,
        sum(r.real_time_s or 0.0 for r in recording.records) / 3600.0,
        len(alarms),
        len(encounters) - len(alarms),
        Counter(e.statistic_name for e in encounters),
        Counter("+".join(n.name for n in e.nuclides) or e.source_class for e in alarms),
    )


def poisson_interval(events: int) -> tuple[float, float]:
    """Exact 95 % interval of a Poisson mean (F. Garwood, Biometrika 28 (1936) 437)."""
    low = stats.chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    return float(low), float(stats.chi2.ppf(0.975, 2 * events + 2) / 2)
