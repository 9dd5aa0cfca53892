"""Taking a message of a device: verified, written once and durably, then acknowledged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction

from tocsin.errors import ParseError, TocsinError
from tocsin.field.envelope import Envelope, Header, open_envelope
from tocsin.field.wire import MOST_PACKED, unpack_json, unpack_records
from tocsin.sealing import VerifierKey
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.ingest.lane import after, holding
from tocsin.server.ingest.models import Batch, Device, EdgeMessage, LiveSurvey, Refusal
from tocsin.server.ingest.presented import present
from tocsin.server.ingest.said import Said, read_said
from tocsin.server.marking.highwater import mark_of
from tocsin.server.measurements.analysing import REAL
from tocsin.server.measurements.records import packed_table, table_of
from tocsin.spectra import Recording

ACTOR = "system:ingest"
BATCH_TAKEN = "ingest.batch"
"""What the log calls a message with records that was taken."""
MOST_BYTES = MOST_PACKED + (128 << 10)
"""A body, its header and its signature."""
REFUSALS_PER_MIN = 600
"""So many messages are refused and told one by one; a flood beyond is turned away at the door."""
COUNTED = (*("last_at", "records_through", "alarms_through", "ends_before", "faults", "rate_cps"),)
"""Columns of a survey that a message changes; the others belong to who brings it together."""
OF_NOBODY = frozenset({"no_envelope", "unknown_device", "signature", "revoked", "altered"})
"""Codes of what anybody may send who holds no key."""
MOST_JOINED = 100
"""Messages behind a gap that are looked at together; there may be those of hours."""
_MINUTE = timedelta(minutes=1)
_FLOOD = "flood"


class Refused(TocsinError):
    """A message that is not taken.

    Parameters
    ----------
    code : str
        Stable and machine-readable.
    status : int
        Of HTTP.
    final : bool
        Whether the device need not try this message again.
    """

    def __init__(self, code: str, text: str, *, status: int, final: bool) -> None:
        super().__init__(text)
        self.code = code
        self.status = status
        self.final = final


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the device may let go: this envelope, and the lane up to a number.

    Parameters
    ----------
    sha256 : str
        Of the envelope.
    through : int
        Up to here everything of the lane is here.
    again : bool
        It was here before: anybody can send again what was overheard.
    """

    sha256: str
    through: int
    again: bool = field(default=False, compare=False)


def receive(raw: bytes) -> Receipt:
    """Take one envelope.

    Returns
    -------
    Receipt
        After everything is durable. A second delivery of the same bytes gets one as well and
        writes nothing.

    Raises
    ------
    Refused
        The message is told in the log and nothing of it is kept.
    """
    try:
        return _receive(raw)
    except Refused as refused:
        if refused.code != _FLOOD:
            _tell_refused(raw, refused)
        raise


@dataclass(frozen=True, slots=True)
class Taken:
    """A message of an enrolled device, verified and unpacked, not yet written."""

    raw: bytes
    device: Device
    header: Header
    recording: Recording | None
    said: Said | None


def _receive(raw: bytes) -> Receipt:
    try:
        envelope = opened(raw)
        device = Device.objects.filter(fingerprint=envelope.header.device).first()
        taken = taken_apart(raw, envelope, device)
    except Refused as refused:
        if refused.code in OF_NOBODY and _flooded():
            # who holds the key of a device is still let in
            raise Refused(_FLOOD, "too many refused messages", status=429, final=False) from refused
        raise
    try:
        return _written(taken)
    except IntegrityError:
        # the same message came twice at one moment: now the other one is there
        return _written(taken)


def _flooded() -> bool:
    return Refusal.objects.filter(at__gt=now() - _MINUTE).count() >= REFUSALS_PER_MIN


def opened(raw: bytes) -> Envelope:
    """The envelope, nothing of it believed yet.

    Raises
    ------
    Refused
        When it is none.
    """
    try:
        return open_envelope(raw)
    except ParseError as error:
        raise Refused("no_envelope", str(error), status=400, final=True) from error


