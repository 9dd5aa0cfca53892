"""Writing down one step of a source: the transaction, its clock, the leaf of the log, who hears."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Max

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.clocks import Due
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Holder, Outgoing, Source, Transaction
from tocsin.server.register.outbox import deliver_pending

GRAVE = frozenset({Kind.LOSS, Kind.THEFT, Kind.RECOVERY, Kind.FIND})
"""Transactions that apps above hear of; beside them a failed leak test, and what corrects one."""
KEPT = (
    *("status", "place", "practice", "contents", "leak_test_on", "leaking"),
    *("storage_until", "end_of_life", "sent_on", "arrival_on", "receipt_due", "received_on"),
    *("received_from", "elsewhere_place", "elsewhere_until", "device", "device_serial"),
    *("mistake_since", "correction_due"),
)
"""Fields of which a transaction keeps what they were and became; the holder is kept by name."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a transaction says.

    Parameters
    ----------
    kind : Kind
    happened_on : date
    note : str
    holder : Holder or None
        The receiver of a transfer.
    facts : dict
        What was said of this step alone.
    due : Due or None
        Until when it had to be reported.
    corrects : Transaction or None
        The step that it corrects.
    """

    kind: Kind
    happened_on: dt.date
    note: str = ""
    holder: Holder | None = None
    facts: dict[str, str] = field(default_factory=dict)
    due: Due | None = None
    corrects: Transaction | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """What a source was before a step."""

    values: dict[str, Any]
    place: tuple[float | None, float | None]

    @classmethod
    def of(cls, source: Source, more: tuple[str, ...] = ()) -> Former:
        """As it is now; ``more`` are fields that are kept beside ``KEPT``."""
        return cls(values_of(source, more), (source.latitude, source.longitude))


def values_of(source: Source, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields as transactions keep them."""
    found = {name: day_text(getattr(source, name)) for name in (*KEPT, *more)}
    return found | {"holder": source.holder.name}


def day_text(value: Any) -> Any:
    """Days as text, everything else as it is."""
    return value.isoformat() if isinstance(value, dt.date) else value


def is_officer(reader: Reader, source: Source) -> bool:
    """Whether somebody keeps the register in which a source stands."""
    mine = source.originator_id == reader.person.organisation_id
    return mine and may(reader, "register.write")


def next_number(source: Source) -> int:
    """Number of the next step of a source."""
    return int(source.transactions.aggregate(most=Max("number"))["most"] or 0) + 1


def write_step(
    reader: Reader, source: Source, step: Step, former: Former, more: tuple[str, ...] = ()
) -> Transaction:
    """Save a source and write down what was reported of it; part of the caller's transaction."""
    source.save()
    before, after = former.values, values_of(source, more)
    changed = {name for name in after if after[name] != before.get(name)}
    moved = former.place != (source.latitude, source.longitude)
    row = Transaction(
        source=source,
        number=next_number(source),
        kind=step.kind,
        happened_on=step.happened_on,
        at=now(),
        by=reader.person,
        holder=step.holder,
        note=step.note,
        latitude=former.place[0] if moved else None,
        longitude=former.place[1] if moved else None,
        before={name: before.get(name) for name in changed},
        after={name: after[name] for name in changed},
        facts=step.facts,
        corrects=step.corrects,
    )
    set_due(row, step.due)
    row.save(force_insert=True)
    tell(row)
    record(
        actor=reader.person,
        action=f"register.{step.kind}",
        subject=source,
        before=row.before,
        after=row.after
        | {"happened_on": step.happened_on.isoformat(), "exact_place_changed": moved}
        | ({"facts": step.facts} if step.facts else {})
        | ({"corrects": step.corrects.number} if step.corrects else {})
        | ({"late": True, "law": row.law} if row.late else {}),
        reason=step.note,
    )
    return row


def set_due(row: Transaction, due: Due | None) -> None:
    """Write down until when a step had to be reported, and whether it was."""
    if due is not None:
        row.due_at, row.law, row.late = due.at, due.law, row.at > due.at


def tell(row: Transaction) -> None:
    """Let apps above hear of what is grave."""
    if is_grave(row) or (row.corrects is not None and is_grave(row.corrects)):
        Outgoing.objects.create(transaction=row, written_at=now())
        transaction.on_commit(lambda: deliver_pending(now()), robust=True)


def is_grave(row: Transaction) -> bool:
    """Whether a step is one of which an incident is made or told."""
    return row.kind in GRAVE or (row.kind == Kind.LEAK_TEST and bool(row.after.get("leaking")))
