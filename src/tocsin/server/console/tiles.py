"""The picture of the home page: the stations of the one flow, and what waits, each number a link.

Each app that has something to count adds a station or a tile here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.server.alarms.facts import State
from tocsin.server.alarms.reading import WITH_PLACE, alarm_figures_for, alarms_for, queue_of
from tocsin.server.audit.state import log_state
from tocsin.server.clock import now
from tocsin.server.duties.reading import clocks_for, notices_for
from tocsin.server.duties.templatetags.spans import span
from tocsin.server.incidents.models import IncidentState
from tocsin.server.incidents.reading import incidents_for
from tocsin.server.ingest.reading import numbers_for as device_numbers_for
from tocsin.server.licensing.reading import waiting_for as licences_waiting_for
from tocsin.server.marking.policy import Reader, may
from tocsin.server.measurements.reading import instruments_for, numbers_for
from tocsin.server.oversight.reading import numbers_for as oversight_numbers_for
from tocsin.server.picture.composing import figures as picture_figures
from tocsin.server.picture.composing import past_surveys
from tocsin.server.register.reading import numbers_for as register_numbers_for
from tocsin.server.tracing.missing import missing_figures
from tocsin.server.tracing.reading import candidate_figures_for, queue
from tocsin.server.tracing.sheets import outdated


@dataclass(frozen=True, slots=True)
class Count:
    """One further number of a tile.

    Parameters
    ----------
    label : str
        What is counted.
    number : str
        As people read it.
    address : str
        Page with the rows behind it.
    """

    label: str | Promise
    number: str
    address: str


@dataclass(frozen=True, slots=True)
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
    counts : tuple of Count
        Further numbers.
    grave : bool
        Whether someone must look now.
    leads : str
        For a station of the flow: what of it becomes the next one; empty where it leads elsewhere.
    """

    title: str | Promise
    number: str
    address: str
    counts: tuple[Count, ...] = field(default=())
    grave: bool = False
    leads: str | Promise = ""


TileMaker = Callable[[Reader], Tile | None]


def held(reader: Reader) -> Tile | None:
    """What the State holds, what of it is missing and what is late."""
    if not may(reader, "register.read"):
        return None
    numbers = register_numbers_for(reader)
    page = reverse("register:list")
    grave = sum(numbers.by_category[c] for c in (1, 2, 3))
    return Tile(
        title=_("Sources held"),
        number=str(numbers.held),
        address=f"{page}?status=held",
        counts=(
            Count(_("of category 1 to 3"), str(grave), f"{page}?status=held&category=1-3"),
            Count(_("missing"), str(numbers.missing), f"{page}?status=missing"),
            Count(_("something overdue"), str(numbers.late), f"{page}?late=1"),
        ),
        grave=numbers.missing > 0,
    )


def measured(reader: Reader) -> Tile | None:
    """What was measured, and what of it waits or could not be read."""
    if not may(reader, "measurements.read"):
        return None
    numbers = numbers_for(reader)
    recent = f"{reverse('measurements:list')}?since={reader.at:%Y-%m-%d}"
    uploads = reverse("measurements:uploads")
    return Tile(
        title=_("Measurements"),
        number=str(numbers["measurements"]),
        address=reverse("measurements:list"),
        counts=(
            Count(_("in the last 24 h"), str(numbers["recent"]), recent),
            Count(_("being analysed"), str(numbers["waiting"]), uploads),
            Count(_("not readable, last 24 h"), str(numbers["failed"]), uploads),
            Count(
                _("instruments"),
                str(instruments_for(reader).count()),
                reverse("measurements:instruments"),
            ),
        ),
        leads=_("what rises above the threshold"),
    )


def listening(reader: Reader) -> Tile | None:
    """Devices that send, and those that fell silent in the middle of a survey."""
    if not may(reader, "measurements.read"):
        return None
    numbers = device_numbers_for(reader)
    if not numbers["devices"]:
        return None
    page = reverse("ingest:devices")
    return Tile(
        title=_("Devices sending"),
        number=str(numbers["live"]),
        address=page,
        counts=(
            Count(_("devices silent"), str(numbers["silent"]), page),
            Count(_("devices enrolled"), str(numbers["devices"]), page),
        ),
        grave=numbers["silent"] > 0,
    )


def pictured(reader: Reader) -> Tile | None:
    """Surveys that go on now, on the live picture."""
    if not may(reader, "measurements.read"):
        return None
    numbers = picture_figures(reader)
    page = reverse("picture:live")
    counts = [Count(_("fell silent"), str(numbers["silent"]), page)]
    if may(reader, "alarms.read"):
        placed = alarm_figures_for(reader).exclude(state=State.CLOSED).filter(WITH_PLACE)
        counts.append(Count(_("open alarms with a place"), str(placed.count()), page))
    counts.append(
        Count(
            _("past surveys to replay"),
            str(past_surveys(reader)),
            reverse("picture:replays"),
        )
    )
    return Tile(
        title=_("Live surveys"),
        number=str(numbers["sending"]),
        address=page,
        counts=tuple(counts),
        grave=numbers["silent"] > 0,
    )


def alarming(reader: Reader) -> Tile | None:
    """What is alarming, and how long it waits."""
    if not may(reader, "alarms.read"):
        return None
    rows = alarm_figures_for(reader)
    queue = queue_of(rows, reader.at)
    grave = rows.filter(grave=True).exclude(state=State.CLOSED).count()
    page = reverse("alarms:list")
    return Tile(
        title=_("Open alarms"),
        number=str(queue.open),
        address=page,
        counts=(
            Count(_("not acknowledged"), str(queue.unacknowledged), f"{page}?state=raised"),
            Count(_("grave: no officer decides alone"), str(grave), f"{page}?grave=1"),
            Count(
                _("wait for an expert"),
                str(rows.filter(state=State.UNRESOLVED).count()),
                f"{page}?state={State.UNRESOLVED}",
            ),
            Count(_("the oldest waits since"), span(queue.oldest_s), page),
        ),
        grave=bool(queue.unacknowledged),
        leads=_("what an expert confirms"),
    )


