"""Until when something must be reported, confirmed, checked or corrected, by the law of a State.

The periods are data of country profiles (``duties``); where a profile has none, none is applied.
The register knows days and not hours: a period begins with the end of the day of the occurrence.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tocsin.server.accounts.models import Organisation, Realm
from tocsin.server.duties.deadlines import END_OF_DAY
from tocsin.server.duties.profiles import Duty, Profile, available
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source

FICTIONAL = "fictional"
TRANSACTION = "transaction"
MISTAKEN = "error_found"
LEAKS = "leak_test_failed"
CHECKED = "entry_made"
ELSEWHERE = "use_elsewhere"
STARTS = {
    Kind.LEAK_TEST: "leak_test",
    Kind.CORRECTION: MISTAKEN,
    Kind.FIND: "find_known",
}
"""What starts the clock of a report; every other report is a ``transaction``."""
APPLIED = frozenset({TRANSACTION, LEAKS, CHECKED, ELSEWHERE, *STARTS.values()})
"""What starts the periods that the register applies."""
NO_CLOCK = frozenset({Kind.REGISTRATION, Kind.CHECK, Kind.MISTAKE, Kind.WITHDRAWAL})
"""What only writes down, and happens when it is written."""


@dataclass(frozen=True, slots=True)
class Due:
    """The end of a period.

    Parameters
    ----------
    at : datetime
        Last moment.
    day : date
        Its day on the calendar of the authority.
    law : str
        Profile and duty, as ``US/tracked_source_transaction``.
    """

    at: dt.datetime
    day: dt.date
    law: str


def law_of(originator: Organisation, realm: str) -> Profile | None:
    """Country profile of a register; an invented one only where nothing is real."""
    laws = available().by_code
    found = laws.get(originator.country)
    if found is None and realm != Realm.LIVE:
        found = laws.get(FICTIONAL)
    return found


def due_after(source: Source, starts: str, day: dt.date, kind: str = "") -> Due | None:
    """Until when a duty that began on a day must be met; None where no law says."""
    law = law_of(source.originator, source.realm)
    if law is None:
        return None
    duty = law.duty_of(starts, kind=kind, category=source.category)
    if duty is None:
        return None
    at = duty.period.due(law.calendar.moment(day, END_OF_DAY), law.calendar)
    return Due(at, law.calendar.local(at).date(), f"{law.code}/{duty.code}")


def due_of_report(source: Source, kind: Kind, day: dt.date, *, leaks: bool = False) -> Due | None:
    """Until when what happened on a day must be reported."""
    if kind in NO_CLOCK:
        return None
    if leaks and (due := due_after(source, LEAKS, day, kind)) is not None:
        return due
    return due_after(source, STARTS.get(kind, TRANSACTION), day, kind)


def duty_named(law: str) -> Duty | None:
    """The duty of ``US/tracked_source_transaction``, for its title, source and verification."""
    profile, _, code = law.partition("/")
    found = available().by_code.get(profile)
    return found.duties.get(code) if found is not None else None
