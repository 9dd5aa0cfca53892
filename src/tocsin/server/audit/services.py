"""Writing the log: one leaf in the transaction of each change."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now

SALT_BYTES = 32


class OutsideTransaction(RuntimeError):
    """A leaf was to be written without the change it tells of in the same transaction."""


def canonical(content: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no blanks and UTF-8: one text for one content."""
    return json.dumps(
        content,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        cls=DjangoJSONEncoder,
    ).encode()


def commitment(salt: bytes, content: Mapping[str, Any]) -> bytes:
    """Salted commitment of a leaf's content, 32 bytes."""
    return hashlib.sha256(salt + canonical(content)).digest()


def record(
    *,
    actor: models.Model | str,
    action: str,
    subject: models.Model,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Leaf:
    """Write the one leaf of a change.

    Parameters
    ----------
    actor : Model or str
        Person or token that acts; ``"system"`` followed by a colon and the process for what acts
        by itself.
    action : str
        ``app.verb``, as in the table of actions.
    subject : Model
        The row that is made or changed.
    before, after : mapping, optional
        Values that change; no secrets.
    reason : str
        Why, in the actor's words.

    Raises
    ------
    OutsideTransaction
        If no transaction is open.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(
            f"{action}: an audit leaf belongs into the transaction of its change"
        )
    who = actor if isinstance(actor, str) else f"{actor._meta.model_name}:{actor.pk}"
    at = now()
    originator = getattr(subject, "originator_id", None)
    content = json.loads(
        canonical(
            {
                "at": at.isoformat(),
                "actor": who,
                "action": action,
                "subject": {"kind": subject._meta.label_lower, "id": str(subject.pk)},
                "before": dict(before or {}),
                "after": dict(after or {}),
                "reason": reason,
            }
        )
    )
    salt = secrets.token_bytes(SALT_BYTES)
    return Leaf.objects.create(
        at=at,
        actor=who,
        action=action,
        subject_kind=subject._meta.label_lower,
        subject_id=str(subject.pk),
        realm=getattr(subject, "realm", "LIVE"),
        level=getattr(subject, "level", 1),
        organisation=str(originator or ""),
        content=content,
        salt=salt,
        commitment=commitment(salt, content),
    )
