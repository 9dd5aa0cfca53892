"""How far a second of a live survey stands above the background of the time before it.

The tracker of the detector follows the total rate alone, with its settings: this colours a track
while it grows. It names nothing and calls nobody; that is the detector's.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.detection.background import BackgroundTracker
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Slice

SETTINGS = DetectorSettings()


class RateTest:
    """The total rate against its own recent past.

    With the background rate ``b`` over an effective time ``T`` a row of live time ``L`` and ``n``
    counts has ``z = (n - L b) / sqrt(L b (1 + L / T) + (f L b)^2)``: counting noise of both, and
    the part ``f`` by which nature varies at least.
    """

    def __init__(self) -> None:
        guard_s = SETTINGS.window_s[-1]
        self._tracker = BackgroundTracker(1, np.ones(1), SETTINGS, guard_s=guard_s)
        self._heard_s = 0.0
        self._raised_s = 0.0

    def push(self, counts: float, live_time_s: float) -> tuple[float | None, float | None]:
        """Judge a row and learn from it.

        Parameters
        ----------
        counts : float
            Gamma counts.
        live_time_s : float
            Over this live time.

        Returns
        -------
        expected, significance
            Counts that the background predicts, and the excess in standard deviations; None while
            the background is being learnt, and where nothing was counted.
        """
        if live_time_s <= 0:
            return None, None
        tracker = self._tracker
        row = np.array([counts])
        item = Slice(0, live_time_s, live_time_s, row, row, counts, counts)
        if self._heard_s < SETTINGS.warm_up_s:
            self._heard_s += live_time_s
            tracker.absorb(item)
            return None, None
        expected = tracker.gross_cps * live_time_s
        variance = expected * (1.0 + live_time_s / tracker.effective_time_s)
        variance += (SETTINGS.gross_sigma_floor * expected) ** 2
        significance = (counts - expected) / math.sqrt(max(variance, 1.0))
        if counts == 0 and expected >= SETTINGS.gap_expected_counts:
            return expected, None
        if significance < SETTINGS.smallest_threshold:
            self._raised_s = 0.0
            tracker.wait(item)
        else:
            self._raised_s += live_time_s
            if self._raised_s > SETTINGS.longest_encounter_s:
                # what lasts so long is where the device now is
                tracker.absorb(item)
        return expected, significance
