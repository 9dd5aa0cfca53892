"""Where register and reality do not agree, and how that ended."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.allowed import open_to_holder, require_overseer
from tocsin.server.oversight.models import Discrepancy, Ending, Settlement, Trouble
from tocsin.server.register.holders import Refused
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Holder, Source, Transaction
from tocsin.server.typed import plain

REGISTER = "system:register"
MISSING_NOW = {Kind.LOSS: Ending.MISSING, Kind.THEFT: Ending.MISSING}


def raise_discrepancy(
    reader: Reader,
    trouble: Trouble,
    *,
    holder: Holder,
    what: str,
    found_in: Marked,
    source: Source | None = None,
    **where: Any,
) -> Discrepancy:
    """Keep that register and reality do not agree; part of a change that has its own leaf.

    Parameters
    ----------
    found_in : Marked
        Inspection or part of a reconciliation; the discrepancy takes its mark and belongs to its
        register.
    where : dict
        ``part`` or ``inspection``.
    """
    rows = [found_in] if source is None else [found_in, source]
    mark = highwater([mark_of(one) for one in rows])
    row = Discrepancy.objects.create(
        **mark.fields(),
        originator=found_in.originator,
        created_at=now(),
        created_by=reader.person,
        holder=holder,
        trouble=trouble,
        what=what[:1000],
        source=source,
        **where,
    )
    mark.stamp(row)
    open_to_holder(holder, [row], reader.person)
    return row


@transaction.atomic
def settle(reader: Reader, row: Discrepancy, *, ending: Ending, note: str) -> Settlement:
    """Say how a discrepancy ended.

    Raises
    ------
    Refused
        Not allowed, settled already, or without words.
    """
    row = Discrepancy.objects.select_for_update().get(pk=row.pk)
    require_overseer(reader, row)
    note = plain(note)[:1000]
    if not note:
        raise Refused(_("Say how it was settled."))
    if Settlement.objects.filter(discrepancy=row).exists():
        raise Refused(_("It is settled already."))
    end = end_discrepancy(row, ending, note, by=reader.person)
    record(
        actor=reader.person,
        action="oversight.settle",
        subject=row,
        after={"ending": ending, "trouble": row.trouble},
        reason=note,
    )
    return end


def end_discrepancy(
    row: Discrepancy, ending: Ending, note: str, *, by: Person | None
) -> Settlement:
    """Write the end; part of a change that has its own leaf."""
    return Settlement.objects.create(
        discrepancy=row, ending=ending, note=note[:1000], at=now(), by=by
    )


@transaction.atomic
def hear_of_source(row: Transaction) -> None:
    """Settle what a holder said is not there once the register says that it is lost or stolen."""
    if row.kind not in MISSING_NOW:
        return
    waiting = Discrepancy.objects.select_for_update(of=("self",)).filter(
        source=row.source_id,
        trouble__in=(Trouble.NOT_HERE, Trouble.NOT_SEEN),
        settlement=None,
    )
    for found in waiting:
        note = f"register, step {row.number}, {row.kind} on {row.happened_on}"
        end_discrepancy(found, MISSING_NOW[Kind(row.kind)], note, by=row.by)
        record(
            actor=row.by or REGISTER,
            action="oversight.settle",
            subject=found,
            after={"ending": MISSING_NOW[Kind(row.kind)], "trouble": found.trouble},
            reason=note,
        )
