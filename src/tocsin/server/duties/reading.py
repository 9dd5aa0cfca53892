"""What a reader sees of duties: the roster, the own notices, the legal clocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from tocsin.server.accounts.models import Person, Realm
from tocsin.server.accounts.roles import ROLE_NAMES
from tocsin.server.duties.calendars import WorkCalendar
from tocsin.server.duties.deadlines import Standing, standing
from tocsin.server.duties.models import Clock, Notice, Shift, Takeover
from tocsin.server.duties.names import SET, VERIFICATIONS, period_of
from tocsin.server.duties.profiles import Duty, available
from tocsin.server.duties.roster import Shift as PlannedShift
from tocsin.server.duties.roster import gaps
from tocsin.server.duties.roster_rows import standing_of
from tocsin.server.marking.models import Marked
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
    about: str
    """Name of the row for which it runs, empty where that may not be seen."""
    address: str
    duty: Duty | None
    title: str
    standing: Standing
    label: str
    verification: str | Promise
    """How far its law was checked, in words."""


def clocks_for(reader: Reader) -> QuerySet[Clock]:
    """Legal clocks that the reader may see."""
    return visible(reader, Clock.objects.all()).select_related("end__by")


def clocks_about(reader: Reader, row: Marked) -> QuerySet[Clock]:
    """Legal clocks that run or ran for a row, what is due first."""
    about = {"subject_kind": row._meta.label_lower, "subject_id": row.pk}
    return clocks_for(reader).filter(**about).order_by("end__at", "due_at")


def clock_rows(reader: Reader, clocks: Iterable[Clock]) -> list[ClockRow]:
    """Clocks as rows of a page."""
    language = (get_language() or "en").partition("-")[0]
    rows = []
    shown = list(clocks)
    subjects = _subjects(reader, shown)
    known = available().by_code
    for clock in shown:
        law = known.get(clock.profile)
        duty = law.duties.get(clock.duty) if law else None
        end = getattr(clock, "end", None)
        state = standing(
            clock.started_at,
            clock.due_at,
            reader.at,
            met=end.at if end is not None and end.met else None,
            stopped=end is not None and not end.met,
        )
        title = duty.title.get(language, duty.title["en"]) if duty else SET.get(clock.duty, "")
        # a profile that is gone leaves nothing that could be checked
        without_law = clock.profile if clock.profile in VERIFICATIONS else "unverified"
        checked = VERIFICATIONS[duty.verification if duty else without_law]
        about, address = subjects.get(clock.subject_id, ("", ""))
        label = _(STANDINGS[state])
        rows.append(
            ClockRow(clock, about, address, duty, str(title) or clock.duty, state, label, checked)
        )
    return rows


def _subjects(reader: Reader, clocks: Iterable[Clock]) -> dict[UUID, tuple[str, str]]:
    """Name and page of the rows for which clocks run, as far as the reader may see them."""
    ids = defaultdict(set)
    for clock in clocks:
        ids[clock.subject_kind].add(clock.subject_id)
    found = {}
    for kind, wanted in ids.items():
        for row in visible(reader, apps.get_model(kind)._default_manager.filter(pk__in=wanted)):
            address = getattr(row, "get_absolute_url", None)
            found[row.pk] = (str(row), address() if address else "")
    return found


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

    code: str
    name: str
    calendar: WorkCalendar
    rows: tuple[DutyRow, ...]
    own: bool
    """It is the law of the organisation whose row is looked at."""


def profiles_for(row: Marked) -> list[ProfileTable]:
    """Profiles whose clocks may be started for a row, that of its originator's country first."""
    country = row.originator.country
    found = profile_tables(live=row.realm == Realm.LIVE, country=country)
    return sorted(found, key=lambda table: not table.own)


def profile_tables(*, live: bool = False, country: str = "") -> list[ProfileTable]:
    """Profiles in the reader's language; for what is live no invented ones."""
    language = (get_language() or "en").partition("-")[0]
    return [
        ProfileTable(
            law.code,
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
            law.code == country,
        )
        for law in available().by_code.values()
        if not (live and law.fictional)
    ]
