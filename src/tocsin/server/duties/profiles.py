"""Country profiles: legal periods as data, each with its text of law and how far it was checked.

A profile is a JSON file of schema ``tocsin.country-profile/1``. Tocsin ships some; a State puts its
own into ``country-profiles`` of the data folder, in the place of one of the same code. Nothing here
is advice of law: the page shows source and state of verification with every period.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings

from tocsin.errors import InvalidInput
from tocsin.server.duties.calendars import WorkCalendar, dates
from tocsin.server.duties.deadlines import Direction, Ends, Period, Unit

log = logging.getLogger(__name__)

SCHEMA = "tocsin.country-profile/1"
FOLDER = "country-profiles"
"""Folder of the State's own profiles in the data folder."""
VERIFICATIONS = ("read", "unverified", "fictional")


@dataclass(frozen=True, slots=True)
class Duty:
    """One legal duty with its period.

    Parameters
    ----------
    code : str
        Name of the duty within its profile.
    title : mapping of str to str
        Language code to text.
    starts : str
        What starts the clock: ``loss_known``, ``transaction``, ``error_found`` and others.
    applies_to : str
        To what it applies, in words.
    period : Period
        How long.
    source : str
        Text of law, with its paragraph.
    read_at : str
        Where it was read (address or document), empty where it was not.
    verification : str
        ``read``: the text of the law itself was read, at the address given. ``unverified``:
        anything less, such as a summary, another State's copy, a text no longer in force, an
        assumption. ``fictional``: invented for exercises.
    as_of : date
        When that was so.
    note : str
        What a reader must know, for example that the paragraph was renumbered.
    kinds : frozenset of str
        Reports of the register to which a duty of a ``transaction`` applies; empty for all.
    categories : frozenset of int
        Categories of sources to which it applies; empty for all, also those without one.
    """

    code: str
    title: Mapping[str, str]
    starts: str
    applies_to: str
    period: Period
    source: str
    read_at: str
    verification: str
    as_of: date
    note: str = ""
    kinds: frozenset[str] = frozenset()
    categories: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Profile:
    """Calendar and legal duties of a country."""

    code: str
    name: Mapping[str, str]
    calendar: WorkCalendar
    duties: Mapping[str, Duty]

    @property
    def fictional(self) -> bool:
        """True where nothing in it is law."""
        states = {duty.verification for duty in self.duties.values()}
        return states == {"fictional"}

    def duty_of(self, starts: str, *, kind: str, category: int | None) -> Duty | None:
        """The first duty that something starts for a report of a source of a category."""
        for duty in self.duties.values():
            fits = not duty.kinds or kind in duty.kinds
            if duty.starts == starts and fits:
                if not duty.categories or category in duty.categories:
                    return duty
        return None


def _calendar(row: Mapping[str, Any]) -> WorkCalendar:
    weekend = row.get("weekend")
    return WorkCalendar(
        country=row["country"],
        zone=row["zone"],
        subdivision=row.get("subdivision", ""),
        weekend=frozenset(weekend) if weekend is not None else None,
        opens=time.fromisoformat(row.get("opens", "09:00")),
        closes=time.fromisoformat(row.get("closes", "17:00")),
        extra_holidays=dates(row.get("extra_holidays", ())),
        extra_workdays=dates(row.get("extra_workdays", ())),
    )


def _duty(row: Mapping[str, Any]) -> Duty:
    if row["verification"] not in VERIFICATIONS:
        raise InvalidInput(f"duty {row['code']}: verification must be of {VERIFICATIONS}")
    if not row["source"]:
        raise InvalidInput(f"duty {row['code']}: a source is needed")
    if row["verification"] == "read" and not row["read_at"]:
        raise InvalidInput(f"duty {row['code']}: what was read names where")
    period = row["period"]
    return Duty(
        code=row["code"],
        title=dict(row["title"]),
        starts=row["starts"],
        applies_to=row["applies_to"],
        period=Period(
            int(period["amount"]),
            Unit(period["unit"]),
            Ends(period.get("ends", Ends.SAME_TIME)),
            bool(period.get("roll", False)),
            Direction(period.get("direction", Direction.AFTER)),
        ),
        source=row["source"],
        read_at=row["read_at"],
        verification=row["verification"],
        as_of=date.fromisoformat(row["as_of"]),
        note=row.get("note", ""),
        kinds=frozenset(map(str, row.get("kinds", ()))),
        categories=frozenset(map(int, row.get("categories", ()))),
    )


def parse(text: str) -> Profile:
    """Read a profile from JSON.

    Raises
    ------
    InvalidInput
        Another schema, an unknown unit, zone or country, or a duty without a source.
    """
    data = json.loads(text)
    if data.get("schema") != SCHEMA:
        raise InvalidInput(f"country profile: schema must be {SCHEMA}")
    try:
        duties = [_duty(row) for row in data["duties"]]
    except KeyError as error:
        raise InvalidInput(f"country profile: {error.args[0]} is missing") from None
    if len({duty.code for duty in duties}) != len(duties):
        raise InvalidInput("country profile: a code stands twice")
    return Profile(
        data["code"],
        dict(data["name"]),
        _calendar(data["calendar"]),
        {duty.code: duty for duty in duties},
    )


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Profile]:
    """All shipped profiles by code."""
    folder = files("tocsin.server.duties").joinpath("data/profiles")
    profiles = [
        parse(entry.read_text("utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".json")
    ]
    return {profile.code: profile for profile in profiles}


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles of this server, and files of the State that could not be read."""

    by_code: Mapping[str, Profile]
    unreadable: tuple[str, ...]


def available() -> Profiles:
    """The shipped profiles, with the State's own in their place or beside them."""
    found = dict(shipped())
    unreadable = []
    for path in sorted((Path(settings.TOCSIN.data) / FOLDER).glob("*.json")):
        try:
            own = parse(path.read_text(encoding="utf-8"))
        except (InvalidInput, ValueError, KeyError, TypeError, AttributeError):
            log.exception("a country profile cannot be read: %s", path.name)
            unreadable.append(path.name)
        else:
            found[own.code] = own
    return Profiles(found, tuple(unreadable))
