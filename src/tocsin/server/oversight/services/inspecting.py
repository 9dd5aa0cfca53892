"""Inspections: planned, moved, done with what was seen, and findings until they are verified."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.models import Clock
from tocsin.server.duties.services import end_clock, set_clock
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.allowed import (
    answers_for,
    open_to_holder,
    oversees,
    require_answerer,
    require_overseer,
)
from tocsin.server.oversight.models import (
    Check,
    Finding,
    FindingEvent,
    FindingStep,
    Grade,
    Inspection,
    InspectionEvent,
    InspectionStep,
    Looked,
    Seen,
    Sight,
    Trouble,
)
from tocsin.server.oversight.services.discrepancies import raise_discrepancy
from tocsin.server.register.entries import AHEAD_OF_UTC
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder, Source
from tocsin.server.typed import plain

DUTY = "corrective_action"
FARTHEST = dt.timedelta(days=5 * 366)
"""An inspection planned for later is a slip of the date."""


@transaction.atomic
def plan(
    reader: Reader, holder: Holder, *, planned_on: dt.date, announced: bool, reason: str
) -> Inspection:
    """Plan an inspection; of one that is not announced the holder sees nothing until it is done.

    Raises
    ------
    Refused
        Not allowed, without a reason, or on a day that makes no sense.
    """
    require_overseer(reader, holder)
    reason = plain(reason)[:1000]
    if not reason:
        raise Refused(_("Say why this holder is inspected now."))
    _future(planned_on)
    mark = mark_of(holder)
    row = Inspection.objects.create(
        **mark.fields(),
        originator=holder.originator,
        created_at=now(),
        created_by=reader.person,
        holder=holder,
        planned_on=planned_on,
        announced=announced,
        reason=reason,
    )
    mark.stamp(row)
    if announced:
        open_to_holder(holder, [row], reader.person)
    _step(reader, row, InspectionStep.PLANNED, reason, planned_on=planned_on, announced=announced)
    return row


@transaction.atomic
def move(reader: Reader, row: Inspection, *, planned_on: dt.date, note: str) -> Inspection:
    """Plan an inspection for another day, with a reason."""
    row = _planned(reader, row)
    note = _needed(note)
    _future(planned_on)
    row.planned_on = planned_on
    row.save(update_fields=["planned_on"])
    _step(reader, row, InspectionStep.MOVED, note, planned_on=planned_on)
    return row


@transaction.atomic
def cancel(reader: Reader, row: Inspection, *, note: str) -> Inspection:
    """Cancel an inspection, with a reason."""
    row = _planned(reader, row)
    note = _needed(note)
    row.state = InspectionStep.CANCELLED
    row.save(update_fields=["state"])
    _step(reader, row, InspectionStep.CANCELLED, note)
    return row


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an inspector found of one source; ``differs`` says what is not as in the register."""

    source: Source
    sight: Sight
    differs: str = ""


@transaction.atomic
def carry_out(
    reader: Reader,
    row: Inspection,
    *,
    done_on: dt.date,
    present: str,
    answers: Mapping[str, Looked],
    sightings: Iterable[Sighting],
    note: str = "",
) -> Inspection:
    """Say that an inspection was done, by the person who says so, and what was found.

    Parameters
    ----------
    present : str
        Who was there, by function: names are not needed.
    answers : mapping of str to Looked
        Answers to the questions of the checklist, by their codes.
    sightings : iterable of Sighting
        Sources that were looked for; one that differs or was not seen becomes a discrepancy.

    Raises
    ------
    Refused
        Not allowed, not planned, in the future, nobody was present, or what differs is not said.
    """
    row = _planned(reader, row)
    present, note = plain(present)[:400], plain(note)[:2000]
    if done_on > (now() + AHEAD_OF_UTC).date():
        raise Refused(_("{day} lies in the future").format(day=done_on))
    if not present:
        raise Refused(_("Say who was present, by function."))
    row.state, row.done_on = InspectionStep.DONE, done_on
    row.inspector, row.present = reader.person, present
    row.save(update_fields=["state", "done_on", "inspector", "present"])
    if not row.announced:
        open_to_holder(row.holder, [row], reader.person)
    at = now()
    Check.objects.bulk_create(
        Check(inspection=row, question=code, answer=answer, at=at)
        for code, answer in answers.items()
    )
    counted = {sight: 0 for sight in Sight}
    for seen in sightings:
        _sight(reader, row, seen, done_on)
        counted[Sight(seen.sight)] += 1
    _step(
        reader,
        row,
        InspectionStep.DONE,
        note,
        done_on=done_on,
        checks=len(answers),
        **{sight.value: n for sight, n in counted.items()},
    )
    return row


