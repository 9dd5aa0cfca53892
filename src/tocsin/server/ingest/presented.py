"""From what a device says to an alarm, once; and from it to the encounter of the analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tocsin.nuclear.classes import GRAVITY, is_alarm
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.services import raise_from_encounter
from tocsin.server.ingest.missing import as_sent
from tocsin.server.ingest.models import EdgeMessage, ServerMessage
from tocsin.server.links.models import Link, LinkKind
from tocsin.server.links.services import link
from tocsin.server.measurements.models import Encounter

ACTOR = "system:ingest"
Message = EdgeMessage | ServerMessage


def present(message: Message, instrument: str, versions: Mapping[str, str]) -> Alarm | None:
    """Raise the alarm of an encounter when it is first told, and another one if it turns graver.

    The message at its end repeats what was told while it went on; that calls nobody again. Nor does
    what the server finds in records that the device has raised an alarm for, or the other way
    round: it is linked to that alarm as evidence. The caller holds the row of the survey, so that
    the two do not speak at one moment.
    """
    if not is_alarm(message.said["class"], neutron=message.said["neutron"]):
        return None
    for row, alarm in _raised(message):
        if not _as_grave(row.said, message.said):
            continue
        if type(row) is not type(message) and not _is_linked(message, alarm):
            link(message, LinkKind.EVIDENCE, alarm, actor=ACTOR, reason=OTHER_SIDE[type(message)])
        return None
    return raise_from_encounter(message, message.said, instrument=instrument, versions=versions)


TOLD_BY: Mapping[type[Message], str] = {
    EdgeMessage: "told by the device",
    ServerMessage: "told by the server while the survey went on",
}
OTHER_SIDE: Mapping[type[Message], str] = {
    EdgeMessage: "the detector on the device says it as well",
    ServerMessage: "the detector on the server says it as well",
}


def _raised(message: Message) -> list[tuple[Message, Alarm]]:
    """What was said of the same passing before and raised an alarm: by this side, then the other.

    One side knows its encounters by their numbers; the two know each other by the records.
    """
    model = type(message)
    other = ServerMessage if model is EdgeMessage else EdgeMessage
    own = model.objects.filter(survey=message.survey_id, encounter=message.encounter)
    others = other.objects.filter(survey=message.survey_id).exclude(said={})
    rows: list[Message] = [
        *own.exclude(pk=message.pk),
        *(row for row in others if _overlap(row.said, message.said)),
    ]
    alarms = {
        a.encounter_id: a for a in Alarm.objects.filter(encounter_id__in=[r.pk for r in rows])
    }
    return [(row, alarms[row.pk]) for row in rows if row.pk in alarms]


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(
        one["first_record"] <= other["last_record"] and other["first_record"] <= one["last_record"]
    )


def _is_linked(message: Message, alarm: Alarm) -> bool:
    """Whether this side has said so of the same encounter before: once is enough."""
    same = type(message).objects.filter(survey=message.survey_id, encounter=message.encounter)
    return Link.objects.filter(
        kind=LinkKind.EVIDENCE, from_id__in=same.values("pk"), to_id=alarm.pk
    ).exists()


def _as_grave(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether nothing about the other one would make a person look again."""
    return (
        GRAVITY.index(one["class"]) <= GRAVITY.index(other["class"])
        and one["neutron"] >= other["neutron"]
        and one["nuclear_material"] >= other["nuclear_material"]
    )


@transaction.atomic
def was_presented(encounter: Encounter) -> bool:
    """Whether it was raised while its survey went on; the alarm is linked to it then.

    Device and server count records as the analysis does: the same walk, from the same first record.
    Only records that never came are missing in the count of the analysis (:mod:`missing`).
    """
    if not is_alarm(encounter.source_class, neutron=encounter.neutron):
        return False
    rows: list[Message] = [
        row
        for model in (EdgeMessage, ServerMessage)
        for row in model.objects.filter(
            survey__upload__measurement=encounter.analysis.measurement_id
        )
        .select_related("survey")
        .exclude(said={})
    ]
    extents = {
        survey.pk: as_sent(survey, encounter.first_record, encounter.last_record)
        for survey in {row.survey for row in rows}
    }
    near = [row for row in rows if _overlap(row.said, extents[row.survey_id])]
    alarms = {
        a.encounter_id: a for a in Alarm.objects.filter(encounter_id__in=[r.pk for r in near])
    }
    now_said = {
        "class": encounter.source_class,
        "neutron": encounter.neutron,
        "nuclear_material": bool(encounter.said.get("nuclear_material")),
    }
    found = False
    for row in near:
        alarm = alarms.get(row.pk)
        if alarm is not None and _as_grave(row.said, now_said):
            link(alarm, LinkKind.RAISED, encounter, actor=ACTOR, reason=TOLD_BY[type(row)])
            found = True
    return found
