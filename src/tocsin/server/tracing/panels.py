"""What this app adds to pages of the apps above it."""

from __future__ import annotations

from django.urls import reverse

from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.beyond import Panel
from tocsin.server.register.life import MISSING
from tocsin.server.register.models import Source
from tocsin.server.tracing.services.sheets import may_issue
from tocsin.server.tracing.sheets import sheets_of

MOST_SHEETS = 10


def alert_panel(reader: Reader, source: Source) -> Panel | None:
    """Alert sheets of a source, and the way to a new one."""
    if not may(reader, "tracing.read"):
        return None
    sheets = list(sheets_of(reader, source)[:MOST_SHEETS])
    issuing = may_issue(reader, source)
    if not (sheets or issuing):
        return None
    valid = any(getattr(sheet, "end", None) is None for sheet in sheets)
    return Panel(
        "tracing/source_panel.html",
        {
            "sheets": sheets,
            "may_issue": issuing,
            "new": reverse("tracing:sheet_new", args=[source.pk]),
            "outdated": valid and source.status not in MISSING,
        },
    )
