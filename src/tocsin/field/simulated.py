"""The simulator as an instrument: a walk through the made-up city, record by record."""

from __future__ import annotations

import datetime as dt

import numpy as np

from tocsin.field.records import Feed
from tocsin.scenario.city import City
from tocsin.scenario.simulate import simulate_walk
from tocsin.scenario.sources import NormHeap, PointSource


def simulated(
    *,
    seed: int = 1,
    walker: int = 1,
    duration_s: float = 900.0,
    sources: tuple[PointSource | NormHeap, ...] | None = None,
) -> Feed:
    """The records of one walker of the city.

    Parameters
    ----------
    seed : int
        Of the city; each walker draws counts of its own.
    walker : int
        From 1; the first passes a lost gauge, a patient and a heap of granite.
    duration_s : float
        Length of the walk, 60 to 36,000 s.
    sources : tuple, optional
        What is hidden, in place of gauge, heap and patients: the same for every walker.

    Returns
    -------
    Feed
        Of the realm SYNTHETIC; the records are there at once and have their pace from
        :func:`tocsin.field.records.paced`.
    """
    scene = City(seed).scene(walker, duration_s=duration_s, sources=sources)
    recording, _truth = simulate_walk(
        scene,
        np.random.default_rng([seed, 4, walker]),
        start=dt.datetime.now(dt.UTC).replace(microsecond=0),
        seed=seed,
    )
    return Feed(recording.instrument, iter(recording.records), realm=recording.realm)
