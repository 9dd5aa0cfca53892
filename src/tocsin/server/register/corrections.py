"""Corrections: what is written is set right, or a report is declared wrong and undone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader
from tocsin.server.register.clocks import MISTAKEN, Due, due_after
from tocsin.server.register.entries import Entry
from tocsin.server.register.holders import Refused, hand_over, holder_named, require_officer
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Source, Transaction
from tocsin.server.register.services import judge, nuclides_of
from tocsin.server.register.steps import Former, Step, next_number, values_of, write_step
from tocsin.server.typed import plain

STANDING = frozenset({Kind.CORRECTION, Kind.CHECK, Kind.WITHDRAWAL})
"""Steps that cannot be declared wrong, nor can the first one: an entry is corrected or withdrawn as
a whole."""
DAYS = frozenset(
    {"leak_test_on", "storage_until", "sent_on", "arrival_on", "receipt_due", "received_on"}
    | {"elsewhere_until", "mistake_since", "correction_due"}
)


@transaction.atomic
def correct(
    reader: Reader,
    source: Source,
    entry: Entry,
    *,
    reason: str,
    seen: int,
    found_on: dt.date | None = None,
    corrects: int | None = None,
) -> Transaction:
    """Correct what is written of a source; what it said before stays in the transaction.

    Parameters
    ----------
    entry : Entry
        As it should be; without a position the known one stays.
    seen : int
        Number of the last step that the person saw.
    found_on : date, optional
        When the mistake was found; the clock of its correction runs from then.
    corrects : int, optional
        Number of the step that said it wrongly.

    Raises
    ------
    Refused
        Not allowed, without a reason, withdrawn, or changed in the meantime.
    """
    source, reason = _open(reader, source, reason, seen)
    wrong = _step(source, corrects) if corrects is not None else None
    others = (*entry.text, *entry.dates, *entry.others)
    former, due = Former.of(source, others), _due(source, found_on)
    for name, value in {**entry.text, **entry.dates, **entry.others}.items():
        setattr(source, name, value)
    if entry.latitude is not None:
        source.latitude, source.longitude = entry.latitude, entry.longitude
    source.practice, source.contents = entry.practice, entry.contents
    source.nuclides = nuclides_of(entry)
    if entry.holder.casefold() != source.holder.name.casefold():
        hand_over(source, holder_named(reader, entry.holder), reader.person)
        source.sent_on = source.arrival_on = source.receipt_due = None
    judge(source, now().date())
    return _corrected(reader, source, former, due, reason, found_on, wrong, others)


@transaction.atomic
def declare_wrong(
    reader: Reader,
    source: Source,
    number: int,
    *,
    reason: str,
    seen: int,
    found_on: dt.date | None = None,
) -> Transaction:
    """Declare that what a step reports did not happen; the source is again what it was before it.

    Parameters
    ----------
    number : int
        The step.
    seen : int
        Number of the last step that the person saw.
    found_on : date, optional
        When the mistake was found.

    Raises
    ------
    Refused
        Not allowed, without a reason, no such step or not one that can be wrong, corrected already,
        or a later step has changed the same.
    """
    source, reason = _open(reader, source, reason, seen)
    wrong = _step(source, number)
    if cannot_be_wrong(wrong):
        raise Refused(_("Correct the entry, or withdraw it."))
    if wrong.corrected_by.exists():
        raise Refused(_("This report was corrected already."))
    stands = values_of(source)
    if any(stands.get(name, value) != value for name, value in wrong.after.items()):
        raise Refused(_("A later report has changed the same: declare that one wrong first."))
    former, due = Former.of(source), _due(source, found_on)
    _put_back(reader, source, wrong)
    judge(source, now().date())
    return _corrected(reader, source, former, due, reason, found_on, wrong, ())


def cannot_be_wrong(step: Transaction) -> bool:
    """Whether a step cannot be declared wrong."""
    return step.number == 1 or step.kind in STANDING


def _put_back(reader: Reader, source: Source, wrong: Transaction) -> None:
    was: dict[str, Any] = dict(wrong.before)
    holder = was.pop("holder", None)
    for name, value in was.items():
        setattr(source, name, dt.date.fromisoformat(value) if name in DAYS and value else value)
    if "status" in was:
        earlier = source.transactions.filter(number__lt=wrong.number).order_by("-number")
        began = next((row for row in earlier if row.after.get("status") == was["status"]), None)
        source.since = began.happened_on if began else source.since
    if wrong.latitude is not None:
        source.latitude, source.longitude = wrong.latitude, wrong.longitude
    if holder is not None and holder != source.holder.name:
        hand_over(source, holder_named(reader, holder), reader.person)


def _open(reader: Reader, source: Source, reason: str, seen: int) -> tuple[Source, str]:
    rows = Source.objects.select_for_update(of=("self",)).select_related("holder")
    source = rows.get(pk=source.pk)
    require_officer(reader, source)
    reason = plain(reason)[:4000]
    if source.status == Status.WITHDRAWN:
        raise Refused(_("The entry was withdrawn."))
    if not reason:
        raise Refused(_("Say why it is corrected."))
    if next_number(source) != seen + 1:
        raise Refused(_("Something was reported of the source in the meantime: look again."))
    return source, reason


def _step(source: Source, number: int) -> Transaction:
    found: Transaction | None = source.transactions.filter(number=number).first()
    if found is None:
        raise Refused(_("The source has no step {n}.").format(n=number))
    return found


def _due(source: Source, found_on: dt.date | None) -> Due | None:
    """Until when it had to be corrected, from the day on which the mistake was found."""
    today = now().date()
    if found_on is not None and found_on > today:
        raise Refused(_("{day} lies in the future").format(day=found_on))
    known = [day for day in (found_on, source.mistake_since) if day is not None]
    return due_after(source, MISTAKEN, min(known), Kind.CORRECTION) if known else None


def _corrected(
    reader: Reader,
    source: Source,
    former: Former,
    due: Due | None,
    reason: str,
    found_on: dt.date | None,
    wrong: Transaction | None,
    others: tuple[str, ...],
) -> Transaction:
    source.mistake_since = source.correction_due = None
    # what was marked as correct was not
    source.checked_at = source.checked_by = None
    facts = {"found_on": found_on.isoformat()} if found_on is not None else {}
    step = Step(Kind.CORRECTION, now().date(), reason, None, facts, due, wrong)
    return write_step(reader, source, step, former, others)
