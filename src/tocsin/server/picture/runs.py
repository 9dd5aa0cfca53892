"""What the picture knows of each live survey: read once from its batches, shared by all viewers.

Held in memory and never a fact of its own: after a restart it is read again from the batches of the
last hour.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.slices import Grid
from tocsin.errors import InvalidInput, ParseError
from tocsin.field.envelope import open_envelope
from tocsin.field.wire import unpack_records
from tocsin.server.clock import now
from tocsin.server.ingest.lane import after
from tocsin.server.ingest.models import Batch, LiveSurvey
from tocsin.server.measurements.records import unpacked_table
from tocsin.server.picture.significance import SETTINGS, RateTest
from tocsin.server.picture.trails import Trail

FloatArray = NDArray[np.float64]

ROW_S = 0.996
"""Records shorter than this are put together: ten of 0.1 s must not fall short of one second."""
KEPT_S = 600.0
"""Rows of a strip chart."""
WATERFALL_S = 180.0
LOOK_BACK = timedelta(hours=1)
MOST_BATCHES = 400
"""Batches that one look reads of a survey; the next look goes on."""
MOST_RUNS = 400
MOST_SPECTRA_BYTES = 64 << 20
"""Of the batches whose spectra stay reduced in memory, of all surveys together: the waterfalls of
some fifty surveys. They are many where each second comes by itself."""
_NO_SPECTRA_BYTES = 256

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Row:
    """One second of a survey, or one longer record.

    Attributes
    ----------
    number : int
        Grows by one from row to row.
    first, last : int
        Records of the device that it holds.
    start_s, real_time_s, live_time_s : float
        Beginning (of measuring, since what was read first) and lengths.
    """

    number: int
    first: int
    last: int
    start_s: float
    real_time_s: float = 0.0
    live_time_s: float = 0.0
    counts: float = 0.0
    neutrons: float | None = None
    expected: float | None = None
    significance: float | None = None
    gap: bool = False


@dataclass(slots=True)
class Run:
    """One live survey as far as it was read."""

    rows: list[Row] = field(default_factory=list)
    trail: Trail = field(default_factory=Trail)
    test: RateTest = field(default_factory=RateTest)
    lock: threading.Lock = field(default_factory=threading.Lock)
    reading: int = 0
    """Grows when the survey is read again: its rows are then numbered anew."""
    through: int = -1
    missing_from: int | None = None
    """First record that was not here when later ones were read."""
    whole: bool = False
    """Whether all batches were read that there were at the last look."""
    looked_at: tuple[datetime, int] | None = None
    """How the survey stood when all of it was read."""
    data_at: datetime | None = None
    """When the newest batch came."""
    told_at: datetime | None = None
    """The device's own time of it."""
    length_s: float = 0.0
    """Of the newest batch: so long nothing need come."""
    place: tuple[float, float] | None = None
    elapsed_s: float = 0.0
    dose_rate_uSv_h: float | None = None

    def anew(self) -> Run:
        """The same survey to be read again: whoever knows its rows and points takes all anew."""
        return Run(trail=Trail(epoch=self.trail.epoch + 1), reading=self.reading + 1)

    def take(self, columns: dict[str, FloatArray], first: int) -> None:
        """Take the columns of one batch, whose first record has this number."""
        real = np.nan_to_num(columns["real_s"])
        live = np.nan_to_num(columns["live_s"])
        real = np.where(real > 0, real, live)
        self.length_s = float(real.sum())
        dose = columns["dose_rate_uSv_h"]
        self.dose_rate_uSv_h = float(dose[-1]) if math.isfinite(dose[-1]) else None
        row: Row | None = None
        for k in range(real.size):
            if row is None:
                number = self.rows[-1].number + 1 if self.rows else 0
                row = Row(number, first + k, first + k, self.elapsed_s)
                self.rows.append(row)
            row.last = first + k
            row.real_time_s += float(real[k])
            row.live_time_s += float(live[k])
            self.elapsed_s += float(real[k])
            if math.isfinite(columns["gross"][k]):
                row.counts += float(columns["gross"][k])
            if math.isfinite(columns["neutron"][k]):
                row.neutrons = (row.neutrons or 0.0) + float(columns["neutron"][k])
            latitude, longitude = float(columns["latitude"][k]), float(columns["longitude"][k])
            if math.isfinite(latitude) and math.isfinite(longitude):
                self.place = (latitude, longitude)
            if row.real_time_s >= ROW_S or k == real.size - 1:
                self._end(row)
                row = None
        while self.rows and self.elapsed_s - self.rows[0].start_s > KEPT_S:
            self.rows.pop(0)

    def _end(self, row: Row) -> None:
        row.expected, row.significance = self.test.push(row.counts, row.live_time_s)
        row.gap = row.live_time_s <= 0 or (row.expected is not None and row.significance is None)
        if self.place is not None:
            self.trail.add(*self.place, row.significance)