def _sight(reader: Reader, row: Inspection, given: Sighting, on: dt.date) -> None:
    differs = plain(given.differs)[:400]
    if given.sight == Sight.DIFFERS and not differs:
        raise Refused(_("{source}: say what differs.").format(source=given.source.name))
    if given.source.holder_id != row.holder_id:
        raise Refused(_("{source} is not of this holder.").format(source=given.source.name))
    Seen.objects.create(
        inspection=row,
        source=given.source,
        sight=given.sight,
        differs=differs,
        on=on,
        at=now(),
        by=reader.person,
    )
    if given.sight != Sight.SEEN:
        raise_discrepancy(
            reader,
            Trouble.DIFFERS if given.sight == Sight.DIFFERS else Trouble.NOT_SEEN,
            holder=row.holder,
            what=differs or str(Sight(given.sight).label),
            found_in=row,
            source=given.source,
            inspection=row,
        )


@transaction.atomic
def find(
    reader: Reader, row: Inspection, *, grade: Grade, requirement: str, due_on: dt.date
) -> Finding:
    """Write a finding with the day until which it is to be mended.

    Raises
    ------
    Refused
        Not allowed, the inspection was not done, no requirement, or a day that is over.
    """
    row = Inspection.objects.select_related("holder__organisation", "originator").get(pk=row.pk)
    require_overseer(reader, row)
    requirement = plain(requirement)[:300]
    if row.state != InspectionStep.DONE:
        raise Refused(_("Findings belong to an inspection that was done."))
    if not requirement:
        raise Refused(_("Name the requirement that is not met."))
    mark = mark_of(row)
    found = Finding.objects.create(
        **mark.fields(),
        originator=row.originator,
        created_at=now(),
        created_by=reader.person,
        inspection=row,
        holder=row.holder,
        grade=grade,
        requirement=requirement,
        due_on=due_on,
    )
    mark.stamp(found)
    open_to_holder(row.holder, [found], reader.person)
    _run_clock(reader, found)
    _written(reader, found, FindingStep.OPEN, requirement, grade=grade, due_on=due_on)
    return found


@transaction.atomic
def set_due(reader: Reader, found: Finding, *, due_on: dt.date, note: str) -> Finding:
    """Give another day, with a reason."""
    found = _locked(found)
    require_overseer(reader, found)
    note = _needed(note)
    if found.state == FindingStep.CLOSED:
        raise Refused(_("This finding is verified."))
    found.due_on = due_on
    found.save(update_fields=["due_on"])
    _stop_clock(reader, found, met=False, reason=note)
    _run_clock(reader, found)
    _written(reader, found, FindingStep.DUE, note, due_on=due_on)
    return found


@transaction.atomic
def say_done(reader: Reader, found: Finding, *, note: str) -> Finding:
    """The holder says that it is mended, and what was done.

    Raises
    ------
    Refused
        Not allowed, not open, or without a statement.
    """
    found = _locked(found)
    require_answerer(reader, found, found.holder)
    note = _needed(note)
    if found.state != FindingStep.OPEN:
        raise Refused(_("This finding is not open."))
    found.state, found.done_by = FindingStep.DONE, reader.person
    found.save(update_fields=["state", "done_by"])
    _written(reader, found, FindingStep.DONE, note)
    return found


@transaction.atomic
def verify(reader: Reader, found: Finding, *, note: str) -> Finding:
    """Verify what was done; never by the one who did it.

    Raises
    ------
    Refused
        Not allowed, nothing to verify, without words, or by the same person.
    """
    found = _locked(found)
    require_overseer(reader, found)
    note = _needed(note)
    if found.state != FindingStep.DONE:
        raise Refused(_("Nobody has said yet that it is done."))
    if found.done_by_id == reader.person.pk:
        raise Refused(_("Another person must verify what you have done."))
    found.state, found.verified_by = FindingStep.CLOSED, reader.person
    found.save(update_fields=["state", "verified_by"])
    _stop_clock(reader, found, met=True, reason=note)
    _written(reader, found, FindingStep.CLOSED, note)
    return found


