"""Devices: entered, sources put in and taken out, and what befalls a device with all in it.

What is reported of a device as a whole is reported of each source in it, in one transaction: a
device that is lost has lost its sources, and each opens its incident and starts its clocks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.clock import now
from tocsin.server.holdings.models import Device, Inside, Kind, Step
from tocsin.server.holdings.services.writing import (
    check_day,
    fresh_fields,
    is_officer,
    locked,
    may_report,
    require_keeper,
    values_of,
    words,
    write,
)
from tocsin.server.marking.policy import Reader
from tocsin.server.register import services as register
from tocsin.server.register.holders import (
    Refused,
    close_to_holder,
    hand_over,
    held_still,
    holder_named,
    open_to,
    receiver_named,
)
from tocsin.server.register.life import HELD, MISSING, Status
from tocsin.server.register.life import Kind as Of
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.practices import NAMES
from tocsin.server.typed import plain

KEPT = ("status", "holder", "place", "maker", "model", "serial", "practice", "sent_on")
WHOLE = {
    Kind.MOVE: Of.MOVE,
    Kind.TRANSFER: Of.TRANSFER,
    Kind.RECEIPT: Of.RECEIPT,
    Kind.LOSS: Of.LOSS,
    Kind.THEFT: Of.THEFT,
    Kind.RECOVERY: Of.RECOVERY,
}
"""Reports of a device that are reported of each source in it."""
BECOMES = {
    Kind.LOSS: Status.LOST,
    Kind.THEFT: Status.STOLEN,
    Kind.RECOVERY: Status.IN_USE,
    Kind.DISPOSAL: Status.DISPOSED,
    Kind.WITHDRAWAL: Status.WITHDRAWN,
}
EXPLAINED = frozenset({Kind.LOSS, Kind.THEFT, Kind.RECOVERY, Kind.WITHDRAWAL})
BY_OFFICERS = frozenset({Kind.DISPOSAL, Kind.WITHDRAWAL, Kind.CORRECTION})


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """What is written of a device.

    Parameters
    ----------
    maker, model, serial : str
        At least one of them.
    practice : str
        Code of a practice, or empty.
    place : str
    """

    maker: str = ""
    model: str = ""
    serial: str = ""
    practice: str = ""
    place: str = ""

    def apply(self, device: Device) -> None:
        """Write it into a device.

        Raises
        ------
        Refused
            Nothing tells the device from others, or the practice is not known.
        """
        device.maker, device.model = plain(self.maker)[:120], plain(self.model)[:120]
        device.serial, device.place = plain(self.serial)[:100], plain(self.place)[:200]
        device.practice = self.practice
        if not (device.maker or device.model or device.serial):
            raise Refused(_("Give maker, model or serial number."))
        if self.practice and self.practice not in NAMES:
            raise Refused(_("This practice is not known."))


@transaction.atomic
def register_device(reader: Reader, holder_name: str, entry: DeviceEntry) -> Device:
    """Enter a device.

    Raises
    ------
    Refused
        Not allowed, or one of this maker, model and serial number is there already.
    """
    require_keeper(reader)
    (holder,) = held_still(holder_named(reader, holder_name))
    fields = fresh_fields(reader)
    device = Device(**fields, holder=holder, since=fields["created_at"].date())
    entry.apply(device)
    _alone(device)
    device.save(force_insert=True)
    if holder.organisation is not None:
        open_to(holder.organisation, [device], reader.person)
    write(reader, device, Kind.REGISTRATION, device.since, after=values_of(device, KEPT))
    return device


@transaction.atomic
def correct_device(
    reader: Reader, device: Device, entry: DeviceEntry, *, reason: str, seen: int
) -> Step:
    """Correct what is written of a device; what it said before stays in the step.

    Raises
    ------
    Refused
        Not allowed, without a reason, or something was reported in the meantime.
    """
    device = locked(device)
    if not is_officer(reader, device):
        raise Refused(_("None of your roles allows this."))
    note = words(reason, needed=_("Say why it is corrected."))
    if _steps_of(device) != seen:
        raise Refused(_("Something was reported in the meantime: look again."))
    before = values_of(device, KEPT)
    entry.apply(device)
    _alone(device)
    device.save()
    today = now().date()
    return write(
        reader,
        device,
        Kind.CORRECTION,
        today,
        note=note,
        before=before,
        after=values_of(device, KEPT),
    )


@transaction.atomic
def put_in(
    reader: Reader, device: Device, source: Source, *, happened_on: dt.date, note: str = ""
) -> Step:
    """Report that a source was put into a device; the register hears of its installation.

    Raises
    ------
    Refused
        Not allowed, the device is not there, the source is not held by the same holder, or is in
        a device already.
    """
    device, source = locked(device), _locked_source(source)
    _require(reader, device, Kind.PUT_IN)
    check_day(happened_on)
    if source.holder_id != device.holder_id or source.realm != device.realm:
        raise Refused(_("Source and device have different holders."))
    if source.status not in HELD:
        raise Refused(
            _("The source is not held: {status}.").format(status=source.get_status_display())
        )
    other = Inside.objects.select_related("device").filter(source=source).first()
    if other is not None:
        raise Refused(_("The source is in {name} already.").format(name=other.device.name))
    register.report(
        reader,
        source,
        Of.INSTALLATION,
        happened_on=happened_on,
        note=words(note),
        place=device.place,
        facts={
            "device": f"{device.maker} {device.model}".strip() or device.name,
            "device_serial": device.serial,
        },
    )
    Inside.objects.create(source=source, device=device, since=happened_on)
    return write(
        reader,
        device,
        Kind.PUT_IN,
        happened_on,
        note=words(note),
        source=source,
        after={"in": source.name},
    )


@transaction.atomic
def take_out(
    reader: Reader, device: Device, source: Source, *, happened_on: dt.date, note: str = ""
) -> Step:
    """Report that a source was taken out of a device.

    Raises
    ------
    Refused
        Not allowed, or it is not in this device.
    """
    device = locked(device)
    _require(reader, device, Kind.TAKEN_OUT)
    inside = Inside.objects.select_for_update().filter(source=source, device=device).first()
    if inside is None:
        raise Refused(_("The source is not in this device."))
    check_day(happened_on, inside.since)
    inside.delete()
    return write(
        reader,
        device,
        Kind.TAKEN_OUT,
        happened_on,
        note=words(note),
        source=source,
        before={"in": source.name},
        after={"in": ""},
    )


@transaction.atomic
def report_device(
    reader: Reader,
    device: Device,
    kind: Kind,
    *,
    happened_on: dt.date,
    note: str = "",
    receiver: str = "",
    place: str = "",
) -> Step:
    """Report what befell a device, and with it each source in it of which it can be said.

    Parameters
    ----------
    kind : Kind
        One of :func:`possible`.
    note : str
        What is known; needed for a loss, a theft, a recovery and a withdrawal.
    receiver : str
        Exact name or licence number of the receiver of a transfer.
    place : str
        Where it is from now on.

    Raises
    ------
    Refused
        Not allowed, not possible, not complete, or refused for one of the sources; then nothing
        is reported at all.
    """
    device = locked(device)
    _require(reader, device, kind)
    if kind not in WHOLE and kind not in BECOMES:
        # what is put in, taken out or corrected is told in other ways, a correction with its reason
        raise Refused(_("This cannot be reported of the device now, or not by you."))
    missing = device.status in MISSING
    check_day(happened_on, device.since if missing and kind is Kind.RECOVERY else None)
    note = words(note, needed=_("Say what is known of it.") if kind in EXPLAINED else "")
    place = plain(place)[:200]
    if kind is Kind.MOVE and not place:
        raise Refused(_("Say where it is now."))
    inside = [i.source for i in device.insides.select_related("source__holder").order_by("pk")]
    if kind in {Kind.DISPOSAL, Kind.WITHDRAWAL} and inside:
        raise Refused(_("There are sources in it: report them first, or take them out."))
    before = values_of(device, KEPT)
    holder = receiver_named(_carrier(device), receiver) if kind is Kind.TRANSFER else None
    told = [
        s.name
        for s in inside
        if _of_source(reader, device, s, kind, happened_on, note, receiver, place)
    ]
    _change(reader, device, kind, happened_on, place=place, holder=holder)
    return write(
        reader,
        device,
        kind,
        happened_on,
        note=note,
        holder=holder,
        before=before | {"sources": []},
        after=values_of(device, KEPT) | {"sources": told},
    )


def possible(reader: Reader, device: Device) -> list[Kind]:
    """What this reader may report of a device now."""
    if not may_report(reader, device):
        return []
    officer = is_officer(reader, device)
    if device.status in MISSING:
        found = [Kind.RECOVERY] + ([Kind.THEFT] if device.status == Status.LOST else [])
    elif device.status == Status.IN_USE:
        found = [Kind.LOSS, Kind.THEFT, Kind.PUT_IN, Kind.TAKEN_OUT, Kind.MOVE]
        found.append(Kind.RECEIPT if device.sent_on else Kind.TRANSFER)
        found += [Kind.DISPOSAL, Kind.CORRECTION, Kind.WITHDRAWAL]
    else:
        found = []
    if not device.insides.exists():
        found = [kind for kind in found if kind is not Kind.TAKEN_OUT]
    return [kind for kind in found if officer or kind not in BY_OFFICERS]


def _of_source(
    reader: Reader,
    device: Device,
    source: Source,
    kind: Kind,
    happened_on: dt.date,
    note: str,
    receiver: str,
    place: str,
) -> bool:
    """Report of one source what befell its device; False where the register knows it already."""
    wanted = WHOLE.get(kind)
    if wanted is None or wanted not in register.steps(reader, source):
        return False
    text = _("with {name}").format(name=device.name)
    try:
        register.report(
            reader,
            source,
            wanted,
            happened_on=happened_on,
            note=f"{note} ({text})".strip() if note else text,
            receiver=receiver,
            place=place,
        )
    except Refused as refusal:
        raise Refused(f"{source.name}: {refusal}") from refusal
    return True


def _change(
    reader: Reader,
    device: Device,
    kind: Kind,
    day: dt.date,
    *,
    place: str,
    holder: Holder | None,
) -> None:
    becomes = BECOMES.get(kind)
    if becomes is not None:
        device.status, device.since = becomes, day
    if place and kind in {Kind.MOVE, Kind.RECEIPT, Kind.RECOVERY}:
        device.place = place
    if kind is Kind.RECEIPT or device.status != Status.IN_USE:
        device.sent_on = None
    if holder is not None:
        hand_over(device, holder, reader.person)
        device.place, device.sent_on = "", day
    if kind is Kind.WITHDRAWAL:
        close_to_holder(device)
    device.save()


def _carrier(device: Device) -> Source:
    """A source as ``receiver_named`` asks for it, with holder and register of the device."""
    return Source(holder=device.holder, originator=device.originator, realm=device.realm)


def _require(reader: Reader, device: Device, kind: Kind) -> None:
    if kind not in possible(reader, device):
        raise Refused(_("This cannot be reported of the device now, or not by you."))


def _locked_source(source: Source) -> Source:
    return Source.objects.select_for_update().select_related("holder").get(pk=source.pk)


def _alone(device: Device) -> None:
    if not device.serial:
        return
    others = Device.objects.filter(
        originator=device.originator,
        realm=device.realm,
        maker__iexact=device.maker,
        model__iexact=device.model,
        serial__iexact=device.serial,
    ).exclude(pk=device.pk)
    if others.exclude(status=Status.WITHDRAWN).exists():
        raise Refused(_("A device of this maker, model and serial number is there already."))


def _steps_of(device: Device) -> int:
    return Step.objects.filter(row_kind="holdings.device", row_id=device.pk).count()
