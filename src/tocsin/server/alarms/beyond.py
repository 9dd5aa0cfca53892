"""What apps above add to the page of an alarm; alarms know nothing of what is missing."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.server.alarms.models import Alarm
from tocsin.server.marking.policy import Reader
from tocsin.server.register.beyond import Panel

AlarmPanel = Callable[[Reader, Alarm], Panel | None]
ALARM_PANELS: list[AlarmPanel] = []


def panels_of_alarm(reader: Reader, alarm: Alarm) -> list[Panel]:
    """Parts that apps above add to the page of an alarm."""
    return [panel for make in ALARM_PANELS if (panel := make(reader, alarm)) is not None]
