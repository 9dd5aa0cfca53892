"""Levels of incidents and of the objects in them: an incident tells of its objects."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.incidents.models import Incident, Object
from tocsin.server.incidents.reading import incidents_of, objects_in
from tocsin.server.marking.models import Marked


def stay_within(row: Marked, level: int) -> None:
    """Refuse a level by which an object would be marked higher than an incident that holds it.

    Raises
    ------
    InvalidInput
        It would.
    """
    if isinstance(row, Object):
        if Incident.objects.filter(pk__in=incidents_of(row), level__lt=level).exists():
            raise InvalidInput(
                _("It is marked higher than the incident: mark the incident as high first.")
            )
    elif isinstance(row, Incident):
        if Object.objects.filter(pk__in=objects_in(row), level__gt=level).exists():
            raise InvalidInput(_("An object in it is marked higher: lower that first."))
