"""Writing duties: shifts, hand-overs, notices, acknowledgements, clocks and the timer's tick."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Assignment, Person, Realm
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties import timers
from tocsin.server.duties.channels import channels_of
from tocsin.server.duties.deadlines import Direction
from tocsin.server.duties.escalation import Link, next_calls
from tocsin.server.duties.models import (
    Acknowledgement,
    Channel,
    Clock,
    ClockEnd,
    Delivery,
    Notice,
    Shift,
    Takeover,
)
from tocsin.server.duties.profiles import Duty, Profile, available
from tocsin.server.duties.roster import Shift as PlannedShift
from tocsin.server.duties.roster_rows import people_for
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, reader_of, visible
from tocsin.server.typed import plain

TIMERS = "system:timers"
LONGEST_SHIFT = timedelta(hours=24)
FARTHEST_PLAN = timedelta(days=731)
LONGEST_KNOWN = timedelta(days=366)
"""A clock of what became known longer ago is a slip of the date."""
TICK_BATCH = 200
SET_BY_AUTHORITY = "set"
"""In the place of a country profile: a clock that an authority has set itself."""
CLOCK_OVERDUE = gettext_noop("A legal clock has run out: {duty}, due {due}")
CLOCK_CHAIN = (Link("supervisor", 60), Link("point_of_contact", 240))
"""Whom an overdue legal clock calls. The waits are defaults of Tocsin, to be set by the State."""


# Roster


@transaction.atomic
def plan_shift(
    reader: Reader, *, person: Person, role: str, start: datetime, end: datetime
) -> Shift:
    """Plan a shift of a person of the own organisation.

    Raises
    ------
    InvalidInput
        The person is of another organisation, does not work in this realm, does not hold the role
        during the shift, has another shift of this role then, or the times make no sense.
    """
    PlannedShift(str(person.pk), role, start, end)  # refuses times that make no sense
    if end - start > LONGEST_SHIFT:
        raise InvalidInput("a shift is no longer than 24 hours")
    if abs(start - reader.at) > FARTHEST_PLAN:
        raise InvalidInput("a shift lies within two years of today")
    if person.organisation_id != reader.person.organisation_id or not person.is_active:
        raise InvalidInput("only people of the own organisation can be planned")
    if reader.realm not in (person.realms or ["LIVE"]):
        raise InvalidInput("this person does not work in this realm")
    held = Assignment.objects.filter(person=person, role=role, valid_from__lte=start)
    if not any(a.valid_until is None or a.valid_until >= end for a in held):
        raise InvalidInput("this person does not hold the role during the whole shift")
    if Shift.objects.filter(
        person=person,
        role=role,
        realm=reader.realm,
        cancelled_at=None,
        start__lt=end,
        end__gt=start,
    ).exists():
        raise InvalidInput("this person has a shift of this role at that time already")
    shift = Shift.objects.create(
        person=person,
        role=role,
        start=start,
        end=end,
        realm=reader.realm,
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
    )
    record(
        actor=reader.person,
        action="duties.plan_shift",
        subject=shift,
        after={"person": str(person.pk), "role": role, "start": start, "end": end},
    )
    return shift


@transaction.atomic
def cancel_shift(reader: Reader, shift: Shift, *, reason: str) -> Shift:
    """Take a planned shift back, with a reason; it stays to be seen."""
    reason = plain(reason)
    if not reason:
        raise InvalidInput("a reason is needed")
    shift = Shift.objects.select_for_update().get(pk=shift.pk)
    if shift.cancelled_at is not None:
        raise InvalidInput("this shift is cancelled already")
    shift.cancelled_at, shift.cancelled_by, shift.cancel_reason = now(), reader.person, reason
    shift.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    record(
        actor=reader.person,
        action="duties.cancel_shift",
        subject=shift,
        before={"cancelled_at": None},
        after={"cancelled_at": shift.cancelled_at},
        reason=reason,
    )
    return shift


@transaction.atomic
def take_over(reader: Reader, *, role: str, note: str = "") -> Takeover:
    """Go on duty for a role that one holds.

    Raises
    ------
    InvalidInput
        The person does not hold the role now.
    """
    if role not in reader.roles:
        raise InvalidInput("you do not hold this role")
    takeover = Takeover.objects.create(
        person=reader.person,
        role=role,
        at=reader.at,
        note=plain(note),
        realm=reader.realm,
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
    )
    record(
        actor=reader.person,
        action="duties.take_over",
        subject=takeover,
        after={"role": role, "note": takeover.note},
    )
    return takeover


# Notices


@transaction.atomic
def notify(
    subject: Marked,
    *,
    text: str,
    values: Mapping[str, Any],
    address: str,
    chain: Sequence[Link],
    at: datetime | None = None,
    actor: Person | str = TIMERS,
) -> Notice:
    """Begin a notice about a row: its first calls are made at once, the others by the timers.

    Parameters
    ----------
    subject : Marked
        What it is about; the notice takes its mark, and only who may see the row is called.
    text : str
        A message of the catalogue (marked with ``gettext_noop``) with named places.
    values : mapping
        What is put into them; no personal data.
    address : str
        Page that shows the row.
    chain : sequence of Link
        Roles to call one after the other.
    at : datetime, optional
        When it counts from; now by default.
    """
    begins = at or now()
    mark = mark_of(subject)
    notice = Notice.objects.create(
        **mark.fields(),
        originator=subject.originator,
        created_at=now(),
        created_by=actor if isinstance(actor, Person) else None,
        subject_kind=subject._meta.label_lower,
        subject_id=subject.pk,
        text=text,
        values=dict(values),
        address=address,
        chain=[asdict(link) for link in chain],
        next_due_at=begins,
    )
    mark.stamp(notice)
    record(
        actor=actor,
        action="duties.notify",
        subject=notice,
        after={"text": text, "subject": str(subject.pk), "chain": notice.chain},
    )
    _advance(notice, now())
    return notice


@transaction.atomic
def notify_person(
    subject: Marked, person: Person, *, text: str, values: Mapping[str, Any], address: str
) -> Notice | None:
    """Tell one person of a row, who asked to be told; nobody else is called after.

    Returns
    -------
    Notice or None
        None where the person may not see the row: then nothing is told.
    """
    rows = type(subject)._default_manager.filter(pk=subject.pk)
    if not visible(reader_of(person, realm=subject.realm), rows).exists():
        return None
    mark, at = mark_of(subject), now()
    notice = Notice.objects.create(
        **mark.fields(),
        originator=subject.originator,
        created_at=at,
        subject_kind=subject._meta.label_lower,
        subject_id=subject.pk,
        text=text,
        values=dict(values),
        address=address,
        chain=[],
    )
    mark.stamp(notice)
    Delivery.objects.bulk_create(
        Delivery(
            notice=notice,
            person=person,
            role="",
            step=0,
            channel=channel,
            due_at=at,
            made_at=at,
            outcome="shown" if channel == Channel.PAGE else "",
            done_at=at if channel == Channel.PAGE else None,
        )
        for channel in channels_of(notice, person)
    )
    record(
        actor=TIMERS,
        action="duties.notify_person",
        subject=notice,
        after={"text": text, "subject": str(subject.pk), "person": str(person.pk)},
    )
    return notice


def _advance(notice: Notice, at: datetime) -> int:
    """Make the calls of a notice that are due."""
    if notice.next_due_at is None or notice.next_due_at > at:
        return 0
    found: dict[tuple[str, datetime], list[Person]] = {}

    def people(role: str, moment: datetime) -> tuple[str, ...]:
        called = people_for(
            role,
            moment,
            subject_kind=notice.subject_kind,
            subject_id=notice.subject_id,
            realm=notice.realm,
        )
        found[role, moment] = called
        return tuple(str(p.pk) for p in called)

    chain = [Link(row["role"], row["wait_min"]) for row in notice.chain]
    calls, after = next_calls(chain, notice.next_due_at, notice.step, at, people)
    made = [
        Delivery(
            notice=notice,
            person=person,
            role=call.role,
            step=call.step,
            channel=channel,
            due_at=call.at,
            made_at=at,
            outcome="shown" if channel == Channel.PAGE else "",
            done_at=at if channel == Channel.PAGE else None,
        )
        for call in calls
        for person in found[call.role, call.at]
        for channel in channels_of(notice, person)
    ]
    Delivery.objects.bulk_create(made)
    notice.step += len(calls)
    notice.next_due_at = after
    notice.save(update_fields=["step", "next_due_at"])
    return len(calls)


def _end(notice: Notice, *, by: Person | None, reason: str) -> None:
    Acknowledgement.objects.create(notice=notice, at=now(), by=by, reason=reason)
    notice.next_due_at = None
    notice.save(update_fields=["next_due_at"])


@transaction.atomic
def acknowledge(reader: Reader, notice: Notice) -> Notice:
    """Answer for a notice: nobody further is called. A second acknowledgement changes nothing."""
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    if hasattr(notice, "acknowledgement"):
        return notice
    _end(notice, by=reader.person, reason="")
    record(
        actor=reader.person,
        action="duties.acknowledge",
        subject=notice,
        after={"acknowledged_at": now()},
    )
    return notice


def open_about(subject: Marked) -> QuerySet[Notice]:
    """Notices about a row that nobody has answered for."""
    return Notice.objects.filter(
        subject_kind=subject._meta.label_lower, subject_id=subject.pk, acknowledgement=None
    )


@transaction.atomic
def settle(subject: Marked, *, by: Person | None, reason: str, keep: Collection[str] = ()) -> int:
    """End the open notices about a row, because a person is dealing with it.

    Parameters
    ----------
    keep : collection of str
        Texts of notices that stay open: only those who were called can answer for them.
    """
    open_notices = open_about(subject).select_for_update(of=("self",)).exclude(text__in=keep)
    count = 0
    for notice in open_notices:
        _end(notice, by=by, reason=reason)
        count += 1
    if count:
        record(
            actor=by or TIMERS,
            action="duties.settle",
            subject=subject,
            after={"notices_ended": count},
            reason=reason,
        )
    return count


# Legal clocks


@transaction.atomic
def start_clocks(
    reader: Reader,
    subject: Marked,
    *,
    profile_code: str,
    duties: Collection[str],
    at: datetime,
    reason: str,
) -> list[Clock]:
    """Start the clocks of legal duties that a person says apply to a row.

    Parameters
    ----------
    subject : Marked
        Row for which they run; each clock takes its mark.
    profile_code : str
        Country profile.
    duties : collection of str
        Codes of its duties, all begun by the same occurrence.
    at : datetime
        When that happened or became known; for a notice that must come before something, when that
        something is to happen.
    reason : str
        Why they apply.

    Raises
    ------
    InvalidInput
        No profile, no duty or no reason, a duty that the profile does not hold or whose clock runs
        for the row already, a time that makes no sense, or an invented law for a live row.
    """
    reason = plain(reason)
    if not reason:
        raise InvalidInput(_("Give a reason."))
    if at.tzinfo is None:
        raise InvalidInput("the start of a clock carries a time zone")
    law = available().by_code.get(profile_code)
    if law is None:
        raise InvalidInput(_("There is no such country profile."))
    if law.fictional and subject.realm == Realm.LIVE:
        raise InvalidInput(_("An invented law starts no clock for what really happened."))
    wanted = set(duties)
    chosen = [duty for duty in law.duties.values() if duty.code in wanted]
    if not chosen or len(chosen) < len(wanted):
        raise InvalidInput(_("Choose duties of the profile."))
    clocks = [_start(reader, subject, law, duty, at, reason) for duty in chosen]
    record(
        actor=reader.person,
        action="duties.start_clocks",
        subject=subject,
        after={
            "started_at": at,
            "clocks": [
                {"duty": f"{c.profile}/{c.duty}", "due_at": c.due_at, "clock": str(c.pk)}
                for c in clocks
            ],
        },
        reason=reason,
    )
    return clocks


def _start(
    reader: Reader, subject: Marked, law: Profile, duty: Duty, at: datetime, reason: str
) -> Clock:
    ahead = duty.period.direction is Direction.BEFORE
    if not reader.at - LONGEST_KNOWN <= at <= (reader.at + FARTHEST_PLAN if ahead else reader.at):
        raise InvalidInput(
            _("A clock starts with what has happened within a year, not with what is to come.")
            if not ahead
            else _("A notice comes before something of the next two years.")
        )
    about = {"subject_kind": subject._meta.label_lower, "subject_id": subject.pk}
    if Clock.objects.filter(**about, profile=law.code, duty=duty.code, end=None).exists():
        raise InvalidInput(_("The clock of this duty runs already."))
    mark = mark_of(subject)
    clock = Clock.objects.create(
        **mark.fields(),
        **about,
        originator=subject.originator,
        created_at=now(),
        created_by=reader.person,
        profile=law.code,
        duty=duty.code,
        started_at=at,
        due_at=duty.period.due(at, law.calendar),
        reason=reason,
    )
    mark.stamp(clock)
    return clock


@transaction.atomic
def set_clock(
    reader: Reader, subject: Marked, *, duty: str, due_at: datetime, reason: str
) -> Clock:
    """Start a clock for a day that the authority has set itself, by no text of law.

    Parameters
    ----------
    subject : Marked
        Row for which it runs; the clock takes its mark.
    duty : str
        Of ``names.SET``.
    due_at : datetime
        Aware; not in the past.
    reason : str
        Why.

    Raises
    ------
    InvalidInput
        No reason, or a day that is over or too far ahead.
    """
    reason = plain(reason)[:400]
    if not reason:
        raise InvalidInput(_("Give a reason."))
    if not reader.at < due_at <= reader.at + FARTHEST_PLAN:
        raise InvalidInput(_("The due day lies within the next two years."))
    mark = mark_of(subject)
    clock = Clock.objects.create(
        **mark.fields(),
        subject_kind=subject._meta.label_lower,
        subject_id=subject.pk,
        originator=subject.originator,
        created_at=now(),
        created_by=reader.person,
        profile=SET_BY_AUTHORITY,
        duty=duty,
        started_at=reader.at,
        due_at=due_at,
        reason=reason,
    )
    mark.stamp(clock)
    record(
        actor=reader.person,
        action="duties.set_clock",
        subject=subject,
        after={"duty": duty, "due_at": due_at, "clock": str(clock.pk)},
        reason=reason,
    )
    return clock


@transaction.atomic
def end_clock(reader: Reader, clock: Clock, *, met: bool, reason: str) -> ClockEnd:
    """Say that a duty was met, or that its clock stops, and why.

    Raises
    ------
    InvalidInput
        Without a reason, or where the clock has ended already.
    """
    reason = plain(reason)
    if not reason:
        raise InvalidInput("a reason is needed")
    if ClockEnd.objects.filter(clock=clock).exists():
        raise InvalidInput("this clock has ended already")
    end = ClockEnd.objects.create(clock=clock, met=met, at=now(), by=reader.person, reason=reason)
    record(
        actor=reader.person,
        action="duties.end_clock",
        subject=clock,
        after={"met": met, "at": end.at},
        reason=reason,
    )
    return end


def notice_overdue(at: datetime) -> int:
    """Call for legal clocks that have run out."""
    late = Clock.objects.filter(due_at__lt=at, end=None, overdue_noticed_at=None)
    pks = list(late.values_list("pk", flat=True)[:TICK_BATCH])
    return timers.each(pks, lambda pk: _notice_locked(pk, at))


@transaction.atomic
def _notice_locked(pk: UUID, at: datetime) -> int:
    clock = Clock.objects.select_for_update(of=("self",)).get(pk=pk)
    if clock.overdue_noticed_at is not None:
        return 0
    clock.overdue_noticed_at = at
    clock.save(update_fields=["overdue_noticed_at"])
    notify(
        clock,
        text=CLOCK_OVERDUE,
        values={"duty": f"{clock.profile}/{clock.duty}", "due": clock.due_at.isoformat()},
        address="/duties/clocks/",
        chain=CLOCK_CHAIN,
        at=at,
    )
    return 1


# The tick


def run_due(at: datetime) -> int:
    """Everything that is due at a moment: steps of the apps above, calls, clocks, deliveries.

    Called by the timer process every second and safe to call from several at once: each row is
    locked while it is moved on, and a call can be made only once.

    Returns
    -------
    int
        How much was done; 0 when nothing was due.
    """
    return timers.run_steps(at)


def call_due(at: datetime) -> int:
    """Make the calls that are due: the last step of a tick."""
    due = Notice.objects.filter(next_due_at__lte=at, acknowledgement=None)
    pks = list(due.values_list("pk", flat=True)[:TICK_BATCH])
    return timers.each(pks, lambda pk: _advance_locked(pk, at))


@transaction.atomic
def _advance_locked(pk: UUID, at: datetime) -> int:
    notice = Notice.objects.select_for_update(of=("self",)).get(pk=pk)
    if hasattr(notice, "acknowledgement"):
        return 0
    calls = _advance(notice, at)
    if calls:
        record(
            actor=TIMERS,
            action="duties.call",
            subject=notice,
            after={"step": notice.step, "next_due_at": notice.next_due_at},
        )
    return calls
