"""Who may see and do what. The only place that answers it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tocsin.server.accounts.models import Assignment, Elevation, Level, Person, Realm
from tocsin.server.accounts.roles import ELEVATED, actions_of
from tocsin.server.clock import now
from tocsin.server.marking.models import (
    Agreement,
    Marked,
    Membership,
    Release,
)
from tocsin.server.marking.reading import tally_of

Row = TypeVar("Row", bound=Marked)


@dataclass(frozen=True)
class Reader:
    """A person as the policy sees it, at one moment and in one realm.

    Parameters
    ----------
    person : Person
        Who reads.
    realm : str
        Realm the person works in now.
    roles : frozenset of str
        Roles held at this moment.
    actions : frozenset of str
        What these roles may do; for an API token, no more than its scopes; an administrator's
        powers only while they are taken up.
    compartments : frozenset of UUID
        Compartments the person is a member of at this moment.
    at : datetime
        The moment.
    """

    person: Person
    realm: str
    roles: frozenset[str]
    actions: frozenset[str]
    compartments: frozenset[uuid.UUID]
    at: datetime


@dataclass(frozen=True)
class Decision:
    """An answer of the policy with its reasons, each rule on a line of its own."""

    allowed: bool
    reasons: tuple[tuple[bool, str], ...]


def reader_of(person: Person, *, realm: str = "", scopes: frozenset[str] | None = None) -> Reader:
    """What the policy knows of a person now.

    Parameters
    ----------
    person : Person
        Who reads.
    realm : str
        Realm asked for; the first of the person's realms if it is not one of them.
    scopes : frozenset of str, optional
        Actions an API token is limited to.
    """
    at = now()
    roles: frozenset[str] = frozenset()
    compartments: frozenset[uuid.UUID] = frozenset()
    if person.may_come_in:
        roles = frozenset(
            Assignment.objects.filter(valid_at(at), person=person).values_list("role", flat=True)
        )
        compartments = frozenset(
            Membership.objects.filter(valid_at(at), person=person).values_list(
                "compartment_id", flat=True
            )
        )
    table = actions_of()
    actions = frozenset().union(*(table.get(r, frozenset()) for r in roles))
    if scopes is not None:
        actions &= scopes
    if actions & ELEVATED and not Elevation.objects.filter(valid_at(at), person=person).exists():
        actions -= ELEVATED
    realms = [r for r in person.realms if r in Realm.values]
    if not realms:
        # who works in no realm sees and does nothing
        return Reader(person, "", frozenset(), frozenset(), frozenset(), at)
    return Reader(person, realm if realm in realms else realms[0], roles, actions, compartments, at)


def may(reader: Reader, action: str) -> bool:
    """Whether a person's roles allow an action at all."""
    return action in reader.actions


def visible(reader: Reader, rows: QuerySet[Row]) -> QuerySet[Row]:
    """The rows of a queryset that a person may see; all others are as if they were not there."""
    counted = rows.all()
    # every marked row tells who reads it: a manager without this fails here, not silently
    counted.on_read = tally_of(reader.person)  # type: ignore[attr-defined]
    return _opened(reader, counted)


def visible_through(reader: Reader, rows: QuerySet[Row], carrier: Marked) -> QuerySet[Row]:
    """Rows that hang on another one: of who may see that one, those within clearance and circles.

    Parameters
    ----------
    rows : QuerySet
        Rows that hang on ``carrier``; the caller says which do.
    carrier : Marked
        What they hang on. Whoever it was opened to sees them; whoever may not see it, none.
    """
    counted = rows.all()
    counted.on_read = tally_of(reader.person)  # type: ignore[attr-defined]
    if not decide(reader, "", carrier).allowed:
        return counted.none()
    return within_clearance(reader, counted)


