"""The live picture for one reader: devices with tracks, alarms with their candidates.

Every row comes through the policy. A device counts as read; its surveys are asked of the policy as
well and are shown as part of it.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from tocsin.errors import ParseError
from tocsin.server.accounts.models import Level
from tocsin.server.alarms.facts import State
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.names import CLASSES, STATES
from tocsin.server.ingest.lane import holding
from tocsin.server.ingest.models import SILENT_AFTER, Device, LiveSurvey
from tocsin.server.ingest.reading import survey_for
from tocsin.server.ingest.shedding import map_is_shed
from tocsin.server.marking.policy import Reader, for_figures, may, visible, within_clearance
from tocsin.server.measurements.models import Kind, Measurement
from tocsin.server.picture.missing import candidates_beside
from tocsin.server.picture.runs import RUNS, SPECTRA, WATERFALL_S, Row, Run
from tocsin.server.picture.trails import Point
from tocsin.server.tracing.models import Candidate

SCHEMA = "tocsin.picture/1"
SHOWN_FOR = timedelta(hours=12)
"""A device that was not heard of for so long has left the picture."""
SHOWN_AFTER_END = timedelta(minutes=10)
MOST_DEVICES = 200
MOST_ALARMS = 50
STALE_S = 3.0
"""Silence beyond the length of a batch after which what is shown is old: with a batch a second, as
agents send over a link that is up, a page that is drawn each second says so within five."""
BEHIND_S = 30.0
"""A batch that the device sealed so long before it came is told as late."""
READ_S = 0.5
"""So long one look reads new batches; what is left waits for the next."""


@dataclass(slots=True)
class Seen:
    """What a viewer has got of each track: its epoch, the number of points and the last one."""

    points: dict[uuid.UUID, tuple[int, int, Point]] = field(default_factory=dict)


def devices_in(reader: Reader) -> QuerySet[Device]:
    """Devices of the picture: heard of lately and not revoked."""
    rows = Device.objects.filter(revoked_at=None, last_seen_at__gt=reader.at - SHOWN_FOR)
    return visible(reader, rows)


def surveys_of(reader: Reader, devices: Iterable[Device]) -> dict[uuid.UUID, LiveSurvey]:
    """The survey of each device that was heard of last, by the device's key.

    Parameters
    ----------
    devices : iterable of Device
        Those that the policy has shown to the reader: whoever a device is opened to sees what it
        measures, within clearance.
    """
    rows = within_clearance(
        reader,
        LiveSurvey.objects.filter(
            device__in=[d.pk for d in devices], last_at__gt=reader.at - SHOWN_FOR
        ),
    )
    found: dict[uuid.UUID, LiveSurvey] = {}
    for survey in rows.order_by("last_at"):
        found[survey.device_id] = survey
    return {
        pk: s for pk, s in found.items() if not s.ended or reader.at - s.last_at <= SHOWN_AFTER_END
    }


def picture(reader: Reader, seen: Seen) -> dict[str, Any]:
    """The picture now; of the tracks what the viewer has not got yet."""
    known = devices_in(reader)
    devices = list(known.order_by("-last_seen_at")[:MOST_DEVICES])
    more_devices = known.count() - len(devices) if len(devices) == MOST_DEVICES else 0
    surveys = surveys_of(reader, devices)
    until_s = time.monotonic() + READ_S
    shown: list[dict[str, Any]] = []
    tracks: list[dict[str, Any]] = []
    for device in devices:
        survey = surveys.get(device.pk)
        if survey is None:
            continue
        run = RUNS.of(survey, until_s)
        shown.append(_device(device, survey, run, reader.at))
        track = _track(survey, run, seen)
        if track is not None:
            tracks.append(track)
    kept = {s.pk for s in surveys.values()}
    seen.points = {pk: known for pk, known in seen.points.items() if pk in kept}
    alarms, more = _alarms(reader, surveys.values())
    return {
        "schema": SCHEMA,
        "at": reader.at.isoformat(timespec="milliseconds"),
        "devices": sorted(shown, key=lambda d: (d["name"], d["id"])),
        "more_devices": more_devices,
        "tracks": tracks,
        "alarms": alarms,
        "more_alarms": more,
        "shed": map_is_shed(),
    }


def state_of(survey: LiveSurvey, run: Run, at: datetime) -> str:
    """``ended``, ``silent``, ``stale`` or ``live``."""
    if survey.ended:
        return "ended"
    if at - survey.last_at > SILENT_AFTER:
        return "silent"
    limit = timedelta(seconds=run.length_s + STALE_S)
    heard_at = _heard_at(survey, run)
    return "live" if heard_at is not None and at - heard_at <= limit else "stale"


def _heard_at(survey: LiveSurvey, run: Run) -> datetime | None:
    """When its newest records came; while older ones are still being read, its newest message."""
    return run.data_at if run.whole else survey.last_at


def _age_s(survey: LiveSurvey, run: Run, at: datetime) -> float | None:
    heard_at = _heard_at(survey, run)
    return None if heard_at is None else round(max(0.0, (at - heard_at).total_seconds()), 1)


def _device(device: Device, survey: LiveSurvey, run: Run, at: datetime) -> dict[str, Any]:
    last = run.rows[-1] if run.rows else None
    late = run.data_at - run.told_at if run.data_at and run.told_at else timedelta()
    latitude, longitude = run.place or (None, None)
    rate = last.counts / last.live_time_s if last and last.live_time_s > 0 else None
    expected = (
        last.expected / last.live_time_s
        if last and last.live_time_s > 0 and last.expected is not None
        else None
    )
    return {
        "id": str(device.pk),
        "survey": str(survey.pk),
        "name": device.name,
        "instrument": device.instrument,
        "state": state_of(survey, run, at),
        "age_s": _age_s(survey, run, at),
        "stale_after_s": round(run.length_s + STALE_S, 1),
        "behind_s": round(late.total_seconds()) if late.total_seconds() > BEHIND_S else None,
        "records": survey.records,
        "faults": survey.faults,
        "rate_cps": _rounded(rate, 1),
        "expected_cps": _rounded(expected, 1),
        "significance": _rounded(last.significance if last else None, 1),
        "dose_rate_uSv_h": _rounded(run.dose_rate_uSv_h, 3),
        "latitude": _rounded(latitude, 6),
        "longitude": _rounded(longitude, 6),
        "level": Level(device.level).name,
        "address": device.get_absolute_url(),
    }


def _track(survey: LiveSurvey, run: Run, seen: Seen) -> dict[str, Any] | None:
    """What of a track is new to the viewer; None where nothing is."""
    epoch, known, newest = seen.points.get(survey.pk, (-1, 0, None))
    with run.lock:
        first, points = run.trail.since(epoch, known)
        epoch_now = run.trail.epoch
    if not points or (epoch == epoch_now and points == [newest]):
        return None
    seen.points[survey.pk] = (epoch_now, first + len(points), points[-1])
    return {
        "survey": str(survey.pk),
        "first": first,
        "points": [[round(a, 6), round(b, 6), _rounded(v, 1)] for a, b, v in points],
    }


def _alarms(reader: Reader, surveys: Iterable[LiveSurvey]) -> tuple[list[dict[str, Any]], int]:
    """Open alarms, the grave ones first, each with what may be what alarmed; and how many more."""
    if not may(reader, "alarms.read"):
        return [], 0
    rows = visible(reader, Alarm.objects.exclude(state=State.CLOSED))
    found = list(rows.order_by("-grave", "-raised_at")[:MOST_ALARMS])
    total = len(found) if len(found) < MOST_ALARMS else rows.count()
    candidates = candidates_beside(reader, [a.pk for a in found])
    told_by = _told_by(found, surveys)
    answer = [
        {
            "id": str(alarm.pk),
            "name": alarm.name,
            "title": alarm.title,
            "class": alarm.source_class,
            "class_name": str(CLASSES.get(alarm.source_class, "")),
            "nuclides": [n["name"] for n in alarm.nuclides],
            "neutron": alarm.neutron,
            "grave": alarm.grave,
            "state": alarm.state,
            "state_name": str(STATES[State(alarm.state)]),
            "raised_at": alarm.raised_at.isoformat(timespec="seconds"),
            "latitude": alarm.latitude,
            "longitude": alarm.longitude,
            "radius_m_95": alarm.radius_m_95,
            "instrument": alarm.instrument,
            "survey": told_by.get(alarm.pk),
            "address": alarm.get_absolute_url(),
            "candidates": [_candidate(row) for row in candidates.get(alarm.pk, [])],
        }
        for alarm in found
    ]
    return answer, total - len(found)


def _candidate(row: Candidate) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.lost_title,
        "probability": round(row.probability, 3),
        "address": row.get_absolute_url(),
    }


def _told_by(alarms: Sequence[Alarm], surveys: Iterable[LiveSurvey]) -> dict[uuid.UUID, str]:
    """Survey of the picture in which an alarm was told, by the alarm's key."""
    shown = {s.pk for s in surveys}
    by_kind: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        if alarm.encounter_kind.startswith("ingest."):
            by_kind[alarm.encounter_kind].append(alarm)
    found: dict[uuid.UUID, str] = {}
    for kind, those in by_kind.items():
        messages = apps.get_model(kind)._default_manager.filter(
            pk__in=[a.encounter_id for a in those], survey__in=shown
        )
        survey_of = dict(messages.values_list("pk", "survey_id"))
        for alarm in those:
            if alarm.encounter_id in survey_of:
                found[alarm.pk] = str(survey_of[alarm.encounter_id])
    return found


