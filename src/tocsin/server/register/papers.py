"""Documents and photographs of sources and holders: who may hang them there, and their panel."""

from __future__ import annotations

from tocsin.server.documents.hanging import open_for
from tocsin.server.documents.reading import PANEL, panel_values
from tocsin.server.marking.policy import Reader
from tocsin.server.register.beyond import HOLDER_PANELS, SOURCE_PANELS, Panel
from tocsin.server.register.models import Holder, Source


def open_register() -> None:
    """Let documents hang on sources and holders, and show them on their pages."""
    open_for(
        "register.source",
        read="register.read",
        add="register.report",
        answers_for=lambda reader, source: _works_for(reader, source.holder),
    )
    open_for("register.holder", read="register.read", add="register.report", answers_for=_works_for)
    SOURCE_PANELS.append(_panel)
    HOLDER_PANELS.append(_panel)


def _works_for(reader: Reader, holder: Holder) -> bool:
    return holder.organisation_id == reader.person.organisation_id


def _panel(reader: Reader, row: Source | Holder) -> Panel | None:
    values = panel_values(reader, row)
    return None if values is None else Panel(PANEL, values)
