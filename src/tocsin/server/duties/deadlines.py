"""When a duty is due: law counts in hours, days, months or business days, each in its own way.

Hours and minutes are elapsed time: a change of the clocks does not lengthen them. Days, weeks and
months are counted on the local calendar and keep the local time of day. Business days and business
hours follow the :class:`~tocsin.server.duties.calendars.WorkCalendar`.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from tocsin.errors import InvalidInput
from tocsin.server.duties.calendars import LONGEST_SEARCH_DAYS, WorkCalendar

END_OF_DAY = time(23, 59, 59)


class Unit(StrEnum):
    """What a legal period is counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    BUSINESS_DAYS = "business_days"
    BUSINESS_HOURS = "business_hours"


class Ends(StrEnum):
    """At what time of the last day a period ends."""

    SAME_TIME = "same_time"
    END_OF_DAY = "end_of_day"
    CLOSE_OF_BUSINESS = "close_of_business"


class Direction(StrEnum):
    """A report follows what starts the clock; a notice comes before it."""

    AFTER = "after"
    BEFORE = "before"


ELAPSED = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Period:
    """A legal period.

    Parameters
    ----------
    amount : int
        How many units; 0 means at once.
    unit : Unit
        What is counted.
    ends : Ends
        Time of the last day, for days and longer.
    roll : bool
        A last day on which offices do not work moves to the next working day (to the one before
        for a notice that must come before something).
    direction : Direction
        After the start, or before it.
    """

    amount: int
    unit: Unit
    ends: Ends = Ends.SAME_TIME
    roll: bool = False
    direction: Direction = Direction.AFTER

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise InvalidInput("a legal period is not negative; use direction before")
        if self.unit in (Unit.MINUTES, Unit.HOURS) and (self.roll or self.ends != Ends.SAME_TIME):
            raise InvalidInput("elapsed time ends when it ends: no roll and no other end")
        if self.direction is Direction.BEFORE and self.unit is Unit.BUSINESS_HOURS:
            raise InvalidInput("business hours are counted forward only")

    def due(self, start: datetime, work: WorkCalendar) -> datetime:
        """The last moment at which the duty is still met in time, in UTC.

        Parameters
        ----------
        start : datetime
            What starts the clock (aware); for a notice, what it must come before.
        work : WorkCalendar
            Calendar of the authority.
        """
        sign = 1 if self.direction is Direction.AFTER else -1
        if start.tzinfo is None:
            raise InvalidInput("the start of a legal period carries a time zone")
        if self.unit in ELAPSED:
            return start.astimezone(UTC) + sign * self.amount * ELAPSED[self.unit]
        if self.unit is Unit.BUSINESS_HOURS:
            return _business_hours(start, self.amount, work)
        local = work.local(start)
        day = self._last_day(local.date(), sign, work)
        if self.roll and not work.is_workday(day):
            day = work.next_workday(day) if sign > 0 else _previous_workday(day, work)
        if self.ends is Ends.CLOSE_OF_BUSINESS:
            return work.moment(day, work.closes)
        if self.ends is Ends.END_OF_DAY:
            return work.moment(day, END_OF_DAY)
        return work.moment(day, local.time())

    def _last_day(self, first: date, sign: int, work: WorkCalendar) -> date:
        if self.unit is Unit.DAYS:
            return first + timedelta(days=sign * self.amount)
        if self.unit is Unit.WEEKS:
            return first + timedelta(weeks=sign * self.amount)
        if self.unit is Unit.MONTHS:
            return _months(first, sign * self.amount)
        day = first
        for _ in range(self.amount):
            day = work.next_workday(day) if sign > 0 else _previous_workday(day, work)
        return day


def _previous_workday(day: date, work: WorkCalendar) -> date:
    for back in range(1, LONGEST_SEARCH_DAYS):
        candidate = day - timedelta(days=back)
        if work.is_workday(candidate):
            return candidate
    raise InvalidInput(f"no working day within ten years before {day}")


def _months(day: date, count: int) -> date:
    """The same day of a later month, or its last day where the month is shorter."""
    years, month = divmod(day.month - 1 + count, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _business_hours(start: datetime, amount: int, work: WorkCalendar) -> datetime:
    left = timedelta(hours=amount)
    moment = start.astimezone(UTC)
    day = work.local(moment).date()
    for _ in range(LONGEST_SEARCH_DAYS):
        hours = work.office_hours(day)
        if hours is not None:
            opens, closes = max(hours[0], moment), hours[1]
            if opens < closes or (left == timedelta(0) and opens <= closes):
                if left <= closes - opens:
                    return opens + left
                left -= closes - opens
        day += timedelta(days=1)
    raise InvalidInput("the business hours do not end within ten years")


class Standing(StrEnum):
    """How a running clock stands."""

    RUNNING = "running"
    SOON = "soon"
    OVERDUE = "overdue"
    MET = "met"
    MET_LATE = "met_late"
    STOPPED = "stopped"


def standing(
    started: datetime,
    due: datetime,
    now: datetime,
    *,
    met: datetime | None = None,
    stopped: bool = False,
) -> Standing:
    """How a clock stands now; *soon* is the last quarter of its time."""
    if met is not None:
        return Standing.MET if met <= due else Standing.MET_LATE
    if stopped:
        return Standing.STOPPED
    if now > due:
        return Standing.OVERDUE
    if now >= due - (due - started) / 4:
        return Standing.SOON
    return Standing.RUNNING