@transaction.atomic
def open_again(
    reader: Reader, found: Finding, *, note: str, due_on: dt.date | None = None
) -> Finding:
    """Do not accept what was done, or open what was verified again; both with a reason.

    Parameters
    ----------
    due_on : date, optional
        The new day; needed where the old one is over.
    """
    found = _locked(found)
    require_overseer(reader, found)
    note = _needed(note)
    if found.state == FindingStep.OPEN:
        raise Refused(_("This finding is open."))
    was_closed = found.state == FindingStep.CLOSED
    step = FindingStep.REOPENED if was_closed else FindingStep.REFUSED
    found.state, found.done_by, found.verified_by = FindingStep.OPEN, None, None
    if due_on is not None:
        found.due_on = due_on
    found.save(update_fields=["state", "done_by", "verified_by", "due_on"])
    if was_closed or due_on is not None:
        _stop_clock(reader, found, met=False, reason=note)
        _run_clock(reader, found)
    _written(reader, found, step, note, due_on=found.due_on)
    return found


def may_step(reader: Reader, found: Finding) -> list[FindingStep]:
    """What this reader may do with a finding now."""
    officer = oversees(reader, found)
    steps: list[FindingStep] = []
    if found.state == FindingStep.OPEN and answers_for(reader, found, found.holder):
        steps.append(FindingStep.DONE)
    if officer and found.state == FindingStep.DONE and found.done_by_id != reader.person.pk:
        steps.append(FindingStep.CLOSED)
    if officer and found.state == FindingStep.DONE:
        steps.append(FindingStep.REFUSED)
    if officer and found.state == FindingStep.CLOSED:
        steps.append(FindingStep.REOPENED)
    if officer and found.state != FindingStep.CLOSED:
        steps.append(FindingStep.DUE)
    return steps


def _planned(reader: Reader, row: Inspection) -> Inspection:
    row = (
        Inspection.objects.select_for_update(of=("self",))
        .select_related("holder__organisation", "originator")
        .get(pk=row.pk)
    )
    require_overseer(reader, row)
    if row.state != InspectionStep.PLANNED:
        raise Refused(_("This inspection is not planned any more."))
    return row


def _locked(found: Finding) -> Finding:
    rows = Finding.objects.select_for_update(of=("self",))
    return rows.select_related("holder", "originator").get(pk=found.pk)


def _future(day: dt.date) -> None:
    if not now().date() <= day <= now().date() + FARTHEST:
        raise Refused(_("An inspection is planned for a day of the next five years."))


def _needed(note: str) -> str:
    note = plain(note)[:2000]
    if not note:
        raise Refused(_("Say why, or what was done."))
    return note


def _run_clock(reader: Reader, found: Finding) -> None:
    due = dt.datetime.combine(found.due_on, dt.time(23, 59, 59), tzinfo=dt.UTC)
    set_clock(reader, found, duty=DUTY, due_at=due, reason=found.requirement)


def _stop_clock(reader: Reader, found: Finding, *, met: bool, reason: str) -> None:
    running = Clock.objects.filter(
        subject_kind=found._meta.label_lower, subject_id=found.pk, end=None
    )
    for clock in running:
        end_clock(reader, clock, met=met, reason=reason[:400])


def _step(
    reader: Reader, row: Inspection, step: InspectionStep, note: str, **after: object
) -> None:
    InspectionEvent.objects.create(inspection=row, step=step, at=now(), by=reader.person, note=note)
    record(
        actor=reader.person,
        action=f"oversight.inspection_{step}",
        subject=row,
        after=after,
        reason=note,
    )


def _written(reader: Reader, found: Finding, step: FindingStep, note: str, **after: object) -> None:
    FindingEvent.objects.create(finding=found, step=step, at=now(), by=reader.person, note=note)
    record(
        actor=reader.person,
        action=f"oversight.finding_{step}",
        subject=found,
        after=after,
        reason=note,
    )