def within_clearance(reader: Reader, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Rows that hang on others which the reader sees: those within clearance and circles.

    It opens nothing by itself: the caller takes the rows of what the policy has shown already.
    """
    through: Any = rows.model.compartments.through
    column = f"{rows.model._meta.model_name}_id"
    closed = through.objects.filter(**{column: OuterRef("pk")}).exclude(
        compartment_id__in=reader.compartments
    )
    return rows.filter(~Exists(closed), realm=reader.realm, level__lte=reader.person.clearance)


def for_figures(reader: Reader, rows: QuerySet[Row]) -> QuerySet[Row]:
    """The same rows for counts, sums and times that show no row; these are no reading."""
    return _opened(reader, rows)


def _opened(reader: Reader, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Only the conditions that can matter: each one is asked of every row that is looked at.

    What opens rows to the reader's organisation is known at this moment from small tables. Where
    nothing was released, no row is asked whether it was; where the organisation has no rows of its
    own, those that were released to it are looked up instead of being sought among all.
    """
    if not reader.roles:
        return rows.none()
    model = rows.model
    own = reader.person.organisation_id
    noun = model._meta.label_lower
    seen = rows.filter(realm=reader.realm, level__lte=reader.person.clearance)
    through: Any = model.compartments.through
    closed = through.objects.exclude(compartment_id__in=reader.compartments)
    if closed.exists():
        column = f"{model._meta.model_name}_id"
        seen = seen.filter(~Exists(closed.filter(**{column: OuterRef("pk")})))
    agreed = Agreement.objects.filter(
        valid_at(reader.at), noun=noun, realm=reader.realm, receiver=own
    ).values_list("giver", "most_level")
    given = Q()
    for giver, most_level in agreed:
        given |= Q(originator=giver, level__lte=most_level)
    releases = Release.objects.filter(_not_ended(reader.at), noun=noun, receiver=own)
    if not releases.exists():
        return seen.filter(Q(originator=own) | given)
    if given or model._default_manager.filter(originator=own, realm=reader.realm).exists():
        released = Exists(releases.filter(row_id=OuterRef("pk")))
        return seen.filter(Q(originator=own) | given | released)
    return seen.filter(pk__in=releases.values("row_id"))


def decide(reader: Reader, action: str, row: Marked) -> Decision:
    """Whether a person may do something to a row, rule by rule.

    The same rules as :func:`visible`, asked one by one so that a page can explain them; with an
    empty action whether it may be seen at all.
    """
    noun = row._meta.label_lower
    mine = row.originator_id == reader.person.organisation_id
    agreed = Agreement.objects.filter(
        valid_at(reader.at),
        noun=noun,
        receiver=reader.person.organisation_id,
        giver=row.originator_id,
        realm=row.realm,
        most_level__gte=row.level,
    ).exists()
    released = Release.objects.filter(
        _not_ended(reader.at), noun=noun, receiver=reader.person.organisation_id, row_id=row.pk
    ).exists()
    missing = set(row.compartments.values_list("pk", flat=True)) - reader.compartments
    reasons = (
        (bool(reader.roles), _("holds a role at this moment")),
        *(
            ((may(reader, action), _("a role allows “{action}”").format(action=action)),)
            if action
            else ()
        ),
        (row.realm == reader.realm, _("works in the realm {realm}").format(realm=row.realm)),
        (
            row.level <= reader.person.clearance,
            _("is cleared for {level}").format(level=Level(row.level).label),
        ),
        (not missing, _("is a member of every compartment of the row")),
        (
            mine or agreed or released,
            _("belongs to the originator, or the originator has released it to the organisation"),
        ),
    )
    return Decision(all(ok for ok, _text in reasons), reasons)


def valid_at(at: datetime) -> Q:
    """Condition that a row with ``valid_from`` and ``valid_until`` holds at a moment."""
    return Q(valid_from__lte=at) & (Q(valid_until=None) | Q(valid_until__gt=at))


def _not_ended(at: datetime) -> Q:
    return Q(at__lte=at) & (Q(ended_at=None) | Q(ended_at__gt=at))
