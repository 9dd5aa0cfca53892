"""The yearly reconciliation: opened, answered source by source, reminded of, closed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tocsin.server.accounts.models import Realm
from tocsin.server.accounts.turns import one_at_a_time
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.escalation import Link
from tocsin.server.duties.models import Clock
from tocsin.server.duties.profiles import Duty, Profile, available
from tocsin.server.duties.services import (
    end_clock,
    notify,
    set_clock,
    start_clocks,
)
from tocsin.server.duties.services import (
    settle as settle_notices,
)
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.allowed import (
    open_to_holder,
    require_answerer,
    require_overseer,
)
from tocsin.server.oversight.models import (
    Confirmation,
    Discrepancy,
    Ending,
    How,
    Item,
    Part,
    Reconciliation,
    Trouble,
)
from tocsin.server.oversight.services.discrepancies import end_discrepancy, raise_discrepancy
from tocsin.server.register.holders import Refused, mark_of_register
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder, Source
from tocsin.server.typed import plain

BEGINS = "year_begins"
"""A duty of a country profile that starts with this is due a fixed time after 1 January."""
OPENED = "reconciliation_opened"
FICTIONAL = "fictional"
DUTY = "reconciliation"
FIRST_YEAR = 1990
REMIND_EVERY = dt.timedelta(days=7)
"""How often a holder that has not answered is called again: a default of Tocsin, no law."""
CHAIN = (Link("holder", REMIND_EVERY.total_seconds() / 60),)
ASKED = gettext_noop("Reconciliation {year}: confirm your sources until {due}")
REMINDED = gettext_noop("Reconciliation {year}: your answer is missing, due {due}")
BATCH = 500


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a reconciliation is due by law, and by which."""

    law: Profile
    duty: Duty
    start: dt.datetime
    due: dt.datetime


def deadline_of(reader: Reader, year: int) -> Deadline | None:
    """What the profile of the own country says; an invented one only where nothing is real."""
    laws = available().by_code
    law = laws.get(reader.person.organisation.country)
    if law is None and reader.realm != Realm.LIVE:
        law = laws.get(FICTIONAL)
    if law is None:
        return None
    for duty in law.duties.values():
        if duty.starts == BEGINS:
            start = law.calendar.moment(dt.date(year, 1, 1), dt.time())
        elif duty.starts == OPENED:
            start = reader.at
        else:
            continue
        return Deadline(law, duty, start, duty.period.due(start, law.calendar))
    return None


@transaction.atomic
def open_reconciliation(
    reader: Reader, *, year: int, due_on: dt.date | None = None
) -> Reconciliation:
    """Ask every holder of the own register for its sources.

    Parameters
    ----------
    year : int
        One reconciliation for each year.
    due_on : date, optional
        A day that the authority sets itself, in UTC; without it the country profile's.

    Raises
    ------
    Refused
        Not allowed, opened already, nothing held, or no day that could be due.
    """
    require_overseer(reader)
    if not FIRST_YEAR <= year <= reader.at.year + 1:
        raise Refused(_("Give the year that is reconciled."))
    law = deadline_of(reader, year)
    if due_on is not None:
        due = dt.datetime.combine(due_on, dt.time(23, 59, 59), tzinfo=dt.UTC)
    elif law is None:
        raise Refused(_("No country profile here has a deadline: set one."))
    else:
        due = law.due
    if due <= reader.at:
        raise Refused(_("The deadline lies in the past: set another one."))
    if due_on is None and law is not None and law.start > reader.at:
        raise Refused(_("By the country profile it begins on {day}.").format(day=law.start.date()))
    # two officers who open a year wait for each other at their organisation
    one_at_a_time(reader.person.organisation_id)
    own = Reconciliation.objects.filter(
        originator=reader.person.organisation_id, realm=reader.realm, year=year
    )
    if own.exists():
        raise Refused(_("The year {year} has been opened already.").format(year=year))
    mark = mark_of_register(reader)
    at = now()
    row = Reconciliation.objects.create(
        **mark.fields(),
        originator=reader.person.organisation,
        created_at=at,
        created_by=reader.person,
        year=year,
        due_at=due,
        law="" if due_on is not None or law is None else f"{law.law.code}/{law.duty.code}",
    )
    asked, sources = _ask_holders(reader, row)
    if not asked:
        raise Refused(_("No holder of this register has a source."))
    if due_on is None and law is not None:
        start_clocks(
            reader,
            row,
            profile_code=law.law.code,
            duties=(law.duty.code,),
            at=law.start,
            reason=str(row),
        )
    else:
        set_clock(reader, row, duty=DUTY, due_at=due, reason=str(row))
    record(
        actor=reader.person,
        action="oversight.open_reconciliation",
        subject=row,
        after={"year": year, "due_at": due, "holders": asked, "sources": sources},
    )
    return row


