"""Search over what a reader may see: one text against every noun, each through the policy."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.server.alarms.reading import alarms_for
from tocsin.server.incidents.reading import incidents_for
from tocsin.server.incidents.words import matching as words_hold
from tocsin.server.marking.policy import Reader, may
from tocsin.server.measurements.reading import instruments_for, measurements_for
from tocsin.server.register.finding import matching
from tocsin.server.register.reading import sources_for
from tocsin.server.typed import plain

MOST_HITS = 10
"""Rows of a noun that are shown: each counts as read."""
LONGEST_TEXT = 100
SHORTEST_TEXT = 2
SHORTEST_IDENTITY = 4
"""Hexadecimal digits of a name or an identity from which rows are found by it."""

_NUCLIDE = re.compile(r"([A-Za-z]{1,2})[\s-]?(\d{1,3})\s?(m\d?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that was found.

    Parameters
    ----------
    name : str
        As people call it.
    detail : str
        What tells it from others.
    source_class : str
        Class of what was found in it, empty where that makes no sense.
    address : str
        Its page.
    """

    name: str
    detail: str
    source_class: str
    address: str


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one noun; ``more`` where there is more than is shown."""

    noun: str
    label: str | Promise
    hits: tuple[Hit, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class _Noun:
    code: str
    label: str | Promise
    needs: str
    rows: Callable[[Reader], QuerySet[Any]]
    matches: Callable[[str], Q]
    hit: Callable[[Any], Hit]


def search(reader: Reader, text: str) -> list[Group]:
    """Rows of every noun that hold a text and that the reader may see.

    Parameters
    ----------
    reader : Reader
        Who searches.
    text : str
        Part of a title, a name, a file's name, an instrument or an identity; or a nuclide, also as
        ``cs137``. Below two characters nothing is found.

    Returns
    -------
    list of Group
        Nouns of which something was found, in the order of the flow.
    """
    text = tidy(text)
    if len(text) < SHORTEST_TEXT:
        return []
    found = []
    for noun in _NOUNS:
        if not may(reader, noun.needs):
            continue
        rows = list(noun.rows(reader).filter(noun.matches(text))[: MOST_HITS + 1])
        if rows:
            hits = tuple(noun.hit(row) for row in rows[:MOST_HITS])
            found.append(Group(noun.code, noun.label, hits, len(rows) > MOST_HITS))
    return found


def tidy(text: str) -> str:
    """What is searched for: no NUL, no space around it, not endless."""
    return plain(text)[:LONGEST_TEXT]


def nuclide_of(text: str) -> str:
    """A nuclide as the library writes it (``cs137`` gives ``Cs-137``), or the text as it is."""
    found = _NUCLIDE.fullmatch(text)
    if found is None:
        return text
    return f"{found[1].capitalize()}-{found[2]}{(found[3] or '').lower()}"


def _by_identity(text: str, prefix: str) -> Q:
    """Rows whose identity begins with these digits, as in ``A-94BC6D91``."""
    digits = re.sub(rf"^{prefix}-", "", text, flags=re.IGNORECASE) if prefix else text
    digits = digits.replace("-", "").lower()
    if len(digits) < SHORTEST_IDENTITY or not re.fullmatch(r"[0-9a-f]{1,32}", digits):
        return Q(pk__in=())
    return Q(pk__range=(uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))))


def _measurement_matches(text: str) -> Q:
    return (
        Q(title__icontains=text)
        | Q(file__name__icontains=text)
        | Q(instrument_name__icontains=text)
        | Q(nuclides__icontains=nuclide_of(text))
        | _by_identity(text, "")
    )


def _alarm_matches(text: str) -> Q:
    # the list of nuclides is JSON: only what stands there as a name counts
    named = f'"name": {json.dumps(nuclide_of(text))[:-1]}'
    return (
        Q(title__icontains=text)
        | Q(instrument__icontains=text)
        | Q(nuclides__icontains=named)
        | _by_identity(text, "A")
    )


def _incident_matches(text: str) -> Q:
    return words_hold(text) | _by_identity(text, "I")


def _instrument_matches(text: str) -> Q:
    wanted = Q()
    for word in text.split():
        wanted &= (
            Q(manufacturer__icontains=word)
            | Q(model__icontains=word)
            | Q(serial__icontains=word)
            | Q(instrument_class__icontains=word)
        )
    return wanted


def _source_matches(text: str) -> Q:
    wanted = Q()
    for word in text.split():
        wanted &= matching(word) | matching(nuclide_of(word))
    return wanted | _by_identity(text, "S")


def _words(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _minute(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _address(row: Model) -> str:
    address: str = row.get_absolute_url()  # type: ignore[attr-defined]
    return address


_NOUNS = (
    _Noun(
        "incidents",
        _("Incidents"),
        "incidents.read",
        incidents_for,
        _incident_matches,
        lambda row: Hit(
            _words(row.name, row.title),
            _words(str(row.get_state_display()), _minute(row.opened_at)),
            row.source_class,
            _address(row),
        ),
    ),
    _Noun(
        "alarms",
        _("Alarms"),
        "alarms.read",
        alarms_for,
        _alarm_matches,
        lambda row: Hit(
            _words(row.name, row.title),
            _words(str(row.get_state_display()), _minute(row.raised_at), row.instrument),
            row.source_class,
            _address(row),
        ),
    ),
    _Noun(
        "sources",
        _("Sources of the register"),
        "register.read",
        sources_for,
        _source_matches,
        lambda row: Hit(
            _words(row.name, row.title),
            _words(str(row.get_status_display()), row.holder.name, row.place),
            "",
            _address(row),
        ),
    ),
    _Noun(
        "measurements",
        _("Measurements"),
        "measurements.read",
        measurements_for,
        _measurement_matches,
        lambda row: Hit(
            row.title,
            _words(row.nuclides, _minute(row.measured_at), row.instrument_name),
            row.source_class,
            _address(row),
        ),
    ),
    _Noun(
        "instruments",
        _("Instruments"),
        "measurements.read",
        instruments_for,
        _instrument_matches,
        lambda row: Hit(row.name, row.instrument_class, "", reverse("measurements:instruments")),
    ),
)