class Runs:
    """The runs of this process, those looked at last."""

    def __init__(self) -> None:
        self._runs: OrderedDict[uuid.UUID, Run] = OrderedDict()
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._runs.clear()

    def of(self, survey: LiveSurvey, until_s: float) -> Run:
        """A survey, read as far as its batches go or as time allows.

        Parameters
        ----------
        survey : LiveSurvey
            Whoever asks has been let in to it.
        until_s : float
            Monotonic time after which no further batch is read.
        """
        with self._lock:
            run = self._runs.setdefault(survey.pk, Run())
            self._runs.move_to_end(survey.pk)
            while len(self._runs) > MOST_RUNS:
                self._runs.popitem(last=False)
        filled = run.missing_from is not None and survey.records_through >= run.missing_from
        if filled:
            # records that came late belong before those read already
            run = run.anew()
            with self._lock:
                self._runs[survey.pk] = run
        with run.lock:
            stands = (survey.last_at, survey.records_through)
            if run.looked_at != stands:
                run.whole = _read(run, survey, until_s)
                if run.whole:
                    run.looked_at = stands
        return run


def _read(run: Run, survey: LiveSurvey, until_s: float) -> bool:
    """Read further batches; whether all were read."""
    rows = after(survey.pk, run.through)
    if run.through < 0:
        rows = rows.filter(received_at__gt=now() - LOOK_BACK)
    found = list(rows.defer("envelope")[:MOST_BATCHES])
    for batch in found:
        if time.monotonic() > until_s:
            return False
        if run.through >= 0 and batch.first > run.through + 1 and run.missing_from is None:
            run.missing_from = run.through + 1
        if batch.summary:
            try:
                run.take(unpacked_table(batch.summary), batch.first)
            except InvalidInput:
                # its records are in the envelope; the picture goes on without them
                log.warning("columns of a batch are damaged", extra={"batch": batch.pk})
        run.through = batch.last
        run.data_at = batch.received_at
    if found:
        run.told_at = _device_time(found[-1])
    return len(found) < MOST_BATCHES


def _device_time(batch: Batch) -> datetime | None:
    """When the device sealed a batch, by its own clock; None where it names no zone."""
    try:
        said = datetime.fromisoformat(open_envelope(bytes(batch.envelope)).header.device_time)
    except (ParseError, ValueError):
        return None
    return said if said.tzinfo is not None else None


# Spectra of the survey that a viewer has chosen


class Spectra:
    """Records of batches reduced to the energy bins of the detector."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, tuple[FloatArray, FloatArray] | None] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def of(self, batch_pk: int) -> tuple[FloatArray, FloatArray] | None:
        """Edges in keV, and counts ``(records, bins)``; None without a calibration."""
        with self._lock:
            if batch_pk in self._held:
                self._held.move_to_end(batch_pk)
                return self._held[batch_pk]
        reduced = _reduced(bytes(Batch.objects.values_list("envelope", flat=True).get(pk=batch_pk)))
        with self._lock:
            if batch_pk in self._held:  # another viewer was quicker
                return reduced
            self._held[batch_pk] = reduced
            self._size += _size(reduced)
            while self._size > MOST_SPECTRA_BYTES and len(self._held) > 1:
                self._size -= _size(self._held.popitem(last=False)[1])
        return reduced


def _size(reduced: tuple[FloatArray, FloatArray] | None) -> int:
    return _NO_SPECTRA_BYTES + (sum(part.nbytes for part in reduced) if reduced else 0)


def _reduced(envelope: bytes) -> tuple[FloatArray, FloatArray] | None:
    records = unpack_records(open_envelope(envelope).body).records
    if not records:
        return None
    grid = Grid.for_record(records[0], SETTINGS)
    if not grid.calibrated:
        return None
    counts = np.array([grid.reduce(record, k).coarse for k, record in enumerate(records)])
    return grid.edges_keV, counts


RUNS = Runs()
SPECTRA = Spectra()
