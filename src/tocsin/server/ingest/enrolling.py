"""Enrolling and revoking devices."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.field.envelope import fingerprint
from tocsin.sealing import VerifierKey
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.ingest.models import Device
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import Tlp
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.typed import plain

ACTION = "ingest.enrol"


@transaction.atomic
def enrol(
    reader: Reader,
    *,
    name: str,
    instrument: str,
    public_key: str,
    level: int,
    compartments: Sequence[uuid.UUID] = (),
) -> Device:
    """Enrol a device: from now on what its key signs is taken, under this marking.

    Raises
    ------
    InvalidInput
        Not allowed, no name, no key of a device, a key that is enrolled already, or a marking
        beyond what the person may see.
    """
    if not may(reader, ACTION):
        raise InvalidInput(_("None of your roles allows this."))
    name, instrument = plain(name)[:80], plain(instrument)[:200]
    if not name:
        raise InvalidInput(_("Give the device a name."))
    if level > reader.person.clearance or not set(compartments) <= reader.compartments:
        raise InvalidInput(_("The marking is beyond what you may see yourself."))
    try:
        key = VerifierKey.parse(plain(public_key))
    except InvalidInput as error:
        raise InvalidInput(
            _("This is no public key of a device: copy the line of “tocsin field enroll” whole.")
        ) from error
    if Device.objects.filter(fingerprint=fingerprint(key)).exists():
        raise InvalidInput(_("This key cannot be enrolled: it is used already."))
    mark = Mark(reader.realm, level, frozenset(compartments), Tlp.RED.value)
    row = Device.objects.create(
        **mark.fields(),
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
        name=name,
        instrument=instrument,
        public_key=str(key),
        fingerprint=fingerprint(key),
    )
    mark.stamp(row)
    record(
        actor=reader.person,
        action=ACTION,
        subject=row,
        after={"name": name, "instrument": instrument, "public_key": row.public_key},
    )
    return row


@transaction.atomic
def revoke(reader: Reader, device: Device, *, reason: str) -> None:
    """Take nothing more from a device. There is no way back: a found device gets a new key.

    Raises
    ------
    InvalidInput
        Not allowed, no reason, or revoked before.
    """
    device = Device.objects.select_for_update().get(pk=device.pk)
    if not decide(reader, ACTION, device).allowed:
        raise InvalidInput(_("None of your roles allows this."))
    reason = plain(reason)[:400]
    if not reason:
        raise InvalidInput(_("Say why."))
    if device.revoked_at is not None:
        raise InvalidInput(_("The device was revoked before."))
    device.revoked_at, device.revoked_by, device.revoke_reason = now(), reader.person, reason
    device.save()
    record(
        actor=reader.person,
        action="ingest.revoke",
        subject=device,
        after={"fingerprint": device.fingerprint},
        reason=reason,
    )
