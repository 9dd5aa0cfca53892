"""Energy scale of a spectrum: what is expected of it, and how lines move with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.templates import EXCESS_AT_KEV, WIDTH_AT_KEV, EnergyScale

FloatArray = NDArray[np.float64]

PARAMETERS = ("gain", "offset_keV", "width", "excess_keV", "tilt")
_COUNTED = np.array([2.0, 2.0, 1.0, 2.0, 1.0])
FREEDOM = 4.0
"""Of the Student distribution of gains: most files are right, some are far off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePrior:
    """What is thought of the energy scale before the spectrum is looked at.

    Expectations with standard deviations; a deviation of zero holds a parameter fixed. Gains are
    distributed like Student's t with ``freedom`` degrees of freedom. ``reach`` bounds the gain on
    both sides of 1.
    """

    gain: float = 1.0
    gain_sigma: float = 0.01
    offset_keV: float = 0.0
    offset_sigma_keV: float = 3.0
    width: float = 1.0
    width_sigma: float = 0.12
    excess_keV: float = 0.0
    excess_sigma_keV: float = 0.0
    tilt: float = 0.0
    tilt_sigma: float = 0.1
    reach: float = 0.07
    freedom: float = FREEDOM

    @property
    def _sigma(self) -> FloatArray:
        return np.array(
            [
                self.gain_sigma,
                self.offset_sigma_keV,
                self.width * self.width_sigma,
                self.excess_sigma_keV,
                self.tilt_sigma,
            ]
        )

    @property
    def _mean(self) -> FloatArray:
        return np.array([self.gain, self.offset_keV, self.width, self.excess_keV, self.tilt])

    def penalty(self, scale: EnergyScale) -> float:
        """Cost in chi-squared of a departure from the expectation.

        Twice the logarithm of the odds against it. Places (gain, offset, excess) count twice:
        what is left of chi-squared at a wrong scale is an error of the model more than of counting.
        """
        x = np.where(
            self._sigma > 0,
            (scale_values(scale) - self._mean) / np.maximum(self._sigma, 1e-12),
            0.0,
        )
        gain = 2.0 * (self.freedom + 1.0) * np.log1p(x[0] ** 2 / self.freedom)
        return float(gain + (_COUNTED[1:] * x[1:] ** 2).sum())

    def weights(self, scale: EnergyScale) -> tuple[FloatArray, FloatArray]:
        """Inverse variances near a scale (the Student distribution as a Gaussian) and means."""
        sigma = self._sigma
        weight = np.where(sigma > 0, 1.0 / np.maximum(sigma, 1e-12) ** 2, 1e12)
        weight[1:] *= _COUNTED[1:]
        x = (scale.gain - self.gain) / self.gain_sigma
        weight[0] *= 2.0 * (self.freedom + 1.0) / (self.freedom + x * x)
        return weight, self._mean

    def bounded(self, values: FloatArray) -> FloatArray:
        """Parameters held within the reach of the gain and four deviations of the others."""
        low, high = self._mean - 4.0 * self._sigma, self._mean + 4.0 * self._sigma
        low[0], high[0] = 1.0 - self.reach, 1.0 + self.reach
        low[2] = max(low[2], 0.3 * self.width)
        return np.clip(values, low, high)


def scale_values(scale: EnergyScale) -> FloatArray:
    """The parameters of a scale in the order of ``PARAMETERS``."""
    return np.array([scale.gain, scale.offset_keV, scale.width, scale.excess_keV, scale.tilt])


def scale_of(values: FloatArray, like: EnergyScale) -> EnergyScale:
    """Scale of given parameters."""
    return replace(
        like,
        gain=float(values[0]),
        offset_keV=float(values[1]),
        width=float(values[2]),
        excess_keV=float(values[3]),
        tilt=float(values[4]),
    )


def scale_slopes(scale: EnergyScale, energies_keV: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How places (keV) and the logarithm of widths change with each parameter, ``(p, k)`` each."""
    e = energies_keV
    x = e / EXCESS_AT_KEV
    zero, one = np.zeros_like(e), np.ones_like(e)
    place = np.stack((e, np.exp(-e / scale.fade_keV), zero, x * np.exp(1.0 - x), zero))
    width = np.stack((zero, zero, one / scale.width, zero, np.log(e / WIDTH_AT_KEV)))
    return place, width
