"""Energy scale of a spectrum: gain, zero offset and peak width from the lines that are in it.

The scale is not read from one peak. A trial scale is as good as the whole pattern that it explains:
the natural lines, and whatever candidates fit best under it, less a penalty for its departure from
what the file says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.templates import EnergyScale

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScalePrior:
    """What is thought of the energy scale before the spectrum is looked at.

    ``gain`` and ``offset_keV`` are expected values with standard deviations; ``reach`` bounds the
    gain on both sides of 1.
    """

    gain: float
    gain_sigma: float
    offset_keV: float
    offset_sigma_keV: float
    reach: float
    excess_keV: float = 0.0
    excess_sigma_keV: float = 0.0

    def penalty(self, scale: EnergyScale) -> float:
        """Chi-squared of a departure from the expectation."""
        excess = 0.0
        if self.excess_sigma_keV > 0:
            excess = ((scale.excess_keV - self.excess_keV) / self.excess_sigma_keV) ** 2
        return float(
            excess
            + ((scale.gain - self.gain) / self.gain_sigma) ** 2
            + ((scale.offset_keV - self.offset_keV) / self.offset_sigma_keV) ** 2
        )


def trial_gains(prior: ScalePrior, *, relative_width: float) -> FloatArray:
    """Trial gains a fifth of a peak width apart, within three standard deviations and the reach.

    ``relative_width`` is the peak width over the energy where it is smallest.
    """
    step = max(relative_width / 5.0, 2e-4)
    low = max(1.0 - prior.reach, prior.gain - 4.0 * prior.gain_sigma)
    high = min(1.0 + prior.reach, prior.gain + 4.0 * prior.gain_sigma)
    n = int(np.ceil((high - low) / step)) + 1
    return np.unique(np.append(np.linspace(low, high, n), np.clip(prior.gain, low, high)))


def refine(
    start: EnergyScale,
    value: Callable[[EnergyScale], float],
    *,
    steps: tuple[float, float, float, float],
    bounds: tuple[tuple[float, float], ...],
    rounds: int = 5,
) -> tuple[EnergyScale, float]:
    """Largest ``value`` near ``start``: steps in gain, offset, width, excess, halved each round."""
    point = np.array([start.gain, start.offset_keV, start.width, start.excess_keV])
    size = np.array(steps)
    best = value(start)
    for _ in range(rounds):
        for axis in range(4):
            if size[axis] == 0.0:
                continue
            for sign in (1.0, -1.0):
                moved = False
                while True:
                    trial = point.copy()
                    trial[axis] += sign * size[axis]
                    low, high = bounds[axis]
                    if not low <= trial[axis] <= high:
                        break
                    found = value(_scale(trial, start))
                    if found <= best + 1e-9:
                        break
                    point, best, moved = trial, found, True
                if moved:
                    break
        size = size / 2.0
    return _scale(point, start), best


def _scale(point: FloatArray, like: EnergyScale) -> EnergyScale:
    return replace(
        like,
        gain=float(point[0]),
        offset_keV=float(point[1]),
        width=float(point[2]),
        excess_keV=float(point[3]),
    )
