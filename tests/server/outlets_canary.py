"""A way out that waits for a second person, every text of which holds a canary."""

from __future__ import annotations

from typing import Any

from tocsin.server.marking.policy import Reader
from tocsin.server.outlets.services import Wish, ask


def outlets_rows(officer: Reader, canary: str) -> dict[str, dict[str, Any]]:
    """What each route of the ways out is to be asked for."""
    row = ask(
        officer,
        Wish(
            name=f"Operation {canary}",
            receiver=canary,
            way="webhook",
            address=f"https://{canary}.example/",
            reason=canary,
            level=1,
            tlp="RED",
            hours=8,
            area=(-1.0, -1.0, 1.0, 1.0),
            positions=False,
            alarms=True,
            devices=(),
        ),
    )
    return {
        **{f"outlets:{name}": {"pk": row.pk} for name in ("operation", "agree", "stop", "link")},
        "outlets:file": {"pk": row.pk, "form": "geojson"},
        "outlets:feed": {"token": "A" * 43, "form": "kml"},
    }
