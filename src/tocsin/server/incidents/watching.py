"""The watch list: who wants to hear when an incident, a serial number or a nuclide comes up."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput, NotFound
from tocsin.linkage.serial_mentions import normal_serial
from tocsin.nuclear import parse_nuclide
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.services import notify_person
from tocsin.server.incidents.models import Incident, Object, Watch
from tocsin.server.incidents.reading import incidents_for, objects_in
from tocsin.server.marking.policy import Reader
from tocsin.server.typed import plain

CHANGED = gettext_noop("Incident {name}, which you watch, has something new")
MOST_WATCHES = 200


@transaction.atomic
def watch(reader: Reader, of: str, value: str) -> Watch:
    """Put something on the own watch list; what is on it already stays.

    Parameters
    ----------
    of : str
        Of ``Watch.Of``.
    value : str
        Identity of an incident that the reader may see, a serial number or a nuclide.

    Raises
    ------
    InvalidInput
        It cannot be watched, or the list is full.
    """
    value = plain(value)[:100]
    if of == Watch.Of.INCIDENT:
        pk = _identity(value)
        row = None if pk is None else incidents_for(reader).filter(pk=pk).first()
        if row is None:
            raise InvalidInput(_("There is no such incident."))
        value = str(row.pk)
    elif of == Watch.Of.SERIAL:
        value = normal_serial(value)
    elif of == Watch.Of.NUCLIDE:
        try:
            value = parse_nuclide(value)
        except (InvalidInput, NotFound) as error:
            raise InvalidInput(str(error)) from None
    else:
        raise InvalidInput(_("“{text}” is not one of those to choose").format(text=of))
    if len(value) < 2:
        raise InvalidInput(_("Say what is to be watched."))
    if watches_of(reader).count() >= MOST_WATCHES:
        raise InvalidInput(_("The list is full: take something off it first."))
    entry, made = Watch.objects.get_or_create(
        person=reader.person,
        realm=reader.realm,
        of=of,
        value=value,
        defaults={"created_at": now()},
    )
    if made:
        record(
            actor=reader.person,
            action="incidents.watch",
            subject=entry,
            after={"of": of, "value": value},
        )
    return entry


def _identity(text: str) -> UUID | None:
    """An identity in any of its writings; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


@transaction.atomic
def unwatch(reader: Reader, row: Watch) -> None:
    """Take something off the own watch list."""
    if row.person_id != reader.person.pk:
        raise InvalidInput(_("This is not on your list."))
    record(
        actor=reader.person,
        action="incidents.unwatch",
        subject=row,
        before={"of": row.of, "value": row.value},
    )
    row.delete()


def watches_of(reader: Reader) -> QuerySet[Watch]:
    """The own watch list in the present realm."""
    return Watch.objects.filter(person=reader.person, realm=reader.realm)


def tell_watchers(incident: Incident, changed: Sequence[str]) -> int:
    """Tell those who watch an incident, or what is in it, that something of it changed."""
    things = list(Object.objects.filter(pk__in=objects_in(incident)))
    serials = {normal_serial(row["value"]) for thing in things for row in thing.serials}
    nuclides = {name for thing in things for name in thing.nuclides.split()}
    wanted = (
        Q(of=Watch.Of.INCIDENT, value=str(incident.pk))
        | Q(of=Watch.Of.SERIAL, value__in=serials)
        | Q(of=Watch.Of.NUCLIDE, value__in=nuclides)
    )
    rows = Watch.objects.filter(wanted, realm=incident.realm).select_related("person")
    told = 0
    for person in {row.person_id: row.person for row in rows}.values():
        notice = notify_person(
            incident,
            person,
            text=CHANGED,
            values={"name": incident.name, "fields": ", ".join(changed)},
            address=incident.get_absolute_url(),
        )
        told += notice is not None
    return told
