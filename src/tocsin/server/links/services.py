"""Making links."""

from __future__ import annotations

from django.db import connection, transaction

from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.links.models import Link
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.models import Marked

_ADVISORY_LOCK = 0x746F636C  # any number that no other lock of this database uses ("tocl")


def no_links_meanwhile() -> bool:
    """Let nobody make a link before this transaction ends.

    For who takes something away that no link may hang on, and asks after this whether one does.
    It never waits, so that nothing waits behind it: whoever raises an alarm makes links. SQLite
    lets only one transaction write anyhow.

    Returns
    -------
    bool
        False where links are being made just now: leave it and try again later.
    """
    return bool(_lock("pg_try_advisory_xact_lock"))


def _lock(how: str) -> object:
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {how}(%s)", [_ADVISORY_LOCK])
        return cursor.fetchone()[0]


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
    # many at the same time, but not while something is taken away
    _lock("pg_advisory_xact_lock_shared")
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
