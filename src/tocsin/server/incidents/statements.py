"""Stating facts: each is a new row with author, time and reason; the present is made from all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import SourceActivity, source_category
from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.incidents.facts import Audience, checked
from tocsin.server.incidents.models import (
    Incident,
    IncidentStatement,
    Object,
    ObjectIncident,
    ObjectStatement,
    Report,
    ReportIncident,
    ReportObject,
    Sameness,
    Says,
)
from tocsin.server.incidents.reading import as_known_on, incidents_of, object_known
from tocsin.server.incidents.states import object_columns
from tocsin.server.incidents.watching import tell_watchers
from tocsin.server.incidents.words import index, words_of
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.typed import plain

REPEATABLE = frozenset({"status"})
"""Fields where the same word of another author is a fact of its own."""
COMPUTED = "system:category"
Actor = Person | str


@transaction.atomic
def state(
    actor: Actor,
    incident: Incident,
    values: Mapping[str, Any],
    *,
    reason: str,
    known_at: dt.datetime | None = None,
    valid_from: dt.date | None = None,
    report: Report | None = None,
    origin: str = "",
    audience: str = Audience.PRIVATE.value,
) -> list[IncidentStatement]:
    """State facts of an incident; what was stated before stays.

    Parameters
    ----------
    actor : Person or str
        Who states it: a person, or ``system:`` and a process.
    values : mapping
        Value by field of ``facts.INCIDENT_FIELDS``; None takes a value away.
    reason : str
        Why; needed.
    known_at : datetime, optional
        When it was known, for what an import takes from a dated publication (``origin`` says
        which); now for everybody else.
    audience : str
        Who knows it already: more than private only for what an import takes from a publication.

    Returns
    -------
    list of IncidentStatement
        Those that say something new.

    Raises
    ------
    InvalidInput
        A field or value cannot be, no reason is given, the time is not allowed, or nothing is new.
    """
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    known = incident.statements.order_by("known_at", "id").values_list("field", "value")
    times = _times(actor, known_at, origin, audience)
    fresh = _fresh(dict(known), values, of_object=False)
    rows = [
        IncidentStatement(
            incident=incident,
            field=field,
            value=value,
            valid_from=valid_from,
            by=actor if isinstance(actor, Person) else None,
            origin=origin,
            reason=_said(reason),
            report=report,
            audience=audience,
            **times,
        )
        for field, value in fresh.items()
    ]
    IncidentStatement.objects.bulk_create(rows)
    project([incident.pk])
    record(
        actor=actor,
        action="incidents.state",
        subject=incident,
        after={"values": fresh, "known_at": times["known_at"].isoformat()},
        reason=_said(reason),
    )
    tell_watchers(incident, sorted(fresh))
    return rows


@transaction.atomic
def state_of_object(
    actor: Actor,
    thing: Object,
    values: Mapping[str, Any],
    *,
    reason: str,
    known_at: dt.datetime | None = None,
    valid_from: dt.date | None = None,
    report: Report | None = None,
    origin: str = "",
    audience: str = Audience.PRIVATE.value,
) -> list[ObjectStatement]:
    """State facts of an object; parameters and errors as those of :func:`state`."""
    thing = Object.objects.select_for_update().get(pk=thing.pk)
    known = thing.statements.order_by("known_at", "id").values_list("field", "value", "origin")
    present = {field: (value, by) for field, value, by in known}
    times = _times(actor, known_at, origin, audience)
    fresh = _fresh({name: value for name, (value, _by) in present.items()}, values, of_object=True)
    computed = _with_category_anew(fresh, *present.get("category", (None, "")), times["known_at"])
    rows = [
        ObjectStatement(
            object=thing,
            field=field,
            value=value,
            valid_from=valid_from,
            by=actor if isinstance(actor, Person) and field in fresh else None,
            origin=origin if field in fresh else COMPUTED,
            reason=_said(reason),
            report=report,
            audience=audience,
            **times,
        )
        for field, value in computed.items()
    ]
    ObjectStatement.objects.bulk_create(rows)
    project_objects([thing.pk])
    incidents = incidents_of(thing)
    project(incidents)
    record(
        actor=actor,
        action="incidents.state_of_object",
        subject=thing,
        after={"values": computed, "known_at": times["known_at"].isoformat()},
        reason=_said(reason),
    )
    for incident in Incident.objects.filter(pk__in=incidents):
        tell_watchers(incident, [f"object.{name}" for name in sorted(fresh)])
    return rows


def with_category(values: Mapping[str, Any], *, on: dt.date) -> dict[str, Any]:
    """Values with the category that the activities give on a day, where none is stated."""
    found = dict(values)
    contents = values.get("contents")
    if "category" in values or not contents:
        return found
    if any(row["activity_Bq"] is None for row in contents):
        return found
    parts = [
        SourceActivity(
            row["nuclide"],
            row["activity_Bq"],
            dt.date.fromisoformat(row["reference_date"]) if row["reference_date"] else on,
        )
        for row in contents
    ]
    try:
        category = source_category(parts, on=on).category
    except (InvalidInput, NotFound):
        return found
    return found | {"category": category} if category else found


def _with_category_anew(
    fresh: Mapping[str, Any], category: int | None, origin: str, at: dt.datetime
) -> dict[str, Any]:
    """New values with the category that they give, unless somebody has stated one.

    What was computed of contents that are no longer stated is taken back.
    """
    if category is not None and origin != COMPUTED:
        return dict(fresh)
    found = with_category(fresh, on=at.date())
    if "contents" in fresh and category is not None and "category" not in found:
        found["category"] = None
    return found


@transaction.atomic
def put_object(
    actor: Actor,
    incident: Incident,
    thing: Object,
    *,
    evidence: str,
    holds: bool = True,
    known_at: dt.datetime | None = None,
    origin: str = "",
) -> ObjectIncident:
    """Say that an object is in an incident, or with ``holds`` false that it is not after all.

    Raises
    ------
    InvalidInput
        No evidence is given, or the object is marked higher than the incident, which would then
        tell of it, or belongs to another organisation.
    """
    within(incident, thing)
    row = ObjectIncident.objects.create(
        object=thing,
        incident=incident,
        holds=holds,
        evidence=_said(evidence),
        by=actor if isinstance(actor, Person) else None,
        **_times(actor, known_at, origin, Audience.PRIVATE.value),
    )
    project([incident.pk])
    record(
        actor=actor,
        action="incidents.put_object",
        subject=incident,
        after={"object": str(thing.pk), "holds": holds},
        reason=row.evidence,
    )
    tell_watchers(incident, ["objects"])
    return row


@transaction.atomic
def put_report(
    actor: Actor,
    report: Report,
    about: Incident | Object,
    *,
    says: str,
    evidence: str,
    known_at: dt.datetime | None = None,
    origin: str = "",
) -> ReportIncident | ReportObject:
    """Say what a report does for an incident or an object.

    Raises
    ------
    InvalidInput
        ``says`` is none of ``Says``, no evidence is given, or the report may not be told of there.
    """
    if says not in Says.values:
        raise InvalidInput(_("“{text}” is not one of those to choose").format(text=says))
    within(about, report)
    common: dict[str, Any] = {
        "report": report,
        "says": says,
        "evidence": _said(evidence),
        "by": actor if isinstance(actor, Person) else None,
        **_times(actor, known_at, origin, Audience.PRIVATE.value),
    }
    row: ReportIncident | ReportObject
    if isinstance(about, Incident):
        row = ReportIncident.objects.create(incident=about, **common)
        tell_watchers(about, ["reports"])
    else:
        row = ReportObject.objects.create(object=about, **common)
    record(
        actor=actor,
        action="incidents.put_report",
        subject=about,
        after={"report": str(report.pk), "says": says},
        reason=row.evidence,
    )
    return row


@transaction.atomic
def say_same(
    person: Person,
    of: str,
    a: UUID,
    b: UUID,
    *,
    same: bool,
    reason: str,
    evidence: Mapping[str, Any] | None = None,
) -> Sameness:
    """A person's word that two objects, two incidents, or an object and a source are the same.

    Parameters
    ----------
    of : str
        Of ``Sameness.Of``; for ``source`` ``a`` is the object and ``b`` the source of the register.
    evidence : mapping, optional
        What a comparison said, as it was shown to the person.

    Raises
    ------
    InvalidInput
        Something with itself, no such rows, or without a reason.
    """
    if of not in Sameness.Of.values or a == b:
        raise InvalidInput(_("two different rows are needed"))
    model: type[Marked] = Incident if of == Sameness.Of.INCIDENT else Object
    # whoever undoes the table that brought them comes before this, or sees it
    rows = model._default_manager.select_for_update().filter(pk__in=(a, b)).order_by("pk")
    held = {each.pk: each for each in rows}
    row = held.get(a)
    if row is None or not (of == Sameness.Of.SOURCE or b in held):
        raise InvalidInput(_("two different rows are needed"))
    at = now()
    said = Sameness.objects.create(
        of=of,
        a_id=a,
        b_id=b,
        same=same,
        evidence=dict(evidence or {}),
        reason=_said(reason),
        known_at=at,
        recorded_at=at,
        by=person,
    )
    if of == Sameness.Of.SOURCE:
        Object.objects.filter(pk=a).update(source_id=b if same else None)
    record(
        actor=person,
        action="incidents.say_same",
        subject=row,
        after={"of": of, "with": str(b), "same": same},
        reason=said.reason,
    )
    return said


def within(carrier: Incident | Object, thing: Marked) -> None:
    """Refuse what would show in an incident or an object more than its mark allows.

    Raises
    ------
    InvalidInput
        The row is of another realm, marked higher, or of another organisation: whoever sees the
        carrier would see it, and only its originator opens it to others.
    """
    if carrier.originator_id != thing.originator_id:
        raise InvalidInput(_("It belongs to another organisation, which alone opens it to others."))
    own, other = mark_of(carrier), mark_of(thing)
    if own.realm != other.realm:
        raise InvalidInput(_("Rows of two realms never come together."))
    if not other.within(own):
        raise InvalidInput(
            _("It is marked higher than the incident: mark the incident as high first.")
        )


def project(incidents: Iterable[UUID]) -> None:
    """Make the columns and the words of incidents from their statements."""
    rows = Incident.objects.filter(pk__in=list(incidents))
    known = {found.pk: found for found in as_known_on(rows, now().date())}
    words = {}
    for row in rows:
        if row.pk not in known:
            continue
        columns = known[row.pk].columns()
        Incident.objects.filter(pk=row.pk).update(**columns, changed_at=now())
        words[row.pk] = words_of(row, known[row.pk])
    index(words)


def project_objects(things: Iterable[UUID]) -> None:
    """Make the columns of objects from their statements."""
    for thing in Object.objects.filter(pk__in=list(things)):
        Object.objects.filter(pk=thing.pk).update(**object_columns(object_known(thing)))


def _fresh(
    known: Mapping[str, Any], values: Mapping[str, Any], *, of_object: bool
) -> dict[str, Any]:
    fresh = {}
    for field, value in values.items():
        kept = checked(field, value, of_object=of_object)
        if field in REPEATABLE or known.get(field) != kept:
            fresh[field] = kept
    if not fresh:
        raise InvalidInput(_("Nothing of this is new."))
    return fresh


def _times(
    actor: Actor, known_at: dt.datetime | None, origin: str, audience: str
) -> dict[str, dt.datetime]:
    at = now()
    imported = bool(origin) or not isinstance(actor, Person)
    if known_at is not None and (known_at > at or not imported):
        raise InvalidInput(_("only an import says when something was known, and not in the future"))
    if audience != Audience.PRIVATE and not imported:
        raise InvalidInput(_("what is stated here is private until it is released"))
    return {"known_at": known_at or at, "recorded_at": at}


def _said(reason: str) -> str:
    text = plain(reason)[:400]
    if not text:
        raise InvalidInput(_("Say why."))
    return text
