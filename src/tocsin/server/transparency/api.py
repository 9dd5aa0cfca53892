"""The log for programs: events with their proofs, checkpoints, co-signatures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import TocsinError
from tocsin.sealing import Checkpoint, NoteRefused
from tocsin.sealing.note import MOST_BYTES
from tocsin.server.access import reader_of_request
from tocsin.server.answers import Detail
from tocsin.server.audit.cosigning import take_cosignatures
from tocsin.server.audit.identity import log_key
from tocsin.server.audit.keeping import LogAltered
from tocsin.server.audit.models import Leaf
from tocsin.server.transparency.reading import MOST_ID, Filters, one_event, page_of_events
from tocsin.server.transparency.trees import consistency_with, inclusion_of, newest_checkpoint

router = Router(tags=["log"])


class EventRow(Schema):
    """An event in a list; ``position`` is null until the sequencer has given it one."""

    id: int
    position: int | None
    at: datetime
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    reason: str


class EventList(Schema):
    """A part of the events, and where the next one begins."""

    events: list[EventRow]
    before: int | None


class EventOut(EventRow):
    """An event with what was recorded, and the proof that it stands in a signed checkpoint."""

    content: dict[str, Any]
    salt: str
    commitment: str
    proof: list[str] | None
    checkpoint: str | None


class CheckpointOut(Schema):
    """The newest checkpoint and the key that signed it; the note is null before the first."""

    key: str
    size: int
    note: str | None


class CheckpointIn(Schema):
    """A checkpoint as text."""

    note: str = Field(min_length=1, max_length=MOST_BYTES)


class Consistency(Schema):
    """Proof (RFC 6962) that the newest checkpoint begins with the one that was sent."""

    old: int
    new: int
    proof: list[str]
    note: str


class Witnesses(Schema):
    """Witnesses whose co-signature was new."""

    taken: list[str]


@router.get("", response=EventList, url_name="log_events")
def events(
    request: HttpRequest,
    action: Annotated[str, Query(max_length=64)] = "",
    subject: Annotated[str, Query(max_length=64)] = "",
    before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
) -> dict[str, Any]:
    """Events that I may see, the newest first."""
    filters = Filters(action=action, subject=subject)
    rows, older = page_of_events(reader_of_request(request), filters, before=before)
    return {"events": [_row(leaf) for leaf in rows], "before": older}


@router.get("/checkpoint", response={200: CheckpointOut, 409: Detail}, url_name="log_checkpoint")
def checkpoint(request: HttpRequest) -> Any:
    """The newest checkpoint, to be kept elsewhere."""
    try:
        newest = newest_checkpoint()
    except NoteRefused as error:
        return Status(409, {"detail": str(error)})
    return {
        "key": str(log_key().verifier),
        "size": 0 if newest is None else newest.size,
        "note": None if newest is None else newest.written(),
    }


@router.post(
    "/checkpoint/consistency",
    response={200: Consistency, 409: Detail, 422: Detail},
    url_name="log_consistency",
)
def consistency(request: HttpRequest, given: CheckpointIn) -> Any:
    """Prove that the log still begins as a kept checkpoint says; 409 when it does not."""
    try:
        kept = Checkpoint.open(given.note, log_key().verifier)
        newest, proof = consistency_with(kept)
    except NoteRefused as error:
        return Status(422, {"detail": str(error)})
    except LogAltered as error:
        return Status(409, {"detail": str(error)})
    return {
        "old": kept.size,
        "new": newest.size,
        "proof": [step.hex() for step in proof],
        "note": newest.written(),
    }


@router.post("/checkpoint/witness", response={200: Witnesses, 422: Detail}, url_name="log_witness")
def witness(request: HttpRequest, given: CheckpointIn) -> Any:
    """Hand in a checkpoint that came back with a witness's signature."""
    try:
        taken = take_cosignatures(given.note, actor=reader_of_request(request).person)
    except TocsinError as error:
        return Status(422, {"detail": str(error)})
    return {"taken": taken}


@router.get("/{int:pk}", response={200: EventOut, 404: Detail, 409: Detail}, url_name="log_event")
def event(request: HttpRequest, pk: int) -> Any:
    """One event with its proof; 409 when the log was altered there."""
    leaf = one_event(reader_of_request(request), pk)
    if leaf is None:
        raise Http404
    try:
        inclusion = inclusion_of(leaf)
    except (LogAltered, NoteRefused) as error:
        return Status(409, {"detail": str(error)})
    return _row(leaf) | {
        "content": leaf.content,
        "salt": bytes(leaf.salt).hex(),
        "commitment": bytes(leaf.commitment).hex(),
        "proof": None if inclusion is None else [step.hex() for step in inclusion.proof],
        "checkpoint": None if inclusion is None else inclusion.checkpoint.written(),
    }


def _row(leaf: Leaf) -> dict[str, Any]:
    names = ("id", "position", "at", "actor", "action", "subject_kind", "subject_id")
    return {name: getattr(leaf, name) for name in names} | {"reason": leaf.content["reason"]}
