"""The day on which decay changes a category.

Most sources hold nuclides whose progeny never counts. Their A/D is a sum of exponentials, of which
the day is told by a few additions; the full computation then confirms it. For all others, and where
it does not confirm, the full computation is asked day by day.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence

from tocsin.errors import NotFound
from tocsin.nuclear.category_data import d_values, source_boundaries
from tocsin.nuclear.source_category import (
    LAST_DAY,
    ROUNDING,
    DAY_s,
    SourceActivity,
    decay_constant_per_s,
    progeny_may_matter,
    source_category,
    source_nuclide,
)

Told = Callable[[dt.date], int | None]
"""Category on a day."""


def next_change(
    sources: Sequence[SourceActivity], *, on: dt.date, until: dt.date = LAST_DAY
) -> tuple[dt.date, int | None]:
    """The first day after ``on`` on which decay puts the sources into another category.

    Parameters
    ----------
    sources : sequence of SourceActivity
    on : datetime.date
    until : datetime.date
        How far to look.

    Returns
    -------
    day : datetime.date
    category : int or None
        The new category; None where all is below exemption by then.

    Raises
    ------
    NotFound
        If the category does not change until then.
    """

    def fully(day: dt.date) -> int | None:
        return source_category(sources, on=day).category

    now = fully(on)
    quickly = _exponentials(sources, on, until)
    if quickly is not None and quickly(on) == now:
        day = _first_change(quickly, now, on, until)
        if day is None:
            if fully(until) == now:
                raise NotFound("the category does not change")
        elif fully(day - dt.timedelta(days=1)) == now != (found := fully(day)):
            return day, found
    day = _first_change(fully, now, on, until)
    if day is None:
        raise NotFound("the category does not change")
    return day, fully(day)


def _first_change(told: Told, now: int | None, on: dt.date, until: dt.date) -> dt.date | None:
    """Steps of double length until the category is another one, then halves of the last step."""
    before, step = on, 1
    while True:
        if before >= until:
            return None
        after = before + dt.timedelta(days=min(step, (until - before).days))
        if told(after) != now:
            break
        before, step = after, 2 * step
    while after - before > dt.timedelta(days=1):
        middle = before + (after - before) // 2
        if told(middle) == now:
            before = middle
        else:
            after = middle
    return after


def _exponentials(sources: Sequence[SourceActivity], on: dt.date, until: dt.date) -> Told | None:
    """Category by day of sources of which every nuclide counts and no progeny does; else None."""
    terms: list[tuple[float, float, float]] = []
    never_exempt = False
    for source in sources:
        name, start = source_nuclide(source.nuclide), float(source.activity_Bq)
        rate_per_s, d_value = decay_constant_per_s(name), d_values().get(name)
        day = source.reference_date
        if day is None or day > on or rate_per_s is None or not start:
            return None
        if d_value is None or not d_value.verified:
            return None
        most_s = (until - day).days * DAY_s
        # what grew in rises against its parent: if it does not count at the end, it never does
        if progeny_may_matter(name, start, start * math.exp(-most_s * rate_per_s), most_s):
            return None
        now = start * math.exp(-(on - day).days * DAY_s * rate_per_s)
        ratio = 0.0 if d_value.value_Bq is None else now / d_value.value_Bq
        never_exempt = never_exempt or d_value.exemption_Bq is None
        exempt = now / (d_value.exemption_Bq or 1.0)
        terms.append((ratio, exempt, rate_per_s * DAY_s))
    bounds = [(b.least_A_over_D * (1.0 - ROUNDING), b.category) for b in source_boundaries()]
    lowest = bounds[-1][1]

    def told(day: dt.date) -> int | None:
        days = (day - on).days
        left = [math.exp(-rate * days) for _ratio, _exempt, rate in terms]
        ratio = math.fsum(term[0] * part for term, part in zip(terms, left, strict=True))
        category = next(c for least, c in bounds if ratio >= least)
        if category != lowest or never_exempt:
            return category
        exempt = sum(term[1] * part for term, part in zip(terms, left, strict=True))
        return None if exempt <= 1.0 else category

    return told if terms else None
