"""Saying what is left undone under load: a row from its beginning to its end, and the log."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.ingest.models import Device, Shed, Shedding

ACTOR = "system:ingest"


@transaction.atomic
def say_shed(what: Collection[str], turned_away: int) -> None:
    """Make the table say that this is left undone from now on, and nothing else."""
    at = now()
    going = {row.what: row for row in Shedding.objects.select_for_update().filter(ended_at=None)}
    for name, row in going.items():
        if name not in what:
            row.ended_at, row.turned_away = at, turned_away if name == Shed.BACKGROUND else 0
            row.save(update_fields=["ended_at", "turned_away"])
            record(
                actor=ACTOR,
                action="ingest.shedding_ended",
                subject=row,
                after={"what": name, "turned_away": row.turned_away},
            )
    for name in what:
        if name not in going:
            row = Shedding.objects.create(what=name, began_at=at)
            record(actor=ACTOR, action="ingest.shedding", subject=row, after={"what": name})


def say_turned_away(fingerprints: Collection[str]) -> None:
    """Let the pages of these devices say that their records wait on them."""
    Device.objects.filter(fingerprint__in=list(fingerprints)).update(turned_away_at=now())


def map_is_shed() -> bool:
    """Whether a picture should be made less often now."""
    return Shedding.objects.filter(ended_at=None, what=Shed.MAP).exists()
