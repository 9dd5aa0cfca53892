"""Asking, agreeing, switching off, and the link by which a receiver fetches."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.ingest.models import Device
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import Tlp
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.outlets.addresses import places_of, target_of
from tocsin.server.outlets.composing import devices_to_choose
from tocsin.server.outlets.models import Operation, Standing, Way
from tocsin.server.typed import plain

LONGEST_H = 72
"""Hours from the asking to the end, at most: a choice of ours. A longer operation is asked for
anew."""
Places = dict[str, frozenset[tuple[str, int]]]
"""Where addresses lead, by the address."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for.

    Parameters
    ----------
    name, receiver, way, address, reason : str
    level : int
        Of the receiver.
    tlp : str
    hours : int
        Until it ends by itself.
    area : tuple of four float
        South, west, north, east in degrees.
    positions, alarms : bool
    devices : sequence of Device
    """

    name: str
    receiver: str
    way: str
    address: str
    reason: str
    level: int
    tlp: str
    hours: int
    area: tuple[float, float, float, float]
    positions: bool
    alarms: bool
    devices: Sequence[Device]


@transaction.atomic
def ask(reader: Reader, wish: Wish) -> Operation:
    """Ask for a way out; nothing leaves before another person has agreed.

    Raises
    ------
    InvalidInput
        Not allowed, or something is missing or out of its range.
    """
    if not may(reader, "outlets.ask"):
        raise InvalidInput(_("None of your roles allows this."))
    words = {k: plain(getattr(wish, k)) for k in ("name", "receiver", "address", "reason")}
    if not (words["name"] and words["receiver"] and words["reason"]):
        raise InvalidInput(_("Name, receiver and reason are needed."))
    if wish.way == Way.FETCHED:
        words["address"] = ""
    else:
        target_of(wish.way, words["address"])
    if not 1 <= wish.hours <= LONGEST_H:
        raise InvalidInput(_("It ends within {hours} hours.").format(hours=LONGEST_H))
    if wish.level > reader.person.clearance or wish.tlp not in Tlp.values:
        raise InvalidInput(_("The marking is beyond what you may see yourself."))
    south, west, north, east = wish.area
    if not (-90 <= south < north <= 90 and -180 <= west <= 180 and -180 <= east <= 180):
        raise InvalidInput(_("The area needs south below north, in degrees."))
    if not (wish.positions or wish.alarms):
        raise InvalidInput(_("Choose what leaves."))
    allowed = set(devices_to_choose(reader).values_list("pk", flat=True))
    if not {d.pk for d in wish.devices} <= allowed:
        raise InvalidInput(_("A device is not there."))
    if wish.positions and not wish.devices:
        raise InvalidInput(_("Choose the devices whose places leave."))
    at = now()
    mark = Mark(reader.realm, wish.level, frozenset(), wish.tlp)
    row = Operation.objects.create(
        **mark.fields(),
        **words,
        originator=reader.person.organisation,
        created_at=at,
        created_by=reader.person,
        way=wish.way,
        south=south,
        west=west,
        north=north,
        east=east,
        positions=wish.positions,
        alarms=wish.alarms,
        ends_at=at + timedelta(hours=wish.hours),
    )
    row.devices.set(wish.devices)
    record(
        actor=reader.person,
        action="outlets.ask",
        subject=row,
        after=told(row),
        reason=words["reason"],
    )
    return row


def told(row: Operation) -> dict[str, Any]:
    """What the log has of an operation."""
    return {
        "receiver": row.receiver,
        "way": row.way,
        "address": row.address,
        "level": row.level,
        "tlp": row.tlp,
        "area": [row.south, row.west, row.north, row.east],
        "positions": row.positions,
        "alarms": row.alarms,
        "devices": sorted(str(d.pk) for d in row.devices.all()),
        "ends_at": row.ends_at.isoformat(),
    }


def agree(reader: Reader, operation: Operation) -> Operation:
    """Agree as the second person; from now on it leaves.

    Raises
    ------
    InvalidInput
        Not allowed, asked for by the same person, not waiting, or an address that serves another
        realm.
    """
    known: Places = {}
    for row in _sending(now()):
        # names are looked up before anything is held: an answer may take seconds
        _places(row, known)
    with transaction.atomic():
        at = now()
        # two agreements at once would each miss the other: whoever comes second waits here
        held = list(_sending(at).order_by("pk").select_for_update(no_key=True, of=("self",)))
        row = Operation.objects.select_for_update(of=("self",)).get(pk=operation.pk)
        _own(reader, row, "outlets.agree")
        if row.standing(at) != Standing.ASKED:
            raise InvalidInput(_("This does not wait for anybody any more."))
        if row.created_by_id == reader.person.pk:
            raise InvalidInput(_("A second person must agree: you asked for it yourself."))
        _one_realm(row, held, known)
        row.agreed_by, row.agreed_at = reader.person, at
        row.save(update_fields=["agreed_by", "agreed_at"])
        record(
            actor=reader.person,
            action="outlets.agree",
            subject=row,
            after=told(row) | {"asked_by": str(row.created_by_id)},
        )
    return row


def _sending(at: datetime) -> QuerySet[Operation]:
    """Operations with an address that wait or run, of all realms."""
    return Operation.objects.filter(stopped_at=None, ends_at__gt=at).exclude(address="")


def _places(row: Operation, known: Places) -> frozenset[tuple[str, int]]:
    if row.address not in known:
        known[row.address] = places_of(target_of(row.way, row.address))
    return known[row.address]


def _one_realm(row: Operation, others: Sequence[Operation], known: Places) -> None:
    """An exercise must not reach who receives the real thing, nor the other way round.

    An address is where it leads: two names of one machine are one receiver. What a name leads to
    may change later; each sending looks again.
    """
    if not row.address:
        return
    here = _places(row, known)
    for other in others:
        if other.realm != row.realm and other.agreed_at and here & _places(other, known):
            raise InvalidInput(
                _("This address receives an operation of the realm {realm} now.").format(
                    realm=other.realm
                )
            )


@transaction.atomic
def stop(reader: Reader, operation: Operation, *, reason: str) -> Operation:
    """Switch off at once; one person is enough.

    Raises
    ------
    InvalidInput
        Not of the originator, no reason, or over already.
    """
    row = Operation.objects.select_for_update().get(pk=operation.pk)
    _own(reader, row, "outlets.read")
    reason = plain(reason)[:400]
    if not reason:
        raise InvalidInput(_("Say why."))
    at = now()
    if row.standing(at) not in (Standing.ASKED, Standing.RUNNING):
        raise InvalidInput(_("This is over already."))
    row.stopped_by, row.stopped_at, row.token_sha256 = reader.person, at, ""
    row.save(update_fields=["stopped_by", "stopped_at", "token_sha256"])
    record(actor=reader.person, action="outlets.stop", subject=row, reason=reason)
    return row


@transaction.atomic
def make_link(reader: Reader, operation: Operation) -> str:
    """A new token for the receiver; an earlier one ends. It ends with the operation.

    Raises
    ------
    InvalidInput
        Not allowed, or the operation does not run or is not fetched.
    """
    row = Operation.objects.select_for_update().get(pk=operation.pk)
    _own(reader, row, "outlets.ask")
    if row.way != Way.FETCHED or row.standing(now()) != Standing.RUNNING:
        raise InvalidInput(_("There is nothing to fetch now."))
    token = secrets.token_urlsafe(32)
    row.token_sha256 = hashlib.sha256(token.encode()).hexdigest()
    row.save(update_fields=["token_sha256"])
    record(
        actor=reader.person,
        action="outlets.link",
        subject=row,
        after={"token_sha256": row.token_sha256, "ends_at": row.ends_at.isoformat()},
    )
    return token


def _own(reader: Reader, row: Operation, action: str) -> None:
    mine = row.originator_id == reader.person.organisation_id
    if not (mine and decide(reader, action, row).allowed):
        raise InvalidInput(_("None of your roles allows this."))
