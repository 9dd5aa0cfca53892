"""What every change of a device, batch or shipment needs: rights, days, and its step."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.db import models
from django.db.models import Max
from django.utils.translation import gettext as _

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.holdings.models import Batch, Device, Kind, Shipment, Step
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.register.entries import AHEAD_OF_UTC, EARLIEST
from tocsin.server.register.holders import Refused, mark_of_register
from tocsin.server.register.models import Holder, Source
from tocsin.server.typed import plain

Row = TypeVar("Row", Device, Batch, Shipment)
LONGEST_NOTE = 4000


def is_officer(reader: Reader, row: Device | Batch | Shipment) -> bool:
    """Whether a person keeps the register in which a row stands."""
    mine = row.originator_id == reader.person.organisation_id
    return mine and decide(reader, "register.write", row).allowed


def may_report(reader: Reader, row: Device | Batch) -> bool:
    """Whether a person may report of a row: officers of its register, and people of its holder."""
    if is_officer(reader, row):
        return True
    holds = row.holder.organisation_id == reader.person.organisation_id
    return holds and decide(reader, "register.report", row).allowed


def require_keeper(reader: Reader) -> None:
    """Refuse who keeps no register."""
    if not may(reader, "register.write"):
        raise Refused(_("None of your roles allows this."))


def fresh_fields(reader: Reader) -> dict[str, Any]:
    """Mark and making of a new row of the register."""
    return {
        **mark_of_register(reader).fields(),
        "originator": reader.person.organisation,
        "created_at": now(),
        "created_by": reader.person,
    }


def locked(row: Row) -> Row:
    """The row as it is now; nobody else changes it until the transaction ends."""
    found = type(row)._default_manager.select_for_update().get(pk=row.pk)
    return found


def check_day(day: dt.date, since: dt.date | None = None) -> None:
    """Refuse a day in the future, or before what went before."""
    if day > (now() + AHEAD_OF_UTC).date():
        raise Refused(_("{day} lies in the future").format(day=day))
    if day < (since or EARLIEST):
        raise Refused(_("{day} is before {since}.").format(day=day, since=since or EARLIEST))


def words(text: str, *, needed: str = "") -> str:
    """A note as it is kept.

    Raises
    ------
    Refused
        It is empty and ``needed`` says what is missing.
    """
    note = plain(text)[:LONGEST_NOTE]
    if needed and not note:
        raise Refused(needed)
    return note


def values_of(row: models.Model, names: tuple[str, ...]) -> dict[str, Any]:
    """Fields as steps keep them."""
    found: dict[str, Any] = {}
    for name in names:
        value = getattr(row, name)
        found[name] = value.isoformat() if isinstance(value, dt.date) else value
        if isinstance(value, models.Model):
            found[name] = str(value)
    return found


def number_of(row: models.Model) -> int:
    """How many steps a row has."""
    rows = Step.objects.filter(row_kind=row._meta.label_lower, row_id=row.pk)
    return int(rows.aggregate(most=Max("number"))["most"] or 0)


def write(
    reader: Reader,
    row: Device | Batch | Shipment,
    kind: Kind,
    happened_on: dt.date,
    *,
    note: str = "",
    source: Source | None = None,
    holder: Holder | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Step:
    """Write down one step of a row that is saved already; part of the caller's transaction."""
    was, now_is = before or {}, after or {}
    changed = {name for name in now_is if name not in was or was[name] != now_is[name]}
    step = Step.objects.create(
        row_kind=row._meta.label_lower,
        row_id=row.pk,
        number=number_of(row) + 1,
        kind=kind,
        happened_on=happened_on,
        at=now(),
        by=reader.person,
        note=note,
        source=source,
        holder=holder,
        before={name: was[name] for name in changed if name in was},
        after={name: now_is[name] for name in changed},
    )
    record(
        actor=reader.person,
        action=f"holdings.{kind}",
        subject=row,
        before=step.before,
        after=step.after
        | {"happened_on": happened_on.isoformat()}
        | ({"source": str(source.pk)} if source is not None else {}),
        reason=note,
    )
    return step