def _ask_holders(reader: Reader, row: Reconciliation) -> tuple[int, int]:
    held: dict[str, list[Source]] = defaultdict(list)
    sources = Source.objects.filter(
        originator=row.originator_id, realm=row.realm, status__in=HELD
    ).order_by("place", "reference", "pk")
    for source in sources.only("pk", "holder_id"):
        held[str(source.holder_id)].append(source)
    holders = Holder.objects.filter(pk__in=held).select_related("organisation")
    parts = [
        Part(
            realm=row.realm,
            level=row.level,
            tlp=row.tlp,
            originator=row.originator,
            created_at=row.created_at,
            created_by=reader.person,
            reconciliation=row,
            holder=holder,
            asked=holder.organisation,
        )
        for holder in holders
    ]
    Part.objects.bulk_create(parts, batch_size=BATCH)
    Item.objects.bulk_create(
        (Item(part=part, source=source) for part in parts for source in held[str(part.holder_id)]),
        batch_size=BATCH,
    )
    for part in parts:
        open_to_holder(part.holder, [part], reader.person)
        if part.asked is not None:
            _call(part, ASKED)
    return len(parts), sum(map(len, held.values()))


def _call(part: Part, text: str) -> None:
    row = part.reconciliation
    notify(
        part,
        text=text,
        values={"year": row.year, "due": f"{row.due_at:%Y-%m-%d}"},
        address=part.get_absolute_url(),
        chain=CHAIN,
    )


def _open_part(reader: Reader, part: Part) -> Part:
    part = (
        # with the reconciliation, which an officer may be closing
        Part.objects.select_for_update(of=("self", "reconciliation"))
        .select_related("reconciliation", "holder__organisation", "originator")
        .get(pk=part.pk)
    )
    require_answerer(reader, part, part.holder)
    if part.reconciliation.closed_at is not None:
        raise Refused(_("This reconciliation is closed."))
    return part


@transaction.atomic
def answer(reader: Reader, item: Item, *, here: bool, how: How, note: str = "") -> Confirmation:
    """Say that a source is at the holder, or that it is not.

    Raises
    ------
    Refused
        Not allowed, closed, or a source that is missing without words.
    """
    part = _open_part(reader, item.part)
    item = Item.objects.select_for_update(of=("self",)).select_related("source").get(pk=item.pk)
    note = plain(note)[:1000]
    if not here and not note:
        raise Refused(_("Say what you know of it: since when it is not here, where it may be."))
    fact = Confirmation.objects.create(
        item=item, here=here, how=how, note=note, at=now(), by=reader.person
    )
    before = item.here
    item.here, item.answered_at = here, fact.at
    item.save(update_fields=["here", "answered_at"])
    waiting = Discrepancy.objects.filter(
        part=part, source=item.source_id, trouble=Trouble.NOT_HERE, settlement=None
    )
    if here:
        for row in waiting:
            end_discrepancy(row, Ending.HERE, note or str(How(how).label), by=reader.person)
    elif not waiting.exists():
        raise_discrepancy(
            reader,
            Trouble.NOT_HERE,
            holder=part.holder,
            what=note,
            found_in=part,
            source=item.source,
            part=part,
        )
    record(
        actor=reader.person,
        action="oversight.confirm",
        subject=part,
        before={"here": before},
        after={"source": str(item.source_id), "here": here, "how": how},
        reason=note,
    )
    return fact


@transaction.atomic
def answer_all(
    reader: Reader, items: Iterable[Item], *, here: bool, how: How, note: str = ""
) -> list[Confirmation]:
    """The same of several sources, as of those on one photograph or in one device: all or none."""
    return [answer(reader, item, here=here, how=how, note=note) for item in items]


@transaction.atomic
def report_extra(reader: Reader, part: Part, *, what: str, place: str = "") -> Discrepancy:
    """Tell of a source that is at the holder and not in the register.

    Raises
    ------
    Refused
        Not allowed, closed, or without words.
    """
    part = _open_part(reader, part)
    what, place = plain(what)[:700], plain(place)[:200]
    if not what:
        raise Refused(_("Say what it is: nuclide, maker, serial number, as far as it can be read."))
    row = raise_discrepancy(
        reader,
        Trouble.EXTRA,
        holder=part.holder,
        what=f"{what} ({place})" if place else what,
        found_in=part,
        part=part,
    )
    record(actor=reader.person, action="oversight.extra", subject=row, after={"what": row.what})
    return row


