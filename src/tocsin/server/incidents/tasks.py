"""Tasks: who does what until when."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.services import notify_person
from tocsin.server.incidents.models import Incident, Task
from tocsin.server.incidents.reading import incidents_for
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import Reader, reader_of, visible, visible_through
from tocsin.server.typed import plain

GIVEN = gettext_noop("A task for you in incident {name}: {what}, until {until}")
FARTHEST = dt.timedelta(days=731)


def tasks_for(reader: Reader) -> QuerySet[Task]:
    """Tasks that a reader may see."""
    return visible(reader, Task.objects.select_related("who", "incident", "done_by"))


def tasks_of(reader: Reader, incident: Incident) -> QuerySet[Task]:
    """Tasks of an incident that a reader may see: whoever sees the incident sees them."""
    rows = Task.objects.filter(incident=incident).select_related("who", "done_by")
    return visible_through(reader, rows, incident)


def people_of(reader: Reader) -> QuerySet[Person]:
    """People who can be given a task: those of the own organisation."""
    body = reader.person.organisation_id
    return Person.objects.filter(organisation=body, is_active=True).order_by("name")


@transaction.atomic
def give_task(
    reader: Reader, incident: Incident, *, what: str, who: Person, until: dt.date
) -> Task:
    """Give somebody a task, and tell them.

    Raises
    ------
    InvalidInput
        Nothing is said, the day makes no sense, or the person may not see the incident.
    """
    what = plain(what)[:400]
    if not what:
        raise InvalidInput(_("Say what is to be done."))
    today = now().date()
    if not today <= until <= today + FARTHEST:
        raise InvalidInput(_("Give a day within two years from today."))
    sees = incidents_for(reader_of(who, realm=incident.realm)).filter(pk=incident.pk).exists()
    if who.organisation_id != reader.person.organisation_id or not sees:
        raise InvalidInput(_("This person may not see the incident."))
    mark = mark_of(incident)
    row = Task.objects.create(
        **mark.fields(),
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
        incident=incident,
        what=what,
        who=who,
        until=until,
    )
    mark.stamp(row)
    record(
        actor=reader.person,
        action="incidents.give_task",
        subject=row,
        after={"incident": str(incident.pk), "who": str(who.pk), "until": until, "what": what},
    )
    if who.pk != reader.person.pk:
        notify_person(
            incident,
            who,
            text=GIVEN,
            values={"name": incident.name, "what": what[:80], "until": until.isoformat()},
            address=incident.get_absolute_url(),
        )
    return row


@transaction.atomic
def end_task(reader: Reader, row: Task, *, result: str) -> Task:
    """Say that a task is done, and with what result.

    Raises
    ------
    InvalidInput
        It is done already, or no result is given.
    """
    row = Task.objects.select_for_update().get(pk=row.pk)
    result = plain(result)[:400]
    if row.done_at is not None:
        raise InvalidInput(_("This task is done already."))
    if not result:
        raise InvalidInput(_("Say what came of it."))
    row.done_at, row.done_by, row.result = now(), reader.person, result
    row.save(update_fields=["done_at", "done_by", "result"])
    record(
        actor=reader.person,
        action="incidents.end_task",
        subject=row,
        after={"done_at": row.done_at, "result": result},
    )
    return row
