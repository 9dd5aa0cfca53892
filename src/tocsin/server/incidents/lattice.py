"""Which audience a fact may reach. Pure; no database.

Audiences are ordered: private, partners, public. The order is a lattice of one chain: what is made
of several facts may go as far as the strictest of them, and to give less is always allowed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.server.incidents.facts import Audience

ORDER = (Audience.PRIVATE.value, Audience.PARTNERS.value, Audience.PUBLIC.value)


@dataclass(frozen=True, slots=True)
class Said:
    """A fact, for the question who may hear it.

    Parameters
    ----------
    field : str
    audience : str
        Who knew it when it was written here; more than private only for what was published.
    recorded_at : datetime
    """

    field: str
    audience: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision on fields, approved.

    Parameters
    ----------
    fields : frozenset of str
    audience : str
    asked_at : datetime
        What is stated after it was not seen by those who approved.
    """

    fields: frozenset[str]
    audience: str
    asked_at: dt.datetime


def rank(audience: str) -> int:
    """Place of an audience in the order; what is not known counts as private."""
    return ORDER.index(audience) if audience in ORDER else 0


def strictest(audiences: Iterable[str]) -> str:
    """Audience of what is derived from facts with these audiences; private from none."""
    return ORDER[min((rank(audience) for audience in audiences), default=0)]


def audience_of(said: Said, rulings: Sequence[Ruling]) -> str:
    """How far a fact may go.

    The last ruling on its field counts. It opens what was stated before it was asked for; of what
    is stated later it is the limit, and the audience at writing is not widened.

    Parameters
    ----------
    rulings : sequence of Ruling
        Approved ones, in the order of deciding.
    """
    last = next((ruling for ruling in reversed(rulings) if said.field in ruling.fields), None)
    if last is None:
        return ORDER[rank(said.audience)]
    if said.recorded_at <= last.asked_at:
        return ORDER[rank(last.audience)]
    return strictest((said.audience, last.audience))


def reaches(audience: str, asked: str) -> bool:
    """Whether a fact for ``audience`` may be given to ``asked``; nothing goes to an unknown one."""
    return asked in ORDER and rank(asked) <= rank(audience)
