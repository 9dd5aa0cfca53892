"""Finding incidents: words and filters, from one form."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

from django.db.models import Q, QuerySet

from tocsin.errors import InvalidInput
from tocsin.nuclear import parse_nuclide
from tocsin.server.incidents.facts import IncidentKind, Share, Standing
from tocsin.server.incidents.groups import PRESENT, present_groups
from tocsin.server.incidents.models import Incident, IncidentState
from tocsin.server.incidents.words import exactly, with_words
from tocsin.server.typed import plain

LONGEST_TEXT = 100
YES, NO, UNKNOWN = "yes", "no", "unknown"
CATEGORIES = ("1", "2", "3", "4", "5", "none")
MOST_COUNTED = 500
"""A list says how many it holds up to this number, ten pages, and above it that there are more: who
has more than ten pages to turn narrows the list."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of incidents is narrowed to; an empty field narrows nothing.

    Parameters
    ----------
    text : str
        Words, each of which must stand in the incident or in one of its objects.
    state, kind, group, status : str
        ``group`` is a code of the present edition of the definitions.
    nuclide : str
        Canonical name.
    category : str
        1 to 5, or ``none``.
    country : str
        Two letters.
    year : str
        In which it happened.
    transport : str
        ``yes``, ``no`` or ``unknown``.
    recovered : str
        ``all``, ``part``, ``none`` or ``unknown``.
    """

    text: str = ""
    state: str = ""
    kind: str = ""
    group: str = ""
    status: str = ""
    nuclide: str = ""
    category: str = ""
    country: str = ""
    year: str = ""
    transport: str = ""
    recovered: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Filter:
        """Filter of the fields of a form; what makes no sense narrows nothing."""
        codes = {group.code for group in present_groups()}
        year = given.get("year", "").strip()
        country = given.get("country", "").strip().upper()
        return cls(
            text=plain(given.get("text", ""))[:LONGEST_TEXT],
            state=_among(given, "state", IncidentState.values),
            kind=_among(given, "kind", IncidentKind.values),
            group=_among(given, "group", codes),
            status=_among(given, "status", Standing.values),
            nuclide=_nuclide(given.get("nuclide", "")),
            category=_among(given, "category", CATEGORIES),
            country=country if re.fullmatch(r"[A-Z]{2}", country) else "",
            year=year if re.fullmatch(r"\d{4}", year) else "",
            transport=_among(given, "transport", (YES, NO, UNKNOWN)),
            recovered=_among(given, "recovered", (*Share.values, UNKNOWN)),
        )

    def apply(self, rows: QuerySet[Incident]) -> QuerySet[Incident]:
        """The rows that it leaves."""
        wanted = Q()
        for name in ("state", "kind", "status", "country"):
            if value := getattr(self, name):
                wanted &= Q(**{name: value})
        if self.group:
            wanted &= Q(group=self.group, group_edition=PRESENT)
        if self.category:
            none = self.category == "none"
            wanted &= Q(category=None) if none else Q(category=int(self.category))
        if self.year:
            wanted &= Q(year=int(self.year))
        if self.transport:
            value = {YES: True, NO: False, UNKNOWN: None}[self.transport]
            wanted &= Q(transport=value)
        if self.recovered:
            wanted &= Q(recovered="" if self.recovered == UNKNOWN else self.recovered)
        rows = rows.filter(wanted)
        if self.nuclide:
            rows = exactly(rows, self.nuclide)
        return with_words(rows, self.text) if self.text else rows

    @property
    def asked(self) -> dict[str, str]:
        """What is not empty, for links to other pages of the same list."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in pairs if value}


def _among(given: Mapping[str, str], name: str, known: Collection[str]) -> str:
    value = given.get(name, "")
    return value if value in known else ""


def _nuclide(text: str) -> str:
    text = plain(text)[:20]
    if not text:
        return ""
    try:
        return parse_nuclide(text)
    except InvalidInput:
        return text