@transaction.atomic
def complete(reader: Reader, part: Part) -> Part:
    """Say that the list is complete; its holder is called no more.

    Raises
    ------
    Refused
        Not allowed, closed, said already, or a source has no answer.
    """
    part = _open_part(reader, part)
    if part.completed_at is not None:
        raise Refused(_("This was said already."))
    left = part.items.filter(here=None).count()
    if left:
        raise Refused(_("Sources without an answer: {n}.").format(n=left))
    part.completed_at, part.completed_by = now(), reader.person
    part.save(update_fields=["completed_at", "completed_by"])
    settle_notices(part, by=reader.person, reason="reconciliation answered")
    record(
        actor=reader.person,
        action="oversight.complete",
        subject=part,
        after={"sources": part.items.count(), "not_here": part.items.filter(here=False).count()},
    )
    return part


def silent_parts(row: Reconciliation) -> QuerySet[Part]:
    """Holders that have not said that their list is complete."""
    return row.parts.filter(completed_at=None)


@transaction.atomic
def remind(reader: Reader, row: Reconciliation) -> int:
    """Call the holders that are silent, beside the call that repeats itself.

    Returns
    -------
    int
        How many were called: those whose people have accounts.
    """
    require_overseer(reader, row)
    if row.closed_at is not None:
        raise Refused(_("This reconciliation is closed."))
    # who says meanwhile that the list is complete comes before this, or waits
    parts = silent_parts(row).exclude(asked=None).select_for_update(of=("self",))
    called = list(parts.select_related("reconciliation"))
    for part in called:
        settle_notices(part, by=reader.person, reason="reminded")
        part.reminded_at = now()
        part.save(update_fields=["reminded_at"])
        _call(part, REMINDED)
    record(
        actor=reader.person, action="oversight.remind", subject=row, after={"holders": len(called)}
    )
    return len(called)


@transaction.atomic
def close(reader: Reader, row: Reconciliation, *, reason: str = "") -> Reconciliation:
    """Close a reconciliation whose discrepancies are settled.

    Parameters
    ----------
    reason : str
        Needed where holders are silent; each of them is kept as a discrepancy.

    Raises
    ------
    Refused
        Not allowed, closed, discrepancies are open, or holders are silent and no reason is given.
    """
    row = Reconciliation.objects.select_for_update(of=("self",)).get(pk=row.pk)
    require_overseer(reader, row)
    reason = plain(reason)[:1000]
    if row.closed_at is not None:
        raise Refused(_("This reconciliation is closed."))
    left = Discrepancy.objects.filter(part__reconciliation=row, settlement=None).count()
    if left:
        raise Refused(_("Discrepancies that are not settled: {n}.").format(n=left))
    silent = list(silent_parts(row).select_related("holder__organisation", "originator"))
    if silent and not reason:
        raise Refused(
            _("Silent holders: {n}. Say why it is closed without them.").format(n=len(silent))
        )
    for part in silent:
        raise_discrepancy(
            reader,
            Trouble.SILENT,
            holder=part.holder,
            what=f"{row}: {part.items.filter(here=None).count()} / {part.items.count()}",
            found_in=part,
            part=part,
        )
        settle_notices(part, by=reader.person, reason="reconciliation closed")
    row.closed_at, row.closed_by, row.close_reason = now(), reader.person, reason
    row.save(update_fields=["closed_at", "closed_by", "close_reason"])
    _end_clocks(reader, row, met=not silent, reason=reason or str(row))
    record(
        actor=reader.person,
        action="oversight.close_reconciliation",
        subject=row,
        after={"silent": len(silent)},
        reason=reason,
    )
    return row


def _end_clocks(reader: Reader, row: Reconciliation, *, met: bool, reason: str) -> None:
    running = Clock.objects.filter(subject_kind=row._meta.label_lower, subject_id=row.pk, end=None)
    for clock in running:
        end_clock(reader, clock, met=met, reason=reason[:400])


def open_item_of(source: Source) -> Item | None:
    """The question about a source that is open now."""
    items = Item.objects.filter(
        source=source, part__reconciliation__closed_at=None, part__holder=source.holder_id
    )
    return items.select_related("part__reconciliation", "part__holder", "source").last()
