"""Activities: another unit than was meant, and statements that do not follow by decay."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.nuclear import load_library
from tocsin.server.register.checks.finding import Finding
from tocsin.server.register.checks.groups import LEAST_OTHERS, ModelKey
from tocsin.server.register.checks.lives import Life
from tocsin.server.register.facts import stated_Bq
from tocsin.server.register.models import Source

GBq_PER_Ci = 37.0
SLIPS = (
    *(1e3, 1e-3, 1e6, 1e-6, 1e9, 1e-9),
    *(GBq_PER_Ci, 1 / GBq_PER_Ci, GBq_PER_Ci / 1e3, 1e3 / GBq_PER_Ci),
    *(1e6 / GBq_PER_Ci, GBq_PER_Ci / 1e6, 1e3 * GBq_PER_Ci, 1 / (1e3 * GBq_PER_Ci)),
)
"""Factors between what is written and what is meant where a unit is another: thousands, and curies
taken for becquerels and the other way round, with their prefixes."""
DECIMAL = (10.0, 0.1)
"""A point in the wrong place. Sizes of one model often differ by as much, so that this is told only
where many sources are known (``MANY``) and none of them is near."""
MANY = 30
ALMOST_NONE = 0.01
FITS_EXACTLY = 1.15
"""Factor within which sources of one size differ: they are made to order within some per cent."""
NEAR = 3.0
"""Factor within which two sources of a model are of one size."""
BY_CHANCE = 4.6
"""Mean distances between neighbours; where any size is made, one in a hundred is so far from the
next (exp(-4.6))."""
FITS = 2.0
"""Factor within which an activity is one of the sizes of the model once the slip is undone."""
SUPPORT = 0.02
"""Share of the other sources that make a size a usual one; at least ``LEAST_SUPPORT``."""
LEAST_SUPPORT = 1
TELLING = 1.5
"""Factor from which two activities contradict each other: both may be measured within a tenth
(k = 2), so that a factor of 1.15 is usual, and 1.5 is over five standard deviations."""
SLIP_WITHIN = 1.25
"""Factor within which a contradiction is a unit."""


def slips(groups: Mapping[ModelKey, Sequence[Source]]) -> Iterator[Finding]:
    """Activities that are like those of other holders only after a slip of the unit is undone."""
    for rows in groups.values():
        by_nuclides: dict[str, list[Source]] = defaultdict(list)
        for row in rows:
            if row.contents:
                by_nuclides[row.nuclides].append(row)
        for alike in by_nuclides.values():
            if len(alike) > LEAST_OTHERS:
                yield from _slips_of(alike)


def _slips_of(rows: Sequence[Source]) -> Iterator[Finding]:
    sizes = _Sizes(rows)
    for row in rows:
        factor = sizes.slip_of(row)
        if factor is not None:
            text = _("{a} Bq; divided by {f} it is like others of its model").format(
                a=f"{float(row.contents[0]['activity_Bq']):.3g}", f=f"{factor:.4g}"
            )
            yield Finding("unit_slip", row, text)


class _Sizes:
    """Activities of the sources of one model, by size and by holder."""

    def __init__(self, rows: Sequence[Source]) -> None:
        self.rows = rows
        self.log = {row.pk: math.log(float(row.contents[0]["activity_Bq"])) for row in rows}
        self.every = sorted(self.log.values())
        self.own: dict[object, list[float]] = defaultdict(list)
        for row in rows:
            self.own[row.holder_id].append(self.log[row.pk])
        for logs in self.own.values():
            logs.sort()

    def slip_of(self, row: Source) -> float | None:
        """The factor by which an activity is too large, or nothing."""
        x = self.log[row.pk]
        # a whole list of one holder may be in another unit: what others have tells what is usual
        own = self.own[row.holder_id]
        alone = len(self.every) - len(own) < LEAST_OTHERS
        near = math.log(NEAR)
        here = _between(self.every, x - near, x + near)
        here -= 1 if alone else _between(own, x - near, x + near)
        if here > self._support(len(self.every) - (1 if alone else len(own))):
            return None
        others = sorted(
            self.log[other.pk]
            for other in self.rows
            if other is not row and (alone or other.holder_id != row.holder_id)
        )
        usual = self._usual(others)
        if len(usual) < LEAST_OTHERS:
            return None
        # where any size is made, the next one is some way off by chance alone
        by_chance = BY_CHANCE * (usual[-1] - usual[0]) / len(usual)
        if min(abs(x - u) for u in usual) < max(near, by_chance) or (here and by_chance > near):
            return None
        decimal = len(others) >= MANY and here <= ALMOST_NONE * len(others)
        return self._factor(x, usual, decimal=decimal)

    def _support(self, total: int) -> float:
        return max(float(LEAST_SUPPORT), SUPPORT * total)

    def _usual(self, others: Sequence[float]) -> list[float]:
        """Those near which others are; what stands alone may itself be a slip."""
        near, least = math.log(NEAR), self._support(len(others))
        kept = [u for u in others if _between(others, u - near, u + near) - 1 >= least]
        return kept if len(kept) >= LEAST_OTHERS else list(others)

    def _factor(self, x: float, usual: Sequence[float], *, decimal: bool) -> float | None:
        best, most = None, 0
        for factor in (*SLIPS, *(DECIMAL if decimal else ())):
            at = x - math.log(factor)
            fits = math.log(FITS_EXACTLY if factor in DECIMAL else FITS)
            like = _between(usual, at - fits, at + fits)
            if factor not in DECIMAL:
                like = max(like, int(usual[0] < at < usual[-1]))
            if like > most:
                best, most = factor, like
        return best


def _between(logs: Sequence[float], low: float, high: float) -> int:
    return bisect_right(logs, high) - bisect_left(logs, low)


def statements(row: Source, life: Life) -> Iterator[Finding]:
    """What reports say of the activity, against what the entry says and decay leaves of it."""
    for step in life.steps:
        text = step.facts.get("activity")
        if not text:
            continue
        try:
            said = stated_Bq(str(text))
        except InvalidInput:
            continue
        if len(said) != len(row.contents):
            continue
        ratios = [
            a / left
            for a, item in zip(said, row.contents, strict=True)
            if (left := left_Bq(item, step.day)) > 0.0
        ]
        worst = max(ratios, key=lambda r: abs(math.log(r)), default=1.0)
        if abs(math.log(worst)) <= math.log(TELLING):
            continue
        slip = any(abs(math.log(worst / f)) < math.log(SLIP_WITHIN) for f in (*SLIPS, *DECIMAL))
        reason = _("{text} on {day}: {f} times what decay leaves of the entry").format(
            text=text, day=step.day, f=f"{worst:.3g}"
        )
        yield Finding("unit_slip" if slip else "decay_mismatch", row, reason)
        return


def left_Bq(item: Mapping[str, object], day: dt.date) -> float:
    """Activity that decay leaves of what an entry says, on a day."""
    days = (day - dt.date.fromisoformat(str(item["reference_date"]))).days
    exponent = -math.log(2.0) * days * 86400.0 / _half_life_s(str(item["nuclide"]))
    try:
        return float(str(item["activity_Bq"])) * math.exp(exponent)
    except OverflowError:
        return math.inf


@lru_cache(maxsize=256)
def _half_life_s(nuclide: str) -> float:
    value = load_library()[nuclide].half_life.value
    return value if value is not None else math.inf
