"""The background that follows the walk, and the ways in which nature makes it vary."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from tocsin.detection.analysis import FloatArray
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Slice


class BackgroundTracker:
    """Exponentially weighted mean spectrum of the recent past, with a guard interval.

    A record enters the mean only after ``guard_s`` seconds, when it is known not to belong to an
    encounter; so the approach to a source does not lift the background under it. While an encounter
    is open nothing enters.

    With weights ``w_t = exp(-age / tau)`` in live time the mean rate is ``sum w n / sum w L``; its
    variance is that of a measurement of ``L_eff = (sum w L)^2 / sum w^2 L`` seconds.

    Parameters
    ----------
    prior_shape : (n_bin,) float
        Generic background shape (sum 1), weighted as ``settings.prior_counts`` counts.
    """

    def __init__(
        self, n_fine: int, prior_shape: FloatArray, settings: DetectorSettings, *, guard_s: float
    ) -> None:
        self.settings = settings
        self.prior_shape = prior_shape
        self.guard_s = guard_s
        self.fine = np.zeros(n_fine)
        self.coarse = np.zeros(prior_shape.size)
        self.weight_s = 0.0
        self.weight2_s = 0.0
        self.neutrons = 0.0
        self.neutron_s = 0.0
        self.pending: deque[Slice] = deque()
        self.pending_s = 0.0

    @property
    def effective_time_s(self) -> float:
        """Live time of a plain measurement with the same variance."""
        return self.weight_s**2 / self.weight2_s if self.weight2_s > 0 else 0.0

    @property
    def gross_cps(self) -> float:
        """Expected rate in all bins together."""
        return float(self.coarse.sum()) / self.weight_s if self.weight_s > 0 else 0.0

    @property
    def rate_cps(self) -> FloatArray:
        """Expected rate per bin, never zero; ``(n_bin,)``.

        The posterior mean with half a count in every bin (Jeffreys) and the generic shape as prior:
        a bin that has not seen a count yet is not one in which a count is impossible.
        """
        counts = float(self.coarse.sum())
        prior = self.settings.prior_counts * self.prior_shape + 0.5
        mixed = (self.coarse + prior) / (counts + float(prior.sum()))
        return mixed * (max(counts, 1.0) / max(self.weight_s, 1e-9))

    @property
    def fine_rate_cps(self) -> FloatArray:
        """Expected rate per fine channel; ``(n_channel,)``."""
        return self.fine / max(self.weight_s, 1e-9)

    @property
    def neutron_cps(self) -> float:
        """Expected neutron rate."""
        return self.neutrons / self.neutron_s if self.neutron_s > 0 else 0.0

    def absorb(self, item: Slice) -> None:
        """Take one record into the mean."""
        live = item.live_time_s
        if live <= 0:
            return
        rate = self.gross_cps or item.rate_cps
        s = self.settings
        memory = min(max(s.memory_counts / max(rate, 1e-9), s.memory_min_s), s.memory_max_s)
        keep = float(np.exp(-live / memory))
        self.fine = self.fine * keep + item.fine
        self.coarse = self.coarse * keep + item.coarse
        self.weight_s = self.weight_s * keep + live
        self.weight2_s = self.weight2_s * keep**2 + live
        if item.neutrons is not None:
            slow = float(np.exp(-live / s.memory_max_s))
            self.neutrons = self.neutrons * slow + item.neutrons
            self.neutron_s = self.neutron_s * slow + live

    def absorb_seeds(self, items: Sequence[Slice]) -> None:
        """Take a background measured beforehand, together at most the shortest memory long."""
        live = sum(i.live_time_s for i in items)
        if live <= 0:
            return
        part = min(1.0, self.settings.memory_min_s / live)
        for item in items:
            self.fine = self.fine + part * item.fine
            self.coarse = self.coarse + part * item.coarse
            if item.neutrons is not None:
                self.neutrons += part * item.neutrons
                self.neutron_s += part * item.live_time_s
        self.weight_s += part * live
        self.weight2_s += part * live

    def save(self, values: dict[str, Any], arrays: dict[str, FloatArray]) -> None:
        """Put the state into JSON values and arrays (waiting records are kept by the caller)."""
        values["tracker"] = {
            name: getattr(self, name)
            for name in ("guard_s", "weight_s", "weight2_s", "neutrons", "neutron_s", "pending_s")
        }
        arrays["tracker_fine"] = self.fine
        arrays["tracker_coarse"] = self.coarse

    def restore(
        self, values: dict[str, Any], arrays: dict[str, FloatArray], pending: Sequence[Slice]
    ) -> None:
        """Take the state back."""
        for name, value in values["tracker"].items():
            setattr(self, name, value)
        self.fine = arrays["tracker_fine"]
        self.coarse = arrays["tracker_coarse"]
        self.pending = deque(pending)

    def wait(self, item: Slice) -> None:
        """Put a record into the guard interval; what leaves it at the other end is absorbed."""
        self.pending.append(item)
        self.pending_s += item.live_time_s
        while self.pending and self.pending_s - self.pending[0].live_time_s >= self.guard_s:
            first = self.pending.popleft()
            self.pending_s -= first.live_time_s
            self.absorb(first)

    def drop_pending_from(self, first_record: int) -> None:
        """Forget waiting records from ``first_record`` on: they belong to an encounter."""
        self.pending = deque(p for p in self.pending if p.index < first_record)
        self.pending_s = sum(p.live_time_s for p in self.pending)


def smooth_modes(centres_keV: FloatArray, settings: DetectorSettings) -> FloatArray:
    """Legendre polynomials of the logarithm of the energy over the bins; ``(n, n_bin)``."""
    x = np.log(centres_keV)
    x = 2.0 * (x - x[0]) / (x[-1] - x[0]) - 1.0
    return np.polynomial.legendre.legvander(x, len(settings.natural_sigma_smooth) - 1).T


class NaturalModes:
    """Shapes in which the natural background varies, and how much each is expected to.

    Parameters
    ----------
    centres_keV : (n_bin,) float
        Bin centres.
    series : (n_series, n_bin) float
        Shapes (sum 1) of potassium, uranium series and thorium series in this instrument.
    settings : DetectorSettings
        Sizes of the variation.

    Attributes
    ----------
    sigma : (n_mode,) float
        Prior standard deviation of each amplitude.

    Notes
    -----
    The smooth modes are the instrument's own background times Legendre polynomials of the logarithm
    of the energy: they need no model of the instrument, and they are what the first two principal
    components of real vehicle, helicopter and UAV surveys look like. A gain ``g`` moves the density
    ``rho(E)`` to ``rho(E / g) / g``; its mode is the derivative ``-d(E rho)/dE``.
    """

    def __init__(
        self, centres_keV: FloatArray, series: FloatArray, settings: DetectorSettings
    ) -> None:
        self._smooth = smooth_modes(centres_keV, settings)
        self._series = series
        width = np.gradient(centres_keV)
        # rows of the derivative as a matrix: it acts on every background alike
        unit = np.eye(centres_keV.size) * (centres_keV / width)
        self._gain = np.asarray(-np.gradient(unit, centres_keV, axis=1) * width)
        self.sigma: FloatArray = np.concatenate(
            [
                settings.natural_sigma_smooth,
                np.full(len(series), settings.natural_sigma_series),
                [settings.gain_sigma],
            ]
        )

    def rates(self, rate_cps: FloatArray) -> FloatArray:
        """Rates ``(n_mode, n_bin)`` per unit amplitude around a tracked background ``(n_bin,)``."""
        out = np.empty((self.sigma.size, rate_cps.size))
        n = len(self._smooth)
        np.multiply(self._smooth, rate_cps, out=out[:n])
        np.multiply(self._series, float(rate_cps.sum()), out=out[n:-1])
        np.matmul(rate_cps, self._gain, out=out[-1])
        return out
