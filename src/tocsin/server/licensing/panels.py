"""What licences add to the page of a holder."""

from __future__ import annotations

from tocsin.server.licensing.models import State
from tocsin.server.licensing.reading import bars_of, is_officer, licences_for
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.beyond import Panel
from tocsin.server.register.models import Holder


def licences_of_holder(reader: Reader, holder: Holder) -> Panel | None:
    """Licences of a holder with what of their limits is taken."""
    if not may(reader, "licences.read"):
        return None
    rows = licences_for(reader).filter(holder=holder).exclude(state=State.REPLACED)
    today = reader.at.date()
    return Panel(
        "licensing/holder_panel.html",
        {
            "rows": [{"licence": row, "bars": bars_of(row, today)} for row in rows],
            "today": today,
            "holder": holder,
            "may_write": is_officer(reader, holder),
        },
    )
