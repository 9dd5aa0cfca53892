"""Whether the instrument can be believed: gain, dead time, places, clock, silent crystals."""

from __future__ import annotations

import datetime as dt
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.quality import usable_positions
from tocsin.detection.shape import ShapeSettings
from tocsin.nuclear import NuclideLibrary
from tocsin.spectra import Position, Record

FloatArray = NDArray[np.float64]
GpsState = Literal["none", "good", "lost", "not believed"]
ClockState = Literal["none", "good", "no zone", "backwards", "jump", "stands still", "wrong"]

LATE_FIX_S = 5.0
"""A place older than this is no longer where the person is."""
_CLOCK_FAULTS: dict[str, ClockState] = {
    "time-epoch": "wrong",
    "time-rollover": "wrong",
    "time-off": "wrong",
    "time-frozen": "stands still",
    "time-backwards": "backwards",
    "time-jump": "jump",
}
DEAD_TIME_LIMIT = 0.3
"""Share of dead time from which the screen warns. Our choice: at 0.3 a small error of the dead-time
correction is a tenth of the rate."""
POTASSIUM = "K-40"
GAIN_SEARCH = 0.08
LEAST_PEAK_SIGMA = 6.0
"""Smallest potassium peak from which a gain is taken (its own significance)."""
_WINDOW_FWHM = 1.25


@dataclass(frozen=True, slots=True)
class Gain:
    """Where the potassium line is seen, over where it belongs, and the standard uncertainty."""

    value: float
    uncertainty: float

    @property
    def is_off(self) -> bool:
        """Beyond what the identification allows for, with confidence (three deviations each)."""
        allowed = 3.0 * ShapeSettings().source_gain_sigma
        return abs(self.value - 1.0) > allowed + 3.0 * self.uncertainty


def potassium_gain(
    counts: FloatArray,
    edges_keV: FloatArray,
    fwhm_keV: Callable[[float], float],
    library: NuclideLibrary,
) -> Gain | None:
    """Gain of the energy scale from the line of potassium, which is nearly everywhere.

    Parameters
    ----------
    counts : (n,) float
        Background measured without a source.
    edges_keV : (n + 1,) float
        On the scale of the file.
    fwhm_keV : callable
        Width of a peak at an energy.
    library : NuclideLibrary
        For the energy of the line.

    Returns
    -------
    Gain or None
        None where the peak does not stand out enough.

    Notes
    -----
    A peak of known width on a straight line is fitted, by weighted least squares, at each of a
    series of places; the best place and the curvature of chi-squared there give gain and
    uncertainty. Weak lines of the uranium and thorium series within the window (1,408 and
    1,509 keV of Bi-214) pull by less than 1 % in usual surroundings.
    """
    line_keV = max(library.lines(POTASSIUM), key=lambda line: line.intensity).energy_keV
    middle = 0.5 * (edges_keV[1:] + edges_keV[:-1])
    width = np.diff(edges_keV)
    shifts = np.linspace(1.0 - GAIN_SEARCH, 1.0 + GAIN_SEARCH, 161)
    chi, sigma = np.full(shifts.size, np.inf), np.zeros(shifts.size)
    reach = _WINDOW_FWHM * fwhm_keV(line_keV)
    use = np.abs(middle - line_keV) < reach + GAIN_SEARCH * line_keV
    if np.count_nonzero(use) < 8 or edges_keV[-1] < line_keV + reach:
        return None
    y, x, step = counts[use], middle[use], width[use]
    # neighbours steady the variance where channels hold few counts
    smooth = np.convolve(y, np.ones(5) / 5.0, mode="same")
    weight = 1.0 / np.maximum(smooth, 1.0)
    for k, shift in enumerate(shifts):
        centre = shift * line_keV
        deviation = fwhm_keV(line_keV) / 2.3548
        peak = np.exp(-0.5 * ((x - centre) / deviation) ** 2) * step
        model = np.stack([peak, step, step * (x - line_keV), step * (x - line_keV) ** 2], axis=1)
        normal = model.T @ (weight[:, None] * model)
        try:
            covariance = np.linalg.inv(normal)
        except np.linalg.LinAlgError:
            continue
        best = covariance @ (model.T @ (weight * y))
        if best[0] <= 0:
            continue
        chi[k] = float(weight @ (y - model @ best) ** 2)
        sigma[k] = float(best[0] / math.sqrt(covariance[0, 0]))
    at = int(np.argmin(chi))
    if not np.isfinite(chi[at]) or sigma[at] < LEAST_PEAK_SIGMA or at in (0, shifts.size - 1):
        return None
    inside = np.flatnonzero(chi <= chi[at] + 1.0)
    half = 0.5 * (shifts[inside[-1]] - shifts[inside[0]])
    return Gain(float(shifts[at]), max(float(half), float(shifts[1] - shifts[0]) / 2))


class Places:
    """State of the positions: which can be believed, and how old the last is."""

    def __init__(self) -> None:
        self.last: Position | None = None
        self.state: GpsState = "none"
        self._recent: deque[Record] = deque(maxlen=7)
        self._since_s = 0.0

    def take(self, record: Record, real_time_s: float) -> Position | None:
        """Take a record in; its place where that can be believed."""
        self._since_s += real_time_s
        if record.position is None:
            if self.last is not None and self._since_s > LATE_FIX_S:
                self.state = "lost"
            return None
        self._recent.append(record)
        if not any(each is record for each in usable_positions(tuple(self._recent))):
            self.state = "not believed"
            return None
        self.last, self.state, self._since_s = record.position, "good", 0.0
        return record.position


class Clock:
    """State of the instrument's clock, in the words of the screen.

    What is wrong is found by :class:`tocsin.field.faults.Faults`, once for each record.
    """

    def __init__(self) -> None:
        self.state: ClockState = "none"
        self.faults = 0
        self.last: dt.datetime | None = None

    def take(self, record: Record, faults: Sequence[str]) -> None:
        """Take the time of a record in, and what is wrong with it."""
        self.last = record.start
        if record.start is None:
            self.state = "none"
            return
        found = next((_CLOCK_FAULTS[code] for code in faults if code in _CLOCK_FAULTS), None)
        if found is not None:
            self.state, self.faults = found, self.faults + 1
        else:
            self.state = "good" if record.start.tzinfo is not None else "no zone"


def dead_time(record: Record) -> float | None:
    """Largest share of dead time of the crystals of a record; None where it is not measured."""
    shares = [s.dead_time_fraction for s in record.spectra]
    return max((share for share in shares if share is not None), default=None)
