"""Legal clocks: worked examples by hand, and laws that hold for every date."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.server.duties.calendars import WorkCalendar
from tocsin.server.duties.deadlines import Direction, Ends, Period, Standing, Unit, standing
from tocsin.server.duties.profiles import available, parse, shipped

# A loaded machine is slow, not wrong.
REPEATABLE = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PARIS = WorkCalendar("FR", "Europe/Paris")
NEW_YORK = WorkCalendar("US", "America/New_York")
ALL = [
    PARIS,
    NEW_YORK,
    WorkCalendar("DE", "Europe/Berlin", "BY"),
    WorkCalendar("SA", "Asia/Riyadh"),  # weekend on Friday and Saturday
    WorkCalendar("", "Pacific/Apia"),  # the day 2011-12-30 never was
    WorkCalendar("AU", "Australia/Lord_Howe", "NSW"),  # half an hour of summer time
]
moments = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda d: d.replace(tzinfo=UTC)
)
calendars = st.sampled_from(ALL)


def at(zone: str, *fields: int) -> datetime:
    return datetime(*fields, tzinfo=ZoneInfo(zone))  # type: ignore[misc, arg-type]


def test_the_next_business_day_of_a_friday_before_a_holiday_is_tuesday() -> None:
    # Friday 2026-05-22; Monday is Memorial Day
    due = Period(1, Unit.BUSINESS_DAYS, Ends.CLOSE_OF_BUSINESS).due(
        at("America/New_York", 2026, 5, 22, 15, 30), NEW_YORK
    )
    assert due == at("America/New_York", 2026, 5, 26, 17)


def test_the_day_is_that_of_the_authority_and_not_of_utc() -> None:
    # 03:30 UTC on Saturday is still Friday evening in New York
    start = datetime(2026, 5, 16, 3, 30, tzinfo=UTC)
    due = Period(1, Unit.BUSINESS_DAYS, Ends.END_OF_DAY).due(start, NEW_YORK)
    assert due == at("America/New_York", 2026, 5, 18, 23, 59, 59)


def test_hours_are_elapsed_time_over_the_change_of_clocks() -> None:
    start = at("Europe/Paris", 2026, 3, 28, 20)
    assert Period(24, Unit.HOURS).due(start, PARIS) == at("Europe/Paris", 2026, 3, 29, 21)
    assert Period(1, Unit.DAYS).due(start, PARIS) == at("Europe/Paris", 2026, 3, 29, 20)


def test_a_time_that_the_change_skips_is_the_moment_of_the_change() -> None:
    start = at("Europe/Paris", 2026, 3, 28, 2, 30)
    assert Period(1, Unit.DAYS).due(start, PARIS) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    start = at("Europe/Paris", 2026, 10, 24, 2, 30)
    assert Period(1, Unit.DAYS).due(start, PARIS) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    start = at("Europe/Paris", 2028, 1, 31, 12)
    assert Period(1, Unit.MONTHS).due(start, PARIS) == at("Europe/Paris", 2028, 2, 29, 12)


def test_a_notice_before_moves_back_to_a_working_day() -> None:
    # four days before Thursday 2026-01-08 is Sunday: Friday the 2nd
    period = Period(4, Unit.DAYS, Ends.CLOSE_OF_BUSINESS, roll=True, direction=Direction.BEFORE)
    due = period.due(at("America/New_York", 2026, 1, 8, 6), NEW_YORK)
    assert due == at("America/New_York", 2026, 1, 2, 17)


def test_business_hours_stop_at_closing_and_go_on_at_opening() -> None:
    # Thursday 2026-04-02 16:00; Friday is no holiday in France, Monday the 6th is Easter Monday
    start = at("Europe/Paris", 2026, 4, 2, 16)
    due = Period(10, Unit.BUSINESS_HOURS).due(start, PARIS)
    assert due == at("Europe/Paris", 2026, 4, 7, 10)


def test_weekends_are_those_of_the_country() -> None:
    riyadh = WorkCalendar("SA", "Asia/Riyadh")
    thursday = at("Asia/Riyadh", 2026, 11, 26, 12)
    assert Period(1, Unit.BUSINESS_DAYS).due(thursday, riyadh).date() == date(2026, 11, 29)


def test_an_authority_may_close_and_work_against_the_calendar() -> None:
    day = date(2026, 11, 27)
    strike = WorkCalendar("FR", "Europe/Paris", extra_holidays=frozenset({day}))
    assert PARIS.is_workday(day)
    assert not strike.is_workday(day)
    assert strike.holiday_name(day)
    sunday = date(2026, 11, 29)
    working = WorkCalendar("FR", "Europe/Paris", extra_workdays=frozenset({sunday}))
    assert working.is_workday(sunday)


@REPEATABLE
@given(moments, calendars, st.integers(0, 400), st.sampled_from([Unit.MINUTES, Unit.HOURS]))
def test_elapsed_time_is_exact_everywhere(
    start: datetime, work: WorkCalendar, amount: int, unit: Unit
) -> None:
    step = timedelta(minutes=1) if unit is Unit.MINUTES else timedelta(hours=1)
    assert Period(amount, unit).due(start, work) - start == amount * step


@REPEATABLE
@given(moments, calendars, st.integers(0, 40))
def test_business_days_agree_with_counting_day_by_day(
    start: datetime, work: WorkCalendar, amount: int
) -> None:
    due = Period(amount, Unit.BUSINESS_DAYS, Ends.END_OF_DAY).due(start, work)
    first, last = work.local(start).date(), work.local(due).date()
    between = [first + timedelta(days=i) for i in range(1, (last - first).days + 1)]
    assert sum(work.is_workday(day) for day in between) == amount
    assert amount == 0 or work.is_workday(last)


@REPEATABLE
@given(moments, calendars, st.integers(1, 60))
def test_business_hours_agree_with_a_count_minute_by_minute(
    start: datetime, work: WorkCalendar, hours: int
) -> None:
    start = start.replace(second=0, microsecond=0)
    due = Period(hours, Unit.BUSINESS_HOURS).due(start, work)
    minutes, day = 0, work.local(start).date()
    while day <= work.local(due).date():
        if office := work.office_hours(day):
            opens, closes = max(office[0], start), min(office[1], due)
            minutes += max(0, int((closes - opens).total_seconds()) // 60)
        day += timedelta(days=1)
    assert minutes == hours * 60


@REPEATABLE
@given(moments, calendars, st.sampled_from(list(Unit)), st.integers(0, 30), st.booleans())
def test_a_longer_period_is_never_due_earlier(
    start: datetime, work: WorkCalendar, unit: Unit, amount: int, roll: bool
) -> None:
    roll = roll and unit not in (Unit.MINUTES, Unit.HOURS)
    short, long = Period(amount, unit, roll=roll), Period(amount + 1, unit, roll=roll)
    assert short.due(start, work) <= long.due(start, work)


@REPEATABLE
@given(st.dates(date(2000, 1, 1), date(2035, 1, 1)), st.times(), calendars)
def test_every_local_time_has_a_moment_and_never_a_late_one(
    day: date, clock: time, work: WorkCalendar
) -> None:
    clock = clock.replace(microsecond=0)
    zone = ZoneInfo(work.zone)
    moment = work.moment(day, clock)
    local = moment.astimezone(zone).replace(tzinfo=None)
    naive = datetime.combine(day, clock)
    readings = [naive.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1)]
    if local == naive:
        assert moment == min(readings)
    else:  # skipped: the change itself, which lies between the two readings
        before = (moment - timedelta(seconds=1)).astimezone(zone)
        assert before.utcoffset() != moment.astimezone(zone).utcoffset()
        assert min(readings) < moment <= max(readings)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Period(-1, Unit.DAYS),
        lambda: Period(1, Unit.HOURS, roll=True),
        lambda: Period(1, Unit.HOURS, Ends.END_OF_DAY),
        lambda: Period(1, Unit.BUSINESS_HOURS, direction=Direction.BEFORE),
        lambda: WorkCalendar("FR", "Europe/Lyons"),
        lambda: WorkCalendar("ZZ", "Europe/Paris"),
        lambda: WorkCalendar("FR", "Europe/Paris", opens=time(18), closes=time(8)),
        lambda: WorkCalendar("", "UTC", weekend=frozenset(range(7))),
        lambda: Period(1, Unit.DAYS).due(datetime(2026, 1, 1), PARIS),  # noqa: DTZ001 - naive
    ],
)
def test_what_makes_no_sense_is_refused(make: object) -> None:
    with pytest.raises(InvalidInput):
        make()  # type: ignore[operator]


def test_how_a_clock_stands() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    due = start + timedelta(hours=4)
    second = timedelta(seconds=1)
    assert standing(start, due, start + timedelta(hours=3) - second) is Standing.RUNNING
    assert standing(start, due, start + timedelta(hours=3)) is Standing.SOON
    assert standing(start, due, due) is Standing.SOON
    assert standing(start, due, due + second) is Standing.OVERDUE
    assert standing(start, due, due + second, met=due) is Standing.MET
    assert standing(start, due, due + second, met=due + second) is Standing.MET_LATE
    assert standing(start, due, due + second, stopped=True) is Standing.STOPPED


def test_every_shipped_period_names_its_source() -> None:
    assert {"US", "FR", "DE", "CZ", "fictional"} <= set(shipped())
    for country in shipped().values():
        for duty in country.duties.values():
            assert duty.source
            assert duty.title["en"]
            assert duty.title["fr"]
            assert (duty.verification != "read") or duty.read_at
            duty.period.due(datetime(2026, 2, 28, 12, tzinfo=UTC), country.calendar)


def test_what_was_not_read_in_the_law_itself_is_unverified() -> None:
    """A summary, another State's copy, a text out of force or an assumption is no reading."""
    duties = {f"{c.code}/{d.code}": d for c in shipped().values() for d in c.duties.values()}
    read = {name for name, duty in duties.items() if duty.verification == "read"}
    for name in read:
        assert duties[name].read_at.startswith("https://"), name
        said = duties[name].note.lower()
        for word in ("copy", "assum", "notes", "no longer in force", "not read", "not checked"):
            assert word not in said, f"{name}: {said}"
    assert read >= {
        "US/loss_telephone",
        "US/special_nuclear_material_loss",
        "FR/application_foreign",
    }
    assert not read & {
        "US/tracked_source_transaction",
        "US/shipment_notice_post",
        "US/nuclear_shipment_lost",
        "DE/acquisition",
        "CZ/receipt",
        "FR/delay_call",
    }


