"""What a holder has, what is on the way, and what is reserved for it by open orders.

A transfer makes the receiver the holder at once, so what is on the way is part of what is held.
Activities are those of the day asked about. An open order counts as it was ordered until its
sources stand in the register with the buyer: a source that came from its vendor, or was entered
anew, after the order was accepted, takes the place of one ordered source of its nuclide. Batches of
material do the same with each of their pieces.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Came:
    """Something that came to a holder, or is about to.

    Parameters
    ----------
    item : Item
        As it was on the day it came.
    sender : str or None
        Name of the holder that sent it; None where it was entered anew.
    at : datetime or None
        When that was written; None for what is about to come.
    """

    item: Item
    sender: str | None = None
    at: dt.datetime | None = None


Arrivals = Callable[[Holder, dt.datetime], Iterable[Came]]


def sealed_sources(holder: Holder, day: dt.date) -> list[Item]:
    """Sources of the register, those on the way to the holder among them."""
    rows = Source.objects.filter(holder=holder, status__in=HELD)
    return [item_of(source.activities(), day) for source in rows]


def sources_that_came(holder: Holder, since: dt.datetime) -> Iterable[Came]:
    """Sources that came to a holder, or were entered with it, after a moment."""
    rows = (
        Transaction.objects.filter(
            Q(kind=Kind.TRANSFER) | Q(kind=Kind.IMPORT) | Q(number=1), holder=holder, at__gt=since
        )
        .exclude(source__status=Status.WITHDRAWN)
        .select_related("source")
    )
    for row in rows.order_by("at", "pk"):
        sender = str(row.before.get("holder", "")) if row.kind == Kind.TRANSFER else None
        yield Came(item_of(row.source.activities(), row.happened_on), sender, row.at)


INVENTORIES: list[Inventory] = [sealed_sources]
"""What counts as held. Apps above that keep other material add theirs."""
ARRIVALS: list[Arrivals] = [sources_that_came]
"""What came to a holder and may be what was ordered. The same apps add theirs."""


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


def holding_of(holder: Holder, day: dt.date, *, arriving: Came | None = None) -> Holding:
    """What a holder has and what open orders of all vendors reserve for it.

    Parameters
    ----------
    arriving : Came, optional
        What is about to be transferred to it: it takes the place of what was ordered.
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
    return bool(arrived([order]))


def arrived(orders: Iterable[Order]) -> set[UUID]:
    """Orders of which everything stands in the register; the life of a buyer is read once."""
    by_buyer: dict[Holder, set[UUID]] = {}
    for order in orders:
        if order.buyer is not None:
            by_buyer.setdefault(order.buyer, set()).add(order.pk)
    found: set[UUID] = set()
    for buyer, asked in by_buyer.items():
        found |= asked - {one.order.pk for one in _open_lines(buyer, None) if one.number}
    return found


def beside_sources(holder: Holder, day: dt.date) -> list[Item]:
    """What a holder has beside sealed sources."""
    others = [inventory for inventory in INVENTORIES if inventory is not sealed_sources]
    return [item for inventory in others for item in inventory(holder, day)]


def _open_lines(holder: Holder, arriving: Came | None) -> list[_Open]:
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
    since = orders[0].created_at
    came = [(one.at or since, one) for arrivals in ARRIVALS for one in arrivals(holder, since)]
    for _at, one in sorted(came, key=lambda pair: pair[0]):
        _fill(lines, one)
    if arriving is not None:
        _fill(lines, arriving)
    return lines


def _fill(lines: list[_Open], came: Came) -> None:
    """Let what came take the place of what was ordered; of the oldest orders that it fits."""
    left = came.item.number
    for line in lines:
        if not left:
            return
        if not line.number or came.item.form != line.item["form"]:
            continue
        if came.at is not None and line.order.created_at >= came.at:
            continue
        if came.sender is not None and came.sender != line.order.vendor.name:
            continue
        brought = came.item.activity_Bq.get(line.nuclide, 0.0)
        if brought >= LEAST_SHARE * line.activity_Bq:
            taken = min(left, line.number)
            line.number -= taken
            left -= taken
