"""The security level of what lies together today, and which goals are to be looked at."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tocsin.nuclear import source_category
from tocsin.server.marking.policy import Reader, for_figures, visible
from tocsin.server.oversight.goals import FUNCTIONS, Goal, goals, goals_of
from tocsin.server.oversight.models import Assessment, GoalState
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.reading import source_figures_for


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal of a place with what is known of it.

    Parameters
    ----------
    goal : Goal
    text : str
        In the reader's language.
    function : str
        In the reader's language.
    latest : Assessment or None
        The last time that somebody looked, as far as the reader may see it.
    look : str
        Why it is to be looked at now; empty where it is not.
    """

    goal: Goal
    text: str
    function: str | Promise
    latest: Assessment | None
    look: str


@dataclass(frozen=True, slots=True)
class Place:
    """What lies together at a place of a holder today.

    Parameters
    ----------
    name : str
        As the register has it; empty where it has none.
    sources : int
    category : int or None
    level : str or None
        Security level by that category.
    why : tuple of str
        How the category came about, in English.
    rows : tuple of GoalRow
        Goals of that level.
    """

    name: str
    sources: int
    category: int | None
    level: str | None
    why: tuple[str, ...]
    rows: tuple[GoalRow, ...]

    @property
    def to_look(self) -> int:
        """Goals that are to be looked at."""
        return sum(bool(row.look) for row in self.rows)

    @property
    def not_met(self) -> int:
        """Goals that are not met."""
        return sum(
            row.latest is not None and row.latest.state == GoalState.NOT_MET for row in self.rows
        )


def assessments_for(reader: Reader, holder: Holder) -> QuerySet[Assessment]:
    """What was found of the goals of a holder, the latest first."""
    return visible(reader, _of_holder(reader, holder))


def _of_holder(reader: Reader, holder: Holder) -> QuerySet[Assessment]:
    own = reader.person.organisation_id
    rows = Assessment.objects.filter(holder=holder, originator=own)
    return rows.select_related("created_by")


def places_of(reader: Reader, holder: Holder, *, figures: bool = False) -> list[Place]:
    """Places of a holder with their levels and goals, the gravest first.

    Parameters
    ----------
    figures : bool
        No assessment is shown of them, and none counts as read.
    """
    today = reader.at.date()
    # of the sources only levels and counts are told, which is no reading
    held = source_figures_for(reader).filter(holder=holder, status__in=HELD)
    by_place: dict[str, list[Source]] = defaultdict(list)
    names: dict[str, str] = {}
    for source in held.only("place", "contents").order_by("pk"):
        key = source.place.casefold()
        names.setdefault(key, source.place)
        by_place[key].append(source)
    latest: dict[tuple[str, str], Assessment] = {}
    rows = _of_holder(reader, holder)
    looked = list(for_figures(reader, rows) if figures else visible(reader, rows))
    for row in reversed(looked):
        latest[row.place.casefold(), row.goal] = row
    found = [
        _place(names[key], sources, latest, looked, today) for key, sources in by_place.items()
    ]
    return sorted(found, key=lambda place: (place.category or len(names) + 9, place.name))


def _place(
    name: str,
    sources: list[Source],
    latest: dict[tuple[str, str], Assessment],
    looked: Iterable[Assessment],
    today: dt.date,
) -> Place:
    contents = [part for source in sources for part in source.activities()]
    found = source_category(contents, on=today)
    before = {
        goals()[row.goal].level
        for row in looked
        if row.place.casefold() == name.casefold() and row.goal in goals()
    } - {"ABC"}
    rows = tuple(
        _row(goal, latest.get((name.casefold(), goal.code)), before, today)
        for goal in goals_of(found.security_level)
    )
    why = tuple(remark.message for remark in found.remarks)
    return Place(name, len(sources), found.category, found.security_level, why, rows)


def _row(goal: Goal, latest: Assessment | None, before: set[str], today: dt.date) -> GoalRow:
    look = ""
    if latest is None and before and goal.level not in before and goal.level != "ABC":
        look = _("new by the change of the category: level {old} before").format(
            old=", ".join(sorted(before))
        )
    elif latest is None or latest.state == GoalState.NOT_LOOKED:
        look = _("never looked at")
    elif latest.valid_until is not None and latest.valid_until < today:
        look = _("looked at {day}; that ended on {end}").format(
            day=latest.looked_on, end=latest.valid_until
        )
    return GoalRow(goal, _(goal.text), FUNCTIONS[goal.function], latest, look)
