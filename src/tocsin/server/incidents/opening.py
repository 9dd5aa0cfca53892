"""Opening incidents: with their first statements, their objects and the report behind them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.models import StoredFile
from tocsin.server.incidents.facts import Audience, Channel, Reliability, checked, gravest_class
from tocsin.server.incidents.models import (
    Incident,
    IncidentEvent,
    IncidentState,
    IncidentStatement,
    Object,
    ObjectIncident,
    ObjectStatement,
    Report,
    ReportIncident,
    ReportObject,
    Says,
    Watch,
)
from tocsin.server.incidents.statements import (
    COMPUTED,
    Actor,
    put_object,
    put_report,
    with_category,
)
from tocsin.server.incidents.states import Known, KnownObject, folded, object_columns
from tocsin.server.incidents.watching import tell_watchers
from tocsin.server.incidents.words import index, words_of
from tocsin.server.marking.highwater import Mark, mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.typed import plain

BATCH = 1000


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """Who said it, by which way, and what exactly.

    Parameters
    ----------
    channel : str
        Of ``facts.Channel``.
    title : str
    said_by : str
        An organisation or an office, no person.
    original : str
        As it was said; or ``file`` holds it, or ``address`` says where it is published.
    """

    channel: str
    title: str
    said_by: str = ""
    said_at: dt.datetime | None = None
    received_at: dt.datetime | None = None
    original: str = ""
    file: StoredFile | None = None
    address: str = ""
    external_id: str = ""
    reliability: str = Reliability.UNJUDGED.value


@dataclass(frozen=True, slots=True)
class ObjectDraft:
    """An object: value by field of ``facts.OBJECT_FIELDS``.

    Parameters
    ----------
    values : dict
    source_id, batch_id : UUID, optional
        The source of the register, or the batch of the holdings, that it is.
    evidence : str
        What shows that it is in the incident.
    known : Object, optional
        An object that is there already; ``values`` is empty then.
    """

    values: Mapping[str, Any]
    source_id: UUID | None = None
    batch_id: UUID | None = None
    evidence: str = ""
    known: Object | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """What was known of an incident later than its first report.

    Parameters
    ----------
    known_at : datetime
    values : dict
        Value by field of ``facts.INCIDENT_FIELDS``.
    reason : str
    """

    known_at: dt.datetime
    values: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An incident as it is to be opened.

    Parameters
    ----------
    values : dict
        Value by field of ``facts.INCIDENT_FIELDS``; ``title`` is needed.
    objects : tuple of ObjectDraft
    report : ReportDraft, optional
    reason : str
        Why these statements are made: what they rest on.
    known_at : datetime, optional
        When this was known; now where nothing is said. Earlier only for what an import takes from a
        dated publication.
    later : tuple of Later
        Updates after it, in the order of time.
    audience : str
        Who knows it already; more than private only for what was published.
    note : str
        First line of what was done; the reason where nothing is said.
    """

    values: Mapping[str, Any]
    objects: tuple[ObjectDraft, ...] = ()
    report: ReportDraft | None = None
    reason: str = ""
    known_at: dt.datetime | None = None
    later: tuple[Later, ...] = ()
    audience: str = Audience.PRIVATE.value
    external_id: str = ""
    alarm_id: UUID | None = None
    source_id: UUID | None = None
    batch_id: UUID | None = None
    source_class: str = ""
    note: str = ""


