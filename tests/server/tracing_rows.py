"""Rows of tracing and of notices of which every text holds a canary."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from tocsin.server.alarms.models import Alarm
from tocsin.server.clock import now
from tocsin.server.documents.reading import documents_of
from tocsin.server.marking.policy import Reader
from tocsin.server.notices.models import Notice
from tocsin.server.notices.services import bring
from tocsin.server.register.models import Source
from tocsin.server.tracing.models import Candidate, Comparison
from tocsin.server.tracing.services.sheets import issue_sheet


def tracing_rows(
    registrar: Reader, alarm: Alarm, stolen: Source, canary: str
) -> Callable[[str], uuid.UUID]:
    """Make the rows; the answer says which one a route names."""
    looks = documents_of(registrar, stolen).get()
    sheet = issue_sheet(registrar, stolen, call=f"Office {canary}", picture=looks.pk)
    candidate = _candidate(alarm, stolen, canary)
    notice = _notice(registrar, canary)

    def named(route: str) -> uuid.UUID:
        if route == "tracing:sheet_new":
            return stolen.pk
        if route.startswith("tracing:sheet"):
            return sheet.pk
        if route.startswith("tracing"):
            return candidate.pk
        return notice.imported_id if route.startswith("notices:import") else notice.pk

    return named


def _candidate(alarm: Alarm, source: Source, canary: str) -> Candidate:
    """A candidate of which every text holds a canary."""
    row = Candidate.objects.create(
        realm=alarm.realm,
        level=2,
        originator=source.originator,
        created_at=now(),
        relation="found_lost",
        found_kind="alarms.alarm",
        found_id=alarm.pk,
        lost_kind="register.source",
        lost_id=source.pk,
        state="open",
        zone="review",
        probability=0.5,
        found_title=f"found {canary}",
        lost_title=f"lost {canary}",
        compared_at=now(),
    )
    Comparison.objects.create(
        candidate=row,
        number=1,
        at=now(),
        found={"id": canary, "nuclides": [canary]},
        lost={"id": canary, "models": [canary]},
        probability=0.5,
        zone="review",
        weights=[{"field": "place", "bits": 2.0, "why": canary}],
        prior_bits=-14.0,
        versions={"tocsin": "1", "linkage": "1"},
        sign="0" * 64,
    )
    return row


def _notice(registrar: Reader, canary: str) -> Notice:
    """A notice of which every text holds a canary."""
    brought = bring(registrar, b"{}", name=f"{canary}.jsonl")
    fields = {
        **{name: [canary] for name in ("nuclides", "manufacturers", "models", "device_types")},
        **{"activities": [], "serials": [{"value": canary, "of": "device"}]},
        **{"holder": canary, "licence": canary},
    }
    return Notice.objects.create(
        realm=registrar.realm,
        level=0,
        originator=registrar.person.organisation,
        created_at=now(),
        imported=brought,
        line=1,
        event_number=canary,
        kind="lost",
        nuclides=canary,
        place=canary,
        fields=fields,
        passages=[{"field": "kind", "value": canary, "text": canary}],
        sign="0" * 64,
    )
