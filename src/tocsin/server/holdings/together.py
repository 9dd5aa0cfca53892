"""Category of sources that lie or travel together, on any day, with what would change it.

Nothing here reads the database: the sources are given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import SourceCategory, next_change, source_category
from tocsin.nuclear.category_data import DValue, source_boundaries
from tocsin.server.register.models import Source

AHEAD = dt.timedelta(days=30 * 365)
"""How far ahead a change by decay is told: the time for which a register is kept."""
CLOSE = 0.9
"""Part of a boundary from which the sum is said to be close to it: a choice of this project."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one source brings.

    Parameters
    ----------
    source : Source
    ratio_A_over_D : float or None
        On the day; None where nothing of it can be counted.
    category : int or None
        Of it alone.
    unverified : tuple of DValue
        D values of its nuclides that are not verified and therefore not counted.
    unknown : tuple of str
        Nuclides of which no D value is known.
    """

    source: Source
    ratio_A_over_D: float | None
    category: int | None
    unverified: tuple[DValue, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneMore:
    """What one more source like one of these would do.

    Parameters
    ----------
    source : Source
        The one that would be doubled.
    category : int
        Category with it.
    """

    source: Source
    category: int


@dataclass(frozen=True, slots=True)
class Together:
    """Sources that are together on a day.

    Parameters
    ----------
    on : date
    found : SourceCategory
    parts : tuple of Part
        The gravest first.
    changes_on : date or None
        First day on which decay alone changes the category.
    then : int or None
        The category from that day on.
    next_boundary : float or None
        A/D at which the next graver category begins; None where there is none.
    room : float or None
        A/D that may be added before it does.
    one_more : OneMore or None
        The least source of these that would put the sum into a graver category if it came twice.
    """

    on: dt.date
    found: SourceCategory
    parts: tuple[Part, ...]
    changes_on: dt.date | None
    then: int | None
    next_boundary: float | None
    room: float | None
    one_more: OneMore | None

    @property
    def close(self) -> bool:
        """Whether the sum is within a tenth of the next graver category."""
        ratio = self.found.ratio_A_over_D
        return (
            ratio is not None
            and self.next_boundary is not None
            and ratio >= CLOSE * self.next_boundary
        )

    @property
    def worse_by_decay(self) -> bool:
        """Whether what grows in makes the category graver."""
        if self.changes_on is None or self.then is None:
            return False
        return self.found.category is None or self.then < self.found.category

    @property
    def unverified(self) -> tuple[DValue, ...]:
        """D values that are not verified, each once."""
        return tuple(dict.fromkeys(d for part in self.parts for d in part.unverified))


def together(sources: Sequence[Source], on: dt.date) -> Together:
    """Category of sources that are together.

    Parameters
    ----------
    sources : sequence of Source
    on : date
        Any day, past or ahead.

    Raises
    ------
    InvalidInput
        An activity cannot be traced back to that day.
    """
    activities = [a for source in sources for a in source.activities()]
    found = source_category(activities, on=on)
    parts = sorted((_part(s, on) for s in sources), key=lambda p: -(p.ratio_A_over_D or 0.0))
    changes_on = then = None
    if activities:
        try:
            changes_on, then = next_change(activities, on=on, until=_until(on))
        except NotFound:
            changes_on = then = None
    boundary = _next_boundary(found)
    ratio = found.ratio_A_over_D
    room = None if boundary is None else boundary - (ratio or 0.0)
    return Together(
        on, found, tuple(parts), changes_on, then, boundary, room, _one_more(parts, found, room, on)
    )


def together_or_why(sources: Sequence[Source], on: dt.date) -> tuple[Together | None, str]:
    """The same for a page: what they are, or why that cannot be told."""
    try:
        return together(sources, on), ""
    except InvalidInput as error:
        return None, str(error)


def _until(on: dt.date) -> dt.date:
    return on + AHEAD if on < dt.date.max - AHEAD else dt.date.max


def _part(source: Source, on: dt.date) -> Part:
    try:
        alone = source_category(source.activities(), on=on)
    except InvalidInput as error:
        raise InvalidInput(f"{source.name}: {error}") from error
    values = [(c.nuclide, c.d_value) for c in alone.contributions]
    return Part(
        source,
        alone.ratio_A_over_D,
        alone.category,
        tuple(d for _n, d in values if d is not None and not d.verified),
        tuple(n for n, d in values if d is None),
    )


def _next_boundary(found: SourceCategory) -> float | None:
    if found.category == 1:
        return None
    ratio = found.ratio_A_over_D or 0.0
    above = [b.least_A_over_D for b in source_boundaries() if b.least_A_over_D > ratio]
    return min(above, default=None)


def _one_more(
    parts: Sequence[Part], found: SourceCategory, room: float | None, on: dt.date
) -> OneMore | None:
    """The least source that, coming twice, makes the whole graver; they are sorted by A/D."""
    if room is None:
        return None
    enough = next((p for p in reversed(parts) if (p.ratio_A_over_D or 0.0) >= room > 0.0), None)
    if enough is None:
        return None
    activities = [a for part in parts for a in part.source.activities()]
    with_it = source_category([*activities, *enough.source.activities()], on=on).category
    return None if with_it is None else OneMore(enough.source, with_it)
