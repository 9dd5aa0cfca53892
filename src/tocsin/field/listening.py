"""The whole detector on the device: one record in, what happened out, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tocsin.detection import Detector
from tocsin.detection.analysis import encounter_json
from tocsin.detection.encounters import (
    DetectorEvent,
    EncounterClosed,
    EncounterOpened,
    RecordScored,
)
from tocsin.detection.shape import ShapeSettings
from tocsin.detection.survey import Explainer
from tocsin.nuclear import load_library
from tocsin.nuclear.classes import is_alarm
from tocsin.spectra import Instrument, Record

Stage = Literal["opened", "closed"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A threshold was crossed, or an encounter is over and explained.

    Attributes
    ----------
    stage : {"opened", "closed"}
        The first crossing, or the end.
    number : int
        Of the encounter, from 1.
    record : int
        The record that made it known, from 0.
    statistic, threshold : float
        The largest statistic so far and what it had to exceed.
    said : dict
        The encounter as ``tocsin.analysis/1`` has it; empty while it is open.
    """

    stage: Stage
    number: int
    record: int
    statistic: float
    threshold: float
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def is_alarm(self) -> bool:
        """Natural material without neutrons is told and is no alarm."""
        return self.stage == "closed" and is_alarm(
            self.said["class"], neutron=bool(self.said["neutron"])
        )


class Listener:
    """The detector of :mod:`tocsin.detection` with the explanation of what it finds.

    Parameters
    ----------
    instrument : Instrument
        What measures.
    background : sequence of Record
        Measured beforehand; may be empty.
    """

    def __init__(self, instrument: Instrument, background: Sequence[Record] = ()) -> None:
        self.detector = Detector(instrument)
        if background:
            self.detector.seed(background)
        self.scored: RecordScored | None = None
        self._explainer = Explainer(instrument, self.detector, load_library(), ShapeSettings())

    def hear(self, record: Record) -> list[Heard]:
        """Judge one record."""
        return self._tell(self.detector.push(record))

    def end(self) -> list[Heard]:
        """The data have ended: judge what is held back, close what is open."""
        return self._tell(self.detector.finish())

    def _tell(self, events: Sequence[DetectorEvent]) -> list[Heard]:
        told: list[Heard] = []
        for event in events:
            if isinstance(event, RecordScored):
                self.scored = event
            elif isinstance(event, EncounterOpened):
                told.append(
                    Heard("opened", event.number, event.record, event.statistic, event.threshold)
                )
            elif isinstance(event, EncounterClosed):
                found = self._explainer.encounter(event)
                told.append(
                    Heard(
                        "closed",
                        event.number,
                        self.detector.index,
                        event.statistic,
                        event.threshold,
                        encounter_json(found),
                    )
                )
        return told


def sentence(heard: Heard) -> str:
    """One line for a person."""
    number = f"encounter {heard.number}"
    if heard.stage == "opened":
        return (
            f"record {heard.record}: {number} begins, statistic {heard.statistic:.1f} above "
            f"{heard.threshold:.1f}"
        )
    said = heard.said
    names = ", ".join(n["name"] for n in said["nuclides"]) or "no nuclide named"
    word = "ALARM" if heard.is_alarm else "no alarm"
    return (
        f"records {said['first_record']} to {said['last_record']}: {number} ends, {word}, class "
        f"{said['class']}, {names}, statistic {heard.statistic:.1f} above {heard.threshold:.1f}"
    )
