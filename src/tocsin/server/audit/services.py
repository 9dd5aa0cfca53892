"""Writing the log: one leaf in the transaction of each change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from tocsin.sealing import commit, new_salt
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now


class OutsideTransaction(RuntimeError):
    """A leaf was to be written without the change it tells of in the same transaction."""


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
    leaf = leaf_of(
        actor=actor, action=action, subject=subject, before=before, after=after, reason=reason
    )
    leaf.save(force_insert=True)
    return leaf


def record_many(leaves: Sequence[Leaf]) -> None:
    """Write the leaves of several changes that one transaction makes, each from :func:`leaf_of`.

    Raises
    ------
    OutsideTransaction
        If no transaction is open.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction("audit leaves belong into the transaction of their changes")
    Leaf.objects.bulk_create(leaves)


def leaf_of(
    *,
    actor: models.Model | str,
    action: str,
    subject: models.Model,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Leaf:
    """The leaf of a change, not yet written; the parameters are those of :func:`record`."""
    if not connection.in_atomic_block:
        raise OutsideTransaction(
            f"{action}: an audit leaf belongs into the transaction of its change"
        )
    who = actor if isinstance(actor, str) else f"{actor._meta.model_name}:{actor.pk}"
    at = now()
    content = _plain(
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
    salt = new_salt()
    return Leaf(
        at=at,
        actor=who,
        action=action,
        subject_kind=subject._meta.label_lower,
        subject_id=str(subject.pk),
        realm=_realm_of(subject),
        level=getattr(subject, "level", 1),
        organisation=_organisation_of(subject),
        content=content,
        salt=salt,
        commitment=commit(content, salt),
    )


def _plain(content: Mapping[str, Any]) -> Any:
    """The content as JSON holds it: times, identifiers and decimals are texts."""
    return json.loads(json.dumps(content, allow_nan=False, cls=DjangoJSONEncoder))


def _organisation_of(subject: models.Model) -> str:
    """Organisation whose change it is; empty where it is one of the system."""
    if subject._meta.label_lower == "accounts.organisation":
        return str(subject.pk)
    person = getattr(subject, "person", None)
    for owner in (subject, person):
        for name in ("originator_id", "organisation_id", "owner_id", "giver_id"):
            if found := getattr(owner, name, None):
                return str(found)
    return ""


def _realm_of(subject: models.Model) -> str:
    """Realm of a change: the row's own, or that of a person who works in one realm alone."""
    if realm := getattr(subject, "realm", ""):
        return str(realm)
    for owner in (subject, getattr(subject, "person", None)):
        realms = getattr(owner, "realms", None) or []
        if len(realms) == 1:
            return str(realms[0])
    return "LIVE"