def test_a_state_puts_its_own_profile_in_the_place_of_a_shipped_one(data_folder: Path) -> None:
    folder = data_folder / "country-profiles"
    folder.mkdir(parents=True)
    assert available().by_code == shipped()
    own = {
        "schema": "tocsin.country-profile/1",
        "code": "FR",
        "name": {"en": "Ours"},
        "calendar": {"country": "FR", "zone": "Europe/Paris"},
        "duties": [],
    }
    (folder / "fr.json").write_text(json.dumps(own))
    for name, spoiled in (("a", "{"), ("b", "[]"), ("c", json.dumps(own | {"schema": "x"}))):
        (folder / f"{name}.json").write_text(spoiled)
    found = available()
    assert found.by_code["FR"].name["en"] == "Ours"
    assert set(found.by_code) == set(shipped())
    assert found.unreadable == ("a.json", "b.json", "c.json")


def test_the_correction_clock_of_tracked_sources_skips_thanksgiving() -> None:
    us = shipped()["US"]
    duty = us.duties["tracked_source_correction"]
    # found on Monday 2026-11-23: 24, 25, (26 Thanksgiving), 27, 30, December 1
    due = duty.period.due(at("America/New_York", 2026, 11, 23, 9), us.calendar)
    assert us.calendar.local(due).date() == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tocsin.country-profile/1", "x"),
        ('"verification": "read"', '"verification": "sure"'),
        ('"source": "10 CFR 20.2207"', '"source": ""'),
        ('"read_at": "https://lawserver.com/law/country/us/cfr/10_cfr_73-72"', '"read_at": ""'),
        ('"loss_telephone_small"', '"loss_telephone"'),
        ('"applies_to"', '"applies"'),
    ],
)
def test_a_profile_with_a_hole_is_refused(old: str, new: str) -> None:
    from importlib.resources import files

    text = files("tocsin.server.duties").joinpath("data/profiles/us.json").read_text("utf-8")
    assert old in text
    with pytest.raises(InvalidInput):
        parse(text.replace(old, new))
