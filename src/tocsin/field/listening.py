"""The whole detector on the device: one record in, what happened out, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tocsin.detection import Detector, DetectorSettings
from tocsin.detection.analysis import Encounter, encounter_json
from tocsin.detection.encounters import (
    DetectorEvent,
    EncounterClosed,
    EncounterOpened,
)
from tocsin.detection.shape import ShapeSettings
from tocsin.detection.survey import Explainer
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.nuclear.classes import is_alarm
from tocsin.spectra import Instrument, Record

Stage = Literal["opened", "standing", "closed"]

STANDING_S = 3.0
"""An encounter that has gone on for so long is explained before its end, and then asked again."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A threshold was crossed, or an encounter is over and explained.

    Attributes
    ----------
    stage : {"opened", "standing", "closed"}
        The first crossing, what it looks like while it goes on, or the end.
    number : int
        Of the encounter, from 1.
    record : int
        The record that made it known, from 0.
    statistic, threshold : float
        The largest statistic so far and what it had to exceed.
    said : dict
        The encounter as ``tocsin.analysis/1`` has it; empty at the first crossing.
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
        return bool(self.said) and is_alarm(self.said["class"], neutron=bool(self.said["neutron"]))


class Listener:
    """The detector of :mod:`tocsin.detection` with the explanation of what it finds.

    Parameters
    ----------
    instrument : Instrument
        What measures.
    background : sequence of Record
        Measured beforehand; may be empty.
    settings : DetectorSettings, optional
        The defaults serve all instruments.
    library : NuclideLibrary, optional
        The shipped one by default.
    """

    def __init__(
        self,
        instrument: Instrument,
        background: Sequence[Record] = (),
        *,
        settings: DetectorSettings | None = None,
        library: NuclideLibrary | None = None,
    ) -> None:
        self.detector = Detector(instrument, settings)
        if background:
            self.detector.seed(background)
        self.events: Sequence[DetectorEvent] = ()
        """What the detector said of the last record, or at the end."""
        self.closed: list[tuple[int, Encounter]] = []
        """Number and explanation of the encounters that the last record, or the end, has closed."""
        self._so_far: tuple[int, tuple[EncounterClosed, Encounter]] | None = None
        self._since_s = 0.0
        self._explainer = Explainer(
            instrument, self.detector, library or load_library(), ShapeSettings()
        )

    def save(self) -> tuple[bytes, float | None]:
        """State of the detector, and since when an open encounter was not told.

        None for the time: it was told as an alarm. :meth:`resumed` goes on exactly from here.
        """
        return self.detector.save(), self._since_s if math.isfinite(self._since_s) else None

    @classmethod
    def resumed(cls, state: bytes, since_s: float | None) -> Listener:
        """A listener that goes on where :meth:`save` was called.

        Raises
        ------
        ParseError
            When the bytes are no state of this version of the detector.
        """
        detector = Detector.load(state)
        self = cls(detector.instrument)
        self.detector = detector
        self._explainer = Explainer(detector.instrument, detector, load_library(), ShapeSettings())
        self._since_s = -math.inf if since_s is None else since_s
        return self

    def hear(self, record: Record) -> list[Heard]:
        """Judge one record."""
        told = self._tell(self.detector.push(record))
        self._since_s += record.real_time_s or record.live_time_s or 0.0
        return told + self._standing()

    def end(self) -> list[Heard]:
        """The data have ended: judge what is held back, close what is open."""
        return self._tell(self.detector.finish())

    def so_far(self) -> tuple[EncounterClosed, Encounter] | None:
        """The open encounter as far as it has come, explained once for each record."""
        at = self.detector.index
        if self._so_far is not None and self._so_far[0] == at:
            return self._so_far[1]
        event = self.detector.so_far()
        if event is None:
            return None
        self._so_far = (at, (event, self._explainer.encounter(event)))
        return self._so_far[1]

    def _standing(self) -> list[Heard]:
        """Who stands beside a source is not to wait for the end; told until it is an alarm."""
        if self._since_s < STANDING_S or (found := self.so_far()) is None:
            return []
        heard = self._heard("standing", *found)
        self._since_s = -math.inf if heard.is_alarm else 0.0
        return [heard] if heard.is_alarm else []

    def _heard(self, stage: Stage, event: EncounterClosed, found: Encounter) -> Heard:
        return Heard(
            stage,
            event.number,
            self.detector.index,
            event.statistic,
            event.threshold,
            encounter_json(found),
        )

    def _tell(self, events: Sequence[DetectorEvent]) -> list[Heard]:
        told: list[Heard] = []
        self.events, self.closed = events, []
        for event in events:
            if isinstance(event, EncounterOpened):
                self._since_s = 0.0
                told.append(
                    Heard("opened", event.number, event.record, event.statistic, event.threshold)
                )
            elif isinstance(event, EncounterClosed):
                found = self._explainer.encounter(event)
                self.closed.append((event.number, found))
                told.append(self._heard("closed", event, found))
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
    if heard.stage == "standing":
        return (
            f"record {heard.record}: {number} goes on, {word}, class {said['class']}, {names}, "
            f"statistic {heard.statistic:.1f} above {heard.threshold:.1f}"
        )
    return (
        f"records {said['first_record']} to {said['last_record']}: {number} ends, {word}, class "
        f"{said['class']}, {names}, statistic {heard.statistic:.1f} above {heard.threshold:.1f}"
    )
