"""What is missing and may be what alarmed, beside the alarms of the picture and of a replay."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tocsin.server.alarms.models import Alarm
from tocsin.server.marking.policy import Reader, may, visible
from tocsin.server.measurements.models import Measurement
from tocsin.server.measurements.reading import alarms_of, analysis_for
from tocsin.server.tracing.models import Candidate, CandidateState
from tocsin.server.tracing.reading import PROPOSED, candidates_for

MOST_CANDIDATES = 3
"""Beside one alarm; the page of the alarm has them all."""


@dataclass(frozen=True, slots=True)
class Beside:
    """An alarm of a past survey with what may be what alarmed.

    Parameters
    ----------
    alarm : Alarm
    candidates : list of Candidate
        The most probable first, at least one.
    """

    alarm: Alarm
    candidates: list[Candidate]


def candidates_beside(
    reader: Reader, alarms: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Candidate]]:
    """Open candidates by the alarm's key, the most probable first."""
    if not alarms or not may(reader, "tracing.read"):
        return {}
    rows = candidates_for(reader).filter(
        found_kind=Alarm._meta.label_lower,
        found_id__in=alarms,
        state=CandidateState.OPEN,
        zone__in=PROPOSED,
    )
    found: dict[uuid.UUID, list[Candidate]] = defaultdict(list)
    for row in rows.order_by("-probability")[: MOST_CANDIDATES * len(alarms)]:
        if len(found[row.found_id]) < MOST_CANDIDATES:
            found[row.found_id].append(row)
    return dict(found)


def beside_alarms(reader: Reader, surveys: Sequence[Measurement]) -> dict[uuid.UUID, list[Beside]]:
    """Alarms of past surveys that have open candidates, by the survey's key.

    The candidates are those of today: a survey may be older than the report of what it met.
    """
    alarms = {
        survey.pk: set(alarms_of(reader, analysis_for(reader, survey)).values())
        for survey in surveys
    }
    found = candidates_beside(reader, set().union(*alarms.values()))
    rows = visible(reader, Alarm.objects.filter(pk__in=found)).order_by("raised_at", "pk")
    shown = [Beside(alarm, found[alarm.pk]) for alarm in rows]
    return {pk: [each for each in shown if each.alarm.pk in those] for pk, those in alarms.items()}
