"""What is said of one report alone, as the manifest of a transfer or the result of a leak test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.errors import InvalidInput
from tocsin.server.register.entries import activity_of
from tocsin.server.register.life import EndOfLife, Kind, TestResult
from tocsin.server.typed import plain

SHIPPED = frozenset({Kind.TRANSFER, Kind.RECEIPT, Kind.EXPORT, Kind.DISPOSAL})
LONGEST_AHEAD = dt.timedelta(days=3653)
"""No arrival and no return is planned more than ten years ahead: a choice, against slips."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that may be said of a report.

    Parameters
    ----------
    label : str
    kinds : frozenset of Kind
        Reports of which it may be said.
    needed : frozenset of Kind
        Reports that must say it.
    choices : tuple of (str, str)
        What it may be; empty for free text.
    day : bool
        Whether it is a day, which may lie ahead.
    activity : bool
        Whether it is an activity with its unit, one for each nuclide, divided by semicolons.
    most : int
        Characters of a text or of activities.
    """

    label: str | Promise
    kinds: frozenset[Kind]
    needed: frozenset[Kind] = frozenset()
    choices: tuple[tuple[str, str | Promise], ...] = ()
    day: bool = False
    activity: bool = False
    most: int = 120


FACTS: dict[str, Fact] = {
    "result": Fact(
        gettext_lazy("Result"),
        frozenset({Kind.LEAK_TEST}),
        needed=frozenset({Kind.LEAK_TEST}),
        choices=tuple(TestResult.choices),
    ),
    "test_type": Fact(gettext_lazy("Type of the test"), frozenset({Kind.LEAK_TEST})),
    "until": Fact(gettext_lazy("Until"), frozenset({Kind.ELSEWHERE}), day=True),
    "end_of_life": Fact(
        gettext_lazy("End of life"),
        frozenset({Kind.DISUSE, Kind.DISPOSAL}),
        choices=tuple(EndOfLife.choices),
    ),
    "arrival_on": Fact(
        gettext_lazy("Expected arrival"), frozenset({Kind.TRANSFER, Kind.EXPORT}), day=True
    ),
    "manifest": Fact(gettext_lazy("Waste manifest number"), SHIPPED, most=80),
    "container": Fact(gettext_lazy("Container identification"), SHIPPED, most=80),
    "received_from": Fact(
        gettext_lazy("From whom"), frozenset({Kind.RECEIPT, Kind.IMPORT}), most=200
    ),
    "to": Fact(gettext_lazy("To whom"), frozenset({Kind.EXPORT, Kind.DISPOSAL}), most=200),
    "device": Fact(
        gettext_lazy("Device"),
        frozenset({Kind.INSTALLATION}),
        needed=frozenset({Kind.INSTALLATION}),
        most=200,
    ),
    "device_serial": Fact(
        gettext_lazy("Serial number of the device"), frozenset({Kind.INSTALLATION}), most=100
    ),
    "activity": Fact(
        gettext_lazy("Activity on that day"),
        frozenset({Kind.LEAK_TEST, Kind.TRANSFER, Kind.RECEIPT, Kind.DISUSE}),
        activity=True,
        most=200,
    ),
    "about": Fact(gettext_lazy("Which report is wrong"), frozenset({Kind.MISTAKE}), most=6),
}


def facts_of_kind(kind: Kind) -> dict[str, Fact]:
    """What may be said of a report."""
    return {name: fact for name, fact in FACTS.items() if kind in fact.kinds}


def checked_facts(
    kind: Kind, given: Mapping[str, object] | None, happened_on: dt.date
) -> dict[str, str]:
    """What was said of a report, each as text; days as ``2026-01-31``.

    Parameters
    ----------
    given : mapping or None
        What a person or a program says; None where nobody was asked, and nothing is needed then.

    Raises
    ------
    InvalidInput
        Something is needed and missing, does not belong to this report, or is not possible.
    """
    if given is None:
        return {}
    known = facts_of_kind(kind)
    said = {name: plain(str(value)) for name, value in given.items() if value not in (None, "")}
    strange = sorted(set(said) - set(known))
    if strange:
        raise InvalidInput(
            _("{what}: “{field}” is not asked here").format(what=kind.label, field=strange[0][:40])
        )
    for name, fact in known.items():
        value = said.get(name, "")
        if not value:
            if kind in fact.needed:
                raise InvalidInput(_("{field}: is missing").format(field=fact.label))
        elif fact.choices:
            if value not in dict(fact.choices):
                raise InvalidInput(
                    _("{field}: “{text}” is not known").format(field=fact.label, text=value[:40])
                )
        elif fact.day:
            said[name] = _day(value, fact, happened_on).isoformat()
        elif len(value) > fact.most:
            raise InvalidInput(
                _("{field}: longer than {n} characters").format(field=fact.label, n=fact.most)
            )
        elif fact.activity:
            stated_Bq(value)
    return said


def stated_Bq(text: str) -> list[float]:
    """Activities that a report states, as ``1.48 GBq; 296 MBq``.

    Raises
    ------
    InvalidInput
        One of them is none, or has no unit.
    """
    return [activity_of(part.strip(), "") for part in text.split(";")]


def _day(text: str, fact: Fact, happened_on: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            _("{field}: “{text}” is no day; write it as 2026-01-31").format(
                field=fact.label, text=text[:40]
            )
        ) from None
    if not happened_on <= day <= happened_on + LONGEST_AHEAD:
        raise InvalidInput(
            _("{field}: {day} does not follow on {before}").format(
                field=fact.label, day=day, before=happened_on
            )
        )
    return day


def told_facts(kind: Kind, facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """What a report says beside its note, as pages show it."""
    shown = []
    for name, fact in facts_of_kind(kind).items():
        if value := str(facts.get(name, "")):
            shown.append((str(fact.label), str(dict(fact.choices).get(value, value))))
    return shown
