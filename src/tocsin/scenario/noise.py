"""Stationary first-order autoregressive noise, the one kind of slow fluctuation of a scene."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import lfilter

from tocsin.errors import InvalidInput
from tocsin.scenario.geometry import FloatArray


def ar1(
    shape: tuple[int, int], step_s: float, tau_s: float, rng: np.random.Generator
) -> FloatArray:
    """Rows of unit-variance AR(1) noise, each stationary from its first value on.

    ``z[i] = phi z[i-1] + sqrt(1 - phi^2) e[i]``, ``phi = exp(-step / tau)``, ``e`` standard normal.

    Parameters
    ----------
    shape : (int, int)
        Number of independent rows and length of each.
    step_s, tau_s : float
        Time step and correlation time in seconds, both positive.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (rows, length) float
        Noise of mean 0 and variance 1.

    Raises
    ------
    InvalidInput
        When a time is not positive.

    References
    ----------
    Box, G. E. P. and Jenkins, G. M. (1976), Time Series Analysis, section 3.2.
    """
    if not (step_s > 0 and tau_s > 0):
        raise InvalidInput(f"step_s and tau_s must be positive, not {step_s!r} and {tau_s!r}")
    phi = math.exp(-step_s / tau_s)
    shock = rng.standard_normal(shape)
    shock[:, 1:] *= math.sqrt(1.0 - phi * phi)
    return np.asarray(lfilter([1.0], [1.0, -phi], shock, axis=1), dtype=np.float64)
