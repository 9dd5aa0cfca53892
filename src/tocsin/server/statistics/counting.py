"""Counts of incidents as they were known on a day, with of how many each is told. Pure.

Counted are incidents whose standing is neither denied nor withdrawn; those are counted apart.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tocsin.server.incidents.facts import IncidentKind, Standing
from tocsin.server.incidents.facts import Share as Recovered
from tocsin.server.incidents.states import Known
from tocsin.server.statistics.intervals import Share, Times

NOT_COUNTED = frozenset({Standing.DENIED.value, Standing.WITHDRAWN.value})
GONE = frozenset({IncidentKind.THEFT.value, IncidentKind.LOSS.value})
"""Kinds of incidents after which something is missing."""
UNKNOWN = ""
"""Key of what is not known."""
YEARS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by year and something else.

    Parameters
    ----------
    years : list of int
    keys : list of str
        Columns, in the order in which they are shown.
    rows : list of list of int
        One for each year.
    several : bool
        An incident may be in several columns, so that a row may add up to more than its incidents.
    """

    years: list[int]
    keys: list[str]
    rows: list[list[int]]
    several: bool = False

    @property
    def totals(self) -> list[int]:
        """Of each column."""
        return [sum(column) for column in zip(*self.rows, strict=True)] if self.rows else []


@dataclass(frozen=True)
class Figures:
    """What is counted.

    Parameters
    ----------
    known_on : date
        Day whose knowledge counts.
    years : list of int
        Years of the tables.
    incidents : list of Known
        Those that are counted, of all years.
    not_counted : int
        Denied and withdrawn ones.
    """

    known_on: dt.date
    years: list[int]
    incidents: list[Known]
    not_counted: int
    _of_year: dict[int, list[Known]] = field(default_factory=dict)

    def of(self, year: int) -> list[Known]:
        """Incidents of a year."""
        return self._of_year.get(year, [])

    @property
    def undated(self) -> int:
        """Incidents whose year is not known."""
        return sum(1 for i in self.incidents if i.year is None)

    @property
    def shown(self) -> list[Known]:
        """Incidents of the years that are shown."""
        return [i for year in self.years for i in self.of(year)]

    def by(
        self, keys_of: Callable[[Known], Sequence[str]], order: Sequence[str] = (), *, most: int = 0
    ) -> Table:
        """Counts by year and the keys of an incident.

        Parameters
        ----------
        keys_of : callable
            Keys of an incident; none stands for unknown.
        order : sequence of str
            Keys that come first, in this order; the others by their number.
        most : int
            So many columns at most, the rest together as ``other``; 0 for all.
        """
        counted = {year: Counter(_keys(self.of(year), keys_of)) for year in self.years}
        total: Counter[str] = Counter()
        for one in counted.values():
            total.update(one)
        known = [k for k in order if total[k]]
        rest = sorted((k for k in total if k not in known and k != UNKNOWN), key=_most_first(total))
        keys = known + rest
        rare = frozenset(keys[most:] if most else ())
        keys = [k for k in keys if k not in rare]

        def others(year: int) -> list[int]:
            # once, however many of them an incident has
            if not rare:
                return []
            return [sum(1 for i in self.of(year) if not rare.isdisjoint(keys_of(i)))]

        rows = [
            [counted[year][k] for k in keys] + others(year) + [counted[year][UNKNOWN]]
            for year in self.years
        ]
        several = any(len(set(keys_of(i))) > 1 for i in self.shown)
        columns = [*keys, *(["other"] if rare else []), UNKNOWN]
        return Table(self.years, columns, rows, several)

    def transport(self, year: int | None = None) -> Share:
        """Thefts and losses in transport, of those of which it is known."""
        rows = [i for i in self._chosen(year) if i.kind in GONE and i.transport is not None]
        return Share(sum(1 for i in rows if i.transport), len(rows))

    def recovered(self, year: int | None = None) -> Share:
        """Thefts and losses after which everything came back, of those of which it is known."""
        rows = [i for i in self._chosen(year) if i.kind in GONE and i.recovered]
        return Share(sum(1 for i in rows if i.recovered == Recovered.ALL.value), len(rows))

    def missing(self, year: int | None = None) -> int:
        """Thefts and losses."""
        return sum(1 for i in self._chosen(year) if i.kind in GONE)

    def recovery_days(self) -> Times:
        """Days from theft or loss to recovery; what is still missing is watched until the day."""
        ended, waiting = [], []
        for i in self.shown:
            if i.kind not in GONE or i.started_at is None:
                continue
            start = i.started_at.date()
            if i.recovered == Recovered.ALL.value:
                # without a day of recovery the time is not known
                if i.recovered_on is not None and i.recovered_on >= start:
                    ended.append(float((i.recovered_on - start).days))
            else:
                waiting.append(float(max((self.known_on - start).days, 0)))
        return Times(tuple(ended), tuple(waiting))

    def delays(self) -> list[float]:
        """Days from the end of the time in which it happened until it was known, where both are."""
        return [
            max((i.first_known_at - i.ended_at).total_seconds() / 86400.0, 0.0)
            for i in self.shown
            if i.ended_at is not None and i.told_when
        ]

    def _chosen(self, year: int | None) -> list[Known]:
        return self.shown if year is None else self.of(year)


def figures(
    known: Iterable[Known], *, known_on: dt.date, last_year: int, years: int = YEARS_SHOWN
) -> Figures:
    """Count incidents.

    Parameters
    ----------
    known : iterable of Known
        As known on ``known_on``.
    last_year : int
        Last year of the tables.
    years : int
        How many years they show.
    """
    rows = list(known)
    counted = [i for i in rows if i.status not in NOT_COUNTED]
    shown = list(range(last_year - years + 1, last_year + 1))
    of_year: dict[int, list[Known]] = {year: [] for year in shown}
    for incident in counted:
        if incident.year in of_year:
            of_year[incident.year].append(incident)
    return Figures(known_on, shown, counted, len(rows) - len(counted), of_year)


def group_keys(edition: str) -> Callable[[Known], list[str]]:
    """Group of an incident in one edition of the definitions; editions are never mixed."""

    def keys(incident: Known) -> list[str]:
        return [incident.group] if incident.group_edition == edition and incident.group else []

    return keys


def kind_keys(incident: Known) -> list[str]:
    """What happened."""
    return [incident.kind] if incident.kind else []


def nuclide_keys(incident: Known) -> list[str]:
    """Every nuclide that was in it."""
    return incident.nuclides


def category_keys(incident: Known) -> list[str]:
    """Gravest category."""
    return [str(incident.category)] if incident.category else []


def transport_keys(incident: Known) -> list[str]:
    """Of thefts and losses: in transport or not."""
    if incident.transport is None:
        return []
    return ["yes" if incident.transport else "no"]


def recovery_keys(incident: Known) -> list[str]:
    """How much came back."""
    return [incident.recovered] if incident.recovered else []


def only(rows: Figures, kinds: frozenset[str]) -> Figures:
    """The same of some kinds of incidents alone."""
    chosen = {year: [i for i in rows.of(year) if i.kind in kinds] for year in rows.years}
    kept = [i for i in rows.incidents if i.kind in kinds]
    return Figures(rows.known_on, rows.years, kept, rows.not_counted, chosen)


def _keys(incidents: Iterable[Known], keys_of: Callable[[Known], Sequence[str]]) -> Iterable[str]:
    for incident in incidents:
        yield from dict.fromkeys(keys_of(incident)) or (UNKNOWN,)


def _most_first(total: Counter[str]) -> Callable[[str], tuple[int, str]]:
    return lambda key: (-total[key], key)
