"""How often each value occurs among things that have nothing to do with each other."""

from __future__ import annotations

import bisect
import functools
import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from importlib import resources
from typing import Any

from tocsin.linkage.things import Thing

SCHEMA = "tocsin.linkage.population/1"
PRIOR_WEIGHT = 2.0
"""Things' worth of the general frequency that a rare condition starts with."""

CHANCE_DIGIT = 0.1
"""Chance that a further digit of two unrelated serials agrees, as if all were equally frequent:
checked on the notices 1999-2014 in docs/science/linkage.md, where it is on the safe side."""

CHANCE_LETTER = 0.05


def activity_class(activity_Bq: float) -> float:
    """Logarithm of an activity, the scale on which activities are compared."""
    return math.log(activity_Bq)


class Population:
    """Frequencies over a set of things, to tell what an agreement is worth.

    Parameters
    ----------
    things : iterable of Thing
        Both sides of a comparison.
    base : dict, optional
        Counts to start from, as ``counts`` gives them; by default those of the public notices
        1999-2014, which stand for the world where the sides are small.
    """

    def __init__(self, things: Iterable[Thing], base: dict[str, Any] | None = None) -> None:
        start = base if base is not None else base_counts()
        self.size = int(start["things"])
        self._sets = Counter(start["nuclide_sets"])
        self._makers = _table(start["makers"])
        self._models = _table(start["models"])
        self._types = _table(start["types"])
        self._states = Counter(start["states"])
        self._near: dict[tuple[str, str], float] = {}
        self._towns: Counter[str] = Counter()
        self._holders: Counter[str] = Counter()
        self._licences: Counter[str] = Counter()
        self._serials: Counter[str] = Counter()
        self._positions: list[tuple[float, float]] = []
        self._near_positions: dict[tuple[float, float, float], float] = {}
        self._patterns = _table(start["serial_patterns"])
        levels: dict[str, Counter[float]] = {
            n: Counter({float(k): v for k, v in c.items()}) for n, c in start["activities"].items()
        }
        days = Counter({int(k): int(v) for k, v in start["days"].items()})
        for thing in things:
            self._add(thing, levels, days)
        self._activities = {name: _Cumulated(counts) for name, counts in levels.items()}
        self._days = _Cumulated(Counter({float(d): n for d, n in days.items()}))
        self._sizes = {
            id(t): {k: sum(c.values()) for k, c in t.items()}
            for t in (self._makers, self._models, self._types, self._patterns)
        }
        self._dated = sum(days.values())
        self._stated = sum(self._states.values())

    def _add(self, thing: Thing, levels: dict[str, Counter[float]], days: Counter[int]) -> None:
        self.size += 1
        key = set_key(thing.nuclides)
        self._sets[key] += 1
        for maker, _ in thing.makers:
            self._makers[key][maker] += 1
            for model in thing.models:
                self._models[maker][model] += 1
        for kind in thing.device_types:
            self._types[key][kind] += 1
        if thing.state:
            self._states[thing.state] += 1
        for table, value in (
            (self._towns, thing.town),
            (self._holders, thing.holder),
            (self._licences, thing.licence),
        ):
            if value:
                table[value] += 1
        for serial, _ in thing.serials:
            self._serials[serial] += 1
            for family in {family_of(thing), ""}:
                self._patterns[family][pattern(serial)] += 1
        if thing.position is not None:
            self._positions.append(thing.position)
        for nuclide, activity_Bq in thing.activities_Bq:
            levels.setdefault(nuclide, Counter())[round(activity_class(activity_Bq), 3)] += 1
        if thing.day is not None:
            days[thing.day] += 1

    def nuclide_set(self, nuclides: frozenset[str]) -> float:
        """Share of things with exactly these nuclides."""
        return (self._sets[set_key(nuclides)] + 0.5) / (self.size + 1.0)

    def maker(self, maker: str, nuclides: frozenset[str]) -> float:
        """Share of this maker among things with these nuclides."""
        return self._conditional(self._makers, set_key(nuclides), maker)

    def model(self, model: str, maker: str) -> float:
        """Share of this model among things of this maker."""
        return self._conditional(self._models, maker, model)

    def models_like(self, model: str, maker: str, like: Callable[[str, str], bool]) -> float:
        """Share of other models of this maker that are like this one."""
        key = (model, maker)
        if key not in self._near:
            within = self._models.get(maker, Counter())
            total = sum(within.values())
            others = sum(n for m, n in within.items() if m != model and like(model, m))
            self._near[key] = (others + PRIOR_WEIGHT * 0.05) / (total + PRIOR_WEIGHT)
        return self._near[key]

    def device_type(self, kind: str, nuclides: frozenset[str]) -> float:
        """Share of this kind of device among things with these nuclides."""
        return self._conditional(self._types, set_key(nuclides), kind)

    def _conditional(self, table: dict[str, Counter[str]], given: str, value: str) -> float:
        within = table.get(given, Counter())
        total = self._sizes[id(table)].get(given, 0)
        general = 0.02
        return (within[value] + PRIOR_WEIGHT * general) / (total + PRIOR_WEIGHT)

    def state(self, state: str) -> float:
        """Share of things in this State of the country."""
        return (self._states[state] + 0.5) / (self._stated + 25.0)

    def town(self, town: str, state: str) -> float:
        """Share of things in this town."""
        return min(self.state(state), (self._towns[town] + 0.5) / (self.size + 1.0))

    def holder(self, holder: str) -> float:
        """Share of things of this holder."""
        return (self._holders[holder] + 0.5) / (self.size + 1.0)

    def licence(self, licence: str) -> float:
        """Share of things under this licence."""
        return (self._licences[licence] + 0.5) / (self.size + 1.0)

    def within_km(self, position: tuple[float, float], km: float) -> float:
        """Share of things so near to a position."""
        key = (*position, km)
        if key not in self._near_positions:
            near = sum(distance_km(position, other) <= km for other in self._positions)
            self._near_positions[key] = (near + 0.5) / (len(self._positions) + 1.0)
        return self._near_positions[key]

    def days_within(self, day: int, within: int) -> float:
        """Share of things whose day lies within so many days of this one."""
        if not self._dated:
            return 1.0
        return min(
            1.0, (self._days.between(day - within, day + within) + 0.5) / (self._dated + 1.0)
        )

    def activity(self, nuclide: str, activity_Bq: float, within: float) -> float:
        """Share of activities of a nuclide within so much of this one (natural logarithm)."""
        levels = self._activities.get(nuclide)
        if levels is None or levels.total < 3:
            return min(1.0, 0.02 + within / 4.0)
        at = activity_class(activity_Bq)
        return min(1.0, (levels.between(at - within, at + within) + 0.5) / (levels.total + 1.0))

    def serial(self, serial: str, family: str) -> float:
        """Chance that an unrelated thing of this maker's family has this serial.

        Notes
        -----
        The larger of two estimates: how often it stands in the two lists beyond once, and the share
        of serials of this maker that have its length and first two characters, times the chance
        that the rest agrees. A four-digit number is common, one with letters is not.
        """
        within = self._patterns.get(family, Counter())
        total = self._sizes[id(self._patterns)].get(family, 0)
        if total < 30:
            within = self._patterns[""]
            total = self._sizes[id(self._patterns)].get("", 0) + 1
        share = (within[pattern(serial)] + 0.5) / (total + 10.0)
        rest = serial[2:]
        digits = sum(c.isdigit() for c in rest)
        chance = share * CHANCE_DIGIT**digits * CHANCE_LETTER ** (len(rest) - digits)
        seen = max(0, self._serials[serial] - 2) / max(1, self.size)
        return float(min(0.5, max(chance, seen, 1e-12)))

    def counts(self) -> dict[str, Any]:
        """The counts themselves, to be kept as a base."""
        return {
            "schema": SCHEMA,
            "things": self.size,
            "nuclide_sets": dict(self._sets),
            "makers": {k: dict(v) for k, v in self._makers.items()},
            "models": {k: dict(v) for k, v in self._models.items()},
            "types": {k: dict(v) for k, v in self._types.items()},
            "states": dict(self._states),
            "serial_patterns": {k: dict(v) for k, v in self._patterns.items()},
            "activities": {n: dict(c.counts) for n, c in self._activities.items()},
            "days": {str(int(d)): n for d, n in self._days.counts.items()},
        }


