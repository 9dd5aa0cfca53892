"""Many devices in one transaction: what came in the same moment is written and synced together.

A message is answered after the transaction that holds it. Each keeps its own row, its own leaf in
the log and its own receipt; only the disk is asked once for all. Only the usual message takes this
way: records that follow on what is there, of a survey that goes on. Everything else, and every
message of a detector, is written by itself as :func:`receiving.receive` does.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from tocsin.field.envelope import Envelope
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.services import leaf_of, record_many
from tocsin.server.clock import now
from tocsin.server.ingest.lane import with_a_gap
from tocsin.server.ingest.models import Batch, Device, LiveSurvey
from tocsin.server.ingest.receiving import (
    Receipt,
    Refused,
    Taken,
    batch_of,
    leaf_values,
    opened,
    receive,
    take_in,
    taken_apart,
)

Outcome = Receipt | Refused
log = logging.getLogger(__name__)
CHANGED = ("last_at", "records_through", "faults", "rate_cps")
"""Columns of a survey that a usual batch changes."""


@dataclass(frozen=True, slots=True)
class Brought:
    """An envelope as it came, and what was seen of it before it waited.

    Parameters
    ----------
    raw : bytes
        As it came.
    envelope : Envelope, optional
        The same, opened.
    signed_by : str, optional
        Public key that was seen to have signed it, whole; empty where that is still to be seen.
    """

    raw: bytes
    envelope: Envelope | None = None
    signed_by: str = ""


def receive_many(brought: Sequence[Brought]) -> list[Outcome]:
    """Take envelopes that came together, in their order.

    Returns
    -------
    list of Receipt or Refused
        One for each, after everything that is acknowledged is durable.
    """
    outcomes: dict[int, Outcome] = {}
    if usual := _usual(brought):
        try:
            outcomes |= _written_together(usual)
        except Exception as error:
            # one of them does not fit, or came twice at one moment: each by itself then
            if not isinstance(error, DatabaseError):
                log.exception("messages could not be written together")
            outcomes = {}
    for k, one in enumerate(brought):
        if k not in outcomes:
            try:
                outcomes[k] = receive(one.raw)
            except Refused as refused:
                outcomes[k] = refused
            except Exception:
                # the others of this moment, alarms among them, are not to wait for it
                log.exception("a message could not be written")
                outcomes[k] = Refused("trouble", "this cannot be kept now", status=503, final=False)
    return [outcomes[k] for k in range(len(brought))]


def _usual(brought: Sequence[Brought]) -> dict[int, Taken]:
    """Messages with records that are verified and unpacked; what is refused is told by itself."""
    envelopes: dict[int, Envelope] = {}
    for k, one in enumerate(brought):
        try:
            envelope = one.envelope or opened(one.raw)
        except Refused:
            continue
        header = envelope.header
        if header.lane == "records" and not header.ends and header.last >= header.first:
            envelopes[k] = envelope
    if not envelopes:
        return {}
    devices = {
        d.fingerprint: d
        for d in Device.objects.filter(
            fingerprint__in={e.header.device for e in envelopes.values()}
        )
    }
    usual: dict[int, Taken] = {}
    for k, envelope in envelopes.items():
        try:
            taken = taken_apart(
                brought[k].raw,
                envelope,
                devices.get(envelope.header.device),
                signed_by=brought[k].signed_by,
            )
        except Refused:
            continue
        header, recording = taken.header, taken.recording
        if recording and len(recording.records) == header.last - header.first + 1:
            usual[k] = taken
    return usual


@dataclass(slots=True)
class _Going:
    """A survey in the transaction: what is added to it, and whether the rest goes by itself."""

    survey: LiveSurvey
    follows: bool = True


@transaction.atomic
def _written_together(usual: dict[int, Taken]) -> dict[int, Outcome]:
    # always in one order: two processes that hold some devices each never wait for one another
    keys = {t.device.pk for t in usual.values()}
    rows = Device.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    revoked = dict(rows.values_list("pk", "revoked_at"))
    going = _going(usual, {pk for pk, at in revoked.items() if at is None})
    outcomes: dict[int, Outcome] = {}
    batches: list[Batch] = []
    leaves: list[Leaf] = []
    at = now()
    for k, taken in usual.items():
        header, recording = taken.header, taken.recording
        one = going.get((taken.device.pk, header.boot))
        if one is None or recording is None:
            continue
        survey = one.survey
        if not one.follows or header.first != survey.records_through + 1:
            one.follows = False  # what comes after it in the same moment must not overtake it
            continue
        digest = sha256(taken.raw).hexdigest()
        batches.append(batch_of(survey, taken.raw, header, recording, digest))
        take_in(survey, header, recording)
        survey.records_through = header.last
        survey.last_at = at
        leaves.append(leaf_of(**leaf_values(taken.device, survey, header, digest)))
        outcomes[k] = Receipt(digest, survey.records_through)
    if not batches:
        return {}
    Batch.objects.bulk_create(batches)
    record_many(leaves)
    changed = {b.survey_id: b.survey for b in batches}
    _save_all(list(changed.values()))
    Device.objects.filter(pk__in={s.device_id for s in changed.values()}).update(last_seen_at=at)
    return outcomes


def _going(usual: dict[int, Taken], devices: set[UUID]) -> dict[tuple[UUID, str], _Going]:
    """Surveys that go on, without an end or records beyond a gap, of devices that may send."""
    boots = {t.header.boot for t in usual.values()}
    surveys = list(LiveSurvey.objects.filter(device__in=devices, boot__in=boots))
    beyond = set(with_a_gap([s.pk for s in surveys]).values_list("pk", flat=True))
    return {
        (s.device_id, s.boot): _Going(s)
        for s in surveys
        if s.ends_before is None and s.pk not in beyond
    }


def _save_all(surveys: Sequence[LiveSurvey]) -> None:
    """One prepared statement for all: Django's own way writes one long CASE for each column."""
    meta = LiveSurvey._meta
    by_name = {f.name: f for f in meta.concrete_fields}
    fields = [by_name[name] for name in (*CHANGED, "id")]
    table = connection.ops.quote_name(meta.db_table)
    columns = ", ".join(f"{connection.ops.quote_name(str(f.column))} = %s" for f in fields[:-1])
    rows = [
        [f.get_db_prep_save(getattr(survey, f.attname), connection) for f in fields]
        for survey in surveys
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {columns} WHERE id = %s", rows)  # noqa: S608
