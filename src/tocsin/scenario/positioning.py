"""What a satellite receiver makes of a track: wandering error, jitter and lost fixes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.scenario.geometry import FloatArray
from tocsin.scenario.noise import ar1


@dataclass(frozen=True, slots=True)
class GnssModel:
    """Error of the positions in the file.

    The error is a first-order Gauss-Markov process on each axis plus white jitter; fixes are lost
    in stretches of geometric length. The values are our own choice for a hand-held receiver
    between buildings, not those of a product.

    Parameters
    ----------
    wander_m : float
        Standard deviation of the correlated error on each axis in metres.
    wander_tau_s : float
        Its correlation time in seconds.
    jitter_m : float
        Standard deviation of the white error on each axis in metres.
    lost_fraction : float
        Share of records without a position, 0 to 0.9.
    lost_mean_s : float
        Mean length of a stretch without a position, at least 1 s.
    """

    wander_m: float = 2.5
    wander_tau_s: float = 40.0
    jitter_m: float = 0.4
    lost_fraction: float = 0.04
    lost_mean_s: float = 8.0

    def __post_init__(self) -> None:
        for name in ("wander_m", "jitter_m"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise InvalidInput(f"{name} must be 0 or more metres")
        if not 0.0 < self.wander_tau_s < math.inf:
            raise InvalidInput("wander_tau_s must be a positive number of seconds")
        if not 0.0 <= self.lost_fraction <= 0.9:
            raise InvalidInput("lost_fraction must lie within 0 and 0.9")
        if not 1.0 <= self.lost_mean_s < math.inf:
            raise InvalidInput("lost_mean_s must be 1 s or more")

    @property
    def accuracy_m(self) -> float:
        """Horizontal accuracy that the receiver states: the 68 % radius of its own model."""
        # The radius of a two-dimensional normal error exceeds r with probability exp(-r^2/2s^2).
        sigma = math.hypot(self.wander_m, self.jitter_m)
        return sigma * math.sqrt(-2.0 * math.log(1.0 - 0.68))

    def observe(
        self, x_m: FloatArray, y_m: FloatArray, step_s: float, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Positions as the receiver writes them, and which of them are lost.

        Parameters
        ----------
        x_m, y_m : (n,) float
            True place of each record in local metres.
        step_s : float
            Time from record to record.
        rng : numpy.random.Generator
            Source of all randomness here.

        Returns
        -------
        x_m, y_m : (n,) float
        lost : (n,) bool
        """
        n = x_m.size
        error = self.wander_m * ar1((2, n), step_s, self.wander_tau_s, rng)
        error += self.jitter_m * rng.standard_normal((2, n))
        return x_m + error[0], y_m + error[1], self._lost(n, step_s, rng)

    def _lost(self, n: int, step_s: float, rng: np.random.Generator) -> NDArray[np.bool_]:
        lost = np.zeros(n, dtype=np.bool_)
        if self.lost_fraction == 0.0:
            return lost
        leave = min(1.0, step_s / self.lost_mean_s)
        enter = min(1.0, leave * self.lost_fraction / (1.0 - self.lost_fraction))
        draws = rng.random(n)
        state = False  # a walk begins where the receiver has its first fix
        for i in range(n):
            state = draws[i] >= leave if state else draws[i] < enter
            lost[i] = state
        return lost
