"""What a person fills in for a step, read from a form into a command."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.server.alarms.facts import Facts, Kind
from tocsin.server.alarms.names import CLASSES
from tocsin.server.alarms.services import Command

WITH_FACTS = frozenset({Kind.MEASURED, Kind.INFORMATION})
LONGEST_NOTE = 4_000
LONGEST_LINE = 400
MOST_LINES = 20


class Unreadable(ValueError):
    """A field holds what cannot be read; ``problem`` is its code."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def lines(text: str) -> tuple[str, ...]:
    """Lines that hold something, cut to a length that a page can show."""
    found = [line.strip()[:LONGEST_LINE] for line in text.splitlines() if line.strip()]
    return tuple(found[:MOST_LINES])


def number(text: str, problem: str) -> float | None:
    """A number with point or comma; None where nothing was written."""
    if not text.strip():
        return None
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise Unreadable(problem) from None


def facts_from(given: Mapping[str, str]) -> Facts:
    """What was measured or told."""
    rate = number(given.get("dose_rate_uSv_h", ""), "facts_needed")
    source_class = given.get("source_class", "")
    if source_class not in CLASSES:
        raise Unreadable("facts_needed")
    if rate is not None and rate < 0:
        raise Unreadable("facts_needed")
    return Facts(
        source_class=source_class,
        neutron=given.get("neutron") == "1",
        masked=given.get("masked") == "1",
        dose_rate_uSv_h=rate,
    )


def command_from(kind: Kind, given: Mapping[str, str]) -> Command:
    """The command of a posted form.

    Raises
    ------
    Unreadable
        A number is none.
    """
    percent = number(given.get("confidence", ""), "confidence_needed")
    cannot_exclude: tuple[str, ...] | None = lines(given.get("cannot_exclude", "")) or None
    if cannot_exclude is None and given.get("nothing_left") == "1":
        cannot_exclude = ()
    return Command(
        kind=kind,
        reason=given.get("reason", ""),
        note=given.get("note", "")[:LONGEST_NOTE],
        evidence=lines(given.get("evidence", "")),
        facts=facts_from(given) if kind in WITH_FACTS else None,
        confidence=None if percent is None else percent / 100.0,
        cannot_exclude=cannot_exclude,
        recipients=lines(given.get("recipients", "")),
        close=given.get("close") == "1",
    )
