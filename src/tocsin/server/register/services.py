"""Writing the register: each change is one transaction of a source and one leaf of the log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from tocsin.errors import NotFound
from tocsin.nuclear import next_change, source_category
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.timers import each
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.register.beyond import pass_gates
from tocsin.server.register.entries import AHEAD_OF_UTC, EARLIEST, Entry
from tocsin.server.register.holders import (
    Refused,
    close_to,
    hand_over,
    holder_named,
    mark_of_register,
    open_to,
    receiver_named,
    require_officer,
)
from tocsin.server.register.life import HELD, MISSING, Kind, Status, possible
from tocsin.server.register.life import RULES as LIFE
from tocsin.server.register.models import (
    Holder,
    Import,
    Outgoing,
    Source,
    Transaction,
    activities_of,
)
from tocsin.server.register.outbox import deliver_pending
from tocsin.server.typed import plain

CLOCK = "system:decay"
TOLD = frozenset({Kind.LOSS, Kind.THEFT, Kind.RECOVERY})
"""Transactions that apps above hear of."""
EXPLAINED = TOLD | {Kind.WITHDRAWAL}
"""Transactions that need words."""
PLACED = frozenset({Kind.MOVE, Kind.RECEIPT, Kind.RECOVERY, Kind.DISUSE})
"""Transactions that say where a source is from now on."""
KEPT = ("status", "place", "practice", "contents", "leak_test_on", "storage_until", "sent_on")
"""Fields of which a transaction keeps what they were and became; the holder is kept by name."""
DECAY_BATCH = 500
AHEAD = dt.timedelta(days=100 * 365)
"""How far ahead a change of category is told: a choice; nobody plans with what comes later."""


@transaction.atomic
def register_source(reader: Reader, entry: Entry) -> Source:
    """Enter one source."""
    holder = holder_named(reader, entry.holder)
    source, first = new_rows(reader, entry, holder, imported=None)
    source.save(force_insert=True)
    first.save()
    if holder.organisation is not None:
        open_to(holder.organisation, [source], reader.person)
    record(
        actor=reader.person,
        action="register.register",
        subject=source,
        after={"holder": holder.name, "contents": source.contents, "serial": source.serial},
    )
    return source


def new_rows(
    reader: Reader, entry: Entry, holder: Holder, *, imported: Import | None
) -> tuple[Source, Transaction]:
    """A source and its first transaction, not yet saved."""
    at = now()
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
        nuclides=_nuclides(entry),
        status=Status.IN_USE,
        since=at.date(),
        imported=imported,
        **entry.text,
        **entry.dates,
    )
    judge(source, at.date())
    first = Transaction(
        source=source,
        number=1,
        kind=Kind.REGISTRATION,
        happened_on=at.date(),
        at=at,
        by=reader.person,
        holder=holder,
        after=_kept(source),
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
        What is known; needed for a loss, a theft, a recovery and a withdrawal.
    receiver : str
        Exact name or licence number of the receiver of a transfer.
    place : str
        Where it is from now on; its exact place is no longer known then.
    storage_until : date, optional
        End of the permission to store, with disuse.

    Raises
    ------
    Refused
        Not allowed, not possible in this status, or not complete.
    """
    source = Source.objects.select_for_update().select_related("holder").get(pk=source.pk)
    note, place = plain(note)[:4000], plain(place)[:200]
    if kind not in steps(reader, source):
        raise Refused(_("This cannot be reported of the source now, or not by you."))
    _check_day(source, kind, happened_on)
    if kind in EXPLAINED and not note:
        raise Refused(_("Say what is known of it."))
    if kind is Kind.MOVE and not place:
        raise Refused(_("Say where it is now."))
    holder = receiver_named(source, receiver) if kind is Kind.TRANSFER else None
    if holder is not None:
        pass_gates(source, holder, happened_on)
    before, was_at = _kept(source), (source.latitude, source.longitude)
    source.status = LIFE[kind].becomes or source.status
    if source.status != before["status"]:
        source.since = happened_on
    if place and kind in PLACED:
        source.place, source.latitude, source.longitude = place, None, None
    if kind is Kind.LEAK_TEST:
        source.leak_test_on = max(happened_on, source.leak_test_on or happened_on)
    if kind in {Kind.DISUSE, Kind.REUSE, Kind.RECOVERY}:
        source.storage_until = storage_until if kind is Kind.DISUSE else None
    if holder is not None:
        hand_over(source, holder, reader.person)
        source.place, source.latitude, source.longitude = "", None, None
        source.sent_on = happened_on
    if kind is Kind.RECEIPT or source.status not in HELD:
        source.sent_on = None
    if kind is Kind.WITHDRAWAL and source.holder.organisation is not None:
        close_to(source.holder.organisation, [source])
    return _write(
        reader, source, kind, happened_on, before, was_at=was_at, note=note, holder=holder
    )


