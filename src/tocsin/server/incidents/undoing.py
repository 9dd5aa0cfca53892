"""Undoing a table of incidents: what it opened is withdrawn together."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.incidents.facts import Standing
from tocsin.server.incidents.imports import origin_of, require_writer
from tocsin.server.incidents.models import (
    FieldRelease,
    Incident,
    IncidentEvent,
    IncidentImport,
    IncidentState,
    IncidentStatement,
    Notification,
    Object,
    ObjectIncident,
    ObjectStatement,
    PersonNote,
    ReportIncident,
    ReportObject,
    Sameness,
    Task,
    Watch,
)
from tocsin.server.incidents.opening import BATCH
from tocsin.server.incidents.watching import tell_watchers
from tocsin.server.marking.policy import Reader
from tocsin.server.typed import plain

OF_INCIDENT: dict[type[Model], str] = {
    IncidentStatement: "recorded_at",
    IncidentEvent: "at",
    ObjectIncident: "recorded_at",
    ReportIncident: "recorded_at",
    FieldRelease: "asked_at",
    Notification: "created_at",
    Task: "created_at",
    PersonNote: "created_at",
}
"""What is stated or done about an incident, with the field that says when."""


@transaction.atomic
def undo(reader: Reader, row: IncidentImport, *, reason: str) -> int:
    """Withdraw every incident that a table has opened; nothing is deleted.

    Returns
    -------
    int
        How many.

    Raises
    ------
    InvalidInput
        Not allowed, not taken over, without a reason, or something was stated or done since.
    """
    require_writer(reader)
    row = IncidentImport.objects.select_for_update(of=("self",)).get(pk=row.pk)
    reason = plain(reason)[:400]
    if row.originator_id != reader.person.organisation_id:
        raise InvalidInput(_("None of your roles allows this."))
    if row.state != IncidentImport.State.APPLIED:
        raise InvalidInput(_("This table was not taken over."))
    if not reason:
        raise InvalidInput(_("Say why it is undone."))
    opened = Incident.objects.filter(
        originator=row.originator_id, realm=row.realm, statements__origin=origin_of(row)
    ).order_by()
    brought = opened.values("pk")
    # whoever states something of one of them comes before this, or waits until it is over; objects
    # first, as where their facts are stated
    things = ObjectIncident.objects.filter(incident__in=brought).order_by().values("object")
    list(Object.objects.select_for_update().filter(pk__in=things).order_by("pk").values("pk"))
    held = list(Incident.objects.select_for_update().filter(pk__in=brought).order_by("pk"))
    if not held:
        raise InvalidInput(_("An earlier version took it over: withdraw its incidents one by one."))
    if touched := len(_touched(row, brought, things)):
        raise InvalidInput(
            _(
                "Of {n} incidents something was stated or done since: withdraw those one by one."
            ).format(n=touched)
        )
    at = now()
    IncidentEvent.objects.bulk_create(
        (
            IncidentEvent(
                incident=incident,
                at=at,
                state=IncidentState.WITHDRAWN,
                note=reason,
                by=reader.person,
            )
            for incident in held
        ),
        batch_size=BATCH,
    )
    IncidentStatement.objects.bulk_create(
        (
            IncidentStatement(
                incident=incident,
                field="status",
                value=Standing.WITHDRAWN.value,
                known_at=at,
                recorded_at=at,
                by=reader.person,
                reason=reason,
            )
            for incident in held
        ),
        batch_size=BATCH,
    )
    Incident.objects.filter(pk__in=brought).update(
        state=IncidentState.WITHDRAWN, status=Standing.WITHDRAWN.value, changed_at=at
    )
    row.state, row.ended_at, row.reason = IncidentImport.State.UNDONE, at, reason
    row.save(update_fields=["state", "ended_at", "reason"])
    record(
        actor=reader.person,
        action="incidents.undo_import",
        subject=row,
        before={"state": IncidentImport.State.APPLIED.value},
        after={"state": IncidentImport.State.UNDONE.value, "incidents": len(held)},
        reason=reason,
    )
    if Watch.objects.filter(realm=row.realm).exists():
        for incident in held:
            tell_watchers(incident, ["status"])
    return len(held)


Rows = QuerySet[Any, Any]


def _touched(row: IncidentImport, brought: Rows, things: Rows) -> set[UUID]:
    """Incidents of a table of which something was stated or done since it was taken over.

    Parameters
    ----------
    row : IncidentImport
    brought, things : QuerySet
        Keys of its incidents and of their objects, both locked.
    """
    found: set[UUID] = set()
    objects: set[UUID] = set()

    def later(model: type[Model], moment: str, of: str, held: Rows) -> set[UUID]:
        rows = model._default_manager.filter(**{f"{moment}__gt": row.ended_at, f"{of}__in": held})
        return set(rows.order_by().values_list(of, flat=True))

    for model, moment in OF_INCIDENT.items():
        found |= later(model, moment, "incident", brought)
    for model in (ObjectStatement, ObjectIncident, ReportObject):
        objects |= later(model, "recorded_at", "object", things)
    for side in ("a_id", "b_id"):
        found |= later(Sameness, "recorded_at", side, brought)
        objects |= later(Sameness, "recorded_at", side, things)
    # few: what somebody has done by hand since
    ties = ObjectIncident.objects.filter(object__in=objects, incident__in=brought)
    return found | set(ties.values_list("incident", flat=True))
