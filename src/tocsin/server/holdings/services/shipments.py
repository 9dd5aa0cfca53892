"""Shipments: planned, sources added and taken off, left, arrived, cancelled. No routes."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.clock import now
from tocsin.server.holdings.models import Kind, Loaded, Shipment, ShipmentState, Step
from tocsin.server.holdings.services.writing import (
    check_day,
    fresh_fields,
    is_officer,
    locked,
    require_keeper,
    values_of,
    words,
    write,
)
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.policy import Reader, decide
from tocsin.server.register.holders import Refused
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder, Source
from tocsin.server.typed import plain

KEPT = ("state", "reference", "sender", "receiver", "receiver_text", "leaves_on", "arrives_on")
LONGEST_AHEAD = dt.timedelta(days=3653)
MOST_SOURCES = 500
NEXT = {
    ShipmentState.PLANNED: (Kind.LOADED, Kind.UNLOADED, Kind.LEFT, Kind.CANCELLED),
    ShipmentState.UNDER_WAY: (Kind.ARRIVED,),
}
BECOMES = {
    Kind.LEFT: ShipmentState.UNDER_WAY,
    Kind.ARRIVED: ShipmentState.ARRIVED,
    Kind.CANCELLED: ShipmentState.CANCELLED,
}


@transaction.atomic
def plan(
    reader: Reader,
    *,
    reference: str,
    sender: Holder,
    receiver: Holder | None,
    receiver_text: str,
    leaves_on: dt.date,
    arrives_on: dt.date | None,
) -> Shipment:
    """Plan a shipment.

    Parameters
    ----------
    receiver, receiver_text
        A holder of the register, or somebody else in words.

    Raises
    ------
    Refused
        Not allowed, not complete, or it arrives before it leaves.
    """
    require_keeper(reader)
    for holder in (sender, receiver):
        if holder is not None and not decide(reader, "register.write", holder).allowed:
            raise Refused(_("None of your roles allows this."))
    reference, text = plain(reference)[:80], plain(receiver_text)[:200]
    if not reference:
        raise Refused(_("Give a reference."))
    if receiver is None and not text:
        raise Refused(_("Say to whom it goes."))
    if arrives_on is not None and arrives_on < leaves_on:
        raise Refused(_("It arrives before it leaves."))
    if leaves_on > now().date() + LONGEST_AHEAD:
        raise Refused(_("Nothing is planned more than ten years ahead."))
    shipment = Shipment.objects.create(
        **fresh_fields(reader),
        reference=reference,
        sender=sender,
        receiver=receiver,
        receiver_text="" if receiver is not None else text,
        leaves_on=leaves_on,
        arrives_on=arrives_on,
    )
    write(reader, shipment, Kind.REGISTRATION, now().date(), after=values_of(shipment, KEPT))
    return shipment


@transaction.atomic
def load(reader: Reader, shipment: Shipment, source: Source) -> Step:
    """Add a source; the shipment takes the mark of the gravest of what is on it.

    Raises
    ------
    Refused
        Not allowed, another sender's, or on the list already.
    """
    shipment = locked(shipment)
    _require(reader, shipment, Kind.LOADED)
    if not decide(reader, "register.write", source).allowed or source.status not in HELD:
        raise Refused(_("The source is not held."))
    if source.holder_id != shipment.sender_id:
        raise Refused(_("The source is held by another than the sender."))
    if shipment.loads.count() >= MOST_SOURCES:
        raise Refused(_("No more than {n} sources go together.").format(n=MOST_SOURCES))
    _loaded, fresh = Loaded.objects.get_or_create(shipment=shipment, source=source)
    if not fresh:
        raise Refused(_("The source is on the list already."))
    mark = highwater((mark_of(shipment), mark_of(source)))
    shipment.level, shipment.tlp = mark.level, mark.tlp
    shipment.save()
    mark.stamp(shipment)
    return write(
        reader, shipment, Kind.LOADED, now().date(), source=source, after={"added": source.name}
    )


@transaction.atomic
def unload(reader: Reader, shipment: Shipment, source: Source) -> Step:
    """Take a source off the list.

    Raises
    ------
    Refused
        Not allowed, or not on it.
    """
    shipment = locked(shipment)
    _require(reader, shipment, Kind.UNLOADED)
    gone, _what = shipment.loads.filter(source=source).delete()
    if not gone:
        raise Refused(_("The source is not on the list."))
    return write(
        reader,
        shipment,
        Kind.UNLOADED,
        now().date(),
        source=source,
        after={"taken_off": source.name},
    )


@transaction.atomic
def follow(
    reader: Reader, shipment: Shipment, kind: Kind, *, happened_on: dt.date, note: str = ""
) -> Step:
    """Report that a shipment has left, arrived or will not go.

    Raises
    ------
    Refused
        Not allowed, not possible now, or nothing is on it.
    """
    shipment = locked(shipment)
    _require(reader, shipment, kind)
    check_day(happened_on)
    if kind is Kind.LEFT and not shipment.loads.exists():
        raise Refused(_("There is no source on the list."))
    before = values_of(shipment, KEPT)
    shipment.state = BECOMES[kind]
    if kind is Kind.LEFT:
        shipment.leaves_on = happened_on
    if kind is Kind.ARRIVED:
        if happened_on < shipment.leaves_on:
            raise Refused(_("It arrives before it leaves."))
        shipment.arrives_on = happened_on
    shipment.save()
    return write(
        reader,
        shipment,
        kind,
        happened_on,
        note=words(note, needed=_("Say why.") if kind is Kind.CANCELLED else ""),
        before=before,
        after=values_of(shipment, KEPT),
    )


def possible(reader: Reader, shipment: Shipment) -> list[Kind]:
    """What this reader may report of a shipment now."""
    if not is_officer(reader, shipment):
        return []
    return list(NEXT.get(ShipmentState(shipment.state), ()))


def _require(reader: Reader, shipment: Shipment, kind: Kind) -> None:
    if kind not in possible(reader, shipment):
        raise Refused(_("This cannot be reported of the shipment now, or not by you."))
