"""Intervals for counts, shares and times. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

LEVEL = 0.95
"""Coverage of every interval that is shown."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; ends are None where they cannot be told."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole.

    Parameters
    ----------
    part, whole : int
        Cases, and those of which it is known whether they are among them.
    """

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None without cases."""
        return self.part / self.whole if self.whole else None

    @property
    def low(self) -> float | None:
        """Lower end of the interval of Clopper and Pearson (1934, doi:10.1093/biomet/26.4.404)."""
        if not self.whole:
            return None
        tail = (1.0 - LEVEL) / 2.0
        return (
            float(stats.beta.ppf(tail, self.part, self.whole - self.part + 1)) if self.part else 0.0
        )

    @property
    def high(self) -> float | None:
        """Upper end of the same."""
        if not self.whole:
            return None
        if self.part == self.whole:
            return 1.0
        return float(stats.beta.ppf((1.0 + LEVEL) / 2.0, self.part + 1, self.whole - self.part))


def count_interval(count: int) -> Interval:
    """A count as a draw of Poisson's law (Garwood 1936, doi:10.1093/biomet/28.3-4.437).

    It says how far the number of a year may lie from what is usual by chance alone.
    """
    tail = (1.0 - LEVEL) / 2.0
    low = 0.0 if count == 0 else float(stats.chi2.ppf(tail, 2 * count)) / 2.0
    return Interval(float(count), low, float(stats.chi2.ppf(1.0 - tail, 2 * count + 2)) / 2.0)


def median_interval(values: Sequence[float]) -> Interval | None:
    """Median with an interval by order statistics; None without values.

    The ends are the largest and smallest ranks between which the median lies with at least 95 %
    by the binomial law; None where there are too few values for that.
    """
    if not values:
        return None
    ordered = sorted(values)
    n = len(ordered)
    middle = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
    rank = int(stats.binom.ppf((1.0 - LEVEL) / 2.0, n, 0.5))
    while rank > 0 and stats.binom.cdf(rank - 1, n, 0.5) > (1.0 - LEVEL) / 2.0:
        rank -= 1
    if rank == 0:
        return Interval(middle, None, None)
    return Interval(middle, ordered[rank - 1], ordered[n - rank])


@dataclass(frozen=True, slots=True)
class Times:
    """Times to an event, of which some have not ended.

    Parameters
    ----------
    ended, open : tuple of float
        Days until it happened; days watched so far without it.
    """

    ended: tuple[float, ...]
    open: tuple[float, ...]

    def still_open(self, days: float) -> float:
        """Part that is still open after so many days, by Kaplan and Meier (1958).

        doi:10.1080/01621459.1958.10501452
        """
        left = 1.0
        for day in sorted(set(self.ended)):
            if day > days:
                break
            at_risk = sum(1 for t in (*self.ended, *self.open) if t >= day)
            left *= 1.0 - sum(1 for t in self.ended if t == day) / at_risk
        return left

    @property
    def median(self) -> float | None:
        """First day on which no more than half are still open; None where that is not reached.

        Those that are not over count as watched until now: the median of only those that are over
        would be too short.
        """
        for day in sorted(set(self.ended)):
            if self.still_open(day) <= 0.5 + 1e-12:
                return day
        return None


def rounded(value: float | None, digits: int = 0) -> str:
    """A number for a table; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}"
