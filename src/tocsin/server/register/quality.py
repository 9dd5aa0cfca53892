"""Checks of the data: each names a kind of mistake and the sources in which it shows.

The checks look at the register as it is and know nothing of how its entries were made.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.server.register.life import HELD
from tocsin.server.register.models import Source
from tocsin.server.register.practices import usual_category
from tocsin.server.register.reading import RECEIPT_DAYS

KINDS: dict[str, str | Promise] = {
    "duplicate_serial": gettext_lazy("the same serial number of one maker and model twice"),
    "unit_slip": gettext_lazy("activity a thousand times that of others of its model"),
    "impossible_date": gettext_lazy("dates that contradict each other"),
    "practice_and_category": gettext_lazy("practice and category do not fit"),
    "no_serial": gettext_lazy("no serial number at all"),
    "place_missing": gettext_lazy("no place is known"),
    "lost_transfer": gettext_lazy("sent, and never confirmed by the receiver"),
    "storage_over": gettext_lazy("stored longer than permitted"),
    "licence_over": gettext_lazy("the licence of the holder has ended"),
    "no_category": gettext_lazy("no category can be told"),
}
LEAST_OF_A_MODEL = 3
"""Sources of one model from which its usual activity is told."""
SLIP = 1000.0
WITHIN = 3.0
"""A unit slip is a factor 1000, known within this factor, as sources of one model differ."""
CATEGORY_APART = 2
"""Categories by which A/D and practice must differ to be shown; the table of practices is rough."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake that a check sees in a source.

    Parameters
    ----------
    kind : str
        Key of ``KINDS``.
    source : Source
    why : str
        What is seen, in words.
    """

    kind: str
    source: Source
    why: str


def findings(sources: Iterable[Source], today: dt.date) -> list[Finding]:
    """What the checks find in sources that are held, by kind in the order of ``KINDS``."""
    rows = [s for s in sources if s.status in HELD]
    found = [
        *_duplicates(rows),
        *_slips(rows),
        *(one for row in rows for one in _single(row, today)),
    ]
    order = list(KINDS)
    return sorted(found, key=lambda f: order.index(f.kind))


def _key(source: Source) -> tuple[str, str]:
    return source.manufacturer.casefold(), source.model.casefold()


def _duplicates(rows: list[Source]) -> Iterator[Finding]:
    same: dict[tuple[str, ...], list[Source]] = defaultdict(list)
    for row in rows:
        serial = "".join(c for c in row.serial.casefold() if c.isalnum())
        if serial and (row.manufacturer or row.model):
            same[*_key(row), serial].append(row)
    for group in same.values():
        if len(group) > 1:
            for row in group:
                others = ", ".join(o.name for o in group if o is not row)
                yield Finding("duplicate_serial", row, _("as {others}").format(others=others[:200]))


def _slips(rows: list[Source]) -> Iterator[Finding]:
    models: dict[tuple[str, ...], list[tuple[Source, float]]] = defaultdict(list)
    for row in rows:
        if (row.manufacturer or row.model) and len(row.contents) == 1:
            item = row.contents[0]
            models[*_key(row), item["nuclide"]].append((row, float(item["activity_Bq"])))
    for group in models.values():
        if len(group) < LEAST_OF_A_MODEL:
            continue
        usual = median(activity for _row, activity in group)
        for row, activity in group:
            apart = abs(math.log(activity / usual))
            if abs(apart - math.log(SLIP)) < math.log(WITHIN):
                text = _("{a} Bq, usual is {b} Bq").format(a=f"{activity:.3g}", b=f"{usual:.3g}")
                yield Finding("unit_slip", row, text)


def _single(row: Source, today: dt.date) -> Iterator[Finding]:
    references = [dt.date.fromisoformat(item["reference_date"]) for item in row.contents]
    if row.made_on is not None and row.leak_test_on is not None and row.leak_test_on < row.made_on:
        text = _("leak test on {a}, made on {b}").format(a=row.leak_test_on, b=row.made_on)
        yield Finding("impossible_date", row, text)
    elif any(day > today for day in references):
        yield Finding("impossible_date", row, _("a reference date lies in the future"))
    usual = usual_category().get(row.practice)
    if usual is not None and row.category is not None:
        if abs(usual - row.category) >= CATEGORY_APART:
            text = _("category {a} by A/D, {b} is usual (unverified)").format(
                a=row.category, b=usual
            )
            yield Finding("practice_and_category", row, text)
    if not row.serial and not row.device_serial:
        yield Finding("no_serial", row, row.title)
    if not row.place and row.latitude is None:
        yield Finding("place_missing", row, row.holder.name)
    if row.sent_on is not None and (today - row.sent_on).days > RECEIPT_DAYS:
        yield Finding("lost_transfer", row, _("sent on {day}").format(day=row.sent_on))
    if row.storage_until is not None and row.storage_until < today:
        yield Finding("storage_over", row, _("until {day}").format(day=row.storage_until))
    ends = row.holder.licence_until
    if ends is not None and ends < today:
        yield Finding(
            "licence_over", row, _("{name}, until {day}").format(name=row.holder.name, day=ends)
        )
    # below exemption there is a ratio and no category; where nothing can be told there is neither
    if row.category is None and row.ratio_A_over_D is None:
        yield Finding("no_category", row, row.nuclides)