def taken_apart(
    raw: bytes, envelope: Envelope, device: Device | None, *, signed_by: str = ""
) -> Taken:
    """The message, if it is by this device, whole, not revoked, and holds what it must.

    Parameters
    ----------
    raw : bytes
        As it came.
    envelope : Envelope
        The same, opened.
    device : Device or None
        Whose it says it is, as it is in the database now.
    signed_by : str
        Public key that was seen to have signed it, whole; where it is the one of this device, that
        is not computed again.

    Raises
    ------
    Refused
        When it is not.
    """
    if device is None:
        raise Refused("unknown_device", "this device is not enrolled", status=401, final=False)
    seen = bool(signed_by) and signed_by == device.public_key
    if not seen and not envelope.is_by(VerifierKey.parse(device.public_key)):
        raise Refused("signature", "the signature is not by this device", status=401, final=False)
    if device.revoked_at is not None:
        raise Refused("revoked", "this device was revoked", status=403, final=False)
    if not seen and not envelope.is_whole:
        raise Refused("altered", "the body is not the one that was signed", status=422, final=True)
    header = envelope.header
    said = recording = None
    try:
        if header.lane == "alarms":
            said = read_said(unpack_json(envelope.body))
        else:
            recording = unpack_records(envelope.body)
    except ParseError as error:
        raise Refused("unreadable", str(error), status=422, final=True) from error
    realm = said.realm if said is not None else recording.realm if recording is not None else ""
    if device.realm in REAL and realm not in REAL:
        raise Refused(
            "realm",
            f"the records say that they belong to the realm {realm}, the device to {device.realm}",
            status=422,
            final=True,
        )
    return Taken(raw, device, header, recording, said)


@transaction.atomic
def _tell_refused(raw: bytes, refused: Refused) -> None:
    try:
        claimed = open_envelope(raw).header.device
    except ParseError:
        claimed = ""
    row = Refusal.objects.create(
        device=Device.objects.filter(fingerprint=claimed).first() if claimed else None,
        at=now(),
        code=refused.code,
        sha256=sha256(raw).hexdigest(),
        size_bytes=len(raw),
    )
    record(
        actor=ACTOR,
        action="ingest.refused",
        subject=row,
        after={"device": claimed, "sha256": row.sha256, "size_bytes": row.size_bytes},
        reason=refused.code,
    )


@transaction.atomic
def _written(taken: Taken) -> Receipt:
    raw, header, said, recording = taken.raw, taken.header, taken.said, taken.recording
    # one message of a device at a time: numbers and the revocation stay true
    device = Device.objects.select_for_update().get(pk=taken.device.pk)
    if device.revoked_at is not None:
        raise Refused("revoked", "this device was revoked", status=403, final=False)
    digest = sha256(raw).hexdigest()
    survey = _survey(device, header)
    is_new = True
    if said is not None:
        is_new = _keep_message(device, survey, raw, header, said, digest)
    elif recording is not None:
        is_new = _keep_batch(device, survey, raw, header, recording, digest)
    at = now()
    Device.objects.filter(pk=device.pk).update(last_seen_at=at)
    if is_new:
        # what came before and comes again does not make the survey a younger one
        survey.last_at = at
        survey.save(update_fields=COUNTED)
    through = survey.alarms_through if said is not None else survey.records_through
    return Receipt(digest, through, again=not is_new)


def _survey(device: Device, header: Header) -> LiveSurvey:
    found: LiveSurvey | None = LiveSurvey.objects.filter(device=device, boot=header.boot).first()
    if found is not None:
        return found
    mark = mark_of(device)
    at = now()
    survey = LiveSurvey.objects.create(
        **mark.fields(),
        originator=device.originator,
        created_at=at,
        device=device,
        boot=header.boot,
        last_at=at,
    )
    mark.stamp(survey)
    return survey


def _conflict(text: str) -> Refused:
    return Refused("conflict", text, status=409, final=True)


def _keep_batch(
    device: Device,
    survey: LiveSurvey,
    raw: bytes,
    header: Header,
    recording: Recording,
    digest: str,
) -> bool:
    """Whether it is new; else it was here before, and nothing is written."""
    if len(recording.records) != header.last - header.first + 1:
        raise Refused(
            "unreadable", "another number of records than was signed", status=422, final=True
        )
    known = Batch.objects.filter(survey=survey, first=header.first).first()
    if known is not None and known.sha256 == digest:
        return False
    if known is not None or holding(survey.pk, header.first, header.last).exists():
        raise _conflict("these numbers were sent before with other content")
    if survey.upload_id is not None:
        if _was_let_go(survey, digest):
            return False
        raise _conflict("the measurement was made before")
    end = survey.ends_before
    if end is not None and (header.ends or header.last >= end):
        raise _conflict("the survey has ended before")
    if header.ends and after(survey.pk, header.last).exists():
        raise _conflict("there are records after this end")
    batch = batch_of(survey, raw, header, recording, digest)
    batch.save()
    if header.ends:
        survey.ends_before = header.last + 1
    take_in(survey, header, recording)
    survey.records_through = _through(survey)
    record(**leaf_values(device, survey, header, digest))
    if survey.complete and survey.records:
        # the task calls the services of measurements; it is queued with the batch or not at all
        from tocsin.server.ingest.tasks import bring_together

        bring_together.enqueue(str(survey.pk))
    return True


