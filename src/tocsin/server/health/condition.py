"""What is measured of the server's own condition, and when it is worth a look."""

from __future__ import annotations

import json
import math
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

import tocsin
from tocsin.server.alarms.models import Outgoing as AlarmOutgoing
from tocsin.server.audit.models import Checkpoint, Leaf
from tocsin.server.holdings.models import Outgoing as BatchOutgoing
from tocsin.server.ingest.detecting import beat_path as detector_beat
from tocsin.server.ingest.models import Shedding
from tocsin.server.measurements.models import Outgoing as EncounterOutgoing
from tocsin.server.measurements.models import State, Upload
from tocsin.server.register.models import Outgoing as SourceOutgoing
from tocsin.server.serving.timers import beat_path

STILL_S = 10.0
"""Silence of the timer process from which something is wrong; it beats every second."""
WAITING = timedelta(minutes=10)
"""Age of an upload that waits, or of what an outbox holds, from which someone should look."""
UNSEALED = timedelta(minutes=5)
FREE_GIB = 2.0
BEHIND_S = 5.0
"""Age of records that the server's detector has not heard."""
RECOVERED_FOR = timedelta(hours=1)
"""So long it is said that the server has recovered."""
OUTBOXES = (AlarmOutgoing, EncounterOutgoing, SourceOutgoing, BatchOutgoing)


@dataclass(frozen=True)
class Reading:
    """One value.

    Parameters
    ----------
    name : str
        What it is.
    value : str
        As people read it.
    good : bool
        Whether all is well.
    """

    name: str | Promise
    value: str
    good: bool = True


def condition(at: datetime) -> list[Reading]:
    """All readings at a moment."""
    return [*_software(), *_room(), *_processes(at), *_live(at), *_log(at)]


def _software() -> list[Reading]:
    versions = (tocsin.__version__, django.get_version(), sys.version.split()[0])
    return [
        Reading(_("Tocsin, Django, Python"), ", ".join(versions)),
        Reading(_("Database"), connection.vendor),
    ]


def _room() -> list[Reading]:
    data = Path(settings.TOCSIN.data)
    free = shutil.disk_usage(data if data.exists() else data.parent).free / 2**30
    return [Reading(_("Free on the disk of the data"), f"{free:.1f} GiB", free > FREE_GIB)]


def _processes(at: datetime) -> list[Reading]:
    try:
        beat = datetime.fromtimestamp(beat_path().stat().st_mtime, UTC)
        silent_s = (datetime.now(UTC) - beat).total_seconds()
        timers = Reading(_("Timers, last beat"), f"{silent_s:.0f} s", silent_s < STILL_S)
    except OSError:
        timers = Reading(_("Timers, last beat"), "–", good=False)
    queued = Upload.objects.filter(state__in=(State.QUEUED, State.ANALYSING))
    oldest = queued.order_by("created_at").first()
    late = oldest is not None and at - oldest.created_at > WAITING
    untold = sum(model.objects.filter(read_at=None).count() for model in OUTBOXES)
    return [
        timers,
        # how many there are is the business of their organisations and realms, not of this page
        Reading(
            _("Analysis of uploads"),
            str(_("behind by over ten minutes") if late else _("in time")),
            not late,
        ),
        Reading(_("Messages between parts, not yet heard"), str(untold), untold < 100),
    ]


def _live(at: datetime) -> list[Reading]:
    """The detector of the server, and what is left undone under load."""
    try:
        told = json.loads(detector_beat().read_text(encoding="ascii"))
        silent_s = (
            datetime.now(UTC) - datetime.fromtimestamp(detector_beat().stat().st_mtime, UTC)
        ).total_seconds()
        behind_s, failures = float(told["behind_s"]), int(told["failures"])
    except (OSError, LookupError, TypeError, ValueError):
        silent_s = behind_s = math.inf
        failures = 0
    going = list(Shedding.objects.filter(ended_at=None))
    ends = Shedding.objects.exclude(ended_at=None).order_by("-ended_at")
    ended_at = ends.values_list("ended_at", flat=True).first()
    words = [str(row.get_what_display()) for row in going]
    if not going and ended_at is not None and at - ended_at < RECOVERED_FOR:
        words = [str(_("nothing any more since {time} UTC")).format(time=f"{ended_at:%H:%M:%S}")]
    return [
        *_detector(silent_s, behind_s, failures),
        Reading(
            _("Left undone because too much comes in"),
            "; ".join(words) or str(_("nothing")),
            not going,
        ),
    ]


def _detector(silent_s: float, behind_s: float, failures: int) -> list[Reading]:
    """What the detector said last counts only so long as it is there."""
    beat, behind = _("Detector, last beat"), _("Detector, behind the instruments")
    if silent_s >= STILL_S:
        since = f" ({silent_s:.0f} s)" if math.isfinite(silent_s) else ""
        return [
            Reading(beat, str(_("not running")) + since, good=False),
            Reading(behind, str(_("hears nothing")), good=False),
            Reading(_("Live surveys that the detector could not hear"), "–", good=False),
        ]
    return [
        Reading(beat, f"{silent_s:.0f} s"),
        Reading(behind, f"{behind_s:.0f} s", behind_s < BEHIND_S),
        Reading(_("Live surveys that the detector could not hear"), str(failures), failures == 0),
    ]


def _log(at: datetime) -> list[Reading]:
    waiting = Leaf.objects.filter(position=None)
    oldest = waiting.order_by("id").first()
    last = Checkpoint.objects.first()
    unsealed = oldest is not None and at - oldest.at > UNSEALED
    return [
        Reading(_("Leaves of the log without a place"), str(waiting.count()), not unsealed),
        Reading(
            _("Last checkpoint"),
            f"{last.size} · {last.at:%Y-%m-%d %H:%M:%S} UTC" if last is not None else "–",
            not unsealed,
        ),
    ]
