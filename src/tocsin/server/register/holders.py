"""Holders: entered, changed, and whose people see which sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Level, Organisation, Person
from tocsin.server.accounts.turns import one_at_a_time
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import Marked, Release, Tlp
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.marking.services import is_abroad
from tocsin.server.register.beyond import belongings_of
from tocsin.server.register.life import Status
from tocsin.server.register.models import Holder, Source
from tocsin.server.typed import plain

BATCH = 500
HOLDS_IT = "holder of the source"
"""Reason of the releases that this app makes; it ends no others."""


class Refused(InvalidInput):
    """The register does not take this.

    Parameters
    ----------
    told : str
        Why, for anybody who may report.
    in_full : str
        The same with what only the register's own people may read, for example what another holder
        has; ``told`` where there is no difference.
    """

    def __init__(self, told: str, *, in_full: str = "") -> None:
        super().__init__(told)
        self.in_full = in_full or told


def require_officer(reader: Reader, row: Marked | None = None) -> None:
    """Refuse who is no officer of the register, or may not see or does not own the row."""
    if not may(reader, "register.write"):
        raise Refused(_("None of your roles allows this."))
    if row is None:
        return
    own = row.originator_id == reader.person.organisation_id
    if not own or not decide(reader, "register.write", row).allowed:
        raise Refused(_("None of your roles allows this."))


def mark_of_register(reader: Reader) -> Mark:
    """Mark of what is entered: where sources are is for those who need it."""
    if reader.person.clearance < Level.CONFIDENTIAL:
        raise Refused(_("The level is above your own clearance."))
    return Mark(reader.realm, Level.CONFIDENTIAL.value, frozenset(), Tlp.AMBER_STRICT.value)


@transaction.atomic
def holder_named(
    reader: Reader,
    name: str,
    *,
    organisation: Organisation | None = None,
    licence_until: dt.date | None = None,
) -> Holder:
    """The holder of a name in the own register, made where there is none.

    Raises
    ------
    Refused
        Not allowed, no name, or the organisation is abroad.
    """
    require_officer(reader)
    name = plain(name)[:200]
    if not name:
        raise Refused(_("the holder is missing"))
    bearing = _own_holders(reader).filter(name__iexact=name)
    known = bearing.first()
    if known is None:
        # two who name a new holder at once make it once: the second waits and finds it
        one_at_a_time(reader.person.organisation_id)
        known = bearing.all().first()
    if known is not None:
        return known
    _at_home(reader, organisation)
    row = _new_holder(reader, name)
    row.organisation, row.licence_until = organisation, licence_until
    row.save(force_insert=True)
    if organisation is not None:
        open_to(organisation, [row], reader.person)
    _record_new(reader, row)
    return row


def holders_by_name(reader: Reader) -> dict[str, Holder]:
    """Holders of the own register by their names without capitals, to look many up."""
    return {h.name.casefold(): h for h in _own_holders(reader).order_by("-created_at")}


@transaction.atomic
def know_holders(reader: Reader, known: dict[str, Holder], names: Iterable[str]) -> None:
    """Make the holders of those names that are not known, and add them to the known ones.

    Parameters
    ----------
    reader : Reader
        An officer of the register.
    known : dict
        As ``holders_by_name`` gives it.
    names : iterable of str
        As they stand in entries that were checked.
    """
    require_officer(reader)
    wanted = {name.casefold(): name for name in names}
    missing = {key: name for key, name in wanted.items() if key not in known}
    if missing:
        one_at_a_time(reader.person.organisation_id)
        # names only: a table of many new holders asks for each of its parts
        rows = _own_holders(reader).order_by("-created_at").values_list("name", "pk")
        there = {name.casefold(): pk for name, pk in rows}
        met = Holder.objects.in_bulk([there[key] for key in missing if key in there])
        known.update((row.name.casefold(), row) for row in met.values())
        missing = {key: name for key, name in missing.items() if key not in there}
    made = {key: _new_holder(reader, name) for key, name in missing.items()}
    Holder.objects.bulk_create(made.values(), batch_size=BATCH)
    for row in made.values():
        _record_new(reader, row)
    known.update(made)


def _own_holders(reader: Reader) -> QuerySet[Holder]:
    return Holder.objects.filter(originator=reader.person.organisation_id, realm=reader.realm)


def _new_holder(reader: Reader, name: str) -> Holder:
    """A holder, not yet saved."""
    return Holder(
        **mark_of_register(reader).fields(),
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
        name=name,
    )


def _record_new(reader: Reader, row: Holder) -> None:
    body = row.organisation
    record(
        actor=reader.person,
        action="register.holder",
        subject=row,
        after={"name": row.name, "organisation": body.short_name if body else ""},
    )


@transaction.atomic
def change_holder(
    reader: Reader,
    holder: Holder,
    *,
    address: str,
    licence: str,
    licence_until: dt.date | None,
    organisation: Organisation | None,
) -> Holder:
    """Change what is written of a holder; other people see its sources if the organisation changes.

    Raises
    ------
    Refused
        Not allowed, or the organisation is abroad.
    """
    # PostgreSQL locks no row that may be absent: the holder's own one is enough
    rows = Holder.objects.select_for_update(of=("self",)).select_related("organisation")
    holder = rows.get(pk=holder.pk)
    require_officer(reader, holder)
    _at_home(reader, organisation)
    before = _told(holder)
    former = holder.organisation
    holder.address, holder.licence = plain(address)[:400], plain(licence)[:100]
    holder.licence_until, holder.organisation = licence_until, organisation
    holder.save()
    if former != organisation:
        held: list[Marked] = [holder, *belongings_of(holder)]
        held += list(holder.sources.exclude(status=Status.WITHDRAWN))
        if former is not None:
            close_to(former, held)
        if organisation is not None:
            open_to(organisation, held, reader.person)
    after = _told(holder)
    changed = {name for name in after if after[name] != before[name]}
    record(
        actor=reader.person,
        action="register.change_holder",
        subject=holder,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return holder


def receiver_named(source: Source, text: str) -> Holder:
    """The holder of the source's register that is meant by an exact name or licence number.

    People of one holder do not see the others: they must know to whom they send.

    Raises
    ------
    Refused
        None or several bear it, it is the holder itself, its licence has ended, or it is abroad.
    """
    text = plain(text)
    own = Holder.objects.filter(originator=source.originator_id, realm=source.realm)
    found = list(own.filter(Q(name__iexact=text) | Q(licence=text)).exclude(pk=source.holder_id))
    if not text or len(found) != 1:
        raise Refused(_("No holder of this register has exactly this name or licence number."))
    holder = found[0]
    if holder.licence_until is not None and holder.licence_until < now().date():
        raise Refused(
            _("The licence of {name} ended on {day}.").format(
                name=holder.name, day=holder.licence_until
            )
        )
    body = holder.organisation
    if body is not None and is_abroad(source.originator, body):
        raise Refused(_("What leaves the country is reported as an export."))
    return holder


def held_still(*holders: Holder) -> list[Holder]:
    """Holders as they are now, with whose people work there: that stays until the transaction ends.

    Else a source that is handed over while its holder is given to another organisation would stay
    open to the former one. All are held in one order, so that none wait for each other in a ring.
    """
    rows = Holder.objects.select_for_update(of=("self",)).select_related("organisation")
    found = {row.pk: row for row in rows.filter(pk__in=[h.pk for h in holders]).order_by("pk")}
    return [found[holder.pk] for holder in holders]


def hand_over(row: Any, holder: Holder, by: Person) -> None:
    """A new holder: the people of the old one see it no longer, those of the new one do.

    Parameters
    ----------
    row : Marked
        That a holder has: a source, a device, a batch.
    """
    row.holder, holder = held_still(row.holder, holder)
    former, after = row.holder.organisation, holder.organisation
    row.holder = holder
    if former == after:
        return
    if former is not None:
        close_to(former, [row])
    if after is not None:
        open_to(after, [row], by)


def close_to_holder(row: Any) -> None:
    """The people of the holder see a row no longer, as its entry is withdrawn."""
    (row.holder,) = held_still(row.holder)
    if row.holder.organisation is not None:
        close_to(row.holder.organisation, [row])


def open_to(organisation: Organisation, rows: Sequence[Marked], by: Person) -> None:
    """Let an organisation of the State see rows of the register, as their holder.

    The leaf of the change that makes it the holder tells of it.
    """
    if organisation.pk == rows[0].originator_id:
        return
    at = now()
    Release.objects.bulk_create(
        Release(
            noun=row._meta.label_lower,
            row_id=row.pk,
            receiver=organisation,
            released_by=by,
            at=at,
            reason=HOLDS_IT,
        )
        for row in rows
    )


def close_to(organisation: Organisation, rows: Iterable[Marked]) -> None:
    """End what :func:`open_to` has opened."""
    opened = Release.objects.filter(receiver=organisation, reason=HOLDS_IT, ended_at=None)
    pks, at = [row.pk for row in rows], now()
    # a database takes only so many values in one question
    for start in range(0, len(pks), BATCH):
        opened.filter(row_id__in=pks[start : start + BATCH]).update(ended_at=at)


def open_to_holders(sources: Iterable[Source], by: Person) -> None:
    """Let the people of the holders see sources that were entered many at once."""
    by_body: dict[Organisation, list[Marked]] = {}
    for source in sources:
        if source.holder.organisation is not None:
            by_body.setdefault(source.holder.organisation, []).append(source)
    for body, rows in by_body.items():
        open_to(body, rows, by)


def _at_home(reader: Reader, organisation: Organisation | None) -> None:
    if organisation is not None and is_abroad(reader.person.organisation, organisation):
        raise Refused(_("A holder of this register is no organisation of another State."))


def _told(holder: Holder) -> dict[str, str]:
    body = holder.organisation
    return {
        "address": holder.address,
        "licence": holder.licence,
        "licence_until": str(holder.licence_until or ""),
        "organisation": body.short_name if body else "",
    }