def _was_let_go(survey: LiveSurvey, digest: str) -> bool:
    """Whether this message was taken, and its records were let go since: they do not come back.

    The log keeps the digest of each message that was taken. A device whose receipt was lost sends
    it again and needs the answer.
    """
    if not survey.is_gone:
        return False
    leaves = Leaf.objects.filter(
        subject_kind=survey._meta.label_lower, subject_id=str(survey.pk), action=BATCH_TAKEN
    )
    return leaves.filter(content__after__sha256=digest).exists()


def batch_of(
    survey: LiveSurvey, raw: bytes, header: Header, recording: Recording, digest: str
) -> Batch:
    """The row of a batch, not yet written."""
    return Batch(
        survey=survey,
        first=header.first,
        last=header.last,
        ends=header.ends,
        received_at=now(),
        sha256=digest,
        envelope=raw,
        summary=_summary(recording),
        faults=[list(f) for f in header.faults],
    )


def take_in(survey: LiveSurvey, header: Header, recording: Recording) -> None:
    """What a batch adds to the columns of its survey, but for the numbers."""
    survey.faults += len(header.faults)
    if header.last > survey.records_through:
        survey.rate_cps = _rate_cps(recording) if recording.records else survey.rate_cps


def leaf_values(device: Device, survey: LiveSurvey, header: Header, digest: str) -> dict[str, Any]:
    """What the log tells of a batch."""
    return {
        "actor": ACTOR,
        "action": BATCH_TAKEN,
        "subject": survey,
        "after": {
            "device": device.fingerprint,
            "boot": survey.boot,
            "first": header.first,
            "last": header.last,
            "ends": header.ends,
            "sha256": digest,
            "device_time": header.device_time,
            "faults": len(header.faults),
        },
    }


def _through(survey: LiveSurvey) -> int:
    """Highest number without a gap."""
    through = survey.records_through
    while True:
        rows = list(after(survey.pk, through).values_list("first", "last")[:MOST_JOINED])
        for first, last in rows:
            if first != through + 1:
                return through
            through = last
        # an end without a record moves nothing on: it would be asked for again and again
        if len(rows) < MOST_JOINED:
            return through


def _keep_message(
    device: Device, survey: LiveSurvey, raw: bytes, header: Header, said: Said, digest: str
) -> bool:
    """Whether it is new; else it was here before, and nothing is written."""
    known = EdgeMessage.objects.filter(survey=survey, number=header.first).first()
    if known is not None:
        if known.sha256 != digest:
            raise _conflict("this number was sent before with other content")
        return False
    mark = mark_of(survey)
    message = EdgeMessage(
        **mark.fields(),
        originator=survey.originator,
        created_at=now(),
        survey=survey,
        number=header.first,
        stage=said.stage,
        encounter=said.encounter,
        said=said.values,
        sha256=digest,
        envelope=raw,
    )
    message.save()
    mark.stamp(message)
    numbers = EdgeMessage.objects.filter(survey=survey, number__gt=survey.alarms_through)
    for number in numbers.order_by("number").values_list("number", flat=True):
        if number != survey.alarms_through + 1:
            break
        survey.alarms_through = number
    record(
        actor=ACTOR,
        action="ingest.message",
        subject=message,
        after={
            "device": device.fingerprint,
            "boot": survey.boot,
            "number": message.number,
            "stage": message.stage,
            "encounter": message.encounter,
            "said": message.said,
            "sha256": digest,
            "device_time": header.device_time,
        },
    )
    if message.said:
        present(message, f"{device.name} {said.instrument}".strip(), said.versions)
    return True


def _summary(recording: Recording) -> bytes:
    """Columns of the records, for pages that draw them without unpacking the spectra."""
    records = recording.records
    if not records:
        return b""
    lengths = [r.real_time_s or r.live_time_s or 0.0 for r in records]
    begins = np.concatenate(([0.0], np.cumsum(lengths)[:-1]))
    return packed_table(table_of(records, begins))


def _rate_cps(recording: Recording) -> float | None:
    """Gamma counts over live time of the whole batch."""
    live = sum(r.live_time_s or 0.0 for r in recording.records)
    rate = sum(r.total_counts for r in recording.records) / live if live > 0 else math.nan
    return rate if math.isfinite(rate) else None
