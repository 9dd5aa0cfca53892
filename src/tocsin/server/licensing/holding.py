"""What a holder has, what is on the way, and what is reserved for it by open orders.

A transfer makes the receiver the holder at once, so what is on the way is part of what is held.
Activities are those of the day asked about. An open order counts as it was ordered until its
sources stand in the register with the buyer: a source that came from its vendor, or was entered
anew, after the order was accepted, takes the place of one ordered source of its nuclide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from tocsin.nuclear import SourceActivity
from tocsin.server.licensing.limits import Holding, Item, item_of
from tocsin.server.licensing.models import OPEN, Order
from tocsin.server.register.life import HELD, Kind, Status
from tocsin.server.register.models import Holder, Source, Transaction

LEAST_SHARE = 0.5
"""Part of the ordered activity from which a source may be the one that was ordered: a choice, for
decay on the way and makers' tolerances. What is weaker leaves the reservation as it is."""

Inventory = Callable[[Holder, dt.date], Iterable[Item]]


def sealed_sources(holder: Holder, day: dt.date) -> list[Item]:
    """Sources of the register, those on the way to the holder among them."""
    rows = Source.objects.filter(holder=holder, status__in=HELD)
    return [item_of(source.activities(), day) for source in rows]


INVENTORIES: list[Inventory] = [sealed_sources]
"""What counts as held. Apps above that keep other material add theirs."""


@dataclass(slots=True)
class _Open:
    """What of an order has not come yet."""

    order: Order
    nuclide: str
    activity_Bq: float
    item: dict[str, Any]
    number: int


def item_of_order(row: dict[str, Any], day: dt.date, *, number: int | None = None) -> Item:
    """A line of an order as sources of a day."""
    return item_of(
        [SourceActivity(row["nuclide"], float(row["activity_Bq"]), day)],
        day,
        form=row["form"],
        number=int(row["number"] if number is None else number),
    )


def holding_of(holder: Holder, day: dt.date, *, arriving: Source | None = None) -> Holding:
    """What a holder has and what open orders of all vendors reserve for it.

    Parameters
    ----------
    arriving : Source, optional
        A source about to be transferred to it: it takes the place of an ordered one.
    """
    held = [item for inventory in INVENTORIES for item in inventory(holder, day)]
    reserved = [
        item_of_order(one.item, day, number=one.number)
        for one in _open_lines(holder, arriving)
        if one.number
    ]
    return Holding(held, reserved)


def has_arrived(order: Order) -> bool:
    """Whether everything of an order stands in the register with the buyer."""
    if order.buyer is None:
        return False
    return not any(one.number for one in _open_lines(order.buyer, None) if one.order.pk == order.pk)


def _open_lines(holder: Holder, arriving: Source | None) -> list[_Open]:
    orders = list(
        Order.objects.filter(buyer=holder, state__in=OPEN)
        .select_related("vendor", "buyer")
        .order_by("created_at", "pk")
    )
    lines = [
        _Open(order, row["nuclide"], float(row["activity_Bq"]), row, int(row["number"]))
        for order in orders
        for row in order.items
    ]
    if not lines:
        return []
    came = (
        Transaction.objects.filter(
            Q(kind=Kind.TRANSFER) | Q(kind=Kind.IMPORT) | Q(number=1),
            holder=holder,
            at__gt=orders[0].created_at,
        )
        .exclude(source__status=Status.WITHDRAWN)
        .select_related("source")
        .order_by("at", "pk")
    )
    for row in came:
        sender = str(row.before.get("holder", "")) if row.kind == Kind.TRANSFER else None
        _fill(lines, row.source, row.at, row.happened_on, sender)
    if arriving is not None:
        _fill(lines, arriving, None, None, arriving.holder.name)
    return lines


def _fill(
    lines: list[_Open],
    source: Source,
    at: dt.datetime | None,
    day: dt.date | None,
    sender: str | None,
) -> None:
    """Let a source take the place of one ordered source; of the oldest order that it fits."""
    for line in lines:
        if not line.number or (at is not None and line.order.created_at >= at):
            continue
        if sender is not None and sender != line.order.vendor.name:
            continue
        brought = item_of(source.activities(), day or line.order.created_at.date()).activity_Bq
        if brought.get(line.nuclide, 0.0) >= LEAST_SHARE * line.activity_Bq:
            line.number -= 1
            return
