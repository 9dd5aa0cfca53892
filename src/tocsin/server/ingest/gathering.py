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
from django.db.models import F

from tocsin.field.envelope import Envelope
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.services import leaf_of, record_many
from tocsin.server.clock import now
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


def receive_many(raws: Sequence[bytes]) -> list[Outcome]:
    """Take envelopes that came together, in their order.

    Returns
    -------
    list of Receipt or Refused
        One for each, after everything that is acknowledged is durable.
    """
    outcomes: dict[int, Outcome] = {}
    if usual := _usual(raws):
        try:
            outcomes |= _written_together(usual)
        except Exception as error:
            # one of them does not fit, or came twice at one moment: each by itself then
            if not isinstance(error, DatabaseError):
                log.exception("messages could not be written together")
            outcomes = {}
    for k, raw in enumerate(raws):
        if k not in outcomes:
            try:
                outcomes[k] = receive(raw)
            except Refused as refused:
                outcomes[k] = refused
            except Exception:
                # the others of this moment, alarms among them, are not to wait for it
                log.exception("a message could not be written")
                outcomes[k] = Refused("trouble", "this cannot be kept now", status=503, final=False)
    return [outcomes[k] for k in range(len(raws))]


def _usual(raws: Sequence[bytes]) -> dict[int, Taken]:
    """Messages with records that are verified and unpacked; what is refused is told by itself."""
    envelopes: dict[int, Envelope] = {}
    for k, raw in enumerate(raws):
        try:
            envelope = opened(raw)
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
            taken = taken_apart(raws[k], envelope, devices.get(envelope.header.device))
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
    device: Device
    follows: bool


@transaction.atomic
def _written_together(usual: dict[int, Taken]) -> dict[int, Outcome]:
    # always in one order: two processes that hold some devices each never wait for one another
    keys = {t.device.pk for t in usual.values()}
    devices = {
        d.pk: d for d in Device.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    }
    going = _going(usual, devices)
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
        leaves.append(leaf_of(**leaf_values(one.device, survey, header, digest)))
        outcomes[k] = Receipt(digest, survey.records_through)
    if not batches:
        return {}
    Batch.objects.bulk_create(batches)
    record_many(leaves)
    changed = {b.survey_id: b.survey for b in batches}
    _save_all(list(changed.values()))
    Device.objects.filter(pk__in={s.device_id for s in changed.values()}).update(last_seen_at=at)
    return outcomes


def _going(usual: dict[int, Taken], devices: dict[UUID, Device]) -> dict[tuple[UUID, str], _Going]:
    """Surveys that go on, without an end or records beyond a gap, of devices that may send."""
    boots = {t.header.boot for t in usual.values()}
    surveys = list(LiveSurvey.objects.filter(device__in=devices, boot__in=boots))
    beyond = set(
        Batch.objects.filter(
            survey__in=[s.pk for s in surveys], last__gt=F("survey__records_through")
        ).values_list("survey", flat=True)
    )
    return {
        (s.device_id, s.boot): _Going(s, devices[s.device_id], follows=True)
        for s in surveys
        if devices[s.device_id].revoked_at is None and s.ends_before is None and s.pk not in beyond
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
