"""Working days and office hours of a country, in its own time zone.

Holidays come from the ``holidays`` package; days that an authority adds or takes away are given on
top. All moments that leave this module are aware; local times that a change of the clocks skips or
repeats are resolved to the earlier moment, so that nothing falls due later than it should.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from tocsin.errors import InvalidInput

LONGEST_SEARCH_DAYS = 3_660
"""Ten years: a calendar without a working day in so long is a mistake, not a holiday."""


@lru_cache(maxsize=64)
def _table(country: str, subdivision: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision or None)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """When offices of a country work.

    Parameters
    ----------
    country : str
        ISO 3166-1 alpha-2 code; empty for a calendar without public holidays (a fictional State).
    zone : str
        IANA time zone.
    subdivision : str
        State or region with holidays of its own, as the ``holidays`` package names it.
    weekend : frozenset of int
        Days of the week without work, Monday is 0; by default those of the country.
    opens, closes : time
        Office hours in local time.
    extra_holidays, extra_workdays : frozenset of date
        Days that the authority closes or works against the calendar.
    """

    country: str
    zone: str
    subdivision: str = ""
    weekend: frozenset[int] | None = None
    opens: time = time(9)
    closes: time = time(17)
    extra_holidays: frozenset[date] = field(default_factory=frozenset)
    extra_workdays: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not self.opens < self.closes:
            raise InvalidInput("office hours: opens must lie before closes on the same day")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InvalidInput(f"time zone {self.zone!r} is not known") from None
        if self.country:
            known = holidays.list_supported_countries()
            if self.country not in known:
                raise InvalidInput(f"no holidays are known for country {self.country!r}")
            if self.subdivision and self.subdivision not in known[self.country]:
                raise InvalidInput(f"{self.country} has no subdivision {self.subdivision!r}")
        if len(self.free_days()) > 6:
            raise InvalidInput("a weekend of seven days leaves no working day")

    def free_days(self) -> frozenset[int]:
        """Days of the week without work, Monday is 0."""
        if self.weekend is not None:
            return self.weekend
        return frozenset(_table(self.country, self.subdivision).weekend if self.country else {5, 6})

    def holiday_name(self, day: date) -> str:
        """Name of the holiday, empty on other days."""
        if day in self.extra_workdays:
            return ""
        if day in self.extra_holidays:
            return "closed by the authority"
        if not self.country:
            return ""
        return str(_table(self.country, self.subdivision).get(day) or "")

    def is_workday(self, day: date) -> bool:
        """Whether offices work on that day."""
        if day in self.extra_workdays:
            return True
        return day.weekday() not in self.free_days() and not self.holiday_name(day)

    def next_workday(self, day: date) -> date:
        """The first working day after a day."""
        for ahead in range(1, LONGEST_SEARCH_DAYS):
            candidate = day + timedelta(days=ahead)
            if self.is_workday(candidate):
                return candidate
        raise InvalidInput(f"no working day within ten years after {day}")

    def on_or_after(self, day: date) -> date:
        """The day itself if offices work on it, else the next on which they do."""
        return day if self.is_workday(day) else self.next_workday(day)

    def local(self, moment: datetime) -> datetime:
        """A moment in local time."""
        if moment.tzinfo is None:
            raise InvalidInput("a moment without a time zone")
        return moment.astimezone(ZoneInfo(self.zone))

    def moment(self, day: date, at: time) -> datetime:
        """The moment of a local date and time, in UTC.

        A time that the change to summer time skips is the moment of the change; of a time that
        occurs twice it is the first.
        """
        zone = ZoneInfo(self.zone)
        naive = datetime.combine(day, at)
        first = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if first.astimezone(zone).replace(tzinfo=None) == naive:
            return first
        # Skipped: the two readings lie on both sides of the change; both offsets are constant on
        # either side, so the change is where the local time of the earlier offset reaches it.
        second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
        return _change_between(zone, min(first, second), max(first, second))

    def office_hours(self, day: date) -> tuple[datetime, datetime] | None:
        """Opening and closing as moments, None on a free day."""
        if not self.is_workday(day):
            return None
        return self.moment(day, self.opens), self.moment(day, self.closes)


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The second at which the offset of a zone changes between two moments."""
    before = low.astimezone(zone).utcoffset()
    low_s, high_s = int(low.timestamp()), int(high.timestamp())
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if datetime.fromtimestamp(middle_s, zone).utcoffset() == before:
            low_s = middle_s
        else:
            high_s = middle_s
    return datetime.fromtimestamp(high_s, UTC)


def dates(days: Iterable[str]) -> frozenset[date]:
    """Dates of ISO strings."""
    return frozenset(date.fromisoformat(day) for day in days)