@dataclass(slots=True)
class _Rows:
    """Rows of many incidents, to be written together."""

    incidents: list[Incident] = field(default_factory=list)
    events: list[IncidentEvent] = field(default_factory=list)
    statements: list[IncidentStatement] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    object_statements: list[ObjectStatement] = field(default_factory=list)
    ties: list[ObjectIncident] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    of_incidents: list[ReportIncident] = field(default_factory=list)
    of_objects: list[ReportObject] = field(default_factory=list)
    words: dict[UUID, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who writes, with which mark, at which moment."""

    actor: Actor
    mark: Mark
    originator: Organisation
    origin: str
    at: dt.datetime

    @property
    def person(self) -> Person | None:
        return self.actor if isinstance(self.actor, Person) else None

    def marked(self) -> dict[str, Any]:
        return {
            **self.mark.fields(),
            "originator": self.originator,
            "created_at": self.at,
            "created_by": self.person,
        }


@transaction.atomic
def open_incident(
    actor: Actor, draft: Draft, *, mark: Mark, originator: Organisation, origin: str = ""
) -> Incident:
    """Open one incident, with one leaf of the log.

    Parameters
    ----------
    actor : Person or str
        Who opens it: a person, or ``system:`` and a process.
    origin : str
        Code of the import that it comes from; empty for what is known from now on.

    Raises
    ------
    InvalidInput
        A field or a value cannot be, the title is missing, or a time is not allowed.
    """
    (incident,) = _written(_Writer(actor, mark, originator, origin, now()), [draft])
    record(
        actor=actor,
        action="incidents.open",
        subject=incident,
        after={
            "title": incident.title,
            "alarm": str(draft.alarm_id or ""),
            "source": str(draft.source_id or ""),
            "batch": str(draft.batch_id or ""),
            "values": dict(draft.values),
        },
        reason=draft.reason,
    )
    tell_watchers(incident, ["opened"])
    return incident


@transaction.atomic
def open_many(
    actor: Actor,
    drafts: Sequence[Draft],
    *,
    mark: Mark,
    originator: Organisation,
    origin: str,
    subject: Marked,
) -> list[Incident]:
    """Open the incidents of an import, with one leaf of the log for all of them.

    Parameters
    ----------
    origin : str
        Code of the import; with it statements may be known earlier than now.
    subject : Marked
        Row of the import, which the leaf names.

    Raises
    ------
    InvalidInput
        Something of one of them cannot be; then none is opened.
    """
    found = _written(_Writer(actor, mark, originator, origin, now()), drafts)
    record(
        actor=actor,
        action="incidents.open_many",
        subject=subject,
        after={"incidents": len(found), "origin": origin},
    )
    if Watch.objects.filter(realm=mark.realm).exists():
        for incident in found:
            tell_watchers(incident, ["opened"])
    return found


@transaction.atomic
def add_object(
    actor: Actor, incident: Incident, values: Mapping[str, Any], *, reason: str
) -> Object:
    """Add a new object to an incident, marked as it.

    Raises
    ------
    InvalidInput
        A value cannot be, nothing is known of it, or no reason is given.
    """
    if not values:
        raise InvalidInput(_("Say something of the object."))
    rows = _Rows()
    writer = _Writer(actor, mark_of(incident), incident.originator, "", now())
    common = {
        "recorded_at": writer.at,
        "by": writer.person,
        "origin": "",
        "report": None,
        "audience": Audience.PRIVATE.value,
    }
    thing, _known = _object(
        writer, ObjectDraft(values), writer.at, plain(reason)[:400], common, rows
    )
    thing.save(force_insert=True)
    writer.mark.stamp(thing)
    ObjectStatement.objects.bulk_create(rows.object_statements)
    put_object(actor, incident, thing, evidence=reason)
    return thing


@transaction.atomic
def add_report(actor: Actor, incident: Incident, draft: ReportDraft, *, evidence: str) -> Report:
    """Add a report to an incident, marked as it.

    Raises
    ------
    InvalidInput
        A choice is not known, or nothing says what it shows.
    """
    rows = _Rows()
    writer = _Writer(actor, mark_of(incident), incident.originator, "", now())
    report = _report(writer, Draft({"title": incident.title}, report=draft), writer.at, rows)
    report.save(force_insert=True)
    writer.mark.stamp(report)
    put_report(actor, report, incident, says=Says.TELLS.value, evidence=evidence)
    return report


def _written(writer: _Writer, drafts: Iterable[Draft]) -> list[Incident]:
    rows = _Rows()
    for draft in drafts:
        _prepare(writer, draft, rows)
    tables: tuple[tuple[Any, list[Any]], ...] = (
        (Report, rows.reports),
        (Incident, rows.incidents),
        (Object, rows.objects),
        (IncidentEvent, rows.events),
        (IncidentStatement, rows.statements),
        (ObjectStatement, rows.object_statements),
        (ObjectIncident, rows.ties),
        (ReportIncident, rows.of_incidents),
        (ReportObject, rows.of_objects),
    )
    for model, made in tables:
        model._default_manager.bulk_create(made, batch_size=BATCH)
    for row in (*rows.incidents, *rows.objects, *rows.reports) if writer.mark.compartments else ():
        writer.mark.stamp(row)
    index(rows.words, fresh=True)
    return rows.incidents


def _prepare(writer: _Writer, draft: Draft, rows: _Rows) -> None:
    values = {name: checked(name, value) for name, value in draft.values.items()}
    if not values.get("title"):
        raise InvalidInput(_("an incident needs a title"))
    known_at = _known_at(writer, draft.known_at, draft.audience)
    reason = plain(draft.reason)[:400] or "opened"
    report = _report(writer, draft, known_at, rows) if draft.report else None
    batches = [(known_at, values, reason)]
    for later in draft.later:
        at = _known_at(writer, later.known_at, draft.audience)
        if at < batches[-1][0]:
            raise InvalidInput(_("what was known later comes later"))
        more = {name: checked(name, value) for name, value in later.values.items()}
        batches.append((at, more, plain(later.reason)[:400]))
    common = {
        "recorded_at": writer.at,
        "by": writer.person,
        "origin": writer.origin,
        "report": report,
        "audience": draft.audience,
    }
    pk = uuid.uuid4()
    things = []
    for wanted in draft.objects:
        thing, known = _object(writer, wanted, known_at, reason, common, rows)
        things.append(known)
        rows.ties.append(
            ObjectIncident(
                object=thing,
                incident_id=pk,
                evidence=plain(wanted.evidence)[:400] or reason,
                known_at=known_at,
                recorded_at=writer.at,
                by=writer.person,
            )
        )
        if report is not None:
            rows.of_objects.append(
                ReportObject(
                    report=report,
                    object=thing,
                    says=Says.TELLS,
                    evidence=reason,
                    known_at=known_at,
                    recorded_at=writer.at,
                    by=writer.person,
                )
            )
    stated = [pair for _at, said, _why in batches for pair in said.items()]
    present = Known(pk, known_at, folded(stated), tuple(things))
    incident = Incident(
        id=pk,
        **writer.marked(),
        opened_at=known_at,
        alarm_id=draft.alarm_id,
        source_id=draft.source_id,
        batch_id=draft.batch_id,
        source_class=draft.source_class
        or gravest_class(name for thing in things for name in thing.nuclides),
        state=IncidentState.OPEN,
        external_id=plain(draft.external_id)[:100],
        changed_at=writer.at,
        **present.columns(),
    )
    rows.incidents.append(incident)
    note = plain(draft.note)[:4000] or reason
    rows.events.append(
        IncidentEvent(
            incident=incident,
            at=writer.at,
            state=IncidentState.OPEN,
            note=note,
            by=writer.person,
        )
    )
    rows.statements += [
        IncidentStatement(
            incident=incident, field=name, value=value, known_at=at, reason=why, **common
        )
        for at, said, why in batches
        for name, value in said.items()
    ]
    if report is not None:
        rows.of_incidents.append(
            ReportIncident(
                report=report,
                incident=incident,
                says=Says.TELLS,
                evidence=reason,
                known_at=known_at,
                recorded_at=writer.at,
                by=writer.person,
            )
        )
    rows.words[pk] = words_of(incident, present)


def _object(
    writer: _Writer,
    wanted: ObjectDraft,
    known_at: dt.datetime,
    reason: str,
    common: Mapping[str, Any],
    rows: _Rows,
) -> tuple[Object, KnownObject]:
    if wanted.known is not None:
        stated = wanted.known.statements.order_by("known_at", "id").values_list("field", "value")
        return wanted.known, KnownObject(wanted.known.pk, folded(stated))
    given = {n: checked(n, v, of_object=True) for n, v in wanted.values.items() if v is not None}
    values = with_category(given, on=known_at.date())
    known = KnownObject(uuid.uuid4(), values)
    thing = Object(
        id=known.pk,
        **writer.marked(),
        source_id=wanted.source_id,
        batch_id=wanted.batch_id,
        **object_columns(known),
    )
    rows.objects.append(thing)
    computed = dict(common) | {"by": None, "origin": COMPUTED}
    rows.object_statements += [
        ObjectStatement(
            object=thing,
            field=name,
            value=value,
            known_at=known_at,
            reason=reason,
            **(common if name in given else computed),
        )
        for name, value in values.items()
    ]
    return thing, known


def _report(writer: _Writer, draft: Draft, known_at: dt.datetime, rows: _Rows) -> Report:
    given = draft.report
    assert given is not None  # noqa: S101 - for the reader of types
    if given.channel not in Channel.values or given.reliability not in Reliability.values:
        raise InvalidInput(_("“{text}” is not one of those to choose").format(text=given.channel))
    report = Report(
        id=uuid.uuid4(),
        **writer.marked(),
        channel=given.channel,
        said_by=plain(given.said_by)[:200],
        said_at=given.said_at,
        received_at=given.received_at or known_at,
        title=plain(given.title)[:200] or str(draft.values.get("title", "")),
        original=plain(given.original)[:20000],
        file=given.file,
        address=given.address[:400],
        external_id=plain(given.external_id)[:100],
        reliability=given.reliability,
    )
    rows.reports.append(report)
    return report


def _known_at(writer: _Writer, wanted: dt.datetime | None, audience: str) -> dt.datetime:
    imported = bool(writer.origin)
    if wanted is not None and (wanted > writer.at or not imported):
        raise InvalidInput(_("only an import says when something was known, and not in the future"))
    if audience != Audience.PRIVATE and not imported:
        raise InvalidInput(_("what is stated here is private until it is released"))
    return wanted or writer.at
