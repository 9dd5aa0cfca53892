"""What several pages of the holdings share."""

from __future__ import annotations

from typing import Any

from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.documents.reading import panel_values
from tocsin.server.holdings.models import Kind
from tocsin.server.holdings.reading import life_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import may
from tocsin.server.register.beyond import tabs_for

PAGE_ROWS = 50
DANGER = frozenset({Kind.LOSS, Kind.THEFT})
"""Reports that call the authority."""


def list_values(request: ReaderRequest) -> dict[str, Any]:
    """Tabs, and whether the reader keeps the register."""
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "tabs": tabs_for(request.reader),
        "may_write": may(request.reader, "register.write"),
        "query": query.urlencode(),
    }


def row_values(request: ReaderRequest, row: Marked) -> dict[str, Any]:
    """Marking, life and documents of one row."""
    return {
        "level_name": Level(row.level).label,
        "life": life_of(request.reader, row),
        "papers": panel_values(request.reader, row),
        "own": row.originator_id == request.reader.person.organisation_id,
    }


def typed_words(request: ReaderRequest) -> str:
    """Words of the filter."""
    return request.GET.get("text", "").replace("\0", "").strip()[:100]
