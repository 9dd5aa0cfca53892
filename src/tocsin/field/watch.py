"""The picture for the person at the instrument, record by record: detector, alarms, way, health.

The detector that it shows is the one whose alarms are kept and sent: it runs once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.detection import Detector, DetectorSettings
from tocsin.detection.analysis import Encounter
from tocsin.detection.encounters import DataGap, RecordScored
from tocsin.detectors import model_for
from tocsin.field.health import Clock, Gain, Places, dead_time, potassium_gain
from tocsin.field.history import History, Row, Track
from tocsin.field.listening import Heard, Listener
from tocsin.field.way import Walk, Way
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.spectra import Instrument, Record

FloatArray = NDArray[np.float64]
State = Literal["waiting", "learning", "rates only", "quiet", "alarm", "natural", "overload", "gap"]

STALE_S = 3.0
"""Silence beyond the usual length of a record after which nothing shown is now: with records of up
to two seconds that is within five seconds of the last."""
EXPLAIN_EVERY_S = 1.0
"""An open encounter is explained anew at most once in this time: it costs some 50 ms."""
GAIN_EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """An encounter as it is known now: explained for good, or so far."""

    number: int
    open: bool
    encounter: Encounter


class Watch:
    """Takes records, runs the detector and holds what the screen shows; safe between threads.

    Parameters
    ----------
    instrument : Instrument
        What is known of the instrument.
    background : sequence of Record
        Measured beforehand, if at all: it starts the tracked background.
    settings : DetectorSettings, optional
        The defaults serve all instruments.
    library : NuclideLibrary, optional
        The shipped one by default.
    monotonic : callable
        Clock, in seconds, by which the age of the last record is told.
    """

    def __init__(
        self,
        instrument: Instrument,
        background: Sequence[Record] = (),
        *,
        settings: DetectorSettings | None = None,
        library: NuclideLibrary | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.instrument = instrument
        self.library = library or load_library()
        self.listener = Listener(instrument, background, settings=settings, library=self.library)
        self.lock = threading.RLock()
        self.history = History()
        self.track = Track()
        self.walk = Walk()
        self.places = Places()
        self.clock = Clock()
        self.gain: Gain | None = None
        self.dead_time: float | None = None
        self.dose_rate_uSv_h: float | None = None
        self.shown_rate_cps: float | None = None
        self.threshold: float | None = None
        self.records = 0
        self.finished = False
        self.waiting_to_send: int | None = None
        self.not_kept_why = self.not_kept_error = ""
        self.in_memory = 0
        self.lost = 0
        self.long_term: FloatArray | None = None
        self.long_term_live_s = 0.0
        self._monotonic = monotonic
        self._arrived_s: float | None = None
        self._lengths_s: deque[float] = deque(maxlen=9)
        self._closed: list[Told] = []
        self._open: Told | None = None
        self._explained_s = -EXPLAIN_EVERY_S
        self._last_gap: DataGap | None = None
        self._gain_after_s = GAIN_EVERY_S

    @property
    def detector(self) -> Detector:
        """The detector whose answers are shown."""
        return self.listener.detector

    # ------------------------------------------------------------------ input
    def hear(self, record: Record, faults: Sequence[str] = ()) -> list[Heard]:
        """Judge one record and bring the picture up to it.

        Parameters
        ----------
        record : Record
            The next one.
        faults : sequence of str
            What is wrong with its time or place, as :class:`tocsin.field.faults.Faults` has it.

        Returns
        -------
        list of Heard
            What there is to say, as :meth:`tocsin.field.listening.Listener.hear` has it.
        """
        with self.lock:
            index = self.records
            self.records += 1
            self._arrived_s = self._monotonic()
            real_time_s = record.real_time_s or record.live_time_s or 0.0
            self._lengths_s.append(real_time_s)
            self.clock.take(record, faults)
            place = self.places.take(record, real_time_s)
            if place is not None:
                self.walk.step(self.history.elapsed_s, place)
            self.dead_time = dead_time(record)
            self.dose_rate_uSv_h = max((d.dose_rate_uSv_h for d in record.dose_rates), default=None)
            self.shown_rate_cps = max((c.count_rate_cps for c in record.count_rates), default=None)
            heard = self.listener.hear(record)
            row = self._remember(record, index, real_time_s)
            self._take()
            self._explain_open()
            if place is not None:
                self.track.add(place, _net_cps(row))
            self._measure_gain()
            return heard

    def end(self) -> list[Heard]:
        """End of the data: judge what is held back and settle an open encounter."""
        with self.lock:
            heard = self.listener.end()
            self._take()
            self.finished = True
            return heard

    def note_waiting(self, messages: int | None) -> None:
        """Say how many messages wait in the spool to be sent; None where that is not known."""
        with self.lock:
            self.waiting_to_send = messages

    def note_kept(self, *, why: str, error: str, in_memory: int, lost: int) -> None:
        """Say why nothing is kept now, what waits in memory, and what is lost.

        Parameters
        ----------
        why : str
            Kind of the trouble as :mod:`tocsin.field.keeping` has it; empty where all is kept.
        error : str
            In the words of the system.
        in_memory, lost : int
            Records and messages of the detector.
        """
        with self.lock:
            self.not_kept_why, self.not_kept_error = why, error
            self.in_memory, self.lost = in_memory, lost

    # ---------------------------------------------------------------- picture
    @property
    def age_s(self) -> float | None:
        """Time since the last record came; None before the first."""
        return None if self._arrived_s is None else max(0.0, self._monotonic() - self._arrived_s)

    @property
    def stale_after_s(self) -> float:
        """Age of the last record from which on nothing that is shown is now."""
        usual = float(np.median(self._lengths_s)) if self._lengths_s else 0.0
        return usual + STALE_S

    @property
    def stale(self) -> bool:
        """Whether the stream has stopped."""
        age_s = self.age_s
        return age_s is not None and age_s >= self.stale_after_s

    @property
    def state(self) -> State:
        """What the last record says; whether that is still so is told by :attr:`stale`."""
        if self.records == 0:
            return "waiting"
        gap = self._last_gap
        if gap is not None and gap.overload:
            return "overload"
        if self._open is not None:
            return "alarm" if self._open.encounter.is_alarm else "natural"
        if gap is not None:
            return "gap"
        if self.detector.grid is None:
            return "rates only" if self.shown_rate_cps is not None else "waiting"
        return "learning" if self.threshold is None else "quiet"

    @property
    def told(self) -> list[Told]:
        """All encounters, the newest first, the open one among them."""
        return ([self._open] if self._open is not None else []) + self._closed[::-1]

    @property
    def encounters(self) -> tuple[Encounter, ...]:
        """The closed encounters in the order of time, as :func:`tocsin.detection.analyze` has."""
        return tuple(told.encounter for told in self._closed)

    def way(self) -> tuple[int, Way] | None:
        """Number of the newest alarm that has a place, and the way to it."""
        for told in self.told:
            goal = told.encounter.location
            if goal is not None and told.encounter.is_alarm:
                way = self.walk.to(goal)
                return None if way is None else (told.number, way)
        return None

    # ---------------------------------------------------------------- keeping
    def _remember(self, record: Record, index: int, real_time_s: float) -> Row:
        grid = self.detector.grid
        bins: FloatArray | None = None
        counts = record.total_counts or record.other_counts or 0.0
        if grid is not None and record.spectra:
            item = grid.reduce(record, index)
            if grid.calibrated:
                bins = item.coarse
                if self.long_term is None:
                    self.long_term = np.zeros_like(item.fine)
                self.long_term = self.long_term + item.fine
                self.long_term_live_s += item.live_time_s
        return self.history.add(
            index,
            real_time_s=real_time_s,
            live_time_s=record.live_time_s or 0.0,
            counts=counts,
            neutrons=record.neutron_counts,
            bins=bins,
        )

    def _take(self) -> None:
        """Bring what the detector says into rows, gaps and encounters."""
        for event in self.listener.events:
            if isinstance(event, RecordScored):
                self.threshold = event.threshold
                self._last_gap = None
                row = self.history.of_record(event.record)
                if row is not None:
                    seconds = row.live_time_s / max(len(row.records), 1)
                    row.expected = (row.expected or 0.0) + event.background_rate_cps * seconds
                    row.statistic = max(row.statistic or 0.0, event.statistic)
            elif isinstance(event, DataGap):
                self._last_gap = event
                row = self.history.of_record(event.record)
                if row is not None:
                    row.gap = (
                        "overload" if event.overload else "timeless" if event.timeless else "gap"
                    )
        for number, found in self.listener.closed:
            self._closed.append(Told(number, False, found))
            self._open = None

    def _explain_open(self) -> None:
        """Explain the open encounter as far as it has come."""
        if self.detector.encounters == len(self._closed):
            self._open = None
            return
        now_s = self.history.elapsed_s
        if self._open is not None and now_s - self._explained_s < EXPLAIN_EVERY_S:
            return
        so_far = self.listener.so_far()
        if so_far is not None:
            event, found = so_far
            self._open = Told(event.number, True, found)
            self._explained_s = now_s

    def _measure_gain(self) -> None:
        """Gain from all that was measured; a source in it hardly moves the line of potassium."""
        grid = self.detector.grid
        if grid is None or self.long_term is None or self.history.elapsed_s < self._gain_after_s:
            return
        self._gain_after_s = self.history.elapsed_s + GAIN_EVERY_S
        edges = grid.fine_edges_keV
        model = model_for(self.instrument, n_channel=edges.size - 1, edges_keV=edges)
        self.gain = potassium_gain(
            self.long_term, edges, lambda energy: float(model.fwhm_keV(energy)), self.library
        )


def _net_cps(row: Row) -> float | None:
    if row.expected is None or row.live_time_s <= 0:
        return None
    return (row.counts - row.expected) / row.live_time_s
