"""The roster of an organisation as the pure rules want it, and who is called for a role."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from tocsin.server.accounts.models import Assignment, Person
from tocsin.server.duties.models import Shift, Takeover
from tocsin.server.duties.roster import OnDuty, on_duty
from tocsin.server.duties.roster import Shift as PlannedShift
from tocsin.server.duties.roster import Takeover as TakenOver
from tocsin.server.marking.policy import reader_of, visible

LOOK_BACK = timedelta(days=14)
"""Longest chain of joined shifts that is followed back to the last hand-over."""


def standing_of(organisation: UUID, realm: str, role: str, at: datetime) -> OnDuty:
    """Who is on duty for a role of an organisation, as identities of people."""
    shifts = Shift.objects.filter(
        originator=organisation,
        realm=realm,
        role=role,
        cancelled_at=None,
        start__lte=at,
        end__gt=at - LOOK_BACK,
    )
    takeovers = Takeover.objects.filter(
        originator=organisation, realm=realm, role=role, at__lte=at, at__gt=at - LOOK_BACK
    )
    return on_duty(
        [PlannedShift(str(s.person_id), s.role, s.start, s.end) for s in shifts],
        [TakenOver(str(t.person_id), t.role, t.at) for t in takeovers],
        role,
        at,
    )


def people_for(
    role: str, at: datetime, *, subject_kind: str, subject_id: UUID, realm: str
) -> list[Person]:
    """People to call for a role: those on duty who may see the row.

    Of an organisation without a shift at that moment all holders of the role are called: an empty
    roster must not silence an alarm. Who may not see the row is not told of it.
    """
    held = Q(valid_from__lte=at) & (Q(valid_until=None) | Q(valid_until__gt=at))
    holders = Person.objects.filter(
        pk__in=Assignment.objects.filter(held, role=role).values("person"),
        is_active=True,
        organisation__is_active=True,
    ).select_related("organisation")
    standings: dict[UUID, OnDuty] = {}
    called = []
    model = apps.get_model(subject_kind)
    for person in holders.order_by("name"):
        if realm not in (person.realms or ["LIVE"]):
            continue
        organisation = person.organisation_id
        if organisation not in standings:
            standings[organisation] = standing_of(organisation, realm, role, at)
        state = standings[organisation]
        wanted = set(state.people) | set(state.relief_missing)
        if wanted and str(person.pk) not in wanted:
            continue
        reader = reader_of(person, realm=realm)
        if visible(reader, model._default_manager.filter(pk=subject_id)).exists():
            called.append(person)
    return called
