"""From the spectrum of single pulses to the recorded one at a count rate.

A count starts with a pulse above the threshold that meets no dead time. All pulses within the
resolving time after it add to its height. Pulses come at random with a constant rate, so what comes
after the start does not depend on what was before: the rate of counts and the distribution of
their heights are exact for these rules, in all orders of pile-up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, pdtrc

from tocsin.detectors.electronics import Electronics
from tocsin.errors import InvalidInput, OutOfDomain

FloatArray = NDArray[np.float64]

MOST_PILED = 20.0
"""Mean number of further pulses in the resolving time up to which the model is asked."""
HIGHEST_PER_S = 1e9
FINEST = 16384
"""Steps of the height at most, from zero to the end of the channels."""
UNSEEN = 1e-13
"""Chance of more pulses in one count than the transform has room for."""
MISSED = 1e-3
"""Share of all photons of a source that those of its continuum above the channels may have."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """What electronics record of a spectrum.

    Attributes
    ----------
    counts : (m,) float
        In the unit of the spectrum given (per decay, per second), for the live time.
    sigma : (m,) float
        One standard deviation, if the spectrum had one, else zeros. All that goes into a channel is
        taken as fully correlated, and at the fixed rate what one channel gains all others lose in
        the pile-up, so that it is rather too large than too small.
    live_share : float
        Live time over real time: ``counts * live_share`` is what the real time holds.
    started_per_s : float
        True rate of the pulses that can start a count.
    outside : float
        Counts above or below the channels, in the unit of ``counts``.
    """

    counts: FloatArray
    sigma: FloatArray
    live_share: float
    started_per_s: float
    outside: float

    @property
    def counts_per_s(self) -> float:
        """Counts per second of real time, those outside the channels included."""
        return self.started_per_s * self.live_share


@dataclass(frozen=True, slots=True)
class Counting:
    """Electronics at a true rate.

    Parameters
    ----------
    electronics : Electronics
        Threshold, dead time, resolving time, gain.
    pulses_per_s : float
        Pulses of any height in the crystal, per second; zero is the limit of a low rate.

    Raises
    ------
    InvalidInput
        When the rate is negative or not finite.
    OutOfDomain
        When the rate is above 1e9 per second, or more than ``MOST_PILED`` further pulses come
        within the resolving time in the mean.
    """

    electronics: Electronics
    pulses_per_s: float

    def __post_init__(self) -> None:
        rate = self.pulses_per_s
        if not (math.isfinite(rate) and rate >= 0):
            raise InvalidInput(f"pulses_per_s must be a number, zero or more, got {rate}")
        if rate > HIGHEST_PER_S:
            raise OutOfDomain(f"{rate:g} pulses per second: at most {HIGHEST_PER_S:g}")
        if self.piled > MOST_PILED:
            raise OutOfDomain(
                f"{self.piled:.3g} further pulses within the resolving time of "
                f"{self.electronics.pile_up_us:g} us: at most {MOST_PILED:g}; ask a lower rate"
            )

    @property
    def piled(self) -> float:
        """Mean number of further pulses within the resolving time."""
        return self.pulses_per_s * 1e-6 * self.electronics.pile_up_us

    def live_share(self, started_per_s: float) -> float:
        """Live time over real time, where pulses that can start a count have a rate."""
        lost = started_per_s * self.electronics.busy_s
        return math.exp(-lost) if self.electronics.paralysable else 1.0 / (1.0 + lost)

    def record(
        self, counts: ArrayLike, edges_keV: ArrayLike, *, sigma: ArrayLike | None = None
    ) -> Recorded:
        """Recorded spectrum of pulses with the heights of a spectrum.

        Parameters
        ----------
        counts : (m,) float
            Expected spectrum, resolution included, in any unit: per decay, per second. It is taken
            to hold all pulses, so channels should go from zero to the highest energy: what has no
            channel is missing from the rate, which the others then share. The answer is not linear:
            sources that are there together are added up before.
        edges_keV : (m + 1,) float
            Rising channel edges.
        sigma : (m,) float, optional
            One standard deviation of ``counts``.

        Returns
        -------
        Recorded
            With the counts in the unit of those given.

        Raises
        ------
        InvalidInput
            When shapes do not fit, edges do not rise, or counts are negative, not finite or none.

        Notes
        -----
        Pulses that a gain moves below the first channel start no count and add nothing.

        Left out: shape of the pulses (a late pulse adds its full height, however late), tails and
        undershoot, rejection of pile-up, pulses below the threshold that reach it together, and
        pulses just before a count starts.
        """
        edges, spectrum, spread = _checked(counts, edges_keV, sigma)
        total = float(spectrum.sum())
        moved, below, above = _moved(spectrum / total, edges, self.electronics.gain)
        unsure, unsure_below, _ = _moved(spread / total, edges, self.electronics.gain)
        starts = self._starts(edges)
        # pulses above the last channel are there, whether a channel shows them or not
        started = float(starts @ moved) + above
        alone = math.exp(-self.piled)
        out, out_sigma = alone * starts * moved, alone * starts * unsure
        if self.piled:
            grid = _Grid(edges, self.piled)
            first, pulses = grid.taken(starts * moved), grid.taken(moved) + below
            further = np.exp(self.piled * (pulses - 1.0))
            out = out + grid.given(first * (further - alone))
            # the change of both factors when the spectrum rises by its sigma everywhere
            change = grid.taken(starts * unsure) * (further - alone)
            # at a fixed rate, more of one channel is less of all pulses, that channel's among them
            share = grid.taken(unsure) + unsure_below + float(spread.sum()) / total * pulses
            change = change + first * further * self.piled * share
            out_sigma = out_sigma + grid.given(change)
        started_per_s = started * self.pulses_per_s
        return Recorded(
            counts=total * out,
            sigma=total * out_sigma,
            live_share=self.live_share(started_per_s),
            started_per_s=started_per_s,
            outside=total * max(0.0, started - float(out.sum())),
        )

    def _starts(self, edges_keV: FloatArray) -> FloatArray:
        """Chance that a pulse of each channel starts a count."""
        threshold, noise = self.electronics.threshold_keV, self.electronics.threshold_sigma_keV
        if not threshold:
            return np.ones(edges_keV.size - 1)
        low, high = edges_keV[:-1], edges_keV[1:]
        if not noise:
            return np.clip((high - threshold) / (high - low), 0.0, 1.0)
        # the mean of the error function over the channel, in closed form
        x = (edges_keV - threshold) / noise
        integral = noise * (x * ndtr(x) + np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))
        return np.asarray(np.clip(np.diff(integral) / (high - low), 0.0, 1.0))


def highest_photon_keV(
    lines_keV: FloatArray, photons: FloatArray, *, bins_keV: FloatArray, continuum: FloatArray
) -> float:
    """Energy up to which a source has photons: its highest line, or the end of its continuum.

    Parameters
    ----------
    lines_keV, photons : (k,) float
        Energies and photons of the lines.
    bins_keV, continuum : (n,) float
        Rising lower edges of the bins, and photons in them. The continuum ends where less than
        ``MISSED`` of all photons of the source lie above; betas of a weak branch would else ask for
        channels that hold next to nothing.

    Returns
    -------
    float
        Zero for a source without photons.
    """
    line_keV = float(lines_keV[photons > 0].max(initial=0.0))
    above = np.cumsum(continuum[::-1])[::-1]
    counts = above > MISSED * (photons.sum() + continuum.sum())
    return max(line_keV, float(bins_keV[counts].max(initial=0.0)))


def refuse_above(highest_keV: Mapping[str, float], edges_keV: ArrayLike) -> None:
    """Refuse channels that end below photons of a source: their pulses would miss in the rate.

    Parameters
    ----------
    highest_keV : mapping of str to float
        Highest energy of the photons of each source.
    edges_keV : (m + 1,) float
        Channel edges.

    Raises
    ------
    InvalidInput
        With the sources, the highest energy and the end of the channels.
    """
    top_keV = float(np.max(np.asarray(edges_keV, dtype=np.float64), initial=0.0))
    above = {name: energy for name, energy in highest_keV.items() if energy > top_keV}
    if above:
        raise InvalidInput(
            f"{', '.join(above)}: photons of up to {max(above.values()):g} keV are above the last "
            f"channel, which ends at {top_keV:g} keV; at a count rate all pulses must have one"
        )


class _Grid:
    """Even steps of the height with room for all pulses of a count, and their Fourier transform."""

    def __init__(self, edges_keV: FloatArray, piled: float) -> None:
        self._edges = edges_keV
        top = max(float(edges_keV[-1]), 0.0)
        widths = np.diff(edges_keV)
        self._step = max(float(widths.min()), top / FINEST)
        self._points = max(2, int(np.ceil(top / self._step)) + 2)
        pulses = 1
        while pdtrc(pulses - 1, piled) > UNSEEN:
            pulses += 1
        # sums beyond the room would come round to zero; there are none within UNSEEN
        self._room = 1 << int(np.ceil(np.log2(self._points * (pulses + 1))))

    def taken(self, shares: FloatArray) -> NDArray[np.complex128]:
        """Transform of a spectrum: each channel spread evenly, its mean and its sum kept."""
        x = self._step * np.arange(-1, self._points + 1, dtype=np.float64)
        twice = _second_integral(shares, self._edges, x)
        # a share between two points goes to both by the distance
        mass = np.maximum(np.diff(twice, 2) / self._step, 0.0)
        # pulses of channels below zero have no height that adds
        mass[0] += max(0.0, float(shares.sum() - mass.sum()))
        return np.asarray(np.fft.rfft(mass, self._room))

    def given(self, transformed: NDArray[np.complex128]) -> FloatArray:
        """Channels of a transform; what lies beyond the last one is left out."""
        mass = np.maximum(np.fft.irfft(transformed, self._room)[: self._points], 0.0)
        bounds = np.concatenate(([0.0], self._step * (np.arange(self._points) + 0.5)))
        cumulative = np.concatenate(([0.0], np.cumsum(mass)))
        return np.diff(np.interp(self._edges, bounds, cumulative))


def _second_integral(shares: FloatArray, edges: FloatArray, x: FloatArray) -> FloatArray:
    """Twice integrated density of a spectrum that is even within its channels."""
    widths = np.diff(edges)
    once = np.concatenate(([0.0], np.cumsum(shares)))
    twice = np.concatenate(([0.0], np.cumsum(widths * (once[:-1] + once[1:]) / 2)))
    at = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, widths.size - 1)
    inside = np.clip(x, edges[0], edges[-1]) - edges[at]
    found = twice[at] + once[at] * inside + shares[at] / widths[at] * inside**2 / 2
    return np.asarray(found + once[-1] * np.maximum(x - edges[-1], 0.0))


def _moved(
    shares: FloatArray, edges_keV: FloatArray, gain: float
) -> tuple[FloatArray, float, float]:
    """A spectrum with all heights times a gain on its channels, and what falls below and above."""
    if gain == 1.0:
        return shares, 0.0, 0.0
    cumulative = np.concatenate(([0.0], np.cumsum(shares)))
    at = np.interp(edges_keV, edges_keV * gain, cumulative)
    return np.diff(at), float(at[0]), float(cumulative[-1] - at[-1])


def _checked(
    counts: ArrayLike, edges_keV: ArrayLike, sigma: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    edges = np.asarray(edges_keV, dtype=np.float64)
    spectrum = np.asarray(counts, dtype=np.float64)
    spread = np.zeros_like(spectrum) if sigma is None else np.asarray(sigma, dtype=np.float64)
    if edges.ndim != 1 or edges.size < 3 or not np.all(np.isfinite(edges)):
        raise InvalidInput("edges_keV must be one-dimensional, finite, for 2 channels or more")
    if not np.all(np.diff(edges) > 0) or edges[-1] <= 0:
        raise InvalidInput("edges_keV must rise from channel to channel and end above zero")
    for name, values in (("counts", spectrum), ("sigma", spread)):
        if values.shape != (edges.size - 1,):
            raise InvalidInput(
                f"{name} must have the shape ({edges.size - 1},) of the channels, not "
                f"{values.shape}"
            )
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise InvalidInput(f"{name} must be finite and zero or more")
    if not spectrum.any():
        raise InvalidInput("counts are all zero: there is no pulse to record")
    return edges, spectrum, spread
