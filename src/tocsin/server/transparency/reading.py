"""Which events of the log a person may see: those of rows that the policy opens to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.policy import Reader, visible
from tocsin.server.marking.services import marked_nouns

PAGE = 50
MOST_ID = 2**63 - 1
"""Largest number that the databases keep as an identifier."""
_SCANNED_AT_ONCE = 200
_MOST_SCANNED = 5000


@dataclass(frozen=True)
class Filters:
    """What a reader looks for; empty parts do not limit.

    Parameters
    ----------
    action : str
        Beginning of the action's name.
    subject : str
        Kind or identifier of the row.
    actor : str
        Who acted, as the log writes it.
    since, until : datetime or None
        Bounds of the time, the second not included.
    """

    action: str = ""
    subject: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def applied(self, rows: QuerySet[Leaf]) -> QuerySet[Leaf]:
        """The rows that fit."""
        if self.action:
            rows = rows.filter(action__startswith=self.action)
        if self.subject:
            by_kind = rows.filter(subject_kind=self.subject.lower())
            rows = by_kind | rows.filter(subject_id=self.subject.lower())
        if self.actor:
            rows = rows.filter(actor=self.actor)
        if self.since:
            rows = rows.filter(at__gte=self.since)
        if self.until:
            rows = rows.filter(at__lt=self.until)
        return rows


def page_of_events(
    reader: Reader, filters: Filters, *, before: int | None = None
) -> tuple[list[Leaf], int | None]:
    """The newest events that a reader may see.

    Parameters
    ----------
    reader : Reader
        Who reads.
    filters : Filters
        What they look for.
    before : int, optional
        Only events written before this one.

    Returns
    -------
    list of Leaf, int or None
        At most a page, and where the next one begins; None when there is none.
    """
    found: list[Leaf] = []
    scanned = 0
    while len(found) < PAGE and scanned < _MOST_SCANNED:
        rows = filters.applied(_candidates(reader))
        if before is not None:
            rows = rows.filter(pk__lt=before)
        batch = list(rows.order_by("-pk")[:_SCANNED_AT_ONCE])
        if not batch:
            return found, None
        # No more than the page needs is asked of the policy: what it opens counts as read.
        while batch and len(found) < PAGE:
            part, batch = batch[: PAGE - len(found)], batch[PAGE - len(found) :]
            found += open_to(reader, part)
            before = part[-1].pk
            scanned += len(part)
    return found, before


def one_event(reader: Reader, pk: int) -> Leaf | None:
    """One event, if the reader may see it."""
    if pk > MOST_ID:
        return None
    rows = list(_candidates(reader).filter(pk=pk))
    return next(iter(open_to(reader, rows)), None)


def open_to(reader: Reader, leaves: Iterable[Leaf]) -> list[Leaf]:
    """Those of some events whose row the policy opens to a reader.

    An event of a marked row is seen by whoever sees the row; one of an account or an agreement by
    the organisation whose it is; one of the system itself by every auditor.
    """
    leaves = list(leaves)
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for leaf in leaves:
        if leaf.subject_kind in marked_nouns():
            wanted[leaf.subject_kind].add(UUID(leaf.subject_id))
    seen: dict[str, set[str]] = {}
    for kind, ids in wanted.items():
        rows = visible(reader, marked_nouns()[kind]._default_manager.filter(pk__in=ids))
        seen[kind] = {str(row.pk) for row in rows}
    own = {"", str(reader.person.organisation_id)}
    return [
        leaf
        for leaf in leaves
        if (
            leaf.subject_id in seen[leaf.subject_kind]
            if leaf.subject_kind in seen
            else leaf.organisation in own
        )
    ]


def names_of_actors(reader: Reader, leaves: Iterable[Leaf]) -> dict[str, str]:
    """Actors as people read them: names of one's own organisation, of others only whose they are.

    Parameters
    ----------
    reader : Reader
        Who reads.
    leaves : iterable of Leaf
        Events on the page.
    """
    ids = {leaf.actor.removeprefix("person:") for leaf in leaves if ":" in leaf.actor}
    people = Person.objects.filter(pk__in=[i for i in ids if _is_uuid(i)])
    names = {}
    for person in people.select_related("organisation"):
        mine = person.organisation_id == reader.person.organisation_id
        names[f"person:{person.pk}"] = person.name if mine else str(person.organisation)
    return names


def _candidates(reader: Reader) -> QuerySet[Leaf]:
    return Leaf.objects.filter(realm=reader.realm, level__lte=reader.person.clearance)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
