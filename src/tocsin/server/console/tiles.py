"""Tiles of the home page: each app that has something to count adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.server.alarms.reading import alarms_for, queue_of
from tocsin.server.audit.state import log_state
from tocsin.server.clock import now
from tocsin.server.duties.reading import notices_for
from tocsin.server.duties.templatetags.spans import span
from tocsin.server.incidents.models import IncidentState
from tocsin.server.incidents.reading import incidents_for
from tocsin.server.marking.policy import Reader, may
from tocsin.server.measurements.reading import numbers_for


@dataclass(frozen=True)
class Tile:
    """One number of the home page with what stands behind it.

    Parameters
    ----------
    title : str
        What is counted.
    number : str
        The count, as people read it.
    address : str
        Page with the rows behind it.
    details : tuple of (str, str)
        Further lines: label and value.
    grave : bool
        Whether someone must look now.
    """

    title: str | Promise
    number: str
    address: str
    details: tuple[tuple[str | Promise, str], ...] = field(default=())
    grave: bool = False


TileMaker = Callable[[Reader], Tile | None]


def measured(reader: Reader) -> Tile | None:
    """What was measured, and what of it waits or could not be read."""
    if not may(reader, "measurements.read"):
        return None
    numbers = numbers_for(reader)
    return Tile(
        title=_("Measurements"),
        number=str(numbers["measurements"]),
        address=reverse("measurements:list"),
        details=(
            (_("in the last 24 h"), str(numbers["recent"])),
            (_("being analysed"), str(numbers["waiting"])),
            (_("not readable, last 24 h"), str(numbers["failed"])),
        ),
    )


def alarming(reader: Reader) -> Tile | None:
    """What is alarming, and how long it waits."""
    if not may(reader, "alarms.read"):
        return None
    queue = queue_of(alarms_for(reader), reader.at)
    return Tile(
        title=_("Open alarms"),
        number=str(queue.open),
        address=reverse("alarms:list"),
        details=(
            (_("not acknowledged"), str(queue.unacknowledged)),
            (_("over time"), str(queue.overdue)),
            (_("oldest"), span(queue.oldest_s)),
        ),
        grave=bool(queue.unacknowledged or queue.overdue),
    )


def happened(reader: Reader) -> Tile | None:
    """Incidents that are open."""
    if not may(reader, "incidents.read"):
        return None
    return Tile(
        title=_("Open incidents"),
        number=str(incidents_for(reader).filter(state=IncidentState.OPEN).count()),
        address=reverse("incidents:list"),
    )


def called_for(reader: Reader) -> Tile:
    """Notices that wait for this person."""
    waiting = notices_for(reader).filter(acknowledgement=None).count()
    return Tile(
        title=_("My notices"),
        number=str(waiting),
        address=reverse("duties:notices"),
        grave=waiting > 0,
    )


def logged(reader: Reader) -> Tile | None:
    """Whether every change is in the signed log."""
    if not may(reader, "audit.read"):
        return None
    state = log_state(now())
    signed_at = "–" if state.signed_at is None else f"{state.signed_at:%Y-%m-%d %H:%M} UTC"
    details = [(_("signed"), str(state.signed)), (_("newest checkpoint"), signed_at)]
    if state.overdue:
        details.append((_("NOT SIGNED IN TIME"), str(state.entries - state.signed)))
    return Tile(
        title=_("Log of changes"),
        number=str(state.entries),
        address=reverse("audit:checkpoints"),
        details=tuple(details),
        grave=state.overdue,
    )


MAKERS: list[TileMaker] = [measured, alarming, happened, called_for, logged]


def tiles_for(reader: Reader) -> list[Tile]:
    """The tiles that a reader may see, in the order of the flow."""
    return [tile for make in MAKERS if (tile := make(reader)) is not None]
