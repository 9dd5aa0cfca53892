"""What the time axes share: units, gaps, and thinning that loses no spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.analysis import Analysis
from tocsin.spectra import Record

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# A pause longer than this many usual steps is drawn as a gap: two missed records still read as
# one line, a stream that stopped does not.
GAP_STEPS = 3.0


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """Unit of a time axis and its length in seconds."""

    name: str
    seconds: float


def unit_for(duration_s: float) -> TimeUnit:
    """Seconds up to ten minutes, minutes up to six hours, hours above."""
    if duration_s <= 600:
        return TimeUnit("s", 1.0)
    if duration_s <= 6 * 3600:
        return TimeUnit("min", 60.0)
    return TimeUnit("h", 3600.0)


def usual_step_s(time_s: FloatArray) -> float:
    """Median distance of records in seconds; 1 where there are fewer than two."""
    steps = np.diff(time_s)
    steps = steps[steps > 0]
    return float(np.median(steps)) if steps.size else 1.0


def gaps_after(time_s: FloatArray) -> IntArray:
    """Indices of records after which the series pauses (or time runs backwards)."""
    steps = np.diff(time_s)
    limit = GAP_STEPS * usual_step_s(time_s)
    return np.flatnonzero((steps > limit) | (steps < 0)).astype(np.int64)


def envelope(values: FloatArray, buckets: int) -> IntArray:
    """Indices that keep the lowest and the highest value of each of ``buckets`` stretches.

    A thinned line through these points reaches every extreme of the full one. Values that are not
    finite are passed over; a stretch without any keeps its first index.
    """
    n = values.size
    if n <= 2 * buckets:
        return np.arange(n, dtype=np.int64)
    starts = np.linspace(0, n, buckets + 1).astype(np.int64)
    kept = {0, n - 1}
    for first, stop in pairwise(starts.tolist()):
        part = values[first:stop]
        finite = np.flatnonzero(np.isfinite(part))
        if finite.size == 0:
            kept.add(int(first))
            continue
        kept.add(int(first + finite[np.argmin(part[finite])]))
        kept.add(int(first + finite[np.argmax(part[finite])]))
    return np.array(sorted(kept), dtype=np.int64)


def line_with_gaps(
    time_s: FloatArray, values: FloatArray, *, buckets: int = 800
) -> tuple[FloatArray, FloatArray]:
    """Points of a line to draw: thinned by ``envelope``, broken (NaN) where the series pauses."""
    at = envelope(values, buckets)
    pauses = gaps_after(time_s)
    # Number of pauses before each kept record: where it grows, the line is broken.
    broken = np.flatnonzero(np.diff(np.searchsorted(pauses, at)) > 0) + 1
    return (
        np.insert(time_s[at], broken, np.nan),
        np.insert(values[at].astype(np.float64), broken, np.nan),
    )


def times_s(analysis: Analysis, records: Sequence[Record]) -> FloatArray:
    """Begin of each record since the first: of the strip chart, or of the records themselves."""
    strip = analysis.strip
    if strip is not None and strip.time_s.size == len(records):
        return np.asarray(strip.time_s, dtype=np.float64)
    starts = [r.start for r in records]
    if starts and all(s is not None and s.tzinfo is not None for s in starts):
        return np.array([s.timestamp() - starts[0].timestamp() for s in starts if s and starts[0]])
    lengths = [r.real_time_s or r.live_time_s or 1.0 for r in records]
    return np.concatenate(([0.0], np.cumsum(lengths)[:-1])) if lengths else np.zeros(0)
