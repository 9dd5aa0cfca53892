"""What measurements tell: an encounter that was found becomes an alarm."""

from __future__ import annotations

from tocsin.server.alarms.services import raise_from_encounter
from tocsin.server.measurements.models import Encounter


def hear_of_encounter(encounter: Encounter) -> None:
    """Raise the alarm of an encounter; heard twice, it is raised once."""
    measurement = encounter.analysis.measurement
    raise_from_encounter(
        encounter,
        encounter.said,
        instrument=measurement.instrument_name,
        versions=encounter.analysis.said.get("versions", {}),
        evidence=(measurement, measurement.file),
    )
