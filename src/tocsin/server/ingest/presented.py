"""From what a device says to an alarm, once; and from it to the encounter of the analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tocsin.nuclear.classes import GRAVITY, is_alarm
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.services import raise_from_encounter
from tocsin.server.ingest.models import EdgeMessage
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.measurements.models import Encounter

ACTOR = "system:ingest"


def present(message: EdgeMessage, instrument: str, versions: Mapping[str, str]) -> Alarm | None:
    """Raise the alarm of an encounter when it is first told, and another one if it turns graver.

    The message at its end repeats what was told while it went on; that calls nobody again.
    """
    before = EdgeMessage.objects.filter(survey=message.survey_id, encounter=message.encounter)
    raised = Alarm.objects.filter(encounter_id__in=before.exclude(pk=message.pk).values("pk"))
    told = [row.said for row in before.filter(pk__in=raised.values("encounter_id"))]
    if any(_as_grave(known, message.said) for known in told):
        return None
    return raise_from_encounter(message, message.said, instrument=instrument, versions=versions)


def _as_grave(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether nothing about the other one would make a person look again."""
    return (
        GRAVITY.index(one["class"]) <= GRAVITY.index(other["class"])
        and one["neutron"] >= other["neutron"]
        and one["nuclear_material"] >= other["nuclear_material"]
    )


@transaction.atomic
def was_presented(encounter: Encounter) -> bool:
    """Whether the device has raised this encounter of its survey; the alarm is linked to it then.

    The device counts records as the analysis does: the same walk, from the same first record.
    """
    if not is_alarm(encounter.source_class, neutron=encounter.neutron):
        return False
    rows = EdgeMessage.objects.filter(
        survey__upload__measurement=encounter.analysis.measurement_id
    ).exclude(said={})
    near = [
        row
        for row in rows
        if row.said["first_record"] <= encounter.last_record
        and encounter.first_record <= row.said["last_record"]
    ]
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
            link(alarm, LinkKind.RAISED, encounter, actor=ACTOR, reason="told by the device")
            found = True
    return found
