"""Notes on persons: apart from everything else, for few people, for a limited time."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.services import TIMERS
from tocsin.server.duties.timers import each
from tocsin.server.incidents.models import Incident, PersonNote
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import Reader, may, visible
from tocsin.server.typed import plain

NEEDS = "incidents.persons"
LEAST_LEVEL = Level.CONFIDENTIAL
BATCH = 100
LONGEST_KEPT = dt.timedelta(days=3653)
"""Ten years: a limit of ours; the State sets what its law allows."""


def notes_on_persons(reader: Reader, incident: Incident) -> QuerySet[PersonNote]:
    """Notes of an incident that a reader may see: none without the action and the compartment."""
    rows = PersonNote.objects.filter(incident=incident)
    if not may(reader, NEEDS):
        return rows.none()
    return visible(reader, rows).filter(keep_until__gte=reader.at.date())


def circles_of(reader: Reader) -> QuerySet[Compartment]:
    """Compartments in which a reader may put a note."""
    return Compartment.objects.filter(pk__in=reader.compartments)


@transaction.atomic
def note_person(
    reader: Reader,
    incident: Incident,
    *,
    part: str,
    note: str,
    purpose: str,
    keep_until: dt.date,
    compartment: Compartment,
) -> PersonNote:
    """Keep a note on a person; the log keeps that it was written, and nothing of what it says.

    Raises
    ------
    InvalidInput
        Not allowed, not a member of the compartment, or without purpose or end.
    """
    note, purpose = plain(note)[:4000], plain(purpose)[:200]
    if not may(reader, NEEDS) or compartment.pk not in reader.compartments:
        raise InvalidInput(_("None of your roles allows this."))
    if part not in PersonNote.Part.values or not note or not purpose:
        raise InvalidInput(_("Say what is kept, and what for."))
    today = now().date()
    if not today < keep_until <= today + LONGEST_KEPT:
        raise InvalidInput(_("Say until when it is kept: at most ten years."))
    mark = mark_of(incident)
    level = max(mark.level, LEAST_LEVEL)
    if reader.person.clearance < level:
        raise InvalidInput(_("None of your roles allows this."))
    row = PersonNote.objects.create(
        realm=mark.realm,
        level=level,
        tlp="RED",
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
        incident=incident,
        part=part,
        note=note,
        purpose=purpose,
        keep_until=keep_until,
    )
    row.compartments.set(Compartment.objects.filter(pk__in=mark.compartments | {compartment.pk}))
    record(
        actor=reader.person,
        action="incidents.note_person",
        subject=row,
        after={"incident": str(incident.pk), "keep_until": keep_until.isoformat()},
        reason=purpose,
    )
    return row


def erase_over(at: dt.datetime) -> int:
    """Erase the notes whose last day is over; the log keeps that, and nothing of what they said."""
    over = PersonNote.objects.filter(keep_until__lt=at.date()).order_by("keep_until", "id")
    return each(over[:BATCH], _erase)


@transaction.atomic
def _erase(row: PersonNote) -> int:
    # what another process has erased meanwhile is not there to be locked
    held = PersonNote.objects.select_for_update().filter(pk=row.pk).first()
    if held is None:
        return 0
    record(
        actor=TIMERS,
        action="incidents.erase_note_on_person",
        subject=held,
        before={"incident": str(held.incident_id), "keep_until": held.keep_until.isoformat()},
    )
    held.delete()
    return 1
