"""What a licence permits, in figures: pure rules, without a database.

A limit row names nuclides (one, or a group), or a category. A row of nuclides permits them and
bounds the activity of one source, the total activity and the number of sources. A row of a category
bounds the sum of A/D of everything: it stays below the next graver category. Where no row names a
nuclide, every nuclide is permitted within the category. All rows that a source touches must hold.

Activities are those of one day; what is ordered counts as it was ordered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.nuclear import SourceActivity, source_boundaries, source_category

ROUNDING = 1e-9
"""Relative error of sums of binary numbers: what is exactly at a limit is within it."""
ANY_FORM = "any"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of a licence.

    Parameters
    ----------
    nuclides : tuple of str
        Canonical names; empty for a row of a category.
    category : int or None
        The gravest category that all together may reach.
    form : str
        ``sealed``, ``unsealed`` or ``any``.
    source_Bq, total_Bq : float or None
        Most activity of one source and of all.
    sources : int or None
        Most number of sources.
    """

    nuclides: tuple[str, ...] = ()
    category: int | None = None
    form: str = "sealed"
    source_Bq: float | None = None
    total_Bq: float | None = None
    sources: int | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Limit:
        """The limit that a version or a sheet keeps as JSON."""
        return cls(
            nuclides=tuple(row.get("nuclides", ())),
            category=row.get("category"),
            form=row["form"],
            source_Bq=row.get("source_Bq"),
            total_Bq=row.get("total_Bq"),
            sources=row.get("sources"),
        )

    def written(self) -> dict[str, Any]:
        """As JSON, without what is not limited."""
        known: dict[str, Any] = {"form": self.form}
        if self.nuclides:
            known["nuclides"] = list(self.nuclides)
        for name in ("category", "source_Bq", "total_Bq", "sources"):
            if (value := getattr(self, name)) is not None:
                known[name] = value
        return known

    @property
    def least_ratio_beyond(self) -> float | None:
        """A/D from which the category is graver than permitted; None where it cannot be."""
        graver = [
            b.least_A_over_D
            for b in source_boundaries()
            if self.category is not None and b.category < self.category
        ]
        return min(graver, default=None)


@dataclass(frozen=True, slots=True)
class Item:
    """Sources of one kind that are held, on order or asked for.

    Parameters
    ----------
    activity_Bq : mapping of str to float
        Of one source, by canonical nuclide, on the day.
    ratio_A_over_D : float
        Of one source, as far as its D values are known.
    wholly_known : bool
        Whether every nuclide of it counts in the ratio.
    form : str
        ``sealed`` or ``unsealed``.
    number : int
        How many.
    """

    activity_Bq: Mapping[str, float]
    ratio_A_over_D: float = 0.0
    wholly_known: bool = True
    form: str = "sealed"
    number: int = 1


