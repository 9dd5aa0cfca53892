"""Security goals as a table: what is to be reached at each level, never with which means."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

FUNCTIONS: dict[str, str | Promise] = {
    "detection": _("detection"),
    "delay": _("delay"),
    "response": _("response"),
    "management": _("management"),
}
LEVELS = ("A", "B", "C")
TEXTS = frozenset(
    {
        gettext_noop("Whoever enters where the source is without a right to is detected at once"),
        gettext_noop(
            "An attempt to take the source away is detected at once also where it comes from inside"
        ),
        gettext_noop("What was detected is judged at once"),
        gettext_noop("Those who respond are told at once"),
        gettext_noop("A loss is found because somebody verifies that the source is there"),
        gettext_noop(
            "After detection there is time enough for those who respond to stop the removal"
        ),
        gettext_noop(
            "The response to a judged alarm is quick and strong enough to prevent the removal"
        ),
        gettext_noop("An attempt to take the source away is detected"),
        gettext_noop("There is a delay that makes a removal unlikely"),
        gettext_noop("A response to a judged alarm begins at once"),
        gettext_noop("That the source was taken away is detected"),
        gettext_noop("There is a delay that makes a removal less likely"),
        gettext_noop("There is a suitable response when a source was taken away"),
        gettext_noop("Only authorised people come to the source"),
        gettext_noop("People who may come to the source are trustworthy"),
        gettext_noop("Sensitive information is known as such and protected"),
        gettext_noop("There is a security plan"),
        gettext_noop("There are plans for what to do when something happens"),
        gettext_noop("What happens is reported"),
    }
)
"""Each text of the table, so that it is translated; a test compares both."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal.

    Parameters
    ----------
    code : str
        Stable.
    level : str
        Security levels for which it stands: ``A``, ``B``, ``C``, or several of them.
    function : str
        Of ``FUNCTIONS``.
    text : str
        As the table has it, in English.
    source, verification : str
        Where it comes from, and how far that was checked.
    """

    code: str
    level: str
    function: str
    text: str
    source: str
    verification: str


@cache
def goals() -> dict[str, Goal]:
    """All goals by code, in the order of the table."""
    path = files("tocsin.server.oversight") / "data" / "security_goals.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {
        row["code"]: Goal(
            row["code"],
            row["level"],
            row["function"],
            row["goal"],
            row["source"],
            row["verification"],
        )
        for row in rows
    }


def goals_of(level: str | None) -> list[Goal]:
    """Goals of a security level; none where basic measures are enough."""
    return [goal for goal in goals().values() if level is not None and level in goal.level]


@cache
def intervals() -> dict[int, int]:
    """Months between inspections by category."""
    path = files("tocsin.server.oversight") / "data" / "intervals.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {int(row["category"]): int(row["months"]) for row in rows}
