"""What the screen remembers of the walk: the last minutes second by second, and the way gone."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.localisation import EARTH_RADIUS_M
from tocsin.spectra import Position

FloatArray = NDArray[np.float64]
Gap = Literal["", "gap", "overload", "timeless"]


@dataclass(slots=True)
class Row:
    """One row of the strip chart and the waterfall: one record, or several short ones together.

    Attributes
    ----------
    number : int
        Grows by one from row to row.
    version : int
        Grows with every change of any row: who has seen version ``v`` asks for what came after.
    start_s, real_time_s, live_time_s : float
        Beginning (seconds of measuring since the first record) and lengths.
    counts, expected : float
        Gamma counts, and those that the background predicts; ``expected`` is None before the
        background is known.
    statistic : float, optional
        Largest statistic of the records.
    neutrons : float, optional
        Neutron counts; None without a neutron detector.
    gap : str
        Why the row has no usable counts; empty where it has.
    bins : (n_bin,) float, optional
        Counts in the energy bins of the detector; None without energies.
    """

    number: int
    version: int
    start_s: float
    real_time_s: float = 0.0
    live_time_s: float = 0.0
    counts: float = 0.0
    expected: float | None = None
    statistic: float | None = None
    neutrons: float | None = None
    gap: Gap = ""
    bins: FloatArray | None = None
    records: list[int] = field(default_factory=list)


class History:
    """Rows of the last minutes.

    Parameters
    ----------
    length_s : float
        How much is kept.
    row_s : float
        Records shorter than this are put together.
    """

    def __init__(self, *, length_s: float = 600.0, row_s: float = 1.0) -> None:
        self.length_s = length_s
        self.row_s = row_s
        self.rows: deque[Row] = deque()
        self.version = 0
        self.elapsed_s = 0.0
        self._of_record: dict[int, Row] = {}

    def add(
        self,
        record: int,
        *,
        real_time_s: float,
        live_time_s: float,
        counts: float,
        neutrons: float | None,
        bins: FloatArray | None,
    ) -> Row:
        """Take one record in; it joins the last row while that is shorter than ``row_s``."""
        self.version += 1
        row = self.rows[-1] if self.rows else None
        # Four parts in a thousand: ten records of 0.1 s must not fall short of one second.
        if row is None or row.real_time_s >= 0.996 * self.row_s:
            number = row.number + 1 if row else 0
            row = Row(number, self.version, self.elapsed_s)
            self.rows.append(row)
        row.version = self.version
        row.real_time_s += real_time_s
        row.live_time_s += live_time_s
        row.counts += counts
        if neutrons is not None:
            row.neutrons = (row.neutrons or 0.0) + neutrons
        if bins is not None:
            row.bins = bins.copy() if row.bins is None else row.bins + bins
        row.records.append(record)
        self._of_record[record] = row
        self.elapsed_s += real_time_s
        while len(self.rows) > 1 and self.elapsed_s - self.rows[0].start_s > self.length_s + 1e-6:
            for old in self.rows.popleft().records:
                self._of_record.pop(old, None)
        return row

    def of_record(self, record: int) -> Row | None:
        """The row of a record; None where it is forgotten. The caller changes the row."""
        row = self._of_record.get(record)
        if row is not None:
            self.version += 1
            row.version = self.version
        return row

    def since(self, version: int) -> list[Row]:
        """Rows that have changed after a version."""
        return [row for row in self.rows if row.version > version]


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """A place of the way, with the rate above the background there (None before one is known)."""

    latitude_deg: float
    longitude_deg: float
    net_cps: float | None


class Track:
    """The whole way, thinned so that a long walk stays small.

    Only the last point may still change; ``epoch`` grows when all others are no longer what they
    were.

    Parameters
    ----------
    most : int
        With more points every second one is dropped, but for the newest quarter: the way near the
        person stays fine, what lies hours back grows coarser with age.
    step_m : float
        Places nearer to the last one than this are not kept: a receiver's jitter is no way.
    """

    def __init__(self, *, most: int = 4000, step_m: float = 1.5) -> None:
        self.most = most
        self.step_m = step_m
        self.points: list[TrackPoint] = []
        self.epoch = 0

    def add(self, place: Position, net_cps: float | None) -> None:
        """Take a place in, where it is a step away from the last one."""
        if self.points:
            last = self.points[-1]
            east, north = metres_between(
                last.latitude_deg, last.longitude_deg, place.latitude_deg, place.longitude_deg
            )
            if math.hypot(east, north) < self.step_m:
                if (net_cps or 0.0) > (last.net_cps or 0.0):
                    self.points[-1] = TrackPoint(last.latitude_deg, last.longitude_deg, net_cps)
                return
        self.points.append(TrackPoint(place.latitude_deg, place.longitude_deg, net_cps))
        if len(self.points) > self.most:
            newest = self.most // 4
            self.points = self.points[:-newest:2] + self.points[-newest:]
            self.epoch += 1


def metres_between(
    latitude_deg: float, longitude_deg: float, to_latitude_deg: float, to_longitude_deg: float
) -> tuple[float, float]:
    """East and north from one place to another in metres (local plane, across 180 degrees too)."""
    per_degree = math.radians(1.0) * EARTH_RADIUS_M
    turn = (to_longitude_deg - longitude_deg + 180.0) % 360.0 - 180.0
    middle = math.radians(0.5 * (latitude_deg + to_latitude_deg))
    return turn * per_degree * math.cos(middle), (to_latitude_deg - latitude_deg) * per_degree