def item_of(
    contents: Sequence[SourceActivity], day: dt.date, *, form: str = "sealed", number: int = 1
) -> Item:
    """Sources with these contents as they are on a day."""
    found = source_category(contents, on=day)
    return Item(
        {c.nuclide: c.activity_Bq for c in found.contributions if c.grown_from is None},
        found.ratio_A_over_D or 0.0,
        all(c.ratio_A_over_D is not None for c in found.contributions),
        form,
        number,
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit is taken.

    Parameters
    ----------
    total_Bq : float
        Activity of the nuclides of the row; of all nuclides for a category.
    sources : int
    ratio_A_over_D : float
        Of whole sources.
    """

    total_Bq: float = 0.0
    sources: int = 0
    ratio_A_over_D: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.total_Bq + other.total_Bq,
            self.sources + other.sources,
            self.ratio_A_over_D + other.ratio_A_over_D,
        )


class Bound(StrEnum):
    """What of a licence something is beyond."""

    NOT_PERMITTED = "not_permitted"
    SOURCE = "source"
    TOTAL = "total"
    SOURCES = "sources"
    CATEGORY = "category"
    UNKNOWN_D = "unknown_d"


@dataclass(frozen=True, slots=True)
class Excess:
    """Where something would be beyond a licence.

    Parameters
    ----------
    bound : Bound
    limit : Limit or None
        The row; None for a nuclide that no row permits.
    nuclide : str
        That nuclide, or one whose D is not known.
    most, held, reserved, added : float
        What the row allows; what is held, on order, and asked for now: in Bq, sources or A/D.
    """

    bound: Bound
    limit: Limit | None = None
    nuclide: str = ""
    most: float = 0.0
    held: float = 0.0
    reserved: float = 0.0
    added: float = 0.0

    @property
    def would_be(self) -> float:
        """What would be held."""
        return self.held + self.reserved + self.added

    @property
    def by_orders_alone(self) -> bool:
        """Whether only other open orders put it beyond the limit."""
        return not _beyond(self.bound, self.held + self.added, self.most)


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody has and is about to get.

    Parameters
    ----------
    held, reserved : sequence of Item
        Held or on the way; open orders of all vendors.
    """

    held: Sequence[Item] = field(default=())
    reserved: Sequence[Item] = field(default=())


def touches(limit: Limit, item: Item) -> bool:
    """Whether a row counts a source."""
    if limit.form not in (ANY_FORM, item.form):
        return False
    return limit.category is not None or any(n in item.activity_Bq for n in limit.nuclides)


def usage(limit: Limit, items: Iterable[Item]) -> Usage:
    """How much of a row some sources take."""
    taken = Usage()
    for item in items:
        if touches(limit, item):
            taken += Usage(
                _counted_Bq(limit, item) * item.number,
                item.number,
                item.ratio_A_over_D * item.number,
            )
    return taken


def not_permitted(limits: Sequence[Limit], item: Item) -> list[str]:
    """Nuclides of a source that no row permits."""
    rows = [row for row in limits if row.form in (ANY_FORM, item.form)]
    if rows and not any(row.nuclides for row in limits):
        return []
    named = {name for row in rows for name in row.nuclides}
    return [name for name in item.activity_Bq if name not in named]


def excesses(limits: Sequence[Limit], holding: Holding, added: Sequence[Item]) -> list[Excess]:
    """Everything in which a licence would be exceeded by getting more.

    Rows that the added sources do not touch are not asked: they were not made worse.
    """
    found = [
        Excess(Bound.NOT_PERMITTED, nuclide=name)
        for name in dict.fromkeys(n for item in added for n in not_permitted(limits, item))
    ]
    for limit in limits:
        touching = [item for item in added if touches(limit, item)]
        if touching:
            found += _excesses_of(limit, holding, touching)
    return found


def category_at_limits(limits: Sequence[Limit]) -> int | None:
    """Category that sources reach when a licence is used up; None where that cannot be told.

    For a group the nuclide with the least D counts.
    """
    found = [limit.category for limit in limits if limit.category is not None]
    named = [limit for limit in limits if limit.nuclides]
    ratios = [_ratio_at(limit) for limit in named]
    if named and None not in ratios:
        total = sum(ratio or 0.0 for ratio in ratios)
        found.append(
            next(
                b.category
                for b in source_boundaries()
                if total >= b.least_A_over_D * (1.0 - ROUNDING)
            )
        )
    return max(found, default=None)


def _ratio_at(limit: Limit) -> float | None:
    bounds = [limit.total_Bq] if limit.total_Bq is not None else []
    if limit.source_Bq is not None and limit.sources is not None:
        bounds.append(limit.source_Bq * limit.sources)
    ratios = [source_category({name: 1.0}).ratio_A_over_D for name in limit.nuclides]
    if not bounds or None in ratios:
        return None
    return min(bounds) * max(ratio or 0.0 for ratio in ratios)


def _excesses_of(limit: Limit, holding: Holding, added: Sequence[Item]) -> list[Excess]:
    found: list[Excess] = []
    if limit.source_Bq is not None:
        largest = max(_counted_Bq(limit, item) for item in added)
        if _beyond(Bound.SOURCE, largest, limit.source_Bq):
            found.append(Excess(Bound.SOURCE, limit, most=limit.source_Bq, added=largest))
    held, reserved = usage(limit, holding.held), usage(limit, holding.reserved)
    more = usage(limit, added)
    parts: list[tuple[Bound, float | None, float, float, float]] = [
        (Bound.TOTAL, limit.total_Bq, held.total_Bq, reserved.total_Bq, more.total_Bq),
        (Bound.SOURCES, limit.sources, held.sources, reserved.sources, more.sources),
    ]
    if limit.category is not None:
        unknown = next((item for item in added if not item.wholly_known), None)
        if unknown is not None:
            found.append(Excess(Bound.UNKNOWN_D, limit, nuclide=", ".join(unknown.activity_Bq)))
        parts.append(
            (
                Bound.CATEGORY,
                limit.least_ratio_beyond,
                held.ratio_A_over_D,
                reserved.ratio_A_over_D,
                more.ratio_A_over_D,
            )
        )
    for bound, most, has, comes, asked in parts:
        if most is not None and _beyond(bound, has + comes + asked, most):
            found.append(Excess(bound, limit, "", most, has, comes, asked))
    return found


def _beyond(bound: Bound, value: float, most: float) -> bool:
    if bound in (Bound.NOT_PERMITTED, Bound.UNKNOWN_D):
        return True
    if bound is Bound.CATEGORY:
        # a boundary belongs to the graver category
        return value >= most * (1.0 - ROUNDING)
    return value > most * (1.0 + ROUNDING)


def _counted_Bq(limit: Limit, item: Item) -> float:
    if limit.category is not None:
        return sum(item.activity_Bq.values())
    return sum(item.activity_Bq.get(name, 0.0) for name in limit.nuclides)
