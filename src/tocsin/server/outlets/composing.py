"""What would leave now: through the policy of both persons, and never above the receiver."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from tocsin.server.alarms.facts import State
from tocsin.server.alarms.models import Alarm
from tocsin.server.ingest.models import Device
from tocsin.server.marking.aggregation import in_force
from tocsin.server.marking.highwater import TLP_ORDER, Mark, highwater, mark_of, raised
from tocsin.server.marking.models import Marked, Tlp
from tocsin.server.marking.policy import Reader, for_figures, may, reader_of, visible
from tocsin.server.outlets.models import Operation, Standing
from tocsin.server.picture.composing import surveys_of
from tocsin.server.picture.runs import RUNS

SCHEMA = "tocsin.outlet/1"
MOST_ALARMS = 200
READ_S = 0.5

Row = TypeVar("Row", bound=Marked)


@dataclass(frozen=True, slots=True)
class Thing:
    """One device or alarm as it leaves.

    Parameters
    ----------
    id : str
    kind : str
        ``device`` or ``alarm``.
    name, text : str
    latitude, longitude : float
        WGS-84 degrees.
    radius_m : float or None
        Within which it lies with 95 %.
    at : str
        When that was so, ISO 8601.
    """

    id: str
    kind: str
    name: str
    text: str
    latitude: float
    longitude: float
    radius_m: float | None
    at: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """What leaves of an operation at one moment.

    Parameters
    ----------
    things : tuple of Thing
    held_back : int
        Rows that stay because they are above the receiver; all of them where so many places
        together are.
    mark : Mark
        Of all that leaves.
    """

    things: tuple[Thing, ...]
    held_back: int
    mark: Mark

    @property
    def digest(self) -> str:
        """Hash by which two moments with the same content are known."""
        told = json.dumps([asdict(thing) for thing in self.things], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


def leaving(operation: Operation, at: datetime, to: Reader | None = None) -> Leaving:
    """What leaves now; nothing of an operation that does not run.

    Parameters
    ----------
    to : Reader, optional
        Who looks at it here: of what leaves, what this person may see, counted as read.
    """
    lowest = Mark(operation.realm, 0, frozenset(), Tlp.CLEAR.value)
    if operation.standing(at) != Standing.RUNNING or not _still_may(operation):
        return Leaving((), 0, lowest)
    told: list[tuple[Mark, Thing]] = []
    held_back = 0
    for own, thing in _candidates(operation, to):
        if _too_high(operation, own):
            held_back += 1
        else:
            told.append((own, thing))
    mark = highwater([lowest, *(own for own, _thing in told)])
    together = raised(mark, rows=len(told), limit=in_force().most)
    if together.level > operation.level:
        # so many places together tell more than the receiver may know
        return Leaving((), held_back + len(told), lowest)
    return Leaving(tuple(thing for _mark, thing in told), held_back, together)


def content_of(operation: Operation, gone: Leaving, at: datetime) -> dict[str, Any]:
    """The same for programs."""
    return {
        "schema": SCHEMA,
        "operation": str(operation.pk),
        "name": operation.name,
        "realm": operation.realm,
        "level": gone.mark.level,
        "tlp": gone.mark.tlp,
        "at": at.isoformat(),
        "ends_at": operation.ends_at.isoformat(),
        "things": [asdict(thing) for thing in gone.things],
    }


def _too_high(operation: Operation, mark: Mark) -> bool:
    return (
        mark.level > operation.level
        or bool(mark.compartments)
        or TLP_ORDER.index(mark.tlp) > TLP_ORDER.index(operation.tlp)
    )


def readers_of(operation: Operation) -> tuple[Reader, ...]:
    """The two persons as the policy sees them now, in the realm of the operation."""
    persons = [p for p in (operation.created_by, operation.agreed_by) if p is not None]
    return tuple(reader_of(p, realm=operation.realm) for p in persons)


def _still_may(operation: Operation) -> bool:
    """Whether both hold today what their words rested on."""
    return all(
        r.realm == operation.realm
        and r.person.clearance >= operation.level
        and may(r, "outlets.read")
        and may(r, "alarms.read")
        for r in readers_of(operation)
    )


def _seen(operation: Operation, rows: QuerySet[Row], to: Reader | None) -> QuerySet[Row]:
    # no reading by a person at a screen: each sending has its leaf in the log
    for reader in readers_of(operation):
        rows = for_figures(reader, rows)
    return rows if to is None else visible(to, rows)


def _candidates(operation: Operation, to: Reader | None) -> list[tuple[Mark, Thing]]:
    found: list[tuple[Mark, Thing]] = []
    if operation.positions:
        found += _devices(operation, to)
    if operation.alarms:
        found += _alarms(operation, to)
    return [(mark, t) for mark, t in found if operation.holds(t.latitude, t.longitude)]


def _devices(operation: Operation, to: Reader | None) -> list[tuple[Mark, Thing]]:
    chosen = operation.devices.filter(revoked_at=None)
    devices = list(_seen(operation, chosen.order_by("name"), to))
    readers = (*readers_of(operation), *((to,) if to is not None else ()))
    one, *others = (surveys_of(reader, devices) for reader in readers)
    surveys = {pk: s for pk, s in one.items() if all(there.get(pk) == s for there in others)}
    until_s = time.monotonic() + READ_S
    found: list[tuple[Mark, Thing]] = []
    for device in devices:
        survey = surveys.get(device.pk)
        if survey is None or survey.ended:
            continue
        run = RUNS.of(survey, until_s)
        place = run.place
        if place is None or not run.whole:
            # what is still being read is an old place, and would leave as that of now
            continue
        thing = Thing(
            id=str(device.pk),
            kind="device",
            name=device.name,
            text=device.instrument,
            latitude=round(place[0], 6),
            longitude=round(place[1], 6),
            radius_m=None,
            at=survey.last_at.isoformat(),
        )
        # its place is the survey's, which may be marked higher than the device
        found.append((highwater((mark_of(device), mark_of(survey))), thing))
    return found


def _alarms(operation: Operation, to: Reader | None) -> list[tuple[Mark, Thing]]:
    rows = Alarm.objects.exclude(state=State.CLOSED).filter(
        Q(longitude__gte=operation.west) & Q(longitude__lte=operation.east)
        if operation.west <= operation.east
        else Q(longitude__gte=operation.west) | Q(longitude__lte=operation.east),
        latitude__range=(operation.south, operation.north),
    )
    found: list[tuple[Mark, Thing]] = []
    for alarm in _seen(operation, rows, to).order_by("-grave", "-raised_at")[:MOST_ALARMS]:
        if alarm.latitude is None or alarm.longitude is None:
            continue
        thing = Thing(
            id=str(alarm.pk),
            kind="alarm",
            name=alarm.name,
            text=alarm.title,
            latitude=alarm.latitude,
            longitude=alarm.longitude,
            radius_m=alarm.radius_m_95,
            at=(alarm.measured_at or alarm.raised_at).isoformat(),
        )
        found.append((mark_of(alarm), thing))
    return found


def devices_to_choose(reader: Reader) -> QuerySet[Device]:
    """Devices that a person may let take part."""
    return for_figures(reader, Device.objects.filter(revoked_at=None)).order_by("name")
