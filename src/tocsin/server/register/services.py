"""Writing the register: each change is one transaction of a source and one leaf of the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import next_change, source_category
from tocsin.server.accounts.models import Level, Organisation, Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import Release, Tlp
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.entries import Entry, day_of
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
NOUN_SOURCE = "register.source"
NOUN_HOLDER = "register.holder"
TOLD = frozenset({Kind.LOSS, Kind.THEFT, Kind.RECOVERY})
"""Transactions that apps above hear of."""
KEPT = ("status", "place", "latitude", "longitude", "contents", "leak_test_on", "storage_until")
"""Fields of which a transaction keeps what they were and became; the holder is kept by name."""
DECAY_BATCH = 500
AHEAD = dt.timedelta(days=100 * 365)
"""How far ahead a change of category is told: a choice; nobody plans with what comes later."""


class Refused(InvalidInput):
    """The register does not take this."""


@transaction.atomic
def holder_named(
    reader: Reader, name: str, *, organisation: Organisation | None = None, **fields: Any
) -> Holder:
    """The holder of a name in the own register, made where there is none."""
    _officer(reader)
    name = plain(name)[:200]
    if not name:
        raise Refused(_("the holder is missing"))
    own = Holder.objects.filter(originator=reader.person.organisation_id, realm=reader.realm)
    known = own.filter(name__iexact=name).first()
    if known is not None:
        return known
    row = Holder.objects.create(
        **mark_of_register(reader).fields(),
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
        name=name,
        organisation=organisation,
        **fields,
    )
    if organisation is not None:
        _open_to(organisation, NOUN_HOLDER, [row], reader.person)
    record(
        actor=reader.person,
        action="register.holder",
        subject=row,
        after={"name": name, "organisation": organisation.short_name if organisation else ""},
    )
    return row


@transaction.atomic
def register_source(reader: Reader, entry: Entry) -> Source:
    """Enter one source."""
    holder = holder_named(reader, entry.holder)
    source, first = new_rows(reader, entry, holder, imported=None)
    source.save(force_insert=True)
    first.save()
    if holder.organisation is not None:
        _open_to(holder.organisation, NOUN_SOURCE, [source], reader.person)
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
        nuclides=" ".join(dict.fromkeys(c["nuclide"] for c in entry.contents)),
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
    holder: Holder | None = None,
    place: str = "",
    position: tuple[float, float] | None = None,
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
        Not after today, not before the source was made.
    note : str
        What is known; needed for a loss, a theft and a recovery.
    holder : Holder, optional
        Receiver of a transfer.
    place : str
        Where it is from now on.
    position : tuple of float, optional
        Latitude and longitude of it in degrees.
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
    today = now().date()
    if happened_on > today:
        raise Refused(_("{day} lies in the future").format(day=happened_on))
    if source.made_on is not None and happened_on < source.made_on:
        raise Refused(_("The source was made later, on {day}.").format(day=source.made_on))
    if kind in TOLD and not note:
        raise Refused(_("Say what is known of it."))
    if kind is Kind.MOVE and not place:
        raise Refused(_("Say where it is now."))
    if kind is Kind.TRANSFER:
        _receiver(source, holder)
    before = _kept(source)
    source.status = LIFE[kind].becomes or source.status
    if source.status != before["status"]:
        source.since = happened_on
    if place:
        source.place = place
        source.latitude, source.longitude = position or (None, None)
    elif kind is Kind.TRANSFER:
        source.place, source.latitude, source.longitude = "", None, None
    if kind is Kind.LEAK_TEST:
        source.leak_test_on = max(happened_on, source.leak_test_on or happened_on)
    if kind is Kind.DISUSE:
        source.storage_until = storage_until
    if kind is Kind.TRANSFER and holder is not None:
        _hand_over(source, holder, reader.person)
        source.sent_on = happened_on
    if kind is Kind.RECEIPT or source.status not in HELD:
        source.sent_on = None
    return _write(reader, source, kind, happened_on, before, note=note, holder=holder)


def steps(reader: Reader, source: Source) -> list[Kind]:
    """What this reader may report of a source now."""
    officer = _is_officer(reader) and source.originator_id == reader.person.organisation_id
    own = source.holder.organisation_id == reader.person.organisation_id
    if not (officer or (own and may(reader, "register.report"))):
        return []
    found = possible(Status(source.status), officer=officer, awaits_receipt=source.awaits_receipt)
    return [kind for kind in found if kind not in {Kind.CORRECTION, Kind.WITHDRAWAL}]


@transaction.atomic
def correct(reader: Reader, source: Source, entry: Entry, *, reason: str) -> Transaction:
    """Correct what is written of a source; what it said before stays in the transaction."""
    _officer(reader)
    source = Source.objects.select_for_update().select_related("holder").get(pk=source.pk)
    reason = plain(reason)[:4000]
    if source.originator_id != reader.person.organisation_id:
        raise Refused(_("Only the register that entered a source corrects it."))
    if source.status == Status.WITHDRAWN:
        raise Refused(_("The entry was withdrawn."))
    if not reason:
        raise Refused(_("Say why it is corrected."))
    before = _kept(source) | {name: getattr(source, name) for name in entry.text}
    before |= {name: _day_text(getattr(source, name)) for name in entry.dates}
    for name, value in {**entry.text, **entry.dates}.items():
        setattr(source, name, value)
    source.latitude, source.longitude = entry.latitude, entry.longitude
    source.practice, source.contents = entry.practice, entry.contents
    source.nuclides = " ".join(dict.fromkeys(c["nuclide"] for c in entry.contents))
    if entry.holder.casefold() != source.holder.name.casefold():
        _hand_over(source, holder_named(reader, entry.holder), reader.person)
    judge(source, now().date())
    more = dict(entry.text) | {name: _day_text(day) for name, day in entry.dates.items()}
    return _write(
        reader, source, Kind.CORRECTION, now().date(), before, note=reason, holder=None, more=more
    )


def _write(
    reader: Reader,
    source: Source,
    kind: Kind,
    happened_on: dt.date,
    before: dict[str, Any],
    *,
    note: str,
    holder: Holder | None,
    more: dict[str, Any] | None = None,
) -> Transaction:
    source.save()
    after = _kept(source) | (more or {})
    changed = {name for name in after if after[name] != before.get(name)}
    row = Transaction.objects.create(
        source=source,
        number=_next_number(source),
        kind=kind,
        happened_on=happened_on,
        at=now(),
        by=reader.person,
        holder=holder,
        note=note,
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
        after=row.after | {"happened_on": happened_on.isoformat()},
        reason=note,
    )
    return row


@transaction.atomic
def tell_place(reader: Reader, source: Source, *, reason: str) -> tuple[float, float]:
    """The exact place of a source, for a reason that is kept in the log.

    Raises
    ------
    Refused
        No reason is given, or no place is known.
    """
    reason = plain(reason)[:400]
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
    rows = list(due[:DECAY_BATCH])
    for source in rows:
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
    return len(rows)


def _receiver(source: Source, holder: Holder | None) -> None:
    if holder is None or holder.pk == source.holder_id:
        raise Refused(_("Say to whom it goes."))
    if holder.originator_id != source.originator_id or holder.realm != source.realm:
        raise Refused(_("The receiver is not in this register."))
    if holder.licence_until is not None and holder.licence_until < now().date():
        raise Refused(
            _("The licence of {name} ended on {day}.").format(
                name=holder.name, day=holder.licence_until
            )
        )


def _hand_over(source: Source, holder: Holder, by: Person) -> None:
    """A new holder: the people of the old one see it no longer, those of the new one do."""
    former, after = source.holder.organisation, holder.organisation
    source.holder = holder
    if former == after:
        return
    if former is not None:
        opened = Release.objects.filter(noun=NOUN_SOURCE, row_id=source.pk, receiver=former)
        opened.filter(ended_at=None).update(ended_at=now())
    if after is not None:
        _open_to(after, NOUN_SOURCE, [source], by)


def _open_to(
    organisation: Organisation, noun: str, rows: Sequence[Source | Holder], by: Person
) -> None:
    at = now()
    if organisation.pk == rows[0].originator_id:
        return
    Release.objects.bulk_create(
        Release(
            noun=noun,
            row_id=row.pk,
            receiver=organisation,
            released_by=by,
            at=at,
            reason="holder of the source",
        )
        for row in rows
    )


def open_to_holders(sources: Iterable[Source], by: Person) -> None:
    """Let the people of the holders see sources that were entered many at once."""
    by_body: dict[Organisation, list[Source | Holder]] = {}
    for source in sources:
        if source.holder.organisation is not None:
            by_body.setdefault(source.holder.organisation, []).append(source)
    for body, rows in by_body.items():
        _open_to(body, NOUN_SOURCE, rows, by)


def _is_officer(reader: Reader) -> bool:
    return may(reader, "register.write")


def _officer(reader: Reader) -> None:
    if not _is_officer(reader):
        raise Refused(_("None of your roles allows this."))


def mark_of_register(reader: Reader) -> Mark:
    """Mark of what is entered: where sources are is for those who need it."""
    return Mark(reader.realm, Level.CONFIDENTIAL.value, frozenset(), Tlp.AMBER_STRICT.value)


def _kept(source: Source) -> dict[str, Any]:
    found = {name: _day_text(getattr(source, name)) for name in KEPT}
    return found | {"holder": source.holder.name}


def _day_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _next_number(source: Source) -> int:
    return int(source.transactions.aggregate(most=Max("number"))["most"] or 0) + 1


__all__ = [
    "HELD",
    "MISSING",
    "Refused",
    "correct",
    "day_of",
    "follow_decay",
    "holder_named",
    "judge",
    "mark_of_register",
    "new_rows",
    "open_to_holders",
    "register_source",
    "report",
    "steps",
    "tell_place",
]
