"""Incidents of sources that the register says are lost, stolen or recovered."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import gravest, primary_class
from tocsin.server.accounts.models import Realm
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.profiles import Profile, available
from tocsin.server.duties.services import notify
from tocsin.server.incidents.models import Incident, IncidentEvent, IncidentState
from tocsin.server.incidents.services import OPENED_CHAIN, note_of, start_legal_clocks
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
WHAT = {Kind.LOSS: gettext_noop("lost"), Kind.THEFT: gettext_noop("stolen")}
REASON = "reported to the register; end those that do not apply"


def hear_of_source(row: Transaction) -> None:
    """Open an incident when a source is lost or stolen, and note it there when it is recovered.

    Heard twice, it is done once: the note names the transaction.
    """
    if row.kind in WHAT:
        _missing(row)
    elif row.kind == Kind.RECOVERY:
        _recovered(row)


@transaction.atomic
def _missing(row: Transaction) -> None:
    # two reports of one source wait for each other at its row
    source = Source.objects.select_for_update().get(pk=row.source_id)
    known = _open_of(source)
    if known is None:
        _opened(row, source)
    elif not _heard(known, row):
        note_of(known, IncidentState.OPEN, _told(row), by=None, actor=FROM_REGISTER)


def _opened(row: Transaction, source: Source) -> None:
    mark = mark_of(source)
    classes = [_class_of(part["nuclide"]) for part in source.contents]
    incident = Incident.objects.create(
        **mark.fields(),
        originator=source.originator,
        created_at=now(),
        created_by=row.by,
        title=f"{source.title}: {row.kind}"[:200],
        opened_at=now(),
        happened_at=dt.datetime.combine(row.happened_on, dt.time(), tzinfo=dt.UTC),
        source_id=source.pk,
        source_class=gravest(classes),
        state=IncidentState.OPEN,
    )
    mark.stamp(incident)
    IncidentEvent.objects.create(
        incident=incident, at=now(), state=IncidentState.OPEN, note=_told(row), by=row.by
    )
    record(
        actor=row.by or FROM_REGISTER,
        action="incidents.open",
        subject=incident,
        after={"title": incident.title, "source": str(source.pk)},
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
    if source.status not in MISSING:
        # told late: meanwhile it has been found
        later = f"register: by now {source.status} since {source.since}"
        note_of(incident, IncidentState.OPEN, later, by=None, actor=FROM_REGISTER)
    _start_clocks(row, source, incident)


def _start_clocks(row: Transaction, source: Source, incident: Incident) -> None:
    """Legal clocks of a known loss; where they cannot be started the incident says so."""
    law = _law_of(source)
    if law is None or row.by is None:
        text = "no country profile here has a period for a loss: no legal clock was started"
        note_of(incident, IncidentState.OPEN, text, by=None, actor=FROM_REGISTER)
        return
    duties = [duty.code for duty in law.duties.values() if duty.starts == LOSS_KNOWN]
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


def _class_of(nuclide: str) -> str:
    try:
        return primary_class(nuclide)
    except NotFound:
        return "unknown"  # it has a D value and no decay scheme that is known here


@transaction.atomic
def _recovered(row: Transaction) -> None:
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
    return f"register, step {row.number}, {row.kind} on {row.happened_on}: {row.note}"[:4000]


def _law_of(source: Source) -> Profile | None:
    """Country profile whose clocks a loss starts; an invented one only where nothing is real."""
    laws = available().by_code
    found = laws.get(source.originator.country)
    if found is None and source.realm != Realm.LIVE:
        found = laws.get(FICTIONAL)
    if found is None or not any(d.starts == LOSS_KNOWN for d in found.duties.values()):
        return None
    return found
