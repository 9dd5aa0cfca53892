"""Writing the register: each change is one transaction of a source and one leaf of the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import NotFound
from tocsin.nuclear import next_change, source_category
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.timers import each
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.register.beyond import Arriving, pass_gates
from tocsin.server.register.clocks import (
    CHECKED,
    ELSEWHERE,
    MISTAKEN,
    TRANSACTION,
    due_after,
    due_of_report,
)
from tocsin.server.register.entries import AHEAD_OF_UTC, BEGAN, EARLIEST, Entry
from tocsin.server.register.facts import checked_facts
from tocsin.server.register.holders import (
    Refused,
    close_to_holder,
    hand_over,
    held_still,
    holder_named,
    mark_of_register,
    open_to,
    receiver_named,
)
from tocsin.server.register.life import HELD, MISSING, EndOfLife, Kind, Status, TestResult, possible
from tocsin.server.register.life import RULES as LIFE
from tocsin.server.register.models import Holder, Import, Source, Transaction, activities_of
from tocsin.server.register.overdue import RECEIPT_DAYS
from tocsin.server.register.steps import (
    GRAVE,
    Former,
    Step,
    is_officer,
    next_number,
    set_due,
    tell,
    values_of,
    write_step,
)
from tocsin.server.typed import plain

CLOCK = "system:decay"
EXPLAINED = GRAVE | {Kind.WITHDRAWAL, Kind.MISTAKE}
"""Transactions that need words."""
PLACED = frozenset({Kind.MOVE, Kind.RECEIPT, Kind.RECOVERY, Kind.DISUSE, Kind.INSTALLATION})
"""Transactions that may say where a source is from now on."""
NEED_PLACE = frozenset({Kind.MOVE, Kind.ELSEWHERE})
"""Transactions that must say a place."""
DECAY_BATCH = 500
AHEAD = dt.timedelta(days=100 * 365)
"""How far ahead a change of category is told: a choice; nobody plans with what comes later."""


@transaction.atomic
def register_source(reader: Reader, entry: Entry) -> Source:
    """Enter one source."""
    (holder,) = held_still(holder_named(reader, entry.holder))
    source, first = new_rows(reader, entry, holder, imported=None)
    source.save(force_insert=True)
    set_due(first, due_of_report(source, entry.came, first.happened_on))
    first.save()
    tell(first)
    if holder.organisation is not None:
        open_to(holder.organisation, [source], reader.person)
    record(
        actor=reader.person,
        action="register.register",
        subject=source,
        after={
            "holder": holder.name,
            "contents": source.contents,
            "serial": source.serial,
            "came": entry.came.value,
            "happened_on": first.happened_on.isoformat(),
        },
        reason=entry.note,
    )
    return source


def new_rows(
    reader: Reader, entry: Entry, holder: Holder, *, imported: Import | None
) -> tuple[Source, Transaction]:
    """A source and its first transaction, not yet saved."""
    at = now()
    began = entry.dates.get(BEGAN.get(entry.came, "")) or at.date()
    found = entry.came is Kind.FIND
    source = Source(
        **mark_of_register(reader).fields(),
        originator=reader.person.organisation,
        created_at=at,
        created_by=reader.person,
        holder=holder,
        latitude=entry.latitude,
        longitude=entry.longitude,
        practice=entry.practice,
        contents=entry.contents,
        nuclides=nuclides_of(entry),
        # who keeps what was found does not use it
        status=Status.STORED if found else Status.IN_USE,
        since=began,
        imported=imported,
        **entry.text,
        **entry.dates,
        **entry.others,
    )
    judge(source, at.date())
    first = Transaction(
        source=source,
        number=1,
        kind=entry.came,
        happened_on=began,
        at=at,
        by=reader.person,
        holder=holder,
        note=entry.note,
        after=values_of(source),
    )
    return source, first


def judge(source: Source, day: dt.date) -> None:
    """Set the category of a day, and the day on which decay will change it."""
    contents = activities_of(source.contents)
    found = source_category(contents, on=day)
    source.category, source.ratio_A_over_D = found.category, found.ratio_A_over_D
    try:
        source.category_until = next_change(contents, on=day, until=day + AHEAD)[0]
    except NotFound:
        source.category_until = None


@transaction.atomic
def report(
    reader: Reader,
    source: Source,
    kind: Kind,
    *,
    happened_on: dt.date,
    note: str = "",
    receiver: str = "",
    place: str = "",
    storage_until: dt.date | None = None,
    facts: Mapping[str, object] | None = None,
    seen: int | None = None,
) -> Transaction:
    """Report what happened to a source.

    Parameters
    ----------
    reader : Reader
        An officer of the register, or somebody who works for the holder.
    kind : Kind
        One of those that are possible now.
    happened_on : date
        Not in the future, not before the source was made, a recovery not before its loss.
    note : str
        What is known; needed for a loss, a theft, a recovery, a mistake, a withdrawal, and where a
        leak test has failed.
    receiver : str
        Exact name or licence number of the receiver of a transfer.
    place : str
        Where it is from now on, or for a time; its exact place is no longer known where it moved.
    storage_until : date, optional
        End of the permission to store, with disuse.
    facts : mapping, optional
        What else belongs to this report, see ``facts.FACTS``; None where nobody was asked.
    seen : int, optional
        Number of the last step that the person saw; without it, whatever was reported since.

    Raises
    ------
    Refused
        Not allowed, not possible in this status, not complete, or changed since it was seen.
    InvalidInput
        A fact is missing or wrong.
    """
    rows = Source.objects.select_for_update(of=("self",)).select_related("holder")
    source = rows.get(pk=source.pk)
    note, place = plain(note)[:4000], plain(place)[:200]
    if kind not in steps(reader, source):
        raise Refused(_("This cannot be reported of the source now, or not by you."))
    if seen is not None and next_number(source) != seen + 1:
        raise Refused(_("Something was reported of the source in the meantime: look again."))
    _check_day(source, kind, happened_on)
    said = checked_facts(kind, facts, happened_on)
    leaks = said.get("result") == TestResult.LEAKING
    if (kind in EXPLAINED or leaks) and not note:
        raise Refused(_("Say what is known of it."))
    if kind in NEED_PLACE and not place:
        raise Refused(_("Say where it is now."))
    holder = receiver_named(source, receiver) if kind is Kind.TRANSFER else None
    if holder is not None:
        source.holder, holder = held_still(source.holder, holder)
        arriving = Arriving(
            source.activities(), happened_on, source.holder.name, practice=source.practice
        )
        pass_gates_for(reader, source, arriving, holder)
    former = Former.of(source)
    due = due_of_report(source, kind, happened_on, leaks=leaks)
    change(source, kind, happened_on, said, place=place, storage_until=storage_until)
    if kind is Kind.CHECK:
        source.checked_at, source.checked_by = now(), reader.person
        source.unchecked_since = source.check_due = None
    elif not is_officer(reader, source):
        _await_check(source)
    if holder is not None:
        hand_over(source, holder, reader.person)
    if kind is Kind.WITHDRAWAL:
        close_to_holder(source)
    return write_step(reader, source, Step(kind, happened_on, note, holder, said, due), former)


def change(
    source: Source,
    kind: Kind,
    day: dt.date,
    said: dict[str, str],
    *,
    place: str,
    storage_until: dt.date | None,
) -> None:
    """What a report makes of a source, but for its holder."""
    was = source.status
    source.status = LIFE[kind].becomes or was
    if source.status != was:
        source.since = day
    if place and kind in PLACED:
        source.place, source.latitude, source.longitude = place, None, None
    if kind is Kind.LEAK_TEST:
        if day >= (source.leak_test_on or day):
            source.leak_test_on = day
            if "result" in said:
                source.leaking = said["result"] == TestResult.LEAKING
    if kind in {Kind.DISUSE, Kind.REUSE, Kind.RECOVERY, Kind.INSTALLATION}:
        source.storage_until = storage_until if kind is Kind.DISUSE else None
        source.end_of_life = ""
    source.end_of_life = said.get("end_of_life", source.end_of_life)
    if kind is Kind.EXPORT:
        source.end_of_life = source.end_of_life or EndOfLife.EXPORT
    if kind is Kind.INSTALLATION and said:
        source.device, source.device_serial = said["device"], said.get("device_serial", "")
    if kind in {Kind.RECEIPT, Kind.IMPORT}:
        source.received_on, source.received_from = day, said.get("received_from", "")
    if kind is Kind.IMPORT:
        source.end_of_life = ""
    if kind is Kind.ELSEWHERE:
        source.elsewhere_place = place
        source.elsewhere_until = _elsewhere_until(source, day, said)
    if kind in {Kind.RETURN, Kind.TRANSFER, Kind.MOVE} or source.status not in HELD:
        source.elsewhere_place, source.elsewhere_until = "", None
    if kind is Kind.TRANSFER:
        source.place, source.latitude, source.longitude = "", None, None
        source.sent_on = day
        source.arrival_on = (
            dt.date.fromisoformat(said["arrival_on"]) if "arrival_on" in said else None
        )
        source.receipt_due = _receipt_due(source, day)
    if kind is Kind.RECEIPT or source.status not in HELD:
        source.sent_on = source.arrival_on = source.receipt_due = None
    if kind is Kind.MISTAKE:
        due = due_after(source, MISTAKEN, day, Kind.CORRECTION)
        if source.mistake_since is None:
            source.mistake_since, source.correction_due = day, due.day if due else None


def _elsewhere_until(source: Source, day: dt.date, said: dict[str, str]) -> dt.date:
    """The day that was said, or else the last that the law has; the step tells of a later one."""
    law = due_after(source, ELSEWHERE, day, Kind.ELSEWHERE)
    if "until" not in said:
        if law is None:
            raise Refused(_("Say until when it is elsewhere."))
        said["until"] = law.day.isoformat()
    until = dt.date.fromisoformat(said["until"])
    if law is not None and until > law.day:
        said["longer_than"] = law.law
    return until


def _receipt_due(source: Source, sent_on: dt.date) -> dt.date:
    """Until when the receiver must confirm; a default of Tocsin where no law has a period."""
    if source.arrival_on is not None:
        due = due_after(source, TRANSACTION, source.arrival_on, Kind.RECEIPT)
        if due is not None:
            return due.day
    return (source.arrival_on or sent_on) + dt.timedelta(days=RECEIPT_DAYS)


def _await_check(source: Source) -> None:
    """What a holder has reported waits for the mark of the authority."""
    if source.unchecked_since is None:
        today = now().date()
        due = due_after(source, CHECKED, today)
        source.unchecked_since, source.check_due = today, due.day if due else None


def steps(reader: Reader, source: Source) -> list[Kind]:
    """What this reader may report of a source now."""
    if not decide(reader, "register.read", source).allowed:
        return []
    officer = is_officer(reader, source)
    holds = source.holder.organisation_id == reader.person.organisation_id
    if not (officer or (holds and may(reader, "register.report"))):
        return []
    found = possible(
        Status(source.status),
        officer=officer,
        awaits_receipt=source.awaits_receipt,
        elsewhere=bool(source.elsewhere_place),
        checked=source.checked_at is not None and source.unchecked_since is None,
    )
    return [kind for kind in found if kind is not Kind.CORRECTION]


@transaction.atomic
def tell_place(reader: Reader, source: Source, *, reason: str) -> tuple[float, float]:
    """The exact place of a source, for a reason that is kept in the log.

    Raises
    ------
    Refused
        Not to be seen by this reader, no reason is given, or no place is known.
    """
    reason = plain(reason)[:400]
    if not decide(reader, "register.read", source).allowed:
        raise Refused(_("None of your roles allows this."))
    if not reason:
        raise Refused(_("Say why you need the exact place."))
    if source.latitude is None or source.longitude is None:
        raise Refused(_("No exact place is known."))
    record(
        actor=reader.person,
        action="register.exact_place",
        subject=source,
        after={"shown_to": str(reader.person.pk)},
        reason=reason,
    )
    return source.latitude, source.longitude


def follow_decay(at: dt.datetime) -> int:
    """Judge anew the sources whose category has changed by decay; a step of the timer process."""
    day = at.date()
    due = Source.objects.filter(category_until__lte=day).order_by("category_until", "pk")

    def anew(source: Source) -> int:
        with transaction.atomic():
            locked = due.select_for_update().filter(pk=source.pk).first()
            if locked is None:  # another timer was quicker, or it was corrected meanwhile
                return 0
            before = locked.category
            judge(locked, day)
            locked.save(update_fields=["category", "ratio_A_over_D", "category_until"])
            record(
                actor=CLOCK,
                action="register.category",
                subject=locked,
                before={"category": before},
                after={"category": locked.category},
                reason="decay",
            )
        return 1

    return each(list(due[:DECAY_BATCH]), anew)


def pass_gates_for(reader: Reader, row: Marked, arriving: Arriving, receiver: Holder) -> None:
    """Ask the gates; the people of the row's own register read a refusal in full.

    Raises
    ------
    Refused
        One of the gates says no.
    """
    try:
        pass_gates(arriving, receiver)
    except Refused as refusal:
        if row.originator_id != reader.person.organisation_id:
            raise
        raise Refused(refusal.in_full) from refusal


def _check_day(source: Source, kind: Kind, day: dt.date) -> None:
    if day > (now() + AHEAD_OF_UTC).date():
        raise Refused(_("{day} lies in the future").format(day=day))
    if day < EARLIEST or (source.made_on is not None and day < source.made_on):
        raise Refused(
            _("The source was made later, on {day}.").format(day=source.made_on or EARLIEST)
        )
    if source.status in MISSING and kind is Kind.RECOVERY and day < source.since:
        raise Refused(_("It is missing since {day}.").format(day=source.since))


def nuclides_of(entry: Entry) -> str:
    """Nuclides of an entry, each once."""
    return " ".join(dict.fromkeys(c["nuclide"] for c in entry.contents))
