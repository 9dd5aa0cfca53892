"""Release by field: what leaves, who asked for it, who approved it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.incidents.facts import INCIDENT_FIELDS, OBJECT_FIELDS, Audience
from tocsin.server.incidents.lattice import Ruling, Said, audience_of, reaches, strictest
from tocsin.server.incidents.models import FieldRelease, Incident, ObjectStatement
from tocsin.server.incidents.reading import objects_in
from tocsin.server.marking.policy import Reader, decide
from tocsin.server.typed import plain

OF_OBJECT = "object."
RELEASABLE = (*INCIDENT_FIELDS, *(OF_OBJECT + name for name in OBJECT_FIELDS))
"""Names of what can be released; ``object.serials`` is the serial numbers of all its objects."""
VALID = dt.timedelta(days=14)
"""Days after which what was asked for and not decided must be asked for anew: a choice of ours."""


@dataclass(frozen=True, slots=True)
class Released:
    """What an audience may know of an incident.

    Parameters
    ----------
    audience : str
    values : dict
        Value by field of the incident.
    objects : tuple of dict
        The same of its objects; an object of which nothing is released is not there.
    """

    audience: str
    values: Mapping[str, Any]
    objects: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A present value with how far it may go."""

    field: str
    value: Any
    audience: str
    thing: UUID | None = None


def facts_of(incident: Incident) -> list[Fact]:
    """Every present fact of an incident and its objects, with how far it may go."""
    rulings = _rulings(incident)
    found = []
    stated: dict[str, tuple[Any, Said]] = {}
    for name, value, audience, at in incident.statements.order_by("known_at", "id").values_list(
        "field", "value", "audience", "recorded_at"
    ):
        stated[name] = (value, Said(name, audience, at))
    for name, (value, said) in stated.items():
        if value is not None:
            found.append(Fact(name, value, audience_of(said, rulings)))
    inside = objects_in(incident)
    of: dict[UUID, dict[str, tuple[Any, Said]]] = defaultdict(dict)
    rows = ObjectStatement.objects.filter(object__in=inside).order_by("known_at", "id")
    for thing, name, value, audience, at in rows.values_list(
        "object_id", "field", "value", "audience", "recorded_at"
    ):
        of[thing][name] = (value, Said(OF_OBJECT + name, audience, at))
    for thing in inside:
        for name, (value, said) in of[thing].items():
            if value is not None:
                found.append(Fact(OF_OBJECT + name, value, audience_of(said, rulings), thing))
    return found


def released(incident: Incident, audience: str) -> Released:
    """What may be given to an audience: nothing that goes less far.

    A field whose latest value is not released is not there at all: an older value that was
    released would be wrong. Where something was recovered is a place: it goes as far as the place
    of the incident.
    """
    values: dict[str, Any] = {}
    objects: dict[UUID, dict[str, Any]] = {}
    given = [fact for fact in facts_of(incident) if reaches(fact.audience, audience)]
    placed = audience == Audience.PRIVATE or any(fact.field == "place" for fact in given)
    for fact in given:
        name, value = fact.field.removeprefix(OF_OBJECT), fact.value
        if name == "recovered" and not placed:
            value = {**value, "where": ""}
        if fact.thing is None:
            values[name] = value
        else:
            objects.setdefault(fact.thing, {})[name] = value
    return Released(audience, values, tuple(objects.values()))


def audience_of_text(incident: Incident, fields: Iterable[str]) -> str:
    """How far a text may go that was made of these fields: as far as the strictest of them."""
    wanted = set(fields)
    facts = [fact for fact in facts_of(incident) if fact.field in wanted]
    if wanted - {fact.field for fact in facts}:
        return Audience.PRIVATE.value
    return strictest(fact.audience for fact in facts)


def waiting(incidents: QuerySet[Incident], at: dt.datetime) -> QuerySet[FieldRelease]:
    """Releases of these incidents that wait for a second person."""
    rows = FieldRelease.objects.filter(
        incident__in=incidents.order_by().values("pk"), decided_at=None, asked_at__gt=at - VALID
    )
    return rows.select_related("incident", "asked_by")


@transaction.atomic
def ask_release(
    reader: Reader, incident: Incident, fields: Sequence[str], *, audience: str, reason: str
) -> FieldRelease:
    """Ask that fields be opened to an audience; to close them needs nobody else of the originator.

    Raises
    ------
    InvalidInput
        No such field or audience, no reason, or not allowed.
    """
    require_own(reader, incident, "incidents.write")
    wanted = list(dict.fromkeys(fields))
    reason = plain(reason)[:400]
    if not wanted or not set(wanted) <= set(RELEASABLE):
        raise InvalidInput(_("Choose the fields."))
    if audience not in Audience.values:
        raise InvalidInput(_("Choose for whom."))
    if not reason:
        raise InvalidInput(_("Say why."))
    at = now()
    closes = audience == Audience.PRIVATE
    row = FieldRelease.objects.create(
        incident=incident,
        fields=wanted,
        audience=audience,
        asked_by=reader.person,
        asked_at=at,
        reason=reason,
        decided_by=reader.person if closes else None,
        decided_at=at if closes else None,
        approved=True if closes else None,
    )
    record(
        actor=reader.person,
        action="incidents.close_fields" if closes else "incidents.ask_release",
        subject=incident,
        after={"fields": wanted, "audience": audience, "release": row.pk},
        reason=reason,
    )
    return row


@transaction.atomic
def decide_release(
    reader: Reader, row: FieldRelease, *, approve: bool, answer: str = ""
) -> FieldRelease:
    """Approve or refuse a release that another person asked for.

    Raises
    ------
    InvalidInput
        Decided already, too old, asked for by the same person, or not allowed.
    """
    row = FieldRelease.objects.select_for_update().get(pk=row.pk)
    answer = plain(answer)[:400]
    require_own(reader, row.incident, "marking.release")
    if row.decided_at is not None or row.asked_at <= now() - VALID:
        raise InvalidInput(_("This was decided already, or its time is over."))
    if row.asked_by_id == reader.person.pk:
        raise InvalidInput(_("A second person must decide: you asked for it yourself."))
    if not approve and not answer:
        raise InvalidInput(_("Say why."))
    row.decided_by, row.decided_at = reader.person, now()
    row.approved, row.answer = approve, answer
    row.save(update_fields=["decided_by", "decided_at", "approved", "answer"])
    record(
        actor=reader.person,
        action="incidents.release" if approve else "incidents.refuse_release",
        subject=row.incident,
        after={
            "fields": row.fields,
            "audience": row.audience,
            "asked_by": str(row.asked_by_id),
            "release": row.pk,
        },
        reason=answer or row.reason,
    )
    return row


def _rulings(incident: Incident) -> list[Ruling]:
    rows = incident.releases.filter(approved=True).order_by("decided_at", "id")
    return [
        Ruling(frozenset(row.fields), row.audience, row.asked_at)
        for row in rows.only("fields", "audience", "asked_at")
    ]


def may_for(reader: Reader, incident: Incident, action: str) -> bool:
    """Whether a person may act in the name of an incident's originator: as one of its people."""
    mine = incident.originator_id == reader.person.organisation_id
    return mine and decide(reader, action, incident).allowed


def require_own(reader: Reader, incident: Incident, action: str) -> None:
    """Only people of the originator tell of its incidents elsewhere, whoever else may see them."""
    if not may_for(reader, incident, action):
        raise InvalidInput(_("None of your roles allows this."))
