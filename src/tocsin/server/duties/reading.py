"""What a reader sees of duties: the roster, the own notices, the legal clocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from tocsin.errors import NotFound
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.roles import ROLE_NAMES
from tocsin.server.duties.calendars import WorkCalendar
from tocsin.server.duties.deadlines import Standing, standing
from tocsin.server.duties.models import Clock, Notice, Shift, Takeover
from tocsin.server.duties.names import VERIFICATIONS, period_of
from tocsin.server.duties.profiles import Duty, profile, shipped
from tocsin.server.duties.roster import Shift as PlannedShift
from tocsin.server.duties.roster import gaps
from tocsin.server.duties.roster_rows import standing_of
from tocsin.server.marking.policy import Reader, visible

ROSTER_ROLES = ("officer", "supervisor", "expert", "point_of_contact")

STANDINGS = {
    Standing.RUNNING: gettext_noop("running"),
    Standing.SOON: gettext_noop("soon due"),
    Standing.OVERDUE: gettext_noop("overdue"),
    Standing.MET: gettext_noop("met"),
    Standing.MET_LATE: gettext_noop("met too late"),
    Standing.STOPPED: gettext_noop("stopped"),
}


@dataclass(frozen=True, slots=True)
class RoleNow:
    """A role of the own organisation and who answers for it now."""

    role: str
    label: str
    people: tuple[Person, ...]
    taken: bool
    relief_missing: tuple[Person, ...]
    gaps: tuple[tuple[datetime, datetime], ...]
    last_note: Takeover | None
    mine: bool


def shifts_for(reader: Reader, start: datetime, end: datetime) -> QuerySet[Shift]:
    """Shifts that the reader may see and that touch a span of time."""
    rows = visible(reader, Shift.objects.filter(start__lt=end, end__gt=start))
    return rows.select_related("person", "cancelled_by")


def roles_now(reader: Reader, days_ahead: int = 7) -> list[RoleNow]:
    """Each role of the roster in the own organisation, now and for some days ahead."""
    organisation = reader.person.organisation_id
    until = reader.at + timedelta(days=days_ahead)
    planned = [
        PlannedShift(str(s.person_id), s.role, s.start, s.end)
        for s in shifts_for(reader, reader.at, until).filter(
            cancelled_at=None, originator=organisation
        )
    ]
    found = []
    for role in ROSTER_ROLES:
        state = standing_of(organisation, reader.realm, role, reader.at)
        people = {
            str(p.pk): p
            for p in Person.objects.filter(pk__in=[*state.people, *state.relief_missing])
        }
        last = visible(
            reader, Takeover.objects.filter(role=role, originator=organisation)
        ).select_related("person")
        found.append(
            RoleNow(
                role=role,
                label=str(ROLE_NAMES[role]),
                people=tuple(people[p] for p in state.people),
                taken=state.taken,
                relief_missing=tuple(people[p] for p in state.relief_missing),
                gaps=gaps(planned, role, reader.at, until),
                last_note=last.first(),
                mine=role in reader.roles,
            )
        )
    return found


def notices_for(reader: Reader) -> QuerySet[Notice]:
    """Notices for which the reader was called, while the reader may see what they are about.

    A notice goes to people of other organisations too, where the row it tells of is released to
    them: the row decides, not the organisation that the notice belongs to.
    """
    called = Notice.objects.filter(deliveries__person=reader.person, realm=reader.realm)
    seen = Q(pk__in=[])
    for kind in called.order_by().values_list("subject_kind", flat=True).distinct():
        rows = visible(reader, apps.get_model(kind)._default_manager.all())
        seen |= Q(subject_kind=kind, subject_id__in=rows.values("pk"))
    return called.filter(seen).distinct().select_related("acknowledgement__by")


def text_of(notice: Notice) -> str:
    """A notice in the reader's language."""
    return _(notice.text).format(**notice.values)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A legal clock with its law and how it stands."""

    clock: Clock
    duty: Duty | None
    title: str
    standing: Standing
    label: str
    verification: str | Promise
    """How far its law was checked, in words."""


def clocks_for(reader: Reader) -> QuerySet[Clock]:
    """Legal clocks that the reader may see."""
    return visible(reader, Clock.objects.all()).select_related("end__by")


def clock_rows(reader: Reader, clocks: Iterable[Clock]) -> list[ClockRow]:
    """Clocks as rows of a page."""
    language = (get_language() or "en").partition("-")[0]
    rows = []
    for clock in clocks:
        duty: Duty | None
        try:
            duty = profile(clock.profile).duties.get(clock.duty)
        except NotFound:
            duty = None
        end = getattr(clock, "end", None)
        state = standing(
            clock.started_at,
            clock.due_at,
            reader.at,
            met=end.at if end is not None and end.met else None,
            stopped=end is not None and not end.met,
        )
        title = duty.title.get(language, duty.title["en"]) if duty else clock.duty
        # a profile that is gone leaves nothing that could be checked
        checked = VERIFICATIONS[duty.verification if duty else "unverified"]
        rows.append(ClockRow(clock, duty, title, state, _(STANDINGS[state]), checked))
    return rows


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A legal duty of a country profile in the reader's language."""

    duty: Duty
    title: str
    period: str
    verification: str | Promise


@dataclass(frozen=True, slots=True)
class ProfileTable:
    """A country profile as a page shows it."""

    name: str
    calendar: WorkCalendar
    rows: tuple[DutyRow, ...]


def profile_tables() -> list[ProfileTable]:
    """All shipped profiles in the reader's language."""
    language = (get_language() or "en").partition("-")[0]
    return [
        ProfileTable(
            law.name.get(language, law.name["en"]),
            law.calendar,
            tuple(
                DutyRow(
                    duty,
                    duty.title.get(language, duty.title["en"]),
                    period_of(duty.period, duty.starts),
                    VERIFICATIONS[duty.verification],
                )
                for duty in law.duties.values()
            ),
        )
        for law in shipped().values()
    ]