class _Cumulated:
    """Counts of values, to be summed over an interval at once."""

    def __init__(self, counts: Counter[float]) -> None:
        self.counts = counts
        self._values = sorted(counts)
        self._sums = [0, *itertools.accumulate(counts[v] for v in self._values)]
        self.total = self._sums[-1]

    def between(self, low: float, high: float) -> int:
        """Number of values from low to high."""
        first = bisect.bisect_left(self._values, low - 1e-9)
        return self._sums[bisect.bisect_right(self._values, high + 1e-9)] - self._sums[first]


def _table(rows: dict[str, dict[str, int]]) -> dict[str, Counter[str]]:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for key, counts in rows.items():
        table[key] = Counter(counts)
    return table


EARTH_KM = 6371.0


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Distance on a sphere, in km."""
    lat_1, lon_1, lat_2, lon_2 = map(math.radians, (*one, *other))
    half = math.sin((lat_2 - lat_1) / 2.0) ** 2
    half += math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2.0) ** 2
    return 2.0 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def set_key(nuclides: frozenset[str]) -> str:
    """One text for a set of nuclides."""
    return "+".join(sorted(nuclides))


def family_of(thing: Thing) -> str:
    """Family of the first maker; empty where none is known."""
    return thing.makers[0][1] if thing.makers else ""


def pattern(serial: str) -> str:
    """Length and first two characters of a serial: what a series of numbers shares."""
    return f"{len(serial)}:{serial[:2]}"


@functools.lru_cache(maxsize=1)
def base_counts() -> dict[str, Any]:
    """Counts of the public notices 1999-2014 about things lost, stolen, found or abandoned."""
    text = resources.files("tocsin.linkage").joinpath("data/population.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


EMPTY: dict[str, Any] = {
    "schema": SCHEMA,
    "things": 0,
    **{name: {} for name in ("nuclide_sets", "makers", "models", "types", "states")},
    **{name: {} for name in ("serial_patterns", "activities", "days")},
}
"""A base that knows nothing."""
