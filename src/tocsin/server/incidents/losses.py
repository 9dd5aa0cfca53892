"""Incidents of what the register says is lost, stolen, found or recovered: sources and batches."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Realm
from tocsin.server.duties.profiles import Profile, available
from tocsin.server.duties.services import notify
from tocsin.server.holdings.models import Step
from tocsin.server.incidents.facts import (
    Channel,
    IncidentKind,
    Reliability,
    Share,
    Standing,
)
from tocsin.server.incidents.models import Incident, IncidentEvent, IncidentState, Object
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft, open_incident
from tocsin.server.incidents.reading import objects_in
from tocsin.server.incidents.reported import (
    Heard,
    Row,
    class_of,
    described,
    identity,
    standing,
)
from tocsin.server.incidents.services import OPENED_CHAIN, note_of, start_legal_clocks
from tocsin.server.incidents.statements import state, state_of_object
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import reader_of
from tocsin.server.register.life import Kind
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
    _hear(Heard.of_source(row))


def hear_of_batch(step: Step) -> None:
    """The same of a batch of material that is lost, stolen or recovered."""
    _hear(Heard.of_batch(step))


@transaction.atomic
def _hear(heard: Heard) -> None:
    # two reports of one thing wait for each other at its row
    row = type(heard.row)._default_manager.select_for_update().get(pk=heard.row.pk)
    about = Incident.objects.filter(**identity(row)).values("pk")
    if IncidentEvent.objects.filter(incident__in=about, note=heard.told).exists():
        # also where the incident is closed by now
        return
    known = _open_of(row)
    if heard.kind in WHAT:
        _missing(heard, row, known)
    elif known is not None and heard.kind == Kind.RECOVERY:
        _recovered(heard, row, known)
    elif known is not None and heard.kind == Kind.CORRECTION:
        # a report behind the incident was wrong; a person decides what that means
        note_of(known, IncidentState.OPEN, heard.told, by=None, actor=FROM_REGISTER)


def _missing(heard: Heard, row: Row, known: Incident | None) -> None:
    if known is None:
        _opened(heard, row)
        return
    note_of(known, IncidentState.OPEN, heard.told, by=None, actor=FROM_REGISTER)
    kind = KINDS[heard.kind].value
    # that it leaks, too, makes no other incident of a loss
    if known.kind != kind and heard.kind != Kind.LEAK_TEST:
        state(heard.by or FROM_REGISTER, known, {"kind": kind}, reason=heard.told)


def _opened(heard: Heard, row: Row) -> None:
    actor = heard.by or FROM_REGISTER
    incident = open_incident(
        actor, _draft(heard, row), mark=mark_of(row), originator=row.originator
    )
    for thing in Object.objects.filter(in_incidents__incident=incident).exclude(recovered=""):
        state_of_object(actor, thing, {"recovered": None}, reason=heard.told[:400])
    link(incident, LinkKind.CONCERNS, row, actor=actor)
    notify(
        incident,
        text=OPENED,
        values={"name": incident.name, "source": row.name, "what": str(WHAT[heard.kind])},
        address=incident.get_absolute_url(),
        chain=OPENED_CHAIN,
        actor=FROM_REGISTER,
    )
    if heard.kind in {Kind.LOSS, Kind.THEFT} and (now_is := standing(row)):
        # told late: meanwhile it has been found
        later = f"register: by now {now_is} since {row.since}"
        note_of(incident, IncidentState.OPEN, later, by=None, actor=FROM_REGISTER)
    _start_clocks(heard, row, incident)


def _start_clocks(heard: Heard, row: Row, incident: Incident) -> None:
    """Legal clocks of a known loss; where they cannot be started the incident says so."""
    starts = STARTS.get(heard.kind, LOSS_KNOWN)
    law = _law_of(row, starts)
    if law is None or heard.by is None:
        text = "no country profile here has a period for this: no legal clock was started"
        note_of(incident, IncidentState.OPEN, text, by=None, actor=FROM_REGISTER)
        return
    duties = [duty.code for duty in law.duties.values() if duty.starts == starts]
    try:
        with transaction.atomic():
            start_legal_clocks(
                reader_of(heard.by, realm=row.realm),
                incident,
                profile_code=law.code,
                duties=duties,
                at=heard.at,
                reason=REASON,
            )
    except InvalidInput as error:
        text = f"legal clocks of {law.code} were not started: {error}"
        note_of(incident, IncidentState.OPEN, text, by=None, actor=FROM_REGISTER)


def _draft(heard: Heard, row: Row) -> Draft:
    """What the register tells of an occurrence, and of the thing in it."""
    day = dt.datetime.combine(heard.happened_on, dt.time(), tzinfo=dt.UTC)
    values: dict[str, Any] = {
        "title": f"{row.title}: {heard.kind}"[:200],
        "kind": KINDS[heard.kind].value,
        "status": Standing.NOTIFIED.value,
        "interval": {
            "from": day.isoformat(),
            "to": (day + dt.timedelta(days=1, seconds=-1)).isoformat(),
        },
        "country": row.originator.country,
    }
    if row.place:
        values["place"] = row.place
    if isinstance(row, Source) and row.coarse_place is not None:
        values["position"] = list(row.coarse_place)
    if heard.on_its_way:
        values["transport"] = True
    return Draft(
        values=values,
        objects=(_object_of(row),),
        report=ReportDraft(
            channel=Channel.REGISTER.value,
            title=f"{row.name}: {heard.kind.value}",
            said_by=row.holder.name,
            said_at=heard.at,
            original=heard.note,
            reliability=Reliability.RELIABLE.value,
        ),
        reason=heard.told[:400],
        source_class=class_of(row),
        note=heard.told,
        **identity(row),
    )


def _object_of(row: Row) -> ObjectDraft:
    """The object that a row of the register is: the one of an earlier incident, if any."""
    evidence = f"entry {row.name} of the register"
    mark = mark_of(row)
    own = Object.objects.filter(realm=row.realm, originator=row.originator_id)
    for known in own.filter(**identity(row)):
        if mark_of(known).within(mark):
            return ObjectDraft({}, evidence=evidence, known=known)
    return ObjectDraft(described(row), evidence=evidence, **identity(row))


def _recovered(heard: Heard, row: Row, known: Incident) -> None:
    note_of(known, IncidentState.OPEN, heard.told, by=None, actor=FROM_REGISTER)
    back = {"share": Share.ALL.value, "on": heard.happened_on.isoformat(), "where": row.place}
    actor = heard.by or FROM_REGISTER
    for thing in Object.objects.filter(pk__in=objects_in(known), **identity(row)):
        if not _stated(thing, back):
            state_of_object(actor, thing, {"recovered": back}, reason=heard.told)
    # said of the incident too: it stays true when the same object is lost again
    if not _stated(known, back):
        state(actor, known, {"recovered": back}, reason=heard.told)


def _stated(row: Incident | Object, back: dict[str, Any]) -> bool:
    """Whether somebody has said the same of the recovery already."""
    last = row.statements.filter(field="recovered").order_by("known_at", "id").last()
    return last is not None and last.value == back


def _open_of(row: Row) -> Incident | None:
    rows = Incident.objects.select_for_update().filter(**identity(row))
    return rows.filter(state=IncidentState.OPEN).order_by("-opened_at").first()


def _law_of(row: Row, starts: str) -> Profile | None:
    """Country profile whose clocks it starts; an invented one only where nothing is real."""
    laws = available().by_code
    found = laws.get(row.originator.country)
    if found is None and row.realm != Realm.LIVE:
        found = laws.get(FICTIONAL)
    if found is None or not any(d.starts == starts for d in found.duties.values()):
        return None
    return found
