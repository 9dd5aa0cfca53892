"""Incidents of sources that the register says are lost, stolen, found or recovered."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import gravest, primary_class
from tocsin.server.accounts.models import Realm
from tocsin.server.duties.profiles import Profile, available
from tocsin.server.duties.services import notify
from tocsin.server.incidents.facts import (
    Channel,
    IncidentKind,
    ObjectKind,
    Reliability,
    Share,
    Standing,
)
from tocsin.server.incidents.models import Incident, IncidentState, Object
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft, open_incident
from tocsin.server.incidents.services import OPENED_CHAIN, note_of, start_legal_clocks
from tocsin.server.incidents.statements import state, state_of_object
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import reader_of
from tocsin.server.register.life import MISSING, Kind
from tocsin.server.register.models import Source, Transaction

FROM_REGISTER = "system:register"
LOSS_KNOWN = "loss_known"
FICTIONAL = "fictional"
OPENED = gettext_noop("Incident {name} was opened: {source} is reported {what}")
WHAT = {
    Kind.LOSS: gettext_noop("lost"),
    Kind.THEFT: gettext_noop("stolen"),
    Kind.FIND: gettext_noop("found"),
    Kind.LEAK_TEST: gettext_noop("leaking"),
}
KINDS = {
    Kind.LOSS: IncidentKind.LOSS,
    Kind.THEFT: IncidentKind.THEFT,
    Kind.FIND: IncidentKind.FIND,
    Kind.LEAK_TEST: IncidentKind.OTHER,
}
STARTS = {Kind.FIND: "find_known", Kind.LEAK_TEST: "leak_test_failed"}
"""Which duties of a country profile an occurrence starts, where that is not a known loss."""
REASON = "reported to the register; end those that do not apply"


def hear_of_source(row: Transaction) -> None:
    """Open an incident when a source is lost, stolen, found or leaks, and note what follows there.

    Heard twice, it is done once: the note names the transaction.
    """
    if row.kind in WHAT:
        _missing(row)
    elif row.kind == Kind.RECOVERY:
        _recovered(row)
    elif row.kind == Kind.CORRECTION:
        _corrected(row)


@transaction.atomic
def _missing(row: Transaction) -> None:
    # two reports of one source wait for each other at its row
    source = Source.objects.select_for_update().get(pk=row.source_id)
    known = _open_of(source)
    if known is None:
        _opened(row, source)
    elif not _heard(known, row):
        note_of(known, IncidentState.OPEN, _told(row), by=None, actor=FROM_REGISTER)
        kind = KINDS[Kind(row.kind)].value
        # that it leaks, too, makes no other incident of a loss
        if known.kind != kind and row.kind != Kind.LEAK_TEST:
            state(row.by or FROM_REGISTER, known, {"kind": kind}, reason=_told(row))


def _opened(row: Transaction, source: Source) -> None:
    incident = open_incident(
        row.by or FROM_REGISTER,
        _draft(row, source),
        mark=mark_of(source),
        originator=source.originator,
    )
    for thing in Object.objects.filter(in_incidents__incident=incident).exclude(recovered=""):
        state_of_object(
            row.by or FROM_REGISTER, thing, {"recovered": None}, reason=_told(row)[:400]
        )
    link(incident, LinkKind.CONCERNS, source, actor=row.by or FROM_REGISTER)
    notify(
        incident,
        text=OPENED,
        values={"name": incident.name, "source": source.name, "what": str(WHAT[Kind(row.kind)])},
        address=incident.get_absolute_url(),
        chain=OPENED_CHAIN,
        actor=FROM_REGISTER,
    )
    if row.kind in {Kind.LOSS, Kind.THEFT} and source.status not in MISSING:
        # told late: meanwhile it has been found
        later = f"register: by now {source.status} since {source.since}"
        note_of(incident, IncidentState.OPEN, later, by=None, actor=FROM_REGISTER)
    _start_clocks(row, source, incident)


def _start_clocks(row: Transaction, source: Source, incident: Incident) -> None:
    """Legal clocks of a known loss; where they cannot be started the incident says so."""
    law = _law_of(source, _starts(row))
    if law is None or row.by is None:
        text = "no country profile here has a period for this: no legal clock was started"
        note_of(incident, IncidentState.OPEN, text, by=None, actor=FROM_REGISTER)
        return
    starts = _starts(row)
    duties = [duty.code for duty in law.duties.values() if duty.starts == starts]
    try:
        with transaction.atomic():
            start_legal_clocks(
                reader_of(row.by, realm=source.realm),
                incident,
                profile_code=law.code,
                duties=duties,
                at=row.at,
                reason=REASON,
            )
    except InvalidInput as error:
        text = f"legal clocks of {law.code} were not started: {error}"
        note_of(incident, IncidentState.OPEN, text, by=None, actor=FROM_REGISTER)


def _draft(row: Transaction, source: Source) -> Draft:
    """What the register tells of an occurrence, and of the source in it."""
    day = dt.datetime.combine(row.happened_on, dt.time(), tzinfo=dt.UTC)
    values: dict[str, Any] = {
        "title": f"{source.title}: {row.kind}"[:200],
        "kind": KINDS[Kind(row.kind)].value,
        "status": Standing.NOTIFIED.value,
        "interval": {
            "from": day.isoformat(),
            "to": (day + dt.timedelta(days=1, seconds=-1)).isoformat(),
        },
        "country": source.originator.country,
    }
    if source.place:
        values["place"] = source.place
    if source.coarse_place is not None:
        values["position"] = list(source.coarse_place)
    if row.before.get("sent_on"):
        # it was on its way to a receiver who had not confirmed that it came
        values["transport"] = True
    classes = [_class_of(part["nuclide"]) for part in source.contents]
    return Draft(
        values=values,
        objects=(_object_of(source),),
        report=ReportDraft(
            channel=Channel.REGISTER.value,
            title=f"{source.name}: {Kind(row.kind).value}",
            said_by=source.holder.name,
            said_at=row.at,
            original=row.note,
            reliability=Reliability.RELIABLE.value,
        ),
        reason=_told(row)[:400],
        source_id=source.pk,
        source_class=gravest(classes),
        note=_told(row),
    )


def _object_of(source: Source) -> ObjectDraft:
    """The object that a source of the register is: the one of an earlier incident, if any."""
    evidence = f"entry {source.name} of the register"
    mark = mark_of(source)
    for known in Object.objects.filter(source_id=source.pk, realm=source.realm):
        if known.level <= source.level and mark_of(known).compartments <= mark.compartments:
            return ObjectDraft({}, evidence=evidence, known=known)
    serials = [("source", source.serial), ("device", source.device_serial)]
    values = {
        "kind": (ObjectKind.DEVICE if source.device else ObjectKind.SOURCE).value,
        "manufacturer": source.manufacturer,
        "model": source.model,
        "serials": [{"value": text, "of": of} for of, text in serials if text],
        "device_type": source.device,
        "contents": [
            {key: part[key] for key in ("nuclide", "activity_Bq", "reference_date")}
            for part in source.contents
        ],
        "category": source.category,
    }
    return ObjectDraft(
        {name: value for name, value in values.items() if value},
        source_id=source.pk,
        evidence=evidence,
    )


def _class_of(nuclide: str) -> str:
    try:
        return primary_class(nuclide)
    except NotFound:
        return "unknown"  # it has a D value and no decay scheme that is known here


@transaction.atomic
def _recovered(row: Transaction) -> None:
    source = Source.objects.select_for_update().get(pk=row.source_id)
    known = _open_of(source)
    if known is None or _heard(known, row):
        return
    note_of(known, IncidentState.OPEN, _told(row), by=None, actor=FROM_REGISTER)
    back = {"share": Share.ALL.value, "on": row.happened_on.isoformat(), "where": source.place}
    actor = row.by or FROM_REGISTER
    for thing in Object.objects.filter(source_id=source.pk, in_incidents__incident=known):
        state_of_object(actor, thing, {"recovered": back}, reason=_told(row))
    # said of the incident too: it stays true when the same object is lost again
    state(actor, known, {"recovered": back}, reason=_told(row))


@transaction.atomic
def _corrected(row: Transaction) -> None:
    """Note that a report behind an incident was wrong; a person decides what that means."""
    source = Source.objects.select_for_update().get(pk=row.source_id)
    known = _open_of(source)
    if known is not None and not _heard(known, row):
        note_of(known, IncidentState.OPEN, _told(row), by=None, actor=FROM_REGISTER)


def _open_of(source: Source) -> Incident | None:
    rows = Incident.objects.select_for_update().filter(source_id=source.pk)
    return rows.filter(state=IncidentState.OPEN).order_by("-opened_at").first()


def _heard(incident: Incident, row: Transaction) -> bool:
    return incident.events.filter(note=_told(row)).exists()


def _told(row: Transaction) -> str:
    what = f" of step {row.corrects.number}" if row.corrects is not None else ""
    said = f"register, step {row.number}, {row.kind}{what} on {row.happened_on}: {row.note}"
    return said[:4000]


def _starts(row: Transaction) -> str:
    return STARTS.get(Kind(row.kind), LOSS_KNOWN)


def _law_of(source: Source, starts: str) -> Profile | None:
    """Country profile whose clocks it starts; an invented one only where nothing is real."""
    laws = available().by_code
    found = laws.get(source.originator.country)
    if found is None and source.realm != Realm.LIVE:
        found = laws.get(FICTIONAL)
    if found is None or not any(d.starts == starts for d in found.duties.values()):
        return None
    return found
