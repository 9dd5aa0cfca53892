"""Co-signatures of witnesses: what came back for a checkpoint that was handed out."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models as django_models
from django.db import transaction

from tocsin.errors import InvalidInput, TocsinError
from tocsin.sealing import Checkpoint, with_cosignatures
from tocsin.server.audit import models
from tocsin.server.audit.export import written_note
from tocsin.server.audit.identity import kept_folders, log_key, witness_keys
from tocsin.server.audit.services import record
from tocsin.server.clock import now


def take_cosignatures(written: str, *, actor: django_models.Model | str) -> list[str]:
    """Keep the co-signatures of known witnesses that a checkpoint came back with.

    Parameters
    ----------
    written : str
        The co-signed checkpoint as text.
    actor : Model or str
        Who hands it in.

    Returns
    -------
    list of str
        Names of the witnesses whose signatures are new.

    Raises
    ------
    NoteRefused
        When it is not a checkpoint of this log, or a signature does not hold.
    InvalidInput
        When no such checkpoint was handed out, or nothing new is on it.
    """
    key = log_key().verifier
    theirs = Checkpoint.open(written.replace("\r\n", "\n").strip("\n") + "\n", key)
    with transaction.atomic():
        row = models.Checkpoint.objects.select_for_update().filter(size=theirs.size).first()
        if row is None:
            raise InvalidInput(f"no checkpoint of {theirs.size} leaves was handed out")
        mine = Checkpoint.open(written_note(row), key)
        with_cosignatures(mine, theirs)  # refuses another text
        taken = []
        for witness in witness_keys():
            had = mine.witnessed_at(witness)
            for time_s in theirs.witnessed_at(witness):
                if time_s in had:
                    continue
                line = next(
                    s.line()
                    for s in theirs.note.signatures
                    if s.is_by(witness) and int.from_bytes(s.body[:8], "big") == time_s
                )
                made = models.Cosignature.objects.create(
                    checkpoint=row,
                    witness=witness.name,
                    line=line,
                    signed_at=_moment(time_s),
                    at=now(),
                )
                record(
                    actor=actor,
                    action="audit.witness",
                    subject=made,
                    after={"size": row.size, "witness": witness.name, "signed_at": time_s},
                )
                taken.append(witness.name)
        if not taken:
            known = ", ".join(w.name for w in witness_keys()) or "none"
            raise InvalidInput(f"no new co-signature of a known witness is on it (known: {known})")
    # Lines of strangers are not kept: only what was checked is handed on.
    kept = Checkpoint.open(written_note(row), key)
    for folder in kept_folders(key):
        if folder.is_there() and folder.file_of(kept.size).exists():
            folder.replace(kept)
    return taken


def _moment(time_s: int) -> datetime:
    try:
        return datetime.fromtimestamp(time_s, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise TocsinError("the time of the co-signature is out of range") from error