# The strip chart and the waterfall of the device that a viewer has chosen


def recent(reader: Reader, survey_pk: uuid.UUID, after: int) -> dict[str, Any]:
    """Rows of a survey after a number, those of the last minutes with their counts over energy.

    Raises
    ------
    Http404
        Where the reader does not see the survey.
    """
    survey = survey_for(reader, survey_pk)
    run = RUNS.of(survey, time.monotonic() + READ_S)
    with run.lock:
        rows = [row for row in run.rows if row.number > after]
        elapsed_s = run.elapsed_s
    edges, bins = _bins(survey, [r for r in rows if elapsed_s - r.start_s <= WATERFALL_S])
    return {
        "schema": "tocsin.picture-recent/1",
        "survey": str(survey.pk),
        "reading": run.reading,
        "state": state_of(survey, run, reader.at),
        "age_s": _age_s(survey, run, reader.at),
        "measured_s": round(elapsed_s, 3),
        "bin_edges_keV": None if edges is None else [round(e, 2) for e in edges],
        "rows": [_row(row, bins.get(row.number)) for row in rows],
    }


def _row(row: Row, bins: list[float] | None) -> dict[str, Any]:
    return {
        "n": row.number,
        "t_s": round(row.start_s, 3),
        "real_s": round(row.real_time_s, 4),
        "live_s": round(row.live_time_s, 4),
        "counts": row.counts,
        "expected": _rounded(row.expected, 2),
        "statistic": _rounded(row.significance, 2),
        "neutrons": row.neutrons,
        "gap": "gap" if row.gap else "",
        "bins": bins,
    }


