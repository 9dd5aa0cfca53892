"""Making links."""

from __future__ import annotations

from django.db import transaction

from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.links.models import Link
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.models import Marked


@transaction.atomic
def link(
    source: Marked, kind: str, target: Marked, *, actor: Person | str, reason: str = ""
) -> Link:
    """Say that one row hangs together with another.

    Parameters
    ----------
    source, target : Marked
        "source *kind* target", for example "incident *was raised by* alarm". Both of one realm.
    kind : str
        Of ``LinkKind``.
    actor : Person or str
        Who says so: a person, or ``"system:"`` and the process that found it.
    """
    mark = highwater((mark_of(source), mark_of(target)))
    row = Link.objects.create(
        **mark.fields(),
        kind=kind,
        from_kind=source._meta.label_lower,
        from_id=source.pk,
        to_kind=target._meta.label_lower,
        to_id=target.pk,
        originator=source.originator,
        created_at=now(),
        created_by=actor if isinstance(actor, Person) else None,
        reason=reason,
    )
    mark.stamp(row)
    record(
        actor=actor,
        action="links.link",
        subject=row,
        after={"kind": kind, "from": str(source.pk), "to": str(target.pk)},
        reason=reason,
    )
    return row
