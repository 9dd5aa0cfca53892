"""What apps above add to the register: tabs, panels on its pages, gates, checks of the data.

The register knows nothing of licences or inspections; those register here what they have to say,
when Django starts them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.utils.functional import Promise

from tocsin.nuclear import SourceActivity
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.models import Holder, Source


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page.

    Parameters
    ----------
    template : str
        Shows ``values``, which it finds under the name ``panel``.
    values : dict
    """

    template: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tab:
    """A page that belongs to the register's section.

    Parameters
    ----------
    route : str
        Name of the route, without arguments.
    label : Promise
    needs : str
        Action without which the tab is not shown.
    """

    route: str
    label: str | Promise
    needs: str


class Severity(IntEnum):
    """How grave it is if a finding is right."""

    NOTE = 1
    WRONG = 2
    GRAVE = 3


Look = Callable[[Sequence[Source], dt.date], Iterable[tuple[Source, str]]]
"""Goes through all sources of a register, those that are gone too, on a day; says in which of them
something shows, and what, in words."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the data, as an app above adds it.

    Parameters
    ----------
    kind : str
        Code of what it finds.
    label : str
        What it finds, in words.
    todo : str
        What a person is to do about it.
    severity : Severity
    look : callable
    rests_on : callable, optional
        What a finding in a source rests on beside its entry, where its words change by themselves,
        as figures do that decay. Without it the words count.
    of_own_rows : bool
        Whether its words come from rows that people of a holder do not see, as the catalogue of the
        register: only those whose register it is are told.
    """

    kind: str
    label: str | Promise
    todo: str | Promise
    severity: Severity
    look: Look
    rests_on: Callable[[Source], str] | None = None
    of_own_rows: bool = False


@dataclass(frozen=True, slots=True)
class Arriving:
    """What a holder is about to get: a source, or the pieces of a batch.

    Parameters
    ----------
    contents : sequence of SourceActivity
        Of one piece; empty where its activity is not known.
    day : date
        On which it goes to the holder.
    sender : str
        Name of the holder that has it.
    form : str
        ``sealed`` or ``unsealed``.
    number : int
        How many pieces.
    practice : str
        Code of what it is for; empty where that is not known.
    """

    contents: Sequence[SourceActivity]
    day: dt.date
    sender: str
    form: str = "sealed"
    number: int = 1
    practice: str = ""


Gate = Callable[[Arriving, Holder], None]
"""Raises ``Refused`` where a holder must not get something."""
SourcePanel = Callable[[Reader, Source], Panel | None]
HolderPanel = Callable[[Reader, Holder], Panel | None]
Suggest = Callable[[Reader], dict[str, list[str]]]
"""Words that are offered while a source is entered, by the name of the field."""
Belongings = Callable[[Holder], Iterable[Marked]]
"""Rows that a holder's people see as long as they work for it."""

GATES: list[Gate] = []
TABS: list[Tab] = []
SOURCE_PANELS: list[SourcePanel] = []
HOLDER_PANELS: list[HolderPanel] = []
BELONGINGS: list[Belongings] = []
CHECKS: list[Check] = []
SUGGESTIONS: list[Suggest] = []


def pass_gates(arriving: Arriving, receiver: Holder) -> None:
    """Ask every gate whether a holder may get something.

    Raises
    ------
    Refused
        One of them says no, with its reason.
    """
    for gate in GATES:
        gate(arriving, receiver)


def tabs_for(reader: Reader) -> list[Tab]:
    """Tabs that a reader may open."""
    return [tab for tab in TABS if may(reader, tab.needs)]


def panels_of_source(reader: Reader, source: Source) -> list[Panel]:
    """Parts that apps above add to the page of a source."""
    return [panel for make in SOURCE_PANELS if (panel := make(reader, source)) is not None]


def panels_of_holder(reader: Reader, holder: Holder) -> list[Panel]:
    """Parts that apps above add to the page of a holder."""
    return [panel for make in HOLDER_PANELS if (panel := make(reader, holder)) is not None]


def suggestions_for(reader: Reader) -> dict[str, list[str]]:
    """Words that apps above offer for fields of an entry."""
    return {name: words for make in SUGGESTIONS for name, words in make(reader).items() if words}


def belongings_of(holder: Holder) -> list[Marked]:
    """Rows of apps above that open and close with the sight of a holder, all of its kinds."""
    return [row for find in BELONGINGS for row in find(holder)]