def steps(reader: Reader, source: Source) -> list[Kind]:
    """What this reader may report of a source now."""
    if not decide(reader, "register.read", source).allowed:
        return []
    mine = source.originator_id == reader.person.organisation_id
    officer = mine and may(reader, "register.write")
    holds = source.holder.organisation_id == reader.person.organisation_id
    if not (officer or (holds and may(reader, "register.report"))):
        return []
    found = possible(Status(source.status), officer=officer, awaits_receipt=source.awaits_receipt)
    return [kind for kind in found if kind is not Kind.CORRECTION]


@transaction.atomic
def correct(reader: Reader, source: Source, entry: Entry, *, reason: str, seen: int) -> Transaction:
    """Correct what is written of a source; what it said before stays in the transaction.

    Parameters
    ----------
    entry : Entry
        As it should be; without a position the known one stays.
    seen : int
        Number of the last step that the person saw.

    Raises
    ------
    Refused
        Not allowed, without a reason, withdrawn, or changed in the meantime.
    """
    source = Source.objects.select_for_update().select_related("holder").get(pk=source.pk)
    require_officer(reader, source)
    reason = plain(reason)[:4000]
    if source.status == Status.WITHDRAWN:
        raise Refused(_("The entry was withdrawn."))
    if not reason:
        raise Refused(_("Say why it is corrected."))
    if _next_number(source) != seen + 1:
        raise Refused(_("Something was reported of the source in the meantime: look again."))
    before = _kept(source) | {name: getattr(source, name) for name in entry.text}
    before |= {name: _day_text(getattr(source, name)) for name in entry.dates}
    was_at = source.latitude, source.longitude
    for name, value in {**entry.text, **entry.dates}.items():
        setattr(source, name, value)
    if entry.latitude is not None:
        source.latitude, source.longitude = entry.latitude, entry.longitude
    source.practice, source.contents = entry.practice, entry.contents
    source.nuclides = _nuclides(entry)
    if entry.holder.casefold() != source.holder.name.casefold():
        hand_over(source, holder_named(reader, entry.holder), reader.person)
        source.sent_on = None
    judge(source, now().date())
    more = dict(entry.text) | {name: _day_text(day) for name, day in entry.dates.items()}
    return _write(
        reader,
        source,
        Kind.CORRECTION,
        now().date(),
        before,
        was_at=was_at,
        note=reason,
        holder=None,
        more=more,
    )


def _write(
    reader: Reader,
    source: Source,
    kind: Kind,
    happened_on: dt.date,
    before: dict[str, Any],
    *,
    was_at: tuple[float | None, float | None],
    note: str,
    holder: Holder | None,
    more: dict[str, Any] | None = None,
) -> Transaction:
    source.save()
    after = _kept(source) | (more or {})
    changed = {name for name in after if after[name] != before.get(name)}
    moved = was_at != (source.latitude, source.longitude)
    row = Transaction.objects.create(
        source=source,
        number=_next_number(source),
        kind=kind,
        happened_on=happened_on,
        at=now(),
        by=reader.person,
        holder=holder,
        note=note,
        latitude=was_at[0] if moved else None,
        longitude=was_at[1] if moved else None,
        before={name: before.get(name) for name in changed},
        after={name: after[name] for name in changed},
    )
    if kind in TOLD:
        Outgoing.objects.create(transaction=row, written_at=now())
        transaction.on_commit(lambda: deliver_pending(now()), robust=True)
    record(
        actor=reader.person,
        action=f"register.{kind}",
        subject=source,
        before=row.before,
        after=row.after | {"happened_on": happened_on.isoformat(), "exact_place_changed": moved},
        reason=note,
    )
    return row


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
            locked = Source.objects.select_for_update().get(pk=source.pk)
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


def _check_day(source: Source, kind: Kind, day: dt.date) -> None:
    if day > (now() + AHEAD_OF_UTC).date():
        raise Refused(_("{day} lies in the future").format(day=day))
    if day < EARLIEST or (source.made_on is not None and day < source.made_on):
        raise Refused(
            _("The source was made later, on {day}.").format(day=source.made_on or EARLIEST)
        )
    if source.status in MISSING and kind is Kind.RECOVERY and day < source.since:
        raise Refused(_("It is missing since {day}.").format(day=source.since))


def _nuclides(entry: Entry) -> str:
    return " ".join(dict.fromkeys(c["nuclide"] for c in entry.contents))


def _kept(source: Source) -> dict[str, Any]:
    found = {name: _day_text(getattr(source, name)) for name in KEPT}
    return found | {"holder": source.holder.name}


def _day_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _next_number(source: Source) -> int:
    return int(source.transactions.aggregate(most=Max("number"))["most"] or 0) + 1