def _bins(
    survey: LiveSurvey, rows: Sequence[Row]
) -> tuple[list[float] | None, dict[int, list[float]]]:
    """Energy bins, and the counts of each row in them by its number."""
    if not rows:
        return None, {}
    batches = holding(survey.pk, rows[0].first, rows[-1].last)
    edges: list[float] | None = None
    found: dict[int, list[float]] = {}
    for pk, first, last in batches.order_by("-first").values_list("pk", "first", "last"):
        try:
            reduced = SPECTRA.of(pk)
        except ParseError:
            reduced = None
        if reduced is None:
            continue
        those, counts = reduced
        if edges is None:
            edges = those.tolist()
        elif those.tolist() != edges:
            # another calibration: its bins are others and are not drawn over these
            continue
        for row in rows:
            if first <= row.first and row.last <= last:
                part = counts[row.first - first : row.last - first + 1]
                found[row.number] = part.sum(axis=0).tolist()
    return edges, found


def figures(reader: Reader) -> dict[str, int]:
    """How many devices the picture shows in each state; no row is shown."""
    devices = for_figures(reader, Device.objects.filter(revoked_at=None))
    rows = within_clearance(
        reader,
        LiveSurvey.objects.filter(
            device__in=devices.order_by().values("pk"), last_at__gt=reader.at - SHOWN_FOR
        ),
    )
    latest = {
        device: (at, ends)
        for device, at, ends in rows.order_by("last_at").values_list(
            "device_id", "last_at", "ends_before"
        )
    }
    going = [at for at, ends in latest.values() if ends is None]
    silent = sum(reader.at - at > SILENT_AFTER for at in going)
    return {"sending": len(going) - silent, "silent": silent}


def past_surveys(reader: Reader) -> int:
    """How many measurements over time can be played again."""
    return for_figures(reader, Measurement.objects.exclude(kind=Kind.STATIC)).count()


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