def happened(reader: Reader) -> Tile | None:
    """Incidents that are open."""
    if not may(reader, "incidents.read"):
        return None
    page = reverse("incidents:list")
    rows = incidents_for(reader)
    return Tile(
        title=_("Open incidents"),
        number=str(rows.filter(state=IncidentState.OPEN).count()),
        address=f"{page}?state=open",
        counts=(
            Count(
                _("closed"),
                str(rows.filter(state=IncidentState.CLOSED).count()),
                f"{page}?state=closed",
            ),
        ),
    )


def overdue(reader: Reader) -> Tile | None:
    """Alarms over their time and legal clocks that ran out."""
    counts = []
    number = 0
    if may(reader, "alarms.read"):
        late = alarms_for(reader).exclude(state=State.CLOSED).filter(timer_due_at__lte=reader.at)
        number += (alarms := late.count())
        counts.append(Count(_("alarms over their time"), str(alarms), reverse("alarms:list")))
    if may(reader, "incidents.read"):
        running = clocks_for(reader).filter(end=None)
        number += (late_clocks := running.filter(due_at__lte=reader.at).count())
        page = reverse("duties:clocks")
        counts.append(Count(_("legal clocks run out"), str(late_clocks), page))
        counts.append(Count(_("legal clocks running"), str(running.count()), page))
    if not counts:
        return None
    return Tile(
        title=_("Overdue"),
        number=str(number),
        address=counts[0].address,
        counts=tuple(counts),
        grave=number > 0,
    )


def licensed(reader: Reader) -> Tile | None:
    """Licences that wait for a second officer, and what officers of licences must look at."""
    if not may(reader, "licences.write"):
        return None
    numbers = licences_waiting_for(reader)
    page, orders = reverse("licensing:list"), reverse("licensing:orders")
    return Tile(
        title=_("Licences to confirm"),
        number=str(numbers.proposals),
        address=f"{page}?waiting=1",
        counts=(
            Count(_("end within 90 days"), str(numbers.ends_soon), f"{page}?ends=soon"),
            Count(
                _("orders refused, last 7 days"),
                str(numbers.refusals),
                f"{orders}?state=refused",
            ),
            Count(
                _("delivered, not in the register"),
                str(numbers.undelivered),
                f"{orders}?state=delivered",
            ),
        ),
        grave=numbers.undelivered > 0,
    )


def missing(reader: Reader) -> Tile | None:
    """What is missing, how dangerous, and what was found that may be it."""
    if not may(reader, "tracing.read"):
        return None
    page = reverse("tracing:missing")
    figures = missing_figures(reader)
    candidates = queue(candidate_figures_for(reader)).count()
    counts = [
        Count(_("of category 1 to 3"), str(figures["grave"]), page),
        Count(_("candidates to look at"), str(candidates), reverse("tracing:candidates")),
        Count(
            _("alert sheets to withdraw"),
            str(outdated(reader).count()),
            f"{reverse('tracing:sheets')}?valid=1",
        ),
    ]
    if figures["days"] is not None:
        counts.append(Count(_("days since the oldest"), str(figures["days"]), page))
    return Tile(
        title=_("Missing now"),
        number=str(figures["missing"]),
        address=page,
        counts=tuple(counts),
        grave=figures["missing"] > 0,
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
    address = reverse("audit:checkpoints")
    signed_at = "–" if state.signed_at is None else f"{state.signed_at:%Y-%m-%d %H:%M} UTC"
    counts = [Count(_("newest checkpoint"), signed_at, address)]
    if state.overdue:
        counts.append(Count(_("not signed in time"), str(state.entries - state.signed), address))
    return Tile(
        title=_("Log of changes"),
        number=str(state.entries),
        address=reverse("audit:events"),
        counts=tuple(counts),
        grave=state.overdue,
    )


def overseen(reader: Reader) -> Tile | None:
    """Corrective actions that are overdue, holders that are silent, what does not agree."""
    if not may(reader, "oversight.answer"):
        return None
    numbers = oversight_numbers_for(reader)
    lists = reverse("oversight:reconciliations")
    counts = [
        Count(_("discrepancies open"), str(numbers.unsettled), reverse("oversight:discrepancies")),
        Count(_("sources to be confirmed"), str(numbers.unanswered), lists),
    ]
    if may(reader, "oversight.write"):
        late = f"{reverse('oversight:inspections')}?state=late"
        counts.append(Count(_("holders silent"), str(numbers.silent), lists))
        counts.append(Count(_("inspections overdue"), str(numbers.planned_late), late))
    return Tile(
        title=_("Corrective actions overdue"),
        number=str(numbers.late),
        address=f"{reverse('oversight:findings')}?state=late",
        counts=tuple(counts),
        grave=numbers.late > 0,
    )


STATIONS: list[TileMaker] = [held, measured, alarming, happened]
WAITING: list[TileMaker] = [
    pictured,
    listening,
    missing,
    licensed,
    overdue,
    overseen,
    called_for,
    logged,
]


def flow_for(reader: Reader) -> list[Tile]:
    """The stations of the flow that a reader may see, in its order."""
    return [tile for make in STATIONS if (tile := make(reader)) is not None]


def waiting_for(reader: Reader) -> list[Tile]:
    """What waits for the reader or is late."""
    return [tile for make in WAITING if (tile := make(reader)) is not None]
